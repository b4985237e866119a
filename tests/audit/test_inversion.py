"""The audit of one's own ratings: a planted item is exposed, bad input is named."""

import re

import numpy as np
import pytest

from recmia.audit.inversion import InversionSettings, audit_inversion, summary
from recmia.data.synthetic_ratings import draw_ratings
from recmia.errors import DataError, SettingsError

SETTINGS = InversionSettings(
    share=0.05, decoys=3, factors=8, regularisation=0.01, length=5, zeros_observed=True,
    repeats=2, level=0.95, seed=1,
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    table = draw_ratings(400, 600, visits=True, seed=3)
    rows = zip(table.users, table.items, table.values, strict=True)
    text = "".join(f"u{user},i{item},{value:g}\n" for user, item, value in rows)
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,rating\n" + text)
    return path, int((table.items == 0).sum())


def test_a_planted_item_is_exposed(file):
    path, raters = file
    found = audit_inversion(path, ["i0"], SETTINGS)
    assert [len(one) for one in found] == [3, 3]
    assert found[0][0].sensitive == raters
    assert np.mean([one[0].recall for one in found]) >= 0.5
    assert np.mean([one[0].precision for one in found]) >= 5 * found[0][0].baseline
    text = summary(found, 0.95)
    assert f"{raters} of whom" in text and "exact binomial" in text


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("u1,i9999,0", "column 'rating': 0 is not above zero"),
        ("u1,,1", "column 'item_id'"),
        ("u1,i9999,x", "column 'rating'"),
    ],
)
def test_bad_input_is_named(file, line, place):
    path, _ = file
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, line]) + "\n")
    with pytest.raises(DataError, match=re.escape(f"line {len(lines) + 1}, {place}")):
        audit_inversion(path, ["i0"], SETTINGS)


def test_a_rating_given_twice_and_an_unknown_item(file):
    path, _ = file
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    with pytest.raises(DataError, match=f"line {len(lines) + 1}.*earlier line"):
        audit_inversion(path, ["i0"], SETTINGS)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="no line is about the sensitive item 'clinic'"):
        audit_inversion(path, ["clinic"], SETTINGS)


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError, match="--share cannot be 0"):
        InversionSettings(**vars(SETTINGS) | {"share": 0})
