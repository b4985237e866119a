"""`make lab`: copies that follow the notebooks and keep what was written in them; a safe server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import nbformat
import pytest

from recmia.run.lab import FOLDER, refresh

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, *cells: str, output: str = "") -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    if output:
        book.cells[0].outputs = [nbformat.v4.new_output("stream", text=output)]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(book, path)


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def test_copies_follow_the_notebooks_and_edits_are_kept(tmp_path: Path) -> None:
    tracked, copies = tmp_path / "notebooks", tmp_path / FOLDER
    for name in ("edited", "executed", "untouched"):
        write(tracked / f"{name}.ipynb", "1")
    assert refresh(tracked, copies) == []
    write(copies / "edited.ipynb", "1", "mine")
    write(copies / "executed.ipynb", "1", "", output="1")
    assert refresh(tracked, copies) == []  # nothing changed: copies stay as they are
    assert sources(copies / "edited.ipynb") == ["1", "mine"]
    for name in ("edited", "executed"):
        write(tracked / f"{name}.ipynb", "2")
    assert refresh(tracked, copies) == [
        "edited.ipynb has changed and was copied again; your own cells are in "
        f"{FOLDER}/edited.yours-1.ipynb.",
        "executed.ipynb has changed and was copied again.",
    ]
    assert sources(copies / "edited.yours-1.ipynb") == ["1", "mine"]
    assert sources(copies / "edited.ipynb") == sources(copies / "executed.ipynb") == ["2"]
    write(copies / "edited.ipynb", "mine again")
    write(tracked / "edited.ipynb", "3")
    refresh(tracked, copies)
    assert sources(copies / "edited.yours-1.ipynb") == ["1", "mine"]
    assert sources(copies / "edited.yours-2.ipynb") == ["mine again"]


def test_a_copy_that_nobody_noted_is_kept(tmp_path: Path) -> None:
    """As after a crash between copying and noting, or one that was put there by hand."""
    write(tmp_path / "notebooks" / "a.ipynb", "1")
    write(tmp_path / FOLDER / "a.ipynb", "by hand")
    refresh(tmp_path / "notebooks", tmp_path / FOLDER)
    assert sources(tmp_path / FOLDER / "a.yours-1.ipynb") == ["by hand"]


def test_git_ignores_the_copies() -> None:
    ignored = ["git", "check-ignore", "--quiet", f"{FOLDER}/01_preprocess.ipynb"]
    done = subprocess.run(ignored, cwd=ROOT, capture_output=True)
    if done.returncode > 1:
        pytest.skip("not a git checkout")
    assert done.returncode == 0


@pytest.mark.slow
def test_the_server_is_this_machines_and_asks_for_a_token(tmp_path: Path) -> None:
    write(tmp_path / "notebooks" / "a.ipynb", "1")
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "report.html").write_text("a report")
    runtime = tmp_path / "runtime"
    environment = os.environ | {"RECMIA_HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(runtime)}
    environment |= {"JUPYTER_CONFIG_DIR": str(tmp_path / "none")}
    command = [sys.executable, "-m", "recmia.run.lab", "--no-browser", "--port=0"]
    with open(tmp_path / "said", "w") as said:
        server = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 240
        while not (found := list(runtime.glob("jpserver-*.json"))):
            assert server.poll() is None and time.monotonic() < until, (
                tmp_path / "said"
            ).read_text()
            time.sleep(0.2)
        about = json.loads(found[0].read_text())
        assert about["hostname"] == "127.0.0.1" and len(about["token"]) > 20
        address = f"{about['url']}api/contents"
        with pytest.raises(HTTPError, match="403"):
            urlopen(address)
        listed = json.load(urlopen(f"{address}?token={about['token']}"))["content"]
        # Report and source lie beside the copies, and all can be opened.
        assert {entry["name"] for entry in listed} >= {FOLDER, "report.html", "notebooks"}
        root_is_told = re.search("You are root", (tmp_path / "said").read_text())
        assert bool(root_is_told) == (os.geteuid() == 0)
    finally:
        server.terminate()
        server.wait(timeout=60)
