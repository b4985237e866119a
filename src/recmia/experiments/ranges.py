"""A row whose limits are no interval: the lowest and the highest of a few models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recmia.experiments.rows import RANGE, Row


def ranged(values: Sequence[float], **columns: Any) -> Row:
    """A row of a mean over models, with the lowest and the highest of them.

    Args:
        values: one a model.
        columns: the others of the row.
    """
    return Row(
        **columns,
        value=float(np.mean(values)),
        ci_low=float(min(values)),
        ci_high=float(max(values)),
        interval=RANGE,
        n_seeds=len(values),
    )
