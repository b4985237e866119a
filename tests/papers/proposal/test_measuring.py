"""From scores to rows: every claim keeps its note, its reading and its checkpoint."""

import numpy as np
import pandas as pd
import pytest

from recmia.experiments.study import Study
from recmia.papers.proposal import attacking, measuring
from recmia.run.settings import load_settings


@pytest.fixture
def study() -> Study:
    return Study(load_settings("tiny"), None, "cpu", 1)


def record(**changes) -> dict:
    return {
        "proposal_reading": "augmented_as_nonmembers",
        "setting": attacking.TARGET_LABELS,
        "attack": attacking.MLP,
        "condition": attacking.NEAR_MISS,
        "subset": attacking.ALL,
        "epoch": 4,
        "metric": "ROC AUC",
        "value": 0.75,
        "ci_low": 0.7,
        "ci_high": 0.8,
        "n_seeds": 2,
    } | changes


def rows(study: Study, *records: dict):
    best = dict.fromkeys(study.settings.readings, 2)
    return measuring.result_rows(study, pd.DataFrame(list(records)), best)


def test_the_last_epoch_is_in_table_2_and_on_the_curve(study):
    table, curve = sorted(rows(study, record()), key=lambda row: row.artefact, reverse=True)
    assert (table.artefact, curve.artefact) == ("Table 2", "Leakage curve")
    assert table.reading == "as published" and table.condition == "near-miss; epoch 4"
    assert table.note.startswith("upper bound")


def test_the_best_validation_epoch_is_marked_and_only_on_the_curve(study):
    (row,) = rows(study, record(epoch=2))
    assert row.artefact == "Leakage curve"
    assert row.facts == ("near-miss", "epoch 2", "best validation")


@pytest.mark.parametrize(
    "changes",
    [
        {"setting": attacking.NO_MODEL, "attack": attacking.BLIND, "epoch": 0},
        {"setting": attacking.OTHER_MODEL},
        {"setting": attacking.RANDOM_LABELS, "condition": "held-out, random cohort labels"},
    ],
)
def test_controls_are_never_results(study, changes):
    (row,) = rows(study, record(**changes))
    assert (row.artefact, row.reading) == ("Controls", "control")


@pytest.mark.parametrize(("low", "marked"), [(0.65, True), (0.45, False)])
def test_a_claim_is_marked_where_the_blind_baseline_finds_something(study, low, marked):
    blind = record(
        setting=attacking.NO_MODEL, attack=attacking.BLIND, epoch=0, value=0.7, ci_low=low
    )
    claims = [row for row in rows(study, record(), blind) if row.attack == attacking.MLP]
    assert len(claims) == 2
    for row in claims:
        assert ("differ by themselves: without any model, 0.700" in row.note) == marked


def test_a_perfect_attack_is_measured_as_one(study, tmp_path, monkeypatch):
    claim = attacking.Claim(attacking.TARGET_LABELS, attacking.MLP, attacking.HELDOUT, 4)
    membership = np.arange(400) < 200
    for seed in study.seeds():
        attacking.SeedScores(
            membership={attacking.HELDOUT: membership},
            groups={attacking.HELDOUT: np.arange(400)},
            subsets={attacking.HELDOUT: {attacking.ALL: np.ones(400, dtype=bool)}},
            scores={claim: membership + 0.1 * np.sin(np.arange(400))},
            thresholds={claim: 0.5},
        ).save(tmp_path / f"seed{seed}.npz")
    monkeypatch.setattr(measuring, "scores_path", lambda s, r, seed: tmp_path / f"seed{seed}.npz")
    done = []
    measured = measuring.measure_claims((study, "augmented_trained", [claim]), done.append)
    values = {m["metric"]: (m["value"], m["ci_low"], m["ci_high"]) for m in measured}
    assert values["ROC AUC"] == (1, 1, 1) and values["recall"] == (1, 1, 1)
    assert "TPR at 1% FPR" not in values, "200 non-members do not allow it"
    assert done == [1]
