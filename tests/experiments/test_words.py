"""Words are made from columns, and say what the columns hold."""

from __future__ import annotations

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.rows import FACTORS, Row
from recmia.experiments.selecting import matches
from recmia.experiments.words import Words, distinguishing, titles_of

WORDS = Words(titles={"visits": "unvisited counts as 0"})


def row(**columns) -> Row:
    return Row(**{"study": "s", "artefact": "a", "metric": "m", "value": 1.0} | columns)


AIML = {"shadow_data": "A", "shadow": "item-neighbours", "target_data": "M", "target": "lfm"}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (AIML, "AIML"),
        ({"target_data": "M", "recommender": "content-based"}, "MC"),
        ({"target_data": "M"}, "M"),
        ({"recommender": "gpt2"}, ""),
        ({"target_data": "foursquare", "system": "visits"}, "unvisited counts as 0"),
    ],
)
def test_settings_are_written_as_the_papers_do(columns: dict, words: str) -> None:
    assert WORDS.setting(row(**columns)) == words


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("k", 50, "k = 50"),
        ("threshold", 3, "l' = 3"),
        ("alpha", 0.05, "α = 0.05"),
        ("epsilon", 1000000, "ε = 1000000"),
        ("share", 0.7, "70% of the shadow"),
        ("ratio", 0.1, "defence, ratio 0.1"),
        ("ratio", None, "no defence"),
        ("defence_known", False, "the attacker does not know"),
        ("recommender", "item-neighbours", "Item"),
        ("weights", "linear", "weights by rank"),
        ("subset", None, ""),
    ],
)
def test_a_value_is_said_with_what_it_is_of(column: str, value, words: str) -> None:
    assert WORDS.word(column, value) == words


def test_a_condition_holds_what_is_asked_for_in_one_order() -> None:
    made = row(**AIML, alpha=0.05, threshold=3, epoch=4)
    assert WORDS.condition(made, ["alpha", "threshold", "shadow"]) == "l' = 3; α = 0.05"
    assert WORDS.condition(made) == "epoch 4; l' = 3; α = 0.05"


def test_rows_are_told_apart_by_what_differs() -> None:
    rows = [row(k=10, l=50), row(k=20, l=50), row(k=None, l=50)]
    assert distinguishing(rows) == {"k"}


def test_texts_take_the_values_of_rows() -> None:
    rows = [row(**AIML, metric="HR@20", k=10), row(**AIML, metric="HR@20", k=20)]
    assert WORDS.fill("{metric} of {setting}, k: {k}", rows) == "HR@20 of AIML, k: 10, 20"


def test_titles_are_found_however_deep() -> None:
    values = {"a": {"systems": {"visits": {"title": "T", "main": True}}, "n": 1}}
    assert titles_of(values) == {"visits": "T"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"k": 10}, True),
        ({"k": [20, 10]}, True),
        ({"k": None}, False),
        ({"l": None}, True),
        ({"l": "*"}, False),
        ({"k": "*", "metric": "HR@*"}, True),
        ({"metric": "HR"}, False),
        ({"subset": [None, "unique"], "k": [None]}, False),
        ({"reading": None}, True),
    ],
)
def test_rows_are_found_by_their_columns(wanted: dict, found: bool) -> None:
    assert matches(row(metric="HR@100", k=10), wanted) == found


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ArtifactError, match="colour"):
        matches(row(), {"colour": "red"})


def test_every_factor_can_be_said() -> None:
    samples = {"str": "word", "int": 3, "float": 0.5, "bool": True}
    from recmia.experiments.rows import COLUMNS

    for name in FACTORS:
        assert WORDS.word(name, samples[COLUMNS[name].__name__])
