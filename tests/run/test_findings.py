"""Findings: each number is one row, and a name that is not one is an error that names it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from recmia.errors import ArtifactError
from recmia.experiments.rows import Row
from recmia.run.findings import sentences

ROWS = [
    Row(study="s", artefact="Figure 3", metric="AUC", k=1, value=0.9, ci_low=0.88, ci_high=0.91,
        n_seeds=3, paper_value=0.987),
    Row(study="s", artefact="Figure 3", metric="AUC", k=2, value=0.5, ci_low=0.4, ci_high=0.7,
        n_seeds=20, interval="range over draws"),
]  # fmt: skip


@pytest.fixture
def said(tmp_path: Path):
    folders = iter(range(9))

    def say(*entries: dict) -> list[str]:
        folder = tmp_path / str(next(folders))  # a file is read once
        folder.mkdir()
        (folder / "findings.yaml").write_text(yaml.safe_dump(list(entries)))
        return sentences(SimpleNamespace(name="s", folder=folder), ROWS)

    return say


def test_numbers_are_taken_from_rows(said) -> None:
    text = "It is {one}, not {one.paper}: {one.value} from {one.low} to {one.high}; "
    text += "{two}, {two.draws}."
    names = {"one": {"artefact": "Figure 3", "k": 1}, "two": {"artefact": "Figure *", "k": 2}}
    assert said({"text": text, "numbers": names}) == [
        "It is 0.900 [0.880, 0.910], not 0.987: 0.900 from 0.880 to 0.910; "
        "0.500 (0.400 to 0.700 over 20 draws), 20."
    ]


def test_what_a_profile_did_not_run_is_left_out(said) -> None:
    absent = {"text": "{a}", "numbers": {"a": {"artefact": "Table 9"}}}
    there = {"text": "{a.value}", "numbers": {"a": {"k": 2}}}
    assert said(absent, there) == ["0.500"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"text": "{a}", "numbers": {"a": {"artefact": "Figure 3"}}}, "finding 1: 'a' .* 2 are"),
        (
            {"text": "{a} {b}", "numbers": {"a": {"k": 1}, "b": {"k": 9}}},
            "finding 1: 'b' .* 0 are",
        ),
        ({"text": "{a} {b}", "numbers": {"a": {"k": 1}}}, "finding 1: .* differ in b"),
        ({"text": "none", "numbers": {"a": {"k": 1}}}, "finding 1: .* differ in a"),
        ({"text": "{a.colour}", "numbers": {"a": {"k": 1}}}, "s, finding 1: .*colour"),
        ({"text": "{a}", "numbers": {"a": {"colour": 1}}}, "no column 'colour'"),
        ({"text": "{a}"}, r"(?s)findings\.yaml.*numbers"),
    ],
)
def test_a_bad_finding_is_named(said, entry: dict, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        said(entry)


def test_the_first_five_that_there_are_rows_for(said) -> None:
    """A file holds what several profiles find; a report says at most five."""
    about = {"text": "{a.value}", "numbers": {"a": {"k": 2}}}
    none = {"text": "{a}", "numbers": {"a": {"k": 7}}}
    last = about | {"text": "last, {a.value}"}
    assert said(none, *[about] * 4, none, last, about) == ["0.500"] * 4 + ["last, 0.500"]


def test_a_paper_without_a_number_is_not_mentioned(said) -> None:
    names = {"one": {"artefact": "Figure 3", "k": 1}, "two": {"k": 2}}
    text = "{one.value}{one.theirs}, {two.value}{two.theirs}."
    assert said({"text": text, "numbers": names}) == ["0.900 (the paper: 0.987), 0.500."]


def test_a_paper_without_a_file_has_none(tmp_path: Path) -> None:
    assert sentences(SimpleNamespace(name="s", folder=tmp_path), ROWS) == []
