"""What the paper says of its results (``claims.yaml``), with what the profile decides filled in."""

from __future__ import annotations

from typing import Any

from recmia.papers.biased_mia.paper import PAPER
from recmia.papers.biased_mia.settings import BiasedMIAStudy


def claims(settings: BiasedMIAStudy) -> dict[str, dict[str, Any]]:
    """Key to claim; both sides of each are among the study's lines."""
    sides = {
        "whole-shadow": ({"share": 1.0}, {"share": min(settings.shadow_shares)}),
        "defence-lowers": (
            {"ratio": None},
            {"ratio": settings.defence_ratio, "defence_known": True},
        ),
    }
    for column, values, more, enough in (
        ("k", settings.list_lengths, "more-recommendations", "recommendations-enough"),
        ("l", settings.vector_lengths, "more-dimensions", "dimensions-enough"),
    ):
        # The paper's turning point is 50; elsewhere the middle of what was tried.
        low, high = min(values), max(values)
        middle = 50 if 50 in values else sorted(values)[len(values) // 2]
        if low < middle:
            sides[more] = {column: middle}, {column: low}
        if middle < high:
            sides[enough] = {column: high}, {column: middle}
    filled = {key: {"first": first, "second": second} for key, (first, second) in sides.items()}
    return {key: claim | filled.get(key, {}) for key, claim in PAPER.claims.items()}
