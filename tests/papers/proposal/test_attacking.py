"""What notebook 04 saves comes back, and claims keep their names."""

import numpy as np
import pytest

from recmia.papers.proposal import attacking, measuring
from recmia.papers.proposal.attacking import Claim, SeedScores


def test_claims_are_named_and_parsed():
    claim = Claim(attacking.TARGET_LABELS, attacking.MLP, attacking.NEAR_MISS, 30)
    assert Claim.parse(claim.key()) == claim


def test_seed_scores_come_back(tmp_path):
    claim = Claim(attacking.SHADOW_LABELS, attacking.LOSS, attacking.HELDOUT, 5)
    saved = SeedScores(
        membership={attacking.HELDOUT: np.array([True, False, True])},
        groups={attacking.HELDOUT: np.array([0, 1, 2])},
        subsets={
            attacking.HELDOUT: {
                attacking.ALL: np.ones(3, dtype=bool),
                attacking.UNIQUE: np.array([True, True, False]),
            }
        },
        scores={claim: np.array([0.3, -0.1, 0.2])},
        thresholds={claim: 0.25},
    )
    saved.save(tmp_path / "seed0.npz")
    units = SeedScores.load(tmp_path / "seed0.npz").units(claim, attacking.UNIQUE)
    assert units.scores.tolist() == [0.3, -0.1] and units.membership.tolist() == [True, False]
    assert units.groups.tolist() == [0, 1] and units.threshold == 0.25


def test_near_misses_are_nonmembers_in_one_reading_only():
    as_nonmembers = {c.condition for c in attacking.comparisons("augmented_as_nonmembers")}
    trained = {c.condition for c in attacking.comparisons("augmented_trained")}
    assert attacking.NEAR_MISS in as_nonmembers and attacking.NEAR_MISS not in trained
    assert attacking.HELDOUT in as_nonmembers & trained


@pytest.mark.parametrize(
    ("change", "reading"),
    [
        ({}, "as published"),
        ({"setting": attacking.SHADOW_LABELS}, "corrected"),
        ({"condition": attacking.HELDOUT}, "corrected"),
        ({"subset": attacking.UNIQUE}, "corrected"),
        ({"proposal_reading": "augmented_trained"}, "corrected"),
        ({"condition": attacking.REPLACED}, "control"),
    ],
)
def test_only_the_proposals_own_experiment_is_as_published(change, reading):
    record = {
        "proposal_reading": "augmented_as_nonmembers",
        "setting": attacking.TARGET_LABELS,
        "attack": attacking.MLP,
        "condition": attacking.NEAR_MISS,
        "subset": attacking.ALL,
    }
    assert measuring._reading(record | change) == reading
