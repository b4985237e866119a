"""Figures over settings show what their tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recmia import grid_plots
from recmia.errors import DataError


def test_heat_map_puts_shadows_up_and_targets_across() -> None:
    frame = pd.DataFrame(
        [("a", s, t, v) for (s, t), v in zip(
            [("AI", "AI"), ("AI", "LI"), ("LI", "AI"), ("LI", "LI")], (0.9, 0.6, 0.4, 0.8),
            strict=True,
        )],
        columns=["panel", "shadow", "target", "value"],
    )  # fmt: skip
    axes = grid_plots.heat_maps(frame, title="t").axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["AI", "LI"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["LI", "AI"]  # rising diagonal
    assert [t.get_text() for t in axes.texts] == ["0.40", "0.80", "0.90", "0.60"]


def test_dots_and_their_intervals() -> None:
    frame = pd.DataFrame(
        {
            "setting": ["AIAI", "AIAI"],
            "series": ["ours", "paper"],
            "value": [0.8, 0.9],
            "ci_low": [0.7, np.nan],
            "ci_high": [0.85, np.nan],
        }
    )
    figure = grid_plots.dots_with_intervals(frame, title="t", xlabel="AUC")
    axes = figure.axes[0]
    dots = {line.get_label(): list(line.get_xdata()) for line in axes.lines}
    assert dots["ours"] == [0.8] and dots["paper"] == [0.9]
    segments = [s for c in axes.collections for s in c.get_segments() if len(s)]
    assert [s[:, 0].tolist() for s in segments] == [[0.7, 0.85]]
    assert axes.get_xlabel() == "AUC"


def test_curves_are_drawn_in_order_of_the_parameter() -> None:
    frame = pd.DataFrame(
        {
            "panel": "p", "x": [100, 10, 50], "series": "Item", "style": "corrected",
            "value": [0.9, 0.5, 0.8], "ci_low": [0.8, 0.4, 0.7], "ci_high": [1, 0.6, 0.9],
        }
    )  # fmt: skip
    axes = grid_plots.sweep_curves(frame, title="t", xlabel="k", ylabel="AUC").axes[0]
    line = next(line for line in axes.lines if line.get_label() == "Item")
    assert line.get_xdata().tolist() == [10, 50, 100]
    assert line.get_ydata().tolist() == [0.5, 0.8, 0.9]


def test_a_table_that_cannot_be_drawn_says_why() -> None:
    with pytest.raises(DataError, match="missing: shadow"):
        grid_plots.heat_maps(pd.DataFrame({"panel": [1], "target": [1], "value": [1]}), title="")
