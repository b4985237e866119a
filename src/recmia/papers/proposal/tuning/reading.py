"""What notebook 08's rows mean, in sentences that nothing but an interval decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.rows import CONFIRMED, OPEN, Row
from recmia.experiments.selecting import select
from recmia.experiments.verdicts import verdict
from recmia.experiments.words import Words
from recmia.papers.proposal.names import KNOWN
from recmia.papers.proposal.tuning.rows import (
    CHANGE,
    DIFFERENCE,
    GROWTH,
    LEAKAGE,
    NDCG,
    NEIGHBOURS,
    QUALITY,
)
from recmia.papers.proposal.tuning.search import TUNED, UNTUNED

WORDS = Words()


def sentences(rows: Iterable[Row]) -> list[str]:
    """What the page says: how the targets rank, why, and whether a better one leaks less.

    Args:
        rows: of `recmia.papers.proposal.tuning.rows`.
    """
    rows = list(rows)
    return [*_gained(rows), *_beside_neighbours(rows), *_leak(rows)]


def _gained(rows: list[Row]) -> Iterator[str]:
    wanted = {"artefact": QUALITY, "metric": DIFFERENCE.format(NDCG), "against": UNTUNED}
    for row in _in_order(select(rows, wanted)):
        says = _by(row, "ranks better than", "ranks worse than", "is not told apart from")
        yield (
            f"**{_kind(row)}, {row.members:,} sessions.** The {_trained(row)} {says} the target "
            f"before tuning: its NDCG@20 is {_more(row)}."
        )


def _beside_neighbours(rows: list[Row]) -> Iterator[str]:
    wanted = {"artefact": QUALITY, "metric": DIFFERENCE.format(NDCG), "against": NEIGHBOURS}
    found = _in_order(select(rows, {**wanted, "case": TUNED}))
    for row in found:
        says = _by(row, "beats", "is beaten by", "is not told apart from")
        short = " Its best epoch is the last one: more might be better." if row.note else ""
        yield (
            f"**Item neighbours, {row.members:,} sessions.** The tuned {_name(row)} {says} item "
            f"neighbours counted in the same sessions: its NDCG@20 is {_more(row)}.{short}"
        )
    for first in found:
        grown = select(rows, {"artefact": GROWTH, "metric": CHANGE, "case": TUNED})
        grown = [row for row in grown if row.recommender == first.recommender]
        is_first = first.members == min(
            row.members for row in found if row.recommender == first.recommender
        )
        if is_first and _judged(first) != CONFIRMED:
            yield _cause(first, found, grown)


def _cause(first: Row, found: list[Row], grown: list[Row]) -> str:
    """Whether too few sessions are why a target does not beat item neighbours; a test decides."""
    about = f"**Why the tuned {_name(first)} does not beat item neighbours.** "
    if not grown:
        return f"{about}Open: it was trained on {first.members:,} sessions alone."
    last = max(grown, key=lambda row: row.members)
    moved = (
        f"From {first.members:,} to {last.members:,} training sessions the difference changes by "
        f"{_interval(last)}"
    )
    beating = [
        row.members
        for row in found
        if row.recommender == first.recommender and _judged(row) == CONFIRMED
    ]
    short = any(
        row.note
        for row in found
        if (row.recommender, row.members) == (last.recommender, last.members)
    )
    if short and _judged(last) != CONFIRMED:
        return f"{about}Open: {_lower(moved)}, but the last training was too short to judge by."
    if _judged(last) == OPEN:
        return f"{about}Open: {_lower(moved)}; too few sessions are not shown to be the cause."
    if _judged(last) != CONFIRMED:
        return f"{about}Not for too few sessions: {_lower(moved)}, against the target."
    if beating:
        reached = f"with {min(beating):,} sessions it does beat them"
    else:
        reached = f"with {last.members:,} sessions it still does not, so that they are a part of it"
    return f"{about}Too few sessions are a cause, tested: {_lower(moved)}; {reached}."


def _leak(rows: list[Row]) -> Iterator[str]:
    wanted = {"artefact": LEAKAGE, "metric": DIFFERENCE.format(ROC_AUC), "against": UNTUNED}
    for row in select(rows, wanted):
        among = f"on {KNOWN}" if row.subset == KNOWN else "on all sessions"
        says = _by(row, "leaks more than", "leaks less than", "is not shown to leak less than")
        ranks = _by_quality(rows, row)
        own = select(rows, {"artefact": LEAKAGE, "metric": ROC_AUC, "subset": row.subset})
        own = [one for one in own if (one.case, one.recommender) == (row.case, row.recommender)]
        yield (
            f"**Leakage, {among}.** The {_trained(row)} {says} the target before tuning: "
            f"an MLP that learns from its shadow has a ROC AUC of "
            f"{own[0].value:.3f} {_limits(own[0])}, the difference being {_interval(row)}.{ranks}"
        )


def _by_quality(rows: list[Row], of: Row) -> str:
    """A target that leaks less is worth something where it ranks no worse."""
    wanted = {"artefact": QUALITY, "metric": DIFFERENCE.format(NDCG), "against": UNTUNED}
    wanted |= {"recommender": of.recommender, "case": of.case, "members": of.members}
    for row in select(rows, wanted):
        ranks = _by(row, "ranks better as well", "ranks worse", "is not told apart by its ranking")
        return f" It {ranks}."
    return ""


def _in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.recommender, row.members))


def _judged(row: Row) -> str:
    """Confirmed where the whole interval is above 0, refuted where below, else open."""
    return verdict(row.ci_low, row.ci_high)


def _by(row: Row, above: str, below: str, neither: str) -> str:
    judged = _judged(row)
    return above if judged == CONFIRMED else neither if judged == OPEN else below


def _name(row: Row) -> str:
    return WORDS.value("recommender", row.recommender)


def _kind(row: Row) -> str:
    return "Tuning" if row.case == TUNED else "Training"


def _trained(row: Row) -> str:
    return f"tuned {_name(row)}" if row.case == TUNED else f"{_name(row)} with {row.case}"


def _limits(row: Row) -> str:
    return f"[{row.ci_low:.3f}, {row.ci_high:.3f}]"


def _interval(row: Row) -> str:
    return f"{row.value:+.3f} [{row.ci_low:+.3f}, {row.ci_high:+.3f}]"


def _more(row: Row) -> str:
    word = "higher" if row.value >= 0 else "lower"
    return f"{abs(row.value):.3f} {word}, the difference being {_interval(row)}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
