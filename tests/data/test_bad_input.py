"""Bad input: each kind gives an error that names file, line and column, and a remedy."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from recmia.data import reader
from recmia.data.clicks import open_clicks
from recmia.data.settings import Columns, Data
from recmia.errors import DataError


def zstd(text: bytes) -> bytes:
    return pa.Codec("zstd").compress(text, asbytes=True)


GOOD = "7,2014-04-01T03:00:00.124Z,5,0\n"
RAW = "yoochoose-clicks.dat"


def fail(data: Data, folder) -> DataError:
    with pytest.raises(DataError) as caught:
        open_clicks(data, folder, folder, seed=0).read()
    assert caught.value.remedy
    return caught.value


def fail_raw(folder, text: str) -> DataError:
    (folder / RAW).write_text(text)
    error = fail(Data(source="yoochoose"), folder)
    assert error.file == folder / RAW
    return error


def fail_own(folder, text: str, *, delimiter: str = ",", user: bool = False) -> DataError:
    (folder / "log.csv").write_text(text)
    columns = Columns(user="who", item="what", time="when")
    if not user:
        columns = Columns(session="who", item="what", time="when")
    data = Data(
        source="file",
        path="log.csv",
        delimiter=delimiter,
        columns=columns,
        session_gap_minutes=30 if user else None,
    )
    error = fail(data, folder)
    assert error.file == folder / "log.csv"
    return error


@pytest.mark.parametrize(
    ("bad", "column", "problem"),
    [
        ("7,2014-04-01T03:00:00.124Z,5", "Category", "4 columns expected"),
        ("7,2014-04-01T03:00:00.124Z,5,0,9", "number 5", "found 5"),
        ("7;2014-04-01T03:00:00.124Z;5;0", "Timestamp", "found 1"),
        ("7,yesterday,5,0", "Timestamp", "cannot be parsed ('yesterday')"),
        ("7,,5,0", "Timestamp", "time is missing"),
        ("7,1950-04-01T03:00:00.124Z,5,0", "Timestamp", "before 1970"),
        (",2014-04-01T03:00:00.124Z,5,0", "SessionId", "id is missing"),
        ("-7,2014-04-01T03:00:00.124Z,5,0", "SessionId", "negative ('-7')"),
        ("7,2014-04-01T03:00:00.124Z,,0", "ItemId", "id is missing"),
        ("7,2014-04-01T03:00:00.124Z,-5,0", "ItemId", "negative ('-5')"),
        ("7,2014-04-01T03:00:00.124Z,shoe,0", "ItemId", "not an integer ('shoe')"),
        ("7,2014-04-01T03:00:00.124Z,99999999999999999999,0", "ItemId", "not an integer"),
    ],
)
@pytest.mark.parametrize("line", [1, 3, 5_002])
def test_raw_log(tmp_path, bad, column, problem, line):
    error = fail_raw(tmp_path, GOOD * (line - 1) + bad + "\n" + GOOD * 3)
    assert error.line == line
    assert error.column == column
    assert problem in error.problem


def test_first_of_two_faults_is_named(tmp_path):
    error = fail_raw(tmp_path, GOOD + "7,never,5,0\n" + GOOD + "1,2\n")
    assert (error.line, error.column) == (2, "Timestamp")


def test_fault_after_the_first_block(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "BLOCK", 64)
    error = fail_raw(tmp_path, GOOD * 999 + "7,2014-04-01T03:00:00.124Z,-1,0\n")
    assert (error.line, error.column) == (1000, "ItemId")


def test_blank_lines_count_as_lines(tmp_path):
    error = fail_raw(tmp_path, GOOD + "\n\n" + "x" + GOOD)
    assert (error.line, error.column) == (4, "SessionId")


def test_wrong_delimiter_is_recognised(tmp_path):
    error = fail_raw(tmp_path, GOOD.replace(",", ";"))
    assert "semicolons" in error.remedy
    error = fail_own(tmp_path, "who\twhat\twhen\n1\t2\t2014-04-01\n")
    assert (error.line, error.column) == (1, "who")
    assert "separated by tabs. Set data.delimiter" in error.remedy


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_empty_raw_log(tmp_path, text):
    error = fail_raw(tmp_path, text)
    assert "empty" in error.problem or "no rows" in error.problem
    assert "again" in error.remedy


def test_header_only(tmp_path):
    error = fail_own(tmp_path, "who,what,when\n")
    assert "no rows" in error.problem


def test_missing_file(tmp_path):
    data = Data(source="file", path="gone.csv", columns=Columns(session="s", item="i"))
    error = fail(data, tmp_path)
    assert error.file == tmp_path / "gone.csv"
    assert "No such file" in error.problem


@pytest.mark.parametrize("cut", [20, 60])
def test_truncated_gzip(tmp_path, cut):
    rng = np.random.default_rng(0)
    text = "".join(f"{s},2014-04-01T03:00:00.124Z,{s % 9},0\n" for s in rng.integers(1e9, size=99))
    whole = gzip.compress(text.encode())
    path = tmp_path / f"{RAW}.gz"
    path.write_bytes(whole[:-cut])
    error = fail(Data(source="yoochoose"), tmp_path)
    assert error.file == path
    assert 1 < error.line <= 100
    assert "cut off" in error.problem
    assert "Fetch or export the file again" in error.remedy


def test_damaged_gzip(tmp_path):
    whole = bytearray(gzip.compress((GOOD * 500).encode()))
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / f"{RAW}.gz").write_bytes(bytes(whole))
    error = fail(Data(source="yoochoose"), tmp_path)
    assert error.file == tmp_path / f"{RAW}.gz"


def test_truncated_zip_and_missing_member(tmp_path):
    path = tmp_path / "ml-1m.zip"
    data = Data(source="ml-1m", session_gap_minutes=60)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml-1m/ratings.dat", "1::2::3::978300760\n" * 500)
    path.write_bytes(path.read_bytes()[:-30])
    error = fail(data, tmp_path)
    assert error.file == path
    assert "zip" in error.problem
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ml-1m/users.dat", "1")
    error = fail(data, tmp_path)
    assert "0 files named ratings.dat" in error.problem


def test_movielens_line_of_another_layout(tmp_path):
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text("1::2::3::978300760\n1:2:3:978300760\n")
    error = fail(Data(source="ml-1m", session_gap_minutes=60), tmp_path)
    assert error.line == 2
    assert "'::'" in error.remedy


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [("1 2\n\n3 4\n", 2, "missing"), ("1 2\n3 x\n", 2, "'x'"), ("1 2\n3\n4 -5\n", 3, "'-5'")],
)
def test_session_lines(tmp_path, lines, line, problem):
    path = tmp_path / "yoochoose1_64_train_sessions.txt"
    path.write_text(lines)
    (tmp_path / "yoochoose1_64_test_sessions.txt").write_text("1\n")
    error = fail(Data(source="yoochoose-1-64"), tmp_path)
    assert error.file == path
    assert (error.line, error.column) == (line, "items")
    assert problem in error.problem


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ("-3,2,2014-04-01", "who", "negative"),
        (" ,2,2014-04-01", "who", "missing"),
        ("3,,2014-04-01", "what", "missing"),
        ("3,2,01/04/2014", "when", "cannot be parsed ('01/04/2014')"),
        ("3,2,2014-04-01T00:00:00Z", "when", "cannot be parsed"),
        ("3,2,1396321200", "when", "cannot be parsed"),
        ("3,2", "when", "3 columns expected"),
        ("3,2,2014-04-01,4", "number 4", "found 4"),
    ],
)
def test_own_csv(tmp_path, row, column, problem):
    error = fail_own(tmp_path, f"who,what,when\n1,2,2014-04-01\n{row}\n")
    assert (error.line, error.column) == (3, column)
    assert problem in error.problem


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("1396321200", "0", "before 1970"),
        ("1396321200", "-5", "before 1970"),
        ("1396321200", "1396321200124", "after the year 2100"),
        ("1396321200124", "1396321200", "before 1973"),
        ("1396321200", "inf", "not a finite number"),
    ],
)
def test_own_csv_epoch(tmp_path, first, second, problem):
    error = fail_own(tmp_path, f"who,what,when\n1,2,{first}\n1,2,{second}\n", user=True)
    assert (error.line, error.column) == (3, "when")
    assert problem in error.problem


def test_line_counts_quoted_line_ends(tmp_path):
    text = 'who,what,note,when\n1,2,"two\nlines",2014-04-01\n1,,,2014-04-01\n'
    error = fail_own(tmp_path, text)
    assert (error.line, error.column) == (4, "what")


@pytest.mark.parametrize(
    ("row", "line", "problem"),
    [
        ('"two\nlines"', 3, "over the end of the line"),
        ("a\0b", 2, "null byte"),
        ("9" * 2000, 2, "2,000 bytes"),
    ],
)
def test_ids_that_are_no_text_of_one_line(tmp_path, row, line, problem):
    error = fail_own(tmp_path, f"who,what,when\n1,{row},2014-04-01\n")
    assert (error.line, error.column) == (line, "what")
    assert problem in error.problem


def test_a_quotation_mark_left_open(tmp_path):
    error = fail_own(tmp_path, 'who,what,when\n1,"2,2014-04-01\n1,3,2014-04-01\n')
    assert (error.line, error.column) == (2, "what") and "left open" in error.problem
    assert "data.quotes: false" in error.remedy


def test_text_that_is_not_utf8(tmp_path):
    columns = Columns(session="who", item="what")
    data = Data(source="file", path="log.csv", columns=columns)
    (tmp_path / "log.csv").write_bytes(b"who,what\n" + b"1,2\n" * 3 + b"1,caf\xe9\n")
    error = fail(data, tmp_path)
    assert (error.line, error.column) == (5, "what") and "UTF-8" in error.problem
    (tmp_path / "log.csv").write_bytes("who,what\n1,2\n".encode("utf-16"))
    error = fail(data, tmp_path)
    assert error.line == 1 and "UTF-8" in error.problem and "\0" not in str(error)


def test_short_rows_are_told_from_empty_last_columns(tmp_path):
    text = "who,what,when,note\n1,2,2014-04-01,\n" * 1 + "1,2,2014-04-01\n"
    error = fail_own(tmp_path, text)
    assert (error.line, error.column) == (3, "note")
    assert "4 columns expected" in error.problem and "found 3" in error.problem


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_packed_and_cut_off(tmp_path, pack):
    text = "".join(f"{n},{n * n % 97},2014-04-01\n" for n in range(20_000)).encode()
    (tmp_path / "log.csv").write_bytes(pack(b"who,what,when\n" + text)[:-40])
    columns = Columns(session="who", item="what", time="when")
    error = fail(Data(source="file", path="log.csv", columns=columns), tmp_path)
    assert "cut off" in error.problem and 1 <= error.line <= 20_001


def test_archive_of_several_files_and_empty_folder(tmp_path):
    columns = Columns(session="who", item="what")
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("a.csv", "who,what\n1,2\n")
        archive.writestr("b.csv", "who,what\n1,2\n")
    error = fail(Data(source="file", path="log.zip", columns=columns), tmp_path)
    assert "2 files" in error.problem and "Unpack" in error.remedy
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "_SUCCESS").touch()
    error = fail(Data(source="file", path="parts", columns=columns), tmp_path)
    assert "no files" in error.problem


def test_parts_of_different_types(tmp_path):
    columns = Columns(session="who", item="what")
    (tmp_path / "parts").mkdir()
    pd.DataFrame({"who": [1], "what": [2]}).to_parquet(tmp_path / "parts" / "a.parquet")
    (tmp_path / "parts" / "b.csv").write_text("who,what\n1,2\n")
    error = fail(Data(source="file", path="parts", columns=columns), tmp_path)
    assert "different types" in error.problem


@pytest.mark.parametrize(
    ("header", "problem"), [("who,when", "missing"), ("who,what,what,when", "there twice")]
)
def test_own_csv_header(tmp_path, header, problem):
    error = fail_own(tmp_path, header + "\n")
    assert (error.line, error.column) == (1, "what")
    assert problem in error.problem
    assert f"The file has: {header.replace(',', ', ')}" in error.remedy


def test_a_log_without_a_header(tmp_path):
    error = fail_own(tmp_path, "s0,i0,1600000000\ns0,i1,1600000001\n")
    assert (error.line, error.column) == (1, "who")
    assert "looks like data" in error.remedy


def test_a_file_that_is_no_text(tmp_path):
    error = fail_own(tmp_path, "who\1,what,when\n1,2,3\n")
    assert "not text" in error.problem and "\1" not in str(error)


def own_parquet(folder, frame: pd.DataFrame) -> DataError:
    frame.to_parquet(folder / "log.parquet")
    columns = Columns(session="who", item="what", time="when")
    return fail(Data(source="file", path="log.parquet", columns=columns), folder)


def test_own_parquet(tmp_path):
    good = pd.DataFrame({"who": [1, 2, 3], "what": ["a", "b", "c"], "when": [1.4e9] * 3})
    error = own_parquet(tmp_path, good.drop(columns="what"))
    assert error.column == "what" and "missing" in error.problem
    error = own_parquet(tmp_path, good.assign(who=[1, -2, 3]))
    assert (error.line, error.column) == (2, "who")
    error = own_parquet(tmp_path, good.assign(what=["a", "b", None]))
    assert (error.line, error.column) == (3, "what")
    error = own_parquet(tmp_path, good.assign(when=[1.4e9, np.nan, 1.4e9]))
    assert (error.line, error.column) == (2, "when")
    error = own_parquet(tmp_path, good.assign(who=[1.0, 2.0, 3.5]))
    assert error.column == "who" and "double" in error.problem
    error = own_parquet(tmp_path, good.iloc[:0].astype({"what": "string"}))
    assert "no rows" in error.problem


@pytest.mark.parametrize("content", [b"PAR1 and nothing else", b"not parquet"])
def test_unreadable_parquet(tmp_path, content):
    (tmp_path / "log.parquet").write_bytes(content)
    data = Data(source="file", path="log.parquet", columns=Columns(session="s", item="i"))
    error = fail(data, tmp_path)
    assert error.file == tmp_path / "log.parquet"
    assert "Parquet" in error.problem
