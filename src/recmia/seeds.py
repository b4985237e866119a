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
