"""What notebook 23's rows mean, in sentences that nothing but an interval decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recmia.experiments.cells import number
from recmia.experiments.rows import CONTROL, CORRECTED, Row
from recmia.experiments.selecting import select
from recmia.papers.frontier import names
from recmia.papers.frontier.bounding.canaries import MADE_UP, REAL
from recmia.papers.frontier.bounding.proving import EPSILON, FROM_MANY, FROM_ONE_RUN, ONE_RUN
from recmia.papers.frontier.bounding.rows import (
    BOUNDS,
    EXTRACTION,
    MEMBERS,
    NEXT_ITEMS,
    OTHERS,
    extractable,
)

NEXT_TO_NOTHING = 0.1  # an ε that a control may reach
HALF = extractable(0.5)


def sentences(rows: Iterable[Row]) -> list[str]:
    """What the page says: what is proved, whether controls are quiet, what can be extracted.

    Args:
        rows: of `recmia.papers.frontier.bounding.rows.all_rows`.
    """
    rows = list(rows)
    found = [
        sentence
        for checkpoint in (names.BEST, names.LAST)
        for say in (_proved, _many, _next_items, _extracted)
        for sentence in say([row for row in rows if row.checkpoint == checkpoint], checkpoint)
    ]
    return [*found, *_controls(rows)]


def _proved(rows: list[Row], checkpoint: str) -> Iterator[str]:
    wanted = {"artefact": BOUNDS, "metric": EPSILON, "attack": names.MAIN, "variant": ONE_RUN}
    found = {row.subset: row for row in select(rows, {**wanted, "reading": CORRECTED})}
    said = "; ".join(f"{kind} {_over_models(found[kind])}" for kind in (*MADE_UP, REAL))
    none = [kind for kind, row in found.items() if not row.ci_low]
    silent = f" Not every model proves something with {', '.join(none)}." if none else ""
    yield f"**{checkpoint.capitalize()}: what one training proves.** ε is at least: {said}.{silent}"


def _many(rows: list[Row], checkpoint: str) -> Iterator[str]:
    for method in FROM_MANY:
        wanted = {"artefact": BOUNDS, "metric": EPSILON, "variant": method}
        found = select(rows, wanted)
        said = "; ".join(f"{row.subset} {number(row.value)}" for row in found)
        yield (
            f"**{checkpoint.capitalize()}: {method}, {found[0].n_seeds} trainings.** ε is at "
            f"least: {said}."
        )


def _next_items(rows: list[Row], checkpoint: str) -> Iterator[str]:
    wanted = {"artefact": BOUNDS, "metric": EPSILON, "subset": NEXT_ITEMS, "variant": ONE_RUN}
    own, control = (
        select(rows, {**wanted, "reading": reading})[0] for reading in (CORRECTED, CONTROL)
    )
    if control.ci_high > NEXT_TO_NOTHING:
        says = "real clicks are told from the reference without any memory, and the bound is open"
        if own.ci_low > control.ci_high:
            says = (
                "members' clicks are told better than those, but the reference is no model of the "
                "data: no bound on ε follows"
            )
    else:
        says = "the reference passes its control" + (
            "" if own.ci_low > 0 else "; not every model proves something"
        )
    yield (
        f"**{checkpoint.capitalize()}: next items.** Members' {_over_models(own)}; of sessions "
        f"that nobody was trained on {_over_models(control)}: {says}."
    )


def _extracted(rows: list[Row], checkpoint: str) -> Iterator[str]:
    wanted = {"artefact": EXTRACTION, "metric": HALF}
    for kind in (REAL, *MADE_UP):
        sides = [select(rows, {**wanted, "subset": kind, "users": s}) for s in (MEMBERS, OTHERS)]
        if not all(sides):
            continue
        inside, outside = (max(side, key=lambda row: row.k) for side in sides)
        beyond = "more than" if inside.ci_low > outside.ci_high else "not told apart from"
        yield (
            f"**{checkpoint.capitalize()}: extraction of {kind}.** Of {inside.k:,} samples one at "
            f"least is a given session with a probability of one half for {_over_models(inside)} "
            f"of those that were trained on, {beyond} the {_over_models(outside)} of others."
        )


def _over_models(row: Row) -> str:
    low, high = number(row.ci_low), number(row.ci_high)
    return f"{number(row.value)} ({low} to {high} over {row.n_seeds} models)"


def _controls(rows: list[Row]) -> Iterator[str]:
    """Models that have seen none of the units, by every attack and method."""
    wanted = {"artefact": BOUNDS, "metric": EPSILON, "reading": CONTROL, "variant": [*FROM_ONE_RUN]}
    found = [row for row in select(rows, wanted) if row.subset != NEXT_ITEMS]
    highest = max(row.ci_high for row in found)
    loud = [row for row in found if row.value > NEXT_TO_NOTHING]
    yield (
        f"**Controls.** On models that have seen none of the units {len(found)} bounds, means over "
        f"models, are {'all' if not loud else f'but for {len(loud)}'} at most "
        f"{NEXT_TO_NOTHING:g}; the highest of a single model is {number(highest)}."
    )
