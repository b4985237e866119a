"""The pipeline as a flow chart, drawn from the declared steps (proposal, figure 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from recmia.errors import DataError
from recmia.plots.page import SMALLEST
from recmia.plots.style import styled

StepText = tuple[str, str, Sequence[str], Sequence[str]]  # name, title, inputs, outputs

_WIDTH = 7.2  # inches
_GAP = 0.42  # inches between layers
_LINE = 0.175  # inches a line of text
_INDENT = 0.5  # inches from a label to its lines; in a box too narrow for that they go below it
_ARROW = {"arrowstyle": "-|>", "color": "#444444", "lw": 1.2, "mutation_scale": 11}
_ARROW |= {"shrinkA": 0, "shrinkB": 0}
_FILL, _EDGE, _SOURCE_FILL = "#EAF2F8", "#0072B2", "#F4F4F4"


@styled
def pipeline_diagram(steps: Sequence[StepText], *, title: str = "Pipeline") -> Figure:
    """Flow chart of the steps, from the click log down.

    An arrow joins a step to one that reads what it writes, unless a longer way already does; what
    a step reads and writes is spelt out in its box. A path below an output folder ("02_augment/")
    counts as that output.

    Args:
        steps: (name, title, inputs, outputs) of each, in an order in which they can run.
        title: of the figure.

    Raises:
        DataError: a step reads from one that is declared after it, or there is no step.
    """
    parents = _parents(steps)
    depth: dict[str, int] = {}
    for name, *_ in steps:
        depth[name] = 1 + max((depth[parent] for parent in parents[name]), default=0)
    layers = [[s for s in steps if depth[s[0]] == d] for d in range(1, max(depth.values()) + 1)]
    texts = {step[0]: _text(step, parents, len(layers[depth[step[0]] - 1])) for step in steps}
    heights = [0.55] + [max(_height(texts[name]) for name, *_ in layer) for layer in layers]
    total = sum(heights) + _GAP * (len(heights) - 1) + 0.75
    figure = Figure(figsize=(_WIDTH, total), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, _WIDTH), ylim=(0, total))
    axes.set_axis_off()
    axes.text(0.3, total - 0.3, title, fontsize=10.5, fontweight="bold", va="center")
    top = total - 0.6
    _box(axes, _WIDTH / 2, top, 2.0, heights[0], ("Click log", []), _SOURCE_FILL, "#999999")
    boxes = {"": (_WIDTH / 2, top, top - heights[0])}
    for layer, height in zip(layers, heights[1:], strict=True):
        top = min(low for _, _, low in boxes.values()) - _GAP
        for number, (name, *_) in enumerate(layer):
            centre = _WIDTH * (number + 0.5) / len(layer)
            width = _box_width(len(layer))
            _box(axes, centre, top, width, height, texts[name], _FILL, _EDGE)
            boxes[name] = (centre, top, top - height)
    for name, *_ in steps:
        for parent in _nearest(parents, name) or [""]:
            start, goal = boxes[parent], boxes[name]
            axes.annotate("", (goal[0], goal[1]), (start[0], start[2]), arrowprops=_ARROW)
    return figure


def _parents(steps: Sequence[StepText]) -> dict[str, list[str]]:
    """Name of each step to the names of the steps that it reads from, in order."""
    names = [name for name, *_ in steps]
    if not names:
        raise DataError("There is no step to draw.")
    parents: dict[str, list[str]] = {}
    for name, _, inputs, _ in steps:
        found = [
            other
            for other, _, _, outputs in steps
            if any(_within(path, output) for path in inputs for output in outputs)
        ]
        late = [other for other in found if other not in parents]
        if late:
            raise DataError(f"Step {name} reads from {', '.join(late)}, declared no earlier.")
        parents[name] = found
    return parents


def _within(path: str, output: str) -> bool:
    return path == output or (output.endswith("/") and path.startswith(output))


def _nearest(parents: dict[str, list[str]], name: str) -> list[str]:
    """Parents that are not also reached through another parent."""

    def above(step: str) -> set[str]:
        return {p for parent in parents[step] for p in {parent} | above(parent)}

    further = {p for parent in parents[name] for p in above(parent)}
    return [parent for parent in parents[name] if parent not in further]


def _box_width(in_layer: int) -> float:
    return min(5.0, _WIDTH / in_layer - 0.3)


def _text(
    step: StepText, parents: dict[str, list[str]], in_layer: int
) -> tuple[str, list[tuple[str, list[str]]]]:
    """Heading of a box, and its labelled lines wrapped to the box's width."""
    name, title, _, outputs = step
    narrow = in_layer > 2
    characters = int((_box_width(in_layer) - (0.24 if narrow else 0.9)) * 16)
    outputs = [path.replace("reports:", "reports/") for path in outputs]
    short = [path.removeprefix(f"{name}/") or path for path in outputs]
    labelled = [("reads", ", ".join(parents[name]) or "click log"), ("writes", ", ".join(short))]
    heading = "\n".join(wrap(f"{name}  {title}", int((_box_width(in_layer) - 0.24) * 12)))
    below = [""] if narrow else []
    return heading, [(label, below + _lines(text, characters)) for label, text in labelled if text]


def _lines(text: str, most: int) -> list[str]:
    """A text in lines of at most so many characters, broken at spaces and behind slashes only."""
    lines = [""]
    for piece in re.split(r"(?<=[/ ])", text):
        if lines[-1] and len(lines[-1] + piece.rstrip()) > most:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _height(text: tuple[str, list[tuple[str, list[str]]]]) -> float:
    heading, labelled = text
    rows = heading.count("\n") + 1 + sum(len(lines) for _, lines in labelled)
    return 0.24 + _LINE * rows


def _box(
    axes: Axes,
    centre: float,
    top: float,
    width: float,
    height: float,
    text: tuple[str, list[tuple[str, list[str]]]],
    fill: str,
    edge: str,
) -> None:
    heading, labelled = text
    left = centre - width / 2
    look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": fill, "edgecolor": edge}
    axes.add_patch(FancyBboxPatch((left, top - height), width, height, lw=1.1, **look))
    if not labelled:
        axes.text(centre, top - height / 2, heading, ha="center", va="center", fontweight="bold")
        return
    axes.text(left + 0.12, top - 0.1, heading, va="top", fontweight="bold", fontsize=9)
    y = top - 0.24 - _LINE * (heading.count("\n") + 1)
    for label, lines in labelled:
        axes.text(left + 0.12, y, label, fontsize=SMALLEST, color="#666666")
        start = left + 0.12 + (_INDENT if lines[0] else 0)
        for line in lines:
            axes.text(start, y, line, fontsize=SMALLEST)
            y -= _LINE
