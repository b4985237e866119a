"""What all bounds ask of their input."""

from __future__ import annotations

from recmia.errors import DataError


def check_error(error: float) -> None:
    """Raises DataError: the error is not above 0 and below one half."""
    if not 0 < error < 0.5:
        raise DataError(f"A bound needs an error above 0 and below 0.5, not {error}.")


def check_delta(delta: float, *, positive: bool = False) -> None:
    """Raises DataError: δ is below 0 (or 0 where it has to be positive), or not below 1."""
    if not 0 <= delta < 1 or (positive and delta == 0):
        least = "above 0" if positive else "at least 0"
        raise DataError(f"δ has to be {least} and below 1, not {delta}.")


def check_guesses(canaries: int, guesses: int, right: int) -> None:
    """Raises DataError: not 0 <= right <= guesses <= canaries, or no guess."""
    if not 0 <= right <= guesses <= canaries or guesses < 1:
        raise DataError(
            f"{right} right of {guesses} guesses on {canaries} canaries: there has to be a guess, "
            "no more of them than canaries, and no more right than made."
        )
