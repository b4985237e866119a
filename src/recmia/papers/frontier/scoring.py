"""Every likelihood-ratio attack on one target through one interface, and thresholds for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from recmia.likelihood_ratio import rmia, thresholds
from recmia.likelihood_ratio.evidence import Shadows, Target
from recmia.likelihood_ratio.gaussian import log_normal
from recmia.likelihood_ratio.quantile import quantile
from recmia.likelihood_ratio.scores import SCORES
from recmia.likelihood_ratio.shadow_thresholds import BALANCED, shadow_thresholds
from recmia.papers.frontier import names
from recmia.papers.frontier.keeping import Seen

FPRS = (0.01, 0.001)
KEYS = (BALANCED, *(f"{fpr:g}" for fpr in FPRS))
ONE_PERCENT = KEYS[1]
GAMMAS = (1.0, 2.0)
FORMS = {"online": rmia.rmia_online, "offline": rmia.rmia_offline}


@dataclass(frozen=True)
class Beside:
    """What the adversary knows beside the models.

    Attributes:
        features: float [N, F], of the sessions without any model, for the quantile regression.
        trajectory: float [E, N, M], mean log p at the epochs up to the one attacked; None where
            the interface does not show it.
        seed: of the quantile regression.
    """

    features: np.ndarray
    trajectory: np.ndarray | None
    seed: int


def score_target(
    seen: Seen, known: Beside, target: int, shadows: Sequence[int]
) -> dict[str, np.ndarray]:
    """Every attack that some shadows allow, on one model in the target's place.

    RMIA compares with the population, which no model was trained on.

    Args:
        seen: the interface.
        known: beside it.
        target: number of the model.
        shadows: numbers of those that attack it; may be none.

    Returns:
        Name of the attack to float64 [N], higher is more likely a member; NaN where a session
        cannot be scored, such as by an offline attack where every shadow was trained on it.
    """
    own = Target(*(v[:, target].astype(np.float64) for v in (seen.log_likelihood, seen.signal)))
    outside = seen.population[:, target].astype(np.float64)
    found = {names.LOSS: thresholds.loss(own), names.POPULATION: _share_below(own, outside)}
    if known.trajectory is not None:
        found[names.TRAJECTORY] = loss_range(known.trajectory[:, :, target])
    if len(shadows):
        moments = Shadows.of(seen.log_likelihood, seen.signal, seen.coins, shadows)
        found |= {title: SCORES[key].compute(own, moments) for key, title in names.ENGINE.items()}
        found[names.TWO_SIDED] = two_sided(own, moments)
        found |= _rmia(seen, own.log_likelihood, outside, shadows)
        found[names.QUANTILE] = quantile_scores(seen, known, target, shadows)
    return {name: scores for name, scores in found.items() if not np.isnan(scores).all()}


def quantile_scores(seen: Seen, known: Beside, target: int, shadows: Sequence[int]) -> np.ndarray:
    """Quantile regression as of `score_target`, whose seed is the one of ``known``: float64 [N]."""
    signal = seen.signal[:, target].astype(np.float64)
    with threadpool_limits(1):  # the same scores on any machine
        return quantile(
            Target(signal, signal),
            known.features,
            seen.signal[:, shadows],
            ~seen.coins[:, shadows],
            seed=known.seed,
        )


def two_sided(target: Target, shadows: Shadows) -> np.ndarray:
    """-log N(φ; x̄_out, v_out): the offline form of some implementations of LiRA.

    Large on either side of x̄_out, so that a session that a model knows less than expected counts
    as a member too. With fewer than 64 shadows, as here, v_out is one number
    (`recmia.likelihood_ratio.lira`).

    Returns:
        float64 [n]; NaN where a record has no shadow without it.
    """
    return -log_normal(target.signal, shadows.outside.mean, shadows.outside.overall()[1])


def loss_range(trajectory: np.ndarray) -> np.ndarray:
    """LT-IQR (2024): interquartile range of a session's loss over the recorded epochs.

    Args:
        trajectory: float [E, n], mean log p at each epoch.

    Returns:
        float64 [n]: members' losses fall farther.
    """
    low, high = np.quantile(trajectory.astype(np.float64), [0.25, 0.75], axis=0)
    return high - low


def shadow_turns(
    seen: Seen, known: Beside, shadows: Sequence[int], most: int
) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Scores and membership of shadows in the target's place, a pair a turn, by attack.

    Each is attacked by the others but for its complement, by two fewer than the target.

    Args:
        seen: the interface.
        known: beside it.
        shadows: of the target; its own coins are not looked at.
        most: turns; they are spread over the pairs.
    """
    chosen = list(shadows[:: max(1, len(shadows) // most)])[:most]
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for turn in chosen:
        scored = score_target(seen, known, turn, without(shadows, [turn]))
        for name, scores in scored.items():
            there = ~np.isnan(scores)
            found.setdefault(name, []).append((scores[there], seen.coins[there, turn]))
    return found


def without(shadows: Iterable[int], models: Iterable[int]) -> list[int]:
    """The shadows that are neither one of some models nor the complement of one."""
    pairs = {model // 2 for model in models}
    return [shadow for shadow in shadows if shadow // 2 not in pairs]


def guesses(
    seen: Seen, known: Beside, target: int, shadows: Sequence[int], turns: int
) -> dict[str, dict[str, np.ndarray]]:
    """Hard guesses at thresholds that are fixed on shadows, without a label of the target.

    A score by fewer shadows is spread otherwise, so the target is judged by as many as a shadow in
    its place had: the last pair sits out.

    Returns:
        Name of the attack, then each of ``KEYS`` that there are shadows enough for, to int8 [N]:
        1 for a guessed member, 0 for none, -1 where the session cannot be scored.
    """
    held = shadow_turns(seen, known, shadows, turns)
    judged = score_target(seen, known, target, without(shadows, shadows[-1:]))
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, scores in judged.items():
        if called := called_by(scores, held.get(name, [])):
            found[name] = called
    return found


def called_by(
    scores: np.ndarray, turns: Sequence[tuple[np.ndarray, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Hard guesses at the thresholds that some shadows in the target's place fix.

    Args:
        scores: float64 [N] of the target.
        turns: scores and membership of each such shadow; may be none.

    Returns:
        As of `guesses`, of one attack.
    """
    limits = shadow_thresholds(turns, FPRS) if turns else {}
    return {
        key: np.where(np.isnan(scores), -1, scores >= limit).astype(np.int8)
        for key, limit in limits.items()
        if limit is not None
    }


def as_many(scores: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Guesses by other scores of the same sessions that call as many of them members.

    Ties at the last one are called alike, so that it may be a few more.

    Args:
        scores: float64 [N].
        called: int8 [N], guesses by the first scores.

    Returns:
        int8 [N].
    """
    count = int((called == 1).sum())
    if not count:
        return np.zeros_like(called)
    least = np.sort(scores[~np.isnan(scores)])[::-1][count - 1]
    return np.where(np.isnan(scores), -1, scores >= least).astype(np.int8)


def _share_below(target: Target, outside: np.ndarray) -> np.ndarray:
    """Share of the population with a larger loss, Ye et al. (CCS 2022): one loss for everybody."""
    below = np.searchsorted(np.sort(outside), target.log_likelihood, side="left")
    return below / len(outside)


def chosen_a(seen: Seen, shadows: Sequence[int]) -> float | None:
    """RMIA's a, chosen on the first shadow with the others; None where there are none.

    Args:
        seen: the interface; of its coins only those of shadows are looked at.
        shadows: numbers of those that attack.
    """
    first, others = shadows[0], without(shadows, shadows[:1])
    if not others:
        return None
    low = seen.log_likelihood
    own = Target(*[low[:, first].astype(np.float64)] * 2)
    return rmia.choose_a(own, Shadows.of(low, low, seen.coins, others), seen.coins[:, first])


def _rmia(
    seen: Seen, inside: np.ndarray, outside: np.ndarray, shadows: Sequence[int]
) -> dict[str, np.ndarray]:
    n, nobody = len(inside), np.zeros(seen.population.shape, dtype=bool)
    low = np.concatenate([seen.log_likelihood, seen.population])
    moments = Shadows.of(low, low, np.concatenate([seen.coins, nobody]), shadows)
    both = np.concatenate([inside, outside])
    told = {"population": np.arange(len(both)) >= n}
    own = Target(both, both)
    found = {
        names.rmia(form, gamma): compute(own, moments, **told, gamma=gamma)[:n]
        for form, compute in FORMS.items()
        for gamma in GAMMAS
    }
    if (a := chosen_a(seen, shadows)) is not None:
        found[names.RMIA_CHOSEN] = rmia.rmia_offline(own, moments, **told, a=a)[:n]
    return found
