"""Figures of a written report are drawn again from its results alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.figures import FROM_ROWS
from recmia.run.redraw import redraw
from recmia.run.registry import figure_sets
from recmia.run.workspace import open_study
from recmia.storage import read_json, write_json

REPORTS = Path(__file__).resolve().parents[2] / "reports"
PROFILE, FOLDER = "yoochoose64-sizes", "proposal.sizes"


def test_every_notebook_with_declared_figures_is_known() -> None:
    folders = [figures.folder for figures in figure_sets()]
    assert len(folders) == len(set(folders)) and all(f.path.exists() for f in figure_sets())
    assert {"proposal", FOLDER, "biased-mia", "dl-mia", "model-inversion"} <= set(folders)


def test_declared_figures_are_drawn_and_others_stay(tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(REPORTS / PROFILE, tmp_path / PROFILE)
    monkeypatch.setenv("RECMIA_REPORTS", str(tmp_path))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "none"))
    figures = tmp_path / PROFILE / "figures" / FOLDER
    declared = read_json(figures / "figures.json")
    gone = {**declared[0], "file": "no-longer-declared.png"}
    rows = declared[0]["source"]  # of a picture that needs more than rows too
    picture = {**declared[0], "file": "picture.png", "source": [*rows, "04_attack"]}
    write_json(figures / "figures.json", [picture, gone, *declared])
    for name in ("picture.png", "no-longer-declared.png", declared[0]["file"]):
        (figures / name).write_bytes(b"old")
    assert redraw(open_study(PROFILE)) == len(declared)
    entries = read_json(figures / "figures.json")
    assert [one["file"] for one in entries] == ["picture.png", *(one["file"] for one in declared)]
    assert all(one["source"][0].startswith(FROM_ROWS) for one in entries[1:])
    assert (figures / "picture.png").read_bytes() == b"old"
    assert (figures / declared[0]["file"]).read_bytes()[:4] == b"\x89PNG"
    assert not (figures / "no-longer-declared.png").exists()


def test_without_a_report_it_says_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RECMIA_REPORTS", str(tmp_path))
    with pytest.raises(ArtifactError, match="There is no report"):
        redraw(open_study("tiny"))
