"""Choices about the clicks: where they come from, how they are cleaned, into which cohorts."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import Field, field_validator, model_serializer, model_validator

from recmia.data import registry
from recmia.section import Section

OWN = ("synthetic", "file")  # click logs that sources.yaml does not list

# How a log of one's own is written, where it is not as most are.
_OF_OWN_LOGS = ("layout", "names", "quotes", "encoding", "time_unit", "placeholders")


class SyntheticLog(Section):
    """The built-in click log (`recmia.data.synthetic`)."""

    clicks: int = Field(200_000, ge=100, description="clicks to generate, before cleaning")
    items: int = Field(2_000, ge=10, description="items in the catalogue")
    days: int = Field(182, ge=1, description="days that the log covers")


class Columns(Section):
    """Column names of a click log of one's own.

    `session`, or `user` with a gap; both where a session's number is its own with its user only.
    """

    session: str | None = None
    user: str | None = None
    item: str
    time: str | None = None
    category: str | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Columns:
        if self.session is None and self.user is None:
            raise ValueError("name 'session', 'user' or both")
        if self.session is None and self.time is None:
            raise ValueError("cutting users' histories into sessions needs the 'time' column")
        named = [n for n in (self.session, self.user, self.item, self.time) if n is not None]
        if len(set(named)) < len(named):
            raise ValueError("one column cannot be two things")
        return self


class Data(Section):
    """Where the clicks come from."""

    source: str = Field(
        "synthetic", description="a click log of sources.yaml, 'synthetic', or 'file' for one's own"
    )
    path: str | None = Field(None, description="the log or a folder of parts, for source 'file'")
    delimiter: str = Field(",", description="for text: one character, or '::' with names")
    layout: Literal["table", "sessions", "users", "objects", "mind"] = Field(
        "table",
        description="what a line is: a row of a table; a session of items; a user, then items; an "
        "object of JSON; an impression as MIND has them",
    )
    names: tuple[str, ...] | None = Field(
        None, min_length=1, description="columns in their order, where no header line names them"
    )
    quotes: bool = Field(True, description="whether values may stand in quotation marks")
    encoding: str = Field("utf-8", description="of the text, such as latin-1 or utf-16")
    time_unit: Literal["seconds", "minutes", "hours", "days"] | None = Field(
        None, description="of times that are numbers and do not count from 1970"
    )
    placeholders: tuple[str, ...] | None = Field(
        None,
        description="sessions or users (words: items too) that stand for nobody, to be left out "
        "and counted; where not set, NA, null and their like are refused; [] takes all for people",
    )
    columns: Columns | None = Field(None, description="column mapping, for source 'file'")
    session_gap_minutes: float | None = Field(
        None, gt=0, description="inactivity that ends a session, where the log has users"
    )
    most_recent_sessions: int | None = Field(
        None, ge=1, description="keep only this many sessions, the last to start"
    )
    synthetic: SyntheticLog = SyntheticLog()

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str) -> str:
        if len(delimiter) == 1 or delimiter == "::":
            return delimiter
        tab = 'write a tab as "\\t", in double quotes' if delimiter in ("\\t", "tab", "TAB") else ""
        raise ValueError(tab or f"'{delimiter}' is not one character, nor '::'")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            if codecs.lookup(name)._is_text_encoding:
                return name
        except LookupError:
            pass
        raise ValueError(f"'{name}' is no encoding that is known; there are utf-8, latin-1, utf-16")

    @field_validator("names", "placeholders", mode="before")
    @classmethod
    def _as_text(cls, values: Any) -> Any:
        # YAML reads 0 and null as what they are; in a file they are text.
        if not isinstance(values, (list, tuple)):
            return values
        return tuple("null" if value is None else str(value) for value in values)

    @field_validator("source")
    @classmethod
    def _known(cls, name: str) -> str:
        if name in OWN:
            return name
        known = [*OWN, *registry.click_logs()]
        if name not in known:
            (near,) = get_close_matches(name, known, n=1, cutoff=0)
            raise ValueError(
                f"there is no click log '{name}'; did you mean '{near}'? "
                f"There are {', '.join(known)}"
            )
        return name

    @model_validator(mode="after")
    def _file_needs_mapping(self) -> Data:
        mapped = self.columns is not None or self.layout in ("sessions", "users", "mind")
        if self.source == "file" and (self.path is None or not mapped):
            raise ValueError("source 'file' needs 'path' and 'columns'")
        if self.delimiter == "::" and self.names is None:
            raise ValueError("a file with '::' has no header line: name its columns in 'names'")
        if self.source in OWN or self.session_gap_minutes is not None:
            return self
        if registry.layout(self.source).user is not None:
            raise ValueError(f"source '{self.source}' has users: set session_gap_minutes")
        return self

    @model_serializer(mode="wrap")
    def _what_is_set(self, dump: Callable) -> dict[str, Any]:
        # What a profile does not set is no part of a run's identity: of results that were kept
        # before there was such a setting neither.
        values = dump(self)
        for name in _OF_OWN_LOGS:
            if getattr(self, name) == type(self).model_fields[name].default:
                values.pop(name, None)
        return values


class Preprocess(Section):
    """Cleaning and padding (notebook 01)."""

    max_length: int = Field(20, ge=2, description="clicks kept of a session, the last ones")
    min_length: int = Field(2, ge=2, description="shorter sessions are dropped")
    partitions: int | None = Field(
        None, ge=1, description="parts cleaned one by one; by size where null"
    )


class CohortSizes(Section):
    """Sizes of the disjoint cohorts, in sessions (notebook 02)."""

    members: int = Field(..., ge=20, description="member sessions of the target, and of the shadow")
    nonmembers: int = Field(..., ge=20, description="held-out sessions of each side")
    reference: int = Field(..., ge=20, description="population that the adversary knows")
    validation: int = Field(..., ge=20, description="unseen sessions that judge ranking quality")
    similar_items: int = Field(10, ge=1, description="a replaced item comes from this many nearest")
