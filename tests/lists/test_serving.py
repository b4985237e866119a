"""What makes saved lists stale, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from recmia.experiments.kept import Kept
from recmia.lists.serving import Model
from recmia.lists.world import ListWorld
from recmia.run.workspace import open_study


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path))
    data = {"D": {"source": "synthetic", "title": "made up", "users": 200, "items": 80}}

    def of(algorithm: str, **settings) -> Kept:
        section = {"datasets": data, "algorithms": ["B", "C", "G"], "min_users": 20}
        section |= {"ablated": [], "described": [], "defended": []} | settings
        overrides = {f"dl_mia.sequential.{name}": value for name, value in section.items()}
        study = open_study("tiny", overrides)
        world = ListWorld(study, study.settings.dl_mia.sequential, tmp_path)
        return world.lists(Model("D", algorithm, "shadow", 0))

    return of


def test_settings_of_one_recommender_leave_lists_of_the_others(lists) -> None:
    names = {"bert4rec", "caser", "gru4rec"}
    for name in names:
        changed = {name: {"epochs": 3}}
        assert lists(name, **changed).identity != lists(name).identity
        for other in names - {name}:
            assert lists(other, **changed).identity == lists(other).identity
    assert lists("gru4rec", top_k=7).identity != lists("gru4rec").identity


def test_lists_rest_on_the_code_of_their_own_recommender(lists) -> None:
    found = {name: lists(name).parts["modules"] for name in ("bert4rec", "gru4rec")}
    for name, other in (("bert4rec", "gru4rec"), ("gru4rec", "bert4rec")):
        assert f"recmia.recommenders.{name}" in found[name]
        assert f"recmia.recommenders.{other}" not in found[name]
        assert "recmia.recommenders.ranking" in found[name]
