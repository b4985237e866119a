"""What notebook 13 attacks: groups of trials, each a figure of the paper or a control."""

from __future__ import annotations

from recmia.inversion.attack import DESCENT, HELD, LINKED_RANDOM, RANDOM
from recmia.papers.model_inversion.playing import (
    FEW_RATED,
    HIGHEST_ONLY,
    HIGHEST_SHUFFLED,
    KNOWN_USERS,
    MANY_SIMULATED,
    SHORT_STEP,
    SHUFFLED,
    Trial,
)
from recmia.papers.model_inversion.settings import ModelInversionStudy
from recmia.papers.model_inversion.ways import LINKS_HELD, SETTLED, Way, ways_of

SEARCH = "Search"
RECOMMENDER = "Recommender"
POISONING = "Figure 5"
CAMOUFLAGE = "Figure 6"
KNOWLEDGE = "Figure 7"
ITEMS = "Sensitive items"
DEFENCE = "Defence"
REASONS = "Reasons"
DESCENT_PATH = "Descent"
# Groups of readings that are not the first; their rows stand with those of the first.
OTHERS = ", other readings"
NOT_FIRST = (POISONING + OTHERS, CAMOUFLAGE + OTHERS, KNOWLEDGE + OTHERS)

ALGORITHM = "Algorithm 2"
# What attacks are called in tables; how Algorithm 2 is read is a column of its own.
NAMES = {
    DESCENT: ALGORITHM,
    HELD: ALGORITHM,
    RANDOM: "Li et al.: items at random",
    LINKED_RANDOM: "links held, other items at random",
}


def along(way: Way, alpha: float, **what: object) -> Trial:
    """A trial of one reading of Algorithm 2."""
    return Trial(way.choice, alpha, move=way.move, steps=way.steps, **what)


def way_of(trial: Trial) -> Way:
    """The reading of Algorithm 2 that a trial follows."""
    return Way(trial.choice, trial.move, trial.steps)


def artefact_of(group: str) -> str:
    """Where a group's rows stand."""
    return group.removesuffix(OTHERS)


def others(first: Way) -> list[Way]:
    """The two ends between which readings lie, but for the first."""
    return [way for way in (LINKS_HELD, SETTLED) if way != first]


def searched(settings: ModelInversionStudy) -> list[Trial]:
    """The trials that the first reading is chosen by."""
    return [along(way, max(settings.shares)) for way in ways_of(settings)]


def trials_of(settings: ModelInversionStudy, system: str, group: str, first: Way) -> list[Trial]:
    """The trials of a group on a system whose first reading of Algorithm 2 is given."""
    most = max(settings.shares)
    camouflages = settings.datasets[settings.systems[system].data].camouflages
    if group == RECOMMENDER:
        return [Trial(HELD, 0.0)]
    if group == POISONING:
        return [Trial(HELD, 0.0), *(along(first, share) for share in settings.shares)]
    if group == POISONING + OTHERS:
        return [
            *(along(way, share) for way in others(first) for share in settings.shares),
            *(Trial(choice, most) for choice in (LINKED_RANDOM, RANDOM)),
        ]
    if group == CAMOUFLAGE:
        return [along(first, most, mu=mu) for mu in (0.0, *camouflages)]
    if group == CAMOUFLAGE + OTHERS:
        levels = (0.0, max(camouflages))
        return [along(way, most, mu=mu) for way in others(first) for mu in levels]
    if group == KNOWLEDGE:
        return [
            along(first, share, beta=beta)
            for share in settings.known_poisoning
            for beta in (*settings.known_shares, None)
        ]
    if group == KNOWLEDGE + OTHERS:
        betas = (*settings.known_shares, None)
        ways = [way for way in others(first) if way.choice == DESCENT]
        return [
            along(way, max(settings.known_poisoning), beta=beta) for way in ways for beta in betas
        ]
    if group == ITEMS:
        ways = dict.fromkeys((first, LINKS_HELD))
        return [along(way, most, item=i + 1) for way in ways for i in range(settings.other_items)]
    if group == DEFENCE:
        return [along(first, most, epsilon=epsilon) for epsilon in (*settings.epsilons, None)]
    if group == REASONS:
        # Links are held, so that what is changed acts on the recommender alone; then the descent.
        held, cases = LINKS_HELD, (FEW_RATED, HIGHEST_ONLY, SHUFFLED, HIGHEST_SHUFFLED)
        return [
            along(held, most),
            *(along(held, most, factors=k) for k in settings.more_factors),
            *(along(held, share) for share in settings.more_poisoning),
            *(along(held, most, case=case) for case in cases),
            *(along(SETTLED, most, case=case) for case in (None, MANY_SIMULATED, KNOWN_USERS)),
        ]
    return [Trial(DESCENT, most, move=SHORT_STEP, steps=steps) for steps in settings.path]


def groups_of(settings: ModelInversionStudy, *, first: bool) -> dict[str, int]:
    """Groups that are run on a system, and how often.

    Args:
        settings: the study.
        first: whether it is the system of its data set's first reading; of others the search
            tells all, but for how good they are.
    """
    if not first:
        return {RECOMMENDER: settings.control_repeats}
    groups = dict.fromkeys((POISONING, CAMOUFLAGE, KNOWLEDGE), settings.repeats)
    more = (*NOT_FIRST, ITEMS, DEFENCE, REASONS, DESCENT_PATH)
    return groups | dict.fromkeys(more, settings.control_repeats)
