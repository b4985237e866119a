"""The registry of data sets: complete, consistent with the settings, and light to import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from recmia.data import registry
from recmia.data.registry import Source, click_logs, find_files, layout, source, sources
from recmia.data.settings import Data
from recmia.errors import DataError
from recmia.experiments.closure import reach


def test_click_logs_are_the_sources_of_settings():
    for name in click_logs():
        gap = None if layout(name).user is None else 30
        assert Data(source=name, session_gap_minutes=gap).source == name
    # Last.fm's users have no times to cut them by, Foursquare's visits are no clicks.
    assert {"lastfm-hetrec-2011", "foursquare"} < {s.name for s in sources()} - set(click_logs())
    with pytest.raises(ValidationError, match="no click log 'yoochose'; did you mean 'yoochoose'"):
        Data(source="yoochose")
    with pytest.raises(DataError, match="'foursquare' is no click log"):
        layout("foursquare")


def test_published_checksums():
    # GroupLens publishes MD5 sums; these are the SHA-256 sums of the same files, as pinned by
    # TensorFlow Datasets among others.
    assert source("ml-1m").downloads[0].checksum.endswith("f2c54e20")
    assert source("ml-20m").downloads[0].checksum.endswith("eada765ff3")
    assert source("ml-latest-small").downloads[0].checksum.endswith("bc9e436")
    for entry in sources():
        sums = {download.file: download.checksum for download in entry.downloads}
        for needed in entry.needs:
            for variant in needed.any_of:
                assert variant.checksum == sums.get(variant.name)


def test_unknown_name_lists_the_names():
    with pytest.raises(DataError, match="no data set 'ml-2m'.*ml-1m.*foursquare"):
        source("ml-2m")


def test_the_first_name_that_is_there_is_taken(tmp_path):
    (tmp_path / "ml-1m.zip").touch()
    assert find_files("ml-1m", tmp_path) == [tmp_path / "ml-1m.zip"]
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").touch()
    assert find_files("ml-1m", tmp_path) == [tmp_path / "ml-1m" / "ratings.dat"]


def test_every_needed_file_is_looked_for(tmp_path):
    train = tmp_path / "yoochoose1_64_train_sessions.txt.gz"
    train.touch()
    with pytest.raises(DataError, match="yoochoose1_64_test_sessions.txt.gz or "):
        find_files("yoochoose-1-64", tmp_path)
    test = tmp_path / "yoochoose1_64_test_sessions.txt"
    test.touch()
    assert find_files("yoochoose-1-64", tmp_path) == [train, test]


def test_a_missing_file_names_command_or_login(tmp_path):
    with pytest.raises(DataError, match="recmia data fetch ml-20m"):
        find_files("ml-20m", tmp_path)
    with pytest.raises(DataError, match="yoochoose-clicks.dat") as caught:
        find_files("yoochoose", tmp_path)
    for part in ("kaggle.com", "login", str(tmp_path), "recmia data check yoochoose"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"manual": "and by hand"},
        {"downloads": []},
        {"needs": [{"role": "x", "any_of": [{"name": "../x"}]}]},
        {"needs": [{"role": "x", "any_of": [{"name": "x", "checksum": "sha256:12"}]}]},
        {"licence": None},
        {"unknown": 1},
        {"layout": {"user": "UserId", "item": "MovieID"}},
        {"layout": {"user": "UserID", "session": "UserID", "item": "MovieID"}},
    ],
)
def test_a_wrong_entry_is_refused(change):
    values = source("ml-1m").model_dump()
    assert Source(**values) == source("ml-1m")
    with pytest.raises(ValidationError):
        Source(**{**values, **change})


def test_a_wrong_entry_is_named(tmp_path, monkeypatch):
    entry = source("ml-1m").model_dump(exclude={"name"}) | {"layout": {"user": "UserID"}}
    (tmp_path / "sources.yaml").write_text(json.dumps({"mine": entry}))
    monkeypatch.setattr(registry, "SOURCES", tmp_path / "sources.yaml")
    with pytest.raises(DataError, match=r"sources\.yaml: mine\.layout\.item: Field required"):
        registry._load.__wrapped__()


@pytest.mark.real
def test_real_copies_are_found(real_data):
    names = ("yoochoose-sample", "yoochoose-1-64", "yoochoose-tsv", "ml-1m", "foursquare")
    for name in (*names, "retailrocket-sessions", "gowalla-sessions"):
        assert all(path.is_file() for path in find_files(name, real_data))


def test_layouts_of_a_file_by_its_name(tmp_path):
    for name in ("ml-1m.zip", "ml-1m/ratings.dat"):
        assert registry.layouts_of(tmp_path / name) == {"ml-1m": layout("ml-1m")}
    assert list(registry.layouts_of(tmp_path / "yoochoose1_64_test_sessions.txt")) == [
        "yoochoose-1-64"
    ]
    # Check-ins are no clicks; a log of one's own is laid out as its profile says.
    for name in ("foursquare_nyc_checkins.csv.gz", "else/ratings.dat", "mine.csv"):
        assert registry.layouts_of(tmp_path / name) == {}


def test_the_list_of_data_sets_is_no_code():
    """Or a data set more would make the results of all the others stale."""
    modules = reach("recmia.data.registry", "recmia.data.clicks", "recmia.data.settings").modules
    assert "recmia.data.registry" in modules
    assert not any(name.endswith(registry.SOURCES.name) for name in modules)


def test_import_is_light():
    heavy = "{'torch', 'pandas', 'polars', 'pyarrow', 'nvtabular', 'sklearn', 'requests', 'pooch'}"
    code = f"import sys, recmia.data.registry; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
