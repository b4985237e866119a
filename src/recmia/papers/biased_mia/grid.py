"""Every attack of notebook 11 on trained recommenders, and where in the paper each belongs.

The reading "as released" has plans of its own (`released_plans`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from recmia.experiments.letters import cell_of
from recmia.experiments.rows import CONTROL, CORRECTED
from recmia.lists.views import HISTORY, MEMBERS_ONLY, NOBODY, ONE_MODEL, PUBLISHED, View, view_of
from recmia.papers.biased_mia.settings import BiasedMIAStudy

BIASED, K_MEANS, POPULAR_SHARE, RANDOM = (
    *("Biased-MIA", "K-Means", "share of the list among the most popular", "random guess"),
)
BLIND = "blind baseline"
ONE_MODEL_NOTE = "control: one model serves everybody"


@dataclass(frozen=True, order=True)
class Attempt:
    """An attack that learns from one view of a shadow and scores one view of a target.

    Attributes:
        attack: "Biased-MIA", "K-Means", the rule "share of the list ...", or "random guess".
        shadow: what is learned from.
        target: what is scored.
    """

    attack: str
    shadow: View
    target: View


@dataclass(frozen=True)
class Shown:
    """An attempt as one line of a table or figure.

    Attributes:
        attempt: what is run.
        artefact: "Figure 6", ...
        reading: "corrected" or "control".
        attack: how the table calls it.
        note: caveat.
        factors: what is varied there, by column of `recmia.experiments.rows.Row`.
    """

    attempt: Attempt
    artefact: str
    reading: str
    attack: str = BIASED
    note: str = ""
    factors: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """Of its rows, all but study and data set's title."""
        shadow, target = self.attempt.shadow, self.attempt.target
        return {
            "artefact": self.artefact,
            "reading": self.reading,
            "attack": self.attack,
            "note": self.note,
            "shadow_data": shadow.data,
            "shadow": shadow.recommender,
            "target_data": target.data,
            "target": target.recommender,
        } | self.factors


def corrected(shadow: View, target: View | None = None, **changed: Any) -> Attempt:
    """The attack as the text describes it; ``changed`` overrides fields of both views."""
    views = [replace(view, **changed) for view in (shadow, target or shadow)]
    return Attempt(BIASED, *views)


def everything(settings: BiasedMIAStudy) -> list[Shown]:
    """Every line of the study."""
    makers = (
        *(_grid, _servings, _controls, _k_means, _lengths, _crossed_lengths, _weights),
        *(_generators, _content_based, _sizes, _defence, _longer),
    )
    return [line for make in makers for line in make(settings)]


def cells(settings: BiasedMIAStudy) -> list[View]:
    """Each data set with each recommender."""
    return [view_of(settings, *p) for p in product(settings.datasets, settings.algorithms)]


def _with_control(shadow: View, target: View | None = None):
    """The corrected attack, and the same where one model serves everybody.

    Yields attempts with reading, note and factors.
    """
    yield (
        corrected(shadow, target),
        {"reading": CORRECTED, "factors": {"serving": PUBLISHED}},
    )
    folded = [replace(view, serving=ONE_MODEL) for view in (shadow, target or shadow)]
    yield (
        corrected(*folded),
        {"reading": CONTROL, "note": ONE_MODEL_NOTE, "factors": {"serving": ONE_MODEL}},
    )


