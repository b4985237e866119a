"""Arguments as plain values that say all that a function can learn from them, or a refusal."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel

from recmia.experiments.closure import module_of
from recmia.storage import content_hash

Inputs = Callable[[Any], Any]


def plain(value: Any, modules: set[str], inputs: Inputs | None = None, where: str = "") -> Any:
    """A JSON-able value that differs wherever two arguments do.

    The order of a mapping counts, for a function can see it.

    Args:
        value: None, bool, number, text, NumPy array, enum, list, tuple, set, range, mapping,
            dataclass instance, pydantic model, or a function or class importable by name.
        modules: names of the modules that define the types and functions met are added here.
        inputs: says what else a value, alone or in plain lists, tuples and mappings, stands for;
            None where it does not know it.
        where: the argument's name, for messages.

    Raises:
        TypeError: a value cannot be told from another one of its type.
    """

    def inner(item: Any, name: Any, inputs: Inputs | None = None) -> Any:
        return plain(item, modules, inputs, f"{where}.{name}")

    def named(kind: type, values: dict[str, Any]) -> dict[str, Any]:
        modules.add(module_of(kind))  # its methods are code that nobody need import
        return {f"<{kind.__qualname__}>": {k: inner(v, k) for k, v in values.items()}}

    if inputs is not None and (found := inputs(value)) is not None:
        return found
    if isinstance(value, enum.Enum):
        return named(type(value), {"name": value.name})
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return {"<array>": content_hash(value)}
    if isinstance(value, BaseModel):
        return named(type(value), dict(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return named(type(value), {field.name: getattr(value, field.name) for field in fields})
    if type(value) is dict:
        if all(isinstance(key, str) for key in value):
            return {key: inner(item, key, inputs) for key, item in value.items()}
        return {"<pairs>": [[inner(k, "key"), inner(v, k, inputs)] for k, v in value.items()]}
    if type(value) in (list, tuple):
        return [inner(item, i, inputs) for i, item in enumerate(value)]
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return named(type(value), value._asdict())
    if isinstance(value, (set, frozenset)):
        return {"<set>": sorted((inner(item, "member") for item in value), key=repr)}
    if isinstance(value, range):
        return {"<range>": [value.start, value.stop, value.step]}
    if isinstance(value, partial):
        parts = (value.func, value.args, value.keywords)
        return {"<partial>": [inner(part, "partial") for part in parts]}
    if isinstance(value, type) or inspect.isroutine(value):
        return {"<code>": name_of(value, modules)}
    raise TypeError(
        f"{where} is a {type(value).__qualname__}: nothing says how one differs from another, so "
        "that a stale result could not be told. Remedy: give what counts of it, value by value."
    )


def name_of(function: Callable[..., Any], modules: set[str]) -> str:
    """Where a function or class is defined; its module is added to ``modules``.

    Raises:
        TypeError: it carries values that its name does not tell (a method's object, a nested
            function's variables and defaults, a lambda's text), or has no module.
    """
    bare = inspect.unwrap(function)
    name = getattr(bare, "__qualname__", "<>")
    is_bound = inspect.ismethod(bare) and not isinstance(bare.__self__, type)
    if is_bound or "<" in name:
        raise TypeError(
            f"{function!r} carries what nothing would compare. Remedy: use a function of a module "
            "and give it its values as arguments."
        )
    modules.add(module := module_of(function))
    return f"{module}:{name}"
