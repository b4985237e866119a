"""How click logs are laid out: which columns hold the key, the item and the time, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from recmia.section import Section


class Layout(Section):
    """Layout of a delimited text file or of a Parquet file, as ``sources.yaml`` writes it.

    Attributes:
        session: name of the column of sessions; or else
        user: name of the column of users, whose history is to be cut into sessions. Where both are
            named, a session's id is its own with its user only.
        item: name of the item column.
        time: name of the time column, whose form is seen from its first value; None where the
            log is in click order and has no times.
        category: name of a column that must be there, though the study does not use it.
        delimiter: between columns; ``::`` in MovieLens-1M.
        header: whether the first line of a text file names its columns.
        columns: names of all the columns, exactly these, where it does not.
        quotes: whether values may stand in quotation marks; where None, with a header only.
        encoding: of the text.
        time_unit: unit of a time that its numbers do not tell, see `recmia.data.times.UNITS`.
        placeholders: values of the key (words of the item too) that stand for none; where None,
            what usually does is refused in a log of one's own.
        ids: whether ids must be integers, or may be any text.
        zero_is_unknown: whether time 0 stands for an unknown time.
        own: somebody's own log, read more strictly than a public one that is known to be well.
        lines: what a line is where it is no row of a table, see `recmia.data.lines`.
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
    quotes: bool | None = None
    encoding: str = "utf-8-sig"
    time_unit: Literal["seconds", "minutes", "hours", "days"] | None = None
    placeholders: tuple[str, ...] | None = None
    own: bool = False
    lines: Literal["sessions", "users", "objects", "mind"] | None = None
    ids: Literal["integer", "text"] = "text"
    zero_is_unknown: bool = False
    session_lines: bool = False
    member: str | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Layout:
        if self.session == self.user:  # None, or one column
            raise ValueError("name 'session', 'user' or both, of two columns")
        return self

    @property
    def key(self) -> str:
        """Name of the key column; of the sessions' where a key has two."""
        return self.user if self.session is None else self.session

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Names of all columns that the key is made of."""
        return tuple(name for name in (self.user, self.session) if name is not None)
