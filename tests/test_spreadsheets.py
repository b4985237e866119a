"""Ids that a spreadsheet would run are written as text, and read back as they were."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from recmia.audit.output import write_ids
from recmia.experiments.tables import Table
from recmia.spreadsheets import WRITTEN, as_given, as_text

FORMULAS = ["=cmd|' /C calc'!A0", "+a", "-a", "@SUM(1)", "\t=1", "\r=1", "-2+3", "--1", "'=1",
    "''-a", "=", "-"]  # fmt: skip
PLAIN = ["7", "-7", "+7", "-1.5e3", ".5", "a=b", "user-1", "'quoted", "", "ä", "0x1", "'"]


@pytest.mark.parametrize("given", FORMULAS)
def test_a_formula_is_text(given: str) -> None:
    assert as_text(given) == f"'{given}" and as_given(as_text(given)) == given


@pytest.mark.parametrize("given", PLAIN)
def test_what_is_none_stays(given: str) -> None:
    assert as_text(given) == given == as_given(given)


def test_tables_of_ids_are_written_and_joined_alike(tmp_path: Path) -> None:
    ids = FORMULAS + PLAIN
    write_ids(pl.DataFrame({"user_id": ids, "score": [-1.0] * len(ids)}), tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["user_id"] for row in rows] == [as_text(one) for one in ids]
    assert {row["score"] for row in rows} == {"-1.0"}
    text = pl.Series([as_text(one) for one in ids])
    assert text.filter(text.str.contains(WRITTEN)).to_list() == [f"'{one}" for one in FORMULAS]


def test_tables_of_a_report() -> None:
    cells = ("=cmd", "+0.120 [-0.1, +0.2]", "-0.098", "<img src=x onerror=a()>|b\n# c", "–")
    table = Table("t", "A <b>title</b>", ("a", "b", "c", "@d", "e"), (cells,))
    assert next(csv.reader([table.csv().split("\n")[0]]))[3] == "'@d"
    assert table.csv().split("\n")[1].startswith('\'=cmd,"+0.120 [-0.1, +0.2]",-0.098,"<img')
    text = table.markdown()
    assert "<" not in text.replace("&lt;", "") and "&lt;b&gt;title" in text
    assert text.count("\n") == 5 and r"&gt;\|b # c" in text
