"""MovieLens' worlds rest on the layouts of the two data sets that they are read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from recmia.data import registry
from recmia.papers.model_inversion import attacking
from recmia.run.workspace import open_study


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("RECMIA_DATA", str(tmp_path))
    for name in ("ml-latest-small", "ml-1m"):
        (tmp_path / name).mkdir()
    lines = [f"{user},{movie},5.0,{9 * user + movie}" for user in range(4) for movie in range(3)]
    (tmp_path / "ml-latest-small/ratings.csv").write_text(
        "\n".join(["userId,movieId,rating,timestamp", *lines])
    )
    (tmp_path / "ml-1m/ratings.dat").write_text("1::2::5::250\n1::1::3::0\n")
    (tmp_path / "ml-10m-tags.dat").write_text("4::1::adultery::1\n")
    overrides = {"source": "movielens", "least": 1}
    named = {f"model_inversion.datasets.stars.{name}": value for name, value in overrides.items()}
    return lambda: attacking.world(open_study("tiny", named), "stars")


def test_only_layouts_that_are_read_count(world, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world()
    known = {entry.name: entry for entry in registry.sources()}
    for name, read in (("ml-1m", True), ("ml-latest-small", True), ("ml-20m", False)):
        layout = known[name].layout.model_copy(update={"zero_is_unknown": name != "ml-1m"})
        changed = known | {name: known[name].model_copy(update={"layout": layout})}
        monkeypatch.setattr(registry, "_load", lambda entries=changed: entries)
        assert (world().identity != before.identity) == read, name


def test_a_world_is_made_without_the_registry(world, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = world()

    def closed() -> None:
        raise AssertionError("what is read here is no part of the identity")

    monkeypatch.setattr(registry, "_load", closed)
    assert kept.ensure().is_file()
