"""Every metric of an attack under weights of its units: a bootstrap asks for thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.evaluation import metrics
from recmia.evaluation.measurement import ScoredUnits

RANKING = (metrics.ROC_AUC,)
ALL = (metrics.ROC_AUC, *metrics.THRESHOLD_METRICS)


@dataclass(frozen=True)
class Asked:
    """The metrics that are wanted.

    Attributes:
        names: of the metrics, in order.
        fprs: false positive rates of the last of them, TPR at each.
    """

    names: tuple[str, ...]
    fprs: tuple[float, ...]

    @classmethod
    def of(
        cls,
        runs: Sequence[ScoredUnits],
        fprs: Sequence[float] = (),
        *,
        metric_names: Sequence[str] = ALL,
    ) -> Asked:
        """``metric_names`` and TPR at the rates that all runs have enough non-members for.

        A rate is measurable by :func:`recmia.evaluation.metrics.fpr_is_measurable`.
        """
        fewest = min(int((~np.asarray(run.membership, dtype=bool)).sum()) for run in runs)
        left = tuple(fpr for fpr in fprs if metrics.fpr_is_measurable(fpr, fewest))
        return cls((*metric_names, *map(metrics.tpr_at_fpr_name, left)), left)

    def alike(self, runs: Sequence[ScoredUnits]) -> np.ndarray:
        """bool [runs, names]: whether what the metric looks at is the same of everybody."""
        rows = []
        for run in runs:
            scores = np.asarray(run.scores)
            guesses = scores >= run.threshold
            guessed, scored = guesses.min() == guesses.max(), scores.min() == scores.max()
            rows.append([guessed if n in metrics.THRESHOLD_METRICS else scored for n in self.names])
        return np.array(rows, dtype=bool)


@dataclass(frozen=True)
class WeightedMetrics:
    """Members and non-members of one run, each sorted by falling score.

    Attributes:
        asked: the metrics.
        members: int64, positions of members in the run.
        outsiders: int64, positions of non-members.
        above: int64 [non-members], members that score higher.
        level: int64 [non-members], members that score higher or equal.
        guessed: members and non-members at or above the threshold.
    """

    asked: Asked
    members: np.ndarray
    outsiders: np.ndarray
    above: np.ndarray
    level: np.ndarray
    guessed: tuple[int, int]

    @classmethod
    def of(cls, run: ScoredUnits, asked: Asked) -> WeightedMetrics:
        """Sort a run once.

        Raises:
            DataError: NaN scores, lengths that differ, or members or non-members are missing.
        """
        scores, membership = metrics.checked(run.scores, run.membership)
        if len(run.groups) != len(scores):
            raise DataError(f"{len(run.groups)} groups for {len(scores)} scores.")
        falling = np.argsort(-scores, kind="stable")
        members, outsiders = falling[membership[falling]], falling[~membership[falling]]
        inside, outside = -scores[members], -scores[outsiders]
        return cls(
            asked,
            members,
            outsiders,
            np.searchsorted(inside, outside, side="left"),
            np.searchsorted(inside, outside, side="right"),
            tuple(int((side <= -run.threshold).sum()) for side in (inside, outside)),
        )

    def at(self, weights: np.ndarray) -> np.ndarray:
        """[rows, names] for weights [rows, units]: sums of whole numbers, exact in float64."""
        weight_out = weights[:, self.outsiders]
        inside = _running(weights[:, self.members])
        outside = _running(weight_out)
        total_in, total_out = inside[:, -1], outside[:, -1]
        pairs = np.einsum("ij,ij->i", weight_out, inside[:, self.above])
        pairs += np.einsum("ij,ij->i", weight_out, inside[:, self.level])
        hits, alarms = inside[:, self.guessed[0]], outside[:, self.guessed[1]]
        tpr, fpr = hits / total_in, alarms / total_out
        found = {
            metrics.ROC_AUC: pairs / (2 * total_in * total_out),
            metrics.HARD_LABEL_AUC: (tpr + 1 - fpr) / 2,
            metrics.ACCURACY: (hits + total_out - alarms) / (total_in + total_out),
            metrics.PRECISION: hits / np.maximum(hits + alarms, 1),
            metrics.RECALL: tpr,
            metrics.F1: 2 * hits / (hits + alarms + total_in),
        }
        rows = np.arange(len(weights))
        for rate in self.asked.fprs:
            allowed = np.floor(rate * total_out + 1e-6)
            barrier = (outside[:, 1:] <= allowed[:, None]).sum(axis=1)
            found[metrics.tpr_at_fpr_name(rate)] = inside[rows, self.above[barrier]] / total_in
        return np.stack([found[name] for name in self.asked.names], axis=1)


def _running(weights: np.ndarray) -> np.ndarray:
    total = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=total[:, 1:])
    return total
