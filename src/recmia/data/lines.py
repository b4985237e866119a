"""Logs whose lines are no rows of a table: a session, a user's history, an object, an impression.

Each function takes the lines of a file and gives its clicks, each with the number of its line (from
1) and the texts of its columns. Ids stay as they are written.

- ``sessions``: items, with blanks, tabs, commas or semicolons between; the key is the number of
  the line.
- ``users``: the same after a user, as S3Rec and SASRec keep histories.
- ``objects``: an object of JSON a line, a click or, where one of its values is a list of objects,
  as many clicks as that holds (OTTO: session, and events of aid, ts and type).
- ``mind``: MIND's behaviors.tsv. A user's clicks are the history of the first impression, then the
  items that impressions say were clicked (``N1-1``), in the order of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Rows = Iterator[tuple[int, tuple[str, ...]]]
_BETWEEN = re.compile(r"[\s,;]+")
NUMBER, USER, ITEM = "session", "user", "item"  # columns that no file names
COLUMNS = {"sessions": (NUMBER, ITEM), "users": (USER, ITEM), "mind": (USER, ITEM)}
_MIND = 5  # columns: impression, user, time, history, impressions


class BadLine(ValueError):
    """A line of another form: what is wrong, the line from 1, and the column if there is one."""

    def __init__(self, problem: str, line: int, column: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column = problem, line, column


def words(line: str) -> list[str]:
    """What a line lists, with or without brackets and quotation marks around."""
    text = line.strip().strip("[]()")
    return [word.strip("'\"") for word in _BETWEEN.split(text.strip()) if word]


def sessions(lines: Iterable[str], names: tuple[str, ...]) -> Rows:
    """Clicks of ``(number of the line, item)``; a line without items has one without an id."""
    for number, line in enumerate(lines, 1):
        yield from ((number, (str(number), item)) for item in words(line) or [""])


def users(lines: Iterable[str], names: tuple[str, ...]) -> Rows:
    """Clicks of ``(user, item)``; blank lines are passed over.

    Raises:
        BadLine: a user has a second line: which comes first is not said.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        user, *items = words(line) or [""]
        if not user:
            continue
        if user in seen:
            raise BadLine(f"user '{user}' has line {seen[user]} as well", number, USER)
        seen[user] = number
        yield from ((number, (user, item)) for item in items or [""])


def objects(lines: Iterable[str], names: tuple[str, ...]) -> Rows:
    """Clicks of the named columns of JSON objects; blank lines are passed over.

    Raises:
        BadLine: a line is no object, or has no such name.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        for click in unfolded(line, number):
            for name in names:
                if name not in click:
                    raise BadLine(
                        f"the name is missing; there are {', '.join(click)}", number, name
                    )
            yield number, tuple(_text(click[name]) for name in names)


def unfolded(line: str, number: int) -> list[dict[str, Any]]:
    """The clicks of an object: itself, or itself with each object of its one list of objects.

    Raises:
        BadLine: it is no object.
    """
    try:
        whole = json.loads(line, parse_int=str, parse_float=str)  # digits as they are written
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON ({str(error).split(':')[0]})", number) from error
    if not isinstance(whole, dict):
        raise BadLine("not an object of JSON", number)
    lists = [
        name
        for name, value in whole.items()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    ]
    if len(lists) != 1:
        return [whole]
    rest = {name: value for name, value in whole.items() if name != lists[0]}
    return [rest | one for one in whole[lists[0]]]


def mind(lines: Iterable[str], names: tuple[str, ...]) -> Rows:
    """Clicks of ``(user, item)``.

    Raises:
        BadLine: a line has other than five columns, or an impression is no item with 0 or 1.
    """
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        fields = line.rstrip("\r\n").split("\t")
        if fields == [""]:
            continue
        if len(fields) != _MIND:
            raise BadLine(
                f"{_MIND} columns expected, with tabs between, found {len(fields)}", number
            )
        _, user, _, history, shown = fields
        if user not in seen:
            seen.add(user)
            yield from ((number, (user, item)) for item in history.split())
        for impression in shown.split():
            item, dash, clicked = impression.rpartition("-")
            if not dash or clicked not in ("0", "1"):
                raise BadLine(f"'{impression}' is no item with -0 or -1", number, "impressions")
            if clicked == "1":
                yield number, (user, item)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


LINES: dict[str, Callable[[Iterable[str], tuple[str, ...]], Rows]] = {
    "sessions": sessions,
    "users": users,
    "objects": objects,
    "mind": mind,
}
