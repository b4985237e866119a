"""Archives: what is refused, and that a refusal leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from recmia.data import archives
from recmia.data.archives import unpack
from recmia.errors import DataError


def _zip(path: Path, members: dict[str, bytes], mode: int | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if mode is not None:
                info.external_attr = mode << 16
            file.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return path


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for info, content in members:
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def _tar_member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def _files(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _refused(archive: Path, folder: Path, words: str) -> None:
    before = sorted(path for path in folder.rglob("*"))
    with pytest.raises(DataError, match=words) as caught:
        unpack(archive, folder / "target")
    assert str(archive) in str(caught.value) and caught.value.remedy
    assert sorted(path for path in folder.rglob("*")) == before


def test_a_single_folder_is_left_out(tmp_path):
    archive = _zip(tmp_path / "ml-1m.zip", {"ml-1m/ratings.dat": b"1::2", "ml-1m/a/b": b"x"})
    unpack(archive, tmp_path / "ml-1m")
    assert _files(tmp_path / "ml-1m") == {"a/b": b"x", "ratings.dat": b"1::2"}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["ml-1m", "ml-1m.zip"]


def test_zip_and_tar_are_told_by_content(tmp_path):
    members = {"a.dat": b"a", "b.dat": b"b"}
    unpack(_zip(tmp_path / "one.bin", members), tmp_path / "one")
    tar = _tar(tmp_path / "two.bin", *((_tar_member(n), c) for n, c in members.items()))
    unpack(tar, tmp_path / "two")
    assert _files(tmp_path / "one") == _files(tmp_path / "two") == members


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../out", "a/../../out", "a\\..\\..\\out", "..", "."]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_leave_the_folder(tmp_path, name, kind):
    if kind == "zip":
        archive = _zip(tmp_path / "a.zip", {"good": b"1", name: b"evil"})
    else:
        archive = _tar(
            tmp_path / "a.tar.gz", (_tar_member("good"), b"1"), (_tar_member(name), b"evil")
        )
    _refused(archive, tmp_path, "outside the folder")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar(tmp_path, kind):
    archive = _tar(
        tmp_path / "a.tar.gz",
        (_tar_member("good"), b"1"),
        (_tar_member("link", kind, link="/etc/passwd"), b""),
    )
    _refused(archive, tmp_path, "link or a device")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_drive_is_a_folder_like_others(tmp_path, kind):
    if kind == "zip":
        archive = _zip(tmp_path / "a.zip", {"good": b"1", "C:/out": b"2"})
    else:
        archive = _tar(
            tmp_path / "a.tar.gz", (_tar_member("good"), b"1"), (_tar_member("C:/out"), b"2")
        )
    unpack(archive, tmp_path / "target")
    assert _files(tmp_path) == {
        archive.name: archive.read_bytes(),
        "target/good": b"1",
        "target/C:/out": b"2",
    }


def test_a_link_by_which_a_later_member_would_leave_the_folder(tmp_path):
    link = _tar_member("a/link", tarfile.SYMTYPE, link=".")
    through = _tar_member("a/link/b", tarfile.SYMTYPE, link="..")
    archive = _tar(tmp_path / "a.tar.gz", (link, b""), (through, b""))
    _refused(archive, tmp_path, "link or a device")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_become_files(tmp_path, kind):
    members = {"link": b"/etc/passwd", "good": b"1"}
    unpack(_zip(tmp_path / "a.zip", members, mode=kind | 0o777), tmp_path / "target")
    assert _files(tmp_path / "target") == members
    assert stat.S_ISREG((tmp_path / "target" / "link").lstat().st_mode)


def test_names_that_occur_twice(tmp_path):
    archive = _zip(tmp_path / "a.zip", {"a/ratings.dat": b"1", "A/Ratings.dat": b"2"})
    _refused(archive, tmp_path, "occurs twice")


def test_a_member_that_is_file_and_folder(tmp_path):
    archive = _zip(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"})
    _refused(archive, tmp_path, "damaged")


def test_bombs(tmp_path):
    same = b"0" * 30_000_000  # compresses about a thousand times; 200 times are allowed
    _refused(_zip(tmp_path / "a.zip", {"same": same}), tmp_path, "unpacks to more than 16,777")
    tar = _tar(tmp_path / "a.tar.gz", (_tar_member("same"), same))
    _refused(tar, tmp_path, "unpacks to more than 16,777")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_empty_archive(tmp_path, kind):
    empty = _zip(tmp_path / "a.zip", {}) if kind == "zip" else _tar(tmp_path / "a.tar.gz")
    _refused(empty, tmp_path, "holds nothing")


def test_the_total_counts_not_the_single_member(tmp_path, monkeypatch):
    archive = _zip(tmp_path / "a.zip", {str(i): bytes(range(100)) for i in range(11)})
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    _refused(archive, tmp_path, "more than 1,000 bytes")
    monkeypatch.setattr(archives, "_MAX_MEMBERS", 10)
    monkeypatch.setattr(archives, "MAX_BYTES", 1100)
    _refused(archive, tmp_path, "or 10 members")
    monkeypatch.setattr(archives, "_MAX_MEMBERS", 11)
    unpack(archive, tmp_path / "target")
    assert len(_files(tmp_path / "target")) == 11


def test_a_zip_that_lies_about_sizes(tmp_path):
    archive = _zip(tmp_path / "a.zip", {"a": b"x" * 50_000})
    lied = archive.read_bytes().replace((50_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(lied)
    _refused(archive, tmp_path, "not unpacked")


@pytest.mark.parametrize("cut", [10, 2000])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_truncated(tmp_path, kind, cut):
    content = b"".join(i.to_bytes(4, "little") for i in range(0, 10**9, 10**6 // 3))
    path = tmp_path / f"a.{kind}"
    if kind == "zip":
        _zip(path, {"a": content})
    else:
        _tar(path, (_tar_member("a"), content))
    path.write_bytes(path.read_bytes()[:-cut])
    _refused(path, tmp_path, "damaged|not a zip")


def test_changed_bytes(tmp_path):
    path = _zip(tmp_path / "a.zip", {"a": b"0123456789" * 50})
    broken = bytearray(path.read_bytes())
    broken[40] ^= 0xFF
    path.write_bytes(broken)
    _refused(path, tmp_path, "damaged")


@pytest.mark.parametrize("content", [b"<html>please log in</html>", gzip.compress(b"1,2", mtime=0)])
def test_something_else(tmp_path, content):
    page = tmp_path / "a.zip"
    page.write_bytes(content)
    _refused(page, tmp_path, "not a zip or tar")


def test_an_existing_folder_is_left_alone(tmp_path):
    archive = _zip(tmp_path / "a.zip", {"new": b"1"})
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "mine").write_text("kept")
    unpack(archive, tmp_path / "target")
    assert _files(tmp_path / "target") == {"mine": b"kept"}


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_would_fill_the_memory(tmp_path, kind):
    """A few packed kilobytes say that a name or an attribute has gigabytes."""
    bomb = tarfile.TarInfo("long")
    bomb.type, bomb.size = kind, 2**27
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(bomb.tobuf(tarfile.GNU_FORMAT))
        for _ in range(128):
            file.write(bytes(2**20))
        file.write(tarfile.TarInfo("a").tobuf() + bytes(1024))
    tracemalloc.start()
    _refused(path, tmp_path, r"its headers have more than|not a zip or tar|damaged")
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


def test_many_small_headers_are_refused_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MAX_HEADERS", 10_000)
    names = [_tar_member("a" * 150 + str(number)) for number in range(20)]
    _refused(_tar(tmp_path / "x.tar.gz", *((n, b"x") for n in names)), tmp_path, "headers")


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_long_names_in_every_packing(tmp_path, packing):
    name = "folder/" + "a" * 150
    with tarfile.open(tmp_path / "x.tar", f"w:{packing}", format=tarfile.PAX_FORMAT) as file:
        for n in (name, f"{name}b"):
            info = _tar_member(n)
            info.size = 700
            file.addfile(info, io.BytesIO(b"x" * 700))
    unpack(tmp_path / "x.tar", tmp_path / "target")
    assert _files(tmp_path / "target") == {"a" * 150: b"x" * 700, "a" * 150 + "b": b"x" * 700}
