"""Checks of id columns, shared by the readers and by the search for the line at fault."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


class BadId(ValueError):
    """An id that is missing, negative, or no id at all; the message does not say where."""


def check_ids(values: pa.Array) -> None:
    """Check that every id is there and is not a negative number.

    Args:
        values: int64 or string ids.

    Raises:
        BadId: an id is missing (null or blank) or negative.
    """
    if values.null_count:
        raise BadId("the id is missing")
    if pa.types.is_integer(values.type):
        if len(values) and pc.min(values).as_py() < 0:
            raise BadId("the id is negative")
    else:
        if pc.any(pc.match_substring_regex(values, r"^\s*$")).as_py():
            raise BadId("the id is missing")
        if pc.any(pc.match_substring_regex(values, r"^\s*-\s*\d+(\.\d*)?\s*$")).as_py():
            raise BadId("the id is negative")


def as_ids(values: pa.Array, kind: str) -> pa.Array:
    """Text as ids of ``kind`` ('integer' or 'text'), checked.

    Raises:
        BadId: an id is missing, negative, or not an integer where it must be.
    """
    if kind == "integer" and pa.types.is_string(values.type):
        check_ids(values)
        try:
            values = pc.cast(pc.utf8_trim_whitespace(values), pa.int64())
        except pa.ArrowInvalid:
            raise BadId("the id is not an integer") from None
    check_ids(values)
    return values
