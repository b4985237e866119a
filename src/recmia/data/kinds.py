"""What a column of a table may hold: how its values are read, and what is said of a bad one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from recmia.data.times import BadTime, detect, milliseconds

LONGEST_ID = 1024  # bytes; more is a quotation mark left open, not an id
# What exports write where there is no id, in small letters.
PLACEHOLDERS = ("na", "n/a", "#n/a", "<na>", "nan", "nat", "nil", "none", "null", "(null)", "\\n")
_NEGATIVE = r"\s*-\s*\d+(\.\d*)?\s*"
_BLANK = r"\s*"
_IN_PARQUET = "Write the column as another type; ids are integers or text."


class Kind:
    """Values of one kind.

    Attributes:
        remedy: what to do about a bad value.
        type_remedy: what to do about a typed column that cannot hold such values.
    """

    remedy = "Correct or drop the row."
    type_remedy = _IN_PARQUET

    def fitted(self, first: Any) -> Kind:
        """The kind once the first value of its column is known."""
        return self

    def accepts(self, dtype: pa.DataType) -> bool:
        """Whether a typed column (of a Parquet file) can hold such values."""
        return pa.types.is_integer(dtype) or pa.types.is_floating(dtype)

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """The values of a text or typed column, null where they are no good.

        Some kinds raise an error of `recmia.data.tables.UNUSUAL` in place of null once it is run.
        """
        raise NotImplementedError

    def problem(self, value: Any) -> str:
        """What is wrong with a value that is no good."""
        raise NotImplementedError


@dataclass(frozen=True)
class Ids(Kind):
    """Ids: whole numbers that are not negative, or text of one line.

    Attributes:
        integer: text must be such a number.
        negative: text or a number that is negative is an id, as a hash may be.
        refused: texts, in small letters, that stand for no id.
        allowing: what to set where one of these, or a negative number, is an id; or "".
    """

    integer: bool = False
    negative: bool = False
    refused: tuple[str, ...] = ()
    allowing: str = ""

    @property
    def remedy(self) -> str:
        """What to do about a bad id."""
        text = "" if self.integer else " or text of one line (is a quotation mark left open?)"
        return (
            f"Correct or drop the row; ids are non-negative whole numbers{text}."
            f"{self.allowing and ' '}{self.allowing}"
        )

    @property
    def type_remedy(self) -> str:
        """Numbers with decimals are what pandas makes of whole ones where some are missing."""
        return f"{_IN_PARQUET[:-1]} (in pandas: .astype('Int64'), without missing ones)."

    def accepts(self, dtype: pa.DataType) -> bool:
        """Integers, decimals without decimals, and text or bytes, plain or as dictionaries."""
        inner = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
        tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
        tests += (pa.types.is_binary, pa.types.is_large_binary)
        whole = pa.types.is_decimal(inner) and inner.scale == 0
        return whole or any(test(inner) for test in tests)

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Int64 or String, as which unsigned numbers of 64 bits come too."""
        if (dtype.is_integer() and dtype != pl.UInt64) or self.integer:
            text = column if dtype.is_integer() else column.str.strip_chars()
            number = text.cast(pl.Int64, strict=False)
            return number if self.negative else pl.when(number >= 0).then(number)
        text = column.cast(pl.String)
        bad = _BLANK if self.negative else f"{_BLANK}|{_NEGATIVE}"
        good = ~text.str.contains(rf"^({bad})$|[\r\n\x00]") & (text.str.len_bytes() <= LONGEST_ID)
        if self.refused:
            good &= ~text.str.strip_chars().str.to_lowercase().is_in(self.refused)
        return pl.when(good).then(text)

    def problem(self, value: Any) -> str:
        """Missing, negative, no integer, or no text of one line."""
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                return f"the id {_shown(value)} is not text in UTF-8"
        text, shown = "" if value is None else str(value), _shown(value)
        if re.fullmatch(_BLANK, text):
            return "the id is missing"
        if text.strip().lower() in self.refused:
            return f"the id is missing ({shown} stands for none)"
        if not self.negative and re.fullmatch(_NEGATIVE, text):
            return f"the id is negative ({shown})"
        if self.integer:
            return f"the id is not an integer ({shown})"
        if len(text.encode()) > LONGEST_ID:
            return f"an id of {len(text.encode()):,} bytes ({shown}); {LONGEST_ID:,} are the most"
        if "\0" in text:
            return f"the id {shown} holds a null byte"
        return f"the id {shown} goes over the end of the line"


