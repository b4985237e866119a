"""Own logs that could be read wrongly without a word: each is read right, or refused with a remedy.

Where the remedy names a setting, the setting is tried.
"""

from __future__ import annotations

import decimal
from datetime import datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from recmia.data.clicks import open_clicks
from recmia.data.settings import Columns, Data
from recmia.data.times import YEAR_1990, BadTime, detect, milliseconds
from recmia.errors import DataError

START = 1_600_000_000
APRIL = 1_396_321_200_124  # 2014-04-01T03:00:00.124Z
MAPPED = {"session": "s", "item": "i", "time": "t"}


def log(path, columns: dict | None = None, **settings) -> Data:
    columns = MAPPED if columns is None else columns
    return Data(source="file", path=str(path), columns=Columns(**columns), **settings)


def read(data: Data, folder):
    return open_clicks(data, folder, folder, seed=0).read()


def refused(data: Data, folder) -> DataError:
    with pytest.raises(DataError) as caught:
        read(data, folder)
    assert caught.value.remedy
    return caught.value


def text(delimiter: str, changed: dict[int, str], column: int) -> str:
    """Eight clicks on lines 2 to 9, with other values in a column of some."""
    lines = [["s", "i", "t", "title"]]
    for n in range(8):
        lines.append([f"s{n // 3}", f"i{n}", str(START + n), f"text {n}"])
        lines[-1][column] = changed.get(n, lines[-1][column])
    return "\n".join(map(delimiter.join, lines)) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({2: '"ab'}, 4),  # never closed
        ({2: '"ab', 5: 'cd"'}, 4),  # closed three clicks later, as if it were one value
        ({2: '"ab', 5: '"cd'}, 4),  # two that are never closed
        ({2: '"ab', 3: 'cd"'}, 4),
        ({7: '"ab'}, 9),
        ({2: '5" x', 4: '"ab'}, 6),
        ({2: '"5" x'}, 4),
    ],
)
def test_a_quotation_mark_takes_no_clicks_with_it(tmp_path, delimiter, column, changed, line):
    path = tmp_path / "log.csv"
    path.write_text(text(delimiter, changed, column))
    error = refused(log(path, delimiter=delimiter), tmp_path)
    if column != 2:  # a time with a mark in it is none
        assert "quotation mark" in error.problem and error.line == line
    if column == 3:
        assert error.column == "title"
        plain = read(log(path, delimiter=delimiter, quotes=False), tmp_path)  # the remedy
        assert plain["item"].to_list() == [f"i{n}" for n in range(8)]


def test_texts_of_several_lines_are_no_open_quotation_marks(tmp_path):
    path = tmp_path / "log.csv"
    note = '"two, lines\nof ""text"", with a comma"'
    path.write_text(text(",", {1: note, 5: note, 6: '5" x'}, 3))
    assert len(read(log(path), tmp_path)) == 8


def test_line_ends_of_old_machines(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(text(",", {}, 3).replace("\n", "\r").encode())
    assert len(read(log(path), tmp_path)) == 8


@pytest.mark.parametrize(
    ("value", "milliseconds_since_1970"),
    [
        ("1396321200", 1_396_321_200_000),
        ("1396321200.124", APRIL),
        ("1396321200124", APRIL),
        ("1396321200124000", APRIL),
        ("1396321200124000000", APRIL),
        ("20140401", 1_396_310_400_000),
        ("2014040103", 1_396_321_200_000),
        ("201404010300", 1_396_321_200_000),
        ("20140401030000", 1_396_321_200_000),
        ("2014/04/01 03:00:00", 1_396_321_200_000),
        ("4/1/2014 3:00:00 AM", 1_396_321_200_000),
    ],
)
def test_times_whose_unit_is_told_by_their_size_or_form(value, milliseconds_since_1970):
    values = pa.array([value, value])
    assert milliseconds(values, detect(values)).tolist() == [milliseconds_since_1970] * 2
    if value.isdigit():
        numbers = pa.array([int(value)])
        assert milliseconds(numbers, detect(numbers)).tolist() == [milliseconds_since_1970]


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("16161", "days"),  # since 1970
        ("41730", "days"),  # since 1900, as a spreadsheet has them
        ("23272020", "minutes"),
        ("387867", "hours"),
        ("7", None),  # a step
        ("140401", None),
        ("1.39632e+09", None),
        ("1.396321e+12", None),
        ("13963212001240000000000", None),
        ("01/04/2014", None),
        ("3:00", None),
    ],
)
def test_times_of_another_unit_are_refused(tmp_path, value, unit):
    path = tmp_path / "log.csv"
    path.write_text(f"s,i,t\ns0,i0,{value}\ns0,i1,{value}\n")
    error = refused(log(path), tmp_path)
    assert (error.line, error.column) == (2, "t")
    assert "data.time_unit" in error.remedy
    if unit is not None:
        assert read(log(path, time_unit=unit), tmp_path)["time"][0] > 0


