"""Every attack of notebook 11, and where in the paper each belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from recmia.lists.views import (
    HISTORY,
    MEMBERS_ONLY,
    NOBODY,
    ONE_MODEL,
    PUBLISHED,
    View,
)
from recmia.papers.biased_mia.settings import BiasedMIAStudy

BIASED, K_MEANS, POPULAR_SHARE, RANDOM = (
    *("Biased-MIA", "K-Means", "share of the list among the most popular", "random guess"),
)
BLIND = "blind baseline"
# Two ways to train the perceptron of Biased-MIA. The released code: momentum 0.9, members first and
# never shuffled, probabilities fed to a loss that expects logits. The text: momentum 0.7, shuffled.
RELEASED, TEXT = "released code", "text"
AS_PUBLISHED, CORRECTED, CONTROL = "as published", "corrected", "control"


@dataclass(frozen=True, order=True)
class Attempt:
    """An attack that learns from one view of a shadow and scores one view of a target.

    Attributes:
        attack: "Biased-MIA", "K-Means", the rule "share of the list ...", or "random guess".
        schedule: how Biased-MIA is trained; "" for the others.
        shadow: what is learned from.
        target: what is scored.
    """

    attack: str
    schedule: str
    shadow: View
    target: View

    @property
    def setting(self) -> str:
        """The paper's letters, e.g. AIMN."""
        return self.shadow.name + self.target.name


@dataclass(frozen=True)
class Claim:
    """An attempt as one line of a table or figure.

    Attributes:
        attempt: what is run.
        artefact: "Figure 6", ...
        reading: "as published", "corrected" or "control".
        condition: what is varied there.
        attack: how the table calls it.
        note: caveat.
    """

    attempt: Attempt
    artefact: str
    reading: str
    condition: str = ""
    attack: str = BIASED
    note: str = ""


def readings(settings: BiasedMIAStudy, shadow: View, target: View | None = None, **changed):
    """The attempt as published and corrected: (reading, attempt) twice.

    The released code weighs recommendations by rank, the text's section 2.5 equally; ``changed``
    overrides fields of both views.
    """
    base = {"k": settings.top_k, "l": settings.vector_dim}
    for reading, schedule, weights in (
        (AS_PUBLISHED, RELEASED, "linear"),
        (CORRECTED, TEXT, "mean"),
    ):
        fields = base | {"weights": weights} | changed
        views = [replace(view, **fields) for view in (shadow, target or shadow)]
        yield reading, Attempt(BIASED, schedule, *views)


def corrected(settings: BiasedMIAStudy, shadow: View, target: View | None = None, **changed):
    """The corrected attempt alone."""
    return dict(readings(settings, shadow, target, **changed))[CORRECTED]


def all_claims(settings: BiasedMIAStudy) -> list[Claim]:
    """Every claim of the study."""
    makers = (
        *(_grid, _servings, _controls, _k_means, _lengths, _crossed_lengths, _weights),
        *(_generators, _content_based, _sizes, _defence, _longer),
    )
    return [claim for make in makers for claim in make(settings)]


def cells(settings: BiasedMIAStudy) -> list[View]:
    """Each data set with each algorithm."""
    return [View(*pair) for pair in product(settings.datasets, settings.algorithms)]


def table_of(settings: BiasedMIAStudy, letter: str) -> str:
    """The paper's table about one data set under assumption II."""
    return f"Table {3 + list(settings.datasets).index(letter)}"


