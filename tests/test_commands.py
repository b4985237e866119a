"""Commands that are printed or written down: each can be pasted as it stands, and is understood."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from recmia.cli import app, as_typed

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "recmia"
DOCUMENTS = [ROOT / name for name in ("README.md", "ARTIFACT.md", "CONTRIBUTING.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
# What any shell knows, and what the document that names it asks for.
GIVEN = {"source", "export", "cd", "mkdir", "make", "git", "docker"}
# Stands for what a message fills in: a name, or a command of `audit`; or a run's options.
FILLED, OPTIONS = "lists", "--profile tiny --set 'attack.epochs=5'"


def refusal(words: list[str]) -> str | None:
    """Why the command line does not understand a command; None where it does."""
    command, name, context, rest = typer.main.get_command(app), "recmia", None, words
    try:
        while True:
            context = command.make_context(name, list(rest), parent=context)
            if not hasattr(command, "resolve_command"):
                return None
            name, command, rest = command.resolve_command(context, [*rest])
    except Exception as error:  # whichever copy of click typer brings
        if type(error).__name__ in ("Exit", "NoArgsIsHelpError"):
            return None  # --help
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"


def texts(module: Path) -> Iterator[str]:
    """Strings that a module can print, with what is filled in replaced; no docstrings."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    prose = {n.value for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    within = {v for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(map(filled_in, node.values))
        elif isinstance(node, ast.Constant) and node not in prose | within:
            yield str(node.value)


def filled_in(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return OPTIONS if ast.unparse(part).endswith(".options}") else FILLED


def printed() -> list[tuple[str, str, bool]]:
    """Where, the command, and whether the reader is told to run it or only that there is one."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        found += [(path, text) for text in texts(path)]
    for path in sorted(PACKAGE.rglob("*.yaml")):
        found.append((path, path.read_text(encoding="utf-8")))
    commands = []
    for path, text in found:
        for match in re.finditer(r"(\w*:?\s*)`recmia ([^`]+)`", text):
            told = match[1].strip() in ("run", "Remedy:", "again")
            commands.append((path.relative_to(PACKAGE).as_posix(), match[2], told))
    return sorted(set(commands))


def test_there_are_remedies_to_look_at() -> None:
    assert sum(told for *_, told in printed()) >= 6


@pytest.mark.parametrize(("where", "command", "told"), printed())
def test_printed_commands_are_understood(where: str, command: str, told: bool) -> None:
    refused = refusal(shlex.split(command))
    if refused and not told:  # "see `recmia data fetch`" names a command without its arguments
        assert refused.startswith("MissingParameter"), f"{where}: {refused}"
    else:
        assert refused is None, f"{where}: {refused}"


def test_a_wrong_command_is_refused() -> None:
    for wrong in ("runs", "run --profil x", "data fetch", "audit list", "run x"):
        assert refusal(wrong.split()) is not None, wrong


def test_commands_are_printed_as_they_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make` leaves recmia in .venv/bin, where the shell does not look by itself."""
    text = "Remedy: run `recmia status`. Try:\nrecmia audit scores made-up"
    monkeypatch.setattr(sys, "argv", [".venv/bin/recmia", "status"])
    monkeypatch.setenv("PATH", "/nowhere")
    typed = "Remedy: run `.venv/bin/recmia status`. Try:\n.venv/bin/recmia audit scores made-up"
    assert as_typed(text) == typed
    monkeypatch.setattr(sys, "argv", ["/anywhere/pytest"])
    assert as_typed(text) == text


def in_blocks(document: Path) -> Iterator[list[str]]:
    """Words of each command of a document's shell blocks, without comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", document.read_text("utf-8"), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_written_commands_are_found_and_understood(document: Path) -> None:
    """None would end with 127, command not found, in a checkout after `make`."""
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M)
    for words in in_blocks(document):
        first, rest = words[0], words[1:]
        folder, _, name = first.rpartition("/")
        if folder == ".venv/bin":
            assert (Path(sys.executable).parent / name).exists(), first
        elif folder:
            assert (ROOT / first).exists(), first
        else:
            assert first in GIVEN, f"{document.name}: {' '.join(words)}"
        if name == "recmia":
            assert refusal(rest) is None, f"{' '.join(words)}: {refusal(rest)}"
        if first == "make" and rest and "=" not in rest[0]:
            assert rest[0] in targets, rest[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_within_sentences_are_found_and_understood(document: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.M | re.S)
    prose = re.sub(r"<!-- (\w+): generated.*?\1: end -->", "", prose, flags=re.S)
    for command in re.findall(r"`([^`]*\brecmia [a-z][^`]*)`", prose):
        words = shlex.split(command)
        if document.name != "containers.md":  # there it is on PATH
            assert words[0] == ".venv/bin/recmia", command
        refused = refusal(words[1:])
        assert refused is None or refused.startswith("MissingParameter"), f"{command}: {refused}"
