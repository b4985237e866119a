"""Which whole sessions a model utters when it is sampled from, model by model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.evaluation.extraction import extraction_table


def shares(
    low: np.ndarray, coins: np.ndarray, samples: Sequence[float], probabilities: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Share of (n, p)-extractable sessions among members and among others.

    Args:
        low: float [n, M], log p of whole sessions under M models.
        coins: bool [n, M], True where a model was trained on a session.
        samples: a numbers n.
        probabilities: b probabilities p.

    Returns:
        float64 [M, a, b], of those that a model was trained on and of those that it was not.

    Raises:
        DataError: see `recmia.evaluation.extraction.extraction_table`.
    """
    tables = [
        extraction_table(own[coin], own[~coin], samples=samples, probabilities=probabilities)
        for own, coin in zip(low.T, coins.T, strict=True)
    ]
    return (
        np.stack([table.members / table.n_members for table in tables]),
        np.stack([table.held_out / table.n_held_out for table in tables]),
    )
