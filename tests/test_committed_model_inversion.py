"""The committed model-inversion report: it says what its rows say, and the paper's numbers fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from recmia.experiments.results import read_results, typed
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, OPEN, Row
from recmia.experiments.verdicts import verdict
from recmia.papers.model_inversion.paper import PAPER, source_files
from recmia.papers.model_inversion.sources import keep_foursquare
from recmia.papers.model_inversion.worlds import read_world
from recmia.run.workspace import open_study
from recmia.seeds import child_seed

REPORT = Path(__file__).resolve().parents[1] / "reports" / PAPER.name


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_results(REPORT)


def only(rows: list[Row], **columns: object) -> Row:
    found = [row for row in rows if all(getattr(row, n) == v for n, v in columns.items())]
    assert len(found) == 1, (columns, len(found))
    return found[0]


def test_every_number_of_the_paper_has_a_row_beside_it(rows: list[Row]) -> None:
    for entry in PAPER.values:
        wanted = {name: value for name, value in typed(entry).items() if name != "paper_value"}
        assert any(all(getattr(row, n) == v for n, v in wanted.items()) for row in rows), entry


def test_claims_follow_from_their_intervals(rows: list[Row]) -> None:
    made = [row for row in rows if row.artefact == "Claims"]
    assert {row.claim for row in made} == PAPER.claims.keys()
    for row in made:
        assert row.verdict == verdict(row.ci_low, row.ci_high, PAPER.claims[row.claim]["says"]), row


def test_what_counts_as_observed_decides(rows: list[Row]) -> None:
    """Where visits alone are observed every entry is 1, and no reading finds as many."""
    about = {"artefact": "Search", "metric": "MIRec", "target_data": "foursquare"}
    first = only(rows, **about, reading=AS_PUBLISHED)
    assert first.system == "foursquare-zeros" and first.note == "chosen"
    others = [
        row
        for row in rows
        if all(getattr(row, n) == v for n, v in about.items())
        and row.system in ("foursquare-rated", "foursquare-rule")
    ]
    assert others and max(row.value for row in others) < first.ci_low
    about = {"artefact": "Controls", "reading": CONTROL, "metric": "MIRec", "threshold": 1}
    plain = only(rows, **about, system="foursquare-zeros", attack="no poisoning")
    assert plain.ci_high < first.value


def test_malicious_users_are_no_outliers_to_a_detector_that_finds_crude_bots(
    rows: list[Row],
) -> None:
    about = {"artefact": "Detector", "variant": "as described", "target_data": "foursquare"}
    bots = only(rows, **about, attack="bots: every item rated highest")
    links = only(rows, **about, attack="malicious users: links alone, rated highest")
    honest = only(rows, **about, attack="honest users, held out")
    assert bots.value == 1 and links.value == 0 and honest.ci_high < 0.1


def test_wide_intervals_leave_what_is_stated_open(rows: list[Row]) -> None:
    for row in rows:
        if row.claim == "stated-value" and row.ci_low < 0 < row.ci_high:
            assert row.verdict == OPEN, row


def test_the_rating_matrix_is_made_again_from_the_real_check_ins(
    rows: list[Row], real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    study = open_study(PAPER.name)
    settings = study.settings.model_inversion
    files = source_files(study.settings, study.paths)[:2]
    seed = child_seed(study.settings.root_seed, "model inversion", "foursquare")
    least = settings.datasets["foursquare"].least
    path = tmp_path / "foursquare.npz"
    keep_foursquare(path, *files, least=least, share=settings.training_share, seed=seed)
    world = read_world(path, zeros_observed=False)
    about = {"artefact": "Data", "target_data": "foursquare"}
    assert only(rows, **about, metric="ratings in M").value == world.training.matrix.nnz
    assert only(rows, **about, metric="users m").value == world.training.shape[0]
    highest = world.training.high_raters(world.sensitive[:1]).sum()
    assert only(rows, **about, metric="sensitive users").value == highest
