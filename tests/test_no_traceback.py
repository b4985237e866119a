"""Whatever a person gives a command, what comes back is a sentence and not a traceback."""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from copy import deepcopy
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
from typer.testing import CliRunner

from recmia.cli import app, parse_overrides
from recmia.errors import DataError, SettingsError
from recmia.machine import of_the_machine
from recmia.run.settings import PROFILES, load_settings
from recmia.storage import explain_unwritable
from recmia.terminal import Visible, visible
from recmia.yaml_files import read_yaml

RANDOM = bytes(i * i * 7 % 256 for i in range(1, 4000))
# Files that some command looks for in a folder.
NAMES = (
    "interactions.csv", "recommendations.csv", "membership.csv", "item_vectors.csv", "target.csv",
    "shadow-a.csv", "metrics.json", "scores.csv", "users.csv", "manifest.json", "results.csv",
)  # fmt: skip
HOSTILE = ("random bytes", "a folder of random bytes", "below a file", "empty", "not there",
    "deep", "latin-1", "a folder", "an escape")  # fmt: skip


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command by its words."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path


COMMAND = typer.main.get_command(app)
COMMANDS = list(leaves(COMMAND))


def given(kind: str, folder: Path) -> str:
    """A file or folder that no command can use; it has a profile's ending."""
    path = folder / "x.yaml"
    if kind == "a folder of random bytes":
        path.mkdir()
        for name in NAMES:
            (path / name).write_bytes(RANDOM)
    elif kind == "a folder":
        path.mkdir()
    elif kind == "an escape":
        return "\x1b[2Jx\u202e.yaml"
    elif kind == "below a file":
        path.write_bytes(RANDOM)
        return str(path / "y.yaml")
    elif kind != "not there":
        content = {"random bytes": RANDOM, "empty": b"", "deep": b"[" * 30_000}
        path.write_bytes(content.get(kind, b"title: caf\xe9\n"))
    return str(path)


def words_for(path: tuple[str, ...], value: str, out: Path) -> list[str]:
    """A command line with ``value`` wherever the command wants one."""
    command: Any = COMMAND
    for name in path:
        command = command.commands[name]
    words = list(path)
    for param in command.params:
        if isinstance(param, click.Argument):
            words.append(value)
        elif param.name == "out":
            words += ["--out", str(out)]
        elif param.required or param.name == "profile":
            words += [param.opts[0], value]
    return words


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of a run's own, all of them new."""
    for name in ("DATA", "ARTIFACTS", "REPORTS"):
        monkeypatch.setenv(f"RECMIA_{name}", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(words: list[str]) -> tuple[int, str]:
    """Exit status and what was said; an exception that no command tells of is raised."""
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert "Traceback" not in done.output
    return done.exit_code, done.output


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_what_it_cannot_use(
    folders: Path, path: tuple[str, ...], kind: str
) -> None:
    if path == ("audit", "example") and kind in ("not there", "an escape"):
        pytest.skip("this is where it writes to")
    if path in (("data", "list"), ("profiles",)):
        assert asked(list(path))[0] == 0  # they take nothing
        return
    status, said = asked(words_for(path, given(kind, folders), folders / "out"))
    assert status == 0 if path == ("reproduced",) and kind == "a folder" else status in (1, 2), said
    assert len(said) < 5_000 and "\x1b[2J" not in said
    assert not (folders / "out").exists()


# Root may write anywhere, so that a folder below a file stands for one that may not be written:
# the system refuses it to everybody.
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("status -p tiny", 0),
        ("run -p tiny", 1),
        ("report -p tiny", 1),
        ("report --check tiny", 1),
        ("reproduced", 1),
        ("data list", 0),
        ("data check ml-1m", 1),
        ("data fetch ml-1m", 1),
        ("audit example blocked/x", 1),
        ("audit example scores blocked/x", 1),
        ("export scores -p tiny --out blocked/x", 1),
    ],
)
def test_folders_that_cannot_be_made(
    folders: Path, monkeypatch: pytest.MonkeyPatch, words: str, status: int
) -> None:
    (folders / "blocked").write_text("")
    for name in ("DATA", "ARTIFACTS", "REPORTS"):
        monkeypatch.setenv(f"RECMIA_{name}", str(folders / "blocked" / name))
    found, said = asked(words.split())
    assert found == status, said
    assert (folders / "blocked").read_text() == ""


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG]
)
@pytest.mark.parametrize("words", ["status -p tiny", "run -p tiny", "report -p tiny"])
def test_folders_that_may_not_be_written(
    folders: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """As another user, on a read-only or a full disk: what the system says then."""

    def refused(path, *args: Any, **kw: Any) -> Any:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refused)
    monkeypatch.setattr("tempfile.mkstemp", refused)
    status, said = asked(words.split())
    assert status == (0 if words.startswith("status") else 1)
    assert status == 0 or "Remedy: " in said


