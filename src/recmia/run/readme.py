"""The README's generated parts, written from committed reports so that no number is typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recmia.errors import ArtifactError
from recmia.experiments import cells, tables
from recmia.experiments.paths import find_root
from recmia.experiments.results import read_results
from recmia.experiments.rows import Row
from recmia.experiments.selecting import only
from recmia.experiments.words import Words
from recmia.run import findings
from recmia.run.papers import card_rows, report_of
from recmia.run.registry import papers
from recmia.run.reproduced import real_reports, summary
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
                *(cells.with_interval(row), cells.paper(row)),
            )
            for row in chosen
        ),
        (3, 4),
    )
    figure = f"reports/{profile}/figures/{STUDY}/{FIGURE}"
    picture = f"![Leakage against training epochs]({figure})"
    link = f"Everything else is in [the report](reports/{profile}/index.html)."
    return "\n".join([table.markdown(), picture, "", link])


def abreast(folders: Sequence[Path]) -> str:
    """Markdown: the main study's reports on several data sets, a line each.

    Raises:
        ArtifactError: none of the reports has one of the numbers.
    """
    paper = next(paper for paper in papers() if paper.name == STUDY)
    columns = report_of(paper.folder).abreast
    lines = []
    for folder in folders:
        rows = [row for row in read_results(folder) if row.study == STUDY]
        numbers = [only(rows, kinds) for kinds in columns.values()]
        if there := [row for row in numbers if row]:
            title = f"[{there[0].dataset}](reports/{folder.name}/index.html)"
            about = f"{title}, {there[0].n_seeds} seeds"
            lines.append((about, *(cells.with_interval(row) if row else "–" for row in numbers)))
    if not lines:
        raise ArtifactError("No report holds a number of the headline.")
    return tables.Table(
        "abreast",
        "ROC AUC on sessions whose every item another training session holds",
        ("Data", *columns),
        tuple(lines),
        tuple(range(1, len(columns) + 1)),
    ).markdown()


def found(folders: Sequence[Path]) -> str:
    """Markdown: each paper with its reports, and below each the findings there."""
    lines = []
    results = {folder.name: read_results(folder) for folder in folders}
    for paper in papers():
        own = {
            name: found
            for name, rows in results.items()
            if (found := [row for row in rows if row.study == paper.name])
        }
        for name, rows in own.items():
            title = report_of(paper.folder).title
            data = f" on {rows[0].dataset}" if len(own) > 1 else ""
            lines.append(f"**{title}**{data}, in [its report](reports/{name}/index.html).\n")
            said = findings.sentences(paper, rows)
            lines.append("".join(f"- {sentence}\n" for sentence in said))
    return "\n".join(filter(None, lines))


def replaced(readme: str, begin: str, end: str, text: str) -> str:
    """The README's text with what stands between two marks replaced.

    Raises:
        ArtifactError: the README lacks a mark.
    """
    if begin not in readme or end not in readme:
        raise ArtifactError(f"README.md needs the lines '{begin}' and '{end}'.")
    before, rest = readme.split(begin, 1)
    return f"{before}{begin}\n{text.rstrip()}\n{end}{rest.split(end, 1)[1]}"


def updated(readme: str, root: Path, profile: str) -> str:
    """The README's text with all its generated parts made anew.

    Args:
        readme: the text.
        root: the checkout; its reports on real data are read.
        profile: whose report the headline is from.

    Raises:
        ArtifactError: the README lacks a mark, or the headline's report its rows.
    """
    folders = real_reports(root / "reports")
    top = headline(read_results(root / "reports" / profile), profile)
    readme = replaced(readme, BEGIN.format(profile=profile), END, top)
    parts = {
        "abreast": abreast(folders),
        "findings": found(folders),
        "reproduced": summary(folders, by_metric=False),
    }
    for name, text in parts.items():
        readme = replaced(readme, f"<!-- {name}: generated -->", f"<!-- {name}: end -->", text)
    return readme


def update_readme(root: Path, profile: str) -> Path:
    """Rewrite the generated parts of ``README.md`` in a checkout."""
    path = root / "README.md"
    return write_text(path, updated(path.read_text(encoding="utf-8"), root, profile))


if __name__ == "__main__":
    print(update_readme(find_root(), "yoochoose64"))
