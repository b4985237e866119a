"""What notebook 13 attacks: groups of trials, each a figure of the paper or a control."""

from __future__ import annotations

from dataclasses import dataclass

from recmia.inversion.attack import DESCENT, HELD, LINKED_RANDOM, RANDOM
from recmia.papers.model_inversion.settings import ModelInversionStudy

POISONING = "Figure 5"
CAMOUFLAGE = "Figure 6"
KNOWLEDGE = "Figure 7"
ITEMS = "Sensitive items"
DEFENCE = "Defence"
REASONS = "Reasons"
DESCENT_PATH = "Descent"

# Who rated the sensitive item: those who did; as many others; as many others and only highest.
AS_THEY_DID, SHUFFLED, HIGHEST_SHUFFLED = "as they did", "shuffled", "highest only, shuffled"

# What the attacks are called in tables.
NAMES = {
    DESCENT: "Algorithm 2, descended until R settles",
    HELD: "Algorithm 2, links held",
    RANDOM: "Li et al.: items at random",
    LINKED_RANDOM: "links held, other items at random",
}


@dataclass(frozen=True)
class Trial:
    """One attack on one system; repeated with other trainings, simulated users and decoys.

    Attributes:
        choice: which items malicious users rate, see `recmia.inversion.attack.Attacker`.
        share: α; 0 for no poisoning at all.
        camouflage: μ.
        known: β, share of the users whose ratings the adversary knows; None where V is known.
        item: which sensitive item, the 0th most often rated highest.
        epsilon: ε of the differentially private factorisation; None for least squares.
        factors: k where it is not the system's.
        raters: who rated the sensitive item: see above. Others are drawn at random, so that the
            item has nothing to do with anybody's taste.
        rare: whether decoys are drawn from the least rated fifth of the items.
        steps: most steps of the descent, short ones; None for the profile's.
    """

    choice: str
    share: float
    camouflage: float = 0.0
    known: float | None = None
    item: int = 0
    epsilon: float | None = None
    factors: int | None = None
    raters: str = AS_THEY_DID
    rare: bool = False
    steps: int | None = None


def trials_of(settings: ModelInversionStudy, system: str, group: str, items: int) -> list[Trial]:
    """The trials of a group on a system.

    Args:
        settings: the section of the profile.
        system: name of the system.
        group: one of the groups above.
        items: sensitive items that somebody rated highest.
    """
    about = settings.systems[system]
    most = max(settings.shares)
    if group == POISONING:
        # Items drawn at random are a comparison: on the main systems only.
        choices = (DESCENT, HELD, LINKED_RANDOM, RANDOM) if about.main else (DESCENT, HELD)
        shares = settings.shares
        return [Trial(HELD, 0.0), *(Trial(c, share) for c in choices for share in shares)]
    if group == CAMOUFLAGE:
        levels = (0.0, *settings.datasets[about.data].camouflages)
        return [Trial(c, most, camouflage=mu) for c in (DESCENT, HELD) for mu in levels]
    if group == KNOWLEDGE:
        return [
            Trial(DESCENT, share, known=beta)
            for share in settings.known_poisoning
            for beta in (*settings.known_shares, None)
        ]
    if group == ITEMS:
        return [Trial(HELD, most, item=i) for i in range(min(settings.other_items, items))]
    if group == DEFENCE:
        return [Trial(HELD, most, epsilon=epsilon) for epsilon in (*settings.epsilons, None)]
    if group == REASONS:
        return [
            Trial(HELD, most),
            *(Trial(HELD, most, factors=k) for k in settings.more_factors),
            *(Trial(HELD, share) for share in settings.more_poisoning),
            Trial(HELD, most, rare=True),
            Trial(HELD, most, raters=SHUFFLED),
            Trial(HELD, most, raters=HIGHEST_SHUFFLED),
        ]
    return [Trial(DESCENT, most, steps=steps) for steps in settings.path]


def groups_of(settings: ModelInversionStudy, system: str) -> dict[str, int]:
    """Groups that are run on a system, and how often."""
    if not settings.systems[system].main:
        return {POISONING: settings.control_repeats}
    groups = dict.fromkeys((POISONING, CAMOUFLAGE, KNOWLEDGE), settings.repeats)
    return groups | dict.fromkeys((ITEMS, DEFENCE, REASONS, DESCENT_PATH), settings.control_repeats)
