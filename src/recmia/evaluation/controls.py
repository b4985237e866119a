"""Controls of a membership claim: a classifier that sees no model, and labels dealt at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from recmia.errors import DataError
from recmia.evaluation.folds import group_folds
from recmia.seeds import child_seed, generator
from recmia.sessions import PADDING, Sessions, concatenate, row_quantiles

_BAG_DIMENSIONS = 32
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def blind_features(sessions: Sessions, reference: Sessions, n_items: int, seed: int) -> np.ndarray:
    """What a session shows without any model of it: the inputs of the blind baseline.

    Length; log popularity of its items (quartiles, mean, standard deviation); share of clicks on
    items clicked before, of immediate repeats, and of items that the reference population never
    clicked; mean and least log-probability of its transitions under a first-order Markov chain,
    forwards and backwards (a replaced click makes two unlikely steps); and its bag of items on
    the leading directions of the reference population's session-item matrix.

    Args:
        sessions: n sessions.
        reference: population that the adversary knows; holds none of ``sessions``.
        n_items: vocabulary size V, ids 0 to V - 1.
        seed: root of the randomised decomposition.

    Returns:
        float32 [n, F].
    """
    chain = _Chain.of(reference, n_items)
    clicks, lengths = sessions.clicks, sessions.lengths
    click = np.arange(sessions.max_length) < lengths[:, None]
    counts = np.where(click, chain.counts[clicks], 0)
    popularity = np.log1p(counts)
    mean = popularity.sum(axis=1) / lengths
    spread = np.sqrt((np.where(click, popularity - mean[:, None], 0) ** 2).sum(axis=1) / lengths)
    distinct = np.sort(np.where(click, clicks, PADDING), axis=1)
    n_distinct = ((np.diff(distinct, axis=1, prepend=0) != 0) & (distinct != PADDING)).sum(axis=1)
    step = click[:, 1:]
    steps = np.maximum(lengths - 1, 1)
    immediate = ((clicks[:, 1:] == clicks[:, :-1]) & step).sum(axis=1)
    columns = [
        lengths,
        *row_quantiles(popularity, lengths, _QUANTILES),
        mean,
        spread,
        1 - n_distinct / lengths,
        immediate / steps,
        (click & (counts == 0)).sum(axis=1) / lengths,
    ]
    for log_probability in chain.log_probabilities(clicks[:, :-1], clicks[:, 1:]):
        columns.append(np.where(step, log_probability, 0).sum(axis=1) / steps)
        columns.append(np.where(step, log_probability, 0).min(axis=1, initial=0))
    bag = _bag(reference, n_items)
    dimensions = min(_BAG_DIMENSIONS, min(bag.shape) - 1)
    with threadpool_limits(1):
        directions = randomized_svd(bag, dimensions, random_state=child_seed(seed, "bag") % 2**32)[
            2
        ]
    return np.column_stack([*columns, _bag(sessions, n_items) @ directions.T]).astype(np.float32)


def blind_scores(
    members: Sessions,
    nonmembers: Sessions,
    reference: Sessions,
    groups: np.ndarray,
    *,
    n_items: int,
    folds: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Blind baseline: membership guessed from the sessions alone, without the model under attack.

    Cross-fitted gradient-boosted trees on :func:`blind_features`: each fold is scored by a
    classifier trained on the others. (Against YooChoose 1/64 near-misses the trees are 0.01 of
    ROC AUC stronger than logistic regression, and unlike it they see a bend in one feature.)
    Where the interval of its ROC AUC excludes 0.5 the cohorts differ by themselves, and what an
    attack reaches on them is not all membership.

    Args:
        members: the members, n_m sessions.
        nonmembers: the non-members, n_n sessions.
        reference: population that the adversary knows; holds no session of either.
        groups: [n_m + n_n], members first: sessions that stay in one fold (identical ones, a
            near-miss with its original).
        n_items: vocabulary size V.
        folds: cross-fitting folds.
        seed: root of folds and classifier.

    Returns:
        Probability of membership (float64; the threshold of a hard guess is 0.5) and membership
        (bool), both [n_m + n_n], members first.
    """
    sessions = concatenate(members, nonmembers)
    membership = np.arange(len(sessions)) < len(members)
    features = blind_features(sessions, reference, n_items, seed)
    fold = group_folds(groups, folds, seed)
    scores = np.empty(len(sessions))
    for held_out in range(folds):
        inside = fold != held_out
        classifier = HistGradientBoostingClassifier(
            max_iter=80,
            learning_rate=0.08,
            max_leaf_nodes=15,
            min_samples_leaf=40,
            early_stopping=False,
            random_state=child_seed(seed, "blind", held_out) % 2**32,
        )
        # One thread: equal scores everywhere, and no waiting for threads on a busy machine.
        with threadpool_limits(1):
            classifier.fit(features[inside], membership[inside])
            guess = classifier.predict_proba(features[~inside])[:, 1]
        # A fold short of members leaves too many to the others: take the shares out of the odds,
        # or pooled scores would lean against the truth.
        share = membership[inside].mean()
        odds = guess / (1 - guess) * (1 - share) / share
        scores[~inside] = odds / (1 + odds)
    return scores, membership


