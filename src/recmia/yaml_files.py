"""YAML that says each thing once: a key that stands twice is an error, not the last one's word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError


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
        yaml.YAMLError: it is no YAML, or a mapping has a key twice; the message has the line.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Once)  # noqa: S506, a safe loader
