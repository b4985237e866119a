"""What a file of clicks is, by what it holds: its packing, encoding, layout and columns.

Nothing is decided silently: each decision is a sentence, and a person can name columns instead.
"""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recmia.data.files import Source, parts
from recmia.data.lines import BadLine, unfolded, words
from recmia.data.times import YEAR_1990, BadTime, detect, milliseconds
from recmia.errors import DataError

LOOKED_AT = 400  # lines
GAP = 30  # minutes without a click that end a session, where the log has users only
_DELIMITERS = {
    "::": "'::'",
    "\t": "tabs",
    ";": "semicolons",
    "|": "bars",
    ",": "commas",
    " ": "blanks",
}
# Names that columns have in public data sets and exports, without what is no letter.
_ROLES = {
    "session": "session sessionid sid sessid visit visitid basket basketid order orderid cartid",
    "user": "user userid uid visitor visitorid customer customerid member memberid reviewer "
    "reviewerid client clientid device deviceid cookie cookieid fullvisitorid account accountid "
    "person personid playerid listener u",
    "item": "item itemid iid product productid movie movieid sku article articleid aid asin "
    "parentasin news newsid track trackid song songid artist artistid venue venueid business "
    "businessid game gameid content contentid video videoid book bookid isbn clickarticleid "
    "itemsid pid page pageid url location locationid poi poiid i",
    "time": "time timestamp ts datetime date eventtime createdat unixtime unixreviewtime eventdate "
    "clicktimestamp clickedat utctime when t timems unixtimestamp occurredat",
}
_NAMED = {name: role for role, names in _ROLES.items() for name in names.split()}
ROLES = tuple(_ROLES)


@dataclass
class Recognised:
    """A reading of a file.

    Attributes:
        data: the section ``data`` of a profile, as `recmia.data.settings.Data` takes it.
        said: the reading in sentences.
    """

    data: dict[str, Any]
    said: list[str] = field(default_factory=list)


def recognise(
    path: Path, columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> Recognised:
    """Tell what a file, or a folder of parts, is.

    Args:
        path: where it lies.
        columns: names of columns by role (`ROLES`) that a person gave; of a file without a header
            their places, from 1.
        encoding: of the text, where a person named it.

    Raises:
        DataError: it cannot be read, or its columns are not told by their names or values.
    """
    path, files = path.resolve(), parts(path)
    found = Recognised({"source": "file", "path": str(path)})
    if path.is_dir():
        found.said.append(f"A folder of {len(files):,} files, read in the order of their names.")
    source = files[0]
    wanted = {role: name for role, name in (columns or {}).items() if name}
    with tempfile.TemporaryDirectory() as folder, source.plain(Path(folder)) as plain:
        packing = source.packing
        found.said.append(f"{packing.capitalize()}." if packing else "Not packed.")
        if source.is_parquet or Source(plain).is_parquet:
            _parquet(found, source, plain, wanted)
        else:
            _text(found, source, plain, wanted, encoding)
    return found


def _parquet(found: Recognised, source: Source, plain: Path, wanted: Mapping[str, str]) -> None:
    try:
        schema = pq.read_schema(plain)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"not a readable Parquet file ({str(error).splitlines()[0]})",
            file=source.place,
            remedy="Check the path, or write the file again.",
        ) from error
    lists = [n for n, t in zip(schema.names, schema.types) if pa.types.is_nested(t)]  # noqa: B905
    found.said.append(
        "Parquet" + (", with a list of clicks in each row." if lists else ", a row a click.")
    )
    _by_name(found, source, schema.names, wanted)


def _text(
    found: Recognised, source: Source, plain: Path, wanted: Mapping[str, str], encoding: str | None
) -> None:
    encoding = encoding or _encoding(plain)
    plainly = encoding == "utf-8"
    found.said.append(
        f"Text in {encoding}."
        + ("" if plainly else " Where this is wrong, name another with --encoding.")
    )
    if not plainly:
        found.data["encoding"] = encoding
    with open(plain, encoding="utf-8-sig" if plainly else encoding, errors="replace") as text:
        lines = list(islice((line.rstrip("\r\n") for line in text if line.strip()), LOOKED_AT))
    if not lines:
        raise DataError("the file is empty", file=source.place, line=1, remedy="Export it again.")
    if any(letter < " " and letter not in "\t" for letter in lines[0]):
        raise DataError(
            "the file is not text", file=source.place, line=1, remedy="Export it as CSV or Parquet."
        )
    if lines[0].lstrip().startswith(("{", "[{")) or lines[0].strip() == "[":
        _objects(found, source, lines[0], wanted)
        return
    delimiter = _delimiter(lines)
    rows = [] if delimiter is None else _rows(lines, delimiter)
    if delimiter == "\t" and all(_is_mind(row) for row in rows):
        found.data["layout"] = "mind"
        found.said.append(
            "Impressions as MIND has them: a user's clicks are the history of the first "
            "impression, then the items that were clicked (-1), in the order of the file; a user "
            "is a session."
        )
    elif delimiter is None or (delimiter in " ," and not wanted and _is_list(rows)):
        _lists(found, lines)
    else:
        _table(found, source, rows, delimiter, wanted)


