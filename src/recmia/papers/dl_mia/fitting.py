"""Plans the fits of notebook 12, many of equal shape side by side, and keeps their scores."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, Runs
from recmia.experiments.stacking import stacked
from recmia.experiments.study import Study
from recmia.papers.dl_mia.fits import Fit, Scored
from recmia.papers.dl_mia.worlds import worlds

MOST_MODELS, MOST_NUMBERS = 27, 40_000_000  # of a stack


def fit_all(study: Study, scored: Iterable[Scored]) -> dict[Scored, Runs]:
    """Train every fit of these attacks; finished stacks are kept.

    Args:
        study: the run; lists and item vectors are there.
        scored: attacks.

    Returns:
        Where the scores of each attack are, a place a seed.
    """
    wanted = list(dict.fromkeys(scored))
    made = Fits(study)
    stacks = made.stacks({one.fit for one in wanted})
    kept = [made.scores(members) for _, members in stacks]
    costs = [made.cost(shape, len(members)) for shape, members in stacks]
    make_all(study, list(dict.fromkeys(f for k in kept for f in k.inputs)), label="features")
    make_all(study, kept, costs=costs, label="DL-MIA")
    places = {
        member: (scores, row)
        for scores, (_, members) in zip(kept, stacks, strict=True)
        for row, member in enumerate(members)
    }

    def runs(one: Scored) -> Runs:
        found = [places[one.fit, seed] for seed in study.seeds()]
        return tuple(Place(scores, one.attack, row) for scores, row in found)

    return {one: runs(one) for one in wanted}


Member = tuple[Fit, int]  # a fit and a seed


class Fits:
    """Kept results of one study.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.study, self.settings, self.worlds = study, study.settings.dl_mia, worlds(study)
        # Many fits share their features; one object of each is compared once.
        self.features = cache(self._features)

    def stacks(self, fits: Iterable[Fit]) -> list[tuple[tuple, tuple[Member, ...]]]:
        """Fits and seeds that are trained in one pass, with their shape."""
        members = [(fit, seed) for fit in sorted(fits) for seed in self.study.seeds()]
        return stacked(members, cache(self._shape), _most)

    def _shape(self, member: Member) -> tuple:
        """Units of shadow and target, width, and the kind of the fit."""
        fit, seed = member
        units = [
            min(self.worlds[fit.half].settings.most_users, self._users(fit.half, *side, seed))
            for side in ((fit.shadow.data, "shadow"), (fit.target.data, "target"))
        ]
        kind = (fit.half, fit.encoder, fit.leak, fit.held_out, fit.texts)
        return (*units, fit.shadow.l, *kind)

    def cost(self, shape: tuple, members: int) -> float:
        """About how long a stack takes, in units of its own."""
        n, others, width, _, _, leak, *_ = shape
        return members * (n + others) * width * (1 + 2 * leak) / 1e6
