"""The README's picture: what is asked, and beside it what an honest answer needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

WIDTH, HEIGHT = 940, 266
BOX, TALL, GAP, TOP, BELOW = 156, 88, 36, 16, 162
FIRST, ROW = 22, 18  # from a box's upper edge to its heading, from line to line
FILL, EDGE, CONTROL, INK, SOFT = "#EAF2F8", "#0072B2", "#D55E00", "#222222", "#555555"

# Heading and lines of each box, from left to right.
STORY = (
    ("Clicks", "sessions of many", "people; some of", "them are members"),
    ("Recommender", "trained on the", "sessions of the", "members only"),
    ("Outputs", "scores of items,", "or just the list", "that is served"),
    ("Attack", "learned on a shadow:", "a model of the", "attacker's own"),
    ("Was I in it?", "member or not, with", "a ROC AUC and its", "interval"),
)
# Likewise; each stands below the boxes from one number to another.
CONTROLS = (
    (
        0,
        1,
        "Held out",
        "Non-members are real sessions of the same",
        "days, no edited members.",
    ),
    (2, 3, "No model", "The same classifier without any output:", "what it finds is not memory."),
    (4, 4, "Another model", "that saw neither", "side: one half,", "if all is well"),
)


def picture() -> str:
    """The picture as SVG, readable on light and dark pages."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>Clicks train a recommender; an attack asks its outputs who was in it</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#FFFFFF"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{SOFT}"/></marker></defs>',
        *_story(),
        *_controls(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _left(number: int) -> int:
    return GAP // 2 - 2 + number * (BOX + GAP - 6)


def _story() -> Iterator[str]:
    for number, lines in enumerate(STORY):
        yield from _box(_left(number), TOP, BOX, TALL, lines, EDGE, FILL)
        if number:
            end = _left(number) - 1
            yield _line(_left(number - 1) + BOX, TOP + TALL // 2, end, TOP + TALL // 2, "tip")


def _controls() -> Iterator[str]:
    for first, last, *lines in CONTROLS:
        left, right = _left(first), _left(last) + BOX
        yield from _box(left, BELOW, right - left, TALL, lines, CONTROL, "#FFFFFF", dashed=True)
        middle = (left + right) // 2 if first == last else _left(last) + BOX // 2
        yield _line(middle, BELOW, middle, TOP + TALL)
    yield f'<text x="{_left(0)}" y="{BELOW - 12}" fill="{CONTROL}">Controls</text>'


def _box(
    left: int, top: int, width: int, height: int, lines: Sequence[str], edge: str, fill: str,
    dashed: bool = False,
) -> Iterator[str]:  # fmt: skip
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    yield (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="7" fill="{fill}" '
        f'stroke="{edge}"{dash}/>'
    )
    for number, line in enumerate(lines):
        weight = "" if number else ' font-weight="bold"'
        place = f'x="{left + 12}" y="{top + FIRST + ROW * number}"'
        yield f'<text {place} fill="{INK}"{weight}>{escape(line)}</text>'


def _line(x: int, y: int, to_x: int, to_y: int, tip: str = "") -> str:
    end = f' marker-end="url(#{tip})"' if tip else ' stroke-dasharray="3 3"'
    return f'<path d="M{x} {y}L{to_x} {to_y}" stroke="{SOFT}" fill="none"{end}/>'
