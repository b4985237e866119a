"""A cheap part of the committed Biased-MIA report, made again from the real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recmia.experiments.results import read_results
from recmia.lists.cohorts import load_cohorts
from recmia.lists.serving import Model, untrained
from recmia.lists.world import ListWorld
from recmia.papers.biased_mia.reporting import world_of
from recmia.recommenders.ranking import hit_rate
from recmia.run.workspace import open_study

REPORT = Path(__file__).resolve().parents[1] / "reports" / "biased-mia"


@pytest.fixture
def world(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ListWorld:
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path))
    return world_of(open_study("biased-mia"))


def committed(**columns) -> float:
    found = [
        row.value
        for row in read_results(REPORT)
        if all(getattr(row, name) == value for name, value in columns.items())
    ]
    assert len(found) == 1, columns
    return found[0]


@pytest.mark.parametrize("data", ["A", "L"])
def test_cohorts_and_item_based_ranking(world: ListWorld, data: str) -> None:
    hits, members = {"any": [], "next": []}, []
    for seed in world.seeds:
        split = world.split(data, seed).ensure()
        members.append(load_cohorts(split).facts["members of each side"])
        model = Model(data, "item-neighbours", "target", seed)
        side = world.side(model)
        recommender = untrained(*world.recommender(model), split).fit(side.members)
        lists = recommender.recommend(side.members, 100, exclude_seen=True)
        for reading, found in hits.items():
            found.append(hit_rate(lists, side.held_out[: side.n_members], reading).mean())
    counted = committed(artefact="Cohorts", target_data=data, metric="members of each side")
    assert np.mean(members) == pytest.approx(counted, abs=1e-3)
    about = {"artefact": "Table 2", "target_data": data, "side": "target", "serving": None}
    about["recommender"] = "item-neighbours"
    for reading, metric in (("any", "HR@100"), ("next", "HR@100, the next item")):
        said = "as published" if reading == "any" else "corrected"
        expected = committed(**about, reading=said, metric=metric)
        assert np.mean(hits[reading]) == pytest.approx(expected, abs=1e-6)


def test_the_report_holds_every_setting_under_each_reading() -> None:
    grid = [r for r in read_results(REPORT) if (r.artefact, r.metric) == ("Figure 6", "ROC AUC")]
    cells = {(r.reading, r.shadow_data, r.shadow, r.target_data, r.target) for r in grid}
    assert len(cells) == len(grid) == 3 * 81
    for row in grid:
        assert row.n_seeds == 3 and 0 <= row.ci_low <= row.value <= row.ci_high <= 1
