"""The reading "as released" of every table and figure: draws of the recipe as lines and rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from recmia.evaluation.metrics import HARD_LABEL_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line
from recmia.experiments.rows import AS_RELEASED, Row
from recmia.lists.views import PUBLISHED
from recmia.lists.world import ListWorld
from recmia.papers.biased_mia.claims import claims
from recmia.papers.biased_mia.grid import BIASED, K_MEANS
from recmia.papers.biased_mia.paper import PAPER
from recmia.papers.biased_mia.released_plans import FIXED, place, plans
from recmia.released.authors import TITLES
from recmia.released.found import Found, attack_rows, claim_rows, range_row
from recmia.released.keeping import HARD, ROC, SAME
from recmia.released.recipe import Planned
from recmia.released.study import ReleasedStudy, together
from recmia.released.world import CONTENT, FACTORS, ITEM, NCF, SIDES

MAIN = place("Figure 3")
FOLDED = f"{HARD_LABEL_AUC}, folded"
FOLDED_NOTE = "the better of the two names that the clusters can have"
STATED = "Stated in the text"
OWN = "Own records"
DRAWS = "Draws"


class AsReleased:
    """Draws of one study of lists.

    Args:
        world: the study's data sets.
    """

    def __init__(self, world: ListWorld) -> None:
        self.settings, self.world = world.settings, world
        self.study = ReleasedStudy(
            world, self.settings.released, content=self.settings.content_based or ""
        )
        self.data = list(self.settings.datasets)

    def make(self) -> None:
        """Draw everything that is not current."""
        if self.study.trains_ncf:
            slow = [self.study.ncf(*p) for p in product(self.data, self._blocks)]
            self.study.make(slow, label="NCF as released")
        of_data = (self._main, self._more, self._own)
        kept = [kept for found in of_data for blocks in found.values() for kept in blocks]
        self.study.make(kept, label="draws as released")
        crossed = [kept for blocks in self._crossed.values() for kept in blocks]
        self.study.make(crossed, label="draws across data sets")

    def rows(self) -> list[Row]:
        """Every row of the reading but those of the ablation and of the authors' files."""
        rows = [row for line in self.lines for row in self._rows(line)]
        rows += [*self._own_rows(), *self._ranking_rows(), *self._stated_rows()]
        rows += self._draw_rows()
        level = self.world.study.settings.intervals.level
        return rows + claim_rows(claims(self.settings), self.lines, level)

    @property
    def _blocks(self) -> range:
        return range(len(self.study.blocks))

    @cached_property
    def _plans(self) -> dict[str, dict]:
        return {data: plans(self.study, self.settings, data) for data in self.data}

    @cached_property
    def _main(self) -> dict[str, list[Kept]]:
        return {
            data: [
                self.study.draws("draws", data, self.study.place(data, b), found.values(), b)
                for b in self._blocks
            ]
            for data, found in self._plans.items()
        }

    @cached_property
    def _more(self) -> dict[str, list[Kept]]:
        """Further draws of the main cells."""
        if not self.study.settings.more_draws:
            return {}
        return {
            data: [
                self.study.draws(
                    "more", data, self.study.place(data, b), [self._further], b, more=True
                )
                for b in self._blocks
            ]
            for data in self.data
        }

    @property
    def _further(self) -> Planned:
        return Planned(self.study.base, self.study.settings.more_draws)

    @cached_property
    def _crossed(self) -> dict[str, list[Kept]]:
        if len(self.data) == 1:
            return {}

        def of(data: str, found: dict[str, list[Kept]], more: bool) -> list[Kept]:
            others = {name: kept for name, kept in found.items() if name != data}
            blocks = self._blocks if found else ()
            return [self.study.crossed(data, others, b, more=more) for b in blocks]

        return {d: of(d, self._main, False) + of(d, self._more, True) for d in self.data}

    @cached_property
    def _own(self) -> dict[str, list[Kept]]:
        """Where the authors' files stand for a data set: the recipe on records of our own."""
        base = {d: self._plans[d][MAIN] for d in self.data if d in self.study.settings.authors}
        return {
            data: [
                self.study.draws("own", data, self.study.own_place(data, b), [plan], b)
                for b in self._blocks
            ]
            for data, plan in base.items()
        }

    def found(self, data: str, key: tuple, shadow: str, target: str) -> Found:
        """What one plan found of one shadow and target, an array over all draws each.

        NaN, and not the same, where it was not drawn.
        """
        r = list(self._plans[data]).index(key)
        kinds = self.study.kinds(data)
        s, t = kinds.index(shadow), kinds.index(target)
        first, further = self._read[data]
        found = {}
        for name, values in first.items():
            rest = further[name][0, :, s, t] if further else np.zeros(0, dtype=values.dtype)
            nothing = False if name == SAME else np.nan
            rest = rest if key == MAIN else np.full(len(rest), nothing)
            found[name] = np.concatenate([values[r, :, s, t], rest])
        return found

    @cached_property
    def _read(self) -> dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
        names = (HARD, ROC, SAME)
        return {
            data: (
                together(kept, names, axis=1),
                together(self._more[data], names, axis=1) if self._more else {},
            )
            for data, kept in self._main.items()
        }

    @cached_property
    def _ranked(self) -> dict[str, dict[str, np.ndarray]]:
        return {
            data: together(kept, ("hits", "clusters"), axis=1) for data, kept in self._main.items()
        }

    def title(self, data: str) -> str:
        """The data set's, or that of the authors' files."""
        authors = self.study.settings.authors.get(data)
        return TITLES[authors] if authors else self.settings.datasets[data].title

    def kinds(self, data: str) -> list[str]:
        """The grid's recommenders of a data set."""
        return [kind for kind in self.study.kinds(data) if kind != CONTENT]

    def columns(self, shadow: tuple[str, str], target: tuple[str, str], **more: Any) -> dict:
        """Columns of a row about two cells, each a data set and a recommender."""
        return {
            "study": PAPER.name,
            "dataset": self.title(target[0]),
            "reading": AS_RELEASED,
            "attack": BIASED,
            "shadow_data": shadow[0],
            "shadow": shadow[1],
            "target_data": target[0],
            "target": target[1],
        } | more

    def _rows(self, line: Line) -> list[Row]:
        if line.columns["attack"] == K_MEANS:
            raw = line.columns | {"note": "as the code names its clusters"}
            folded = line.columns | {"note": FOLDED_NOTE}
            return [
                range_row(line.runs["raw"], **raw, metric=HARD_LABEL_AUC),
                range_row(line.runs[HARD], **folded, metric=FOLDED),
            ]
        return attack_rows(line.runs, **line.columns)

    @cached_property
    def lines(self) -> list[Line]:
        """Every line of the paper's tables and figures about attacks."""
        return [
            Line(self.columns(shadow, target, artefact=artefact, **more), found)
            for artefact, shadow, target, more, found in self._lines()
        ]

    def _lines(self) -> Iterator[tuple[str, tuple, tuple, dict, Found]]:
        for number, data in enumerate(self.data):
            for pair in product(self.kinds(data), repeat=2):
                cells = [(data, kind) for kind in pair]
                found = self.found(data, MAIN, *pair)
                serving = {"serving": PUBLISHED}
                names = [f"Table {3 + number}", "Figure 6"]
                for artefact in [*names, *(["Figure 3"] if pair[0] == pair[1] else [])]:
                    yield artefact, *cells, serving, found
            yield from self._of_cells(data)
            yield from self._across(data)

    def _of_cells(self, data: str) -> Iterator[tuple[str, tuple, tuple, dict, Found]]:
        for kind in self.study.kinds(data):
            cell, main = (data, kind), self.found(data, MAIN, kind, kind)
            if kind == CONTENT:
                shared = {"serving": PUBLISHED}
                yield "Figure 11", cell, cell, shared | {"features": "Origin"}, main
            else:
                yield "Figure 8", cell, cell, {"weights": FIXED}, main
                yield "Figure 10", cell, cell, {"features": "Origin"}, main
                yield "Figure 12", cell, cell, {}, main
                if data == self.settings.size_dataset:
                    yield "Data size", cell, cell, {"share": 1.0}, main
                yield from self._clusters(data, kind)
            for key in self._plans[data]:
                artefact, factors = key[0], dict(key[1:])
                found = self.found(data, key, kind, kind)
                if key == MAIN or np.isnan(found[HARD]).all():
                    continue
                if kind == CONTENT:
                    artefact, factors = "Figure 11", factors | {"serving": PUBLISHED}
                yield artefact, cell, cell, factors, found

    def _clusters(self, data: str, kind: str) -> Iterator[tuple[str, tuple, tuple, dict, Found]]:
        r = list(self._plans[data]).index(MAIN)
        values = self._ranked[data]["clusters"][r, :, self.study.kinds(data).index(kind)]
        rest = np.full(self.study.settings.more_draws, np.nan)
        values = np.concatenate([values, rest])
        found = {HARD: np.maximum(values, 1 - values), "raw": values}
        found[SAME] = np.zeros(len(values), dtype=bool)
        artefact = "Table 7" if self.data.index(data) == 2 else "Table 6"
        more = {"attack": K_MEANS, "serving": PUBLISHED}
        yield artefact, (data, kind), (data, kind), more, found

    def _across(self, data: str) -> Iterator[tuple[str, tuple, tuple, dict, Found]]:
        if data not in self._crossed:
            return
        for other in self.data:
            if other == data:
                continue
            names = [f"{other}|{name}" for name in (HARD, ROC, SAME)]
            arrays = together(self._crossed[data], names, axis=0)
            for shadow, target in product(self.kinds(other), self.kinds(data)):
                s = self.study.kinds(other).index(shadow)
                t = self.study.kinds(data).index(target)
                found = {n.split("|")[1]: values[:, s, t] for n, values in arrays.items()}
                cells = (other, shadow), (data, target)
                yield "Figure 6", *cells, {"serving": PUBLISHED}, found

    def _draw_rows(self) -> Iterator[Row]:
        """Every draw of the main cells, a row each."""
        numbers = [n for block in (*self.study.blocks, *self.study.more_blocks) for n in block]
        for data in self.data:
            for pair in product(self.kinds(data), repeat=2):
                columns = self.columns(*((data, kind) for kind in pair), artefact=DRAWS)
                values = self.found(data, MAIN, *pair)[HARD]
                for number, value in zip(numbers, values, strict=True):
                    yield Row(**columns, metric=HARD_LABEL_AUC, draw=number, value=float(value))

    def _own_rows(self) -> Iterator[Row]:
        for data, kept in self._own.items():
            arrays = together(kept, (HARD, ROC, SAME), axis=1)
            kinds = self.study.own_kinds(data)
            for (s, shadow), (t, target) in product(enumerate(kinds), repeat=2):
                columns = self.columns((data, shadow), (data, target), artefact=OWN)
                if CONTENT in (shadow, target):
                    if shadow != target:
                        continue
                    columns |= {"artefact": "Figure 11", "features": "Origin"}
                    columns["serving"] = PUBLISHED
                found = {name: values[0, :, s, t] for name, values in arrays.items()}
                columns["dataset"] = self.settings.datasets[data].title
                yield from attack_rows(found, **columns)

    def _ranking_rows(self) -> Iterator[Row]:
        """Table 2 and figure 14: HR as released, of everybody, nothing held out."""
        metric = f"HR@{self.settings.released.top_k}"
        for data in self.data:
            hits, names = self._ranked[data]["hits"], list(self._plans[data])
            for (k, kind), (s, side) in product(
                enumerate(self.study.kinds(data)), enumerate(SIDES)
            ):
                about = dict(study=PAPER.name, dataset=self.title(data), reading=AS_RELEASED)
                about |= dict(target_data=data, recommender=kind, side=side, metric=metric)
                about |= {"users": "everybody"}
                for key in names:
                    artefact, factors = key[0], dict(key[1:])
                    values = hits[names.index(key), :, k, s]
                    if np.isnan(values).all() or not factors.get("defence_known", True):
                        continue
                    if key == MAIN:
                        yield range_row(values, **about, artefact="Table 2")
                    if side == "target" and artefact in (MAIN[0], "Figure 12"):
                        ratio = factors.get("ratio")
                        yield range_row(values, **about, artefact="Figure 14", ratio=ratio)

    def _stated_rows(self) -> Iterator[Row]:
        """Numbers of the text that no table holds, a value a draw."""
        for data, metric, values in self._stated():
            yield range_row(
                values,
                study=PAPER.name,
                artefact=STATED,
                dataset=self.title(data) if data else "",
                target_data=data or None,
                attack=BIASED,
                reading=AS_RELEASED,
                metric=metric,
            )

    def _hard(self, data: str, key: tuple, kind: str, target: str | None = None) -> np.ndarray:
        return self.found(data, key, kind, target or kind)[HARD]

    def _stated(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for data in self.data:
            kinds = self.kinds(data)
            cells = [self._hard(data, MAIN, *pair) for pair in product(kinds, repeat=2)]
            yield data, "mean hard-label AUC of the grid", np.mean(cells, axis=0)
        every = [set(self.kinds(data)) for data in self.data]
        means = {
            kind: np.mean([self._hard(data, MAIN, kind) for data in self.data], axis=0)
            for kind in set.intersection(*every)
        }
        for kind, name in ((ITEM, "Item"), (NCF, "NCF")):
            if kind in means and FACTORS in means:
                gain = means[kind] / means[FACTORS] - 1
                yield "", f"gain of {name} over LFM, mean hard-label AUC", gain
        first = self.data[0]
        for features in ("Concat10", "Similarity"):
            key = place("Figure 10", features=features)
            if key in self._plans[first] and ITEM in self.kinds(first):
                gain = self._hard(first, MAIN, ITEM) / self._hard(first, key, ITEM) - 1
                yield first, f"gain of Origin over {features}, Item", gain
        key = place("Figure 12", ratio=self.settings.defence_ratio, defence_known=True)
        for kind, name in ((ITEM, "Item"), (FACTORS, "LFM"), (NCF, "NCF")):
            if kind in means:
                after = np.mean([self._hard(data, key, kind) for data in self.data], axis=0)
                yield (
                    "",
                    f"loss by the defence, {name}, mean hard-label AUC",
                    1 - after / means[kind],
                )
        last = self.data[-1]
        if ITEM in self.kinds(last):
            k, names = self.study.kinds(last).index(ITEM), list(self._plans[last])
            hits = self._ranked[last]["hits"][:, :, k, SIDES.index("target")]
            drop = 1 - hits[names.index(key)] / hits[names.index(MAIN)]
            yield last, f"loss of HR@{self.settings.released.top_k} by the defence, Item", drop
