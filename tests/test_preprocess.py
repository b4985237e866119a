"""Preprocessing: against a straightforward pandas oracle, by hand, and on the real 1/64 slice."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from nvtabular import ops

from recmia.data.settings import Columns, Data, Preprocess
from recmia.errors import DataError, SettingsError
from recmia.preprocess import cleaning, encoding, gini, oddities, preprocess
from recmia.preprocess import pipeline as preprocessing
from recmia.preprocess.statistics import days_covered, revisits
from recmia.sessions import END, START, load_sessions

OUTPUTS = ("sessions.parquet", "items.parquet", "schema.pbtxt", "statistics.json")


def run(data: Data, folder, out=None, **settings):
    settings = Preprocess(**settings)
    return preprocess(data, settings, folder, out or folder / "out", seed=1)


def own(folder, frame: pd.DataFrame, **columns) -> Data:
    gap = columns.pop("gap", None)
    recent = columns.pop("recent", None)
    frame.to_csv(folder / "log.csv", index=False)
    return Data(
        source="file",
        path="log.csv",
        columns=Columns(item="item", time=columns.pop("time", "time"), **columns),
        session_gap_minutes=gap,
        most_recent_sessions=recent,
    )


def noisy_log(seed: int, sessions: int = 400) -> pd.DataFrame:
    """Interleaved sessions with repeats, ties in time, one-click and very long sessions."""
    rng = np.random.default_rng(seed)
    lengths = np.minimum(rng.geometric(0.25, sessions), 60)
    key = np.repeat(rng.permutation(sessions * 3)[:sessions], lengths)
    start = np.repeat(rng.integers(0, 50_000, sessions), lengths)
    frame = pd.DataFrame({"key": [f"k{k}" for k in key]})
    frame["time"] = 1_396_321_200 + start + rng.integers(0, 40, len(key))
    frame["item"] = [f"i{i}" for i in np.minimum(rng.geometric(0.08, len(key)), 70)]
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def oracle(frame: pd.DataFrame, *, max_length: int, recent: int | None, gap_minutes=None):
    """Sessions (id, start in s, items) in row order, one plain step after the other."""
    sessions = []
    for key, clicks in frame.groupby("key", sort=False):
        clicks = clicks.sort_values("time", kind="stable")
        pieces, piece = [], [clicks.iloc[0]]
        for (_, before), (_, click) in zip(
            clicks.iloc[:-1].iterrows(), clicks.iloc[1:].iterrows(), strict=True
        ):
            if gap_minutes is not None and click.time - before.time > gap_minutes * 60:
                pieces.append(piece)
                piece = []
            piece.append(click)
        for number, part in enumerate([*pieces, piece], 1):
            items = [c["item"] for c in part]
            items = [i for n, i in enumerate(items) if n == 0 or items[n - 1] != i]
            if len(items) >= 2:
                name = key if gap_minutes is None else f"{key}:{number}"
                entry = (part[0].time, part[0].name, name, items[-max_length:])
                sessions.append(entry)
    sessions = sorted(sessions, key=lambda s: s[:2])
    return [(s[2], s[0], s[3]) for s in (sessions[-recent:] if recent else sessions)]


def check_against_oracle(report, expected) -> None:
    table = pq.read_table(report.sessions).to_pandas()
    names = dict(pq.read_table(report.items, columns=["item_id", "item"]).to_pandas().values)
    assert table.row_id.tolist() == list(range(len(expected)))
    assert table.session_id.tolist() == [e[0] for e in expected]
    assert table.start_time.tolist() == [e[1] * 1000 for e in expected]
    assert table.length.tolist() == [len(e[2]) for e in expected]
    for tokens, (_, _, items) in zip(table.item_id, expected, strict=True):
        assert tokens[0] == START and tokens[len(items) + 1] == END
        assert [names[t] for t in tokens[1 : len(items) + 1]] == items
        assert not tokens[len(items) + 2 :].any()
    counts = pd.Series([i for e in expected for i in e[2]]).value_counts()
    by_frequency = sorted(counts.index, key=lambda i: (-counts[i], i))
    assert names == dict(enumerate(by_frequency, 3))


@pytest.mark.parametrize("recent", [None, 37])
@pytest.mark.parametrize("gap", [None, 0.1])
def test_equals_the_oracle_whatever_the_parts(tmp_path, monkeypatch, recent, gap):
    frame = noisy_log(seed=3)
    columns = {"session": "key"} if gap is None else {"user": "key", "gap": gap}
    data = own(tmp_path, frame, recent=recent, **columns)
    expected = oracle(frame, max_length=8, recent=recent, gap_minutes=gap)
    assert len(expected) == (recent or len(expected)) > 30
    reports = [
        run(data, tmp_path, tmp_path / str(parts), max_length=8, partitions=parts)
        for parts in (1, 3, 8)
    ]
    check_against_oracle(reports[0], expected)
    for name in OUTPUTS:
        first, *others = [(r.sessions.parent / name).read_bytes() for r in reports]
        assert all(other == first for other in others), name
    # Ten sessions are put in order at a time, and encoded seven at a time.
    monkeypatch.setattr(cleaning, "BLOCK", 10)
    monkeypatch.setattr(preprocessing.output, "ROW_GROUP", 7)
    report = run(data, tmp_path, tmp_path / "blocks", max_length=8, partitions=3)
    check_against_oracle(report, expected)
    assert report.statistics == reports[0].statistics


def test_by_hand(tmp_path):
    """a: 1 1 2 1 (a repeat); b: 5 5 (vanishes); c: 2 1 3 4, of which the last 3 are kept."""
    (tmp_path / "yoochoose-clicks.dat").write_text(
        "30,2014-04-02T00:00:00.000Z,2,0\n"
        "30,2014-04-02T00:00:01.000Z,1,0\n"
        "10,2014-04-01T00:00:00.500Z,1,0\n"
        "10,2014-04-01T00:00:00.500Z,1,0\n"
        "10,2014-04-01T00:00:01.500Z,2,0\n"
        "20,2014-04-01T00:00:00.000Z,5,0\n"
        "20,2014-04-01T00:00:09.000Z,5,0\n"
        "30,2014-04-02T00:00:02.000Z,3,0\n"
        "30,2014-04-02T00:00:03.000Z,4,0\n"
        "10,2014-04-01T00:00:02.500Z,1,0\n"
    )
    report = run(Data(source="yoochoose"), tmp_path, max_length=3)
    # Clicks kept: 1 2 1 and 1 3 4, so 1 is first, then 2, 3, 4 with one click each.
    sessions = load_sessions(report.sessions)
    assert sessions.clicks.tolist() == [[3, 4, 3], [3, 5, 6]]
    assert sessions.lengths.tolist() == [3, 3]
    table = pq.read_table(report.sessions)
    assert table["session_id"].to_pylist() == ["10", "30"]
    assert table["item_id"].to_pylist() == [[1, 3, 4, 3, 2], [1, 3, 5, 6, 2]]
    assert table["start_time"].to_pylist()[0] == 1_396_310_400_500
    items = pq.read_table(report.items).to_pydict()
    assert items == {"item_id": [3, 4, 5, 6], "item": ["1", "2", "3", "4"], "clicks": [3, 1, 1, 1]}
    assert report.statistics == json.loads(report.statistics_file.read_text())
    assert report.statistics["table_1"] == {
        "days": 2,
        "items": 4,
        "sessions": 2,
        "interactions": 6,
        "mean_length": 3.0,
        "gini": pytest.approx(0.25),
    }
    raw = {"clicks": 10, "sessions": 3, "items": 5, "sessions_before_cleaning": 3}
    assert report.statistics["raw"] == raw
    assert report.statistics["dropped"] == {
        "sessions_without_times": 0,
        "clicks_without_times": 0,
        "consecutive_repeats": 2,
        "short_sessions": 1,
        "short_session_clicks": 1,
        "sessions_cut_to_max_length": 1,
        "clicks_beyond_max_length": 1,
        "older_sessions": 0,
        "older_session_clicks": 0,
    }
    assert report.statistics["repeats"]["consecutive_share_of_raw_clicks"] == pytest.approx(0.2)
    # One of six: item 1 of session 10 comes back.
    again = report.statistics["repeats"]["revisit_share_of_interactions"]
    assert again == pytest.approx(1 / 6)
    assert report.statistics["vocabulary_size"] == 7
    assert not (report.sessions.parent / preprocessing.SCRATCH).exists()


def test_without_times_the_file_order_counts(tmp_path):
    frame = pd.DataFrame({"key": list("bbaabc"), "item": [1, 2, 3, 4, 9, 9]})
    data = own(tmp_path, frame, session="key", time=None)
    report = run(data, tmp_path, partitions=3)
    table = pq.read_table(report.sessions).to_pydict()
    assert table["session_id"] == ["b", "a"]
    assert table["start_time"] == [None, None]
    assert report.statistics["table_1"]["days"] is None


def test_users_without_all_times_are_left_out(tmp_path):
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text(
        "1::10::5::978300000\n1::20::5::978300060\n1::30::5::978310000\n1::40::5::978310001\n"
        "2::10::5::978300000\n2::20::5::0\n2::30::5::978300001\n"
    )
    data = Data(source="ml-1m", session_gap_minutes=60)
    report = run(data, tmp_path)
    assert pq.read_table(report.sessions)["session_id"].to_pylist() == ["1:1", "1:2"]
    assert report.statistics["dropped"]["users_without_times"] == 1
    assert report.statistics["dropped"]["clicks_without_times"] == 3


def test_a_pause_of_exactly_the_gap_does_not_end_a_session(tmp_path):
    frame = pd.DataFrame({"key": 1, "item": [1, 2, 3, 4], "time": [1e9, 1e9 + 60, 1e9 + 121, 2e9]})
    report = run(own(tmp_path, frame, user="key", gap=1), tmp_path)
    assert pq.read_table(report.sessions)["session_id"].to_pylist() == ["1:1"]
    assert report.statistics["raw"]["sessions_before_cleaning"] == 3


@pytest.mark.parametrize("text", [True, False])
def test_no_session_straddles_parts(text):
    keys = noisy_log(seed=5).key
    keys = pl.DataFrame({"key": keys if text else keys.str[1:].astype(int)})
    parts = np.column_stack(
        [keys.select(cleaning.in_part(part, 5)).to_numpy().ravel() for part in range(5)]
    )
    assert (parts.sum(axis=1) == 1).all() and parts.any(axis=0).all()
    of_click = pd.Series(parts.argmax(axis=1)).groupby(keys["key"].to_numpy())
    assert of_click.nunique().max() == 1


def test_clicks_in_two_parts_or_none_are_refused(tmp_path, monkeypatch):
    """Planted fault: parts that are not a division of the log."""
    monkeypatch.setattr(cleaning, "in_part", lambda part, parts: pl.col("row") % parts <= part)
    with pytest.raises(AssertionError, match="clicks in the parts of a log of"):
        run(own(tmp_path, noisy_log(seed=6), session="key"), tmp_path, partitions=3)


def test_a_workflow_that_loses_clicks_is_noticed(tmp_path, monkeypatch):
    real = encoding.Groupby.transform

    def losing(self, selector, frame):
        return real(self, selector, frame.iloc[1:] if len(frame) > 1 else frame)

    monkeypatch.setattr(encoding.Groupby, "transform", losing)
    with pytest.raises(AssertionError, match="sessions of another length"):
        run(own(tmp_path, noisy_log(seed=6), session="key"), tmp_path)


def test_grouping_is_that_of_nvtabular(tmp_path):
    """Our pandas path of ``Groupby`` gives what NVTabular's own gives."""
    rng = np.random.default_rng(0)
    session = np.repeat(np.arange(30), rng.integers(1, 6, 30))
    frame = pd.DataFrame({"session": session, "order": np.arange(len(session))})
    frame["item_id"] = rng.integers(3, 99, len(frame))
    columns = ops.groupby.ColumnSelector(["session", "order", "item_id"])
    settings = {"groupby_cols": ["session"], "sort_cols": ["order"], "aggs": {"item_id": "list"}}
    ours, theirs = (
        one(name_sep="-", **settings).transform(columns, frame)
        for one in (encoding.Groupby, ops.Groupby)
    )
    pd.testing.assert_frame_equal(ours, theirs[ours.columns])


