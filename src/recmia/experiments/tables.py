"""Tables of a report, made from result rows only: text cells, then CSV, Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recmia.experiments.results import ResultRow, csv_text

HEADLINE_METRIC = "ROC AUC"
PROPOSED = "MLP on scores"


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        name: file name without suffix.
        title: what it shows.
        columns: headings.
        rows: cells.
        numeric: indices of columns that hold numbers.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()

    def csv(self) -> str:
        """Comma-separated."""
        return csv_text(self.columns, self.rows)

    def markdown(self) -> str:
        """A Markdown table under its title."""
        rule = ["--:" if i in self.numeric else "---" for i in range(len(self.columns))]
        lines = [self.columns, rule, *self.rows]
        cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
        return f"**{self.title}**\n\n" + "".join(f"| {line} |\n" for line in cells)


def number(value: float | int | None) -> str:
    """Three decimals; whole numbers above 1 with thousands parted; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, int) and abs(value) > 1:
        return f"{value:,}"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.1f}"


def with_interval(row: ResultRow) -> str:
    """Value and, in brackets, its interval."""
    if row.ci_low is None or row.ci_high is None:
        return number(row.value)
    return f"{number(row.value)} [{number(row.ci_low)}, {number(row.ci_high)}]"


def paper(row: ResultRow) -> str:
    """The paper's number as it is printed there."""
    if row.paper_value is None:
        return "–"
    return f"{row.paper_value:,}" if isinstance(row.paper_value, int) else str(row.paper_value)


def difference(row: ResultRow) -> str:
    """Ours minus the paper's."""
    if row.value is None or row.paper_value is None:
        return "–"
    gap = row.value - row.paper_value
    return f"{gap:+,}" if isinstance(gap, int) else f"{gap:+.3f}"


def of(rows: Iterable[ResultRow], artefact: str) -> list[ResultRow]:
    """Rows of one artefact."""
    return [row for row in rows if row.artefact == artefact]


def table1(rows: list[ResultRow]) -> Table:
    """Statistics of the data set, beside the proposal's."""
    order = ("days", "items", "sessions", "interactions", "mean session length", "Gini index")
    place = {name: i for i, name in enumerate(order)}
    chosen = sorted(of(rows, "Table 1"), key=lambda row: place.get(row.metric, len(order)))
    return Table(
        "table1",
        "Table 1: statistics of the data",
        ("Statistic", "Data", "Ours", "Paper", "Note"),
        tuple((r.metric, r.dataset, with_interval(r), paper(r), r.note) for r in chosen),
        (2, 3),
    )


READINGS = ("as published", "corrected", "control", "")


def _importance(row: ResultRow) -> tuple:
    attacks = (PROPOSED, "Biased-MIA", "DL-MIA")
    place = attacks.index(row.attack) if row.attack in attacks else len(attacks)
    reading = READINGS.index(row.reading) if row.reading in READINGS else len(READINGS)
    return (row.paper_value is None, place, reading, on_subset(row), "shadow" in row.setting)


def comparison(rows: list[ResultRow]) -> list[ResultRow]:
    """Rows of Table 2 in ROC AUC, those that the paper has a number for first."""
    chosen = [row for row in of(rows, "Table 2") if row.metric == HEADLINE_METRIC]
    return sorted(chosen, key=_importance)


def control_rows(rows: list[ResultRow]) -> list[ResultRow]:
    """Controls in ROC AUC."""
    return [row for row in of(rows, "Controls") if row.metric == HEADLINE_METRIC]


def table2(rows: list[ResultRow]) -> Table:
    """The attacks' ROC AUC, beside the proposal's Table 2: the comparable rows first."""
    return Table(
        "table2",
        "Table 2: attacks, ours beside the paper's (ROC AUC)",
        (
            *("Attack", "Reading", "Setting", "Non-members, checkpoint"),
            *("Ours [interval]", "Paper", "Difference", "Reason or caveat"),
        ),
        tuple(
            (
                *(r.attack, r.reading, r.setting, r.condition),
                *(with_interval(r), paper(r), difference(r), r.note),
            )
            for r in comparison(rows)
        ),
        (4, 5, 6),
    )


def _pivot(name: str, title: str, rows: list[ResultRow], facts) -> Table:
    """One line for each combination of ``facts``, one column for each metric."""
    metrics = sorted({r.metric for r in rows}, key=lambda m: (m != HEADLINE_METRIC, m))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        key = tuple(fact(row) for fact in facts.values())
        lines.setdefault(key, {})[row.metric] = with_interval(row)
    return Table(
        name,
        title,
        (*facts, *metrics),
        tuple((*key, *(cells.get(m, "–") for m in metrics)) for key, cells in lines.items()),
        tuple(range(len(facts), len(facts) + len(metrics))),
    )


def controls(rows: list[ResultRow]) -> Table:
    """Experiments that show what an attack really detects."""
    return _pivot(
        "controls",
        "Controls",
        of(rows, "Controls"),
        {
            "Attack": lambda r: r.attack,
            "Setting": lambda r: r.setting,
            "Non-members, checkpoint": lambda r: r.condition,
            "Note": lambda r: r.note,
        },
    )


def leakage(rows: list[ResultRow]) -> Table:
    """Each attack at each recorded epoch."""
    return _pivot(
        "leakage",
        "Leakage against training epochs",
        of(rows, "Leakage curve"),
        {
            "Attack": lambda r: r.attack,
            "Setting": lambda r: r.setting,
            "Non-members": lambda r: "; ".join(_kinds(r)),
            "Epoch": lambda r: "" if r.epoch is None else str(r.epoch) + _mark(r),
        },
    )


