"""Figures from tidy tables: one style, one colour for each role, equal tables give equal bytes.

Figures are plain :class:`matplotlib.figure.Figure` objects; nothing is registered with pyplot.
"""

from recmia.plots.curves import curves
from recmia.plots.diagram import pipeline_diagram
from recmia.plots.dots import dots
from recmia.plots.heat import heat_maps
from recmia.plots.leakage import leakage_curves, roc_curves
from recmia.plots.scatter import item_maps, tsne_scatter
from recmia.plots.style import MEMBER_COLOUR, NONMEMBER_COLOUR, save_figure
from recmia.plots.trade_off import trade_off

__all__ = [
    "MEMBER_COLOUR",
    "NONMEMBER_COLOUR",
    "curves",
    "dots",
    "heat_maps",
    "item_maps",
    "leakage_curves",
    "pipeline_diagram",
    "roc_curves",
    "save_figure",
    "trade_off",
    "tsne_scatter",
]