def test_a_unit_that_is_named_counts_from_anywhere(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("s,i,t\ns0,i0,0\ns0,i1,1.5\n")
    assert read(log(path, time_unit="hours"), tmp_path)["time"].to_list() == [0, 5_400_000]
    path.write_text("s,i,t\ns0,i0,0\ns0,i1,-1\n")
    assert refused(log(path, time_unit="hours"), tmp_path).line == 3


def test_a_mixture_of_forms_is_refused():
    for first, second in (("20140401", "1396321200"), ("1396321200", "20140401")):
        with pytest.raises(BadTime):
            milliseconds(pa.array([first, second]), detect(pa.array([first])), least=YEAR_1990)


WHEN = datetime(2014, 4, 1, 3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1396321200.0] * 2, pa.float32()), "type float"),
        (pa.array(np.array([APRIL] * 2).astype(np.int32)), "another unit"),  # it went over
        (pa.array([5, 6], pa.int16()), "another unit"),
        (pa.array([time(3)] * 2), "type time64"),
        (pa.array([timedelta(3)] * 2), "type duration"),
        (pa.array([True, False]), "type bool"),
        (pa.nulls(2), "type null"),
        (pa.array([b"2014-04-01"] * 2), "type binary"),
        (pa.array([1396321200] * 2, pa.int32()), APRIL - 124),
        (pa.array([APRIL] * 2, pa.uint64()), APRIL),
        (pa.array([decimal.Decimal("1396321200.124")] * 2), APRIL),
        (pa.array([WHEN] * 2, pa.timestamp("ns")), APRIL - 124),
        (pa.array([WHEN] * 2, pa.timestamp("s", "America/New_York")), APRIL - 124),
        (pa.array([WHEN.date()] * 2), 1_396_310_400_000),
        (pa.array(["2014-04-01T05:00:00+02:00"] * 2).dictionary_encode(), APRIL - 124),
    ],
)
def test_types_of_times_in_parquet(tmp_path, values, expected):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"s": [1, 1], "i": [3, 4], "t": values}), path)
    if isinstance(expected, int):
        assert read(log(path), tmp_path)["time"].to_list() == [expected] * 2
    else:
        error = refused(log(path), tmp_path)
        assert error.column == "t" and expected in error.problem


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([2**64 - 1, 5], pa.uint64()), [str(2**64 - 1), "5"]),
        (pa.array([2**63 - 1, 5]), [2**63 - 1, 5]),
        (pa.array([decimal.Decimal(10**25), decimal.Decimal(3)]), [str(10**25), "3"]),
        (pa.array([b"a", b"b"]), ["a", "b"]),
        (pa.array([7, 8]).dictionary_encode(), [7, 8]),
        (pa.array([-(2**62), 5]), "negative"),
        (pa.array([1.0, 2.0]), "type double"),
        (pa.array([decimal.Decimal("1.50"), decimal.Decimal("2.50")]), "type decimal"),
        (pa.array([True, False]), "type bool"),
        (pa.array([b"\xff", b"b"]), "not text in UTF-8"),
        (pa.array([WHEN, WHEN]), "type timestamp"),
        (pa.array([{"a": 1}] * 2), "type struct"),
        (pa.array(["nan", "b"]), "stands for none"),
        (pa.array(["a", None]).dictionary_encode(), "missing"),
    ],
)
@pytest.mark.parametrize("column", ["s", "i"])
def test_types_of_ids_in_parquet(tmp_path, values, expected, column):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"s": [1, 1], "i": [3, 4], "t": [START] * 2} | {column: values}), path)
    if isinstance(expected, list):
        found = read(log(path), tmp_path)["key" if column == "s" else "item"]
        assert found.to_list() == expected
    else:
        error = refused(log(path), tmp_path)
        assert error.column == column and expected in error.problem