def leakage_by_epoch(rows: list[ResultRow]) -> Table:
    """ROC AUC of each attack, a column an epoch; the best-validation checkpoint is starred."""
    chosen = [r for r in of(rows, "Leakage curve") if r.metric == HEADLINE_METRIC]
    epochs = sorted({r.epoch for r in chosen if r.epoch is not None})
    lines: dict[tuple[str, ...], dict[int | None, str]] = {}
    for row in chosen:
        kind = "; ".join(_kinds(row))
        star = "★" if "best validation" in row.facts else ""
        cells = lines.setdefault((row.attack, row.setting, kind), {})
        cells[row.epoch] = number(row.value) + star
    return Table(
        "leakage-by-epoch",
        "ROC AUC by training epoch (★ best validation)",
        ("Attack", "Setting", "Non-members", *map(str, epochs)),
        tuple((*key, *(cells.get(epoch, "–") for epoch in epochs)) for key, cells in lines.items()),
        tuple(range(3, 3 + len(epochs))),
    )


def on_subset(row: ResultRow) -> bool:
    """Whether the row is about a part of the sessions only, such as the unique ones."""
    return len(_kinds(row)) > 1


def _kinds(row: ResultRow) -> list[str]:
    """The condition without the checkpoint: kind of non-members, then the subset if any."""
    return [fact for fact in row.facts if not _checkpoint(fact)]


def _checkpoint(fact: str) -> bool:
    return fact.startswith("epoch ") or fact == "best validation"


def _mark(row: ResultRow) -> str:
    return " (best validation)" if "best validation" in row.facts else ""


def ranking(rows: list[ResultRow]) -> Table:
    """How well the recommenders rank unseen sessions' next clicks."""
    return _pivot(
        "ranking",
        "Ranking quality on unseen sessions",
        of(rows, "Ranking quality"),
        {
            "Recommender": lambda r: r.attack,
            "Training": lambda r: r.setting,
            "Checkpoint": lambda r: r.condition,
        },
    )


def audit(rows: list[ResultRow]) -> Table:
    """What was counted and checked about the cohorts."""
    return Table(
        "cohorts",
        "Audit of the cohorts",
        ("Count or share", "Mean over seeds"),
        tuple((r.metric, number(r.value)) for r in of(rows, "Cohort audit")),
        (1,),
    )


def others(rows: list[ResultRow]) -> list[Table]:
    """A plain table for each artefact that has no table of its own."""
    known = {"Table 1", "Table 2", "Controls", "Leakage curve", "Ranking quality", "Cohort audit"}
    facts = {
        "Setting": lambda r: r.setting,
        "Subject": lambda r: r.attack,
        "Condition": lambda r: r.condition,
        "Note": lambda r: r.note,
    }
    names = dict.fromkeys(row.artefact for row in rows if row.artefact not in known)
    return [_pivot(name.lower().replace(" ", "-"), name, of(rows, name), facts) for name in names]


def headline_rows(rows: list[ResultRow]) -> list[ResultRow]:
    """Rows that the paper has a number for; the proposed attack's others on all sessions."""
    chosen = comparison(rows)
    published = [row for row in chosen if row.paper_value is not None]
    readings = {_reading(row) for row in published}
    return published + [
        row
        for row in chosen
        if row.paper_value is None
        and row.attack == PROPOSED
        and _reading(row) in readings
        and not on_subset(row)
    ]


def _reading(row: ResultRow) -> str:
    """The setting's first part: which reading of the proposal's augmentation."""
    return row.setting.partition(";")[0]


def headline(rows: list[ResultRow]) -> Table:
    """The headline rows, for a README."""
    return Table(
        "headline",
        "Attacks at the last epoch, ours beside the paper's (ROC AUC)",
        ("Attack", "Setting", "Non-members, checkpoint", "Ours [interval]", "Paper"),
        tuple(
            (r.attack, r.setting, r.condition, with_interval(r), paper(r))
            for r in headline_rows(rows)
        ),
        (3, 4),
    )


def headline_facts(rows: list[ResultRow]) -> dict[str, object]:
    """What the report's first lines say.

    Returns:
        ``cards``: the headline rows; ``attack``: the proposed attack's row that the paper has a
        number for, or None; ``best``: the same at the best-validation checkpoint, or None;
        ``blind``: rows of the blind baseline on the
        same reading, or None.
    """
    cards = headline_rows(rows)
    attack = next((r for r in cards if r.attack == PROPOSED and r.paper_value is not None), None)
    best = blind = None
    if attack is not None:
        about = (attack.setting, attack.attack, attack.metric, _kinds(attack))
        for row in of(rows, "Leakage curve"):
            same = (row.setting, row.attack, row.metric, _kinds(row)) == about
            if same and "best validation" in row.facts:
                best = row
        blind = [
            row
            for row in control_rows(rows)
            if row.attack == "blind baseline"
            and _reading(row) == _reading(attack)
            and not on_subset(row)
        ]
    return {"cards": cards, "attack": attack, "best": best, "blind": blind}


def all_tables(rows: list[ResultRow]) -> list[Table]:
    """Every table that has rows."""
    makers = (headline, table1, table2, controls, leakage_by_epoch, leakage, ranking, audit)
    return [t for t in [*(make(rows) for make in makers), *others(rows)] if t.rows]