def _grid(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for shadow, target in product(cells(settings), repeat=2):
        artefacts = ["Figure 6"]
        if shadow.data == target.data:
            artefacts.append(f"Table {3 + list(settings.datasets).index(shadow.data)}")
        if shadow == target:
            artefacts.append("Figure 3")
        attempts = list(_with_control(shadow, target))
        for artefact, (attempt, more) in product(artefacts, attempts):
            yield Shown(attempt, artefact, **more)


def _servings(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for cell in cells(settings):
        published = corrected(cell)
        nobody = replace(published, target=replace(published.target, serving=NOBODY))
        folded = corrected(replace(cell, serving=ONE_MODEL))
        for attempt, reading, note in (
            (published, CORRECTED, "membership and algorithm"),
            (nobody, CONTROL, "algorithm alone; the same attack"),
            (folded, CONTROL, "membership alone"),
        ):
            factors = {"serving": attempt.target.serving}
            yield Shown(attempt, "Serving", reading, note=note, factors=factors)


def _controls(settings: BiasedMIAStudy) -> Iterator[Shown]:
    nothing, blind = "0.5 is expected", "sees no list: 0.5 means that the cohorts do not differ"
    for cell in cells(settings):
        published = corrected(cell)
        labels = corrected(cell, random_labels=True)
        halves = corrected(replace(cell, serving=MEMBERS_ONLY))
        histories = corrected(replace(cell, features=HISTORY))
        for attempt, attack, note, factors in (
            (labels, BIASED, nothing, {"labels": "random"}),
            (halves, BIASED, nothing, {}),
            (histories, BLIND, f"{blind} by themselves", {"features": HISTORY}),
            (published, POPULAR_SHARE, "no learning: tells popular lists from others", {}),
            (published, RANDOM, "", {}),
        ):
            if attack in (POPULAR_SHARE, RANDOM):
                attempt = replace(attempt, attack=attack)
            factors = {"serving": attempt.target.serving} | factors
            yield Shown(attempt, "Controls", CONTROL, attack, note, factors)


def _k_means(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for cell in cells(settings):
        third = list(settings.datasets).index(cell.data) == 2
        for attempt, more in _with_control(cell):
            attempt = replace(attempt, attack=K_MEANS)
            yield Shown(attempt, "Table 7" if third else "Table 6", attack=K_MEANS, **more)


def _varied(artefact: str, cell: View, **fields: Any) -> Shown:
    """The corrected attack with some fields of both views changed, which are columns as well."""
    return Shown(corrected(cell, **fields), artefact, CORRECTED, factors=fields)


def _lengths(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for cell in cells(settings):
        for k in settings.list_lengths:
            yield _varied("Figure 8", cell, k=k)
        for length in settings.vector_lengths:
            yield _varied("Figure 8", cell, l=length)


def _crossed_lengths(settings: BiasedMIAStudy) -> Iterator[Shown]:
    pairs = {*product(settings.crossed_list_lengths, settings.vector_lengths)}
    pairs |= {*product(settings.list_lengths, settings.crossed_vector_lengths)}
    both = settings.crossed_cell
    cell = view_of(settings, *cell_of(both[: len(both) // 2]))
    for k, length in sorted(pairs):
        yield _varied("Figure 9", cell, k=k, l=length)


def _weights(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for cell, weights in product(cells(settings), ("mean", "linear")):
        yield _varied("Figure 8", cell, weights=weights)


def _generators(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for cell, features in product(cells(settings), settings.generators):
        yield _varied("Figure 10", cell, features=features)


def _content_based(settings: BiasedMIAStudy) -> Iterator[Shown]:
    if settings.content_based is None:
        return
    cell = view_of(settings, settings.content_based, "content-based")
    for features in settings.generators:
        line = _varied("Figure 11", cell, features=features)
        yield replace(line, factors=line.factors | {"serving": PUBLISHED})
    *_, (folded, more) = _with_control(cell)
    factors = more.pop("factors") | {"features": "Origin"}
    yield Shown(folded, "Figure 11", **more, factors=factors)


def _sizes(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for recommender, share in product(settings.algorithms, (*settings.shadow_shares, 1.0)):
        target = view_of(settings, settings.size_dataset, recommender)
        attempt = corrected(replace(target, share=share), target)
        yield Shown(attempt, "Data size", CORRECTED, factors={"share": share})


def _defence(settings: BiasedMIAStudy) -> Iterator[Shown]:
    for cell in cells(settings):
        yield _varied("Figure 12", cell)
        for ratio in settings.defence_ratios:
            attempt = corrected(cell, defence=ratio)
            naive = replace(attempt, shadow=replace(attempt.shadow, defence=0.0))
            for known, made in ((True, attempt), (False, naive)):
                factors = {"ratio": ratio, "defence_known": known}
                yield Shown(made, "Figure 12", CORRECTED, factors=factors)


def _longer(settings: BiasedMIAStudy) -> Iterator[Shown]:
    usual = settings.lfm.epochs
    for data, tried in settings.longer_lfm.items():
        for epochs in (0, *tried):
            attempt = corrected(view_of(settings, data, "lfm", epochs=epochs))
            factors = {"recommender_epochs": epochs or usual}
            yield Shown(attempt, "Overlap", CORRECTED, factors=factors)