def test_hashes_below_zero_are_ids_once_placeholders_are_named(tmp_path):
    path = tmp_path / "log.parquet"
    table = {"s": [-(2**62), -1, -(2**62)], "i": [-7, 3, 4], "t": [START] * 3}
    pq.write_table(pa.table(table), path)
    assert "data.placeholders" in refused(log(path), tmp_path).remedy
    clicks = read(log(path, placeholders=[-1]), tmp_path)
    assert clicks["key"].to_list() == [-(2**62), None, -(2**62)]
    assert clicks["item"].to_list() == [-7, 3, 4]


@pytest.mark.parametrize("word", ["NA", "null", "NULL", "None", "nan", "\\N", "-1", "<NA>", "n/a"])
@pytest.mark.parametrize("column", ["session", "user", "item"])
def test_placeholders(tmp_path, word, column):
    path, key = tmp_path / "log.csv", "user" if column == "user" else "session"
    lines = [f"k{n},i{n},{START + n}" for n in range(4)]
    lines[2] = lines[2].replace("i2" if column == "item" else "k2", word)
    path.write_text("\n".join(["k,i,t", *lines]) + "\n")
    columns = {key: "k", "item": "i", "time": "t"}
    error = refused(log(path, columns), tmp_path)
    assert (error.line, error.column) == (4, "i" if column == "item" else "k")
    assert "data.placeholders" in error.remedy
    if (column, word) != ("item", "-1"):
        keys = read(log(path, columns, placeholders=[word]), tmp_path)["key"].to_list()
        assert keys == ["k0", "k1", None, "k3"]
    assert None not in read(log(path, columns, placeholders=[]), tmp_path)["key"]


def test_a_placeholder_in_yaml_may_be_no_text():
    assert Data(placeholders=[0, None, -1]).placeholders == ("0", "null", "-1")


def test_keys_of_two_columns_are_told_apart(tmp_path):
    path = tmp_path / "log.csv"
    keys = [("a:1", "2"), ("a", "1:2"), ("a\\", ":1:2"), ("a\\:1", "2"), ("b", "2")]
    rows = [f"{user},{session},i,{START}" for user, session in keys]
    path.write_text("\n".join(["u,s,i,t", *rows]) + "\n")
    columns = {"user": "u", "session": "s", "item": "i", "time": "t"}
    opened = open_clicks(log(path, columns), tmp_path, tmp_path, seed=0)
    found = opened.read()["key"].to_list()
    assert len(set(found)) == 5 and found[-1] == "b:2" and opened.keys == "session"


@pytest.mark.parametrize(
    "first", [f"s0,i0,{START}", "s0,i0,2014-04-01", "7,8,9"], ids=["epoch", "date", "numbers"]
)
def test_a_first_click_is_not_taken_for_a_header(tmp_path, first):
    path, names = tmp_path / "log.csv", first.split(",")
    rows = [first] + [",".join([f"x{n}", f"y{n}", names[2]]) for n in range(3)]
    path.write_text("\n".join(rows) + "\n")
    columns = dict(zip(("session", "item", "time"), names, strict=True))
    error = refused(log(path, columns), tmp_path)
    assert "looks like data" in error.problem and "data.names" in error.remedy
    if names[2] != "9":
        clicks = read(log(path, names=["s", "i", "t"]), tmp_path)
        assert clicks["key"].to_list() == ["s0", "x0", "x1", "x2"]


def test_a_name_that_is_a_value_as_well_is_refused(tmp_path):
    path, columns = tmp_path / "log.csv", {"session": "s0", "item": "i0"}
    path.write_text("s0,i0\ns1,i1\ns0,i2\n")  # the first click as a header
    assert refused(log(path, columns), tmp_path).line == 3
    path.write_text("s,i\ns1,i1\ns,i\ns2,i2\n")  # the header in between, as of files joined
    error = refused(log(path, {"session": "s", "item": "i"}), tmp_path)
    assert (error.line, error.column) == (3, "s") and "comes again" in error.remedy


