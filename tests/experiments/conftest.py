"""A package that a test writes, imports and edits."""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from recmia.experiments import closure

_numbers = count()


class Package:
    """Modules of a package with a name of its own below a folder on the path."""

    def __init__(self, folder: Path) -> None:
        self.name = f"written{next(_numbers)}"
        self.folder = folder / self.name
        self.write("__init__.py", "")

    def write(self, file: str, text: str) -> None:
        """Write a module; "PKG" in the text is the package's name."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).replace("PKG", self.name))
        os.utime(path, (1, 1))  # as if written before this process began
        importlib.invalidate_caches()
        closure.loaded_code.cache_clear()
        closure._syntax_at.cache_clear()

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace a part of a module that is there."""
        text = (self.folder / file).read_text()
        assert before in text
        self.write(file, text.replace(before, after))

    def load(self, module: str):
        """Import a module, afresh."""
        self.forget()
        return importlib.import_module(f"{self.name}.{module}")

    def forget(self) -> None:
        for name in [name for name in sys.modules if name.split(".")[0] == self.name]:
            del sys.modules[name]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # Files keep one time here, so nothing of an earlier reading may be believed.
    monkeypatch.setattr(closure, "_remembered", lambda key, make: make())
    monkeypatch.syspath_prepend(tmp_path)
    made = Package(tmp_path)
    yield made
    made.forget()
    closure.loaded_code.cache_clear()
