"""What the adversary of notebook 05 sees, and the rule that needs no learning."""

import numpy as np

from recmia.attacks.base import Observations
from recmia.attacks.popular_share import PopularShare
from recmia.papers.proposal import baselines


def observed(lists: list[list[int]]) -> Observations:
    n = len(lists)
    return Observations(np.arange(n), np.full((n, 2), 3), np.full(n, 2), np.array(lists))


def test_popular_share_by_hand():
    attack = PopularShare(np.array([3, 4]))
    shadow = observed([[3, 4, 5, 6], [5, 6, 7, 8], [3, 4, 3, 4], [3, 4, 4, 5]])
    membership = np.array([True, True, False, False])
    attack.fit(shadow, membership)
    assert attack.score(shadow).tolist() == [0.5, 1.0, 0.0, 0.25]
    assert attack.threshold == (0.75 + 0.125) / 2


def test_every_baseline_is_run_on_every_serving():
    settings = {serving.setting for serving in baselines.SERVINGS}
    assert settings == {
        baselines.ONE_MODEL,
        baselines.AFTER_THE_END,
        baselines.POPULARITY_LISTS,
    }
    assert set(baselines.LISTS) == settings
    assert {baselines.BIASED, baselines.DL, baselines.RANDOM} <= set(baselines.ATTACKS)
