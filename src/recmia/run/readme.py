"""Generated parts of README and other documents, from reports so that no number is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from recmia.errors import ArtifactError
from recmia.experiments import cells, tables
from recmia.experiments.paths import find_root
from recmia.experiments.results import read_results
from recmia.experiments.rows import Row
from recmia.experiments.selecting import only
from recmia.experiments.words import Words
from recmia.run import artifact, findings
from recmia.run.papers import card_rows, report_of
from recmia.run.picture import picture
from recmia.run.registry import papers
from recmia.run.reproduced import real_reports, summary
from recmia.storage import write_text

BEGIN, END = "<!-- {name}: generated -->", "<!-- {name}: end -->"
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
            said = findings.sentences(paper, rows)
            if not said:  # such as a report of something else, which describes its data
                continue
            title = report_of(paper.folder).title
            data = f" on {rows[0].dataset}" if len(own) > 1 else ""
            lines.append(f"**{title}**{data}, in [its report](reports/{name}/index.html).\n")
            lines.append("".join(f"- {sentence}\n" for sentence in said))
    return "\n".join(filter(None, lines))


def replaced(text: str, parts: Mapping[str, str], file: str) -> str:
    """A document's text with what stands between the marks of each part replaced.

    Args:
        text: of the document.
        parts: Markdown by the name that the marks have.
        file: what an error calls the document.

    Raises:
        ArtifactError: the document lacks a mark.
    """
    for name, part in parts.items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        if begin not in text or end not in text:
            raise ArtifactError(f"{file} needs the lines '{begin}' and '{end}'.")
        before, rest = text.split(begin, 1)
        text = f"{before}{begin}\n{part.rstrip()}\n{end}{rest.split(end, 1)[1]}"
    return text


def updated(root: Path, profile: str) -> dict[Path, str]:
    """Texts of the documents with generated parts, these made anew, and of the README's picture.

    Args:
        root: the checkout; its reports on real data are read.
        profile: whose report the headline is from.

    Raises:
        ArtifactError: a document lacks a mark, or the headline's report its rows.
    """
    folders = real_reports(root / "reports")
    results = {
        "headline": headline(read_results(root / "reports" / profile), profile),
        "findings": found(folders),
        "reproduced": summary(folders, by_metric=False),
    }
    documents = {
        "README.md": {"abreast": abreast(folders)},
        "docs/results.md": {name: _from_docs(text) for name, text in results.items()},
        "ARTIFACT.md": artifact.parts(folders),
    }
    texts = {
        root / name: replaced((root / name).read_text(encoding="utf-8"), parts, name)
        for name, parts in documents.items()
    }
    return texts | {root / "docs/question.svg": picture()}


def _from_docs(markdown: str) -> str:
    return markdown.replace("](reports/", "](../reports/")


def update(root: Path, profile: str) -> list[Path]:
    """Rewrite the generated parts of a checkout's documents; returns their paths."""
    return [write_text(path, text) for path, text in updated(root, profile).items()]


if __name__ == "__main__":
    print(*update(find_root(), "yoochoose64"), sep="\n")
