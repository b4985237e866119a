"""Metrics of membership inference on one set of scored units.

A unit (a session) is guessed a member where its score is at least the threshold. "AUC" names two
things in this literature: the area under the ROC curve, and, in the released code of Biased-MIA
and DL-MIA, the balanced accuracy of hard guesses; both are here under names that tell them apart.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from scipy.stats import rankdata
from sklearn import metrics as sk

from recmia.errors import DataError

ROC_AUC = "ROC AUC"
HARD_LABEL_AUC = "hard-label AUC"
ACCURACY = "accuracy"
PRECISION = "precision"
RECALL = "recall"
F1 = "F1"
THRESHOLD_METRICS = (HARD_LABEL_AUC, ACCURACY, PRECISION, RECALL, F1)


def tpr_at_fpr_name(fpr: float) -> str:
    """Name of the metric, such as ``TPR at 0.1% FPR`` for 0.001."""
    return f"TPR at {100 * fpr:g}% FPR"


def checked(scores: np.ndarray, membership: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores as float64 [n] and membership as bool [n].

    Raises:
        DataError: the lengths differ, a score is not a number, or one class is empty.
    """
    scores = np.asarray(scores, dtype=np.float64)
    membership = np.asarray(membership, dtype=bool)
    if scores.ndim != 1 or scores.shape != membership.shape:
        raise DataError(f"{scores.shape} scores do not match {membership.shape} labels.")
    if np.isnan(scores).any():
        raise DataError(
            f"{int(np.isnan(scores).sum())} of {len(scores)} scores are not numbers.",
            remedy="look for a diverged model or attack; -inf and inf are allowed, NaN is not",
        )
    if membership.all() or not membership.any():
        raise DataError("Membership is measured on both members and non-members; one is missing.")
    return scores, membership


def roc_auc(scores: np.ndarray, membership: np.ndarray) -> float:
    """Area under the ROC curve: P(member's score > non-member's) + half of P(equal).

    Exact Mann-Whitney statistic over mid-ranks, so ties count one half.

    Args:
        scores: float [n], higher is more likely a member.
        membership: bool [n].
    """
    scores, membership = checked(scores, membership)
    members = int(membership.sum())
    rank_sum = rankdata(scores)[membership].sum()
    pairs = members * (len(scores) - members)
    return float((rank_sum - members * (members + 1) / 2) / pairs)


def hard_label_auc(predicted: np.ndarray, membership: np.ndarray) -> float:
    """Balanced accuracy (TPR + 1 - FPR) / 2 of hard guesses.

    This is the "AUC" of the released code of Biased-MIA (CCS 2021) and DL-MIA (KDD 2022).

    Args:
        predicted: bool [n], guessed members.
        membership: bool [n].
    """
    predicted, membership = checked(predicted, membership)
    return float(sk.balanced_accuracy_score(membership, predicted.astype(bool)))


def accuracy(scores: np.ndarray, membership: np.ndarray, threshold: float) -> float:
    """Share of right guesses at ``threshold``."""
    scores, membership = checked(scores, membership)
    return float(((scores >= threshold) == membership).mean())


def precision(scores: np.ndarray, membership: np.ndarray, threshold: float) -> float:
    """Share of members among the guessed members; 0 where nobody is guessed a member."""
    scores, membership = checked(scores, membership)
    return float(sk.precision_score(membership, scores >= threshold, zero_division=0))


def recall(scores: np.ndarray, membership: np.ndarray, threshold: float) -> float:
    """Share of the members that are guessed members: the true positive rate."""
    scores, membership = checked(scores, membership)
    return float((scores[membership] >= threshold).mean())


def f1(scores: np.ndarray, membership: np.ndarray, threshold: float) -> float:
    """Harmonic mean of precision and recall; 0 where there is no true positive."""
    scores, membership = checked(scores, membership)
    return float(sk.f1_score(membership, scores >= threshold, zero_division=0))


def fpr_is_measurable(fpr: float, nonmembers: int) -> bool:
    """Whether ``nonmembers`` units support a claim at false positive rate ``fpr``.

    Rule of three: no false positive among n non-members bounds the rate by 3/n only (95%), so a
    claim at ``fpr`` needs n >= 3 / fpr: 300 non-members for 1%, 3,000 for 0.1%.
    """
    return nonmembers >= ceil(3 / fpr - 1e-6)


def allowed_false_positives(fpr: float, nonmembers: int) -> int:
    """Largest count of false positives whose measured rate is at most ``fpr``."""
    return floor(fpr * nonmembers + 1e-6)


def tpr_at_fpr(scores: np.ndarray, membership: np.ndarray, fpr: float) -> float | None:
    """True positive rate at a low false positive rate (Carlini et al. 2022, section III).

    Conservative: the largest TPR over thresholds whose measured FPR is at most ``fpr``, without
    interpolation between thresholds; tied units are guessed alike.

    Args:
        scores: float [n].
        membership: bool [n].
        fpr: the rate, in (0, 1).

    Returns:
        The rate, or None with fewer than 3 / ``fpr`` non-members (:func:`fpr_is_measurable`).
    """
    scores, membership = checked(scores, membership)
    outsiders = np.sort(scores[~membership])[::-1]
    if not fpr_is_measurable(fpr, len(outsiders)):
        return None
    # The first non-member that may not be guessed a member, and whatever ties with it, stay out.
    barrier = outsiders[allowed_false_positives(fpr, len(outsiders))]
    return float((scores[membership] > barrier).mean())


def roc_curve(scores: np.ndarray, membership: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the ROC curve.

    On logarithmic axes start at 1 / (number of non-members): a rate of 0 cannot be drawn, and
    smaller rates were not measured.

    Returns:
        False positive rates and true positive rates, float64, rising from (0, 0) to (1, 1).
    """
    scores, membership = checked(scores, membership)
    # Ranks keep the order and the ties, and are finite where a log-probability is not.
    false_positive, true_positive, _ = sk.roc_curve(membership, rankdata(scores))
    return false_positive, true_positive
