"""Canaries pass the rules of sessions, are new, and are of their kind."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from recmia.canaries import random_canaries, rare_canaries, reordered_canaries
from recmia.errors import DataError
from recmia.sessions import FIRST_ITEM, PADDING, Sessions

V, WIDTH = 63, 8


def made(n: int = 500, seed: int = 0) -> Sessions:
    """Sessions without immediate repeats, small ids more frequent, as preprocessing leaves them."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, V - FIRST_ITEM + 1)
    clicks = rng.choice(np.arange(FIRST_ITEM, V), (n, WIDTH), p=weight / weight.sum())
    for column in range(1, WIDTH):
        same = clicks[:, column] == clicks[:, column - 1]
        clicks[same, column] = FIRST_ITEM + (clicks[same, column] - FIRST_ITEM + 1) % (
            V - FIRST_ITEM
        )
    lengths = rng.integers(2, WIDTH + 1, n)
    clicks[np.arange(WIDTH) >= lengths[:, None]] = PADDING
    return Sessions(clicks, lengths, 10 * np.arange(n) + 7)


EXISTING = made()
KINDS = {
    "random": partial(random_canaries, vocabulary_size=V),
    "rare": partial(rare_canaries, share=0.2),
    "reordered": reordered_canaries,
}


@pytest.mark.parametrize("kind", KINDS)
def test_canaries_are_sessions_and_new(kind) -> None:
    found = KINDS[kind](EXISTING, 200, seed=3)
    clicks, lengths = found.clicks, found.lengths
    assert clicks.shape == (200, WIDTH) and len(lengths) == len(found.row_ids) == 200
    assert {x.dtype for x in (clicks, lengths, found.row_ids)} == {np.dtype(np.int64)}
    inside = np.arange(WIDTH) < lengths[:, None]
    assert ((clicks != PADDING) == inside).all() and lengths.min() >= 2
    assert clicks[inside].min() >= FIRST_ITEM and clicks[inside].max() < V
    assert not ((clicks[:, 1:] == clicks[:, :-1]) & inside[:, 1:]).any()
    rows = {tuple(row) for row in clicks.tolist()}
    assert len(rows) == 200 and not rows & {tuple(row) for row in EXISTING.clicks.tolist()}
    again = KINDS[kind](EXISTING, 200, seed=3)
    assert again.content_hash() == found.content_hash()
    assert KINDS[kind](EXISTING, 200, seed=4).content_hash() != found.content_hash()


def test_made_up_canaries_have_row_ids_and_lengths_of_their_own_kind() -> None:
    for kind in ("random", "rare"):
        found = KINDS[kind](EXISTING, 300, seed=0)
        assert found.row_ids.tolist() == list(range(4998, 5298))
        assert abs(found.lengths.mean() - EXISTING.lengths.mean()) < 0.5


def test_random_items_are_uniform_and_rare_ones_rare() -> None:
    found = random_canaries(EXISTING, 4000, vocabulary_size=V, seed=0)
    counts = np.bincount(found.clicks[found.clicks != PADDING], minlength=V)[FIRST_ITEM:]
    expected = counts.sum() / len(counts)
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
    clicks = np.bincount(EXISTING.clicks[EXISTING.clicks != PADDING], minlength=V)
    rare = np.unique(rare_canaries(EXISTING, 300, share=0.2, seed=0).clicks)[1:]
    occurring = np.flatnonzero(clicks)[1:] if clicks[0] else np.flatnonzero(clicks)
    others = np.setdiff1d(occurring, rare)
    assert len(rare) == round(0.2 * len(occurring)) and clicks[rare].min() >= 1
    assert clicks[rare].max() <= clicks[others].min()


def test_reordered_sessions_hold_the_clicks_of_their_original() -> None:
    found = reordered_canaries(EXISTING, 400, seed=1)
    assert len(np.unique(found.row_ids)) == 400
    originals = EXISTING[(found.row_ids - 7) // 10]
    assert np.array_equal(found.lengths, originals.lengths)
    assert np.array_equal(np.sort(found.clicks, axis=1), np.sort(originals.clicks, axis=1))
    assert (found.clicks != originals.clicks).any(axis=1).all()


def test_two_clicks_are_turned_round() -> None:
    pair = Sessions(np.array([[3, 4], [5, 6], [6, 5]]), np.full(3, 2), np.arange(3))
    found = reordered_canaries(pair, 1, seed=0)
    assert found.clicks.tolist() == [[4, 3]] and found.row_ids.tolist() == [0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        # Three of the six sessions of two of three items exist.
        (
            lambda two: random_canaries(two, 4, vocabulary_size=6, seed=0),
            "Only 3 different canaries of 4",
        ),
        (lambda two: reordered_canaries(two, 3, seed=0), "Only 1 different canaries of 3"),
        (lambda two: random_canaries(two, 1, vocabulary_size=4, seed=0), "two items"),
        (lambda two: rare_canaries(two, 1, share=0, seed=0), "share of rare items"),
        (lambda two: reordered_canaries(two, 0, seed=0), "0 canaries"),
        (lambda two: reordered_canaries(two[:0], 1, seed=0), "there are none"),
    ],
)
def test_what_cannot_be_is_refused(call, message) -> None:
    two = Sessions(np.array([[3, 4], [3, 5], [5, 3]]), np.full(3, 2), np.arange(3))
    with pytest.raises(DataError, match=message):
        call(two)
