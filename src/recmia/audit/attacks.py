"""Attacks of the registry as an audit of lists runs them: several seeds of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.attacks.registry import ATTACKS
from recmia.audit.sides import Side
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM


def usual_epochs(name: str) -> int | None:
    """Passes of an attack over the shadow users, as its paper has them; None for one without."""
    setting = inspect.signature(ATTACKS[name]).parameters.get("epochs")
    return setting and setting.default


def make_attacks(
    name: str,
    *,
    epochs: int | None,
    seeds: int,
    seed: int,
    item_vectors: np.ndarray,
    position_weights: str,
    progress: Callable[[float], object],
) -> list[Attack]:
    """One attack that trains models of all seeds side by side if it can do that, or one a seed.

    Args:
        name: in the registry.
        epochs: of each; None for an attack without.
        seeds: models.
        seed: root of their seeds.
        item_vectors: float32 [V, l], rows by the item ids of `observed`.
        position_weights: "mean" or "linear".
        progress: called after each epoch, with parts that add up to ``epochs`` for each attack.

    Raises:
        SettingsError: the attack has no epochs.
    """
    asked = inspect.signature(ATTACKS[name]).parameters
    settings = {} if epochs is None else {"epochs": epochs}
    offered = {"item_vectors": item_vectors, "position_weights": position_weights}
    offered["progress"] = progress
    if "models" in asked:
        return [ATTACKS.make(name, settings, seed=seed, models=seeds, **offered)]
    chosen = [child_seed(seed, name, number) for number in range(seeds if "seed" in asked else 1)]
    return [ATTACKS.make(name, settings, seed=one, **offered) for one in chosen]


def observed(side: Side, lists: bool) -> Observations:
    """A side as attacks see it that look at more than difference vectors; its lists emptied if not
    to be looked at.

    Item i of the item space has the id ``FIRST_ITEM + i``. Histories are padded to the longest.
    """
    listed = _padded(side.list_items, side.list_offsets)
    return Observations(
        row_ids=np.arange(len(side)),
        histories=_padded(side.history_items, side.history_offsets),
        lengths=np.diff(side.history_offsets),
        lists=listed if lists else np.zeros_like(listed),
    )


def _padded(items: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    lengths = np.diff(offsets)
    rows = np.zeros((len(lengths), lengths.max()), dtype=np.int64)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = items + FIRST_ITEM
    return rows
