"""Kept results: what was made once is used again for as long as nothing that it rests on changed.

    split = Kept(folder / "split.npz", split_users, ratings_file, share=0.5, seed=7)
    lists = Kept(folder / "lists.npz", serve, split, algorithm="LFM", settings=settings.lists)
    served = read_arrays(lists.ensure())

The rule: *a making function gets what it was told to hash, and nothing else.* It is called as
``serve(path, split_path, algorithm="LFM", settings=...)``: every argument is part of the identity,
so that a setting cannot be forgotten; what has no plain value (an open study, a method's object,
a nested function) is refused. Among the arguments, another `Kept` stands for its
identity and becomes its path, a `Path` for the content of that file or folder. What is not
compared must be given to `Kept.ensure` by name, and can only be about how the work is done, not
what comes out: a progress bar, the number of workers.

Beside a result lies ``<name>.stamp.json``: the identity, its parts, and the result's own hash.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from pydantic import BaseModel

from recmia.errors import ArtifactError
from recmia.experiments.closure import Code, loaded_code
from recmia.experiments.plain import name_of, plain
from recmia.storage import (
    content_hash,
    file_hash,
    read_json,
    remove_half_written,
    to_disk,
    write_json,
)

EDITED = "edited since it was made"


class Kept:
    """A file or folder that a function makes from arguments; cheap to construct, picklable.

    Attributes:
        path: where it lies. Not part of the identity, but for what ``make`` reads off its name.
        make: called as ``make(path, *args, **keywords)``; writes ``path`` whole. It is given a
            place aside with the same name, which is moved to ``path`` in the end. After a kill
            the place is there again for the same identity only, so that checkpoints in it can be
            trusted.
    """

    def __init__(
        self, path: Path, make: Callable[..., Any], /, *args: Any, **keywords: Any
    ) -> None:
        """Note what makes a result; nothing is made yet.

        Raises:
            TypeError: ``make`` does not take these arguments.
        """
        while isinstance(make, partial) and not make.args:
            make, keywords = make.func, make.keywords | keywords
        self.path, self.make, self._args, self._keywords = Path(path), make, args, keywords
        first = next(iter(inspect.signature(make).parameters.values()), None)
        if first is None or first.kind is first.VAR_POSITIONAL:
            raise TypeError(f"{make!r} does not take the path as its first argument.")
        self._arguments()

    def __getstate__(self) -> dict[str, Any]:
        # Another process hashes the code that it has loaded itself.
        return {key: self.__dict__[key] for key in ("path", "make", "_args", "_keywords")}

    def __repr__(self) -> str:
        return f"Kept({self.path}, {getattr(self.make, '__qualname__', self.make)})"

    def _arguments(self) -> dict[str, Any]:
        bound = inspect.signature(self.make).bind_partial(self.path, *self._args, **self._keywords)
        return dict(list(bound.arguments.items())[1:])

    @cached_property
    def _parts(self) -> tuple[dict[str, Any], Code]:
        modules: set[str] = set()
        told = {"maker": name_of(self.make, modules)}
        for name, value in self._arguments().items():
            told[name] = plain(value, modules, _input, name)
        return told, loaded_code(*sorted(modules))

    @property
    def parts(self) -> dict[str, Any]:
        """What the identity is made of: maker and arguments by name, modules, libraries.

        Raises:
            TypeError: an argument cannot be compared, or code cannot be found.
            ArtifactError: an input file is missing; code was changed under this process.
        """
        told, code = self._parts
        return {"told": told, "modules": code.modules, "libraries": code.libraries}

    @cached_property
    def identity(self) -> str:
        """Hash of everything that the result rests on; raises what `parts` does."""
        told, code = self._parts
        return content_hash(json.dumps(told), code.hash)  # as text, for order counts

    @property
    def inputs(self) -> list[Kept]:
        """Other kept results that it is made from."""
        found: list[Kept] = []
        _mapped((self._args, self._keywords), lambda value: found.append(value))
        return [value for value in found if isinstance(value, Kept)]

    def is_current(self) -> bool:
        """Whether the result is there as its maker left it, and would come out the same today."""
        return self.why_stale() is None

    def why_stale(self) -> str | None:
        """Why the result has to be made, in a few words; None if it is current."""
        if not self.path.exists():
            return "not made yet"
        stamp = self._read_stamp()
        if stamp is None:
            return "not finished"
        if stamp["identity"] != self.identity:
            changed = dict.fromkeys(_changes(stamp["parts"], self.parts))
            return "changed: " + (", ".join(changed) or "order")
        if len(stamp["inputs"]) != len(self.inputs):
            return "not finished"
        pairs = zip(stamp["inputs"], self._outputs_of_inputs(), strict=True)
        if any(now not in (None, then) for then, now in pairs):
            return "an input was made again and came out differently"
        # Where sizes and times are as they were seen the content is not read again: nobody can set
        # a file's change time, so that a kept file which was written to has another one.
        if stamp["seen"] != _seen(self.path) and stamp["output"] != content_of(self.path):
            return EDITED
        return None

    def ensure(self, **how: Any) -> Path:
        """Make the result, and before it what it is made from, unless it is current.

        Another process that makes the same result is waited for.

        Args:
            how: further keywords for ``make`` that cannot change what comes out.

        Returns:
            The result's path.

        Raises:
            TypeError: a setting was given as ``how``.
            ArtifactError: ``make`` wrote nothing.
        """
        for name, value in how.items():
            if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
                raise TypeError(f"{name} looks like settings. Remedy: give it to Kept itself.")
        if self.is_current():
            return self.path
        for kept in self.inputs:
            kept.ensure()
        aside = self.path.with_name(f".{self.path.name}.part")
        aside.parent.mkdir(parents=True, exist_ok=True)
        # The lock's file stays: who removes it takes it from those who wait.
        with FileLock(aside.with_suffix(".lock")):
            if reason := self.why_stale():
                if reason == EDITED:
                    print(f"{self.path} was {EDITED}: it is made again.", file=sys.stderr)
                aside.mkdir(exist_ok=True)
                self._make(aside / self.identity[:16], how)
            shutil.rmtree(aside, ignore_errors=True)
        return self.path

    def _make(self, aside: Path, how: dict[str, Any]) -> None:
        self._stamp.unlink(missing_ok=True)
        for other in aside.parent.iterdir():
            if other.is_dir() and other != aside:
                shutil.rmtree(other)
        aside.mkdir(exist_ok=True)
        remove_half_written(aside)  # all else that a killed process left is gone on with
        made, inputs = aside / self.path.name, self._outputs_of_inputs()
        self.make(made, *_paths(self._args), **_paths(self._keywords), **how)
        if not made.exists():
            raise ArtifactError(f"{self!r}: nothing was written.")
        to_disk(made)
        if self.path.is_dir():
            shutil.rmtree(self.path)
        elif made.is_dir():
            self.path.unlink(missing_ok=True)
        os.replace(made, self.path)
        record = {"identity": self.identity, "parts": self.parts, "inputs": inputs}
        record |= {"seen": _seen(self.path), "output": content_of(self.path)}
        write_json(self._stamp, record)

    @property
    def _stamp(self) -> Path:
        return self.path.with_name(f"{self.path.name}.stamp.json")

    def _read_stamp(self) -> dict[str, Any] | None:
        """The stamp; None where there is none that can be read: the result is then made again."""
        try:
            stamp = read_json(self._stamp)
        except (OSError, ValueError):
            return None
        whole = {"identity", "parts", "inputs", "seen", "output"}
        if not isinstance(stamp, dict) or whole != stamp.keys():
            return None
        return stamp if isinstance(stamp["inputs"], list) else None

    def _outputs_of_inputs(self) -> list[str | None]:
        """Hash of each input as it was made last, None where it is not there."""
        stamps = [kept._read_stamp() for kept in self.inputs]
        return [stamp and stamp["output"] for stamp in stamps]


def content_of(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files and their names; remembered by size and time."""
    files = _files(path)
    if path.is_file():
        return _hash_at(*files[0][1:])
    return content_hash([[name, _hash_at(*rest)] for name, *rest in files])


