"""The synthetic log: official format, same bytes from the same arguments, calibrated facts."""

from __future__ import annotations

import errno
import re

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from recmia.data import synthetic
from recmia.data.catalogue import draw_catalogue
from recmia.data.registry import layout
from recmia.data.synthetic import LAYOUT, write_synthetic_clicks
from recmia.errors import DataError, SettingsError

LINE = re.compile(
    r"[1-9]\d*,2014-0[4-9]-\d\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z,214\d{6},(\d|1[0-2]|S|\d{8,10})"
)


def _read(path):
    """Sessions, times in ms, items, categories (text) of a log."""
    names = ["session", "time", "item", "category"]
    table = csv.read_csv(
        path,
        csv.ReadOptions(column_names=names),
        convert_options=csv.ConvertOptions(
            column_types={"time": pa.timestamp("ms", "UTC"), "category": pa.string()}
        ),
    )
    return tuple(table[name].to_numpy() for name in names)


def _clean(session, item, keep=20):
    """Sessions after cleaning, as lists: no consecutive repeats, two clicks at least, the last."""
    new = np.append(True, (session[1:] != session[:-1]) | (item[1:] != item[:-1]))
    session, item = session[new], item[new]
    parts = np.split(item, np.flatnonzero(np.diff(session)) + 1)
    return [part[-keep:].tolist() for part in parts if len(part) > 1]


def _gini(counts):
    counts = np.sort(counts)
    n = len(counts)
    return 2 * np.sum(np.arange(1, n + 1) * counts) / (n * counts.sum()) - (n + 1) / n


def _hit_rates(train, test, k=20):
    """HR@k over all next items: first-order Markov counts, and the most popular items."""
    ids, flat = np.unique(np.concatenate(train), return_inverse=True)
    number = {item: position for position, item in enumerate(ids)}
    ends = np.cumsum([len(session) for session in train])
    counts = np.zeros((len(ids), len(ids)))
    inside = np.setdiff1d(np.arange(len(flat) - 1), ends - 1)
    np.add.at(counts, (flat[inside], flat[inside + 1]), 1)
    popular = np.bincount(flat, minlength=len(ids))
    best = np.argsort(-(counts + popular / popular.sum() / 1000), axis=1)[:, :k]
    top = set(np.argsort(-popular)[:k])
    pairs = [(a, b) for session in test for a, b in zip(session, session[1:], strict=False)]
    pairs = [(number[a], number.get(b, -1)) for a, b in pairs if a in number]
    hits = np.mean([b in best[a] for a, b in pairs])
    return hits, np.mean([b in top for _, b in pairs])


