"""Every line of the paper's tables and figures about attacks, and of our controls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from recmia.experiments.study import Study
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    ENCODERS,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
    Fit,
    Scored,
)
from recmia.papers.dl_mia.halves import GENERAL, HALVES, view_of
from recmia.papers.dl_mia.settings import Half

FIGURE_3 = {GENERAL: "Figure 3a", "sequential": "Figure 3b"}
LAST = "last checkpoint"
GUESSED = "the released code's loss without its slip"
TAKE_PART = "the target's scored users take part in training"
HELD_OUT = "the target's scored users held out of training"
ONE_MODEL_CONDITION = "one model serves everybody"
RANDOM_LABELS = "random cohort labels"
MF, TEXTS = "MF", "texts (TF-IDF and SVD)"
NO_DEFENCE, DEFENCE = "no defence", "Popularity Randomization"
TOLD = "the labels of the users that take part are in the training loss"
LEAK_NOTE = "as published: the target's labels are in the training loss"


@dataclass(frozen=True)
class Line:
    """An attack of a fit as one line of a table or figure.

    Attributes:
        half: "general" or "sequential".
        scored: what is measured.
        artefact: "Figure 3a", ...
        attack: how the table calls it.
        reading: "as published", "corrected" or "control".
        condition: what is varied there.
        note: caveat.
    """

    half: str
    scored: Scored
    artefact: str
    attack: str
    reading: str
    condition: str = ""
    note: str = ""


def all_lines(study: Study) -> list[Line]:
    """Every line of the study."""
    made = []
    for half in HALVES:
        settings = getattr(study.settings.dl_mia, half)
        for make in (_grid, _controls, _ablation, _described, _defended):
            made += make(study, half, settings)
    return made


def fits_of(lines: list[Line]) -> dict[str, list[Fit]]:
    """Half to the fits that its lines need; one with the leak stands for the same without."""
    return {
        half: list(dict.fromkeys(line.scored.fit for line in lines if line.half == half))
        for half in HALVES
    }


def fit_of(study: Study, half: str, setting: str, **more) -> Fit:
    defence = more.pop("defence", 0.0)
    labels = more.pop("random_labels", False)
    shadow, target = (
        replace(view_of(study, half, name), defence=defence, random_labels=labels)
        for name in (setting[:2], setting[2:])
    )
    return Fit(shadow, target, **{"leak": True} | more)


def _readings(half: str, fit: Fit, artefact: str, condition: str = "") -> Iterator[Line]:
    """Biased-MIA and DL-MIA as published and corrected."""
    name = ENCODERS.get(fit.encoder, DL_MIA)
    yield Line(half, Scored(fit, LEAKY_BEST), artefact, name, AS_PUBLISHED, condition, LEAK_NOTE)
    yield Line(half, Scored(fit, DL_MIA), artefact, name, CORRECTED, condition)
    if fit.encoder == "disentangled":
        for reading, attack in ((AS_PUBLISHED, BIASED_RELEASED), (CORRECTED, BIASED)):
            yield Line(half, Scored(fit, attack), artefact, BIASED, reading, condition)


def _grid(study: Study, half: str, settings: Half) -> Iterator[Line]:
    artefact = FIGURE_3[half]
    for shadow, target in product(settings.cells, repeat=2):
        fit = fit_of(study, half, shadow + target)
        yield from _readings(half, fit, artefact)
        yield Line(half, Scored(fit, LEAKY), artefact, DL_MIA, AS_PUBLISHED, LAST, LEAK_NOTE)
        yield Line(half, Scored(fit, SELF_TRAINED), artefact, DL_MIA, CONTROL, GUESSED)
        one = replace(fit, leak=False).one_model
        for attack in (BIASED, DL_MIA):
            yield Line(half, Scored(one, attack), artefact, attack, CONTROL, ONE_MODEL_CONDITION)


def _controls(study: Study, half: str, settings: Half) -> Iterator[Line]:
    for cell in settings.cells:
        fit = fit_of(study, half, cell * 2, random_labels=True)
        for scored, attack, note in (
            (BIASED, BIASED, "0.5 is expected"),
            (DL_MIA, DL_MIA, "0.5 is expected"),
            (SELF_TRAINED, SELF_TRAINED, "0.5 is expected"),
            (LEAKY, LEAKY, "what is above 0.5 is the leak"),
            (LEAKY_BEST, LEAKY_BEST, "the leak, and a checkpoint chosen by the labels"),
        ):
            yield Line(half, Scored(fit, scored), "Controls", attack, CONTROL, RANDOM_LABELS, note)
    for setting in settings.ablated:
        fit = fit_of(study, half, setting)
        for condition, held in ((TAKE_PART, fit), (HELD_OUT, replace(fit, held_out=True))):
            for attack, note in ((DL_MIA, ""), (SELF_TRAINED, ""), (LEAKY, TOLD)):
                yield Line(half, Scored(held, attack), "Controls", attack, CONTROL, condition, note)


def _ablation(study: Study, half: str, settings: Half) -> Iterator[Line]:
    for setting in settings.ablated:
        fit = fit_of(study, half, setting)
        yield from _readings(half, fit, "Table 2")
        for reading in (AS_PUBLISHED, CORRECTED):
            yield Line(half, Scored(fit, PRETRAINED), "Table 2", PRETRAINED, reading)
        for encoder in ENCODERS:
            yield from _readings(half, replace(fit, encoder=encoder), "Table 2")


def _described(study: Study, half: str, settings: Half) -> Iterator[Line]:
    for setting in settings.described:
        fit = fit_of(study, half, setting)
        yield from _readings(half, fit, "Table 3", MF)
        if {setting[0], setting[2]} <= set(settings.texts):
            yield from _readings(half, replace(fit, texts=True), "Table 3", TEXTS)


def _defended(study: Study, half: str, settings: Half) -> Iterator[Line]:
    for setting in settings.defended:
        yield from _readings(half, fit_of(study, half, setting), "Figure 4", NO_DEFENCE)
        defended = fit_of(study, half, setting, defence=settings.defence_ratio)
        yield from _readings(half, defended, "Figure 4", DEFENCE)