def _files(path: Path) -> list[list[Any]]:
    """Of each file: name below ``path``, path, size, modification and change time, inode."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    rows = []
    for file in files:
        stat = file.stat()
        times = [stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        rows.append([file.relative_to(path).as_posix(), str(file), stat.st_size, *times])
    return rows


def _seen(path: Path) -> str:
    return content_hash([[name, *rest] for name, _, *rest in _files(path)])


@lru_cache(maxsize=100_000)
def _hash_at(file: str, *_seen: int) -> str:
    return file_hash(file)


def _input(value: Any) -> dict[str, str] | None:
    """What an input stands for."""
    if isinstance(value, Kept):
        return {"<result>": value.identity}
    if not isinstance(value, Path):
        return None
    if not value.exists():
        raise ArtifactError(f"{value}, from which a result is made, is missing.")
    return {"<file>": value.name, "content": content_of(value)}


def _paths(value: Any) -> Any:
    return _mapped(value, lambda item: item.path if isinstance(item, Kept) else item)


def _mapped(value: Any, change: Callable[[Kept | Path], Any]) -> Any:
    """``value`` with each input changed, alone or in lists, tuples and mappings."""
    if isinstance(value, (Kept, Path)):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_mapped(item, change) for item in value)
    if type(value) is dict:
        return {key: _mapped(item, change) for key, item in value.items()}
    return value


def _changes(then: Any, now: Any, name: str = "") -> Iterator[str]:
    """Dotted names of what differs."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from _changes(then.get(key), now.get(key), f"{name}.{key}")
    elif then != now:
        yield re.sub(r"\.<.*?>(?=\.|$)|^\.(told\.)?", "", name)
