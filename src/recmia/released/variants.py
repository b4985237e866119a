"""From released to corrected, one detail at a time: the rows of the ablation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recmia.released.perceptron import TEXT
from recmia.released.recipe import Recipe

PEOPLE = "people dealt out, not records"
_BOTH = {"factors": "trained from uniform / 10", "item": "co-occurrence"}
_TRAINED = _BOTH | {"vectors": "trained from uniform / 10"}
_CHANGES: dict[str, dict[str, Any]] = {
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
    "LFM trained and Item by co-occurrence": _BOTH,
    "vectors and recommenders trained": _TRAINED,
}
_TRAININGS: dict[str, dict[str, Any]] = {
    "momentum 0.7": {"momentum": 0.7},
    "shuffled every epoch": {"order": "shuffled"},
    "non-members first": {"order": "members last"},
    "one softmax": {"softmax_twice": False},
    "one softmax, shuffled": {"softmax_twice": False, "order": "shuffled"},
    "batches of 64, shuffled": {"batch": 64, "order": "shuffled"},
    "5 epochs": {"epochs": 5},
    "100 epochs": {"epochs": 100},
}


def variants(base: Recipe) -> dict[str, Recipe]:
    """Name to recipe: what is named is changed, all else is as released.

    Args:
        base: as released.
    """
    made = {name: replace(base, **change) for name, change in _CHANGES.items()}
    for name, change in _TRAININGS.items():
        made[name] = replace(base, training=replace(base.training, **change))
    text = replace(TEXT, epochs=base.training.epochs)
    made["the text's attack"] = replace(base, training=text)
    made["vectors and recommenders trained, the text's attack"] = replace(
        base, training=text, **_TRAINED
    )
    return made
