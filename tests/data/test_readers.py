"""Readers: the clicks that each layout holds, worked out by hand."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from recmia.data import reader
from recmia.data.clicks import open_clicks
from recmia.data.settings import Columns, Data
from recmia.data.times import UNKNOWN_TIME

# 2014-04-01T03:00:00.124Z, by `date -d 2014-04-01T03:00:00Z +%s`.
APRIL = 1_396_321_200_124


def read(data: Data, folder) -> pd.DataFrame:
    clicks = open_clicks(data, folder, folder, seed=0).read().to_pandas()
    assert clicks.pop("row").tolist() == list(range(len(clicks)))
    return clicks


def own(path, text: str, **columns) -> Data:
    delimiter = columns.pop("delimiter", ",")
    gap = 30 if "user" in columns else None
    path.write_text(text, encoding="utf-8")
    return Data(
        source="file",
        path=str(path),
        delimiter=delimiter,
        columns=Columns(**columns),
        session_gap_minutes=gap,
    )


def test_raw_yoochoose(tmp_path):
    (tmp_path / "yoochoose-clicks.dat").write_text(
        "7,2014-04-01T03:00:00.124Z,214853707,0\n"
        "7,2014-04-01T03:00:01.000Z,214853708,S\n"
        "3,2014-04-01T02:59:59.999Z,214853707,1107650\n"
    )
    clicks = read(Data(source="yoochoose"), tmp_path)
    assert clicks.dtypes.astype(str).to_dict() == dict.fromkeys(["key", "item", "time"], "int64")
    assert clicks.key.tolist() == [7, 7, 3]
    assert clicks.item.tolist() == [214853707, 214853708, 214853707]
    assert clicks.time.tolist() == [APRIL, APRIL + 876, APRIL - 125]


def test_raw_yoochoose_compressed(tmp_path):
    with gzip.open(tmp_path / "yoochoose-clicks.dat.gz", "wt") as file:
        file.write("7,2014-04-01T03:00:00.124Z,5,0\r\n")
    clicks = read(Data(source="yoochoose"), tmp_path)
    assert clicks.values.tolist() == [[7, 5, APRIL]]


def test_session_lines_number_on_from_file_to_file(tmp_path):
    (tmp_path / "yoochoose1_64_train_sessions.txt").write_text("5 5 9\n8\n")
    with gzip.open(tmp_path / "yoochoose1_64_test_sessions.txt.gz", "wt") as file:
        file.write("9 10\n")
    clicks = read(Data(source="yoochoose-1-64"), tmp_path)
    assert clicks.key.tolist() == [1, 1, 1, 2, 3, 3]
    assert clicks.item.tolist() == [5, 5, 9, 8, 9, 10]
    assert (clicks.time == UNKNOWN_TIME).all()


def test_tsv_with_epoch_seconds(tmp_path):
    with gzip.open(tmp_path / "yoochoose-clicks.tsv.gz", "wt") as file:
        file.write("SessionId\tItemId\tTime\n3\t214716935\t1396321200.124\n")
    clicks = read(Data(source="yoochoose-tsv"), tmp_path)
    assert clicks.values.tolist() == [[3, 214716935, APRIL]]


def test_movielens_1m_zip_and_unpacked(tmp_path):
    text = "1::1193::5::978300760\n2::661::3::0\n"
    with zipfile.ZipFile(tmp_path / "ml-1m.zip", "w") as archive:
        archive.writestr("ml-1m/users.dat", "1::F::1::10::48067\n")
        archive.writestr("ml-1m/ratings.dat", text)
    data = Data(source="ml-1m", session_gap_minutes=60)
    packed = read(data, tmp_path)
    assert packed.key.tolist() == [1, 2]
    assert packed.item.tolist() == [1193, 661]
    assert packed.time.tolist() == [978300760000, UNKNOWN_TIME]
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text(text)
    (tmp_path / "ml-1m.zip").unlink()
    pd.testing.assert_frame_equal(read(data, tmp_path), packed)


def test_movielens_csv(tmp_path):
    with zipfile.ZipFile(tmp_path / "ml-latest-small.zip", "w") as archive:
        archive.writestr(
            "ml-latest-small/ratings.csv", "userId,movieId,rating,timestamp\n1,3,4.0,964981247\n"
        )
    clicks = read(Data(source="ml-latest-small", session_gap_minutes=60), tmp_path)
    assert clicks.values.tolist() == [[1, 3, 964981247000]]


@pytest.mark.parametrize(
    "time",
    ["2014-04-01T03:00:00.124Z", "2014-04-01 03:00:00.124", "2014-04-01T05:00:00.124+02:00"]
    + ["1396321200.124", "1396321200124", "2014-04-01T03:00:00.124000"],
)
def test_own_csv_takes_times_in_every_form(tmp_path, time):
    data = own(tmp_path / "log.csv", f"a,b,c\nx 1,{time},i9\n", session="a", item="c", time="b")
    clicks = read(data, tmp_path)
    assert clicks.values.tolist() == [["x 1", "i9", APRIL]]


def test_own_csv_quotes_byte_order_mark_and_other_columns(tmp_path):
    text = '\ufeffwho;what;note\n"a;b";"say ""hi""";x\n'
    data = own(tmp_path / "log.csv", text, delimiter=";", session="who", item="what")
    clicks = read(data, tmp_path)
    assert clicks.key.tolist() == ["a;b"]
    assert clicks.item.tolist() == ['say "hi"']


