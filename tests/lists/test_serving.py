"""What makes saved lists stale, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from recmia.papers.dl_mia.halves import SEQUENTIAL, half_of

from recmia.lists.serving import Model, lists_identity
from recmia.run.workspace import open_study


@pytest.fixture
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path))
    data = {"D": {"source": "synthetic", "title": "made up", "users": 200, "items": 80}}

    def of(algorithm: str, **settings) -> str:
        section = {"datasets": data, "algorithms": ["B", "C", "G"], "min_users": 20}
        section |= {"ablated": [], "described": [], "defended": []} | settings
        overrides = {f"dl_mia.sequential.{name}": value for name, value in section.items()}
        study = half_of(open_study("tiny", overrides), SEQUENTIAL)
        return lists_identity(study, Model("D", algorithm, "shadow", 0))

    return of


def test_epochs_of_one_sequential_recommender_leave_lists_of_the_others(identity) -> None:
    names = {"bert4rec", "caser", "gru4rec"}
    for name in names:
        changed = {name: {"epochs": 3}}
        assert identity(name, **changed) != identity(name)
        for other in names - {name}:
            assert identity(other, **changed) == identity(other)
    assert identity("gru4rec", top_k=7) != identity("gru4rec")
