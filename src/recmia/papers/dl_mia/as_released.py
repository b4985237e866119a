"""The reading "as released" of the general half, as lines and rows.

Item vectors are noise there and are drawn many times: each number is a mean over draws with their
range.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Any

from recmia.experiments.letters import cell_of
from recmia.experiments.lines import Line
from recmia.experiments.rows import AS_RELEASED, CONTROL, Row
from recmia.experiments.study import Study
from recmia.lists.views import PUBLISHED
from recmia.papers.dl_mia.areas import NAMES, areas_of, folded
from recmia.papers.dl_mia.fits import ATTACKS, LEAKY, LEAKY_BEST, PRETRAINED, SELF_TRAINED
from recmia.papers.dl_mia.joint_keeping import GUESSED, KINDS, LEAK, Case, Cell
from recmia.papers.dl_mia.language_model import MINILM
from recmia.papers.dl_mia.released_draws import (
    BEST,
    DEFENDED,
    LAST,
    MAIN,
    TEXTS,
    ReleasedDraws,
    cells_of,
)
from recmia.papers.dl_mia.tables import ENCODERS, FIGURE_3, TFIDF
from recmia.papers.dl_mia.worlds import GENERAL, STUDY, worlds
from recmia.released.authors import TITLES
from recmia.released.found import Found, attack_rows, claim_rows, range_row

NOISE = "noise"
WHOLE, ALONE = "the whole attack", "the perceptron on difference vectors alone"
FEWER = f"{ALONE}, as many users"
NEVER = "item vectors are noise"
TOLD = f"{NEVER}; the target's labels are in the training loss"


class AsReleased:
    """Draws of the general half.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.study, self.settings = study, study.settings.dl_mia
        self.world, self.draws = worlds(study)[GENERAL], ReleasedDraws(study)

    def make(self) -> None:
        """Draw everything that is not current."""
        self.draws.make()

    def rows(self, claims: dict[str, dict[str, Any]]) -> list[Row]:
        """Every row of the half's reading as released, of its controls, and of the claims.

        Args:
            claims: of the paper's ``claims.yaml``.
        """
        rows = [row for line in self.lines for row in attack_rows(line.runs, **line.columns)]
        rows += [row for line in self.lines for row in folded_rows(line)]
        released = [line for line in self.lines if line.columns["reading"] == AS_RELEASED]
        return rows + claim_rows(claims, released, self.study.settings.intervals.level)

    @cached_property
    def lines(self) -> list[Line]:
        """Every line of tables, figures and controls; runs are areas by draw."""
        return [
            Line(self._columns(shadow, target) | {"artefact": artefact} | more, found)
            for artefact, shadow, target, more, found in self._lines()
        ]

    def _columns(self, shadow: Cell, target: Cell) -> dict[str, Any]:
        authors = self.settings.released.authors.get(target[0])
        title = TITLES[authors] if authors else self.world.settings.datasets[target[0]].title
        return {
            "study": STUDY,
            "dataset": title,
            "half": GENERAL,
            "shadow_data": shadow[0],
            "shadow": shadow[1],
            "target_data": target[0],
            "target": target[1],
            "serving": PUBLISHED,
            "vectors": NOISE,
            "held_out": False,
        }

    def _lines(self) -> Iterator[tuple[str, Cell, Cell, dict[str, Any], Found]]:
        base = self.draws.study.base
        for pair in self.draws.grid:
            yield from self._grid(pair)
        for setting in self.world.settings.ablated:
            yield from self._ablation(setting, cells_of(setting))
        for setting in self.world.settings.described:
            pair, factors = cells_of(setting), {"vectors": "factors"}
            yield from self._pair("Table 3", pair, Case(*pair, base), MAIN, factors)
            if setting in self.draws.described_by_texts:
                named = "texts" if self.settings.text_model == MINILM else TFIDF
                case = Case(*pair, self.draws.recipe(TEXTS))
                yield from self._pair("Table 3", pair, case, TEXTS, {"vectors": named})
        for setting in self.world.settings.defended:
            pair, defended = cells_of(setting), self.draws.recipe(DEFENDED)
            yield from self._pair("Figure 4", pair, Case(*pair, base), MAIN, {})
            ratio = {"ratio": defended.ratio, "defence_known": True}
            yield from self._pair("Figure 4", pair, Case(*pair, defended), DEFENDED, ratio)
        yield from self._controls()

    def _pair(
        self, artefact: str, pair: tuple[Cell, Cell], case: Case, family: str, more: dict[str, Any]
    ) -> Iterator[tuple]:
        """Both attacks in one setting of a table."""
        biased = {"attack": "Biased-MIA", "reading": AS_RELEASED, "note": NEVER}
        yield artefact, *pair, biased | more, self.draws.biased(*pair, family)
        yield artefact, *pair, _told(LEAK, BEST) | more, self.draws.joint(case, LEAK, BEST)

    def _grid(self, pair: tuple[Cell, Cell]) -> Iterator[tuple]:
        case = Case(*pair, self.draws.study.base)
        yield from self._pair("Figure 3a", pair, case, MAIN, {})
        for kind, checkpoint in ((LEAK, LAST), (GUESSED, BEST), (GUESSED, LAST)):
            found = self.draws.joint(case, kind, checkpoint)
            yield "Figure 3a", *pair, _told(kind, checkpoint), found

    def _ablation(self, setting: str, pair: tuple[Cell, Cell]) -> Iterator[tuple]:
        biased = {"attack": "Biased-MIA", "reading": AS_RELEASED, "note": NEVER}
        yield "Table 2", *pair, biased, self.draws.biased(*pair)
        for encoder in ENCODERS:
            attacks = (LEAKY_BEST, *([PRETRAINED] if encoder == ENCODERS[0] else []))
            for attack in attacks:
                columns = ATTACKS[attack] | {"features": encoder, "reading": AS_RELEASED}
                note = {"note": NEVER if attack == PRETRAINED else TOLD}
                yield "Table 2", *pair, columns | note, self.draws.whole(setting, encoder, attack)
        case = Case(*pair, self.draws.study.base)
        for attack, kind, checkpoint in (
            (LEAKY_BEST, LEAK, BEST),
            (LEAKY, LEAK, LAST),
            (SELF_TRAINED, GUESSED, LAST),
        ):
            told = _told(kind, checkpoint) | {"reading": CONTROL}
            alone = self.draws.joint(case, kind, checkpoint)
            alone = {name: values[self.draws.first_of_blocks] for name, values in alone.items()}
            for what, found in (
                (WHOLE, self.draws.whole(setting, ENCODERS[0], attack)),
                (FEWER, self.draws.fewer(setting, kind, checkpoint)),
                (ALONE, alone),
            ):
                yield "Perceptron alone", *pair, told | {"case": what}, found

    def _controls(self) -> Iterator[tuple]:
        base = self.draws.study.base
        for cell in map(cell_of, self.world.settings.cells):
            case, random = Case(cell, cell, base, random_labels=True), {"labels": "random"}
            for kind, checkpoint in product(KINDS, (BEST, LAST)):
                told = _told(kind, checkpoint) | random | {"reading": CONTROL}
                yield "Controls", cell, cell, told, self.draws.joint(case, kind, checkpoint)
        for setting, held, kind in product(self.world.settings.ablated, (False, True), KINDS):
            pair = cells_of(setting)
            told = _told(kind, LAST) | {"held_out": held, "reading": CONTROL}
            found = self.draws.joint(Case(*pair, base, held_out=held), kind, LAST)
            yield "Controls", *pair, told, found


def folded_rows(line: Line) -> list[Row]:
    """Of an attack whose sign is a matter of its start: areas that count from either side.

    Args:
        line: of Figure 3; other lines, and attacks without a second stage as released, have none.
    """
    columns = line.columns
    if columns["artefact"] not in FIGURE_3.values() or not columns.get("variant"):
        return []
    found = areas_of(line)
    return [
        range_row(folded(found[name]), **columns, metric=f"{metric}, folded")
        for metric, name in NAMES.items()
    ]


def _told(kind: str, checkpoint: str) -> dict[str, Any]:
    """Columns of the joint stage."""
    return {
        "attack": "DL-MIA",
        "reading": AS_RELEASED if kind == LEAK else CONTROL,
        "variant": kind,
        "checkpoint": checkpoint,
        "features": "disentangled",
        "note": TOLD if kind == LEAK else NEVER,
    }