def earlier_result(folder) -> dict[str, bytes]:
    frame = noisy_log(seed=7, sessions=40)
    report = run(own(folder, frame, session="key"), folder)
    return {name: (report.sessions.parent / name).read_bytes() for name in OUTPUTS}


def assert_untouched(folder, earlier) -> None:
    out = folder / "out"
    assert sorted(p.name for p in out.iterdir()) == sorted(OUTPUTS)
    assert {name: (out / name).read_bytes() for name in OUTPUTS} == earlier


def test_sessions_that_all_vanish(tmp_path):
    earlier = earlier_result(tmp_path)
    frame = pd.DataFrame({"key": [1, 2, 3, 3], "item": [5, 5, 6, 6], "time": [1e9] * 4})
    with pytest.raises(DataError, match="no session is left after cleaning: of 4 clicks") as caught:
        run(own(tmp_path, frame, session="key"), tmp_path)
    assert caught.value.file == tmp_path / "log.csv"
    assert caught.value.column == "key"
    assert "1 consecutive repeats and 3 sessions" in caught.value.problem
    assert_untouched(tmp_path, earlier)


def test_users_who_all_lack_times(tmp_path):
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text("1::10::5::0\n1::20::5::978300060\n")
    with pytest.raises(DataError, match="1 users without times") as caught:
        run(Data(source="ml-1m", session_gap_minutes=60), tmp_path)
    assert caught.value.column == "UserID"


