"""Each row of the ablation changes what it names and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from recmia.released.perceptron import Training
from recmia.released.recipe import Recipe
from recmia.released.variants import PEOPLE, variants

# Fields of the recipe and of its training.
CHANGED = {
    "as released": {},
    "item vectors 0.3 as long": {"vectors": "noise x 0.3"},
    "item vectors 0.1 as long": {"vectors": "noise x 0.1"},
    "item vectors from U(0, 1), untrained": {"vectors": "uniform"},
    "item vectors from U(0, 1) / 10, untrained": {"vectors": "uniform / 10"},
    "item vectors trained from their start": {"vectors": "trained from noise"},
    "item vectors trained as in the sequential half": {"vectors": "trained from uniform"},
    "item vectors trained from U(0, 1) / 10": {"vectors": "trained from uniform / 10"},
    "LFM untrained, users from N(0, 1)": {"factors": "untrained, normal users"},
    "LFM trained from its start": {"factors": "trained from noise"},
    "LFM trained from U(0, 1) / 10": {"factors": "trained from uniform / 10"},
    "Item by co-occurrence": {"item": "co-occurrence"},
    "seen items left out": {"seen": False},
    "popular list from non-members": {"popular": "non-members"},
    "popular list from everybody": {"popular": "everybody"},
    "one popular list for both sides": {"popular": "one list for both sides"},
    "weights by rank": {"weights": "rank"},
    PEOPLE: {"people": True},
    "momentum 0.7": {"momentum": 0.7},
    "shuffled every epoch": {"order": "shuffled"},
    "non-members first": {"order": "members last"},
    "one softmax": {"softmax_twice": False},
    "one softmax, shuffled": {"softmax_twice": False, "order": "shuffled"},
    "batches of 64, shuffled": {"batch": 64, "order": "shuffled"},
    "5 epochs": {"epochs": 5},
    "100 epochs": {"epochs": 100},
    "the text's attack": {"momentum": 0.7, "softmax_twice": False, "order": "shuffled"},
    "LFM trained and Item by co-occurrence": {
        "factors": "trained from uniform / 10",
        "item": "co-occurrence",
    },
    "vectors and recommenders trained": {
        "vectors": "trained from uniform / 10",
        "factors": "trained from uniform / 10",
        "item": "co-occurrence",
    },
}
CHANGED["vectors and recommenders trained, the text's attack"] = {
    **CHANGED["vectors and recommenders trained"],
    **CHANGED["the text's attack"],
}


def flat(recipe: Recipe) -> dict:
    found = {f.name: getattr(recipe, f.name) for f in fields(Recipe) if f.name != "training"}
    return found | {f.name: getattr(recipe.training, f.name) for f in fields(Training)}


@pytest.mark.parametrize("base", [Recipe(), Recipe(k=20, training=Training(epochs=2))])
def test_each_variant_changes_what_it_names(base: Recipe) -> None:
    made = variants(base)
    assert made["as released"] == base
    assert len(set(made.values())) == len(made)
    found = {}
    for name, recipe in made.items():
        before, after = flat(base), flat(recipe)
        found[name] = {field: after[field] for field in after if after[field] != before[field]}
    assert found == CHANGED


def test_recipes_differ_in_a_detail_and_are_equal_without() -> None:
    assert Recipe() == Recipe() and hash(Recipe()) == hash(Recipe())
    assert replace(Recipe(), dim=10) != Recipe()
