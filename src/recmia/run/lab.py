"""Copies of the notebooks to work in, and JupyterLab over the checkout that they lie in.

JupyterLab saves by itself, and a tracked notebook that is saved differs from what was committed. So
``make lab`` opens copies in ``lab/``, which git ignores. A notebook that has changed since it was
copied is copied again; a copy with cells of one's own is not lost by it but put aside.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from recmia.experiments.paths import find_root
from recmia.run.fingerprint import read_notebook
from recmia.storage import content_hash, file_hash, read_json, write_aside, write_json

FOLDER = "lab"
ADDRESS = "127.0.0.1"


def refresh(notebooks: Path, folder: Path) -> list[str]:
    """Bring the copies up to date.

    Args:
        notebooks: the tracked notebooks.
        folder: of the copies.

    Returns:
        What became of copies that were no longer those of the notebooks, a sentence each.

    Raises:
        ArtifactError: a file is no notebook.
    """
    noted = folder / ".copied.json"
    copied = read_json(noted) if noted.exists() else {}
    said = []
    for source in sorted(notebooks.glob("*.ipynb")):
        copy, now = folder / source.name, file_hash(source)
        then = copied.get(source.name)
        if copy.exists() and then is not None and then["source"] == now:
            continue
        if copy.exists():
            aside = _put_aside(copy) if then is None or _cells(copy) != then["cells"] else None
            own = f"; your own cells are in {FOLDER}/{aside}" if aside else ""
            said.append(f"{source.name} has changed and was copied again{own}.")
        with write_aside(copy) as whole:
            shutil.copyfile(source, whole)
        copied[source.name] = {"source": now, "cells": _cells(copy)}
        write_json(noted, copied)
    return said


def _cells(notebook: Path) -> str:
    """Identity of what is written in a notebook: its cells but empty ones, not what they gave."""
    cells = read_notebook(notebook)["cells"]
    written = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return content_hash([cell for cell in written if cell[1].strip()])


def _put_aside(copy: Path) -> str:
    """Rename a copy to the first free name with a number; returns the name."""
    number = 1
    while (aside := copy.with_name(f"{copy.stem}.yours-{number}{copy.suffix}")).exists():
        number += 1
    copy.rename(aside)
    return aside.name


def command(root: Path, *options: str) -> list[str]:
    """The command that starts JupyterLab: rooted in the checkout, for this machine only.

    The token is JupyterLab's own, a new one each time.

    Args:
        root: the checkout.
        options: more of JupyterLab's options.
    """
    place = [f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{FOLDER}"]
    words = [sys.executable, "-m", "jupyterlab", f"--ip={ADDRESS}", *place, *options]
    if os.geteuid() == 0:
        words.append("--allow-root")
    return words


def main(*options: str) -> None:
    """Refresh the copies and become JupyterLab."""
    root = find_root()
    for sentence in refresh(root / "notebooks", root / FOLDER):
        print(sentence)
    if os.geteuid() == 0:
        print(
            "You are root: cells and JupyterLab's terminals may do anything on this machine. It "
            f"answers at {ADDRESS} only, to whoever has the token in the address below."
        )
    sys.stdout.flush()
    # As in a run: kernels whose sets are in the same order, and terminals that know the command.
    os.environ["PYTHONHASHSEED"] = "0"
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    words = command(root, *options)
    os.execv(words[0], words)


if __name__ == "__main__":
    main(*sys.argv[1:])