def test_it_is_read_as_the_official_log_is():
    assert layout("yoochoose") == LAYOUT


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The log of the quick profile."""
    path = tmp_path_factory.mktemp("synthetic") / "clicks.dat"
    return write_synthetic_clicks(path, clicks=200_000, items=2_000, days=182, seed=1)


def test_official_format(quick):
    text = quick.read_bytes()
    lines = text.decode("ascii").split("\n")
    assert lines.pop() == "" and b"\r" not in text
    assert len(lines) == 200_000
    assert all(LINE.fullmatch(line) for line in lines)


def test_order_and_span(quick):
    session, times, items, _ = _read(quick)
    assert (np.diff(session) >= 0).all()
    assert (np.diff(times)[np.diff(session) == 0] >= np.timedelta64(0)).all()
    starts = times[np.append(True, np.diff(session) > 0)]
    assert (np.diff(starts) >= np.timedelta64(0)).all()
    days = np.unique(times.astype("datetime64[D]"))
    assert len(days) == 182 and days[0] == np.datetime64("2014-04-01")
    assert len(np.unique(items)) <= 2_000
    # Evenings are busy, nights are not.
    hours = np.bincount(times.astype("datetime64[h]").astype(int) % 24, minlength=24)
    assert hours[19] > 5 * hours[2:4].max()
    gaps = np.diff(times)[np.diff(session) == 0] / np.timedelta64(1, "s")
    assert 45 < np.median(gaps) < 65 and gaps.max() <= 3600.001


def test_calibrated_to_yoochoose(quick):
    session, _, items, category = _read(quick)
    n_sessions = len(np.unique(session))
    same_session = np.diff(session) == 0
    # Table 2 of the Transformers4Rec paper: 33.0M clicks, 9.25M sessions raw; 26.5M clicks, 6.76M
    # sessions cleaned. The share of repeats is that of the public 1/64 slice.
    assert len(session) / n_sessions == pytest.approx(33.004 / 9.250, abs=0.1)
    assert np.mean(np.diff(items)[same_session] == 0) == pytest.approx(0.155, abs=0.02)
    cleaned = _clean(session, items)
    lengths = np.array([len(part) for part in cleaned])
    assert len(cleaned) / n_sessions == pytest.approx(6.757 / 9.250, abs=0.01)
    assert lengths.mean() == pytest.approx(26.478 / 6.757, abs=0.08)
    assert np.mean(lengths == 2) == pytest.approx(0.42, abs=0.02)
    assert np.mean(lengths == 20) == pytest.approx(0.013, abs=0.006)
    counts = np.unique(np.concatenate(cleaned), return_counts=True)[1]
    assert _gini(counts) == pytest.approx(0.89, abs=0.01)
    revisits = sum(len(part) - len(set(part)) for part in cleaned) / (lengths - 1).sum()
    assert revisits == pytest.approx(0.124, abs=0.02)
    assert {"0", "S", "1"} < set(category) and any(len(text) >= 8 for text in category)
    train, test = cleaned[:-4_000], cleaned[-4_000:]
    markov, popularity = _hit_rates(train, test)
    assert 0.55 < markov < 0.68
    assert popularity < 0.5 * markov


def test_a_large_catalogue_is_harder_for_popularity(tmp_path):
    path = write_synthetic_clicks(
        tmp_path / "clicks.dat", clicks=500_000, items=17_745, days=182, seed=1
    )
    session, _, item, _ = _read(path)
    cleaned = _clean(session, item)
    counts = np.unique(np.concatenate(cleaned), return_counts=True)[1]
    assert _gini(counts) == pytest.approx(0.89, abs=0.01)
    # The twenty most popular items of the public 1/64 slice, of as many, take 0.12.
    assert np.sort(counts)[-20:].sum() / counts.sum() == pytest.approx(0.10, abs=0.03)


def test_popularity_is_stationary_and_never_repeats():
    catalogue = draw_catalogue(2_000, 200_000, seed=3)
    mass = np.diff(catalogue.edge_ends, prepend=0.0)
    source = np.repeat(np.arange(2_000), np.diff(np.searchsorted(
        catalogue.edge_ends, catalogue.row_ends, side="right")))  # fmt: skip
    assert len(source) == len(mass)
    assert not np.any(source == catalogue.successors)
    arriving = np.bincount(catalogue.successors, weights=mass, minlength=2_000)
    leaving = np.bincount(source, weights=mass, minlength=2_000)
    np.testing.assert_allclose(leaving, catalogue.popularity, rtol=1e-9)
    assert np.abs(arriving - leaving).sum() < 0.01


def test_following_uses_the_transition_mass():
    catalogue = draw_catalogue(50, 10_000, seed=3)
    current = np.full(100_000, 7)
    uniform = (np.arange(100_000) + 0.5) / 100_000
    counts = np.bincount(catalogue.follow(current, uniform), minlength=50) / 100_000
    low = np.searchsorted(catalogue.edge_ends, catalogue.row_ends[7], side="right")
    high = np.searchsorted(catalogue.edge_ends, catalogue.row_ends[8], side="right")
    mass = np.diff(catalogue.edge_ends, prepend=0.0)[low:high]
    expected = np.zeros(50)
    expected[catalogue.successors[low:high]] = mass / mass.sum()
    np.testing.assert_allclose(counts, expected, atol=2e-5)


def test_same_arguments_same_bytes(tmp_path):
    def log(name, **changes):
        arguments = {"clicks": 5_000, "items": 150, "days": 14, "seed": 1, **changes}
        return write_synthetic_clicks(tmp_path / name, **arguments).read_bytes()

    assert log("a") == log("b")
    assert log("c", seed=2) != log("a")


def test_several_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "CHUNK", 256)
    written = []
    path = write_synthetic_clicks(
        tmp_path / "a.dat", clicks=5_000, items=150, days=14, seed=1, progress=written.append
    )
    session, times, items, _ = _read(path)
    assert len(written) > 3 and sum(written) == len(session) == 5_000
    starts = np.append(True, np.diff(session) > 0)
    assert (np.diff(session) >= 0).all()
    assert (np.diff(times[starts]) >= np.timedelta64(0)).all()
    assert times[-1].astype("datetime64[D]") == np.datetime64("2014-04-14")
    # Chunks are drawn from seeds of their own.
    halves = np.split(items[: 2 * (written[0] // 2)], 2)
    assert not np.array_equal(*halves)


@pytest.mark.parametrize("clicks", [1, 2, 100, 6_000])
def test_exactly_so_many_clicks(tmp_path, clicks):
    path = write_synthetic_clicks(tmp_path / "a.dat", clicks=clicks, items=10, days=1, seed=4)
    assert len(path.read_text().splitlines()) == clicks


def test_small_catalogues_keep_items_in_play(tmp_path):
    path = write_synthetic_clicks(tmp_path / "a.dat", clicks=6_000, items=150, days=14, seed=1)
    session, _, items, _ = _read(path)
    counts = np.sort(np.unique(items, return_counts=True)[1])[::-1]
    assert len(counts) > 130 and counts[:20].sum() < 0.6 * counts.sum()


@pytest.mark.parametrize("wrong", [{"clicks": 0}, {"items": 9}, {"items": 10**6 + 1}, {"days": 0}])
def test_impossible_sizes(tmp_path, wrong):
    arguments = {"clicks": 100, "items": 10, "days": 1, "seed": 1, **wrong}
    with pytest.raises(SettingsError, match="items from 10"):
        write_synthetic_clicks(tmp_path / "a.dat", **arguments)


def test_a_full_disk_leaves_the_earlier_log(tmp_path, monkeypatch):
    path = tmp_path / "a.dat"
    path.write_text("earlier")

    def full(*cells):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(synthetic, "_lines", full)
    with pytest.raises(DataError, match="disk is full"):
        write_synthetic_clicks(path, clicks=100, items=10, days=1, seed=1)
    assert path.read_text() == "earlier" and list(tmp_path.iterdir()) == [path]


@pytest.mark.real
def test_as_the_official_sample(real_data, quick):
    """Same layout, and a similar share of repeats, as the official lines."""
    official = (real_data / "yoochoose-clicks-sample.dat").read_text().splitlines()
    assert all(LINE.fullmatch(line) for line in official)
    session = np.array([line.split(",")[0] for line in official])
    item = np.array([line.split(",")[2] for line in official])
    same = session[1:] == session[:-1]
    real = np.mean((item[1:] == item[:-1])[same])
    session, _, item, _ = _read(quick)
    same = np.diff(session) == 0
    assert np.mean(np.diff(item)[same] == 0) == pytest.approx(real, abs=0.03)
