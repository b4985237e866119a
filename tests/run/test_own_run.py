"""`recmia audit clicks` keeps to a folder of its own; `recmia check` writes only what is new."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from recmia.cli import app
from recmia.errors import ArtifactError, DataError
from recmia.run.own_run import open_run
from tests.public_layouts import sasrec, truth


@pytest.fixture(autouse=True)
def folders(monkeypatch):
    """What `open_run` sets is taken back."""
    for name in ("RECMIA_ARTIFACTS", "RECMIA_REPORTS"):
        monkeypatch.setenv(name, "")


def test_a_run_has_a_folder_of_its_own_and_goes_on(tmp_path):
    log, out = tmp_path / "log.txt", tmp_path / "out"
    sasrec(log, truth())
    _, profile = open_run(log, out)
    assert profile == out / "page.yaml" and os.environ["RECMIA_REPORTS"] == str(out)
    assert open_run(log, out)[1] == profile
    sasrec(tmp_path / "other.txt", truth(180))
    with pytest.raises(ArtifactError, match="another file"):
        open_run(tmp_path / "other.txt", out)
    with pytest.raises(ArtifactError, match="something else"):
        open_run(log, tmp_path)


def test_a_log_that_is_too_short_leaves_no_folder(tmp_path):
    sasrec(tmp_path / "log.txt", truth(100))
    with pytest.raises(DataError, match="too few sessions"):
        open_run(tmp_path / "log.txt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_check_says_and_writes(tmp_path):
    log, profile = tmp_path / "log.txt", tmp_path / "mine.yaml"
    sasrec(log, truth())
    result = CliRunner().invoke(app, ["check", str(log), "--write", str(profile)])
    assert result.exit_code == 0 and "separated by blanks" in result.output
    written = profile.read_text()
    result = CliRunner().invoke(app, ["check", str(log), "--write", str(profile)])
    assert result.exit_code == 1 and profile.read_text() == written
