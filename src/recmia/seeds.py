"""One root seed; every random choice draws from a named child of it."""

from __future__ import annotations

import hashlib

import numpy as np


def child_seed(root: int, *names: str | int) -> int:
    """A seed in [0, 2**63) that depends on ``root`` and on every name, in order."""
    text = "/".join([str(root), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(root: int, *names: str | int) -> np.random.Generator:
    """NumPy generator for the named child of ``root``."""
    return np.random.default_rng(child_seed(root, *names))


def spread(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: uint64 to uint64, one to one, each bit a coin of all the others.

    Args:
        values: uint64.
    """
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))
