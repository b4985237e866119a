"""Times in whatever form a log has them, as int64 milliseconds since 1970 (UTC)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN_TIME = -1
# Below this a number of seconds, from here on milliseconds: 1973 in ms, the year 5138 in s.
_LEAST_MILLISECONDS = 1e11
_YEAR_2100 = 4_102_444_800_000


class BadTime(ValueError):
    """A value that is not a time; the message says what is wrong, without the place."""


def detect(values: pa.Array) -> str:
    """The form of ``values``: ``s``, ``ms``, ``iso`` or ``iso_zone`` (ISO 8601 with an offset).

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
    try:
        number = abs(pc.cast(first, pa.float64())[0].as_py())
        return "ms" if number >= _LEAST_MILLISECONDS else "s"
    except pa.ArrowInvalid:
        pass
    for form, kind in _ISO.items():
        try:
            pc.cast(first, kind)
            return form
        except pa.ArrowInvalid:
            continue
    raise BadTime(f"'{first[0].as_py()}' is not a time")


def milliseconds(values: pa.Array, form: str, *, zero_is_unknown: bool = False) -> np.ndarray:
    """Convert to int64 [n] milliseconds since 1970-01-01 UTC; a time without offset is in UTC.

    Args:
        values: strings, numbers, dates or timestamps.
        form: as found by :func:`detect`; every value must have it.
        zero_is_unknown: give ``UNKNOWN_TIME`` for 0 instead of refusing it.

    Raises:
        BadTime: a value is missing, has another form, or lies outside 1970 to 2100.
    """
    if values.null_count:
        raise BadTime("the time is missing")
    try:
        if form in _ISO:
            stamps = pc.cast(values, _ISO[form])
            result = pc.cast(stamps, pa.timestamp("ms", stamps.type.tz), safe=False)
            result = pc.cast(result, pa.int64()).to_numpy(zero_copy_only=False)
            unit = result
        else:
            unit = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
            if not np.isfinite(unit).all():
                raise BadTime("the time is not a finite number")
            result = np.rint(unit * (1000 if form == "s" else 1)).astype(np.int64)
    except pa.ArrowInvalid as error:
        raise BadTime(f"the time cannot be parsed ({error})") from error
    unknown = (unit == 0) if zero_is_unknown else np.zeros(len(unit), dtype=bool)
    if not len(result):
        return result
    low = result[~unknown].min(initial=_YEAR_2100 - 1)
    if low <= 0 or (form == "ms" and low < _LEAST_MILLISECONDS):
        raise BadTime(f"the time lies before {'1973' if form == 'ms' else '1970'}, or is unknown")
    if result.max() >= _YEAR_2100:
        raise BadTime("the time lies after the year 2100: neither seconds nor milliseconds?")
    return np.where(unknown, UNKNOWN_TIME, result)


_ISO = {"iso": pa.timestamp("ns"), "iso_zone": pa.timestamp("ns", "UTC")}
