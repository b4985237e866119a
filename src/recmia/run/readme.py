"""The README's headline, written from a committed report so that no number is typed."""

from __future__ import annotations

from pathlib import Path

from recmia.errors import ArtifactError
from recmia.experiments import tables
from recmia.experiments.paths import find_root
from recmia.experiments.results import read_results
from recmia.experiments.rows import Row
from recmia.experiments.words import Words
from recmia.run.papers import card_rows, report_of
from recmia.run.registry import papers
from recmia.storage import write_text

BEGIN, END = "<!-- headline: generated from {profile} -->", "<!-- headline: end -->"
STUDY, FIGURE = "proposal", "leakage_curves.png"


def headline(rows: list[Row], profile: str) -> str:
    """Markdown: the main study's headline rows and its leakage figure.

    Raises:
        ArtifactError: the results hold none.
    """
    paper = next(paper for paper in papers() if paper.name == STUDY)
    chosen = card_rows(report_of(paper.folder), [row for row in rows if row.study == STUDY])
    if not chosen:
        raise ArtifactError(f"The results of '{profile}' hold no headline.")
    words = Words()
    table = tables.Table(
        "headline",
        f"{chosen[0].dataset}, {max(row.n_seeds for row in chosen)} seeds: {chosen[0].metric}",
        ("Attack", "Reading", "How", "Ours [95% interval]", "Paper"),
        tuple(
            (
                *(row.attack, row.reading, words.condition(row)),
                *(tables.with_interval(row), tables.paper(row)),
            )
            for row in chosen
        ),
        (3, 4),
    )
    figure = f"reports/{profile}/figures/{STUDY}/{FIGURE}"
    picture = f"![Leakage against training epochs]({figure})"
    link = f"Everything else is in [the report](reports/{profile}/index.html)."
    return "\n".join([table.markdown(), picture, "", link])


def updated(readme: str, rows: list[Row], profile: str) -> str:
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


if __name__ == "__main__":
    print(update_readme(find_root(), "yoochoose64"))
