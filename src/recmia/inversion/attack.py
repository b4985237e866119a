"""One attack from end to end: train, optimise, poison, train again, recommend, list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.inversion.exposure import decoys_recommended
from recmia.inversion.factorisation import Model, factorise, initial_items
from recmia.inversion.poisoning import (
    Poison,
    Simulation,
    linked_start,
    optimise,
    random_items,
    simulated_users,
)
from recmia.inversion.ratings import Ratings
from recmia.inversion.recommending import top_items
from recmia.inversion.utility import Utility
from recmia.seeds import generator

DESCENT, HELD, RANDOM, LINKED_RANDOM = "descent", "held", "random", "linked random"


@dataclass(frozen=True)
class Recommender:
    """How the attacked system factorises and recommends (section 4.1).

    Attributes:
        factors: k.
        regularisation: λ.
        length: l, items on a list.
        sweeps: most sweeps of least squares.
        tolerance: see :func:`recmia.inversion.factorisation.factorise`.
    """

    factors: int
    regularisation: float
    length: int
    sweeps: int = 20
    tolerance: float = 1e-4

    def train(self, ratings: Ratings, seed: int) -> Model:
        """Factorise from a random item profile; after poisoning the system does so afresh."""
        start = initial_items(ratings.shape[1], self.factors, seed)
        fit = factorise(
            ratings,
            start,
            regularisation=self.regularisation,
            sweeps=self.sweeps,
            tolerance=self.tolerance,
        )
        return fit.model


@dataclass(frozen=True)
class Attacker:
    """How the adversary works out the malicious ratings (sections 3.4 to 3.6).

    Attributes:
        share: α, malicious users for each honest one.
        most_rated: b_max.
        camouflage: μ.
        choice: which items the malicious users rate. ``DESCENT`` is Algorithm 2: sensitive items
            and decoys are rated highest first, then every rating is optimised, these links among
            them. ``HELD`` keeps the links as they are and optimises the others. ``RANDOM`` is Li
            et al. (2016): items drawn at random, ratings optimised. ``LINKED_RANDOM`` holds the
            links and draws the others.
        steps: most steps of projected gradient descent.
        first_move: length of the first step, see :func:`recmia.inversion.poisoning.optimise`.
        sweeps: sweeps of least squares in the adversary's simulation.
        tolerance: see :func:`recmia.inversion.poisoning.optimise`.
    """

    share: float
    most_rated: int
    camouflage: float = 0.0
    choice: str = DESCENT
    steps: int = 30
    first_move: float = 1.0
    sweeps: int = 3
    tolerance: float = 1e-3

    def users(self, honest: int) -> int:
        """m', the whole number nearest to α·m, as in section 4.2."""
        return round(self.share * honest)


