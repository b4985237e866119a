"""Whether a figure can be read at the size at which a page shows it, by measuring."""

from __future__ import annotations

import warnings
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from recmia.plots.page import DOTS_AN_INCH, PAGE_WIDTH, PIXELS_AN_INCH

LEAST = 11  # pixels of a text's size, as shown
TALLEST = 13  # inches: a screen and a half
SLACK = 1.0  # pixels that a rounding may take


def shown_texts(figure: Figure) -> list[tuple[str, Text, Bbox]]:
    """Every text that is drawn, with its place in pixels of the figure."""
    figure.set_dpi(DOTS_AN_INCH)  # as it is saved
    figure.draw_without_rendering()
    hidden = {id(text) for axes in figure.axes for text in _hidden(axes)}
    found = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            found.append((text.get_text(), text, text.get_window_extent()))
    return found


def _hidden(axes: Axes) -> list[Text]:
    """Texts of axes that are off, and names of ticks that are beyond an axis's ends."""
    if not axes.axison:
        return [*axes.xaxis.findobj(Text), *axes.yaxis.findobj(Text)]
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        drawn = {id(tick) for tick in axis._update_ticks()}
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if id(tick) not in drawn:
                found += [tick.label1, tick.label2]
            found += [t for t, on in ((tick.label1, tick.label1.get_visible()),) if not on]
    return found


def faults(figure: Figure) -> list[str]:
    """What cannot be read, in words; nothing of a figure that can be."""
    with warnings.catch_warnings(record=True) as said:  # such as: no room for the axes
        warnings.simplefilter("always")
        texts = shown_texts(figure)
    found = [str(one.message) for one in said]
    width, height = figure.get_size_inches()
    if width > PAGE_WIDTH + 1e-6 or height > TALLEST:
        found.append(f"{width:.1f} x {height:.1f} inches do not fit a page")
    for words, text, place in texts:
        size = text.get_fontsize() / 72 * PIXELS_AN_INCH
        if size < LEAST:
            found.append(f"{words!r} is shown at {size:.1f} pixels")
        page = figure.bbox
        if (
            min(place.x0 - page.x0, place.y0 - page.y0, page.x1 - place.x1, page.y1 - place.y1)
            < -SLACK
        ):
            found.append(f"{words!r} leaves the figure")
    for (one, _, first), (two, _, second) in combinations(texts, 2):
        if _overlap(first, second):
            found.append(f"{one!r} lies on {two!r}")
    for legend in figure.legends + [a.get_legend() for a in figure.axes if a.get_legend()]:
        for axes in figure.axes:
            if axes.axison and _overlap(legend.get_window_extent(), axes.get_window_extent()):
                found.append(f"the legend lies on {axes.get_title('left')!r}")
    looks = [
        (
            line.get_color(),
            line.get_marker(),
            line.get_markerfacecolor() == "white",
            line._dash_pattern,
        )
        for legend in figure.legends
        for line in legend.get_lines()
    ]
    if len({*map(str, looks)}) < len(looks):
        found.append("two entries of the legend look the same")
    grey = [look[1:] for look in looks]
    if len({*map(str, grey)}) < len(grey):
        found.append("two entries of the legend are told apart by colour alone")
    return found


def _overlap(one: Bbox, two: Bbox) -> bool:
    across = min(one.x1, two.x1) - max(one.x0, two.x0)
    down = min(one.y1, two.y1) - max(one.y0, two.y0)
    return across > SLACK and down > SLACK