def _objects(found: Recognised, source: Source, line: str, wanted: Mapping[str, str]) -> None:
    try:
        clicks = unfolded(line, 1)
    except BadLine as error:
        raise DataError(
            error.problem, file=source.place, line=1, remedy="Write an object of JSON a line."
        ) from error
    found.data["layout"] = "objects"
    found.said.append(
        "An object of JSON a line"
        + (f", each with a list of clicks ({', '.join(clicks[0])})." if len(clicks) > 1 else ".")
    )
    _by_name(found, source, list(clicks[0]), wanted)


def _lists(found: Recognised, lines: Sequence[str]) -> None:
    listed = [words(line) for line in lines]
    firsts = [row[0] for row in listed if row]
    others = {word for row in listed for word in row[1:]}
    counted = all(one.isdigit() for one in firsts) and [int(one) for one in firsts] == list(
        range(int(firsts[0]), int(firsts[0]) + len(firsts))
    )
    distinct = len(set(firsts)) == len(firsts)
    users = len(firsts) > 1 and distinct and (counted or not others & set(firsts))
    found.data["layout"] = "users" if users else "sessions"
    found.said.append(
        "A user a line: the first word, "
        + ("which counts the lines" if counted else "which is never an item")
        + ", then the items in order; a user is a session."
        if users
        else "A session a line: the items in order."
    )


def _table(
    found: Recognised,
    source: Source,
    rows: list[list[str]],
    delimiter: str,
    wanted: Mapping[str, str],
) -> None:
    if delimiter != ",":
        found.data["delimiter"] = delimiter
    header = _has_header(rows)
    found.said.append(
        f"A table of {len(rows[0])} columns, separated by {_DELIMITERS[delimiter]}, "
        + ("the first line with their names." if header else "without a line of names.")
    )
    if header and delimiter != "::":
        _by_name(found, source, rows[0], wanted)
        return
    roles = {role: int(place) - 1 for role, place in wanted.items() if place.isdigit()}
    if len(roles) < len(wanted) or any(not 0 <= p < len(rows[0]) for p in roles.values()):
        raise DataError(
            "the file has no line of names",
            file=source.place,
            line=1,
            remedy=f"Give the places of columns, 1 to {len(rows[0])}, such as --item 2.",
        )
    roles = roles or _by_value(found, source, rows)
    names = [f"column {place + 1}" for place in range(len(rows[0]))]
    for role, place in roles.items():
        names[place] = role
    found.data["names"] = names
    _map(found, {role: role for role in roles})


def _by_name(
    found: Recognised, source: Source, names: Sequence[str], wanted: Mapping[str, str]
) -> None:
    for name in wanted.values():
        if name not in names:
            raise DataError(
                "the column is missing",
                file=source.place,
                column=name,
                remedy=f"The file has: {', '.join(names)}.",
            )
    roles: dict[str, str] = dict(wanted)
    for name in names:
        role = _NAMED.get(_letters(name))
        if role is not None and role not in roles and name not in roles.values():
            roles[role] = name
    if wanted.keys() & {"session", "user"}:  # a person's choice of one is no choice of both
        roles = {r: n for r, n in roles.items() if r in wanted or r not in ("session", "user")}
    if "item" not in roles or not roles.keys() & {"session", "user"}:
        raise DataError(
            "the names do not tell which column is the session or user, and which the item",
            file=source.place,
            line=1,
            remedy=f"Name them, such as --user NAME --item NAME; the file has: {', '.join(names)}.",
        )
    _map(found, roles)


def _map(found: Recognised, roles: Mapping[str, str]) -> None:
    """Note which column is what; a user without times is one session."""
    roles = dict(roles)
    untimed = "time" not in roles
    if "session" not in roles and untimed:
        roles["session"] = roles.pop("user")
        found.said.append("There are no times: a user's whole history is one session.")
    elif "session" not in roles:
        found.data["session_gap_minutes"] = GAP
        found.said.append(f"Users' histories are cut where they pause for {GAP} minutes.")
    found.data["columns"] = {role: roles[role] for role in ROLES if role in roles}
    mapped = ", ".join(f"{role} '{name}'" for role, name in found.data["columns"].items())
    found.said.append(f"Columns: {mapped}.")


