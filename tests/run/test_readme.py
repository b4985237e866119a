"""Generated parts of README, ARTIFACT and results are what the committed reports give."""

from pathlib import Path

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.results import write_results
from recmia.experiments.rows import Row
from recmia.run.readme import abreast, headline, replaced, updated

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
    marked = "before\n<!-- a: generated -->\nold\n<!-- a: end -->\nafter\n"
    text = replaced(marked, {"a": "new\n\n"}, "README.md")
    assert text == "before\n<!-- a: generated -->\nnew\n<!-- a: end -->\nafter\n"
    message = "README.md needs the lines '<!-- b: generated -->' and '<!-- b: end -->'"
    with pytest.raises(ArtifactError, match=message):
        replaced(marked, {"b": "new"}, "README.md")


def test_no_headline_is_refused():
    with pytest.raises(ArtifactError, match="no headline"):
        headline([], "p")


@pytest.mark.slow
@pytest.mark.skipif(not REPORT.exists(), reason="no committed report of yoochoose64 yet")
def test_the_documents_are_up_to_date():
    """What `make readme` would write; ARTIFACT.md holds what `make demo` prints."""
    for path, text in updated(CHECKOUT, "yoochoose64").items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_reports_stand_side_by_side(tmp_path):
    """A number that only one row answers to is shown, another is a dash, and no report is empty."""
    known = {"attack": "MLP on scores", "labels": "shadow", "augmented": "non-members"}
    known |= {"nonmembers": "held-out", "subset": "known items", "n_seeds": 4}
    one = [
        row("Leakage curve", "ROC AUC", 0.7, half=0.01, checkpoint="best validation", **known),
        row("Table 2", "ROC AUC", 0.8, half=0.01, epoch=9, **known),
    ]
    both = [one[1], row("Table 2", "ROC AUC", 0.9, half=0.01, epoch=10, **known)]
    write_results(one, tmp_path / "a")
    write_results(both, tmp_path / "b")
    text = abreast([tmp_path / "a", tmp_path / "b"])
    (line,) = [line for line in text.splitlines() if "reports/" in line]
    assert (
        "](reports/a/index.html), 4 seeds | 0.700 [0.690, 0.710] | 0.800 [0.790, 0.810] | – |"
        in line
    )
    with pytest.raises(ArtifactError, match="number of the headline"):
        abreast([tmp_path / "b"])
