"""The README's headline, written from a committed report so that no number is typed."""

from __future__ import annotations

from pathlib import Path

from recmia.errors import ArtifactError
from recmia.experiments import tables
from recmia.experiments.paths import find_root
from recmia.experiments.results import ResultRow, read_results
from recmia.storage import write_text

BEGIN, END = "<!-- headline: generated from {profile} -->", "<!-- headline: end -->"
FIGURE = "proposal/leakage_curves.png"


def headline(rows: list[ResultRow], profile: str) -> str:
    """Markdown: the main table of a profile's results and its leakage figure.

    Raises:
        ArtifactError: the results hold no Table 2.
    """
    facts = tables.headline_facts(rows)
    if not facts["cards"]:
        raise ArtifactError(f"The results of '{profile}' hold no Table 2.")
    chosen = [*facts["cards"], *(facts["blind"] or [])]
    table = tables.Table(
        "headline",
        f"{chosen[0].dataset}, {max(row.n_seeds for row in chosen)} seeds: ROC AUC",
        ("Attack", "Reading", "How", "Non-members, checkpoint", "Ours [95% interval]", "Paper"),
        tuple(
            (
                *(row.attack, row.reading, row.setting, row.condition),
                *(tables.with_interval(row), tables.paper(row)),
            )
            for row in chosen
        ),
        (4, 5),
    )
    picture = f"![Leakage against training epochs](reports/{profile}/figures/{FIGURE})"
    link = f"Everything else is in [the report](reports/{profile}/index.html)."
    return "\n".join([table.markdown(), picture, "", link])


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


if __name__ == "__main__":
    print(update_readme(find_root(), "yoochoose64"))
