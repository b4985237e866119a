"""What the authors' own files say: their cells, and the proofs that nothing was trained."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product

import numpy as np

from recmia.data.registry import find_files
from recmia.experiments.kept import Kept
from recmia.experiments.rows import AS_RELEASED, CONTROL, Row
from recmia.papers.biased_mia.as_released import AsReleased
from recmia.papers.biased_mia.paper import PAPER
from recmia.released.authors import MOVIELENS, TITLES
from recmia.released.found import attack_rows, range_row
from recmia.released.keeping import HARD, ROC, SAME
from recmia.released.proofs import RELEASED, keep_proofs, seed_of
from recmia.released.recipe import Planned
from recmia.released.settings import AUTHORS
from recmia.released.study import together
from recmia.released.world import FACTORS, ITEM, NCF
from recmia.storage import read_json

FILES, PROOFS = "Authors' files", "Proofs"
KINDS = (ITEM, FACTORS, NCF)


class AuthorsFiles:
    """Their MovieLens split with their NCF lists, and every proof; nothing without the files.

    Args:
        released: the draws as released, which have the cells on Amazon.
    """

    def __init__(self, released: AsReleased) -> None:
        self.released, self.study = released, released.study
        self.at_hand = bool(self.study.settings.authors)

    def make(self) -> None:
        """Draw and measure what is not current."""
        if self.at_hand:
            self.study.make([*self._movielens, self._proofs], label="the authors' files")

    def rows(self) -> Iterator[Row]:
        """Cells of MovieLens on their split, and the proofs."""
        if not self.at_hand:
            return
        arrays = together(self._movielens, (HARD, ROC, SAME), axis=1)
        for (s, shadow), (t, target) in product(enumerate(KINDS), repeat=2):
            found = {name: values[0, :, s, t] for name, values in arrays.items()}
            columns = self.released.columns(("M", shadow), ("M", target), artefact=FILES)
            yield from attack_rows(found, **columns | {"dataset": TITLES[MOVIELENS]})
        for fact in read_json(self._proofs.path):
            values = fact.pop("values")
            columns = {"study": PAPER.name, "artefact": PROOFS, **fact}
            columns |= {"dataset": TITLES[columns.pop("data")]}
            columns["reading"] = AS_RELEASED if fact["case"] == RELEASED else CONTROL
            if len(values) == 1:
                yield Row(**columns, value=values[0])
            else:
                yield range_row(np.array(values), **columns)

    @cached_property
    def _movielens(self) -> list[Kept]:
        plan = Planned(self.study.base, self.study.settings.draws, ranked=True)
        files = self.study.authors_place(MOVIELENS)
        blocks = range(len(self.study.blocks))
        return [self.study.draws("authors", "M", files, [plan], block) for block in blocks]

    @cached_property
    def _proofs(self) -> Kept:
        world = self.released.world
        return Kept(
            world.folder / "released" / "proofs.json",
            keep_proofs,
            find_files(AUTHORS, world.study.paths.data),
            draws=self.study.of_block(self.study.settings.sweep_draws),
            seed=seed_of(world.study.settings.root_seed),
        )
