"""The reading "as released" of one study: what is drawn, how often, and where it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from recmia.data.registry import find_files
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.lists.views import view_of
from recmia.lists.world import ListWorld
from recmia.released import content, keeping, neural_cf, splits
from recmia.released.recipe import Planned, Recipe
from recmia.released.settings import AUTHORS, Released
from recmia.released.world import CONTENT, FACTORS, ITEM, NCF
from recmia.seeds import child_seed
from recmia.storage import read_arrays


@dataclass(frozen=True)
class ReleasedStudy:
    """Plans and reads the draws.

    Draws are cut into blocks, one a seed of the study: a block has a split of its own and an NCF
    of its own, the two parts of the recipe that are slow to repeat.

    Attributes:
        lists: the study's data sets.
        settings: how often, and on what.
        content: letter of the data set that has a content-based recommender, "" for none.
    """

    lists: ListWorld
    settings: Released
    content: str = ""

    @cached_property
    def base(self) -> Recipe:
        """As released; a profile for tests trains for fewer epochs and sees shorter lists."""
        recipe = Recipe(k=min(Recipe.k, self.settings.top_k))
        return replace(recipe, training=replace(recipe.training, epochs=self.settings.epochs))

    @property
    def blocks(self) -> list[list[int]]:
        """Numbers of the draws, by seed."""
        seeds, draws = self.lists.seeds, range(self.settings.draws)
        return [[d for d in draws if d % len(seeds) == seed] for seed in seeds]

    @property
    def more_blocks(self) -> list[list[int]]:
        """Numbers of the further draws, which go on with the same splits, by seed."""
        first, seeds = self.settings.draws, len(self.lists.seeds)
        draws = range(first, first + self.settings.more_draws)
        return [[d for d in draws if d % seeds == seed] for seed in range(seeds)]

    def of_block(self, draws: int) -> int:
        """Draws of a block where there are that many in all."""
        return -(-draws // len(self.blocks))

    def kinds(self, data: str) -> tuple[str, ...]:
        """Recommenders that are there, in the order of what is kept."""
        if data in self.settings.authors:
            return ITEM, FACTORS, NCF
        return self.own_kinds(data)

    def own_kinds(self, data: str) -> tuple[str, ...]:
        """Those on the study's own records."""
        more = [*([NCF] if self.trains_ncf else []), *([CONTENT] if data == self.content else [])]
        return ITEM, FACTORS, *more

    @property
    def trains_ncf(self) -> bool:
        """Whether a network is trained on records of the study's own."""
        return NCF in self.lists.settings.algorithms

    def seed(self, data: str, *names: str | int) -> int:
        """A seed of one data set; the same in every study."""
        return child_seed(self.lists.study.settings.root_seed, "released", data, *names)

    def split(self, data: str, seed: int, *, people: bool = False) -> Kept:
        """Records dealt out (`splits.split_records`)."""
        name = f"{data}-{seed}" + ("-people" if people else "")
        return Kept(
            self._folder / "splits" / f"{name}.npz",
            splits.keep_split,
            self.lists.data(data),
            least=self.settings.least_of(data),
            seed=self.seed(data, "split", seed),
            people=people,
        )

    def ncf(self, data: str, seed: int, *, people: bool = False) -> Kept:
        """NCF's lists with one split."""
        name = f"{data}-{seed}" + ("-people" if people else "")
        return Kept(
            self._folder / "ncf" / f"{name}.npz",
            neural_cf.keep_lists,
            self.split(data, seed, people=people),
            seed=self.seed(data, "ncf", seed),
            epochs=self.settings.ncf_epochs,
            top_k=self.settings.top_k,
        )

    def place(self, data: str, seed: int, *, people: bool = False) -> dict[str, Any]:
        """What `keeping.open_world` opens."""
        if authors := self.settings.authors.get(data):
            return self.authors_place(authors)
        return self.own_place(data, seed, people=people)

    def own_place(self, data: str, seed: int, *, people: bool = False) -> dict[str, Any]:
        """The same on the study's own records, whether or not authors' files stand for them."""
        found: dict[str, Any] = {"split": self.split(data, seed, people=people)}
        if self.trains_ncf:
            found["ncf"] = self.ncf(data, seed, people=people)
        if data == self.content and not people:
            view = view_of(self.lists.settings, data, CONTENT)
            _, told = self.lists.recommender(view.model("shadow", seed))
            found["content"] = Kept(
                self._folder / "content" / f"{data}-{seed}.npz",
                content.keep_lists,
                self.split(data, seed),
                told["interactions"],
                told["metadata"],
                top_k=self.settings.top_k,
            )
        return found

    def authors_place(self, name: str, *, drawn: bool = False) -> dict[str, Any]:
        """The world of the authors' own files (`recmia.released.authors.load_authors`)."""
        files = find_files(AUTHORS, self.lists.study.paths.data)
        return {"authors": name, "files": files, "drawn": drawn}

    @property
    def candidates(self) -> int:
        """Popular items that are kept: enough for the smallest ratio of the defence."""
        return 20 * self.settings.top_k

    def draws(
        self,
        name: str,
        data: str,
        place: dict[str, Any],
        plans: Sequence[Planned],
        block: int,
        *,
        more: bool = False,
    ) -> Kept:
        """A block of draws (`keeping.keep_draws`), or of the further ones."""
        return Kept(
            self._folder / name / f"{data}-{block}.npz",
            keeping.keep_draws,
            place,
            list(plans),
            draws=(self.more_blocks if more else self.blocks)[block],
            seed=self.seed(data),
            top_k=self.settings.top_k,
            candidates=self.candidates,
        )

    def crossed(
        self, data: str, shadows: dict[str, list[Kept]], block: int, *, more: bool = False
    ) -> Kept:
        """The users of a data set scored by perceptrons of others (`keeping.keep_crossed`)."""
        return Kept(
            self._folder / ("crossed more" if more else "crossed") / f"{data}-{block}.npz",
            keeping.keep_crossed,
            self.place(data, block),
            {name: kept[block] for name, kept in shadows.items()},
            self.base,
            draws=(self.more_blocks if more else self.blocks)[block],
            seed=self.seed(data),
            top_k=self.settings.top_k,
            candidates=self.candidates,
        )

    def make(self, kept: Iterable[Kept], label: str, costs: Iterable[float] | None = None) -> None:
        """Make what is not current, side by side."""
        make_all(self.lists.study, list(kept), label=label, costs=costs)

    @property
    def _folder(self):
        return self.lists.folder / "released"


def together(blocks: Iterable[Kept], names: Sequence[str], axis: int) -> dict[str, np.ndarray]:
    """Arrays of several blocks, one after the other along the axis of the draws."""
    saved = [read_arrays(kept.path, names) for kept in blocks]
    return {name: np.concatenate([one[name] for one in saved], axis=axis) for name in names}
