"""A cheap part of the committed DL-MIA report, made again from the real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.results import read_results
from recmia.experiments.rows import AS_RELEASED, CONTROL, CORRECTED, Row
from recmia.experiments.selecting import select
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict
from recmia.lists.serving import Model, untrained
from recmia.lists.views import ONE_MODEL, PUBLISHED
from recmia.papers.dl_mia.context import data_rows
from recmia.papers.dl_mia.counts import COUNTS
from recmia.papers.dl_mia.leak import GAINS, PARTS
from recmia.papers.dl_mia.paper import PAPER
from recmia.papers.dl_mia.tables import FIGURE_3
from recmia.papers.dl_mia.worlds import GENERAL, HALVES, SEQUENTIAL, worlds
from recmia.recommenders.ranking import hit_rate
from recmia.run.workspace import open_study

REPORT = Path(__file__).resolve().parents[1] / "reports" / "dl-mia"
SETTING = ("shadow_data", "shadow", "target_data", "target")
BEST, LAST = "best by target labels", "last"


@pytest.fixture
def study(real_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Study:
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path))
    return open_study("dl-mia")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_results(REPORT)


def columns(row: Row, names: tuple[str, ...]) -> tuple:
    return tuple(getattr(row, name) for name in names)


def test_data_sets_and_cohorts(study: Study, rows) -> None:
    kept = {row.key: row.value for row in rows if row.artefact in ("Table 1", "Cohorts")}
    made = {row.key: row.value for row in data_rows(study)}
    assert made.keys() == kept.keys()
    assert [made[key] for key in kept] == pytest.approx(list(kept.values()), rel=1e-5)


def test_item_based_ranking(study: Study, rows) -> None:
    world, hits = worlds(study)[GENERAL], []
    for seed in study.seeds():
        model = Model("A", "item-neighbours", "target", seed)
        side, place = world.side(model), world.split("A", seed).ensure()
        recommender = untrained(*world.recommender(model), place).fit(side.members)
        served = recommender.recommend(side.members, 100, exclude_seen=True)
        hits.append(hit_rate(served, side.held_out[: side.n_members], "any").mean())
    names = ("artefact", "half", "target_data", "recommender", "side", "metric")
    wanted = ("Recommenders", "general", "A", "item-neighbours", "target", "HR@100")
    (kept,) = (row.value for row in rows if columns(row, names) == wanted)
    assert np.mean(hits) == pytest.approx(kept, abs=1e-6)


@pytest.mark.parametrize("half", HALVES)
def test_every_cell_has_every_reading_with_its_interval(rows, half: str) -> None:
    names = ("attack", "reading", "serving", "variant", "checkpoint", "metric")
    grid = [row for row in rows if row.artefact == FIGURE_3[half]]
    # Of the general half: draws of Biased-MIA, of the joint stage, and of its controls.
    drawn, joint, few = (3, 3, 3) if half == SEQUENTIAL else (45, 20, 8)
    for repetitions, *wanted in (
        (drawn, "Biased-MIA", AS_RELEASED, PUBLISHED, None, None, HARD_LABEL_AUC),
        (joint, "DL-MIA", AS_RELEASED, PUBLISHED, "label leak", BEST, HARD_LABEL_AUC),
        (joint, "DL-MIA", AS_RELEASED, PUBLISHED, "label leak", LAST, HARD_LABEL_AUC),
        (3, "Biased-MIA", CORRECTED, PUBLISHED, None, None, ROC_AUC),
        (3, "DL-MIA", CORRECTED, PUBLISHED, None, None, ROC_AUC),
        (few, "DL-MIA", CONTROL, PUBLISHED, "guessed labels", LAST, ROC_AUC),
        (3, "Biased-MIA", CONTROL, ONE_MODEL, None, None, ROC_AUC),
        (3, "DL-MIA", CONTROL, ONE_MODEL, None, None, ROC_AUC),
    ):
        own = [row for row in grid if columns(row, names) == tuple(wanted)]
        assert len({columns(row, SETTING) for row in own}) == len(own) == 36
        for row in own:
            assert row.n_seeds == repetitions and 0 <= row.ci_low <= row.value <= row.ci_high <= 1


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("kind", [HARD_LABEL_AUC, ROC_AUC])
def test_gains_and_their_parts_add_up(rows, half: str, kind: str) -> None:
    own = [
        row
        for row in rows
        if (row.artefact, row.half, row.metric) == ("Leak", half, f"difference of {kind}")
    ]
    assert len(own) == (36 + 1) * (len(GAINS) + len(PARTS))
    parts_of = ("variant", "checkpoint", "against")
    of = {(columns(row, SETTING), *columns(row, parts_of)): row.value for row in own}
    mean = (None,) * 4
    settings = {place for place, *_ in of} - {mean}
    best, chosen = ("label leak", BEST, "Biased-MIA"), ("label leak", BEST, LAST)
    for place in (*settings, mean):
        parts = of[place, "label leak", LAST, "Biased-MIA"] + of[(place, *chosen)]
        assert of[(place, *best)] == pytest.approx(parts, abs=1e-5)
    # Means over the general half's settings are of draws that every gain was made in.
    for which in (best, chosen) if half == SEQUENTIAL else ():
        average = np.mean([of[(place, *which)] for place in settings])
        assert of[(mean, *which)] == pytest.approx(average, abs=1e-5)


def test_verdicts_follow_from_the_intervals(rows) -> None:
    said = [row for row in rows if row.artefact == "Claims"]
    assert {row.claim for row in said} == set(PAPER.claims)
    for row in said:
        says = PAPER.claims[row.claim].get("says", "more")
        over = COUNTS[row.claim].over if row.claim in COUNTS else 0.0
        ends = (None if end is None else end - over for end in (row.ci_low, row.ci_high))
        expected = verdict(*ends, says, row.degenerate)
        assert row.verdict == expected, row


def test_one_attack_has_one_number_in_both_reports(rows) -> None:
    """The same draws; sums in another order, on another processor, move a mean a little."""
    other = read_results(REPORT.parent / "biased-mia")
    about = {"attack": "Biased-MIA", "reading": AS_RELEASED, "metric": HARD_LABEL_AUC}
    grids = [
        {columns(row, SETTING): row for row in select(found, about | {"artefact": artefact})}
        for found, artefact in ((rows, FIGURE_3[GENERAL]), (other, "Figure 6"))
    ]
    ours, theirs = grids
    assert len(ours) == 36 and ours.keys() <= theirs.keys()
    for setting, row in ours.items():
        assert row.n_seeds == theirs[setting].n_seeds == 45
        assert row.value == pytest.approx(theirs[setting].value, abs=0.006), setting
