"""Names are found without importing what bears them; what is made gets what it asks for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from recmia.errors import SettingsError
from recmia.recommenders.base import Recommender
from recmia.recommenders.registry import RECOMMENDERS


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
