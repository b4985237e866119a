"""What is drawn of the general half as released, kept and read: areas by draw.

Nothing but the target's labels can carry over from one data set to another, for each has noise of
its own. Biased-MIA's numbers are those of its own study, draw by draw.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property
from itertools import product
from typing import Any

import numpy as np

from recmia.evaluation.metrics import hard_label_auc, roc_auc
from recmia.experiments.kept import Kept
from recmia.experiments.letters import cell_of
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.papers.dl_mia.joint_keeping import KINDS, Case, Cell, keep_drawn_features, keep_joint
from recmia.papers.dl_mia.scoring import keep_scores, schedule_of
from recmia.papers.dl_mia.tables import ENCODERS
from recmia.papers.dl_mia.texts import text_vectors
from recmia.papers.dl_mia.worlds import GENERAL, worlds
from recmia.released.found import Found
from recmia.released.keeping import HARD, ROC, SAME, keep_crossed
from recmia.released.recipe import Planned, Recipe
from recmia.released.splits import SHADOW, TARGET
from recmia.released.study import ReleasedStudy, together
from recmia.seeds import child_seed
from recmia.storage import read_arrays

MAIN, DEFENDED, TEXTS = "draws", "defended", "texts"  # what is drawn, and its folder
BEST, LAST = "best by target labels", "last"
EVERYBODY = 10**9  # users of a side at most


class ReleasedDraws:
    """Draws of the general half.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.owner, self.settings = study, study.settings.dl_mia
        self.world = worlds(study)[GENERAL]
        self.study = ReleasedStudy(self.world, self.settings.released)
        # Many cells share files.
        self._drawn, self._crossed = cache(self._drawn), cache(self._crossed)
        self.grid = [
            (cell_of(s), cell_of(t)) for s, t in product(self.world.settings.cells, repeat=2)
        ]

    def make(self) -> None:
        """Draw everything that is not current."""
        data, blocks = list(self._data(MAIN)), range(len(self.study.blocks))
        own = {*self._data(TEXTS), *(d for d in data if d not in self.settings.released.authors)}
        if self.study.trains_ncf:
            slow = [self.study.ncf(*pair) for pair in product(sorted(own), blocks)]
            self.study.make(slow, label="NCF as released")
        families = [f for f in (MAIN, DEFENDED, TEXTS) if self._data(f)]
        drawn = [k for f in families for of_data in self._drawn(f).values() for k in of_data]
        self.study.make(drawn, label="draws as released")
        crossed = [k for f in families for of_data in self._crossed(f).values() for k in of_data]
        self.study.make(crossed, label="draws across data sets")
        stages = [*self._joint, *self._fewer, *self._of_texts]
        self.study.make(stages, label="joint stage as released")
        stacks = list(self._stacks.values())
        make_all(self.owner, [k for s in stacks for k in s.inputs], label="features as released")
        make_all(self.owner, stacks, label="DL-MIA as released")

    def _data(self, family: str) -> tuple[str, ...]:
        chosen = self.world.settings
        return chosen.texts if family == TEXTS else tuple(chosen.datasets)

    def recipe(self, family: str) -> Recipe:
        base = self.study.base
        if family == DEFENDED:
            return replace(base, ratio=self.world.settings.defence_ratio)
        return replace(base, texts=True) if family == TEXTS else base

    def _place(self, family: str, data: str, block: int) -> dict[str, Any]:
        """Where texts count, records of our own: of theirs nobody knows which item is which."""
        if family != TEXTS:
            return self.study.place(data, block)
        texts = text_vectors(self.world, data, self.world.settings.vector_dim)
        return self.study.own_place(data, block) | {"texts": texts}

    def _drawn(self, family: str) -> dict[str, list[Kept]]:
        """Perceptrons of Biased-MIA, and what they find on their own data set; a block each."""
        plan = Planned(self.recipe(family), self.settings.released.draws)
        return {
            data: [
                self.study.draws(family, data, self._place(family, data, b), [plan], b)
                for b in range(len(self.study.blocks))
            ]
            for data in self._data(family)
        }

    def _crossed(self, family: str) -> dict[str, list[Kept]]:
        drawn = self._drawn(family)
        if len(drawn) < 2:
            return {}
        return {
            data: [
                Kept(
                    self.world.folder / "released" / f"{family}-crossed" / f"{data}-{b}.npz",
                    keep_crossed,
                    self._place(family, data, b),
                    {name: kept[b] for name, kept in drawn.items() if name != data},
                    self.recipe(family),
                    draws=self.study.blocks[b],
                    seed=self.study.seed(data),
                    top_k=self.study.settings.top_k,
                    candidates=self.study.candidates,
                )
                for b in range(len(self.study.blocks))
            ]
            for data in drawn
        }

    @property
    def _numbers(self) -> list[tuple[int, int]]:
        """Block and number of every draw, in the order of all arrays."""
        return [(b, number) for b, block in enumerate(self.study.blocks) for number in block]

    @cached_property
    def _cases(self) -> list[Case]:
        """Every setting of every table and control."""
        chosen, base = self.world.settings, self.study.base
        cases = [Case(*pair, base) for pair in self.grid]
        defended = self.recipe(DEFENDED)
        cases += [Case(*cells_of(setting), defended) for setting in chosen.defended]
        cases += [Case(c, c, base, random_labels=True) for c in map(cell_of, chosen.cells)]
        cases += [Case(*cells_of(setting), base, held_out=True) for setting in chosen.ablated]
        return list(dict.fromkeys(cases))

    @property
    def described_by_texts(self) -> list[str]:
        chosen = self.world.settings
        return [s for s in chosen.described if {s[0], s[2]} <= set(chosen.texts)]

    @cached_property
    def _joint(self) -> list[Kept]:
        """The joint stage of every case, a draw each; of later draws the grid alone."""
        few, chosen = self.settings.released.sweep_draws, self.settings
        return [
            self._stage(
                "joint",
                *draw,
                self._cases if draw[1] < few else self._cases[: len(self.grid)],
                KINDS if draw[1] < max(few, chosen.guessed_draws) else KINDS[:1],
            )
            for draw in self._numbers
            if draw[1] < self.settings.joint_draws
        ]

    @cached_property
    def _fewer(self) -> list[Kept]:
        """That of Table 2's settings with fewer users, of the first draw of each block."""
        cases = [Case(*cells_of(s), self.study.base) for s in self.world.settings.ablated]
        firsts, most = self._firsts, self.world.settings.most_users
        return [self._stage("joint-fewer", *first, cases, KINDS, most) for first in firsts]

    @cached_property
    def _text_cases(self) -> list[Case]:
        return [Case(*cells_of(s), self.recipe(TEXTS)) for s in self.described_by_texts]

    @cached_property
    def _of_texts(self) -> list[Kept]:
        """That of Table 3's settings on vectors from texts, in the first draws."""
        few, cases = self.settings.released.sweep_draws, self._text_cases
        return [
            self._stage("joint-texts", *draw, cases, KINDS[:1], family=TEXTS)
            for draw in self._numbers
            if cases and draw[1] < few
        ]

    @property
    def _firsts(self) -> list[tuple[int, int]]:
        """Block and number of the first draw of each block."""
        return [(b, block[0]) for b, block in enumerate(self.study.blocks)]

    def _stage(
        self,
        name: str,
        block: int,
        number: int,
        cases: list[Case],
        kinds: tuple[str, ...],
        most: int = EVERYBODY,
        family: str = MAIN,
    ) -> Kept:
        """One draw (`keep_joint`)."""
        released = self.settings.released
        return Kept(
            self.world.folder / "released" / name / f"{number}.npz",
            keep_joint,
            {data: self._place(family, data, block) for data in self._data(family)},
            cases,
            kinds=kinds,
            number=number,
            seeds={data: self.study.seed(data) for data in self._data(family)},
            top_k=released.top_k,
            candidates=self.study.candidates,
            most=most,
            epochs=released.epochs,
            turns=self._turns,
        )

    @property
    def _turns(self) -> list[int]:
        """Epochs of the joint turns; every other turn is another's."""
        whole, rest = divmod(self.settings.alternating_epochs, self.settings.turn_epochs)
        return ([self.settings.turn_epochs] * whole + [rest] * (rest > 0))[::2]

    @cached_property
    def _stacks(self) -> dict[tuple[str, str], Kept]:
        """Setting and encoder to scores of the whole attack on the first draw of each block."""
        made, root = {}, self.owner.settings.root_seed
        for setting, encoder in product(self.world.settings.ablated, ENCODERS):
            cells = dict(zip((SHADOW, TARGET), cells_of(setting), strict=True))
            numbers = self._firsts
            sides = [
                [self._features(*cell, side, b, number) for b, number in numbers]
                for side, cell in cells.items()
            ]
            made[setting, encoder] = Kept(
                self.world.folder / "released" / "whole" / f"{setting}-{encoder}.npz",
                keep_scores,
                *sides,
                seeds=[
                    child_seed(root, "dl-mia", "whole", setting, number) for _, number in numbers
                ],
                held_out=None,
                leak=True,
                biased_epochs=self.world.settings.attack_epochs,
                schedule=schedule_of(self.settings, encoder),
                device=self.owner.device,
            )
        return made

    def _features(self, data: str, kind: str, side: str, block: int, number: int) -> Kept:
        return Kept(
            self.world.folder / "released" / "features" / f"{data}-{kind}-{side}-{number}.npz",
            keep_drawn_features,
            self.study.place(data, block),
            self.study.base,
            kind,
            side,
            number=number,
            seed=self.study.seed(data),
            top_k=self.study.settings.top_k,
            candidates=self.study.candidates,
            most=self.world.settings.most_users,
        )

    def biased(self, shadow: Cell, target: Cell, family: str = MAIN) -> Found:
        """Biased-MIA as released, an entry a draw."""
        s = self.study.kinds(shadow[0]).index(shadow[1])
        t = self.study.kinds(target[0]).index(target[1])
        if shadow[0] == target[0]:
            arrays = together(self._drawn(family)[target[0]], (HARD, ROC, SAME), axis=1)
            return {name: values[0, :, s, t] for name, values in arrays.items()}
        names = [f"{shadow[0]}|{name}" for name in (HARD, ROC, SAME)]
        arrays = together(self._crossed(family)[target[0]], names, axis=0)
        return {name.split("|")[1]: values[:, s, t] for name, values in arrays.items()}

    def joint(self, case: Case, kind: str, checkpoint: str) -> Found:
        """The joint stage of a case at a checkpoint, an entry a draw."""
        if case in self._text_cases:
            return _at(self._text_arrays, self._text_cases.index(case), kind, checkpoint)
        return _at(self._joint_arrays, self._cases.index(case), kind, checkpoint)

    @cached_property
    def _joint_arrays(self) -> dict[str, np.ndarray]:
        return self._filled(self._joint, len(self._cases), self.settings.joint_draws)

    @cached_property
    def _text_arrays(self) -> dict[str, np.ndarray]:
        few = self.settings.released.sweep_draws
        return self._filled(self._of_texts, len(self._text_cases), few)

    def _filled(self, kept: list[Kept], cases: int, draws: int) -> dict[str, np.ndarray]:
        """[draws, cases, kinds, turns], NaN (and not the same) where nothing was trained."""
        shape = (len(self._numbers), cases, len(KINDS), len(self._turns))
        found = {name: np.full(shape, np.nan) for name in (HARD, ROC)}
        found[SAME] = np.zeros(shape, dtype=bool)
        made = [n for n, (_, number) in enumerate(self._numbers) if number < draws]
        for n, one in zip(made, kept, strict=True):
            for name, values in read_arrays(one.path, found).items():
                found[name][n, : values.shape[0], : values.shape[1]] = values
        return found

    def fewer(self, setting: str, kind: str, checkpoint: str) -> Found:
        """The same with fewer users, in draws of which most are not drawn."""
        arrays = _stacked(self._fewer)
        case = self.world.settings.ablated.index(setting)
        return self._spread(_at(arrays, case, kind, checkpoint))

    def _spread(self, found: Found) -> Found:
        """What was found in the first draw of each block, in all draws."""
        spread = {name: np.full(len(self._numbers), np.nan) for name in (HARD, ROC)}
        spread[SAME] = np.zeros(len(self._numbers), dtype=bool)
        for name, values in spread.items():
            values[self.first_of_blocks] = found[name]
        return spread

    def whole(self, setting: str, encoder: str, attack: str) -> Found:
        """The whole attack, an entry a draw; most are not drawn."""
        saved = read_arrays(self._stacks[setting, encoder].path)
        scores, members = saved[f"{attack}|scores"], saved["membership"]
        said = scores >= saved[f"{attack}|threshold"][:, None]
        return self._spread(
            {
                HARD: [hard_label_auc(*pair) for pair in zip(said, members, strict=True)],
                ROC: [roc_auc(*pair) for pair in zip(scores, members, strict=True)],
                SAME: said.all(axis=1) | ~said.any(axis=1),
            }
        )

    @property
    def first_of_blocks(self) -> list[int]:
        order = [number for _, number in self._numbers]
        return [order.index(block[0]) for block in self.study.blocks]


def cells_of(setting: str) -> tuple[Cell, Cell]:
    """Shadow and target from the paper's four letters."""
    return cell_of(setting[:2]), cell_of(setting[2:])


def _stacked(kept: list[Kept]) -> dict[str, np.ndarray]:
    saved = [read_arrays(one.path) for one in kept]
    return {name: np.stack([one[name] for one in saved]) for name in (HARD, ROC, SAME)}


def _at(arrays: dict[str, np.ndarray], case: int, kind: str, checkpoint: str) -> Found:
    """Of arrays [draws, cases, kinds, turns] one case and kind at a checkpoint, by draw."""
    found = {name: values[:, case, KINDS.index(kind)] for name, values in arrays.items()}
    draws = np.arange(len(found[HARD]))
    at = found[HARD].argmax(axis=1) if checkpoint == BEST else np.full(len(draws), -1)
    return {name: values[draws, at] for name, values in found.items()}
