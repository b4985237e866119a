"""The papers' letters, the registry's names, and seeds that stay when names change."""

from __future__ import annotations

import pytest

from recmia.errors import SettingsError
from recmia.experiments.letters import LISTED, cell_of, letter_of
from recmia.lists.serving import Model
from recmia.lists.views import ONE_MODEL, View
from recmia.recommenders.registry import RECOMMENDERS
from recmia.run.settings import load_settings


def test_every_letter_is_a_recommender_and_C_is_two() -> None:
    assert set(LISTED.values()) <= set(RECOMMENDERS)
    assert cell_of("AI") == ("A", "item-neighbours") and cell_of("MC") == ("M", "caser")
    assert letter_of("content-based") == letter_of("caser") == "C"
    assert View("M", "content-based").name == "MC"


def test_seeds_are_drawn_from_the_words_that_numbers_were_first_made_under() -> None:
    assert Model("A", "lfm", "target", 1, epochs=100).seed_words == ("A", "L100", "target", 1, 1.0)
    assert Model("A", "caser", "shadow", 0, 0.7).seed_words == ("A", "C", "shadow", 0, 0.7)
    view = View("L", "lfm", epochs=400, serving=ONE_MODEL, k=20)
    first = ("L", "L400", ONE_MODEL, "0.0", "Origin", "mean", "20", "100", "False", "1.0")
    assert view.seed_words == first


def test_profiles_take_letters_and_names() -> None:
    chosen = {"biased_mia.algorithms": ["I", "popularity"]}
    settings = load_settings("tiny", chosen).biased_mia
    assert settings.algorithms == ("item-neighbours", "popularity")
    assert settings.settings_of("item-neighbours") == {"neighbours": 20, "last_clicks": None}
    assert settings.settings_of("popularity") == {}
    with pytest.raises(SettingsError, match="no recommender 'Q'; choose letters of I, L, N"):
        load_settings("tiny", {"biased_mia.algorithms": ["Q"]})
