"""What notebook 13 attacks: groups of trials, each a figure of the paper or a control."""

from __future__ import annotations

from recmia.inversion.attack import DESCENT, HELD, LINKED_RANDOM, RANDOM
from recmia.papers.model_inversion.playing import FEW_RATED, HIGHEST_SHUFFLED, SHUFFLED, Trial
from recmia.papers.model_inversion.settings import ModelInversionStudy

POISONING = "Figure 5"
CAMOUFLAGE = "Figure 6"
KNOWLEDGE = "Figure 7"
ITEMS = "Sensitive items"
DEFENCE = "Defence"
REASONS = "Reasons"
DESCENT_PATH = "Descent"

# What the attacks are called in tables.
NAMES = {
    DESCENT: "Algorithm 2, descended until R settles",
    HELD: "Algorithm 2, links held",
    RANDOM: "Li et al.: items at random",
    LINKED_RANDOM: "links held, other items at random",
}


def trials_of(settings: ModelInversionStudy, system: str, group: str) -> list[Trial]:
    """The trials of a group, an artefact above, on a system."""
    about = settings.systems[system]
    most = max(settings.shares)
    if group == POISONING:
        # Items drawn at random are a comparison: on the main systems only.
        choices = (DESCENT, HELD, LINKED_RANDOM, RANDOM) if about.main else (DESCENT, HELD)
        shares = settings.shares
        return [Trial(HELD, 0.0), *(Trial(c, share) for c in choices for share in shares)]
    if group == CAMOUFLAGE:
        levels = (0.0, *settings.datasets[about.data].camouflages)
        return [Trial(c, most, mu=mu) for c in (DESCENT, HELD) for mu in levels]
    if group == KNOWLEDGE:
        return [
            Trial(DESCENT, share, beta=beta)
            for share in settings.known_poisoning
            for beta in (*settings.known_shares, None)
        ]
    if group == ITEMS:
        return [Trial(HELD, most, item=i + 1) for i in range(settings.other_items)]
    if group == DEFENCE:
        return [Trial(HELD, most, epsilon=epsilon) for epsilon in (*settings.epsilons, None)]
    if group == REASONS:
        return [
            Trial(HELD, most),
            *(Trial(HELD, most, factors=k) for k in settings.more_factors),
            *(Trial(HELD, share) for share in settings.more_poisoning),
            *(Trial(HELD, most, case=c) for c in (FEW_RATED, SHUFFLED, HIGHEST_SHUFFLED)),
        ]
    return [Trial(DESCENT, most, steps=steps) for steps in settings.path]


def groups_of(settings: ModelInversionStudy, system: str) -> dict[str, int]:
    """Groups that are run on a system, and how often."""
    if not settings.systems[system].main:
        return {POISONING: settings.control_repeats}
    groups = dict.fromkeys((POISONING, CAMOUFLAGE, KNOWLEDGE), settings.repeats)
    return groups | dict.fromkeys((ITEMS, DEFENCE, REASONS, DESCENT_PATH), settings.control_repeats)
