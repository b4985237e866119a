"""Popularity, item neighbours, the defence and the ranking protocol on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.errors import DataError, RecmiaError
from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import trained_places
from recmia.recommenders.item_neighbours import ItemNeighbours
from recmia.recommenders.lists import top_lists
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.popularity_randomization import PopularityRandomization
from recmia.recommenders.ranking import evaluate_ranking, hit_rate, without_last_click
from recmia.sessions import Sessions


def make(*rows: list[int], width: int = 4) -> Sessions:
    clicks = np.array([row + [0] * (width - len(row)) for row in rows])
    return Sessions(clicks, np.array([len(row) for row in rows]), np.arange(len(rows)))


def test_popularity_orders_by_count_then_id():
    model = Popularity(vocabulary_size=9).fit(make([5, 4, 5], [5, 4, 6], [7, 6]))
    # counts: 5 three times, 4 and 6 twice, 7 once, 3 and 8 never
    np.testing.assert_array_equal(model.recommend(make([3]), 8), [[5, 4, 6, 7, 3, 8, 0, 0]])


def test_popularity_can_leave_out_what_was_seen():
    model = Popularity(vocabulary_size=7).fit(make([5, 4, 5], [5, 4, 6]))
    lists = model.recommend(make([5, 6], [3]), 3, exclude_seen=True)
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


def test_item_based_filter_uses_the_whole_history_and_leaves_it_out():
    members = make([3, 4], [3, 4, 5], [4, 6])
    model = ItemNeighbours(vocabulary_size=7, last_clicks=None).fit(members)
    # cos(3,4) .816, cos(3,5) .707, cos(4,5) and cos(4,6) .577; a user of 3 and 6 gets
    # 4 (.816 + .577) and then 5 (.707); one of 4 gets 3, then 5 and 6 by id; the order is nothing.
    asked = make([3, 6], [6, 3], [4], [3, 4, 5, 6])
    expected = [[4, 5, 0], [4, 5, 0], [3, 5, 6], [0, 0, 0]]
    np.testing.assert_array_equal(model.recommend(asked, 3, exclude_seen=True), expected)
    np.testing.assert_array_equal(model.recommend_folded_in(asked, 3, exclude_seen=True), expected)
    # Early items weigh as much as the last: with one click only, 3 would be last and bring 5.
    long = make([4, 6, 6, 3])
    np.testing.assert_array_equal(model.recommend(long, 3, exclude_seen=True), [[5, 0, 0]])


def test_few_neighbours_leave_lists_short():
    members = make([3, 4], [3, 4, 5], [4, 6])
    model = ItemNeighbours(vocabulary_size=7, neighbours=1, last_clicks=None).fit(members)
    np.testing.assert_array_equal(
        model.recommend(make([3], [5]), 2, exclude_seen=True), [[4, 0], [3, 0]]
    )


def test_long_histories_need_no_cube():
    # Comparing every candidate with every click would take 2.2 GB here.
    n, width, size = 400, 2314, 3000
    clicks = 3 + (np.arange(n)[:, None] + np.arange(width)) % (size - 3)
    users = Sessions(clicks, np.full(n, width), np.arange(n))
    model = Popularity(vocabulary_size=size).fit(users[:1])
    lists = model.recommend(users, 100, exclude_seen=True)
    # Counts are equal beyond what the first user has: user 0 gets the smallest ids that it lacks.
    np.testing.assert_array_equal(lists[0], 3 + width + np.arange(100))
    # User 300 has 303 .. 2616, and of the popular items 3 .. 2316 it lacks 3 .. 302.
    np.testing.assert_array_equal(lists[300], 3 + np.arange(100))


def test_equal_scores_go_by_the_smaller_id_and_short_lists_are_padded():
    scores = np.array([[9, 9, 9, 1, 2, 2, 2, 0], [9, 9, 9, 5, 5, 5, 5, 5]], dtype=np.float32)
    seen = make([5, 5], [3, 4, 6, 7])
    np.testing.assert_array_equal(top_lists(scores, seen, 4, False), [[4, 5, 6, 3], [3, 4, 5, 6]])
    lists = top_lists(scores, seen, 4, True)
    np.testing.assert_array_equal(lists, [[4, 6, 3, 7], [5, 0, 0, 0]])


def test_randomised_popularity_draws_from_the_most_popular():
    # Item 3 + i is clicked 40 - i times, so that the candidates of lists of 2 are items 3 .. 22.
    members = make(*[[3 + i] for i in range(40) for _ in range(40 - i)], width=1)
    model = PopularityRandomization(vocabulary_size=43, seed=5).fit(members)
    np.testing.assert_array_equal(model.candidates(2), 3 + np.arange(20))
    n = 4000
    users = Sessions(np.full((n, 1), 3), np.ones(n, dtype=np.int64), 7 * np.arange(n))
    lists = model.recommend(users, 2, exclude_seen=True)
    # Item 3 is everybody's own: 19 candidates are left for two different places.
    assert (lists[:, 0] != lists[:, 1]).all()
    for place in (0, 1):
        counts = np.bincount(lists[:, place], minlength=43)
        assert counts[4:23].sum() == n
        # Each is binomial(4000, 1/19): mean 210.5, standard deviation 14.1.
        assert np.abs(counts[4:23] - n / 19).max() < 4.5 * 14.1
    backwards = model.recommend(users[::-1], 2, exclude_seen=True)
    np.testing.assert_array_equal(backwards[::-1], lists)
    other = PopularityRandomization(vocabulary_size=43, seed=6).fit(members)
    other = other.recommend(users, 2, exclude_seen=True)
    # Two draws of an ordered pair agree with probability 1 / (19 * 18): 11.7 of 4000.
    assert (other == lists).all(axis=1).sum() < 40


def test_candidates_end_with_the_catalogue():
    model = PopularityRandomization(vocabulary_size=13, seed=0).fit(make([5, 5, 4]))
    assert len(model.candidates(4)) == len(model.candidates(20)) == 10
    lists = model.recommend(make([3, 4], [5]), 12, exclude_seen=True)
    assert set(lists[0]) == {0, *range(5, 13)} and set(lists[1]) == {0, 3, 4, *range(6, 13)}
    with pytest.raises(DataError, match="alpha"):
        PopularityRandomization(vocabulary_size=13, alpha=0.0, seed=0)


def test_hit_rates_by_hand():
    lists = np.array([[5, 6, 0], [5, 6, 7], [3, 4, 5], [3, 0, 0]])
    held_out = make([6, 9], [9, 7], [8], [])
    np.testing.assert_array_equal(hit_rate(lists, held_out), [1, 1, 0, 0])
    np.testing.assert_array_equal(hit_rate(lists, held_out, "next"), [1, 0, 0, 0])


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


class _OfUsers(Recommender):
    """Knows its users, and nobody else."""

    name = "of-users"

    def fit(self, sessions: Sessions) -> _OfUsers:
        self.row_ids = sessions.row_ids
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        trained_places(self.row_ids, sessions.row_ids)
        return np.full((len(sessions), k), 3)


def test_what_a_model_cannot_do_it_says() -> None:
    model = _OfUsers().fit(make([3, 4], [3, 5]))
    np.testing.assert_array_equal(model.recommend_folded_in(make([4]), 2), [[3, 3]])
    stranger = Sessions(np.array([[3]]), np.array([1]), np.array([7]))
    with pytest.raises(RecmiaError, match="of-users serves none but .* _OfUsers.recommend_folded"):
        model.recommend_folded_in(stranger, 2)
    with pytest.raises(RecmiaError, match="no scores"):
        model.score(stranger)
    with pytest.raises(RecmiaError, match="no vectors"):
        model.item_vectors()


def test_what_was_seen_is_left_out_when_asked() -> None:
    members = make([3, 4], [3, 4, 5])
    for model in (
        Popularity(vocabulary_size=6),
        PopularityRandomization(vocabulary_size=6, alpha=1.0, seed=0),
        ItemNeighbours(vocabulary_size=6, last_clicks=None),
    ):
        model.fit(members)
        assert 4 in model.recommend(make([3, 4]), 3)
        np.testing.assert_array_equal(
            model.recommend(make([3, 4]), 3, exclude_seen=True), [[5, 0, 0]]
        )
        assert 0 <= evaluate_ranking(model, make([3, 4]), k=2).ndcg[0] <= 1
