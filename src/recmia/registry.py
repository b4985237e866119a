"""Classes that a package offers by name; only the module of the one asked for is imported."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from recmia.errors import SettingsError


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

    def asked(self, name: str) -> set[str]:
        """Names of the arguments that a class is constructed with."""
        return set(inspect.signature(self[name]).parameters)

    def make(self, name: str, settings: Mapping[str, Any] | None = None, **offered: Any) -> Any:
        """Construct one of the classes.

        Args:
            name: which.
            settings: arguments that it must take.
            offered: arguments that it is given if it asks for them, such as ``seed``.

        Raises:
            SettingsError: there is no such class, it lacks a setting, or it needs something else.
        """
        asked = self.asked(name)
        if unknown := set(settings or {}) - asked:
            raise SettingsError(
                f"The {self.what} '{name}' has no setting '{min(unknown)}'; it takes "
                f"{', '.join(sorted(asked))}."
            )
        arguments = {key: value for key, value in offered.items() if key in asked}
        arguments |= settings or {}
        try:
            inspect.signature(self[name]).bind(**arguments)
        except TypeError as error:
            raise SettingsError(f"The {self.what} '{name}' cannot be made here: {error}.") from None
        return self[name](**arguments)

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
