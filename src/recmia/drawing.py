"""How every figure is drawn and saved: one style, one colour for each role, equal bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke

from recmia.errors import DataError
from recmia.storage import write_aside

STYLE = Path(__file__).with_name("recmia.mplstyle")
# The proposal draws members red and non-members blue; vermillion and blue of Okabe and Ito stay
# apart for every common colour blindness.
MEMBER_COLOUR, NONMEMBER_COLOUR = "#D55E00", "#0072B2"
GUIDE = "#777777"
# Text over lines and bars stays readable with a white rim.
HALO = [Stroke(linewidth=2.5, foreground="white"), Normal()]


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the study's style, whatever style the caller has set."""

    @wraps(draw)
    def inner(*args, **kwargs):
        with matplotlib.rc_context(fname=STYLE):
            return draw(*args, **kwargs)

    return inner


def headline(figure: Figure, title: str) -> None:
    """Write the figure's title at its top left."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


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
    """Write ``name.png`` (160 dots an inch) and ``name.svg``: equal figures give equal bytes.

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
                figure.savefig(aside, format=suffix, metadata=metadata)
            figure.set_layout_engine("none")  # placed once for both forms: it is half of the cost
            paths.append(path)
    return paths
