"""Files are whole or absent, and hashes tell content apart."""

import errno

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.seeds import child_seed, generator
from recmia.storage import (
    content_hash,
    explain_unwritable,
    file_hash,
    read_arrays,
    to_disk,
    write_arrays,
    write_aside,
    write_text,
)


def test_a_failed_write_leaves_the_earlier_file(tmp_path):
    path = write_text(tmp_path / "result.txt", "earlier")
    with pytest.raises(OSError, match="disk"), write_aside(path) as aside:
        aside.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["result.txt"]


def test_bytes_are_on_the_disk_before_the_name_is_theirs(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr("os.fsync", lambda handle: done.append("fsync"))
    monkeypatch.setattr("os.replace", lambda old, new: done.append("replace"))
    write_text(tmp_path / "a", "text")
    write_text(tmp_path / "b", "text", durable=False)
    assert done == ["fsync", "replace", "replace"]


def test_a_folder_goes_to_disk_whole(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    done = []
    monkeypatch.setattr("os.fsync", done.append)
    to_disk(tmp_path)
    assert len(done) == 4


def test_what_cannot_be_written_is_explained():
    with pytest.raises(DataError, match="disk is full.*free space"), explain_unwritable("/d/file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(DataError, match="/d/x.*RECMIA_DATA"), explain_unwritable("/d/file"):
        raise PermissionError(errno.EACCES, "Permission denied", "/d/x")
    with pytest.raises(FileNotFoundError), explain_unwritable("/d/file"):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_arrays_come_back_and_pickles_are_refused(tmp_path):
    arrays = read_arrays(write_arrays(tmp_path / "a.npz", x=np.arange(3), y=np.eye(2)))
    assert arrays["x"].tolist() == [0, 1, 2] and arrays["y"].shape == (2, 2)
    np.savez(tmp_path / "evil.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "evil.npz")


def test_hashes():
    assert content_hash(np.array([1, 2])) != content_hash(np.array([1, 2], dtype=np.int32))
    assert content_hash(np.zeros((2, 3))) != content_hash(np.zeros((3, 2)))
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_file_hash_is_sha256(tmp_path):
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert file_hash(write_text(tmp_path / "empty", "")) == empty


def test_child_seeds_are_named_and_apart():
    assert child_seed(1, "a", 2) == child_seed(1, "a", 2) != child_seed(1, "a2")
    assert generator(1, "x").random() != generator(1, "y").random()