def test_bad_input_leaves_the_earlier_result(tmp_path):
    earlier = earlier_result(tmp_path)
    frame = noisy_log(seed=8).astype({"time": object})
    frame.loc[200, "time"] = "soon"
    with pytest.raises(DataError) as caught:
        run(own(tmp_path, frame, session="key"), tmp_path)
    assert (caught.value.line, caught.value.column) == (202, "time")
    assert_untouched(tmp_path, earlier)


@contextmanager
def files_up_to(size: int):
    """Have the system refuse to let files grow beyond ``size`` bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("where", ["the checked log", "the sessions", "the last file"])
def test_a_disk_that_fills(tmp_path, monkeypatch, where):
    earlier = earlier_result(tmp_path)

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "the sessions":
        monkeypatch.setattr(pl.DataFrame, "write_parquet", fail)
    elif where == "the last file":
        monkeypatch.setattr(preprocessing.output, "write_schema", fail)
    data = own(tmp_path, noisy_log(seed=9), session="key")
    limit = files_up_to(2_000 if where == "the checked log" else 1 << 30)
    with limit, pytest.raises(DataError, match="disk is full") as caught:
        run(data, tmp_path)
    assert caught.value.file == tmp_path / "out"
    assert "RECMIA_ARTIFACTS" in caught.value.remedy
    assert_untouched(tmp_path, earlier)


def test_scratch_of_a_killed_run_is_cleared(tmp_path):
    left = tmp_path / "out" / preprocessing.SCRATCH
    left.mkdir(parents=True)
    (left / "clicks-00000.parquet").write_bytes(b"half")
    earlier_result(tmp_path)
    assert not left.exists()


def test_gap_and_keys_must_fit(tmp_path):
    frame = noisy_log(seed=1, sessions=9)
    with pytest.raises(SettingsError, match="take data.session_gap_minutes out"):
        run(own(tmp_path, frame, session="key", gap=5), tmp_path)
    with pytest.raises(SettingsError, match="set data.session_gap_minutes"):
        run(own(tmp_path, frame, user="key"), tmp_path)


def test_synthetic_log_is_made_on_the_way(tmp_path):
    data = Data(source="synthetic", synthetic={"clicks": 2_000, "items": 60, "days": 5})
    one = run(data, tmp_path, tmp_path / "one")
    two = run(data, tmp_path, tmp_path / "two", partitions=2)
    assert one.statistics["raw"]["clicks"] == 2_000
    assert load_sessions(one.sessions).content_hash() == load_sessions(two.sessions).content_hash()


@pytest.mark.slow
@pytest.mark.slow
def test_schema_is_the_same_bytes_in_every_process(tmp_path):
    """Tags come out of a set; a notebook run by hand must not make later steps stale."""
    code = (
        "import sys; from pathlib import Path; from recmia.preprocess.output import write_schema\n"
        "write_schema(Path(sys.argv[1]), 30, 20)"
    )
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-c", code, str(tmp_path / seed)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
    assert len({(tmp_path / seed).read_bytes() for seed in ("1", "2", "3")}) == 1


def test_schema_builds_a_transformers4rec_input(tmp_path):
    from merlin.io import Dataset
    from merlin.schema.io.tensorflow_metadata import TensorflowMetadata
    from transformers4rec import torch as tr

    earlier_result(tmp_path)
    text = TensorflowMetadata.from_proto_text_file(str(tmp_path / "out"), "schema.pbtxt")
    schema = text.to_merlin_schema()
    size = json.loads((tmp_path / "out" / "statistics.json").read_text())["vocabulary_size"]
    inputs = tr.TabularSequenceFeatures.from_schema(
        schema, max_sequence_length=22, masking="clm", d_output=8, embedding_dim_default=8
    )
    assert inputs.item_id == "item_id"
    assert inputs.item_embedding_table.num_embeddings == size
    batch = Dataset(str(tmp_path / "out" / "sessions.parquet"), engine="parquet").head(3)
    assert [len(row) for row in batch["item_id"]] == [22] * 3


def test_gini_by_hand():
    assert gini([5, 5, 5, 5]) == pytest.approx(0)
    # All clicks on one of n items: (n - 1) / n.
    assert gini([0, 0, 0, 8]) == pytest.approx(3 / 4)
    # 1, 3: 2 * (1 * 1 + 2 * 3) / (2 * 4) - 3 / 2 = 14 / 8 - 12 / 8.
    assert gini([3, 1]) == pytest.approx(1 / 4)
    # Half the mean absolute difference over the mean.
    counts = np.random.default_rng(0).geometric(0.1, 50)
    mean_difference = np.abs(counts[:, None] - counts).mean()
    assert gini(counts) == pytest.approx(mean_difference / (2 * counts.mean()))


def test_days_and_revisits_by_hand():
    day = 86_400_000
    assert [days_covered(0, x) for x in (0, 1, day, day + 1)] == [1, 1, 1, 2]
    clicks = np.array([[3, 4, 3, 3], [5, 6, 0, 0], [7, 7, 0, 0]])
    assert revisits(clicks) == revisits(clicks, block=1) == 3


@pytest.mark.real
@pytest.mark.slow
def test_real_slice(real_data, tmp_path):
    """Counts of the 1/64 slice, as a few lines of Python find them."""
    sessions = []
    for part in ("train", "test"):
        text = pd.read_csv(real_data / f"yoochoose1_64_{part}_sessions.txt.gz", header=None)[0]
        sessions += [line.split() for line in text]
    cleaned = [[i for n, i in enumerate(s) if n == 0 or s[n - 1] != i] for s in sessions]
    cleaned = [s[-20:] for s in cleaned if len(s) >= 2]
    report = run(Data(source="yoochoose-1-64"), real_data, tmp_path, partitions=2)
    found = load_sessions(report.sessions)
    assert found.lengths.tolist() == [len(s) for s in cleaned]
    names = pq.read_table(report.items)["item"].to_numpy()
    for row in (0, 1, 777, len(cleaned) - 1):
        assert names[found.clicks[row, : found.lengths[row]] - 3].tolist() == cleaned[row]
    assert report.statistics["raw"]["items"] == 17_745


def test_what_the_order_of_the_file_decided_is_counted_and_said(tmp_path):
    frame = pd.DataFrame({"key": list("aaabbc"), "item": range(6)})
    frame["time"] = [1.6e9, 1.6e9, 1.6e9 + 9, 1.6e9, 1.6e9 + 2 * 86_400, 1.6e9]
    report = run(own(tmp_path, frame, session="key"), tmp_path)
    reading = report.statistics["reading"]
    assert reading == {
        "placeholder_clicks": 0,
        "tied_clicks": 2,
        "sessions_over_a_day": 1,
        "most_clicks_of_one": 3,
    }
    said = " ".join(oddities(report.statistics))
    assert "2 of 6 (33%) clicks have the same time" in said
    assert "1 of 3 (33%) sessions last for more than a day" in said


@pytest.mark.parametrize("key", ["0", "guest", "00000000-0000-0000-0000-000000000000"])
def test_a_default_with_most_clicks_is_nobody(tmp_path, key):
    frame = pd.DataFrame({"key": [key] * 7 + list("aabb"), "item": range(11), "time": 1.6e9})
    data = own(tmp_path, frame, session="key")
    with pytest.raises(DataError, match="looks like a default") as caught:
        run(data, tmp_path)
    assert caught.value.column == "key" and f"data.placeholders: ['{key}']" in str(caught.value)
    report = run(data.model_copy(update={"placeholders": (key,)}), tmp_path)
    assert report.statistics["reading"]["placeholder_clicks"] == 7
    assert report.statistics["raw"]["sessions"] == 2
    assert "7 of 11 (64%) clicks stand under a placeholder" in oddities(report.statistics)[0]
    report = run(data.model_copy(update={"placeholders": ()}), tmp_path)
    assert report.statistics["raw"]["sessions"] == 3


def test_an_ordinary_log_has_nothing_odd(tmp_path):
    frame = noisy_log(seed=2).drop_duplicates(["key", "time"])
    assert oddities(run(own(tmp_path, frame, session="key"), tmp_path).statistics) == []
