"""Names are found without importing what bears them; what is made gets what it asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from recmia.errors import SettingsError
from recmia.recommenders.base import Recommender
from recmia.recommenders.registry import RECOMMENDERS
from recmia.registry import Registry


def test_names_are_listed_without_loading_a_library() -> None:
    code = (
        "import sys; from recmia.recommenders.registry import RECOMMENDERS; list(RECOMMENDERS); "
        "print(sorted({'torch', 'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_recommender_is_one_by_its_own_name() -> None:
    assert {"bert4rec", "caser", "content-based", "gru4rec", "lfm", "ncf"} < set(RECOMMENDERS)
    for name, kind in RECOMMENDERS.items():
        assert issubclass(kind, Recommender) and kind.name == name and kind.cost > 0


def test_what_is_made_gets_what_it_asks_for() -> None:
    offered = {"vocabulary_size": 9, "seed": 4, "device": "cpu"}
    made = RECOMMENDERS.make("lfm", {"dim": 3}, **offered)
    assert (made.vocabulary_size, made.dim, made.seed) == (9, 3, 4)
    assert RECOMMENDERS.make("popularity", **offered).vocabulary_size == 9
    with pytest.raises(SettingsError, match="no recommender 'LFM'.*caser"):
        RECOMMENDERS.make("LFM", **offered)
    with pytest.raises(SettingsError, match="'popularity' has no setting 'dim'"):
        RECOMMENDERS.make("popularity", {"dim": 3}, **offered)
    with pytest.raises(
        SettingsError, match="'lfm', dim: Input should be greater than or equal to 1"
    ):
        RECOMMENDERS.make("lfm", {"dim": 0}, **offered)


def test_a_name_belongs_to_one_class(tmp_path: Path) -> None:
    package = ModuleType("made_up")
    package.__path__ = [str(tmp_path)]
    registry = Registry("thing", package, lambda module: package)
    package.First = type("First", (), {"name": "first"})
    (tmp_path / "one.py").write_text('class First:\n    name = "first"\n\nclass Helper: ...\n')
    assert list(registry) == ["first"] and registry["first"] is package.First
    (tmp_path / "two.py").write_text('class Second:\n    name = "first"\n')
    with pytest.raises(SettingsError, match="two.py calls a thing 'first', as one.py does"):
        list(registry)
