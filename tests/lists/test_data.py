"""A kept data set rests on its own entry of the registry, and on nothing of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from recmia.data import registry
from recmia.experiments.kept import Kept
from recmia.lists.world import ListWorld
from recmia.run.workspace import open_study

BEAUTY = {"A": {"source": "amazon-beauty", "title": "two users"}}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("RECMIA_DATA", str(tmp_path))
    (tmp_path / "ratings_Beauty.csv").write_text("a,X,1,1\na,Y,1,2\nb,X,1,1\n")
    cells = {"size_dataset": "A", "crossed_cell": "AIAI", "algorithms": ["I"]}
    overrides = {f"biased_mia.{n}": v for n, v in {"datasets": BEAUTY, **cells}.items()}
    study = open_study("tiny", overrides)

    def of() -> Kept:
        return ListWorld(study, study.settings.biased_mia, tmp_path / "world").data("A")

    return of


def entries(monkeypatch: pytest.MonkeyPatch, **changed: registry.Source) -> None:
    """The registry with some entries more, or other ones."""
    known = {entry.name: entry for entry in registry.sources()}
    monkeypatch.setattr(registry, "_load", lambda: known | changed)


def test_another_data_set_is_nothing_to_it(data, monkeypatch: pytest.MonkeyPatch) -> None:
    before = data()
    before.ensure()
    mine = registry.source("amazon-beauty").model_copy(update={"name": "mine"})
    entries(monkeypatch, mine=mine)
    assert registry.source("mine") == mine
    assert data().identity == before.identity and data().is_current()
    assert "recmia.data.registry" in before.parts["modules"]  # though its code can be reached
    assert not any("sources.yaml" in name for name in before.parts["modules"])


def test_a_new_layout_makes_it_stale(data, monkeypatch: pytest.MonkeyPatch) -> None:
    data().ensure()
    entry = registry.source("amazon-beauty")
    told = entry.model_copy(update={"title": "Beauty", "licence": "another"})
    entries(monkeypatch, **{entry.name: told})
    assert data().is_current()  # what is only told of it is read by nobody
    layout = entry.layout.model_copy(update={"item": "timestamp"})
    entries(monkeypatch, **{entry.name: entry.model_copy(update={"layout": layout})})
    assert data().why_stale() == "changed: layout.item"


def test_it_is_made_without_the_registry(data, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = data()

    def closed() -> None:
        raise AssertionError("what is read here is no part of the identity")

    monkeypatch.setattr(registry, "_load", closed)
    assert kept.ensure().is_file()
