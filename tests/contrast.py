"""How well a colour is read on another, as WCAG 2.1 counts it."""

from __future__ import annotations


def luminance(colour: str) -> float:
    """Relative luminance of "fff" or "ffffff"."""
    full = colour if len(colour) == 6 else "".join(2 * letter for letter in colour)
    parts = [int(full[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, ground: str) -> float:
    """1 where nothing is seen, 21 for black on white; text needs 4.5."""
    bright, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
