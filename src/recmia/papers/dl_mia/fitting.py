"""Plans the fits of notebook 12, many of equal shape side by side, and keeps their scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from typing import Any

from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, Runs
from recmia.experiments.stacking import stacked
from recmia.experiments.study import Study
from recmia.lists.cohorts import load_side
from recmia.lists.views import View
from recmia.papers.dl_mia.fits import Fit, Scored
from recmia.papers.dl_mia.scoring import keep_features, keep_scores, schedule_of
from recmia.papers.dl_mia.texts import text_vectors
from recmia.papers.dl_mia.worlds import worlds
from recmia.seeds import child_seed
from recmia.storage import content_hash

MOST_MODELS, MOST_NUMBERS = 27, 40_000_000  # of a stack
Member = tuple[Fit, int]  # a fit and a seed


def fit_all(study: Study, scored: Iterable[Scored]) -> dict[Scored, Runs]:
    """Train every fit of these attacks; finished stacks are kept.

    Args:
        study: the run; lists and item vectors are there.
        scored: attacks.

    Returns:
        Where the scores of each attack are, a place a seed.
    """
    wanted, fits = list(dict.fromkeys(scored)), Fits(study)
    stacks = fits.stacks({one.fit for one in wanted})
    kept = [fits.scores(members) for _, members in stacks]
    make_all(study, list(dict.fromkeys(x for k in kept for x in k.inputs)), label="features")
    costs = [_cost(shape, len(members)) for shape, members in stacks]
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


class Fits:
    """What is kept of the fits of one study.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.study, self.settings, self.worlds = study, study.settings.dl_mia, worlds(study)
        # Many fits share features and users.
        self.features, self._users = cache(self.features), cache(self._users)

    def features(self, half: str, view: View, side: str, seed: int, texts: bool = False) -> Kept:
        """Difference vectors of the users of a side that are attacked (`keep_features`)."""
        name = f"{view.name}-{side}-{content_hash(asdict(view), texts)[:8]}.npz"
        path = self.worlds[half].folder / "features" / f"seed{seed}" / name
        return Kept(path, keep_features, **self.attacked(half, view, side, seed, texts))

    def attacked(
        self, half: str, view: View, side: str, seed: int, texts: bool = False
    ) -> dict[str, Any]:
        """Arguments of `recmia.papers.dl_mia.scoring.attacked`."""
        world, root = self.worlds[half], self.study.settings.root_seed
        scene = world.scene_parts(view, side, seed)
        if texts:
            scene["vectors"] = text_vectors(world, view.data, view.l)
        draw = child_seed(root, "dl-mia", "users", half, view.data, side, seed)
        return {"scene": scene, "most": world.settings.most_users, "seed": draw}

    def stacks(self, fits: Iterable[Fit]) -> list[tuple[tuple, tuple[Member, ...]]]:
        """Fits and seeds that are trained in one pass, with their shape."""
        members = [(fit, seed) for fit in sorted(fits) for seed in self.study.seeds()]
        return stacked(members, self._shape, _most)

    def scores(self, members: tuple[Member, ...]) -> Kept:
        """Scores of a stack (`keep_scores`), a row a member."""
        kind, half = members[0][0], members[0][0].half
        world, root = self.worlds[half], self.study.settings.root_seed
        name = content_hash([asdict(fit) | {"seed": seed} for fit, seed in members])[:16]
        seeds = [
            child_seed(
                root, "dl-mia", half, *f.shadow.seed_words, *f.target.seed_words, str(f.texts), seed
            )
            for f, seed in members
        ]
        # The halves of a target's users are the same for every shadow.
        halves = [
            child_seed(root, "dl-mia", "held out", half, fit.target.name, seed)
            for fit, seed in members
        ]
        return Kept(
            world.folder / "fits" / f"{name}.npz",
            keep_scores,
            [self.features(half, f.shadow, "shadow", seed, f.texts) for f, seed in members],
            [self.features(half, f.target, "target", seed, f.texts) for f, seed in members],
            seeds=seeds,
            held_out=halves if kind.held_out else None,
            leak=kind.leak,
            biased_epochs=world.settings.attack_epochs,
            schedule=schedule_of(self.settings, kind.encoder),
            device=self.study.device,
        )

    def _shape(self, member: Member) -> tuple:
        """Units of shadow and target, width, and the kind of the fit."""
        fit, seed = member
        most = self.worlds[fit.half].settings.most_users
        units = [
            min(most, self._users(fit.half, view.data, side, seed))
            for view, side in ((fit.shadow, "shadow"), (fit.target, "target"))
        ]
        kind = (fit.half, fit.encoder, fit.leak, fit.held_out, fit.texts)
        return (*units, fit.shadow.l, *kind)

    def _users(self, half: str, data: str, side: str, seed: int) -> int:
        split = self.worlds[half].split(data, seed)
        return len(load_side(split.ensure(), side).seen)


def _most(shape: tuple) -> int:
    n, others, width, *_ = shape
    return max(1, min(MOST_MODELS, MOST_NUMBERS // ((n + others) * width)))


def _cost(shape: tuple, members: int) -> float:
    n, others, width, _, _, leak, *_ = shape
    return members * (n + others) * width * (1 + 2 * leak) / 1e6
