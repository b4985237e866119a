"""Thresholds of likelihood-ratio attacks, fixed where membership is known: on the shadow side.

Each shadow takes the target's place in turn and is attacked with the others; what it was trained on
is known. No label of the target is looked at. A score by fewer shadows is spread otherwise, so
thresholds are for scores of the target by as many as a shadow in its place had (`others`).
"""

from __future__ import annotations

import numpy as np

from recmia.likelihood_ratio.scores import ShadowSignals, score_all
from recmia.progress import track

# Shadows that take the target's place: their records are many by then, of a large audit sooner.
MOST_TURNS, LEAST_TURNS, MOST_RECORDS = 8, 4, 4_000_000


def shadow_scores(
    known: ShadowSignals, *, seed: int
) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Scores and membership of shadows in the target's place, a pair a turn, by attack.

    Args:
        known: n records under K shadows.
        seed: of the quantile regression.

    Returns:
        Pairs of float64 and bool of equal length; records that cannot be scored are left out.
    """
    models = known.membership.shape[1]
    enough = min(MOST_TURNS, max(LEAST_TURNS, MOST_RECORDS // len(known.membership)))
    turns = np.unique(np.linspace(0, models - 1, min(models, enough)).astype(int))
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    with track(len(turns), "shadows in the target's place") as bar:
        for turn in map(int, turns):
            member = known.membership[:, turn]
            scored = score_all(known.as_target(turn), known, models=others(known, turn), seed=seed)
            for name, scores in scored.items():
                seen = ~np.isnan(scores)
                found.setdefault(name, []).append((scores[seen], member[seen]))
            bar.update()
    return found


def others(known: ShadowSignals, turn: int) -> list[int]:
    """The shadows that attack the one in the target's place.

    One whose coins are the exact opposite of its own (an antithetic twin), or the same, sits out:
    it would tell the membership by itself.
    """
    member, models = known.membership[:, turn], range(known.membership.shape[1])
    return [model for model in models if model != turn and not twins(known, model, member)]


def twins(known: ShadowSignals, model: int, membership: np.ndarray) -> bool:
    """Whether a shadow's membership is exactly this one, or its opposite."""
    differ = known.membership[:, model] != membership
    return bool(differ.all() or not differ.any())
