"""Every kind of bad export: refused with file, line, column and remedy, or skipped and counted."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recmia.audit.lists import audit_lists
from recmia.audit.page import caveats
from recmia.audit.scoring import AuditSettings
from recmia.errors import ArtifactError, DataError, SettingsError

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = AuditSettings(epochs=1, seeds=1)


def audit(folder: Path, settings: AuditSettings = QUICK, *, force: bool = True, **options) -> dict:
    sides, out = (folder / "shadow", folder / "target"), folder / "out"
    return audit_lists(*sides, out, settings, force=force, **options)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


LISTS, CLICKS, LABELS, VECTORS = (
    "recommendations.csv",
    "interactions.csv",
    "membership.csv",
    "item_vectors.csv",
)
CASES = {
    "rank from 0": (LISTS, "u0,i0,1\n", "u0,i0,0\n", 2, "rank", "rank 0"),
    "rank that no list has": (LISTS, "u5,i3,2", "u5,i3,99", 13, "rank", "rank 99 in a file of 12"),
    "gap": (LISTS, "u1,i3,2", "u1,i3,3", 5, "rank", "rank 2 is missing in the list of user 'u1'"),
    "rank twice": (LISTS, "u1,i3,2", "u1,i3,1", 5, "rank", "rank 1 is there twice"),
    "rank not whole": (LISTS, "u2,i3,2", "u2,i3,2.5", 7, "rank", "'2.5' is not a whole number"),
    "rank missing": (LISTS, "u2,i3,2", "u2,i3,", 7, "rank", "'' is not a whole number"),
    "item twice": (
        LISTS,
        "u4,i3,2",
        "u4,i1,2",
        11,
        "item_id",
        "'i1' is twice in the list of user 'u4'",
    ),
    "empty id": (CLICKS, "u3,i0,5", ",i0,5", 8, "user_id", "the id is missing"),
    "huge id": (CLICKS, "u3,i0,5", f"u3,{'9' * 2000},5", 8, "item_id", "an id of 2,000 bytes"),
    "line end in an id": (
        CLICKS,
        "u3,i0,5",
        '"u\n3",i0,5',
        8,
        "user_id",
        "a quotation mark is left open",
    ),
    "one column short": (LISTS, "u1,i1,1", "u1,i1", 4, "rank", "3 columns expected"),
    "one column more": (LISTS, "u1,i1,1", "u1,i1,1,0", 4, "number 4", "found 4"),
    "rating no number": (
        CLICKS,
        "u1,i1,5",
        "u1,i1,good",
        4,
        "rating",
        "'good' is not a finite number",
    ),
    "rating missing": (CLICKS, "u1,i1,5", "u1,i1,", 4, "rating", "'' is not a finite number"),
    "no time": (
        CLICKS,
        "1700000001",
        "yesterday",
        3,
        "timestamp",
        "cannot be parsed ('yesterday')",
    ),
    "neither 0 nor 1": (LABELS, "u1,1", "u1,2", 3, "member", "2 is neither 0 nor 1"),
    "a word": (LABELS, "u1,1", "u1,yes", 3, "member", "'yes' is not a whole number"),
    "user twice": (LABELS, "u3,1", "u1,1", 5, "user_id", "user 'u1' is there twice"),
    "no such column": (LABELS, "member", "Member", 1, "member", "the column is missing"),
    "column twice": (CLICKS, "rating", "item_id", 1, "item_id", "the column is there twice"),
    "semicolons": (LABELS, "user_id,member", "user_id;member", 1, "user_id", "separated by commas"),
    "vector no number": (VECTORS, "1,0\n", "1,zero\n", 3, "y", "'zero' is not a finite number"),
    "vector not finite": (VECTORS, "1,0\n", "1,nan\n", 3, "y", "'nan' is not a finite number"),
    "item with two vectors": (VECTORS, "i2,1,1", "i0,1,1", 4, "item_id", "'i0' is there twice"),
}


@pytest.mark.parametrize("case", CASES)
def test_place_and_remedy(tiny: Path, case: str) -> None:
    name, old, new, line, column, problem = CASES[case]
    replace(tiny / "shadow" / name, old, new)
    with pytest.raises(DataError) as caught:
        audit(tiny)
    error = caught.value
    assert problem in str(error) and "Remedy: " in str(error)
    assert (error.file, error.line, error.column) == (tiny / "shadow" / name, line, column)
    assert not (tiny / "out").exists()


def test_blank_lines_and_quotes_do_not_shift_the_line(tiny: Path) -> None:
    path = tiny / "shadow" / LISTS
    path.write_text(
        "\n" + path.read_text().replace("u0,", '\r\n"u,0",').replace("u1,i3,2", "u1,i3,x")
    )
    with pytest.raises(DataError) as caught:
        audit(tiny)
    assert path.read_bytes().split(b"\n")[caught.value.line - 1] == b"u1,i3,x"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"user_id,item_id\n", "the file holds no rows"),
        (b"user_id,item_id\nu1,i1\nu2,caf\xe9\n", "the text is not UTF-8"),
        ("user_id,item_id\nu1,i1\n".encode("utf-16"), "the text is not UTF-8"),
        (b'user_id,item_id\n"u1,i1\nu2,i2\n', "Remedy"),
        (b"user_id,item_id\nu\x001,i1\n", "Remedy"),
    ],
)
def test_files_that_are_no_table(tiny: Path, content: bytes, problem: str) -> None:
    (tiny / "target" / CLICKS).write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        audit(tiny)
    assert caught.value.file == tiny / "target" / CLICKS and caught.value.line


def test_missing_files_and_folders(tiny: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        audit_lists(tiny / "nowhere", tiny / "target", tiny / "out", QUICK)
    (tiny / "shadow" / LABELS).unlink()
    with pytest.raises(DataError, match=r"membership\.csv: there is no such file"):
        audit(tiny)


@pytest.mark.parametrize("side", ["shadow", "target"])
def test_one_class_only(tiny: Path, side: str) -> None:
    path = tiny / side / LABELS
    path.write_text(path.read_text().replace(",0", ",1"))
    with pytest.raises(DataError, match="6 members and 0 non-members") as caught:
        audit(tiny)
    assert caught.value.file == path


def test_nobody_is_left(tiny: Path) -> None:
    path = tiny / "shadow" / LISTS
    header, _, rest = path.read_text().partition("\n")
    path.write_text(f"{header}\n{rest.replace('u', 'other ')}")
    with pytest.raises(DataError, match="none of the 12 users can be audited"):
        audit(tiny)


@pytest.mark.parametrize("side", ["shadow", "target"])
@pytest.mark.parametrize(
    ("name", "column", "change"),
    [
        (LISTS, "user_id", lambda one: one.upper()),
        (LISTS, "user_id", lambda one: f"{one} "),
        (LABELS, "user_id", lambda one: f"'{one}'"),
        (CLICKS, "item_id", lambda one: one.upper()),
        (LISTS, "item_id", lambda one: f" {one}"),
    ],
)
def test_ids_that_one_file_writes_in_another_way(tiny, side, name, column, change) -> None:
    path = tiny / side / name
    frame = pd.read_csv(path, dtype=str)
    some = frame.index >= len(frame) // 2
    frame.loc[some, column] = frame.loc[some, column].map(change)
    frame.to_csv(path, index=False)
    with pytest.raises(DataError, match="written in another way") as caught:
        audit(tiny)
    error = caught.value
    assert (error.file, error.column) == (path, column) and error.line > 2 and error.remedy


@pytest.mark.parametrize("other", ["{}.0", "0{}", "{}.00"])
def test_numbers_that_one_file_writes_in_another_way(tiny: Path, other: str) -> None:
    for side in ("shadow", "target"):
        for name in (CLICKS, LISTS, LABELS):
            path = tiny / side / name
            header, _, rest = path.read_text().partition("\n")
            path.write_text(f"{header}\n{rest.replace('u', '7')}")
    audit(tiny)  # all alike
    replace(tiny / "target" / LISTS, "\n73,", f"\n{other.format(73)},")
    with pytest.raises(DataError, match="is '73' in interactions.csv"):
        replace(tiny / "target" / LISTS, "\n73,i3,2", f"\n{other.format(73)},i3,2")
        audit(tiny)


@pytest.mark.parametrize("word", ["NA", "null", "nan", "\\N"])
def test_users_who_are_nobody(tiny: Path, word: str) -> None:
    replace(tiny / "target" / CLICKS, "\nu3,", f"\n{word},")
    with pytest.raises(DataError, match="stands for none") as caught:
        audit(tiny)
    assert (caught.value.line, caught.value.column) == (8, "user_id")


def vectors(tiny: Path, **columns) -> Path:
    """Vectors of two dimensions for twelve items, and further columns."""
    draw = np.random.default_rng(0).normal(size=(12, 3))
    frame = pd.DataFrame(draw, columns=list("xyz"))
    frame = pd.DataFrame({"item_id": [f"i{n}" for n in range(12)]}).join(frame)
    for side in ("shadow", "target"):
        frame.assign(**columns).to_csv(tiny / side / VECTORS, index=False)
    return tiny / "shadow" / VECTORS


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Unnamed: 0", [0.0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3]),
        ("number", range(12)),
        ("from 1", range(1, 13)),
        ("shuffled", [3, 1, 2, 0, 5, 4, 6, 11, 10, 7, 9, 8]),
        ("rows were dropped", [0, 1, 5, 6, 7, 9, 12, 13, 14, 15, 20, 22]),
        ("clicks", [90, 3, 3, 7, 2, 250, 3, 4, 5, 5, 5, 9]),
        ("price", [199.9, 450.5, 3.5, 7.2, 2.1, 250.0, 900.9, 4.2, 5.1, 5.3, 5.9, 9.9]),
        ("time", [1.6e9 + 1e6 * n * n % 7e6 for n in range(12)]),
    ],
)
def test_a_column_that_is_no_dimension(tiny: Path, name: str, values) -> None:
    path = vectors(tiny, **{name: list(values)})
    with pytest.raises(DataError, match="no dimension") as caught:
        audit(tiny)
    assert (caught.value.file, caught.value.column) == (path, name)
    vectors(tiny)
    audit(tiny)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": 0.0, "y": 0.0, "z": 0.0}, "12 of 12 items have the same vector, all zeros"),
        ({"x": 0.1, "y": 0.2, "z": 0.3}, "12 of 12 items have the same vector,"),
        ({"x": 1e-9, "y": 0.5, "z": [0.5 + n * 1e-9 for n in range(12)]}, "12 of 12"),
        (dict.fromkeys("xyz", [0.0] * 8 + [1.5, -2.5, 3.5, 0.5]), "8 of 12"),
    ],
)
def test_vectors_that_say_nothing(tiny: Path, change: dict, said: str) -> None:
    vectors(tiny, **change)
    with pytest.raises(DataError, match=said):
        audit(tiny)


def test_what_has_no_vector_is_said(tiny: Path) -> None:
    replace(tiny / "shadow" / VECTORS, "i2,1,1\n", "")
    replace(tiny / "target" / VECTORS, "i2,1,1\n", "")
    found = audit(tiny)
    assert any("4 of 12 interactions of the target side" in note for note in caveats(found))
    assert "interactions of such items" in (tiny / "out" / "index.html").read_text()


def test_vectors_must_be_of_one_space(tiny: Path) -> None:
    path = tiny / "target" / VECTORS
    path.write_text("item_id,x\ni0,0\n")
    with pytest.raises(DataError, match="1 dimensions, 2 by"):
        audit(tiny)
    path.write_text("item_id,x,y\nother,3,4\ni1,1,0.2\n")
    with pytest.raises(DataError, match="'i1' has another vector") as caught:
        audit(tiny)
    assert caught.value.line == 3
    path.write_text("item_id\ni1\n")
    with pytest.raises(DataError, match="no column beside item_id"):
        audit(tiny)
    path.unlink()
    with pytest.raises(DataError, match="2 dimensions, 7 by --dim"):
        audit(tiny, AuditSettings(dim=7))
    assert "one side" in audit(tiny)["settings"]["item_vectors"]
    others = tiny / "others.csv"
    with pytest.raises(SettingsError, match="--vectors-from asks for others"):
        audit(tiny, vectors_from=others)
    (tiny / "shadow" / VECTORS).unlink()
    with pytest.raises(DataError, match=r"--vectors-from FILE"):
        audit(tiny)
    with pytest.raises(DataError, match=r"others\.csv: there is no such file"):
        audit(tiny, vectors_from=others)


def test_what_is_skipped_is_counted(tiny: Path) -> None:
    target = tiny / "target"
    with open(target / CLICKS, "a") as file:
        file.write("no list,i0,1,1700000002\nstrange,unheard of,1,1700000002\n")
        file.write(
            "odd list,i0,1,1700000002\nunlabelled,i0,1,1700000002\nu0,unheard of,1,1700000002\n"
        )
    with open(target / LISTS, "a") as file:
        file.write("no clicks,i0,1\nstrange,i0,1\nodd list,nothing,1\nunlabelled,i0,1\n")
    with open(target / LABELS, "a") as file:
        file.write("neither,1\n")
    found = audit(tiny)
    assert list(found["skipped"]["target"]["users"].values()) == [2, 1, 1, 1, 0]
    assert found["skipped"]["target"]["items_without_a_vector"] == 2
    assert found["skipped"]["target"]["interactions_without_a_vector"] == 2
    assert found["skipped"]["target"]["recommendations_without_a_vector"] == 1
    counts = found["counts"]["target"]
    assert (counts["users"], counts["users_audited"], counts["membership_unknown"]) == (12, 7, 1)
    assert (counts["members"], counts["nonmembers"]) == (3, 3)
    rows = (tiny / "out" / "scores.csv").read_text().splitlines()
    cells = {row.split(",")[0]: row.split(",")[3] for row in rows[1:]}
    assert sorted(cells) == [*(f"u{n}" for n in range(6)), "unlabelled"]
    assert cells["unlabelled"] == "" and cells["u1"] == "1"
    assert found["counts"]["users_on_both_sides"] == 6


def test_unlabelled_shadow_users_teach_nothing(tiny: Path) -> None:
    replace(tiny / "shadow" / LABELS, "u5,1\n", "")
    found = audit(tiny)
    assert found["skipped"]["shadow"]["users"]["without membership"] == 1
    assert found["counts"]["shadow"]["users_audited"] == 5


def test_forms_that_spreadsheets_write_are_read(tiny: Path) -> None:
    before = audit(tiny)
    for side in ("shadow", "target"):
        for name in (CLICKS, LISTS, LABELS, VECTORS):
            path = tiny / side / name
            text = path.read_text().replace("u0,", '"u0",').replace("\n", "\r\n")
            path.write_bytes(b"\xef\xbb\xbf" + text.encode())
        replace(tiny / side / LABELS, "user_id,member", "user_id,member,notes")
        text = (tiny / side / LABELS).read_text(encoding="utf-8-sig")
        (tiny / side / LABELS).write_text(text.replace(",0", ",0,x").replace(",1", ",1,y"))
    after = audit(tiny)
    assert after["roc_auc"] == before["roc_auc"]
    assert after["counts"] == before["counts"]
    assert after["skipped"]["target"]["columns"] == {"membership.csv": ["notes"]}


def test_packed_files_parquet_and_parts_say_the_same(tiny: Path) -> None:
    before = audit(tiny)
    shadow, target = tiny / "shadow", tiny / "target"
    (shadow / f"{CLICKS}.gz").write_bytes(gzip.compress((shadow / CLICKS).read_bytes()))
    (shadow / CLICKS).unlink()
    pd.read_csv(target / LISTS).to_parquet(target / "recommendations.parquet")
    pd.read_csv(shadow / LABELS).to_parquet(shadow / LABELS)  # whatever it is called
    (target / LISTS).unlink()
    header, *rows = (target / CLICKS).read_text().splitlines(keepends=True)
    (target / CLICKS).unlink()
    (target / "interactions").mkdir()
    (target / "interactions" / "part-0.csv").write_text(header + "".join(rows[:5]))
    rest = pd.read_csv(io.StringIO(header + "".join(rows[5:])))
    rest.to_parquet(target / "interactions" / "part-1.parquet")
    after = audit(tiny)
    assert after["roc_auc"] == before["roc_auc"] and after["counts"] == before["counts"]
    assert {"shadow/interactions.csv.gz", "target/interactions/part-0.csv"} <= set(after["files"])
    (shadow / "interactions.parquet").touch()
    with pytest.raises(DataError, match="there is interactions.parquet as well"):
        audit(tiny)


def test_the_line_of_a_fault_in_a_part_is_that_of_its_file(tiny: Path) -> None:
    header, *rows = (tiny / "shadow" / LISTS).read_text().splitlines(keepends=True)
    (tiny / "shadow" / LISTS).unlink()
    (tiny / "shadow" / "recommendations").mkdir()
    parts = [tiny / "shadow" / "recommendations" / f"{number}.csv" for number in range(3)]
    for number, part in enumerate(parts):
        part.write_text(header + "".join(rows[4 * number : 4 * number + 4]))
    replace(parts[1], "u3,i3,2", "u3,i3,7")
    with pytest.raises(DataError, match="rank 2 is missing") as caught:
        audit(tiny)
    assert (caught.value.file, caught.value.line) == (parts[1], 5)


def test_ids_with_commas(tiny: Path) -> None:
    for side in ("shadow", "target"):
        for name in (CLICKS, LISTS, LABELS):
            path = tiny / side / name
            path.write_text(path.read_text().replace("u0,", '"Doe, ""J""",'))
    audit(tiny)
    rows = (tiny / "out" / "scores.csv").read_text().splitlines()
    assert any(row.startswith('"Doe, ""J""",0.') for row in rows)


