"""Popularity, item neighbours and the ranking protocol on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.recommenders.base import Recommender
from recmia.recommenders.item_neighbours import ItemNeighbours
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import evaluate_ranking, without_last_click
from recmia.sessions import Sessions


def make(*rows: list[int], width: int = 4) -> Sessions:
    clicks = np.array([row + [0] * (width - len(row)) for row in rows])
    return Sessions(clicks, np.array([len(row) for row in rows]), np.arange(len(rows)))


def test_popularity_orders_by_count_then_id():
    model = Popularity(vocabulary_size=9).fit(make([5, 4, 5], [5, 4, 6], [7, 6]))
    # counts: 5 three times, 4 and 6 twice, 7 once, 3 and 8 never
    np.testing.assert_array_equal(model.recommend(make([3]), 8), [[5, 4, 6, 7, 3, 8, 0, 0]])


def test_popularity_can_leave_out_what_was_seen():
    model = Popularity(vocabulary_size=7, exclude_seen=True).fit(make([5, 4, 5], [5, 4, 6]))
    lists = model.recommend(make([5, 6], [3]), 3)
    np.testing.assert_array_equal(lists, [[4, 3, 0], [5, 4, 6]])


def test_neighbours_by_hand():
    # 3 goes with 4 in two sessions of two and three; 3 with 5 in one.
    model = ItemNeighbours(vocabulary_size=7).fit(make([3, 4], [3, 4, 5], [4, 6]))
    cosine = model.similarity.toarray()
    assert cosine[3, 4] == pytest.approx(2 / np.sqrt(2 * 3))
    assert cosine[3, 5] == pytest.approx(1 / np.sqrt(2 * 1))
    assert cosine[3, 3] == 0
    # After 3: 4 (.816), 5 (.707). After 6 then 3: 4 gains half of cos(6, 4) = .577.
    np.testing.assert_array_equal(model.recommend(make([3], [6, 3]), 4), [[4, 5, 0, 0]] * 2)
    # After 4, most similar first: 3 (.816), then 5 and 6 (.577 each), the smaller id first.
    np.testing.assert_array_equal(model.recommend(make([4]), 4), [[3, 5, 6, 0]])


def test_later_clicks_weigh_more():
    model = ItemNeighbours(vocabulary_size=7).fit(make([3, 5], [4, 6]))
    np.testing.assert_array_equal(model.recommend(make([3, 4], [4, 3]), 2), [[6, 5], [5, 6]])


def test_last_click_is_split_off():
    before, last = without_last_click(make([3, 4, 5], [6, 7]))
    np.testing.assert_array_equal(before.clicks, [[3, 4, 0, 0], [6, 0, 0, 0]])
    np.testing.assert_array_equal(before.lengths, [2, 1])
    np.testing.assert_array_equal(last, [5, 7])
    with pytest.raises(ValueError, match="two clicks"):
        without_last_click(make([3]))


def test_ranking_by_hand():
    def lists(sessions: Sessions, k: int) -> np.ndarray:
        np.testing.assert_array_equal(sessions.lengths, [1, 1, 1])
        return np.array([[5, 6, 7, 8]] * 3)[:, :k]

    quality = evaluate_ranking(lists, make([3, 5], [3, 7], [3, 8]), k=3)
    np.testing.assert_allclose(quality.ndcg, [1, 1 / 2, 0])  # ranks 1, 3 and beyond
    np.testing.assert_array_equal(quality.hit_rate, [1, 1, 0])


def test_models_follow_the_protocol():
    for model in (Popularity(vocabulary_size=9), ItemNeighbours(vocabulary_size=9)):
        assert isinstance(model, Recommender)
        model.fit(make([3, 4], [3, 4, 5]))
        assert 0 <= evaluate_ranking(model, make([3, 4]), k=2).ndcg[0] <= 1
