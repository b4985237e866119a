"""Algorithm 2: ratings of malicious users that link decoys with sensitive items, from V alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recmia.inversion.factorisation import normal_matrices, solve_rows
from recmia.inversion.projection import project
from recmia.inversion.ratings import Ratings, Scale
from recmia.inversion.utility import Utility
from recmia.seeds import generator

_HALVINGS = 20


@dataclass(frozen=True)
class Simulation:
    """The recommender as the adversary simulates it (sections 3.5.2 and 3.6).

    A random user profile Ũ in [0, 1) stands for the unknown users: M̂ = ŨV is taken for their
    ratings, all of them observed. Section 3.6 draws k users, section 3.5.2 as many as there are.

    Attributes:
        items: float64 [n, k], the item profile V that the adversary knows.
        users: float64 [any, k], Ũ.
        regularisation: λ of the recommender.
        scale: the ratings that can be given.
        zeros_observed: whether the recommender counts missing ratings as observed zeros.
        sweeps: sweeps from V to the poisoned profile. Few: from V, the factors keep their meaning.
    """

    items: np.ndarray
    users: np.ndarray
    regularisation: float
    scale: Scale
    zeros_observed: bool
    sweeps: int

    def poisoned(self, malicious: np.ndarray) -> Poisoned:
        """Factorise M̂ above M' (equation 4), from V.

        Args:
            malicious: float64 [m', n], M'; less than half a step is no rating.
        """
        rated = np.where(malicious >= self.scale.step / 2, malicious, 0.0)
        rows = Ratings(sparse.csr_matrix(rated), self.scale, self.zeros_observed)
        columns, items = rows.transposed, self.items
        identity = np.eye(self.items.shape[1])
        for _ in range(self.sweeps):
            gram = items.T @ items + self.regularisation * identity
            # M̂ = ŨV is never written out: there may be as many simulated users as honest ones.
            honest = np.linalg.solve(gram, (items.T @ self.items) @ self.users.T).T
            fake = solve_rows(rows, items, self.regularisation)
            shared = honest.T @ honest + self.regularisation * identity
            system = _Columns.of(columns, shared, fake)
            items = system.solve(self.items @ (self.users.T @ honest) + columns.matrix @ fake)
        return Poisoned(items, fake, system)


@dataclass(frozen=True)
class Poisoned:
    """A poisoned item profile and what its derivative needs.

    Attributes:
        items: float64 [n, k], V*.
        fake_users: float64 [m', k], U'.
        system: the left side of equation 13 for every item.
    """

    items: np.ndarray
    fake_users: np.ndarray
    system: _Columns

    def gradient(self, utility: Utility) -> np.ndarray:
        """Equation 11 by 14 and 15: float64 [m', n], derivative of R by M', users held fixed."""
        return self.fake_users @ self.system.solve(utility.gradient(self.items)).T


@dataclass(frozen=True)
class _Columns:
    """Left sides of equation 13: one matrix for items that no malicious user rated, and theirs.

    Attributes:
        shared: float64 [k, k].
        rated: int64 [r], items with matrices of their own.
        own: float64 [r, k, k].
    """

    shared: np.ndarray
    rated: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, columns: Ratings, shared: np.ndarray, fake: np.ndarray) -> _Columns:
        if columns.zeros_observed:
            k = len(shared)
            return cls(shared + fake.T @ fake, np.empty(0, np.int64), np.empty((0, k, k)))
        rated = np.flatnonzero(np.diff(columns.matrix.indptr))
        return cls(shared, rated, normal_matrices(columns.of_users(rated), fake, 0.0) + shared)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve for a right side float64 [n, k] of every item."""
        solved = np.linalg.solve(self.shared, right.T).T
        if len(self.rated):
            solved[self.rated] = np.linalg.solve(self.own, right[self.rated][..., None])[..., 0]
        return solved


@dataclass(frozen=True)
class Poison:
    """What the malicious users rate.

    Attributes:
        ratings: float64 [m', n], M' on the rating scale, at most b_max ratings a row.
        utility: R at the start and after every step, which never rises.
    """

    ratings: np.ndarray
    utility: list[float]


def simulated_users(number: int, factors: int, seed: int) -> np.ndarray:
    """float64 [number, k]: a user profile Ũ drawn uniformly from [0, 1)."""
    return generator(seed, "simulated user profile").random((number, factors))


def linked_start(m: int, n: int, items: np.ndarray, highest: float) -> np.ndarray:
    """M'(0) as section 4.4 has it: sensitive items and decoys rated highest, nothing else.

    Section 3.5.2 starts from zeros instead. There U' is zero and with it the gradient: nothing
    would ever move.
    """
    start = np.zeros((m, n))
    start[:, items] = highest
    return start


def random_items(m: int, n: int, most: int, seed: int) -> np.ndarray:
    """bool [m', n]: b_max items for each malicious user, drawn at random (Li et al. 2016)."""
    if not most:
        return np.zeros((m, n), dtype=bool)
    order = generator(seed, "random items").random((m, n))
    return order <= np.partition(order, most - 1, axis=1)[:, most - 1 : most]


def optimise(
    simulation: Simulation,
    utility: Utility,
    start: np.ndarray,
    *,
    most_rated: int,
    stops: Sequence[int],
    first_move: float,
    tolerance: float,
    allowed: np.ndarray | None = None,
) -> list[Poison]:
    """Algorithm 2: projected gradient descent on M', then truncation and rounding.

    The paper does not say how long its steps s_t are, nor how many there are. Here the first moves
    the steepest rating by a given share of Λ, and a step that would not lower R is halved until it
    does.

    Args:
        simulation: the recommender as simulated from V.
        utility: what to lower.
        start: float64 [m', n], M'(0).
        most_rated: b_max.
        stops: after how many steps to look: one descent is followed to the largest.
        first_move: how far the first step moves the steepest rating, as a share of Λ.
        tolerance: R has settled once a step lowers it by less than this share of it.
        allowed: bool [m', n], items that each malicious user may rate; None for all of them.

    Returns:
        What malicious users rate at each stop, or where R settled before it.
    """
    scale = simulation.scale
    current = start
    poisoned = simulation.poisoned(current)
    history, length = [utility.value(poisoned.items)], None
    reached, settled = {}, False

    def rounded() -> Poison:
        return Poison(scale.round(keep_highest(current, most_rated)), list(history))

    for step in range(max(stops) + 1):
        if step in stops:
            reached[step] = rounded()
        gradient = poisoned.gradient(utility)
        if allowed is not None:
            gradient = np.where(allowed, gradient, 0.0)
        steepest = np.abs(gradient).max()
        if settled or steepest == 0 or step == max(stops):
            break
        length = first_move * scale.highest / steepest if length is None else length
        for _ in range(_HALVINGS):
            moved = project(current - length * gradient, scale.highest, most_rated * scale.highest)
            candidate = simulation.poisoned(moved)
            value = utility.value(candidate.items)
            if value < history[-1]:
                break
            length /= 2
        else:
            break
        current, poisoned = moved, candidate
        history.append(value)
        settled = history[-2] - value <= tolerance * history[-2]
    last = rounded()
    return [reached.get(stop, last) for stop in stops]


def keep_highest(ratings: np.ndarray, most: int) -> np.ndarray:
    """Keep each row's ``most`` highest ratings (of equals the first) and drop the others."""
    order = np.argsort(-ratings, axis=1, kind="stable")
    kept = np.zeros_like(ratings)
    chosen = order[:, :most]
    np.put_along_axis(kept, chosen, np.take_along_axis(ratings, chosen, axis=1), axis=1)
    return kept