def test_relative_path_starts_from_the_data_folder(tmp_path):
    own(tmp_path / "log.csv", "s,i\n1,2\n", session="s", item="i")
    data = Data(source="file", path="log.csv", columns=Columns(session="s", item="i"))
    assert len(read(data, tmp_path)) == 1


@pytest.mark.parametrize("as_text", [False, True])
def test_own_parquet(tmp_path, as_text):
    frame = pd.DataFrame({"u": [4, 5], "i": [7, 8]})
    frame = frame.astype("string").astype("category") if as_text else frame.astype("int16")
    frame["t"] = pd.to_datetime([APRIL, APRIL + 1], unit="ms", utc=True)
    frame.to_parquet(tmp_path / "log.parquet")
    data = Data(
        source="file",
        path="log.parquet",
        columns=Columns(user="u", item="i", time="t"),
        session_gap_minutes=30,
    )
    clicks = read(data, tmp_path)
    assert clicks.key.tolist() == (["4", "5"] if as_text else [4, 5])
    assert clicks.item.tolist() == (["7", "8"] if as_text else [7, 8])
    assert clicks.time.tolist() == [APRIL, APRIL + 1]


def test_session_lines_of_any_length(tmp_path):
    """Sessions are numbered by their lines, whatever blanks stand between the items."""
    rng = np.random.default_rng(0)
    sessions = [rng.integers(1, 99, rng.integers(1, 9)).tolist() for _ in range(300)]
    lines = [" ".join(map(str, session)) for session in sessions]
    lines[7] = "  " + lines[7].replace(" ", "   ") + " "
    (tmp_path / "yoochoose1_64_train_sessions.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "yoochoose1_64_test_sessions.txt").write_text("5\n")
    clicks = read(Data(source="yoochoose-1-64"), tmp_path)
    assert clicks.groupby("key")["item"].agg(list).tolist() == [*sessions, [5]]


HEADER = "who,what,note,when\n"
ROWS = [f"s{n // 3},i{n % 5},{n},{1_600_000_000 + n}" for n in range(40)]


@pytest.fixture
def plain(tmp_path) -> pd.DataFrame:
    """What `read_own` gives for `HEADER` and `ROWS`."""
    clicks = read_own(tmp_path / "plain.csv", HEADER + "\n".join(ROWS) + "\n")
    assert clicks.key.tolist() == [f"s{n // 3}" for n in range(40)]
    assert clicks.item.tolist() == [f"i{n % 5}" for n in range(40)]
    assert clicks.time.tolist() == [1000 * (1_600_000_000 + n) for n in range(40)]
    return clicks


def read_own(path, content: str | bytes) -> pd.DataFrame:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    columns = Columns(session="who", item="what", time="when")
    return read(Data(source="file", path=str(path), columns=columns), path.parent)


def as_zip(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("folder/clicks.csv", text)
    return file.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda text: pa.Codec("zstd").compress(text, asbytes=True),
        as_zip,
    ],
)
def test_packed_files_are_known_by_their_content(tmp_path, plain, pack):
    packed = pack((HEADER + "\n".join(ROWS)).encode())
    pd.testing.assert_frame_equal(read_own(tmp_path / "packed.csv", packed), plain)