@dataclass(frozen=True)
class Whole(Kind):
    """Whole numbers, from ``least`` on where there is one."""

    least: int | None = None
    remedy = "Write a whole number, such as 1, or drop the row."

    def accepts(self, dtype: pa.DataType) -> bool:
        """Integers."""
        return pa.types.is_integer(dtype)

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Int64."""
        number = _stripped(column, dtype).cast(pl.Int64, strict=False)
        return number if self.least is None else pl.when(number >= self.least).then(number)

    def problem(self, value: Any) -> str:
        """No whole number, or too small a one."""
        return f"{_shown(value)} is not a whole number" + (
            "" if self.least is None else f" from {self.least} on"
        )


@dataclass(frozen=True)
class Number(Kind):
    """Finite numbers."""

    dtype: type[pl.DataType] = pl.Float64
    remedy = "Write a number, with a point before the decimals, or drop the row."

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Float64 or Float32."""
        number = _stripped(column, dtype).cast(self.dtype, strict=False)
        return pl.when(number.is_finite()).then(number)

    def problem(self, value: Any) -> str:
        """No number, or none that is finite."""
        return f"{_shown(value)} is not a finite number"


@dataclass(frozen=True)
class Text(Kind):
    """Text of a pattern, by default any that is not empty.

    Attributes:
        pattern: regular expression, as polars (and Rust) reads it.
        wanted: how values are to be, in words.
    """

    pattern: str = "."
    wanted: str = "text"

    def accepts(self, dtype: pa.DataType) -> bool:
        """Text."""
        return pa.types.is_string(dtype) or pa.types.is_large_string(dtype)

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """String."""
        return pl.when(column.str.contains(self.pattern)).then(column)

    def problem(self, value: Any) -> str:
        """Not as wanted."""
        return f"{_shown(value)} is not {self.wanted}"


@dataclass(frozen=True)
class Time(Kind):
    """Times as `recmia.data.times` knows them, all of the form of the first one.

    Attributes:
        zero_is_unknown: 0 stands for an unknown time.
        form: see `recmia.data.times.detect`.
        unit: one of `recmia.data.times.UNITS`, which is the form whatever the first value is.
        naming: how to name the unit of numbers that do not tell it, or "".
        least: in ms, see `recmia.data.times.milliseconds`.
    """

    zero_is_unknown: bool = False
    form: str = "iso"
    unit: str | None = None
    naming: str = ""
    least: int = 0
    type_remedy = (
        "Times are text, dates, timestamps, or whole numbers or doubles: a float of 32 bits keeps "
        "steps of two minutes only. Write the column anew from where it came from."
    )

    @property
    def remedy(self) -> str:
        """What to do about a bad time."""
        return (
            "Give every row a time of one form: ISO 8601, or seconds or milliseconds since 1970; "
            f"drop rows whose time is unknown.{self.naming and ' '}{self.naming}"
        )

    def fitted(self, first: Any) -> Kind:
        """With the form of the first value; a bad one stays to be refused."""
        if self.unit is not None:
            return replace(self, form=self.unit)
        try:
            return replace(self, form=detect(pa.array([first])))
        except (BadTime, pa.ArrowException, OverflowError):
            return self

    def accepts(self, dtype: pa.DataType) -> bool:
        """Text, dates, timestamps and numbers but those of a float that rounds them."""
        inner = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
        tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
        tests += (pa.types.is_float64, pa.types.is_decimal)
        if self.unit is None:
            tests += (pa.types.is_date, pa.types.is_timestamp)
        return any(test(inner) for test in tests)

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Int64, milliseconds since 1970 UTC. Arrow reads ISO 8601 in a fifth of polars' time."""

        def read(values: pl.Series) -> pl.Series:
            return pl.Series(values.name, self._milliseconds(_plain(values.to_arrow())))

        return column.map_batches(read, return_dtype=pl.Int64, is_elementwise=True)

    def problem(self, value: Any) -> str:
        """What `milliseconds` says of it."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "the time is missing"
        try:
            self._milliseconds(pa.array([value]))
        except BadTime as error:
            return f"{str(error).split(' (')[0]} ({_shown(value)})"
        return f"{_shown(value)} is not a time"

    def _milliseconds(self, values: pa.Array) -> np.ndarray:
        zero = self.zero_is_unknown
        return milliseconds(values, self.form, zero_is_unknown=zero, least=self.least)


def _plain(values: pa.Array) -> pa.Array:
    """Text in the Arrow type that every version of its time parser knows."""
    if pa.types.is_decimal(values.type):
        return values.cast(pa.float64())
    text = not pa.types.is_primitive(values.type)
    return values.cast(pa.string()) if text else values


def _stripped(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return column.str.strip_chars() if dtype == pl.String else column


def _shown(value: Any) -> str:
    text = "" if value is None else str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")
