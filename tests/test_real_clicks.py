"""Reading, cleaning, training and a small attack on real clicks, where they are at hand."""

from __future__ import annotations

import pytest

from recmia.experiments.rows import Row
from recmia.papers.proposal import attacking, augmenting, preparing, training
from recmia.run.workspace import open_study

pytestmark = [pytest.mark.real, pytest.mark.slow]

OVERRIDES = {
    "dataset": "YooChoose 1/64, a corner",
    "data.source": "yoochoose-1-64",
    "data.most_recent_sessions": 3000,
    "n_seeds": 1,
    "readings": ["augmented_as_nonmembers"],
    "cohorts.members": 300,
    "cohorts.nonmembers": 300,
    "cohorts.reference": 1000,
    "target.d_model": 64,
    "target.epochs": 40,
    "target.recorded_epochs": [0, 40],
}


def test_a_small_attack_on_real_clicks(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("RECMIA_REPORTS", str(tmp_path / "reports"))
    study = open_study("tiny", OVERRIDES)
    report = preparing.preprocess_clicks(study)
    # 116,167 + 15,324 sessions in the two files of the slice (data note of the slice).
    assert report.statistics["raw"]["sessions"] == 131_491
    sessions = preparing.check(study)
    assert len(sessions) == 3000
    similar = augmenting.find_similar_items(study, sessions)
    augmenting.make_cohorts(study, sessions, similar)
    records = training.train_models(study)
    best = training.best_epochs(study, training.curves(records))
    attacking.attack_all(study, best)
    rows = attacking.attack_rows(study, best)

    def area(attack: str, labels: str, epoch: int | None) -> Row:
        about = (attack, labels, epoch, "held-out", None, "ROC AUC")
        facts = ("attack", "labels", "epoch", "nonmembers", "subset", "metric")
        return next(row for row in rows if tuple(getattr(row, f) for f in facts) == about)

    # 300 sessions learned for 40 epochs are remembered; before the first epoch nothing is.
    assert area("loss threshold", "shadow", 40).ci_low > 0.8
    for measured in (area("loss threshold", "shadow", 0), area("blind baseline", "none", None)):
        assert measured.ci_low < 0.55 and measured.ci_high > 0.45