def _by_value(found: Recognised, source: Source, rows: list[list[str]]) -> dict[str, int]:
    """Roles of columns without names: the time by its values, then key and item from the left."""
    columns = list(zip(*rows, strict=True))
    times = [place for place, values in enumerate(columns) if _are_times(values)]
    left = [
        place for place in range(len(columns)) if place not in times and place not in _rated(rows)
    ]
    if len(left) < 2:
        left = [place for place in range(len(columns)) if place not in times[:1]]
    if len(left) < 2:
        raise DataError(
            "the values do not tell which column is the user and which the item",
            file=source.place,
            line=1,
            remedy="Give their places from 1, such as --user 1 --item 2.",
        )
    found.said.append(
        "The first column that is no time or rating is taken for the user and the next for the "
        "item; if they are others, give their places, such as --session 1 --item 3 --time 2."
    )
    roles = {"user": left[0], "item": left[1]}
    return roles | ({"time": times[0]} if times else {})


def _rated(rows: list[list[str]]) -> set[int]:
    """Places, from the third on, of columns of few small numbers: ratings or counts."""
    return {
        place
        for place, values in enumerate(zip(*rows, strict=True))
        if place >= 2 and all(re.fullmatch(r"-?\d{1,2}(\.\d+)?", value) for value in values)
    }


def _are_times(values: Iterable[str]) -> bool:
    array = pa.array(list(values))
    try:
        milliseconds(array, detect(array), least=YEAR_1990)
        return True
    except BadTime:
        return False


def _letters(name: str) -> str:
    """A name without its RecBole type, what lists are marked by, and what is no letter."""
    name = re.sub(r":\w+$", "", name.strip().lower())
    name = re.sub(r"[-_](id[-_])?(list|seq|sequence)$", lambda m: "_id" if m[1] else "", name)
    return re.sub(r"[^a-z]", "", name)


def _encoding(plain: Path) -> str:
    """By the byte order mark, else UTF-8 where all is; else what most of the West wrote before."""
    start = plain.open("rb").read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder, utf8, controls = codecs.getincrementaldecoder("utf-8")(), True, False
    with open(plain, "rb") as file:
        while block := file.read(1 << 20):
            controls |= any(0x80 <= byte < 0xA0 for byte in set(block))
            try:
                utf8 = utf8 and (decoder.decode(block) is not None)
            except UnicodeDecodeError:
                utf8 = False
    return "utf-8" if utf8 else "cp1252" if controls else "latin-1"


def _delimiter(lines: Sequence[str]) -> str | None:
    """What parts all lines into equally many columns, at least two."""
    for delimiter in _DELIMITERS:
        widths = {len(row) for row in _rows(lines, delimiter)}
        if len(widths) == 1 and widths.pop() > 1:
            return delimiter
    # Lines that a quotation mark joined, or that miss a value: what most lines have counts.
    for delimiter in list(_DELIMITERS)[:-1]:
        rows = _rows(lines, delimiter)
        width = len(rows[0])
        if width > 1 and sum(len(row) == width for row in rows) > 0.9 * len(rows):
            return delimiter
    return None


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    if delimiter == "::":
        return [line.split("::") for line in lines]
    rows = list(csv.reader(lines, delimiter=delimiter))
    if len(rows) < len(lines):  # a quotation mark went over the end of a line
        rows = [next(csv.reader([line], delimiter=delimiter)) for line in lines]
    return rows


def _is_mind(row: list[str]) -> bool:
    return len(row) == 5 and bool(re.fullmatch(r"(\S+-[01]\s*)+", row[4]))


def _is_list(rows: list[list[str]]) -> bool:
    """Lines of equal length that are lists and no table: no first value comes again."""
    if _has_header(rows):
        return False
    firsts = [row[0] for row in rows]
    timed = any(_are_times(values) for values in zip(*rows, strict=False))
    return len(set(firsts)) == len(firsts) and len(rows) > 1 and not timed


def _has_header(rows: list[list[str]]) -> bool:
    """Names: no numbers, no two alike, and known or above a column of numbers."""
    names = [name.strip() for name in rows[0]]
    if len(set(names)) < len(names) or any(
        re.fullmatch(r"-?[\d.,:]*\d[\d.,:T -]*", n) for n in names
    ):
        return False
    if {"item"} <= {_NAMED.get(_letters(name)) for name in names}:
        return True
    below = list(zip(*(row for row in rows[1:] if len(row) == len(names)), strict=True))
    return any(all(re.fullmatch(r"-?[\d.]+", value) for value in values) for values in below)
