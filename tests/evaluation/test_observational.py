"""The audit of next items: planted truths, and what it must not depend on."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.bounds.guessing import best_guesses
from recmia.evaluation.bounds.observational import show
from recmia.evaluation.bounds.one_run import one_run_epsilon

N, V = 2000, 30


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def drawn(log_p: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).gumbel(size=log_p.shape)
    return (log_p + noise).argmax(axis=1)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return log_softmax(np.random.default_rng(0).normal(size=(N, V)))


def epsilon(shown, seed: int = 0, delta: float = 1e-5) -> float:
    bound = partial(one_run_epsilon, delta=delta)
    numbers = [N // 10, N]
    return best_guesses(shown.scores, shown.real, numbers, bound, error=0.05, seed=seed).bound


def test_a_target_that_is_the_reference_proves_nothing(truth) -> None:
    for seed in range(20):
        shown = show(drawn(truth, seed), truth.__getitem__, truth.__getitem__, seed=seed)
        assert (shown.scores == 0).all() and epsilon(shown, seed) < 0.1


def test_a_target_without_the_steps_proves_nothing(truth) -> None:
    """Another model, no better and no worse informed of the draws: coins in 19 of 20."""
    other = log_softmax(truth + np.random.default_rng(1).normal(size=truth.shape))
    found = [
        epsilon(show(drawn(truth, 100 + seed), other.__getitem__, truth.__getitem__, seed=seed))
        for seed in range(40)
    ]
    assert (np.array(found) > 0).sum() <= 4 and max(found) < 0.2


def test_a_memoriser_proves_much(truth) -> None:
    clicked = drawn(truth, 2)
    memory = truth.copy()
    memory[np.arange(N), clicked] += 8
    memory = log_softmax(memory)
    shown = show(clicked, memory.__getitem__, truth.__getitem__, seed=0)
    # Not more: where the draw happens to be the clicked item nobody can tell.
    assert epsilon(shown) > 2.5
    # Half of the steps are shown as they were; equal draws come on top.
    assert (shown.items == clicked).mean() > shown.real.mean() > 0.45
    assert (shown.items == clicked)[shown.real].all()


def test_label_privacy_is_not_exceeded(truth) -> None:
    """A target that repeats each label by randomised response over the items."""
    secret = 1.5
    log_keep, log_other = secret - np.log(np.exp(secret) + V - 1), -np.log(np.exp(secret) + V - 1)
    even = np.full((1, V), -np.log(V))
    for seed in range(30):
        rng = np.random.default_rng(seed)
        clicked = rng.integers(0, V, N)
        said = np.where(rng.random(N) < np.exp(log_keep), clicked, -1)
        said = np.where(said < 0, (clicked + rng.integers(1, V, N)) % V, said)
        target = np.full((N, V), log_other)
        target[np.arange(N), said] = log_keep
        shown = show(clicked, target.__getitem__, lambda _: even, seed=seed)
        assert 0 <= epsilon(shown, seed) < secret


def test_shown_items_and_scores_by_hand(truth) -> None:
    clicked = drawn(truth, 3)
    target = log_softmax(2 * truth)
    shown = show(clicked, target.__getitem__, truth.__getitem__, seed=1)
    rows = np.arange(N)
    assert shown.scores == pytest.approx((target - truth)[rows, shown.items])
    # Proxies come from the reference: each item as often as it says, give or take four deviations.
    proxies = ~shown.real
    counts = np.bincount(shown.items[proxies], minlength=V)
    p = np.exp(truth[proxies])
    assert (np.abs(counts - p.sum(axis=0)) < 4 * np.sqrt((p * (1 - p)).sum(axis=0))).all()


def test_chunks_and_popularity_references(truth) -> None:
    clicked = drawn(truth, 4)
    popular = log_softmax(np.linspace(0, 1, V))[None]
    whole = show(clicked, truth.__getitem__, lambda _: popular, seed=5, rows_at_once=N)
    parts = show(clicked, truth.__getitem__, lambda _: popular, seed=5, rows_at_once=7)
    for name in ("items", "real", "scores"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))
    other = show(clicked, truth.__getitem__, lambda _: popular, seed=6)
    assert not np.array_equal(other.real, whole.real)


def test_what_cannot_be_is_refused(truth) -> None:
    clicked = drawn(truth, 5)
    logits = truth + 1
    hole = truth.copy()
    hole[300, clicked[300]] = -np.inf
    hole = log_softmax(hole)
    for target, reference, message in (
        (logits, truth, "step 0 sum to 2.7"),
        (np.where(truth > -np.inf, np.nan, 0), truth, "sum to nan"),
        (truth, hole, f"rules out item {clicked[300]}, which was clicked at step 300"),
        (truth, truth[:, :-1] - np.log(np.exp(truth[:, :-1]).sum(1, keepdims=True)), "30 items"),
        (truth[:3], truth, "of 256 steps"),
    ):
        with pytest.raises(DataError, match=message):
            show(clicked, target.__getitem__, reference.__getitem__, seed=0)
    with pytest.raises(DataError, match="none of the 30"):
        show(clicked + V, truth.__getitem__, truth.__getitem__, seed=0)
