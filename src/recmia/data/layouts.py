"""How click logs are laid out: which columns hold the key, the item and the time, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from recmia.section import Section


class Layout(Section):
    """Layout of a delimited text file or of a Parquet file, as ``sources.yaml`` writes it.

    Attributes:
        session: name of the column of sessions; or else
        user: name of the column of users, whose history is to be cut into sessions.
        item: name of the item column.
        time: name of the time column, whose form is seen from its first value; None where the
            log is in click order and has no times.
        category: name of a column that must be there, though the study does not use it.
        delimiter: between columns; ``::`` in MovieLens-1M.
        header: whether the first line of a text file names its columns.
        columns: names of all the columns, exactly these, where it does not.
        ids: whether ids must be integers, or may be any text.
        zero_is_unknown: whether time 0 stands for an unknown time.
        session_lines: a line is a session, item ids with blanks between; the key is its number.
        member: what is read where the file is a zip archive.
    """

    session: str | None = None
    user: str | None = None
    item: str
    time: str | None = None
    category: str | None = None
    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...] = ()
    ids: Literal["integer", "text"] = "text"
    zero_is_unknown: bool = False
    session_lines: bool = False
    member: str | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Layout:
        if (self.session is None) == (self.user is None):
            raise ValueError("name exactly one of 'session' and 'user'")
        return self

    @property
    def key(self) -> str:
        """Name of the key column."""
        return self.user if self.session is None else self.session
