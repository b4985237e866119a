"""A cheap part of the committed DL-MIA report, made again from the real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recmia.papers.dl_mia.claims import FIGURE_3, GUESSED, ONE_MODEL_CONDITION
from recmia.papers.dl_mia.halves import GENERAL, HALVES, half_of
from recmia.papers.dl_mia.reporting import ADDED, GAINS, MEAN, PARTS_OF_GAIN, data_rows

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.results import ResultRow, read_results
from recmia.experiments.study import Study
from recmia.lists.serving import Model, make_recommender, side_of
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.papers.dl_mia.fits import BIASED, DL_MIA, LEAKY, LEAKY_BEST
from recmia.recommenders.ranking import hit_rate
from recmia.run.workspace import open_study

REPORT = Path(__file__).resolve().parents[1] / "reports" / "dl-mia"


@pytest.fixture
def study(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    return open_study("dl-mia")


@pytest.fixture(scope="module")
def rows() -> list[ResultRow]:
    return read_results(REPORT)


def test_data_sets_and_cohorts(study: Study, rows) -> None:
    kept = {row.key: row.value for row in rows if row.artefact in ("Table 1", "Cohorts")}
    made = {row.key: row.value for row in data_rows(study)}
    assert made.keys() == kept.keys()
    assert [made[key] for key in kept] == pytest.approx(list(kept.values()), rel=1e-5)


def test_item_based_ranking(study: Study, rows) -> None:
    lists, hits = half_of(study, GENERAL), []
    for seed in study.seeds():
        model = Model("A", "item-neighbours", "target", seed)
        side = side_of(lists, model)
        served = (
            make_recommender(lists, model)
            .fit(side.members)
            .recommend(side.members, 100, exclude_seen=True)
        )
        hits.append(hit_rate(served, side.held_out[: side.n_members], "any").mean())
    (kept,) = (
        row.value
        for row in rows
        if (row.artefact, row.setting, row.condition, row.metric)
        == ("Recommenders", "AI", "general, target", "HR@100")
    )
    assert np.mean(hits) == pytest.approx(kept, abs=1e-6)


@pytest.mark.parametrize("half", HALVES)
def test_every_cell_has_every_reading_with_its_interval(rows, half: str) -> None:
    grid = [row for row in rows if row.artefact == FIGURE_3[half]]
    for attack, reading, condition, metric in (
        (BIASED, AS_PUBLISHED, "", HARD_LABEL_AUC),
        (DL_MIA, AS_PUBLISHED, "", HARD_LABEL_AUC),
        (BIASED, CORRECTED, "", ROC_AUC),
        (DL_MIA, CORRECTED, "", ROC_AUC),
        (DL_MIA, CONTROL, GUESSED, ROC_AUC),
        (BIASED, CONTROL, ONE_MODEL_CONDITION, ROC_AUC),
        (DL_MIA, CONTROL, ONE_MODEL_CONDITION, ROC_AUC),
    ):
        wanted = (attack, reading, condition, metric)
        own = [r for r in grid if (r.attack, r.reading, r.condition, r.metric) == wanted]
        assert len({row.setting for row in own}) == len(own) == 36
        for row in own:
            assert row.n_seeds == 3 and 0 <= row.ci_low <= row.value <= row.ci_high <= 1


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("kind", [HARD_LABEL_AUC, ROC_AUC])
def test_gains_and_their_parts_add_up(rows, half: str, kind: str) -> None:
    own = [r for r in rows if (r.artefact, r.attack) == ("Leak", FIGURE_3[half])]
    settings = {row.setting for row in own} - {MEAN}
    assert len(settings) == 36
    best, last = GAINS[LEAKY_BEST][0], GAINS[LEAKY][0]
    chosen = f"{ADDED} {list(PARTS_OF_GAIN)[1]}"
    of = {(row.setting, row.metric): row.value for row in own}
    for setting in (*settings, MEAN):
        parts = of[setting, f"{last}, {kind}"] + of[setting, f"{chosen}, {kind}"]
        assert of[setting, f"{best}, {kind}"] == pytest.approx(parts, abs=1e-5)
    for name in (best, chosen):
        mean = np.mean([of[setting, f"{name}, {kind}"] for setting in settings])
        assert of[MEAN, f"{name}, {kind}"] == pytest.approx(mean, abs=1e-5)
