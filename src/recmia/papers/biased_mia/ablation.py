"""From released to corrected one detail at a time, on every data set."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product

import numpy as np

from recmia.experiments.kept import Kept
from recmia.experiments.rows import CONTROL, Row
from recmia.papers.biased_mia.as_released import AsReleased
from recmia.released.found import attack_rows
from recmia.released.keeping import HARD, ROC, SAME
from recmia.released.recipe import Planned
from recmia.released.study import together
from recmia.released.variants import PEOPLE, variants
from recmia.released.world import FACTORS, ITEM, NCF

ABLATION = "Ablation"
KINDS = (ITEM, FACTORS)
# The cells that are shown: every shadow against every target of these two, and NCF on itself.
CELLS = (*product(KINDS, repeat=2), (NCF, NCF))


class Ablation:
    """Draws of every variant.

    Where the authors' files stand for a data set, these are their records; lists are drawn, for
    theirs cannot be changed.

    Args:
        released: the draws as released.
    """

    def __init__(self, released: AsReleased) -> None:
        self.study, self.released = released.study, released
        self.variants = variants(self.study.base)
        self.draws = self.study.of_block(self.study.settings.sweep_draws)

    def make(self) -> None:
        """Draw what is not current."""
        kept = [kept for found in self._kept.values() for kept in found.values()]
        self.study.make([k for blocks in kept for k in blocks], label="ablation")

    def rows(self) -> Iterator[Row]:
        """Hard-label and ROC AUC of each cell under each variant."""
        for data, of_data in self._kept.items():
            for part, names in self._parts(data).items():
                arrays = together(of_data[part], (HARD, ROC, SAME), axis=1)
                kinds = self._kinds(data)
                for (r, name), (shadow, target) in product(enumerate(names), CELLS):
                    if not {shadow, target} <= set(kinds):
                        continue
                    s, t = kinds.index(shadow), kinds.index(target)
                    found = {metric: values[r, :, s, t] for metric, values in arrays.items()}
                    if np.isnan(found[HARD]).all():
                        continue
                    columns = self.released.columns((data, shadow), (data, target))
                    columns |= {"artefact": ABLATION, "reading": CONTROL, "case": name}
                    yield from attack_rows(found, **columns)

    def _kinds(self, data: str) -> tuple[str, ...]:
        authors = data in self.study.settings.authors
        return self.study.kinds(data) if authors else self.study.own_kinds(data)

    def _parts(self, data: str) -> dict[bool, list[str]]:
        """Whether people are dealt out, to the variants that share a split."""
        names = [name for name in self.variants if name != PEOPLE]
        authors = data in self.study.settings.authors
        return {False: names} if authors else {False: names, True: [PEOPLE]}

    @cached_property
    def _kept(self) -> dict[str, dict[bool, list[Kept]]]:
        return {
            data: {
                people: [
                    self.study.draws(
                        "people" if people else "ablation",
                        data,
                        self._place(data, block, people),
                        [Planned(self.variants[name], self.draws) for name in names],
                        block,
                    )
                    for block in range(len(self.study.blocks))
                ]
                for people, names in self._parts(data).items()
            }
            for data in self.released.data
        }

    def _place(self, data: str, block: int, people: bool) -> dict:
        if authors := self.study.settings.authors.get(data):
            return self.study.authors_place(authors, drawn=True)
        return self.study.own_place(data, block, people=people)
