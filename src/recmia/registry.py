"""Classes that a package offers by name; only the module of the one asked for is imported."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError, create_model

from recmia.errors import SettingsError
from recmia.section import Section


class Registry(Mapping[str, type]):
    """Every class of a package's modules that gives itself a ``name = "..."`` in its body.

    Names are read from the files, so that listing them takes milliseconds and a new file is all
    that a new class needs.

    Args:
        what: what the classes are, in messages.
        package: its modules are searched.
        load: imports the module of that name (a function of the package's own, so that what
            follows imports through text sees which package it can reach).
    """

    def __init__(self, what: str, package: ModuleType, load: Callable[[str], ModuleType]) -> None:
        self.what, self.package, self.load = what, package, load

    def __getitem__(self, name: str) -> type:
        if name not in (places := self._places()):
            raise SettingsError(
                f"There is no {self.what} '{name}'. Choose one of {', '.join(places)}."
            )
        module, kind = places[name]
        return getattr(self.load(module), kind)

    def __contains__(self, name: object) -> bool:
        return name in self._places()

    def __iter__(self) -> Iterator[str]:
        return iter(self._places())

    def __len__(self) -> int:
        return len(self._places())

    def checked(self, name: str) -> str:
        """The name itself.

        Raises:
            ValueError: there is no such class.
        """
        if name not in self:
            raise ValueError(f"there is no {self.what} '{name}'; choose one of {', '.join(self)}")
        return name

    def make(self, name: str, settings: Mapping[str, Any] | None = None, **offered: Any) -> Any:
        """Construct one of the classes; see `arguments`."""
        return self[name](**self.arguments(name, settings, **offered))

    def arguments(
        self, name: str, settings: Mapping[str, Any] | None = None, **offered: Any
    ) -> dict[str, Any]:
        """What one of the classes is constructed with.

        Args:
            name: which.
            settings: arguments that it has to take, of the types and in the ranges of its
                constructor's annotations.
            offered: arguments that it is given if it asks for them, such as ``seed``.

        Raises:
            SettingsError: there is no such class, or a setting is not possible.
        """
        kind = self[name]
        asked = inspect.signature(kind, eval_str=True).parameters
        if unknown := set(settings or {}) - set(asked):
            raise SettingsError(
                f"The {self.what} '{name}' has no setting '{min(unknown)}'; it takes "
                f"{', '.join(asked)}."
            )
        types = {key: (asked[key].annotation, ...) for key in settings or {}}
        try:
            checked = create_model(kind.__name__, __base__=Section, **types)(**settings or {})
        except ValidationError as error:
            first = error.errors()[0]
            raise SettingsError(
                f"The {self.what} '{name}', {'.'.join(map(str, first['loc']))}: {first['msg']}."
            ) from None
        return accepted(kind, **offered) | dict(checked)

    def _places(self) -> dict[str, tuple[str, str]]:
        """Name to module and class, by name."""
        found: dict[str, tuple[str, str]] = {}
        for folder in self.package.__path__:
            for file in sorted(Path(folder).glob("*.py")):
                for name, kind in _named_classes(file, file.stat().st_mtime_ns):
                    if name in found:
                        raise SettingsError(
                            f"{file} calls a {self.what} '{name}', as {found[name][0]}.py does. "
                            "Remedy: give it another name."
                        )
                    found[name] = file.stem, kind
        return dict(sorted(found.items()))


def accepted(make: Callable[..., Any], **offered: Any) -> dict[str, Any]:
    """Those of the arguments offered that a class or function asks for."""
    asked = inspect.signature(make).parameters
    return {name: value for name, value in offered.items() if name in asked}


@cache
def _named_classes(file: Path, modified: int) -> list[tuple[str, str]]:
    """Names and classes of a module; read once for as long as the file stays as it is."""
    return [
        (statement.value.value, kind.name)
        for kind in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(kind, ast.ClassDef)
        for statement in kind.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == "name"
        and isinstance(statement.value, ast.Constant)
    ]
