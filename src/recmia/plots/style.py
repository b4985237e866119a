"""How every figure is drawn and saved: one style, one look for each role, equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from recmia.errors import DataError
from recmia.plots.page import DOTS_AN_INCH, SMALLEST, text_width, wrapped
from recmia.storage import write_aside

STYLE = Path(__file__).with_name("recmia.mplstyle")
# The proposal draws members red and non-members blue; vermillion and blue of Okabe and Ito stay
# apart for every common colour blindness.
MEMBER_COLOUR, NONMEMBER_COLOUR = "#D55E00", "#0072B2"
GUIDE, NOTE = "#777777", "#444444"
CHANCE = {"color": GUIDE, "lw": 0.9, "ls": ":"}
# Not as many as colours, so that no two of many series look the same.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">", "p", "h")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
PAPER = {"color": "#222222", "marker": "d", "markerfacecolor": "white", "ls": "", "label": "paper"}
_TITLE = 10.5  # points
_LINE, _LEGEND = 1.25 / 72, 1.68 / 72  # inches that a point of text takes downwards
# Text over lines stays readable with a white rim.
HALO = [Stroke(linewidth=2.5, foreground="white"), Normal()]


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the study's style, whatever style the caller has set."""

    @wraps(draw)
    def inner(*args, **kwargs):
        with matplotlib.rc_context(fname=STYLE):
            return draw(*args, **kwargs)

    return inner


def finish(figure: Figure, title: str, entries: Iterable[Line2D] = (), note: str = "") -> None:
    """Write title and note above what is drawn and a legend below; the figure grows by them.

    Args:
        figure: as high as what is drawn needs.
        title: of the whole figure.
        entries: of the legend; a nameless one, or a second of a name, is left out.
        note: what letters mean, and the like.
    """
    room = figure.get_figwidth() - 0.2
    title, note = wrapped(title, room, _TITLE, bold=True), wrapped(note, room)
    below_title = 0.12 + _LINE * _TITLE * (title.count("\n") + 1)
    head = below_title + (0.04 + _LINE * SMALLEST * (note.count("\n") + 1) if note else 0)
    height = figure.get_figheight() + head + _legend(figure, entries, room)
    figure.set_figheight(height)
    place = {"x": 0.1 / figure.get_figwidth(), "ha": "left", "va": "top", "in_layout": False}
    figure.suptitle(title, y=1 - 0.08 / height, fontsize=_TITLE, fontweight="bold", **place)
    if note:
        figure.text(y=1 - below_title / height, s=note, fontsize=SMALLEST, color=NOTE, **place)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - head / height))


def _legend(figure: Figure, entries: Iterable[Line2D], room: float) -> float:
    """A legend below the figure in as many columns as fit; inches that it takes."""
    shown = {line.get_label(): line for line in entries if line.get_label()}
    if not shown:
        return 0.0
    mark = 0.65  # inches
    names = [wrapped(name, room - mark) for name in shown]
    fit = int(room / (max(map(text_width, names)) + mark))
    columns = max(1, min(4, fit, len(shown)))
    figure.legend(
        handles=list(shown.values()),
        labels=names,
        loc="outside lower center",
        ncols=columns,
        handlelength=3.2,
    )
    lines = ceil(len(shown) / columns) + sum(name.count("\n") for name in names)
    return 0.15 + _LEGEND * SMALLEST * lines


def panel_title(name: str, width: float) -> str:
    """A panel's title in lines that fit its width in inches."""
    size = matplotlib.rcParams["axes.titlesize"]
    return wrapped(name, width, size, bold=True)


def levels(column: pd.Series) -> list[Any]:
    """A column's values in their order: of its categories, or of appearance."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [value for value in column.cat.categories if (column == value).any()]
    return list(column.unique())


def looks(names: Iterable[Any]) -> dict[Any, dict[str, str]]:
    """Colour and marker of each series."""
    palette = cycle(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])
    markers = cycle(MARKERS)
    return {name: {"color": next(palette), "marker": next(markers)} for name in names}


def dashes(names: Iterable[Any]) -> dict[Any, Any]:
    """Line style of each kind of line."""
    return dict(zip(names, cycle(DASHES)))  # noqa: B905  the cycle has no end


def entries(look: dict[Any, dict[str, str]], dash: dict[Any, Any], **more: Any) -> list[Line2D]:
    """Lines of a legend: each series, then each line style where there are several."""
    shown = [Line2D([], [], label=str(name), **style | more) for name, style in look.items()]
    if len(dash) > 1:
        shown += [Line2D([], [], color=GUIDE, ls=ls, label=str(name)) for name, ls in dash.items()]
    return shown


def chance_entry(chance: float | None) -> list[Line2D]:
    """What the legend says of a dotted line at one half; of others the caption says it."""
    return [Line2D([], [], label="chance (0.5)", **CHANCE)] if chance == 0.5 else []


def require_columns(frame: pd.DataFrame, *columns: str) -> None:
    """Check that a tidy table can be drawn.

    Raises:
        DataError: a column is missing, or there are no rows.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing or not len(frame):
        raise DataError(
            f"A figure needs the columns {', '.join(columns)}; "
            + (f"missing: {', '.join(missing)}." if missing else "the table is empty."),
        )


def save_figure(figure: Figure, folder: str | Path, name: str) -> list[Path]:
    """Write ``name.png`` and ``name.svg``: equal figures give equal bytes.

    Returns:
        The two paths.
    """
    paths = []
    unnamed = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    # Saving restores "no layout" as "the default layout", which must therefore be none.
    with matplotlib.rc_context({"figure.constrained_layout.use": False}, fname=STYLE):
        for suffix, metadata in unnamed.items():
            path = Path(folder) / f"{name}.{suffix}"
            with write_aside(path) as aside:
                figure.savefig(aside, format=suffix, metadata=metadata, dpi=DOTS_AN_INCH)
            figure.set_layout_engine("none")  # placed once for both forms: it is half of the cost
            paths.append(path)
    return paths
