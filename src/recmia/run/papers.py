"""The papers' tables and figures in the report: ours under each reading, beside the paper's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from recmia.experiments.results import ResultRow
from recmia.experiments.tables import READINGS, Table, difference, paper, with_interval
from recmia.run.registry import papers, report_of

CLAIMS = "Claims"
# Longer tables are folded away in the page.
LONG = 30


def _catalogue() -> dict[str, dict[str, Any]]:
    return {paper.name: report_of(paper) for paper in papers()}


def title_of(study: str) -> str:
    """A study's name in headings."""
    return _catalogue()[study]["title"]


def of_study(rows: Iterable[ResultRow], study: str) -> list[ResultRow]:
    """Rows of one study."""
    return [row for row in rows if row.study == study]


def table(rows: list[ResultRow], study: str, artefact: str) -> Table:
    """A paper's table or figure: a line a setting, a column a reading and metric.

    Metrics that ``artefacts.yaml`` does not list for the artefact are left to the table of all
    results. The paper's number stands beside the reading that it is comparable with.
    """
    about = _catalogue()[study]["artefacts"][artefact]
    kept = about.get("metrics")
    chosen = [r for r in rows if r.artefact == artefact and (not kept or r.metric in kept)]
    columns = sorted(
        {(row.reading, row.metric) for row in chosen},
        key=lambda c: (READINGS.index(c[0]), kept.index(c[1]) if kept else 0, c[1]),
    )
    facts = {
        "Setting": lambda r: r.setting,
        "What": lambda r: r.attack,
        "Condition": lambda r: r.condition,
        "Data": lambda r: r.dataset,
    }
    lines: dict[tuple[str, ...], list[ResultRow]] = {}
    for row in chosen:
        lines.setdefault(tuple(fact(row) for fact in facts.values()), []).append(row)
    cells = []
    for key, found in lines.items():
        by_column = {(row.reading, row.metric): row for row in found}
        beside = next((row for row in found if row.paper_value is not None), None)
        numbers = [with_interval(by_column[c]) if c in by_column else "–" for c in columns]
        notes = "; ".join(dict.fromkeys(row.note for row in found if row.note))
        papers = (paper(beside), difference(beside)) if beside else ("–", "–")
        cells.append((*key, *numbers, *papers, notes))
    heads = [f"{reading}: {metric}" if reading else metric for reading, metric in columns]
    head = (*facts, *heads, "Paper", "Difference", "Note")
    # A column that says the same nothing in every line only takes room.
    used = [i for i in range(len(head)) if any(line[i] not in ("", "–") for line in cells)]
    numeric = range(len(facts), len(head) - 1)
    return Table(
        f"{study}-{artefact.lower().replace(' ', '-')}",
        f"{artefact}: {about['title']}",
        tuple(head[i] for i in used),
        tuple(tuple(line[i] for i in used) for line in cells),
        tuple(place for place, i in enumerate(used) if i in numeric),
    )


VERDICTS = ("confirmed", "refuted", "open")


def claims(rows: list[ResultRow], study: str) -> Table:
    """What the paper says, and where it was confirmed, refuted or left open."""
    lines: dict[tuple[str, str, str], list[ResultRow]] = {}
    for row in rows:
        if row.artefact == CLAIMS:
            lines.setdefault((row.setting, row.reading, row.metric), []).append(row)
    cells = []
    for (claim, reading, metric), found in lines.items():
        places = [
            ", ".join(row.condition for row in found if row.note == said) or "–"
            for said in VERDICTS
        ]
        values = sorted(row.value for row in found if row.value is not None)
        extent = (
            f"{values[0]:+.3f} to {values[-1]:+.3f}" if len(values) > 1 else with_sign(found[0])
        )
        cells.append((claim, reading, metric, extent, *places))
    return Table(
        f"{study}-claims",
        "The paper's claims",
        ("The paper says", "Reading", "Measured", "From, to", *map(str.capitalize, VERDICTS)),
        tuple(cells),
        (3,),
    )


def with_sign(row: ResultRow) -> str:
    """A difference and its interval, or a plain count's share."""
    if row.ci_low is None:
        return f"{row.value:.3f}"
    return f"{row.value:+.3f} [{row.ci_low:+.3f}, {row.ci_high:+.3f}]"


def claims_in_full(rows: list[ResultRow], study: str) -> Table:
    """Every claim with its measured difference, interval and verdict."""
    return Table(
        f"{study}-claims-in-full",
        "The paper's claims, each place",
        ("The paper says", "Reading", "Where", "Measured", "Ours [interval]", "Verdict"),
        tuple(
            (r.setting, r.reading, r.condition, r.metric, with_sign(r), r.note)
            for r in rows
            if r.artefact == CLAIMS
        ),
        (4,),
    )


def sections(
    rows: list[ResultRow], figures: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """What the report shows of each paper that has results, in the order of ``artefacts.yaml``.

    Args:
        rows: all rows of the report.
        figures: study to its figures; one that names an artefact stands beside its table.
    """
    found = []
    for study, about in _catalogue().items():
        own = of_study(rows, study)
        if "artefacts" not in about or not own:
            continue
        parts = []
        for name, artefact in about["artefacts"].items():
            drawn = [f for f in figures.get(study, []) if f["artefact"] == name]
            made = table(own, study, name)
            if drawn or made.rows:
                parts.append(
                    artefact
                    | {"name": name, "table": made, "figures": drawn, "long": len(made.rows) > LONG}
                )
        said = claims(own, study)
        found.append(
            about
            | {
                "study": study,
                "artefacts": parts,
                "claims": said if said.rows else None,
                "claims_in_full": claims_in_full(own, study),
                "figures": [f for f in figures.get(study, []) if not f["artefact"]],
                "datasets": list(dict.fromkeys(row.dataset for row in own if row.dataset)),
            }
        )
    return found


def all_tables(rows: list[ResultRow]) -> list[Table]:
    """Every table of every paper that has rows."""
    made = []
    for study, about in _catalogue().items():
        own = of_study(rows, study)
        made += [table(own, study, name) for name in about.get("artefacts", {})]
        made += [claims(own, study), claims_in_full(own, study)]
    return [t for t in made if t.rows]
