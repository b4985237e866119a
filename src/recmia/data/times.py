"""Times in whatever form a log has them, as int64 milliseconds since 1970 (UTC).

A number tells its unit by its size alone where the log lies between 1990 and 2100: seconds have 9
or 10 digits there, milliseconds 12 or 13, microseconds 15 or 16, nanoseconds 18 or 19. What is none
of these (a day number, minutes, a step) is not guessed at.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN_TIME = -1
# Below this a number of seconds, from here on milliseconds: 1973 in ms, the year 5138 in s.
_LEAST_MILLISECONDS = 1e11
_LEAST_MICROSECONDS = 1e14
_LEAST_NANOSECONDS = 1e17
YEAR_1990 = 631_152_000_000
_YEAR_2100 = 4_102_444_800_000
# Milliseconds of a unit that a number tells by its size.
_EPOCHS = {"s": 1000, "ms": 1, "us": 1e-3, "ns": 1e-6}
# Units that no number tells; counted from whatever start.
UNITS = {"seconds": 1000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
_COMPACT = r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])([0-5]\d([0-5]\d)?)?)?"
_CLOCK = "%m/%d/%Y %I:%M:%S %p"  # 11/15/2019 8:55:22 AM
_NAMES = {
    "s": "seconds since 1970",
    "ms": "milliseconds since 1970",
    "us": "microseconds since 1970",
    "ns": "nanoseconds since 1970",
    "compact": "dates without marks, such as 20140401 or 20140401123000",
    "slashes": "dates such as 2014/04/01",
    "clock": "month/day/year with AM or PM",
    "iso": "ISO 8601, taken as UTC",
    "iso_zone": "ISO 8601 with an offset from UTC",
} | {unit: f"{unit} from some start" for unit in UNITS}


class BadTime(ValueError):
    """A value that is not a time; the message says what is wrong, without the place."""


def in_words(form: str) -> str:
    """A form as a person says it."""
    return _NAMES[form]


def detect(values: pa.Array) -> str:
    """The form of ``values``: `in_words` tells them all.

    Args:
        values: strings, numbers, dates or timestamps, of which the first is looked at.

    Raises:
        BadTime: the first value has none of these forms.
    """
    if pa.types.is_temporal(values.type):
        return "iso_zone" if getattr(values.type, "tz", None) else "iso"
    first = values.drop_null()[:1]
    if not len(first):
        raise BadTime("the time is missing")
    if re.fullmatch(_COMPACT, str(first[0].as_py()).strip()):
        return "compact"
    try:
        number = abs(pc.cast(first, pa.float64(), safe=False)[0].as_py())
        least = {
            "ns": _LEAST_NANOSECONDS,
            "us": _LEAST_MICROSECONDS,
            "ms": _LEAST_MILLISECONDS,
        }
        return next((form for form, low in least.items() if number >= low), "s")
    except pa.ArrowInvalid:
        pass
    for form in (*_ISO, "slashes", "clock"):
        try:
            _stamps(first, form)
            return form
        except pa.ArrowInvalid:
            continue
    raise BadTime(f"'{first[0].as_py()}' is not a time")


def milliseconds(
    values: pa.Array, form: str, *, zero_is_unknown: bool = False, least: int = 0
) -> np.ndarray:
    """Convert to int64 [n] milliseconds since 1970-01-01 UTC; a time without offset is in UTC.

    Args:
        values: strings, numbers, dates or timestamps.
        form: as found by :func:`detect`, or one of `UNITS`; every value must have it.
        zero_is_unknown: give ``UNKNOWN_TIME`` for 0 instead of refusing it.
        least: in ms; an earlier time that is a number is one of another unit. `YEAR_1990` where
            nothing is known of the log.

    Raises:
        BadTime: a value is missing, has another form, was rounded, or lies outside 1970 to 2100 or
            before ``least``; of `UNITS` only what is negative lies outside.
    """
    if values.null_count:
        raise BadTime("the time is missing")
    try:
        if form in _EPOCHS or form in UNITS:
            return _of_numbers(values, form, zero_is_unknown, least)
        stamps = _stamps(values, form)
        result = pc.cast(stamps, pa.timestamp("ms", stamps.type.tz), safe=False)
        result = pc.cast(result, pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise BadTime(f"the time cannot be parsed ({error})") from error
    return _between(result, result, "s", zero_is_unknown)


def _of_numbers(values: pa.Array, form: str, zero_is_unknown: bool, least: int) -> np.ndarray:
    if pa.types.is_string(values.type):
        _check_digits(values, form)
    # Unsafe: of nanoseconds a double keeps a quarter of a microsecond, which is enough.
    unit = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if not np.isfinite(unit).all():
        raise BadTime("the time is not a finite number")
    if form in UNITS:
        if (unit < 0).any():
            raise BadTime("the time is negative")
        if (unit > _YEAR_2100 / UNITS[form]).any():
            raise BadTime(f"the time is too large for a number of {form}")
        return np.rint(unit * UNITS[form]).astype(np.int64)
    with np.errstate(invalid="ignore"):  # too large a number is refused below
        result = np.rint(unit * _EPOCHS[form])
        result = np.clip(result, -1.0, float(_YEAR_2100)).astype(np.int64)
    result = _between(result, unit, form, zero_is_unknown)
    if ((result != UNKNOWN_TIME) & (result < least)).any():
        raise BadTime(f"{_NAMES[form]} would be a time before 1990: it has another unit")
    return result


def _between(result: np.ndarray, unit: np.ndarray, form: str, zero_is_unknown: bool) -> np.ndarray:
    unknown = (unit == 0) if zero_is_unknown else np.zeros(len(unit), dtype=bool)
    if not len(result):
        return result
    low = result[~unknown].min(initial=_YEAR_2100 - 1)
    if low <= 0 or (form == "ms" and low < _LEAST_MILLISECONDS):
        raise BadTime(f"the time lies before {'1973' if form == 'ms' else '1970'}, or is unknown")
    if result.max() >= _YEAR_2100:
        raise BadTime("the time lies after the year 2100: it has another unit")
    return np.where(unknown, UNKNOWN_TIME, result)


def _check_digits(values: pa.Array, form: str) -> None:
    """Refuse numbers that a program rounded on the way, such as 1.39632e+09."""
    powers = pc.filter(values, pc.match_substring_regex(values, "[eE]"))
    for text in powers.to_pylist():
        digits, _, power = text.strip().lower().partition("e")
        written = len(re.sub(r"\D", "", digits).lstrip("0"))
        if re.fullmatch(r"[+-]?\d+", power) and written <= int(power):
            raise BadTime(f"the time was rounded to {written} digits")


def _stamps(values: pa.Array, form: str) -> pa.Array:
    if form in _ISO:
        if not (pa.types.is_string(values.type) or pa.types.is_temporal(values.type)):
            raise pa.ArrowInvalid("a number is no date")
        return pc.cast(values, _ISO[form])
    text = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
    if form == "clock":
        return pc.strptime(text, format=_CLOCK, unit="s")
    if form == "slashes":
        return pc.cast(pc.replace_substring(text, "/", "-"), pa.timestamp("ns"))
    if not pc.all(pc.match_substring_regex(text, f"^{_COMPACT}$"), min_count=0).as_py():
        raise pa.ArrowInvalid("no date of 8, 10, 12 or 14 digits")
    padded = pc.utf8_rpad(text, 14, "0")
    parts = [pc.utf8_slice_codeunits(padded, a, b) for a, b in _PLACES]
    date = pc.binary_join_element_wise(*parts[:3], "-")
    clock = pc.binary_join_element_wise(*parts[3:], ":")
    return pc.cast(pc.binary_join_element_wise(date, clock, " "), pa.timestamp("ns"))


_PLACES = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_ISO = {"iso": pa.timestamp("ns"), "iso_zone": pa.timestamp("ns", "UTC")}
