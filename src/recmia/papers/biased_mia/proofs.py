"""What the authors' own files prove: that nothing was trained."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from recmia.data.registry import find_files
from recmia.experiments.kept import Kept
from recmia.experiments.rows import AS_RELEASED, CONTROL, Row
from recmia.papers.biased_mia.as_released import AsReleased
from recmia.papers.biased_mia.paper import PAPER
from recmia.released.authors import TITLES
from recmia.released.found import range_row
from recmia.released.proofs import RELEASED, keep_proofs, seed_of
from recmia.released.settings import AUTHORS
from recmia.storage import read_json

PROOFS = "Proofs"


class Proofs:
    """Facts of their files beside draws of the recipe; nothing without the files.

    Args:
        released: the draws as released, which have the cells on their files.
    """

    def __init__(self, released: AsReleased) -> None:
        self.released, self.study = released, released.study
        self.at_hand = bool(self.study.settings.authors)

    def make(self) -> None:
        """Measure what is not current."""
        if self.at_hand:
            self.study.make([self._kept], label="the authors' files")

    def rows(self) -> Iterator[Row]:
        """Every fact."""
        if not self.at_hand:
            return
        for fact in read_json(self._kept.path):
            values = fact.pop("values")
            columns = {"study": PAPER.name, "artefact": PROOFS, **fact}
            columns |= {"dataset": TITLES[columns.pop("data")]}
            columns["reading"] = AS_RELEASED if fact["case"] == RELEASED else CONTROL
            if len(values) == 1:
                yield Row(**columns, value=values[0])
            else:
                yield range_row(np.array(values), **columns)

    @cached_property
    def _kept(self) -> Kept:
        world = self.released.world
        return Kept(
            world.folder / "released" / "proofs.json",
            keep_proofs,
            find_files(AUTHORS, world.study.paths.data),
            draws=self.study.of_block(self.study.settings.sweep_draws),
            seed=seed_of(world.study.settings.root_seed),
        )
