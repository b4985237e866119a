"""One verdict that follows from intervals, and what it means, in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from recmia.evaluation.predictive_value import predictive_interval, predictive_value

LEAK, UNEQUAL, NONE_FOUND, OPEN = (
    "It leaks",
    "The cohorts differ by themselves",
    "No leak found",
    "Open",
)
LESS, MORE, NO_CHANGE = "It leaks less", "It leaks more", "No change shown"
CHANCE = 0.5  # ROC AUC of guessing
RARE = 0.01  # share of members among those who may be accused, where the worth is told

Limits = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """A share with its limits.

    Attributes:
        value: from 0 to 1.
        limits: lower and upper; both the value where it is fixed.
    """

    value: float
    limits: Limits

    @property
    def in_a_thousand(self) -> str:
        """Such as "312 [300, 330]"."""
        low, high = (1000 * limit for limit in self.limits)
        shown = f"{1000 * self.value:.0f}"
        return shown if low == high else f"{shown} [{low:.0f}, {high:.0f}]"


def judge(attack: Limits, blind: Limits) -> str:
    """The verdict on an attack's ROC AUC.

    Args:
        attack: limits of its interval.
        blind: limits of what is told without looking at what a model learned.

    Returns:
        `LEAK` above chance and above the blind baseline; `UNEQUAL` where the baseline is above
        chance and the attack not above it; `NONE_FOUND` where the attack is not above chance;
        else `OPEN`.
    """
    if attack[0] > max(CHANCE, blind[1]):
        return LEAK
    if blind[0] > CHANCE:
        return UNEQUAL
    return NONE_FOUND if attack[0] <= CHANCE else OPEN


def judge_change(difference: Limits) -> str:
    """The verdict on a difference of ROC AUC, after minus before.

    Args:
        difference: limits of its interval.

    Returns:
        `LESS` or `MORE` where the interval excludes zero, else `NO_CHANGE`.
    """
    if difference[1] < 0:
        return LESS
    return MORE if difference[0] > 0 else NO_CHANGE


def largest_missed(attack: Limits) -> float:
    """The ROC AUC up to which a leak would look like none."""
    return max(CHANCE, attack[1])


def reason(verdict: str, attack: Limits, observer: str, blind: str) -> str:
    """Why a verdict was reached.

    Args:
        verdict: of `judge`.
        attack: limits of the attack's interval.
        observer: who tells without the model, such as "a classifier that sees no model".
        blind: what the observer has, such as "a ROC AUC of 0.501 [0.480, 0.520]".
    """
    if verdict == LEAK:
        return (
            "The attack's interval lies above one half and above that of "
            f"{observer}, which has {blind}."
        )
    if verdict == UNEQUAL:
        return (
            f"{observer[0].upper()}{observer[1:]} has {blind} already, and the attack's interval "
            "does not lie above that. What is found is no evidence of membership."
        )
    if verdict == NONE_FOUND:
        return (
            "The attack's interval does not lie above one half, which is guessing. A leak with a "
            f"ROC AUC of up to {largest_missed(attack):.3f} would look the same."
        )
    return (
        "The attack's interval lies above one half, but not above that of "
        f"{observer}, which has {blind}."
    )


def severity(
    threshold: str,
    outsiders: str,
    members: str,
    rare: str,
    accused: Rate,
    found: Rate,
) -> str:
    """True and false positives in a thousand at a threshold, and what an accusation is worth.

    Args:
        threshold: which, such as "a threshold fixed on the shadows".
        outsiders: who is accused wrongly, such as "sessions that were not trained on".
        members: the others, such as "that were".
        rare: a prior of 1% in words, such as "one session in a hundred was trained on".
        accused: false positive rate.
        found: true positive rate.
    """
    worth = predictive_value(RARE, found.value, accused.value)
    text = (
        f"Of 1,000 {outsiders}, {accused.in_a_thousand} are accused at {threshold}, and of 1,000 "
        f"{members}, {found.in_a_thousand} are found."
    )
    if worth is None:
        return f"{text} Nobody was accused, so that there is nothing to say of an accusation."
    low, high = predictive_interval(RARE, found.limits, accused.limits)
    return f"{text} Where {rare}, {worth:.0%} [{low:.0%}, {high:.0%}] of accusations are right."