@pytest.mark.parametrize(
    "wrong",
    [
        {"attack": "none"}, {"position_weights": "cubic"}, {"top_k": 0}, {"dim": 0},
        {"epochs": 0}, {"seeds": 0}, {"level": 1.0},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_are_not_possible(wrong: dict) -> None:
    with pytest.raises(SettingsError, match="--" + next(iter(wrong)).replace("_", "-")):
        AuditSettings(**wrong)


def test_earlier_results_stay_until_new_ones_are_whole(tiny: Path, monkeypatch) -> None:
    audit(tiny)
    out = tiny / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    replace(tiny / "target" / LISTS, "u4,i3,2", "u4,i3,7")
    with pytest.raises(DataError):
        audit(tiny)
    replace(tiny / "target" / LISTS, "u4,i3,7", "u4,i3,2")

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("recmia.audit.lists.write_page", stop)
        with pytest.raises(KeyboardInterrupt):
            audit(tiny)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert sorted(path.name for path in tiny.iterdir()) == ["out", "shadow", "target"]
    with pytest.raises(ArtifactError, match="holds an audit already .*--out.*--force"):
        audit(tiny, force=False)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    audit(tiny, AuditSettings(epochs=1, seeds=2))
    assert (out / "metrics.json").read_bytes() != before["metrics.json"]


def test_only_an_earlier_audit_is_replaced(tiny: Path) -> None:
    out = tiny / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(ArtifactError, match="something else than an earlier audit"):
        audit(tiny)
    (out / "thesis.tex").unlink()
    audit(tiny)
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(ArtifactError, match="'thesis.tex', which no audit wrote"):
        audit(tiny)
    assert (out / "thesis.tex").read_text() == "years of work"
    with pytest.raises(ArtifactError, match="not a folder"):
        audit_lists(tiny / "shadow", tiny / "target", tiny / "shadow" / CLICKS, QUICK)
