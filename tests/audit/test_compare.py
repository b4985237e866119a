"""Two audits compared: a defence that helps, one that does not, and what cannot be compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from recmia.audit.compare import FILES, compare
from recmia.audit.lists import audit_lists
from recmia.audit.score_example import write_score_example
from recmia.audit.scores import ScoreSettings, audit_scores
from recmia.audit.scoring import AuditSettings
from recmia.cli import app
from recmia.errors import ArtifactError, SettingsError


@pytest.fixture(scope="module")
def audits(tmp_path_factory) -> Path:
    """``before``, with memory; ``noisy``, the same with less; ``others``, of other records."""
    root = tmp_path_factory.mktemp("compared")
    made = write_score_example(root / "example")
    noisy = Path(shutil.copytree(made / "memory", root / "noisy-files"))
    draw = np.random.default_rng(0)
    target = pl.read_csv(noisy / "target.csv")
    noise = draw.normal(0, 4, len(target))
    with_noise = np.minimum(target["log_probability"].to_numpy() + noise, -1e-3)
    target.with_columns(pl.Series("log_probability", with_noise)).write_csv(noisy / "target.csv")
    for name, folder in {
        "before": made / "memory", "noisy": noisy, "others": made / "no-memory",
    }.items():  # fmt: skip
        audit_scores(folder, root / name, ScoreSettings())
    return root


def test_a_defence_that_helps(audits: Path, tmp_path: Path) -> None:
    found = compare(audits / "before", audits / "noisy", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    assert found == json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert found["pairing"] == {"paired": True, "shared": 1600, "before": 1600, "after": 1600}
    area = found["differences"][0]
    assert area["value"] == pytest.approx(found["after"]["roc_auc"] - found["before"]["roc_auc"])
    assert area["interval"][0] < area["value"] < area["interval"][1] < 0
    assert found["answer"]["verdict"] == "It leaks less"
    page = (tmp_path / "out" / "index.html").read_text()
    assert '<h2 id="verdict">It leaks less</h2>' in page and "paired over 1,600 records" in page
    back = compare(audits / "noisy", audits / "before", tmp_path / "back")
    assert back["answer"]["verdict"] == "It leaks more"


def test_no_change_says_what_would_look_the_same(audits: Path, tmp_path: Path) -> None:
    found = compare(audits / "before", audits / "before", tmp_path / "out")
    assert found["differences"][0] == {"metric": "ROC AUC", "value": 0, "interval": [0, 0]}
    assert found["answer"]["verdict"] == "No change shown"
    assert "would look the same" in (tmp_path / "out" / "index.html").read_text()


def test_other_memberships_are_not_paired(audits: Path, tmp_path: Path) -> None:
    found = compare(audits / "before", audits / "others", tmp_path / "out")
    assert not found["pairing"]["paired"] and found["pairing"]["shared"] < 1000
    assert found["answer"]["verdict"] == "It leaks less"
    assert "is not paired" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_lists_are_paired_over_users(example: Path, tmp_path: Path) -> None:
    for name, settings in {"one": {"seed": 0}, "two": {"top_k": 10}}.items():
        sides = example / "shadow", example / "target"
        audit_lists(*sides, tmp_path / name, AuditSettings(epochs=3, seeds=1, **settings))
    found = compare(tmp_path / "one", tmp_path / "two", tmp_path / "out")
    assert found["pairing"]["paired"] and found["pairing"]["shared"] == 800
    page = (tmp_path / "out" / "index.html").read_text()
    assert "paired over 800 users" in page and "the cohorts differ by themselves" in page
    (tmp_path / "one" / "scores.csv").write_text("user_id,score\nu,1\n")
    with pytest.raises(ArtifactError, match=r"scores\.csv, column 'member': missing"):
        compare(tmp_path / "one", tmp_path / "two", tmp_path / "again")


def test_what_cannot_be_compared(audits: Path, tmp_path: Path) -> None:
    good, out = audits / "before", tmp_path / "out"
    with pytest.raises(ArtifactError, match="nowhere holds no audit"):
        compare(good, tmp_path / "nowhere", out)
    with pytest.raises(SettingsError, match="--level"):
        compare(good, good, out, level=1)
    for change, problem in {
        "kind": "compare two audits of one kind", "answer": "nobody's membership",
    }.items():  # fmt: skip
        other = Path(shutil.copytree(good, tmp_path / change))
        found = json.loads((other / "metrics.json").read_text())
        found[change] = "recmia audit lists" if change == "kind" else {"value": None}
        (other / "metrics.json").write_text(json.dumps(found))
        with pytest.raises(ArtifactError, match=problem):
            compare(good, other, out)
    assert not out.exists()


def test_the_command_never_overwrites_silently(audits: Path, tmp_path: Path) -> None:
    words = ["audit", "compare", str(audits / "before"), str(audits / "noisy")]
    words += ["--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and done.output.startswith("It leaks less: ROC AUC -0."), done.output
    before = (tmp_path / "out" / "metrics.json").read_bytes()
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 1 and "--force" in again.output
    assert (tmp_path / "out" / "metrics.json").read_bytes() == before
    assert CliRunner().invoke(app, [*words, "--force"]).exit_code == 0
    # An audit of another kind stays, forced or not.
    other = CliRunner().invoke(app, [*words[:-1], str(audits / "noisy"), "--force"])
    assert other.exit_code == 1 and "something else" in other.output
