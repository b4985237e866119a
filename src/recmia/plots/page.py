"""What fits on a page: sizes of figures, of their text as it is shown, and of what is wrapped.

Pages show a figure at 96 pixels an inch, so that a point of its text is a point of theirs. Figures
are therefore as wide as a page, or narrow enough to stand beside another, and grow downwards.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor, log10
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, NullLocator

from recmia.errors import ArtifactError

PIXELS_AN_INCH = 96  # as a page shows it
DOTS_AN_INCH = 160  # as a PNG holds it: sharp on dense screens
PAGE_WIDTH, COLUMN_WIDTH = 9.6, 5.6  # inches, of a figure alone and of one beside another
SMALLEST = 8.5  # points: 11.3 pixels
_HINTED = 1.04  # glyphs of a PNG stand on whole dots, which makes them wider than their outlines
_GAP = 8  # pixels at the least between names of ticks


def text_width(text: str, size: float | None = None, *, bold: bool = False) -> float:
    """Inches that the longest line of a text takes.

    Args:
        text: lines.
        size: in points, or None for that of ticks and legends.
        bold: whether it is.
    """
    font = FontProperties(
        family=matplotlib.rcParams["font.family"],
        size=size or matplotlib.rcParams["legend.fontsize"],
        weight="bold" if bold else "normal",
    )
    lines = text.split("\n")
    points = max(text_to_path.get_text_width_height_descent(x, font, False)[0] for x in lines)
    return _HINTED * points / 72


def wrapped(text: str, width: float, size: float | None = None, *, bold: bool = False) -> str:
    """A text in lines of so many inches, broken between words but not beside "="."""
    lines: list[str] = []
    for word in text.replace(" = ", "\u00a0=\u00a0").split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines).replace("\u00a0", " ")


def columns_of(panels: int, need: float, room: float) -> int:
    """In how many columns panels are laid out, so that lines are as even as can be.

    Args:
        panels: how many.
        need: inches of each.
        room: inches of all.
    """
    fit = max(1, min(panels, int(room / need)))
    return ceil(panels / ceil(panels / fit))


def width_for(inches: float) -> float:
    """The width of a figure whose content needs so many inches."""
    return COLUMN_WIDTH if inches <= COLUMN_WIDTH else PAGE_WIDTH


def plain_number(value: float, _: int = 0) -> str:
    """2,500 and 0.05, never 3 × 10³; by name, for figures travel to the process that saves them."""
    return f"{value:,.10g}".replace("-", "−")


def spaced_ticks(axes: Axes, places: list[float], names: list[str]) -> None:
    """Ticks at all places, and names at every first, second, third, ... counted from the last.

    Args:
        axes: of a figure whose layout is made.
        places: on the x axis, rising.
        names: of each.
    """
    pixels = axes.figure.dpi
    spots = [axes.transData.transform((place, 0))[0] for place in places]
    halves = [text_width(name) * pixels / 2 for name in names]

    def fits(kept: range) -> bool:
        return all(spots[n] - spots[m] >= halves[n] + halves[m] + _GAP for n, m in pairwise(kept))

    last = len(places) - 1
    kept = next(k for step in range(1, last + 2) if fits(k := range(last, -1, -step)))
    axes.set_xticks(places, [name if n in kept else "" for n, name in enumerate(names)])
    axes.minorticks_off()


def plain_axis(axis: Axis, most: int = 5) -> None:
    """A few plain numbers along an axis, linear or logarithmic, whose ends are set."""
    if axis.get_scale() != "log":
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
        return
    places = log_places(*axis.get_view_interval())
    axis.set_ticks(places, [plain_number(place) for place in places])
    axis.set_minor_locator(NullLocator())


def log_places(low: float, high: float) -> list[float]:
    """Powers of ten between two positive numbers; with fewer than three, 2 and 5 times them too."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for factors in ((1,), (1, 2, 5)):
        places = [factor * 10.0**decade for decade in decades for factor in factors]
        places = [place for place in places if low <= place <= high]
        if len(places) > 2:
            break
    return places


def shown_width(picture: Path) -> int:
    """Pixels that a page gives a picture of this package.

    Raises:
        ArtifactError: it is no PNG.
    """
    with picture.open("rb") as file:
        head = file.read(24)
    if not head.startswith(b"\x89PNG") or len(head) < 24:
        raise ArtifactError(f"{picture} is no PNG.")
    return round(int.from_bytes(head[16:20], "big") * PIXELS_AN_INCH / DOTS_AN_INCH)
