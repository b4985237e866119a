"""Kept results are made again when anything that they rest on changed, and only then."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from recmia.errors import ArtifactError
from recmia.experiments import closure
from recmia.experiments.kept import Kept
from recmia.experiments.plain import plain
from recmia.storage import read_json, write_aside, write_json

TWICE = '''
"""Makes a file."""
from PKG.constants import FACTOR

def write(path, text, times=1):
    path.write_text(text * times * FACTOR)
'''


@dataclass(frozen=True)
class Model:
    letter: str
    share: float = 1.0


class Section(BaseModel):
    epochs: int
    sizes: tuple[int, ...] = ()


def write(path: Path, value: object, progress: object = None) -> None:
    path.write_text(str(value))


def copy(path: Path, *sources: Path) -> None:
    path.write_text("+".join(source.read_text() for source in sources))


def test_code(package, tmp_path) -> None:
    package.write("making.py", TWICE)
    package.write("constants.py", "FACTOR = 2\n")

    def kept(times: int = 1) -> Kept:
        return Kept(tmp_path / "x.txt", package.load("making").write, "ab", times=times)

    assert kept().why_stale() == "not made yet"
    assert kept().ensure().read_text() == "abab"
    assert kept().is_current()
    package.edit("constants.py", "FACTOR = 2", "# Why two?\nFACTOR: int = 2\n")
    package.edit("making.py", "text, times=1):", "text: str, times: int = 1) -> None:")
    package.edit("making.py", "Makes a file", "Makes one file")
    assert kept().is_current()
    package.edit("constants.py", "= 2", "= 3")
    assert kept().why_stale() == f"changed: modules.{package.name}.constants"
    assert kept().ensure().read_text() == "ababab"
    assert kept(2).why_stale() == "changed: times"


def test_library(package, tmp_path, monkeypatch) -> None:
    package.write("making.py", "import numpy\ndef make(path):\n    path.write_text('x')\n")
    make = package.load("making").make
    Kept(tmp_path / "x", make).ensure()
    known = closure.inventory()
    changed = known["distributions"] | {"numpy": ["9.9", []]}
    monkeypatch.setattr(closure, "inventory", lambda: known | {"distributions": changed})
    closure.loaded_code.cache_clear()
    assert Kept(tmp_path / "x", make).why_stale() == "changed: libraries.numpy"


def test_arguments(tmp_path) -> None:
    path = tmp_path / "x"
    Kept(path, write, {"model": Model("A"), "rows": np.arange(3)}).ensure()
    assert Kept(path, write, {"model": Model("A"), "rows": np.arange(3)}).is_current()
    for value, changed in (
        ({"model": Model("A", 0.5), "rows": np.arange(3)}, "value.model.share"),
        ({"model": Model("A"), "rows": np.arange(3.0)}, "value.rows"),
        ({"rows": np.arange(3), "model": Model("A")}, "order"),
        ({"model": Section(epochs=1), "rows": 2}, "value.model, value.rows"),
    ):
        assert changed in Kept(path, write, value).why_stale()
    # A keyword, a partial function's too, is the same argument wherever it is given.
    assert Kept(path, write, 1).identity == Kept(path, write, value=1).identity
    assert Kept(path, partial(write, value=1)).identity == Kept(path, write, 1).identity


def test_what_cannot_be_compared_is_refused(tmp_path) -> None:
    def nested(path: Path, hidden: int = 3) -> None: ...

    @dataclass
    class Study:
        paths: Path

    class Thing:
        def make(self, path: Path) -> None: ...

    for value in (object(), Thing(), Study(tmp_path), {"a": [Thing()]}, Thing().make):
        with pytest.raises(TypeError, match="Remedy"):
            _ = Kept(tmp_path / "x", write, value).identity
    for make in (lambda path: path.write_text("x"), nested, Thing().make):
        with pytest.raises(TypeError):
            _ = Kept(tmp_path / "x", make).identity
    with pytest.raises(TypeError):
        Kept(tmp_path / "x", write, 1, nonsense=2)
    with pytest.raises(TypeError):
        Kept(tmp_path / "x", lambda *all_: None, 1)
    with pytest.raises(TypeError, match="looks like settings"):
        Kept(tmp_path / "x", write, 1).ensure(progress=Section(epochs=1))


def test_plain_values_differ_where_arguments_do() -> None:
    values = [
        *(None, True, 1, 1.0, "1", 2.5, [1], {"a": 1}, {"b": 1}, {1: 1}, {1}, range(3), [0, 1, 2]),
        *(np.array([1]), np.array([1.0]), np.array([[1]]), np.int8(2), Model("A"), Model("B")),
        *(Section(epochs=1), Section(epochs=1, sizes=(2,)), Model, Section, plain),
        *(partial(write, value=1), partial(write, value=2)),
    ]
    modules: set[str] = set()
    assert len({repr(plain(value, modules)) for value in values}) == len(values)
    assert modules == {__name__, "recmia.experiments.plain"}


def test_inputs(tmp_path) -> None:
    source = tmp_path / "source.txt"
    with pytest.raises(ArtifactError, match="missing"):
        _ = Kept(tmp_path / "x", copy, source).identity
    source.write_text("one")

    def chain() -> Kept:
        first = Kept(tmp_path / "first", copy, source)
        return Kept(tmp_path / "second", copy, first, source)

    assert not (tmp_path / "first").exists() and chain().identity == chain().identity
    assert chain().ensure().read_text() == "one+one"
    os.utime(source, (1, 1))
    assert chain().is_current()
    (tmp_path / "first").unlink()  # what is finished does not need its inputs
    assert chain().is_current()
    source.write_text("two")
    assert chain().why_stale() == "changed: sources"
    assert chain().ensure().read_text() == "two+two"


def draw(path: Path) -> None:
    """Comes out differently each time, as sums in another order do."""
    path.write_bytes(os.urandom(8))


def test_an_input_that_came_out_differently(tmp_path) -> None:
    first = Kept(tmp_path / "first", draw)
    second = Kept(tmp_path / "second", write, first)
    second.ensure()
    assert second.is_current()
    first.path.unlink()
    first.ensure()
    assert second.why_stale() == "an input was made again and came out differently"


def count(path: Path, made: str) -> None:
    with open(made, "a") as file:
        file.write(".")
    time.sleep(0.01)
    path.write_text("whole")


def test_many_who_want_one_result_wait_for_the_first(tmp_path) -> None:
    for number in range(10):
        made = tmp_path / f"{number}.log"
        with ThreadPoolExecutor(8) as pool:
            wanted = [Kept(tmp_path / str(number) / "x", count, str(made)) for _ in range(8)]
            found = list(pool.map(Kept.ensure, wanted))
        assert {path.read_text() for path in found} == {"whole"} and made.read_text() == "."


@pytest.mark.parametrize(
    "harm",
    [
        "edited", "truncated", "same size", "same size and time", "emptied",
        "no stamp", "half a stamp", "no text", "a list", "other inputs", "inputs of another kind",
    ],
)  # fmt: skip
def test_a_harmed_result_is_made_again(tmp_path, harm, capsys) -> None:
    kept = Kept(tmp_path / "x", write, "whole")
    stamp = kept.ensure().with_name("x.stamp.json")
    if harm == "edited":
        kept.path.write_text("whole and more")
    elif harm == "truncated":
        os.truncate(kept.path, 2)
    elif harm == "same size":
        kept.path.write_text("whale")
        os.utime(kept.path, (1, 1))
    elif harm == "same size and time":
        stat = kept.path.stat()
        kept.path.write_text("whale")
        os.utime(kept.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif harm == "emptied":
        os.truncate(kept.path, 0)
    elif harm == "no stamp":
        stamp.unlink()
    elif harm == "half a stamp":
        stamp.write_text(stamp.read_text()[:100])
    elif harm == "no text":
        stamp.write_bytes(b"\xff\x00")
    elif harm == "a list":
        stamp.write_text("[1, 2]")
    else:
        wrong = ["a"] if harm == "other inputs" else 3
        write_json(stamp, read_json(stamp) | {"inputs": wrong})
    edited = kept.why_stale() == "edited since it was made"
    assert kept.why_stale() in ("edited since it was made", "not finished")
    assert kept.ensure().read_text() == "whole"
    assert kept.is_current()
    assert (f"{kept.path} was edited" in capsys.readouterr().err) == edited


def test_a_copy_of_a_result_is_believed(tmp_path) -> None:
    kept = Kept(tmp_path / "x", write, "whole")
    kept.ensure()
    os.rename(kept.path, tmp_path / "y")
    kept.path.write_text("whole")
    assert kept.is_current()


def fill(path: Path, n: int) -> None:
    path.mkdir(exist_ok=True)
    for i in range(n):
        (path / f"{i}.txt").write_text(str(i))


def test_a_folder(tmp_path) -> None:
    Kept(tmp_path / "folder", write, 1).ensure()  # a file first: the folder takes its place
    kept = Kept(tmp_path / "folder", fill, 3)
    assert sorted(p.name for p in kept.ensure().iterdir()) == ["0.txt", "1.txt", "2.txt"]
    assert kept.is_current()
    for harm in (
        lambda: (kept.path / "1.txt").unlink(),
        lambda: (kept.path / "more.txt").write_text(""),
        lambda: (kept.path / "2.txt").write_text("3"),
    ):
        harm()
        assert kept.why_stale() == "edited since it was made"
        kept.ensure()
    Kept(tmp_path / "folder", fill, 2).ensure()
    assert len(list(kept.path.iterdir())) == 2
    left = {".folder.lock", "folder", "folder.stamp.json"}
    assert {p.name for p in tmp_path.iterdir()} == left


def nothing(path: Path) -> None: ...


def failing(path: Path, value: int) -> None:
    assert not path.exists() or path.read_text() == f"half of {value}"
    fresh = not path.exists()
    path.write_text(f"half of {value}")
    if fresh:
        raise RuntimeError


def test_a_failure_leaves_no_result_but_its_own_checkpoints(tmp_path) -> None:
    path = tmp_path / "x"
    Kept(path, write, "earlier").ensure()
    with pytest.raises(RuntimeError):
        Kept(path, failing, 1).ensure()
    assert path.read_text() == "earlier"
    assert Kept(path, write, "earlier").why_stale() == "not finished"
    with pytest.raises(RuntimeError):
        Kept(path, failing, 2).ensure()  # never sees the half of 1
    assert Kept(path, failing, 2).ensure().read_text() == "half of 2"
    with pytest.raises(ArtifactError, match="nothing was written"):
        Kept(tmp_path / "y", nothing).ensure()


def test_a_kill_in_the_middle_leaves_no_current_result(package, tmp_path) -> None:
    package.write(
        "making.py",
        """
        import os, signal
        def make(path, gate):
            path.write_text("half")
            if gate:
                os.kill(os.getpid(), signal.SIGKILL)
            path.write_text("whole")
        """,
    )
    script = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
from pathlib import Path
from recmia.experiments.kept import Kept
from {package.name}.making import make
Kept(Path({str(tmp_path / "x")!r}), make, True).ensure()
"""
    kept = Kept(tmp_path / "x", package.load("making").make, False)
    kept.ensure()
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ)
    assert ended.returncode == -signal.SIGKILL
    assert kept.why_stale() == "not finished"
    assert kept.ensure().read_text() == "whole" and kept.is_current()


def killed_while_writing(path: Path) -> None:
    path.mkdir(exist_ok=True)
    if (path / "epoch_1").exists():  # a checkpoint is gone on with
        return
    (path / "epoch_1").write_text("whole")
    worker = multiprocessing.Process(target=killed, args=(path / "state",))
    worker.start()
    worker.join()
    raise KeyboardInterrupt


def killed(path: Path) -> None:
    with write_aside(path) as aside:
        aside.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_worker_was_writing_is_no_part_of_the_result(tmp_path) -> None:
    kept = Kept(tmp_path / "folder", killed_while_writing)
    with pytest.raises(KeyboardInterrupt):
        kept.ensure()
    assert list(tmp_path.rglob(".state.*.part"))
    assert [file.name for file in kept.ensure().iterdir()] == ["epoch_1"]
    assert not list(tmp_path.rglob("*.part"))


def test_pickled(tmp_path) -> None:
    kept = Kept(tmp_path / "x", write, Model("A"))
    identity = kept.identity
    again = pickle.loads(pickle.dumps(kept))
    assert "identity" not in vars(again) and again.identity == identity
    again.ensure(progress=print)
    assert kept.is_current()
