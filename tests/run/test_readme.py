"""The README's generated parts are what the committed reports give."""

from pathlib import Path

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.rows import Row
from recmia.run.readme import headline, replaced, updated

from .made_up import row

CHECKOUT = Path(__file__).resolve().parents[2]
REPORT = CHECKOUT / "reports" / "yoochoose64"


@pytest.fixture
def rows() -> list[Row]:
    columns = {"attack": "MLP on scores", "reading": "as published", "labels": "target"}
    columns |= {"augmented": "non-members", "nonmembers": "near-miss", "epoch": 3, "n_seeds": 2}
    return [row("Table 2", "ROC AUC", 0.876, half=0.01, paper_value=0.90012, **columns)]


def test_numbers_come_from_rows(rows):
    text = headline(rows, "p")
    assert "0.876 [0.866, 0.886]" in text and "0.90012" in text and "made up, 2 seeds" in text
    assert "target labels; augmented as non-members; against near-miss non-members" in text
    assert "](reports/p/index.html)" in text


def test_only_the_marked_part_is_replaced():
    text = replaced("before\n<a>\nold\n<b>\nafter\n", "<a>", "<b>", "new\n\n")
    assert text == "before\n<a>\nnew\n<b>\nafter\n"
    with pytest.raises(ArtifactError, match="README.md needs the lines '<a>' and '<b>'"):
        replaced("no <a> other mark", "<a>", "<b>", "new")


def test_no_headline_is_refused():
    with pytest.raises(ArtifactError, match="no headline"):
        headline([], "p")


@pytest.mark.skipif(not REPORT.exists(), reason="no committed report of yoochoose64 yet")
def test_the_readme_is_up_to_date():
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert updated(readme, CHECKOUT, "yoochoose64") == readme
