"""A cheap part of the committed Biased-MIA report, made again from the real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recmia.experiments.results import read_results
from recmia.experiments.study import Study
from recmia.lists.serving import Model, data_of, make_recommender, side_of
from recmia.recommenders.ranking import hit_rate
from recmia.run.workspace import open_study

REPORT = Path(__file__).resolve().parents[1] / "reports" / "biased-mia"


@pytest.fixture
def study(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    return open_study("biased-mia")


def committed(artefact: str, setting: str, reading: str, condition: str, metric: str) -> float:
    key = (artefact, setting, reading, condition, metric)
    found = [
        row.value
        for row in read_results(REPORT)
        if (row.artefact, row.setting, row.reading, row.condition, row.metric) == key
    ]
    assert len(found) == 1, key
    return found[0]


@pytest.mark.parametrize("letter", ["A", "L"])
def test_cohorts_and_item_based_ranking(study: Study, letter: str) -> None:
    hits, members = {"any": [], "next": []}, []
    for seed in study.seeds():
        members.append(data_of(study, letter, seed).facts["members of each side"])
        model = Model(letter, "item-neighbours", "target", seed)
        side = side_of(study, model)
        lists = (
            make_recommender(study, model)
            .fit(side.members)
            .recommend(side.members, 100, exclude_seen=True)
        )
        for reading, found in hits.items():
            found.append(hit_rate(lists, side.held_out[: side.n_members], reading).mean())
    counted = committed("Cohorts", letter, "", "", "members of each side")
    assert np.mean(members) == pytest.approx(counted, abs=1e-3)
    for reading, metric in (("any", "HR@100"), ("next", "HR@100, the next item")):
        said = "as published" if reading == "any" else "corrected"
        expected = committed("Table 2", letter + "I", said, "target", metric)
        assert np.mean(hits[reading]) == pytest.approx(expected, abs=1e-6)


def test_the_report_holds_every_setting_under_each_reading() -> None:
    grid = [row for row in read_results(REPORT) if row.artefact == "Figure 6"]
    by_reading = {(row.reading, row.setting): row for row in grid if row.metric in ("ROC AUC",)}
    assert len(by_reading) == 3 * 81
    for row in by_reading.values():
        assert row.n_seeds == 3 and 0 <= row.ci_low <= row.value <= row.ci_high <= 1