def draw_decoys(n: int, barred: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Decoys drawn at random from the items that are not sensitive (section 3.2).

    Args:
        n: number of items.
        barred: int64, items of the sensitive kind, none of which is a decoy.
        number: decoys to draw.
        seed: root seed.

    Raises:
        DataError: fewer items than decoys are left.
    """
    free = np.setdiff1d(np.arange(n), barred)
    if len(free) < number:
        raise DataError(f"{len(free)} items are left for {number} decoys.")
    return np.sort(generator(seed, "decoys").choice(free, number, replace=False))


def craft(
    ratings: Ratings,
    items: np.ndarray,
    sensitive: np.ndarray,
    decoys: np.ndarray,
    recommender: Recommender,
    attacker: Attacker,
    seed: int,
    *,
    optimised: bool = True,
    users: np.ndarray | None = None,
) -> Poison:
    """Work out M' (Algorithm 2); see :func:`craft_along`."""
    return craft_along(
        *(ratings, items, sensitive, decoys, recommender, attacker, seed),
        stops=(attacker.steps,),
        optimised=optimised,
        users=users,
    )[0]


def craft_along(
    ratings: Ratings,
    items: np.ndarray,
    sensitive: np.ndarray,
    decoys: np.ndarray,
    recommender: Recommender,
    attacker: Attacker,
    seed: int,
    *,
    stops: Sequence[int],
    optimised: bool = True,
    users: np.ndarray | None = None,
) -> list[Poison]:
    """Work out M' (Algorithm 2) for several numbers of steps, along one descent.

    Args:
        ratings: of these the adversary knows the numbers of users and items, the scale, and
            whether missing ratings count as zeros.
        items: float64 [n, k], the item profile as the adversary knows it.
        sensitive: int64 [|X|].
        decoys: int64 [|Y|].
        recommender: the attacked system.
        attacker: the adversary.
        seed: root seed of the simulated users.
        stops: numbers of steps; the attacker's own does not count.
        optimised: whether to descend from M'(0) at all; without any knowledge of V (β = 0 in
            section 4.4) the adversary cannot.
        users: float64 [any, k], simulated users; k of them are drawn where left out.

    Raises:
        DataError: more sensitive items and decoys than a malicious user may rate.
    """
    linked = np.concatenate([sensitive, decoys])
    if len(linked) > attacker.most_rated:
        raise DataError(
            f"{len(linked)} sensitive items and decoys, but a malicious user rates at most "
            f"{attacker.most_rated}.",
            remedy="Raise that number, or name fewer items.",
        )
    start, allowed = _start(ratings, linked, attacker, seed)
    if not optimised or not len(start):
        return [Poison(start, [])] * len(stops)
    k = items.shape[1]
    simulation = Simulation(
        items,
        simulated_users(k, k, seed) if users is None else users,
        recommender.regularisation,
        ratings.scale,
        ratings.zeros_observed,
        attacker.sweeps,
    )
    return optimise(
        simulation,
        Utility(items, sensitive, decoys, attacker.camouflage),
        start,
        most_rated=attacker.most_rated,
        stops=stops,
        first_move=attacker.first_move,
        allowed=allowed,
        tolerance=attacker.tolerance,
    )


def _start(
    ratings: Ratings, linked: np.ndarray, attacker: Attacker, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """M'(0), and bool [m', n] of the ratings that may be optimised (None for all)."""
    m, n = attacker.users(ratings.shape[0]), ratings.shape[1]
    highest = ratings.scale.highest
    start = linked_start(m, n, linked, highest)
    if attacker.choice == DESCENT or not m:
        return start, None
    if attacker.choice == HELD:
        return start, start == 0
    most = attacker.most_rated
    if attacker.choice == RANDOM:
        drawn = random_items(m, n, most, seed)
        return drawn * highest, drawn
    drawn = random_items(m, n, most - len(linked), seed) & (start == 0)
    return start + drawn * highest, drawn


def poisoned_lists(
    ratings: Ratings, poison: np.ndarray, recommender: Recommender, seed: int
) -> tuple[Model, np.ndarray]:
    """Train on honest and malicious users together and recommend to the honest ones.

    Args:
        ratings: of the m honest users.
        poison: float64 [m', n], ratings of the malicious users.
        recommender: the attacked system.
        seed: root seed of the training.

    Returns:
        The model of the honest users, and their lists int64 [m, l].
    """
    model = recommender.train(ratings.with_users(poison), seed)
    honest = Model(model.users[: ratings.shape[0]], model.items)
    return honest, top_items(honest, ratings, recommender.length)


def invert(
    ratings: Ratings,
    sensitive: np.ndarray,
    decoys: np.ndarray,
    recommender: Recommender,
    attacker: Attacker,
    seed: int,
) -> np.ndarray:
    """The whole attack with the item profile known.

    Returns:
        int64 [m], decoys recommended to each honest user after poisoning.
    """
    items = recommender.train(ratings, seed).items
    poison = craft(ratings, items, sensitive, decoys, recommender, attacker, seed)
    return decoys_recommended(poisoned_lists(ratings, poison.ratings, recommender, seed)[1], decoys)