def permuted_membership(membership: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Random cohort labels: whole groups in random order become members while there is room.

    Args:
        membership: bool [n], gives the number of members.
        groups: [n], sessions that keep one label.
        seed: root of the permutation.

    Returns:
        bool [n]; with single sessions exactly as many members, otherwise at most that many,
        short by less than the largest group.
    """
    _, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = generator(seed, "permuted_membership").permutation(len(sizes))
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[order] = np.cumsum(sizes[order]) <= np.count_nonzero(membership)
    return chosen[code]


def _bag(sessions: Sessions, n_items: int) -> csr_matrix:
    """Indicator of the items clicked, [n, V], rows scaled to length one."""
    click = sessions.clicks != PADDING
    rows = np.nonzero(click)[0]
    bag = csr_matrix(
        (np.ones(len(rows)), (rows, sessions.clicks[click])), shape=(len(sessions), n_items)
    )
    bag.data[:] = 1.0
    norms = np.sqrt(np.asarray(bag.sum(axis=1)).ravel())
    bag.data /= np.repeat(norms, np.diff(bag.indptr))
    return bag


@dataclass(frozen=True)
class _Chain:
    """First-order Markov chain of a population, smoothed towards item popularity."""

    counts: np.ndarray  # int64 [V], clicks on each item
    pairs: np.ndarray  # int64, sorted codes of the transitions seen: from * V + to
    pair_counts: np.ndarray  # int64
    out: np.ndarray  # int64 [V], transitions seen from each item
    into: np.ndarray  # int64 [V], transitions seen to each item

    @classmethod
    def of(cls, reference: Sessions, n_items: int) -> _Chain:
        if reference.clicks.max(initial=0) >= n_items:
            raise DataError(f"Item {reference.clicks.max()} is outside a vocabulary of {n_items}.")
        clicks = reference.clicks
        counts = np.bincount(clicks[clicks != PADDING], minlength=n_items)
        step = clicks[:, 1:] != PADDING
        origin, goal = clicks[:, :-1][step], clicks[:, 1:][step]
        pairs, pair_counts = np.unique(origin * n_items + goal, return_counts=True)
        return cls(
            counts,
            pairs,
            pair_counts,
            np.bincount(origin, minlength=n_items),
            np.bincount(goal, minlength=n_items),
        )

    def log_probabilities(self, origin: np.ndarray, goal: np.ndarray) -> list[np.ndarray]:
        """log p(goal | origin) and log p(origin | goal), with one pseudo-transition an item.

        p(b | a) = (count(a, b) + q(b)) / (count(a) + 1), with q the add-one popularity.
        """
        n_items = len(self.counts)
        code = origin * n_items + goal
        seen = np.zeros(code.shape)
        if len(self.pairs):
            place = np.minimum(np.searchsorted(self.pairs, code), len(self.pairs) - 1)
            seen = np.where(self.pairs[place] == code, self.pair_counts[place], 0)
        prior = (self.counts + 1) / (self.counts.sum() + n_items)
        forward = (seen + prior[goal]) / (self.out[origin] + 1)
        backward = (seen + prior[origin]) / (self.into[goal] + 1)
        return [np.log(forward), np.log(backward)]
