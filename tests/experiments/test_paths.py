"""Which checkout is used, and what may name a folder in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from recmia.errors import SettingsError
from recmia.experiments import paths
from recmia.experiments.paths import find_root
from recmia.run.settings import load_settings

CHECKOUT = Path(__file__).resolve().parents[2]


def folder_with(where: Path, pyproject: str) -> Path:
    (where / "notebooks").mkdir(parents=True)
    (where / "src" / "recmia").mkdir(parents=True)
    (where / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    return where


def test_notebooks_of_another_folder_are_not_ours(tmp_path, monkeypatch):
    monkeypatch.delenv("RECMIA_HOME", raising=False)
    monkeypatch.chdir(folder_with(tmp_path / "mine", '[project]\nname = "recmia"\n'))
    assert find_root() == CHECKOUT


def test_an_installed_package_looks_for_a_checkout_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("RECMIA_HOME", raising=False)
    installed = tmp_path / "a" / "b" / "site-packages" / "recmia" / "experiments" / "paths.py"
    monkeypatch.setattr(paths, "__file__", str(installed))
    ours = folder_with(tmp_path / "checkout", '[project]\nname = "recmia"\n')
    monkeypatch.chdir(ours / "notebooks")
    assert find_root() == ours
    monkeypatch.chdir(folder_with(tmp_path / "other", '[project]\nname = "other"\n'))
    with pytest.raises(SettingsError, match="notebooks were not found"):
        find_root()


@pytest.mark.parametrize("name", ["../../v", "/tmp/v", "a/b", "a\\b", ".", "..", "", "a\nb", "C:v"])
def test_a_name_cannot_leave_its_folder(name):
    asked = {"model_inversion": load_settings("tiny").model_dump()["model_inversion"]}
    datasets = asked["model_inversion"]["datasets"]
    datasets[name] = datasets.pop(next(iter(datasets)))
    with pytest.raises(SettingsError, match="model_inversion.datasets"):
        load_settings("tiny", asked)
    asked = {"biased_mia.datasets": {name: {"source": "synthetic", "title": "x"}}}
    with pytest.raises(SettingsError, match="biased_mia.datasets"):
        load_settings("tiny", asked)
