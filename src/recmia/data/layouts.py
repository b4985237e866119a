"""How click logs are laid out: which columns hold the key, the item and the time, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recmia.data.kinds import Ids, Time
from recmia.data.tables import Format


@dataclass(frozen=True)
class Layout:
    """Layout of a delimited text file or of a Parquet file.

    Attributes:
        keys: what the key column names: sessions, or users whose history is to be cut.
        key: name of the key column.
        item: name of the item column.
        time: name of the time column; None where the log is in click order and has no times.
        columns: names of all the columns, exactly these, where the file has no header line.
        category: name of a column that must be there, though the study does not use it.
        delimiter: between columns; ``::`` in MovieLens-1M.
        ids: whether ids must be integers (the published logs) or may be any text (own logs).
        zero_is_unknown: whether time 0 stands for an unknown time.
        session_lines: a line is a session, item ids with blanks between; the key is its number.
    """

    keys: Literal["session", "user"]
    key: str
    item: str
    time: str | None
    columns: tuple[str, ...] | None = None
    category: str | None = None
    delimiter: str = ","
    ids: Literal["integer", "text"] = "integer"
    zero_is_unknown: bool = False
    session_lines: bool = False

    @property
    def format(self) -> Format:
        """What the reader has to know."""
        kinds = dict.fromkeys((self.key, self.item), Ids(integer=self.ids == "integer"))
        if self.time is not None:
            kinds[self.time] = Time(self.zero_is_unknown)
        return Format(
            kinds,
            columns=self.columns,
            delimiter=self.delimiter,
            required=() if self.category is None else (self.category,),
            session_lines=self.session_lines,
        )


# SessionId,Timestamp,ItemId,Category: yoochoose-README.txt, "CLICKS DATASET FILE DESCRIPTION".
YOOCHOOSE = Layout(
    "session",
    "SessionId",
    "ItemId",
    "Timestamp",
    columns=("SessionId", "Timestamp", "ItemId", "Category"),
)
YOOCHOOSE_TSV = Layout("session", "SessionId", "ItemId", "Time", delimiter="\t")
SESSION_LINES = Layout("session", "line", "items", None, session_lines=True)
# ml-1m/README: UserID::MovieID::Rating::Timestamp, seconds; 0 where the time is not known.
MOVIELENS_1M = Layout(
    "user",
    "UserID",
    "MovieID",
    "Timestamp",
    columns=("UserID", "MovieID", "Rating", "Timestamp"),
    delimiter="::",
    zero_is_unknown=True,
)
MOVIELENS_CSV = Layout("user", "userId", "movieId", "timestamp")
# readme.txt of the archive: one line a user and artist, with a listening count and no time.
LASTFM_2K = Layout("user", "userID", "artistID", None, delimiter="\t")
# snap.stanford.edu/data/amazon: user,item,rating,timestamp without a header; ids are text (ASIN).
AMAZON_RATINGS = Layout(
    "user",
    "user",
    "item",
    "timestamp",
    columns=("user", "item", "rating", "timestamp"),
    ids="text",
)
