"""An audit of lists finds a planted leak, finds nothing where nothing is, and repeats itself."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from recmia.audit.example import write_example
from recmia.audit.lists import FILES, audit_lists
from recmia.audit.scoring import AuditSettings, Scored
from recmia.cli import app
from recmia.evaluation.metrics import roc_auc

SETTINGS = AuditSettings(epochs=5, seeds=2)


@pytest.fixture(scope="module")
def audited(example: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("audited") / "out"
    audit(example, out)
    return out


def audit(example: Path, out: Path, **changes) -> dict:
    settings = replace(SETTINGS, **changes)
    return audit_lists(example / "shadow", example / "target", out, settings)


def rows_of(path: Path) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def write_rows(path: Path, rows: list[list[str]]) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_planted_leak_is_found(audited: Path, example: Path) -> None:
    assert sorted(path.name for path in audited.iterdir()) == sorted(FILES)
    found = json.loads((audited / "metrics.json").read_text())
    assert found["roc_auc"] > 0.95
    assert found["intervals"]["roc_auc"][0] < found["roc_auc"] < found["intervals"]["roc_auc"][1]
    assert found["tpr_at_fpr"]["0.01"] > 0.3
    assert found["tpr_at_fpr"]["0.001"] is None
    assert found["tpr_at_fpr_reason"] == {"0.001": "400 non-members; a claim at 0.1% needs 3,000"}
    assert found["epsilon_lower_bound"] > 1
    # By construction: everybody clicks alike, and lists of two algorithms are told apart.
    assert not found["baselines"]["histories_only"]["excludes_half"]
    assert found["baselines"]["popular_share"]["roc_auc"] > 0.99
    assert found["answer"]["verdict"] == "The cohorts differ by themselves"
    assert found["answer"]["baseline"] == "popular_share"
    page = (audited / "index.html").read_text()
    assert '<h2 id="verdict">The cohorts differ by themselves</h2>' in page
    assert "times in 100" not in page and "It leaks" not in page
    assert "would not allow guesses this good" not in page
    assert "Serve members and non-members by the same model" in page


def test_the_metrics_are_those_of_scores_csv(audited: Path, example: Path) -> None:
    found = json.loads((audited / "metrics.json").read_text())
    header, *rows = rows_of(audited / "scores.csv")
    assert header == ["user_id", "score", "member_predicted", "member"]
    labels = dict(rows_of(example / "target" / "membership.csv")[1:])
    truth = np.array([labels[row[0]] == "1" for row in rows])
    assert [row[3] for row in rows] == [labels[row[0]] for row in rows]
    score = np.array([float(row[1]) for row in rows])
    called = np.array([row[2] == "1" for row in rows])
    assert found["roc_auc"] == roc_auc(score, truth)
    assert found["accuracy"] == (called == truth).mean()
    assert np.array_equal(called, score >= found["settings"]["threshold"])
    assert found["counts"]["target"]["predicted_members"] == called.sum()
    assert (np.diff(score) <= 0).all()  # the riskiest first
    accused = score[~truth] >= found["thresholds"]["0.01"]
    assert found["hard"]["0.01"]["fpr"] == accused.mean()
    severity = found["answer"]["severity"]
    assert f"that were not trained on, {1000 * accused.mean():.0f} [" in severity


def test_the_same_input_and_seed_give_the_same_bytes(audited, example, tmp_path) -> None:
    audit(example, tmp_path / "again")
    for name in set(FILES) - {"metrics.json", "index.html"}:  # which hold date and command
        assert (tmp_path / "again" / name).read_bytes() == (audited / name).read_bytes(), name
    first, second = (
        json.loads((out / "metrics.json").read_text()) for out in (audited, tmp_path / "again")
    )
    for found in (first, second):
        page_of = found.pop("date"), found.pop("command")
        assert page_of[1].startswith("recmia audit lists --shadow=")
    assert first == second


@pytest.mark.usefixtures("undrawn")
def test_memory_is_found_where_everybody_is_served_alike(tmp_path) -> None:
    shop = write_example(tmp_path / "shop") / "memory"
    sides, others = (shop / "shadow", shop / "target"), shop / "others.csv"
    found = audit_lists(*sides, tmp_path / "out", AuditSettings(), vectors_from=others)
    assert found["answer"]["verdict"] == "It leaks" and found["roc_auc"] > 0.9
    assert not any(one["excludes_half"] for one in found["baselines"].values())
    assert found["riskiest"]["count"] == 80 and found["riskiest"]["members"]["value"] > 0.9
    assert set(found["riskiest"]["traits"]) == {"history_length", "popularity"}


@pytest.mark.usefixtures("undrawn")
def test_whose_history_is_long_and_popular_by_hand(tiny: Path) -> None:
    """Items 0, 1 and 2 have four users each of six; u0 also clicks on item 2, twice."""
    with open(tiny / "target" / "interactions.csv", "a") as file:
        file.write("u0,i2,5,1700000002\nu0,i2,5,1700000003\n")
    found = audit(tiny, tiny / "out", epochs=1, seeds=1)
    traits = found["riskiest"]["traits"]
    assert traits["history_length"]["everybody"] == pytest.approx((4 + 5 * 2) / 6)
    # Now i2 has five: u0 (4 + 4 + 5 + 5) / 4, u3 (4 + 4) / 2, the four others (4 + 5) / 2.
    assert traits["popularity"]["everybody"] == pytest.approx((4.5 + 4 + 4 * 4.5) / 6)


@pytest.mark.usefixtures("undrawn")
def test_another_seed_gives_other_scores(audited, example, tmp_path) -> None:
    audit(example, tmp_path / "other", seed=1)
    scores = (tmp_path / "other" / "scores.csv").read_bytes()
    assert scores != (audited / "scores.csv").read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_without_labels_the_same_scores_and_no_metrics(audited, example, tmp_path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(example, folder)
    (folder / "target" / "membership.csv").unlink()
    found = audit(folder, tmp_path / "out")
    assert "roc_auc" not in found and "baselines" not in found
    assert found["counts"]["target"]["membership_unknown"] == 800
    known, unknown = (rows_of(out / "scores.csv") for out in (audited, tmp_path / "out"))
    assert unknown == [row[:3] for row in known]
    assert found["answer"]["verdict"] == "Not measured"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "histogram.png", "index.html", "metrics.json", "scores.csv",
    ]  # fmt: skip
    assert "How often that is right is not known" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_no_order_of_rows_shows_in_the_scores(audited, example, tmp_path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(example, folder)
    draw = np.random.default_rng(0)
    for path in sorted(folder.rglob("*.csv")):
        header, *rows = rows_of(path)
        write_rows(path, [header, *(rows[row] for row in draw.permutation(len(rows)))])
    audit(folder, tmp_path / "out")
    before, after = (rows_of(out / "scores.csv") for out in (audited, tmp_path / "out"))
    assert before == after


@pytest.mark.usefixtures("undrawn")
def test_nothing_is_found_where_nothing_is(example, tmp_path) -> None:
    """Labels dealt by coin on both sides: half the interval is below 0.5, half above."""
    folder = tmp_path / "example"
    shutil.copytree(example, folder)
    draw = np.random.default_rng(0)
    for side in ("shadow", "target"):
        path = folder / side / "membership.csv"
        header, *rows = rows_of(path)
        write_rows(path, [header, *([user, str(draw.integers(2))] for user, _ in rows)])
    found = audit(folder, tmp_path / "out")
    low, high = found["intervals"]["roc_auc"]
    assert low < 0.5 < high and high - low < 0.12
    assert found["epsilon_lower_bound"] < 0.3
    for baseline in found["baselines"].values():
        assert not baseline["excludes_half"]
    assert found["answer"]["verdict"] == "No leak found"
    assert f"up to {high:.3f} would look the same" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_almost_all_scores_alike_are_said(example, tmp_path, monkeypatch) -> None:
    """One score for 95% of the users, those of the others by chance; a seed that is flat."""
    scores = np.zeros((2, 800))
    scores[0, ::20] = np.random.default_rng(0).permutation(40) + 1
    monkeypatch.setattr(
        "recmia.audit.lists.attack_lists", lambda *given, **how: Scored(scores, 0.5, None)
    )
    found = audit(example, tmp_path / "out", epochs=1)
    assert found["degenerate"] == {
        "most_common_share": 0.95, "degenerate": True, "seeds": [0.95, 1.0],
    }  # fmt: skip
    assert found["riskiest"] is None
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Degenerate: 95% of the users have one and the same score" in page
    assert "No leak found" not in page


@pytest.mark.usefixtures("undrawn")
def test_cohorts_that_differ_by_themselves_are_told(example, tmp_path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(example, folder)
    for side in ("shadow", "target"):
        members = dict(rows_of(folder / side / "membership.csv"))
        header, *rows = rows_of(folder / side / "interactions.csv")
        rows = [[user, "item 0" if members[user] == "1" else item] for user, item in rows]
        write_rows(folder / side / "interactions.csv", [header, *rows])
    found = audit(folder, tmp_path / "out")
    assert found["baselines"]["histories_only"]["roc_auc"] > 0.95
    assert found["answer"]["baseline"] in ("histories_only", "popular_share")
    assert "differ by themselves" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_top_k_and_position_weights(example, tmp_path) -> None:
    short = audit(example, tmp_path / "short", top_k=5, epochs=1)
    assert short["counts"]["target"]["recommendations_used"] == 5 * 800
    assert short["skipped"]["target"]["recommendations_below_top_k"] == 15 * 800
    audit(example, tmp_path / "linear", top_k=5, epochs=1, position_weights="linear")
    scores = [(tmp_path / name / "scores.csv").read_text() for name in ("short", "linear")]
    assert scores[0] != scores[1]


@pytest.mark.usefixtures("undrawn")
def test_dl_mia_finds_the_leak_without_the_targets_labels(example, tmp_path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(example, folder)
    settings = {"attack": "dl-mia", "epochs": 25, "seeds": 1}
    found = audit(folder, tmp_path / "with", **settings)
    assert found["roc_auc"] > 0.9 and found["hard_label_auc"] > 0.8
    assert "KDD 2022" in (tmp_path / "with" / "index.html").read_text()
    # Without any label of the target, the same scores.
    (folder / "target" / "membership.csv").unlink()
    audit(folder, tmp_path / "without", **settings)
    known, unknown = (rows_of(tmp_path / name / "scores.csv") for name in ("with", "without"))
    assert [row[:3] for row in known] == unknown


def test_each_attack_has_the_epochs_of_its_paper() -> None:
    assert AuditSettings().epochs == 20 and AuditSettings("dl-mia").epochs == 200


@pytest.mark.usefixtures("undrawn")
def test_people_in_two_places_are_counted(example, tmp_path) -> None:
    for side in ("shadow", "target"):
        names = ("interactions.csv", "recommendations.csv", "membership.csv")
        (tmp_path / side).mkdir()
        for name in names:
            shutil.copy(example / "shadow" / name, tmp_path / side)
    clicks = tmp_path / "shadow" / "interactions.csv"
    settings = replace(SETTINGS, epochs=1, dim=2)
    out = tmp_path / "out"
    found = audit_lists(
        tmp_path / "shadow", tmp_path / "target", out, settings, vectors_from=clicks
    )
    assert found["counts"]["users_on_both_sides"] == 800
    assert found["counts"]["vectors_from"]["users_also_in_target"] == 800
    page = (out / "index.html").read_text()
    assert "800 user ids are on both sides" in page
    assert "include 800 audited users of the shadow side" in page


@pytest.mark.usefixtures("undrawn")
def test_the_command_writes_and_tells(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    told = runner.invoke(app, ["audit", "example", "shop"])
    assert told.exit_code == 0
    command = told.output.splitlines()[1].split()[1:-2]  # without --out
    assert command[3] == "shop/confounded/shadow"
    done = runner.invoke(app, [*command, "--dim", "8", "--epochs", "5", "--seeds", "1"])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "audit" / "metrics.json").read_text())
    assert f"ROC AUC {found['roc_auc']:.3f} [" in done.output
    assert "Target  800 users (400 members, 400 non-members); 0 skipped" in done.output
    assert "The cohorts differ by themselves: ROC AUC" in done.output
    assert runner.invoke(app, ["audit", "example", "shop"]).exit_code == 1
    again = runner.invoke(app, command)
    assert again.exit_code == 1 and "with --force" in again.output
    (tmp_path / "shop" / "confounded" / "target" / "membership.csv").write_text(
        "user_id,member\ntarget-000,maybe\n"
    )
    before = (tmp_path / "audit" / "metrics.json").read_bytes()
    failed = runner.invoke(app, [*command, "--force"])
    assert failed.exit_code == 1
    assert "membership.csv, line 2, column 'member': 'maybe' is not a whole number" in failed.output
    assert (tmp_path / "audit" / "metrics.json").read_bytes() == before


def test_ctrl_c_is_answered_in_the_audits_words(monkeypatch, tmp_path) -> None:
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("recmia.audit.lists.audit_lists", stop)
    done = CliRunner().invoke(app, ["audit", "lists", "--shadow", "a", "--target", "b"])
    assert done.exit_code == 130
    assert "earlier results are as they were" in done.output


class _Addresses(HTMLParser):
    """What a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attributes) -> None:
        for name, value in attributes:
            if name == "src" or (tag == "link" and name == "href"):
                self.loaded.append(value)


def test_the_page_needs_no_other_file(audited: Path) -> None:
    parser = _Addresses()
    parser.feed((audited / "index.html").read_text())
    assert len(parser.loaded) == 2
    assert all(one.startswith("data:image/png;base64,") for one in parser.loaded)


@pytest.mark.parametrize("width", [380, 1200])
def test_the_page_fits_narrow_and_wide_windows(audited: Path, tmp_path: Path, width: int) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium")
    page = tmp_path / "page.html"
    # Headless windows are at least 500 wide, so the page is put into a frame.
    probe = "<script>document.title = document.documentElement.scrollWidth</script></body>"
    framed = (audited / "index.html").read_text().replace("</body>", probe)
    page.write_text(framed)
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<iframe src="page.html" width="{width}" height="900" style="border:0"></iframe>'
        "<script>onload = () => document.body.append(frames[0].document.title)</script>"
    )
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'chromium'}",
            outer.as_uri(),
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    shown = int(done.stdout.split("</script>")[-1].split("<")[0])
    assert 0 < shown <= width