def _grid(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for shadow, target in product(cells(settings), repeat=2):
        artefacts = ["Figure 6"]
        if shadow.letter == target.letter:
            artefacts.append(table_of(settings, shadow.letter))
        if shadow == target:
            artefacts.append("Figure 3")
        folded = [replace(view, serving=ONE_MODEL) for view in (shadow, target)]
        attempts = [
            *readings(settings, shadow, target),
            (CONTROL, corrected(settings, *folded)),
        ]
        for artefact, (reading, attempt) in product(artefacts, attempts):
            note = "control: one model serves everybody" if reading == CONTROL else ""
            yield Claim(attempt, artefact, reading, note=note)


def _servings(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell in cells(settings):
        published = corrected(settings, cell)
        yield Claim(published, "Serving", CORRECTED, PUBLISHED, note="membership and algorithm")
        nobody = replace(published, target=replace(published.target, serving=NOBODY))
        yield Claim(nobody, "Serving", CONTROL, NOBODY, note="algorithm alone; the same attack")
        folded = replace(cell, serving=ONE_MODEL)
        yield Claim(
            corrected(settings, folded), "Serving", CONTROL, ONE_MODEL, note="membership alone"
        )


def _controls(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell in cells(settings):
        published = corrected(settings, cell)
        labels = corrected(settings, cell, random_labels=True)
        yield Claim(labels, "Controls", CONTROL, "random cohort labels", note="0.5 is expected")
        halves = corrected(settings, replace(cell, serving=MEMBERS_ONLY))
        yield Claim(halves, "Controls", CONTROL, MEMBERS_ONLY, note="0.5 is expected")
        blind = corrected(settings, replace(cell, generator=HISTORY))
        yield Claim(
            blind, "Controls", CONTROL, HISTORY, BLIND,
            note="sees no list: 0.5 means that the cohorts do not differ by themselves",
        )  # fmt: skip
        rule = replace(published, attack=POPULAR_SHARE, schedule="")
        yield Claim(
            rule, "Controls", CONTROL, PUBLISHED, POPULAR_SHARE,
            note="no learning: tells popular lists from others",
        )  # fmt: skip
        guess = replace(published, attack=RANDOM, schedule="")
        yield Claim(guess, "Controls", CONTROL, PUBLISHED, RANDOM)


def _k_means(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell in cells(settings):
        place = list(settings.datasets).index(cell.letter)
        folded = corrected(settings, replace(cell, serving=ONE_MODEL))
        attempts = [*readings(settings, cell), (CONTROL, folded)]
        for reading, attempt in attempts:
            yield Claim(
                replace(attempt, attack=K_MEANS, schedule=""),
                "Table 7" if place == 2 else "Table 6",
                reading,
                attack=K_MEANS,
                note="control: one model serves everybody" if reading == CONTROL else "",
            )


def _lengths(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell in cells(settings):
        for k in settings.list_lengths:
            for reading, attempt in readings(settings, cell, k=k):
                yield Claim(attempt, "Figure 8", reading, f"k = {k}")
        for length in settings.vector_lengths:
            for reading, attempt in readings(settings, cell, l=length):
                yield Claim(attempt, "Figure 8", reading, f"l = {length}")


def _crossed_lengths(settings: BiasedMIAStudy) -> Iterator[Claim]:
    cell = View(*settings.crossed_cell[:2])
    pairs = {*product(settings.crossed_list_lengths, settings.vector_lengths)}
    pairs |= {*product(settings.list_lengths, settings.crossed_vector_lengths)}
    for k, length in sorted(pairs):
        for reading, attempt in readings(settings, cell, k=k, l=length):
            yield Claim(attempt, "Figure 9", reading, f"k = {k}; l = {length}")


WEIGHTS = {"mean": "equal weights", "linear": "weights by rank"}


def _weights(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell, (kind, name) in product(cells(settings), WEIGHTS.items()):
        for reading, attempt in readings(settings, cell, weights=kind):
            yield Claim(attempt, "Figure 8", reading, name)


def _generators(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell, generator in product(cells(settings), settings.generators):
        for reading, attempt in readings(settings, cell, generator=generator):
            yield Claim(attempt, "Figure 10", reading, generator)


def _content_based(settings: BiasedMIAStudy) -> Iterator[Claim]:
    if settings.content_based is None:
        return
    cell = View(settings.content_based, "content-based")
    for generator in settings.generators:
        for reading, attempt in readings(settings, cell, generator=generator):
            yield Claim(attempt, "Figure 11", reading, generator)
    folded = corrected(settings, replace(cell, serving=ONE_MODEL))
    yield Claim(folded, "Figure 11", CONTROL, "Origin", note="control: one model serves everybody")


def _sizes(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for algorithm, share in product(settings.algorithms, (*settings.shadow_shares, 1.0)):
        target = View(settings.size_dataset, algorithm)
        for reading, attempt in readings(settings, replace(target, share=share), target):
            yield Claim(attempt, "Data size", reading, f"{round(100 * share)}% of the shadow")


def defended(ratio: float, known: bool = True) -> str:
    """Condition of an attack on lists with the defence."""
    who = "the attacker knows" if known else "the attacker does not know"
    return f"defence, ratio {ratio:g}; {who}"


UNDEFENDED = "no defence"


def _defence(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for cell in cells(settings):
        for reading, attempt in readings(settings, cell):
            yield Claim(attempt, "Figure 12", reading, UNDEFENDED)
        for ratio in settings.defence_ratios:
            for reading, attempt in readings(settings, cell, defence=ratio):
                yield Claim(attempt, "Figure 12", reading, defended(ratio))
                naive = replace(attempt, shadow=replace(attempt.shadow, defence=0.0))
                yield Claim(naive, "Figure 12", reading, defended(ratio, known=False))


def trained_for(epochs: int) -> str:
    """Condition of an attack on LFM."""
    return f"LFM, {epochs} epochs"


def _longer(settings: BiasedMIAStudy) -> Iterator[Claim]:
    for letter, tried in settings.longer_lfm.items():
        for epochs in (0, *tried):
            for reading, attempt in readings(settings, View(letter, "lfm", epochs=epochs)):
                condition = trained_for(epochs or settings.lfm.epochs)
                yield Claim(attempt, "Overlap", reading, condition)
