"""The audit of next items: no canaries and no retraining, the item that was clicked is the secret.

Source: Kalemaj, Melis, Boucher, Mironov and Mahloujifar, "Observational Auditing of Label Privacy"
(arXiv 2511.14084); the next item plays the label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.seeds import generator

LogProbabilities = Callable[[slice], np.ndarray]
_MASS = 1e-3  # by which the probabilities of one step may miss a sum of 1


@dataclass(frozen=True)
class Shown:
    """One item shown for each step, and what the target says of it.

    Attributes:
        items: int64 [n], the item that was shown.
        real: bool [n], the coin: the item is the clicked one, not one drawn from the reference.
        scores: float64 [n], log p_target - log p_reference of that item, nats; higher is more
            likely the clicked one. -inf where the target rules it out.
    """

    items: np.ndarray
    real: np.ndarray
    scores: np.ndarray


def show(
    clicked: np.ndarray,
    target: LogProbabilities,
    reference: LogProbabilities,
    *,
    seed: int,
    rows_at_once: int = 256,
) -> Shown:
    """Show the clicked item or one drawn from the reference, by coin, and score it.

    If a step's label were drawn from the reference and the target ε-private towards it, no guess of
    the coin were right more often than σ(ε), given all others: `best_guesses` with
    :func:`.one_run.one_run_epsilon` on ``scores`` and ``real`` bounds ε. Two things are to be kept:

    - A reference that is not the truth gives coins away by itself, without any memory. The same
      audit of steps that the target never learned from says how much that is.
    - In a session the label of one step stands before the next one. For a bound towards single
      labels take one step of each session, say the last.

    Args:
        clicked: int64 [n], the next items as they were, columns of the log-probabilities.
        target: of rows (a slice of the n steps) their log-probabilities under the model under
            audit, float [c, V], natural.
        reference: the same under a model that never saw these steps; [1, V] for one that does not
            look at what came before.
        seed: root of coins and draws; they do not depend on ``rows_at_once``.
        rows_at_once: steps held in memory together.

    Raises:
        DataError: a shape that does not fit, probabilities that do not sum to 1, NaN, or a clicked
            item that the reference rules out.
    """
    clicked = np.asarray(clicked)
    n = len(clicked)
    real = generator(seed, "observational", "coins").random(n) < 0.5
    place = generator(seed, "observational", "draws").random(n)
    items, scores = clicked.astype(np.int64), np.empty(n)
    for start in range(0, n, rows_at_once):
        part = slice(start, min(start + rows_at_once, n))
        of_target = _checked(target(part), part, "target")
        of_reference = _checked(reference(part), part, "reference")
        if of_target.shape[1] != of_reference.shape[1]:
            raise DataError(
                f"The target knows {of_target.shape[1]} items, the reference "
                f"{of_reference.shape[1]}."
            )
        if items[part].min() < 0 or items[part].max() >= of_target.shape[1]:
            raise DataError(f"A clicked item is none of the {of_target.shape[1]} columns.")
        mass = np.cumsum(np.exp(of_reference), axis=1)
        drawn = (mass <= place[part, None] * mass[:, -1:]).sum(axis=1)
        shown = np.where(real[part], items[part], drawn)
        rows = np.arange(len(shown))
        under_reference = of_reference[rows, items[part]]
        if np.isneginf(under_reference).any():
            row = start + int(np.isneginf(under_reference).argmax())
            raise DataError(
                f"The reference rules out item {items[row]}, which was clicked at step {row}.",
                remedy="smooth the reference, or leave such steps out",
            )
        items[part] = shown
        scores[part] = of_target[rows, shown] - of_reference[rows, shown]
    return Shown(items, real, scores)


def _checked(log_probabilities: np.ndarray, part: slice, whose: str) -> np.ndarray:
    """Log-probabilities float64 [c, V], each row of mass 1."""
    steps = part.stop - part.start
    found = np.asarray(log_probabilities, dtype=np.float64)
    if found.ndim != 2 or found.shape[0] not in (1, steps):
        raise DataError(f"The {whose}'s log-probabilities of {steps} steps are {found.shape}.")
    mass = np.exp(found).sum(axis=1)
    wrong = ~(np.abs(mass - 1) <= _MASS)  # NaN is wrong as well
    if wrong.any():
        raise DataError(
            f"The {whose}'s probabilities at step {part.start + int(wrong.argmax())} sum to "
            f"{mass[wrong][0]:g}, not to 1.",
            remedy="give natural logarithms of probabilities over all items, not logits",
        )
    return np.broadcast_to(found, (steps, found.shape[1]))