def test_parquet_is_known_by_its_content_and_parts_by_their_folder(tmp_path, plain):
    frame = pd.read_csv(io.StringIO(HEADER + "\n".join(ROWS)))
    frame.to_parquet(tmp_path / "renamed.csv")
    clicks = read_own(tmp_path / "renamed.csv", (tmp_path / "renamed.csv").read_bytes())
    pd.testing.assert_frame_equal(clicks, plain)
    columns = Columns(session="who", item="what", time="when")
    for suffix in ("parquet", "csv"):
        folder = tmp_path / f"parts {{*}} [{suffix}]"  # no pattern, a name
        folder.mkdir()
        (folder / "_SUCCESS").touch()
        for part in range(4):
            rows = frame.iloc[10 * part : 10 * part + 10]
            path = folder / f"part-{part:05d}.{suffix}"
            rows.to_parquet(path) if suffix == "parquet" else rows.to_csv(path, index=False)
        data = Data(source="file", path=folder.name, columns=columns)
        pd.testing.assert_frame_equal(read(data, tmp_path), plain)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n\n" + text.replace("\n", "\n\n"),
        lambda text: text.replace(",7,", ',"7\n8, 9",'),
        lambda text: text.replace(",7,", ',7",').replace(",9,", ',9" x 8",'),
        lambda text: text.replace(",7,", ",\xa07,").encode("latin-1"),
        lambda text: "\n".join(
            line + (",more" if line.startswith("who") else ",") for line in text.splitlines()
        ),
        lambda text: "\n".join('"' + line.replace(",", '","') + '"' for line in text.splitlines()),
    ],
    ids=["crlf", "blank lines", "line end in a value", "inches", "latin-1", "last empty", "quoted"],
)
@pytest.mark.parametrize("block", [7, 1 << 14])
def test_odd_text_is_read_all_the_same(tmp_path, plain, monkeypatch, change, block):
    monkeypatch.setattr(reader, "BLOCK", block)
    odd = change(HEADER + "\n".join(ROWS) + "\n")
    pd.testing.assert_frame_equal(read_own(tmp_path / "odd.csv", odd), plain)


def test_line_ends_in_values_of_a_file_of_many_blocks(tmp_path):
    """What polars reads in pieces, with a quoted line end in every row."""
    n = 300_000
    text = "".join(
        f's{k // 4},i{k % 500},"a rather long product text {k}\nof two lines, with a comma",'
        f"{1_600_000_000 + k * 20}\n"
        for k in range(n)
    )
    clicks = read_own(tmp_path / "long.csv", HEADER + text)
    assert clicks.key.tolist() == [f"s{k // 4}" for k in range(n)]
    assert clicks.time.iloc[-1] == 1000 * (1_600_000_000 + (n - 1) * 20)


# Counts of the folder's own README, and of the files by `zcat | wc`.
@pytest.mark.real
@pytest.mark.parametrize(
    ("source", "clicks", "keys", "items"),
    [
        ("yoochoose-sample", 4_299, 1_283, None),
        ("yoochoose-1-64", 557_248, 116_167 + 15_324, 17_745),
        ("yoochoose-tsv", 83_846, 21_210, 2_933),
        ("retailrocket-sessions", 685_984, 126_168, 36_968),
        ("gowalla-sessions", 909_964, 234_403, 29_510),
        ("ml-1m", 1_000_209, 6_040, 3_706),
        ("ml-latest-small", 100_836, 610, 9_724),
    ],
)
def test_real_logs(real_data, source, clicks, keys, items):
    gap = 60 if source.startswith("ml") else None
    log = read(Data(source=source, session_gap_minutes=gap), real_data)
    assert len(log) == clicks
    assert log.key.nunique() == keys
    assert items is None or log.item.nunique() == items
    if source == "ml-1m":
        assert (log.time == UNKNOWN_TIME).sum() == 172_323
        untimed = log[log.time == UNKNOWN_TIME].key.unique()
        assert len(set(log.key) - set(untimed)) == 4_872
    elif source == "yoochoose-sample":
        assert Counter(log.key)[11411374] >= 2