def test_a_read_only_disk_is_explained() -> None:
    with pytest.raises(DataError, match="/d/x.*RECMIA_DATA"), explain_unwritable("/d/file"):
        raise OSError(errno.EROFS, "Read-only file system", "/d/x")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "Memory ran out"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "Memory ran"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "Memory ran out"),
        (RuntimeError("can't start new thread"), "Memory ran out"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Memory ran out"),
        (BrokenProcessPool("terminated abruptly"), "was killed.*memory"),
        (PermissionError(errno.EACCES, "Permission denied", "/a"), "Permission denied: /a"),
        (OSError(errno.EROFS, "Read-only file system", "/a"), "RECMIA_ARTIFACTS"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/a"), "Is a directory: /a"),
    ],
)
def test_errors_of_the_machine_are_told(error: Exception, words: str) -> None:
    assert re.search(words, of_the_machine(error) or "")
    wrapped = RuntimeError("a library's words")
    wrapped.__cause__ = error
    assert of_the_machine(wrapped) == of_the_machine(error)


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyError("a"), BrokenPipeError(32, "gone")])
def test_faults_of_the_program_are_not_hidden(error: Exception) -> None:
    assert of_the_machine(error) is None


def test_under_a_tight_limit_of_memory_whatever_fails_is_told(monkeypatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda kind: (2**30, 2**30))
    assert "NameError: plr. Memory is limited to 1.0 GiB" in of_the_machine(NameError("plr"))


def settings_of(value: Any, name: str = "") -> Iterator[str]:
    """Dotted names of sections and settings."""
    if name:
        yield name
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from settings_of(inner, f"{name}.{key}" if name else str(key))


NAMES_OF_SETTINGS = sorted(settings_of(load_settings("tiny").model_dump()))
WRONG = [None, -1, 10**30, float("nan"), "x", "a\0b", [], [[]], {"a": 1}, {1: 2}]


@pytest.mark.parametrize("section", sorted({name.split(".")[0] for name in NAMES_OF_SETTINGS}))
def test_every_setting_of_a_wrong_type(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by its name, or taken where it is a value that the setting may have."""
    whole, refused = read_yaml(PROFILES / "tiny.yaml"), 0
    monkeypatch.setattr("recmia.run.settings.read_yaml", lambda path: deepcopy(whole))
    for name in NAMES_OF_SETTINGS:
        if name.partition(".")[0] != section:
            continue
        for wrong in WRONG:
            try:
                load_settings("tiny", {name: wrong})
            except SettingsError as error:
                refused += 1
                assert "tiny" in str(error) or name in str(error)
    assert refused


@pytest.mark.parametrize(
    "text",
    ["a=[" + "[" * 3000, "a=&x [*x]", "a=2026-99-99", "a={1: 2, b: 3}", "a=!!int x", "a=\x07",
     "a=!!python/object:os.system {}", "a=&a [&b [&c [1,*a]]]", "=3", "a", "a=@"],
)  # fmt: skip
def test_overrides_that_are_no_yaml(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--set"):
        parse_overrides([text])


def test_aliases_that_would_grow_without_end_are_refused() -> None:
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    text = "{" + ", ".join(lines) + "}"
    with pytest.raises(SettingsError, match="not valid YAML"):
        parse_overrides([f"a={text}"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("a\u202eb\x9b1m\x7f", r"a\u202eb\x9b1m\x7f"),
        ("over\rwritten\x08", r"over\rwritten\x08"),
        ("two\nlines\tand ä, 日本", "two\nlines\tand ä, 日本"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    stream = io.StringIO()
    print(text, file=Visible(stream), end="")
    assert stream.getvalue() == shown


def test_what_an_encoding_lacks_is_written_out() -> None:
    raw = io.BytesIO()
    stream = Visible(io.TextIOWrapper(raw, encoding="ascii"))
    print("ä–", file=stream)
    stream.flush()
    assert raw.getvalue() == b"\\xe4\\u2013\n"


@pytest.mark.parametrize(
    ("command", "least"), [(["data", "list"], 300), (["run", "-p", "tiny"], 1500)]
)
def test_too_little_memory_to_begin_with_is_said_before_anything_hangs(
    command: list[str], least: int, tmp_path: Path
) -> None:
    """polars aborts and OpenBLAS asks for memory for ever, which no program can catch."""
    limit = least * 2**20
    done = subprocess.run(
        [sys.executable, "-m", "recmia", *command],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"RECMIA_ARTIFACTS": str(tmp_path / "a"), "RECMIA_REPORTS": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == 1
    assert f"Memory is limited to {limit / 2**30:.1f} GiB" in done.stderr
    assert "ulimit -v" in done.stderr
