"""Choices about the clicks: where they come from, how they are cleaned, into which cohorts."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import Field, field_validator, model_validator

from recmia.data import registry
from recmia.section import Section

OWN = ("synthetic", "file")  # click logs that sources.yaml does not list


class SyntheticLog(Section):
    """The built-in click log (`recmia.data.synthetic`)."""

    clicks: int = Field(200_000, ge=100, description="clicks to generate, before cleaning")
    items: int = Field(2_000, ge=10, description="items in the catalogue")
    days: int = Field(182, ge=1, description="days that the log covers")


class Columns(Section):
    """Column names of a click log of one's own: `session`, or `user` with a gap."""

    session: str | None = None
    user: str | None = None
    item: str
    time: str | None = None
    category: str | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Columns:
        if (self.session is None) == (self.user is None):
            raise ValueError("name exactly one of 'session' and 'user'")
        if self.user is not None and self.time is None:
            raise ValueError("cutting users' histories into sessions needs the 'time' column")
        return self


class Data(Section):
    """Where the clicks come from."""

    source: str = Field(
        "synthetic", description="a click log of sources.yaml, 'synthetic', or 'file' for one's own"
    )
    path: str | None = Field(None, description="the log or a folder of parts, for source 'file'")
    delimiter: str = Field(",", min_length=1, max_length=1, description="for CSV files")
    columns: Columns | None = Field(None, description="column mapping, for source 'file'")
    session_gap_minutes: float | None = Field(
        None, gt=0, description="inactivity that ends a session, where the log has users"
    )
    most_recent_sessions: int | None = Field(
        None, ge=1, description="keep only this many sessions, the last to start"
    )
    synthetic: SyntheticLog = SyntheticLog()

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
        if self.source == "file" and (self.path is None or self.columns is None):
            raise ValueError("source 'file' needs 'path' and 'columns'")
        if self.source in OWN or self.session_gap_minutes is not None:
            return self
        if registry.layout(self.source).user is not None:
            raise ValueError(f"source '{self.source}' has users: set session_gap_minutes")
        return self


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
