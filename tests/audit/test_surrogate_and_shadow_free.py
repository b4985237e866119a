"""`recmia audit lists` by the attacks that look at more than difference vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recmia.cli import app


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("attack", "options", "paper"),
    [("shadow-free", [], "IJCAI 2024"), ("me-mia", ["--epochs", "30"], "WWW 2023")],
)
def test_the_command_audits_with_it(
    attack: str, options: list[str], paper: str, example: Path, tmp_path: Path
) -> None:
    sides = ["--shadow", str(example / "shadow"), "--target", str(example / "target")]
    command = ["audit", "lists", *sides, "--out", str(tmp_path / "out"), "--attack", attack]
    done = CliRunner().invoke(app, [*command, "--seeds", "1", *options])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    # Lists of two algorithms, which both attacks tell apart, and histories that tell nothing.
    assert found["roc_auc"] > 0.75
    assert abs(found["baselines"]["histories_only"]["roc_auc"] - 0.5) < 0.1
    assert paper in (tmp_path / "out" / "index.html").read_text()
