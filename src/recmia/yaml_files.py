"""YAML that says each thing once: a key that stands twice is an error, not the last one's word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

_DEEPEST, _MOST = 50, 100_000  # a hundred times what our own files hold
_TOO_DEEP = f"it is nested deeper than {_DEEPEST} levels, or holds more than {_MOST:,} values"


class _Once(yaml.SafeLoader):
    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._seen: set[int] = set()  # mappings as they were written; merging keys changes them

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Before merged keys are laid beneath a mapping's own, which may replace them."""
        written = [] if id(node) in self._seen else node.value
        self._seen.add(id(node))
        first: dict[tuple[str, str] | int, yaml.Node] = {}
        for key, _ in written:
            if (other := first.setdefault(self._key(key), key)) is not key:
                raise ConstructorError(
                    f"'{key.value}' stands twice, first",
                    other.start_mark,
                    "and again. Remedy: keep one of them",
                    key.start_mark,
                )
        super().flatten_mapping(node)
        # A mapping's own keys over merged ones, once each: PyYAML 6.0.4 takes the first of two
        # where such a mapping is merged on and the key is one letter.
        once = {self._key(key): (key, value) for key, value in node.value}
        node.value = list(once.values())

    @staticmethod
    def _key(node: yaml.Node) -> tuple[str, str] | int:
        return (node.tag, node.value) if isinstance(node, yaml.ScalarNode) else id(node)


def read_yaml(path: Path) -> Any:
    """What a file holds, of plain types only.

    Raises:
        yaml.YAMLError: it is no YAML, not UTF-8, nested without end, or a mapping has a key twice;
            the message has the line where there is one.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise yaml.YAMLError(
            f"line {line}: the text is not UTF-8. Remedy: save the file as UTF-8."
        ) from error
    return parse_yaml(text)


def parse_yaml(text: str) -> Any:
    """What a text holds; see `read_yaml`, which also says what it raises."""
    try:
        value = yaml.load(text, Loader=_Once)  # noqa: S506, a safe loader
    except RecursionError:
        raise yaml.YAMLError(_TOO_DEEP) from None
    except ValueError as error:  # a date or a number in form that is none, such as 2026-99-99
        raise yaml.YAMLError(f"{error}. Remedy: put texts into quotation marks.") from None
    _check(value, 0, [_MOST])
    return value


def _check(value: Any, depth: int, left: list[int]) -> None:
    """Refuse what aliases make endless or huge, and mappings that have no one order of keys."""
    left[0] -= 1
    if depth > _DEEPEST or left[0] < 0:
        raise yaml.YAMLError(_TOO_DEEP)
    if isinstance(value, dict):
        kinds = {type(key) for key in value}
        if kinds not in ({str}, {int}, set()):
            raise yaml.YAMLError(
                f"the keys {', '.join(map(repr, list(value)[:3]))} are not all texts or all whole "
                "numbers. Remedy: put them into quotation marks."
            )
        value = list(value.values())
    if isinstance(value, (list, set)):
        for inner in value:
            _check(inner, depth + 1, left)
