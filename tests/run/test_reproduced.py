"""What the command counts: reports on real data, or those that are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.results import write_results
from recmia.run.reproduced import real_reports, summary
from recmia.storage import write_json

from .made_up import row

NEAR = row("Table 2", "ROC AUC", 0.89, paper_value=0.9, attack="MLP on scores", reading="")
FAR = replace(NEAR, k=2, value=0.5, ci_low=0.4, ci_high=0.6)
CLAIM = row("Claims", "difference of ROC AUC", 0.2, claim="c", verdict="confirmed")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for name, rows, source in (
        ("a", [NEAR, CLAIM], {"clicks": {}}),
        ("b", [NEAR, FAR], {"clicks": {}}),
        ("made-up", [FAR], {}),
        ("unfinished", [], {"clicks": {}}),
    ):
        about = {"profile": name, "settings": {}, "steps": [], "source_data": source}
        write_json(tmp_path / name / "manifest.json", about)
        if rows:
            write_results(rows, tmp_path / name)
    return tmp_path


def test_reports_on_real_data_are_counted_together(reports: Path) -> None:
    folders = real_reports(reports)
    assert [folder.name for folder in folders] == ["a", "b"]
    text = summary(folders)
    assert "| The main study (proposal), a | ROC AUC | 1 | 1 | 1.0 | 0 | 0 |" in text
    assert "| The main study (proposal), b | ROC AUC | 2 | 1 | 1.0 | 0 | 1 |" in text
    assert "| all papers | all | 3 | 2 | 2.0 | 0 | 1 |" in text
    assert "1 of 1 claims that were confirmed" in text
    short = summary([*folders, reports / "made-up"], by_metric=False)
    assert "| all papers | all | 4 | 2 |" in short
    assert "claims" not in summary([reports / "made-up"])


def test_nothing_to_count_is_said(reports: Path) -> None:
    with pytest.raises(ArtifactError, match="No report has numbers"):
        summary([])
    with pytest.raises(ArtifactError, match="nowhere.*is missing"):
        summary([reports / "nowhere"])


def test_the_command_takes_profiles(reports: Path, monkeypatch, capsys) -> None:
    from recmia.cli import reproduced

    monkeypatch.setenv("RECMIA_REPORTS", str(reports))
    reproduced(["made-up"])
    line = "| The main study (proposal) | ROC AUC | 1 | 0 | 0.0 | 0 | 1 |"
    assert line in capsys.readouterr().out
    reproduced(None)
    assert "all papers" in capsys.readouterr().out
