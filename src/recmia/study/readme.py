"""The README's headline, written from a committed report so that no number is typed."""

from __future__ import annotations

from pathlib import Path

from recmia.errors import ArtifactError
from recmia.storage import write_text
from recmia.study.results import ResultRow, read_results

BEGIN, END = "<!-- headline: generated from {profile} -->", "<!-- headline: end -->"
FIGURE = "leakage_curves.png"


def headline(rows: list[ResultRow], profile: str) -> str:
    """Markdown: the main table of a profile's results and its leakage figure.

    Raises:
        ArtifactError: the results hold no Table 2.
    """
    chosen = [
        row
        for row in rows
        if row.metric == "ROC AUC"
        and row.artefact in ("Table 2", "Controls")
        and ("augmented as non-members" in row.setting)
        and not any(fact in row.condition for fact in ("unique", "without neighbours"))
    ]
    if not any(row.artefact == "Table 2" for row in chosen):
        raise ArtifactError(f"The results of '{profile}' hold no Table 2.")
    order = {"as published": 0, "corrected": 1, "control": 2}
    lines = [
        "| reading | attack | against | how | ROC AUC (95% interval) | paper |",
        "|---|---|---|---|---|---|",
    ]
    for row in sorted(chosen, key=lambda r: (order[r.reading], r.attack, r.condition, r.setting)):
        paper = "" if row.paper_value is None else f"{row.paper_value:.3f}"
        how = row.setting.split("; ", 1)[1]
        lines.append(
            f"| {row.reading} | {row.attack} | {row.condition} | {how} "
            f"| {row.value:.3f} ({row.ci_low:.3f} to {row.ci_high:.3f}) | {paper} |"
        )
    seeds = max(row.n_seeds for row in chosen)
    intro = (
        f"{chosen[0].dataset}, {seeds} seeds; everything else is in "
        f"[the report](reports/{profile}/index.html)."
    )
    picture = f"![Leakage against training epochs](reports/{profile}/figures/{FIGURE})"
    return "\n".join([intro, "", *lines, "", picture])


def updated(readme: str, rows: list[ResultRow], profile: str) -> str:
    """The README's text with its headline replaced.

    Raises:
        ArtifactError: the README lacks the two marks.
    """
    begin = BEGIN.format(profile=profile)
    if begin not in readme or END not in readme:
        raise ArtifactError(f"README.md needs the lines '{begin}' and '{END}'.")
    before, rest = readme.split(begin, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{begin}\n{headline(rows, profile)}\n{END}{after}"


def update_readme(root: Path, profile: str) -> Path:
    """Rewrite the README's headline from ``reports/<profile>``."""
    path = root / "README.md"
    rows = read_results(root / "reports" / profile)
    return write_text(path, updated(path.read_text(encoding="utf-8"), rows, profile))
