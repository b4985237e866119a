"""Every line of the paper's tables and figures about attacks, and of our controls.

The sequential half's vectors are trained as the released code trains them, and its attacks are
measured here under both readings. In the general half that code's vectors are noise: its reading
"as released" is drawn (`recmia.papers.dl_mia.as_released`), and here stands what its text says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from recmia.experiments.lines import Line
from recmia.experiments.measuring import Runs
from recmia.experiments.rows import AS_RELEASED, CONTROL, CORRECTED
from recmia.experiments.study import Study
from recmia.lists.world import ListWorld
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
    Fit,
    Scored,
)
from recmia.papers.dl_mia.language_model import MINILM
from recmia.papers.dl_mia.worlds import GENERAL, SEQUENTIAL, STUDY, worlds

FIGURE_3 = {GENERAL: "Figure 3a", SEQUENTIAL: "Figure 3b"}
TFIDF = "texts (TF-IDF)"
VARIANTS = ("beta-vae", "factor-vae")
ENCODERS = ("disentangled", *VARIANTS)
TOLD = "the labels of the users that take part are in the training loss"
LEAK_ON_TRAINED = "vectors are trained; the leak, and a checkpoint chosen by the labels"
LEAK_NOTE = "as released: the target's labels are in the training loss"


@dataclass(frozen=True)
class Entry:
    """An attack of a fit as one line of a table or figure.

    Attributes:
        artefact: "Figure 3a", ...
        scored: what is measured.
        reading: "as released", "corrected" or "control".
        note: caveat.
    """

    artefact: str
    scored: Scored
    reading: str
    note: str = ""


def all_entries(study: Study) -> list[Entry]:
    """Every line of the study."""
    return [
        entry
        for half, world in worlds(study).items()
        for make in (_grid, _controls, _ablation, _described, _defended)
        for entry in make(half, world)
    ]


def lines_of(study: Study, entries: Iterable[Entry], runs: dict[Scored, Runs]) -> list[Line]:
    """The entries as lines to be measured, from where their scores are."""
    return [
        Line(
            columns_of(study, entry.scored)
            | {"artefact": entry.artefact, "reading": entry.reading, "note": entry.note},
            runs[entry.scored],
        )
        for entry in entries
    ]


def columns_of(study: Study, what: Scored | Fit) -> dict[str, Any]:
    """Columns of rows about an attack, or about a fit whatever the attack.

    The paper's texts are read by a language model: its values are to find no row of TF-IDF's.
    """
    columns = what.columns
    if columns["vectors"] == "texts" and study.settings.dl_mia.text_model != MINILM:
        columns["vectors"] = TFIDF
    datasets = getattr(study.settings.dl_mia, columns["half"]).datasets
    return {"study": STUDY, "dataset": datasets[columns["target_data"]].title} | columns


def fit_of(half: str, world: ListWorld, setting: str, **more: Any) -> Fit:
    """The fit of the paper's four letters; fields of its views, or its own."""
    seen = {name: more.pop(name) for name in ("defence", "random_labels") if name in more}
    shadow, target = (world.view(cell, **seen) for cell in (setting[:2], setting[2:]))
    return Fit(half, shadow, target, **{"leak": True} | more)


def grid(half: str, world: ListWorld) -> list[Fit]:
    """Every shadow against every target."""
    pairs = product(world.settings.cells, repeat=2)
    return [_fit(half, world, shadow + target) for shadow, target in pairs]


def _fit(half: str, world: ListWorld, setting: str, **more: Any) -> Fit:
    """As `fit_of`; in the general half only plain settings of Table 2 have the leak as well.

    There it is a control: what the leak does where vectors are trained.
    """
    leak = half == SEQUENTIAL or (setting in world.settings.ablated and not any(more.values()))
    return fit_of(half, world, setting, **more, leak=leak)


def _readings(artefact: str, fit: Fit) -> Iterator[Entry]:
    """DL-MIA and Biased-MIA as released, where that is measured here, and corrected."""
    released = fit.half == SEQUENTIAL
    if released:
        yield Entry(artefact, Scored(fit, LEAKY_BEST), AS_RELEASED, LEAK_NOTE)
    yield Entry(artefact, Scored(fit, DL_MIA), CORRECTED)
    if fit.encoder == "disentangled":
        if released:
            yield Entry(artefact, Scored(fit, BIASED_RELEASED), AS_RELEASED)
        yield Entry(artefact, Scored(fit, BIASED), CORRECTED)


def _grid(half: str, world: ListWorld) -> Iterator[Entry]:
    artefact = FIGURE_3[half]
    for fit in grid(half, world):
        yield from _readings(artefact, fit)
        if half == SEQUENTIAL:
            yield Entry(artefact, Scored(fit, LEAKY), AS_RELEASED, LEAK_NOTE)
            yield Entry(artefact, Scored(fit, SELF_TRAINED), CONTROL)
        for attack in (BIASED, DL_MIA):
            yield Entry(artefact, Scored(replace(fit, leak=False).one_model, attack), CONTROL)


def _controls(half: str, world: ListWorld) -> Iterator[Entry]:
    for cell in world.settings.cells:
        fit = _fit(half, world, cell * 2, random_labels=True)
        for attack, note in (
            (BIASED, "0.5 is expected"),
            (DL_MIA, "0.5 is expected"),
            (SELF_TRAINED, "0.5 is expected"),
            (LEAKY, "what is above 0.5 is the leak"),
            (LEAKY_BEST, "the leak, and a checkpoint chosen by the labels"),
        ):
            if fit.leak or attack in (BIASED, DL_MIA):
                yield Entry("Controls", Scored(fit, attack), CONTROL, note)
    for setting in world.settings.ablated:
        fit = _fit(half, world, setting)
        for attack in (DL_MIA, SELF_TRAINED, LEAKY):
            note = TOLD if attack == LEAKY else ""
            yield Entry("Controls", Scored(fit, attack), CONTROL, note)
            held = replace(fit, held_out=True, leak=half == SEQUENTIAL)
            if held.leak or attack == DL_MIA:
                yield Entry("Controls", Scored(held, attack), CONTROL, note)
        if half == GENERAL:
            yield Entry("Controls", Scored(fit, LEAKY_BEST), CONTROL, LEAK_ON_TRAINED)


def _ablation(half: str, world: ListWorld) -> Iterator[Entry]:
    for setting in world.settings.ablated:
        fit = _fit(half, world, setting)
        yield from _readings("Table 2", fit)
        for reading in (AS_RELEASED, CORRECTED) if half == SEQUENTIAL else (CORRECTED,):
            yield Entry("Table 2", Scored(fit, PRETRAINED), reading)
        for encoder in VARIANTS:
            other = replace(fit, encoder=encoder, leak=half == SEQUENTIAL)
            yield from _readings("Table 2", other)


def _described(half: str, world: ListWorld) -> Iterator[Entry]:
    for setting in world.settings.described:
        yield from _readings("Table 3", _fit(half, world, setting))
        if {setting[0], setting[2]} <= set(world.settings.texts):
            texts = replace(_fit(half, world, setting), texts=True, leak=half == SEQUENTIAL)
            yield from _readings("Table 3", texts)


def _defended(half: str, world: ListWorld) -> Iterator[Entry]:
    for setting in world.settings.defended:
        for defence in (0.0, world.settings.defence_ratio):
            yield from _readings("Figure 4", _fit(half, world, setting, defence=defence))