def test_columns_that_a_frame_without_names_was_written_with(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(f"0,1,2\ns0,i0,{START}\n")
    columns = {"session": "0", "item": "1", "time": "2"}
    assert len(read(log(path, columns), tmp_path)) == 1


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "log.csv"
    path.write_bytes(f"s,i,t\ns0,café,{START}\ns0,i1,{START}\n".encode(encoding))
    error = refused(log(path), tmp_path)
    if not encoding.startswith("utf-16-"):
        assert "data.encoding" in error.remedy
    clicks = read(log(path, encoding=encoding), tmp_path)
    assert clicks["item"].to_list() == ["café", "i1"]


def test_text_of_another_encoding_than_named(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(f"s,i,t\ns0,i0,{START}\n".encode("utf-16"))
    with open(path, "ab") as file:
        file.write(b"\x00")  # half a letter
    assert "utf-16" in refused(log(path, encoding="utf-16"), tmp_path).problem


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"delimiter": "\\t"}, r'write a tab as "\\t", in double quotes'),
        ({"delimiter": "tab"}, r'write a tab as "\\t", in double quotes'),
        ({"delimiter": ", "}, "not one character"),
        ({"delimiter": "::"}, "name its columns in 'names'"),
        ({"encoding": "latin-0"}, "no encoding that is known"),
        ({"encoding": "base64"}, "no encoding that is known"),
        ({"time_unit": "weeks"}, "'seconds', 'minutes', 'hours' or 'days'"),
    ],
)
def test_settings_that_cannot_be(tmp_path, settings, said):
    with pytest.raises(ValidationError, match=said):
        log(tmp_path / "log.csv", **settings)


def test_settings_that_are_not_set_are_no_part_of_a_run():
    """Results that were kept before there were such settings are found again."""
    own = {"layout", "names", "quotes", "encoding", "time_unit", "placeholders"}
    assert not own & Data().model_dump().keys()
    assert Data(quotes=False, placeholders=[]).model_dump().keys() & own == {
        "quotes",
        "placeholders",
    }


def test_lists_in_parquet(tmp_path):
    path = tmp_path / "log.parquet"
    table = {"s": ["a", "b"], "i": [[3, 4], [5]], "t": [[START, START + 1], [START]]}
    pq.write_table(pa.table(table), path)
    clicks = read(log(path), tmp_path)
    assert clicks["key"].to_list() == ["a", "a", "b"] and clicks["item"].to_list() == [3, 4, 5]
    fixed = pa.array([[3, 4], [5, 6]], pa.list_(pa.int64(), 2))
    pq.write_table(pa.table({"s": ["a", "b"], "i": fixed}), path)
    columns = {"session": "s", "item": "i"}
    assert read(log(path, columns), tmp_path)["item"].to_list() == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"t": [[START, START], [START], [START]]}, "1 values, 2 in 'i'"),
        ({"i": [[3, 4], [5, -1], [6]]}, "negative"),
        ({"i": [[3, 4], None, [6]]}, "2 values, 0 in 'i'"),
        ({"i": [[3, 4], [5, 0], [6]]}, "padded"),
    ],
)
def test_lists_in_parquet_that_cannot_be_read(tmp_path, change, problem):
    path = tmp_path / "log.parquet"
    table = {"s": ["a", "b", "c"], "i": [[3, 4], [5, 5], [6]]}
    table["t"] = [[START, START], [START, START], [START]]
    pq.write_table(pa.table(table | change), path)
    error = refused(log(path), tmp_path)
    assert error.line == 2 and problem in error.problem


def test_folders_of_folders(tmp_path):
    for day in (1, 2):
        folder = tmp_path / "log" / f"day={day}"
        folder.mkdir(parents=True)
        rows = {"s": [f"s{day}"], "i": [f"i{day}"], "t": [START + day]}
        pq.write_table(pa.table(rows), folder / "part-0.parquet")
        (folder / "_SUCCESS").touch()
    assert read(log(tmp_path / "log"), tmp_path)["key"].to_list() == ["s1", "s2"]
    columns = {"session": "s", "item": "i", "time": "day"}
    assert "names of folders" in refused(log(tmp_path / "log", columns), tmp_path).problem
