"""The made-up ratings: one file leaks, the other does not, and the audit says which."""

from __future__ import annotations

import shlex
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from recmia.audit.inversion import InversionSettings, audit_inversion
from recmia.audit.rating_example import FILES, FILM, HIGHEST, write_rating_example
from recmia.cli import app
from recmia.errors import ArtifactError
from recmia.evaluation.verdict import LEAK, NONE_FOUND

DEFAULTS = InversionSettings(0.05, 3, 30, 0.01, 5, True, 5, 0.95, 0)  # those of the command


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    return write_rating_example(tmp_path_factory.mktemp("example") / "films")


@pytest.mark.parametrize(("case", "verdict"), [("leak", LEAK), ("no-leak", NONE_FOUND)])
def test_the_audit_tells_them_apart(films, tmp_path, case, verdict):
    found = audit_inversion(films / FILES[case], [FILM], tmp_path / "found", DEFAULTS)
    assert found["answer"]["verdict"] == verdict
    low, high = found["intervals"]["roc_auc"]
    assert low > 0.7 if case == "leak" else low < 0.5 < high


def test_what_the_files_hold(films):
    tables = {case: pl.read_csv(films / name) for case, name in FILES.items()}
    stars = {k: table.filter(pl.col("item_id") == FILM)["rating"] for k, table in tables.items()}
    assert stars["leak"].unique().to_list() == [HIGHEST] and len(stars["leak"]) < 100
    assert len(stars["no-leak"]) == 1000
    assert 0.45 < (stars["no-leak"] == HIGHEST).mean() < 0.55
    others = [table.filter(pl.col("item_id") != FILM) for table in tables.values()]
    assert others[0].equals(others[1])


def test_the_command_prints_commands_that_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["audit", "example", "ratings", "films"]).stdout
    commands = [shlex.split(line) for line in said.splitlines()[1:]]
    assert len(commands) == len(FILES)
    done = CliRunner().invoke(app, [*commands[0][1:], "--repeats", "1"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "films-leak/index.html").exists()


def test_a_folder_that_holds_something_is_refused(films):
    with pytest.raises(ArtifactError, match="not empty"):
        write_rating_example(films)
