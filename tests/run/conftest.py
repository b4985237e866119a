"""A small study of fake notebooks, in a checkout of its own."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from recmia.experiments.step import Step

PARAMETERS = 'profile: str = "tiny"\noverrides: dict = {}'
OPEN = (
    "from recmia.experiments.paths import StudyPaths\n"
    "from recmia.run.settings import load_settings\n"
    "settings = load_settings(profile, overrides)\n"
    "paths = StudyPaths(settings.name)\n"
)


class Checkout:
    """A folder with notebooks, and the steps that they are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.steps: tuple[Step, ...] = ()
        (root / "notebooks").mkdir(parents=True)
        (root / "pyproject.toml").write_text("")

    def notebook(self, name: str, *cells: str, parameters: str = PARAMETERS) -> None:
        tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
        cells = [nbformat.v4.new_code_cell(OPEN), *map(nbformat.v4.new_code_cell, cells)]
        book = nbformat.v4.new_notebook(cells=[tagged, *cells])
        nbformat.write(book, self.root / "notebooks" / name)

    def step(self, name: str, code: str, **declared) -> Step:
        """Add or change a step whose notebook counts its runs and then does `code`."""
        count = f"with open({str(self.runs(name))!r}, 'a') as f: f.write('x')"
        self.notebook(f"{name}.ipynb", count, code)
        declared = {"outputs": (f"{name}/",), "sections": ("root_seed",)} | declared
        step = Step(name, f"{name}.ipynb", f"Step {name}", **declared)
        self.steps = tuple({s.name: s for s in (*self.steps, step)}.values())
        return step

    def runs(self, name: str) -> Path:
        return self.root / f"{name}.runs"

    def count(self, name: str) -> int:
        """How often a step's notebook began."""
        return len(self.runs(name).read_text()) if self.runs(name).exists() else 0


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    for variable in ("RECMIA_DATA", "RECMIA_ARTIFACTS", "RECMIA_REPORTS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RECMIA_HOME", str(tmp_path / "checkout"))
    return Checkout(tmp_path / "checkout")


def record_of(artifacts: Path, step: str) -> dict:
    return json.loads((artifacts / ".steps" / f"{step}.json").read_text())
