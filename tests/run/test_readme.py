"""The README's headline is what the committed report gives."""

from pathlib import Path

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.results import ResultRow, read_results
from recmia.run.readme import BEGIN, END, headline, updated

CHECKOUT = Path(__file__).resolve().parents[2]
REPORT = CHECKOUT / "reports" / "yoochoose64"


def row(attack: str, reading: str, value: float, paper: float | None = None) -> ResultRow:
    return ResultRow(
        "proposal", "Table 2", "clicks", "augmented as non-members; target labels", attack,
        reading, "near-miss; epoch 3", "ROC AUC", value, value - 0.01, value + 0.01, 2, paper,
    )  # fmt: skip


def test_numbers_come_from_rows():
    text = headline([row("MLP on scores", "as published", 0.876, 0.90012)], "p")
    assert "0.876 [0.866, 0.886]" in text and "0.90012" in text and "clicks, 2 seeds" in text
    assert "](reports/p/index.html)" in text


def test_only_the_marked_part_is_replaced():
    begin = BEGIN.format(profile="p")
    rows = [row("MLP on scores", "as published", 0.876, 0.90012)]
    text = updated(f"before\n{begin}\nold\n{END}\nafter\n", rows, "p")
    assert text.startswith(f"before\n{begin}\n") and text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text and "0.876" in text
    with pytest.raises(ArtifactError, match="README.md needs the lines"):
        updated("no marks", rows, "p")


def test_no_table_2_is_refused():
    with pytest.raises(ArtifactError, match="no Table 2"):
        headline([], "p")


@pytest.mark.skipif(not REPORT.exists(), reason="no committed report of yoochoose64 yet")
def test_the_readme_is_up_to_date():
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert updated(readme, read_results(REPORT), "yoochoose64") == readme
