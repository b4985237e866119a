"""What an accusation is worth: how many of those who are called members are."""

from __future__ import annotations

PRIORS = (0.01, 0.1, 0.5)  # shares of members among those who may be accused


def predictive_value(prior: float, tpr: float, fpr: float) -> float | None:
    """π TPR / (π TPR + (1 - π) FPR); None where nobody is called a member."""
    called = prior * tpr + (1 - prior) * fpr
    return prior * tpr / called if called > 0 else None


def predictive_interval(
    prior: float, tpr: tuple[float, float], fpr: tuple[float, float]
) -> tuple[float, float]:
    """Limits from those of both rates, at their worst and at their best.

    They hold at least at their level; 0 or 1 where nobody is called a member.
    """
    low = predictive_value(prior, tpr[0], fpr[1])
    high = predictive_value(prior, tpr[1], fpr[0])
    return 0.0 if low is None else low, 1.0 if high is None else high
