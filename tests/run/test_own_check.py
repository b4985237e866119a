"""`recmia check`: what is read of public layouts is what was written, and the profile reads it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from recmia.data.clicks import open_clicks
from recmia.data.settings import Data
from recmia.errors import DataError
from recmia.run.own_check import check
from recmia.run.settings import load_settings
from tests.public_layouts import LAYOUTS, START, truth


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("folder/clicks", content)
    return file.getvalue()


PACKINGS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
    "zip": zipped,
}


def clicks_of(profile: str, folder) -> pd.DataFrame:
    path = folder / "drawn-up.yaml"
    path.write_text(profile, encoding="utf-8")
    data = load_settings(str(path)).data
    return open_clicks(data, folder, folder, seed=0).read().to_pandas()


def check_reading(clicks: pd.DataFrame, item, timed: bool) -> None:
    wanted = truth()
    assert clicks["item"].astype(str).tolist() == [item(one) for one in wanted["item"]]
    assert (clicks.groupby("key", sort=False).ngroup() == wanted["user"]).all()
    if timed:
        assert (clicks["time"] == 1000 * wanted["time"]).all()
    else:
        assert (clicks["time"] == -1).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_public_layout_is_read_as_it_was_written(tmp_path, layout):
    name, write, item, timed = LAYOUTS[layout]
    write(tmp_path / name, truth())
    found = check(tmp_path / name)
    check_reading(clicks_of(found.profile, tmp_path), item, timed)
    assert any("200 sessions of two clicks" in sentence for sentence in found.said)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("layout", ["RecBole", "session list", "OTTO", "Transformers4Rec"])
def test_a_packed_one_as_well(tmp_path, layout, packing):
    name, write, item, timed = LAYOUTS[layout]
    write(tmp_path / name, truth())
    packed = tmp_path / "packed"
    packed.write_bytes(PACKINGS[packing]((tmp_path / name).read_bytes()))
    found = check(packed)
    check_reading(clicks_of(found.profile, tmp_path), item, timed)
    assert packing in found.said[0]


def log(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(encoding))
    return path


def table(header: str, *rows: str, times: int = 200) -> str:
    """Rows again and again, ``{n}`` and ``{t}`` filled in."""
    lines = [
        row.format(n=n, t=START + 90_000 * n + k)
        for n in range(times)
        for k, row in enumerate(rows)
    ]  # noqa: E501
    return "\n".join([*([header] if header else []), *lines]) + "\n"


def test_visit_numbers_need_their_user(tmp_path):
    rows = ["{n},1,a,{t}", "{n},1,b,{t}"]
    found = check(log(tmp_path, table("user,session,item,time", *rows)))
    assert yaml.safe_load(found.profile)["data"]["columns"].keys() == {
        "session",
        "user",
        "item",
        "time",
    }  # noqa: E501
    rows = ["u,{n},a,{t}", "u,{n},b,{t}"]
    found = check(log(tmp_path, table("user,session,item,time", *rows)))
    assert "user" not in yaml.safe_load(found.profile)["data"]["columns"]


@pytest.mark.parametrize("word", ["NA", "null", "\\N", "-1", "0", "guest"])
def test_who_is_nobody_is_left_out_and_said(tmp_path, word):
    text = table("user,item,time", "u{n},a,{t}", "u{n},b,{t}", f"{word},c,{{t}}")
    found = check(log(tmp_path, text))
    profile = yaml.safe_load(found.profile)
    assert profile["data"]["placeholders"] == [word]
    assert any(word in sentence for sentence in found.said)
    assert any("200 of 600 (33%) clicks stand under a placeholder" in one for one in found.odd)


def test_columns_that_a_person_names(tmp_path):
    text = table("who,what,when", "k{n},a,{t}", "k{n},b,{t}")
    with pytest.raises(DataError, match="the names do not tell") as caught:
        check(log(tmp_path, text))
    assert "--user NAME --item NAME" in caught.value.remedy
    found = check(log(tmp_path, text), {"session": "who", "item": "what"})
    columns = yaml.safe_load(found.profile)["data"]["columns"]
    assert columns == {"session": "who", "item": "what", "time": "when"}
    places = {"session": "1", "item": "2", "time": "3"}
    found = check(log(tmp_path, table("", "k{n},a,{t}", "k{n},b,{t}")), places)
    assert yaml.safe_load(found.profile)["data"]["names"] == ["session", "item", "time"]
    with pytest.raises(DataError, match="missing") as caught:
        check(log(tmp_path, text), {"session": "whom", "item": "what"})
    assert "who, what, when" in caught.value.remedy


def test_quotation_marks_between_tabs_are_letters(tmp_path):
    rows = ['k{n}\ta\t{t}\t"open', "k{n}\tb\t{t}\tx"]
    found = check(log(tmp_path, table("session\titem\ttime\ttitle", *rows)))
    assert yaml.safe_load(found.profile)["data"]["quotes"] is False
    assert any("400 clicks" in sentence for sentence in found.said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\x03" * 99, "not text"),
        (b"PAR1 and nothing else", "not a readable Parquet file"),
        (b'[{"user": 1}]\n', "not JSON|not an object"),
        (b"one\n", "no session has two clicks"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path, content, said):
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        check(path)
    assert caught.value.remedy


def test_a_short_log_has_no_profile(tmp_path):
    text = table("session,item,time", "k{n},a,{t}", "k{n},b,{t}", times=155)
    assert check(log(tmp_path, text)).profile is None
    text = table("session,item,time", "k{n},a,{t}", "k{n},b,{t}", times=156)
    profile = yaml.safe_load(check(log(tmp_path, text)).profile)
    assert profile["cohorts"]["members"] == 20 and Data(**profile["data"]).source == "file"
