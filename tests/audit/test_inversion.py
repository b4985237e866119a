"""The audit of one's own ratings: a planted item is exposed, bad input is named."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from recmia.audit.inversion import FILES, InversionSettings, attack_ratings, audit_inversion
from recmia.audit.inversion_page import summary
from recmia.cli import app
from recmia.data.synthetic_ratings import draw_ratings
from recmia.errors import ArtifactError, DataError, SettingsError

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


def test_a_planted_item_is_exposed(file, tmp_path):
    path, raters = file
    out = tmp_path / "out"
    found = audit_inversion(path, ["i0"], out, SETTINGS)
    assert sorted(one.name for one in out.iterdir()) == sorted(FILES)
    assert found["sensitive_users"] == raters and len(found["by_decoys"]) == 3
    one = found["by_decoys"][0]
    assert one["tpr"] >= 0.5 and one["precision"] >= 5 * found["guess"]
    assert found["answer"]["verdict"] == "It leaks"
    low, high = found["baselines"]["before"]["interval"]
    assert low < 0.5 < high  # nobody is given away before users are injected
    page = (out / "index.html").read_text()
    assert '<h2 id="verdict">It leaks</h2>' in page and found["command"].split()[0] in page
    text = summary(found, out / "index.html")
    assert f"{raters} of whom" in text and "exact binomial" in text
    with open(out / "users.csv", newline="") as written:
        rows = list(csv.DictReader(written))
    decoys = [float(row["decoys"]) for row in rows]
    assert decoys == sorted(decoys, reverse=True) and len(rows) == found["counts"]["users"]
    listed = [row["rated_sensitive_highest"] == "1" for row in rows if float(row["decoys"]) == 3]
    assert np.mean(listed) > 0.9
    with pytest.raises(ArtifactError, match="--force"):
        audit_inversion(path, ["i0"], out, SETTINGS)
    audit_inversion(path, ["i0"], out, replace(SETTINGS, seed=2), force=True)
    assert json.loads((out / "metrics.json").read_text())["settings"]["seed"] == 2


def test_rates_are_those_of_the_lists(file):
    attacked = attack_ratings(file[0], ["i0"], SETTINGS)
    assert attacked.decoys.shape == attacked.before.shape == (2, len(attacked.users))
    (one, _) = attacked.exposures(1)
    assert one.listed == (attacked.decoys[0] >= 1).sum()


def test_an_item_that_nobody_goes_with_leaks_nothing(file, tmp_path):
    """Ratings of the sensitive item handed to other users after all: its raters share nothing."""
    path, _ = file
    header, *lines = path.read_text().splitlines()
    users = sorted({line.split(",")[0] for line in lines})
    drawn = np.random.default_rng(0).choice(users, 17, replace=False)
    lines = [line for line in lines if line.split(",")[1] != "i0"]
    lines += [f"{user},i0,1" for user in drawn]
    path.write_text("\n".join([header, *lines]) + "\n")
    weak = replace(SETTINGS, share=0.005)
    found = audit_inversion(path, ["i0"], tmp_path / "out", weak)
    assert found["answer"]["verdict"] != "It leaks"
    if found["degenerate"]["degenerate"]:
        assert "Degenerate" in (tmp_path / "out" / "index.html").read_text()


def test_the_command_writes_a_page(file, tmp_path):
    words = ["audit", "inversion", str(file[0]), "--sensitive", "i0", "--factors", "8"]
    words += ["--repeats", "1", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert f"Page: {tmp_path / 'out' / 'index.html'}" in done.output
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 1 and "--force" in again.output
    assert CliRunner().invoke(app, [*words, "--force"]).exit_code == 0


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
        attack_ratings(path, ["i0"], SETTINGS)


def test_a_rating_given_twice_and_an_unknown_item(file):
    path, _ = file
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    with pytest.raises(DataError, match=f"line {len(lines) + 1}.*earlier line"):
        attack_ratings(path, ["i0"], SETTINGS)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="no line is about the sensitive item 'clinic'"):
        attack_ratings(path, ["clinic"], SETTINGS)


def test_impossible_settings_are_refused():
    with pytest.raises(SettingsError, match="--share cannot be 0"):
        InversionSettings(**vars(SETTINGS) | {"share": 0})
