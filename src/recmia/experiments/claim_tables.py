"""Tables of what a paper says of its results, and where that was confirmed or refuted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recmia.experiments.cells import number, with_sign
from recmia.experiments.rows import CLAIMS, DEGENERATE, VERDICTS, Row
from recmia.experiments.selecting import select
from recmia.experiments.tables import Table
from recmia.experiments.words import Words, distinguishing


def claims(study: str, rows: Iterable[Row], words: Words) -> Table:
    """What the paper says, and where it was confirmed, refuted, left open, or not to be judged."""
    rows = select(rows, {"artefact": CLAIMS})
    verdicts = VERDICTS[:-1]
    if not any(row.verdict == DEGENERATE for row in rows):
        verdicts = [verdict for verdict in verdicts if verdict != DEGENERATE]
    cells = []
    for about, found in _by_claim(rows, words).items():
        places = [
            "; ".join(where for row, where in found if row.verdict == said) or "–"
            for said in verdicts
        ]
        values = sorted(row.value for row, _ in found if row.value is not None)
        one = with_sign(found[0][0])
        sign = "+" if any(row.ci_low is not None for row, _ in found) else ""
        extent = f"{values[0]:{sign}.3f} to {values[-1]:{sign}.3f}" if len(values) > 1 else one
        cells.append((*about, extent, *places))
    heads = ("The paper says", "Reading", "Measured", "From, to", *map(str.capitalize, verdicts))
    return Table(f"{study}-claims", "The paper's claims", heads, tuple(cells), (3,))


def claims_in_full(
    study: str, rows: Iterable[Row], words: Words, rates: Mapping[tuple, float]
) -> Table:
    """Every claim with its measured difference, interval and verdict.

    Args:
        study: the paper's name.
        rows: its rows.
        words: what is said of them.
        rates: a row's key to the rate of false discoveries at which its claim is kept.
    """

    def rate(row: Row) -> str:
        return number(rates[row.key]) if row.key in rates else "–"

    heads = ("The paper says", "Reading", "Measured", "Where", "Ours [interval]", "q", "Verdict")
    return Table(
        f"{study}-claims-in-full",
        "The paper's claims, each place",
        heads,
        tuple(
            (*about, where, with_sign(row), rate(row), row.verdict)
            for about, found in _by_claim(rows, words).items()
            for row, where in found
        ),
        (4, 5),
    )


def _by_claim(
    rows: Iterable[Row], words: Words
) -> dict[tuple[str, str, str], list[tuple[Row, str]]]:
    """Claim, reading and metric to the rows, each with what tells its place from the others'."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in select(rows, {"artefact": CLAIMS}):
        said = words.fill(words.value("claim", row.claim), [row])
        about = (said, row.reading, row.metric)
        found.setdefault(about, []).append(row)
    return {
        about: [(row, _place(row, words, distinguishing(own))) for row in own]
        for about, own in found.items()
    }


def _place(row: Row, words: Words, varied: set[str]) -> str:
    said = (words.setting(row), words.condition(row, varied, sep=", "))
    return ", ".join(filter(None, said)) or row.dataset or "overall"
