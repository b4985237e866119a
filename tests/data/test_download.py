"""Downloads against a local server that serves, resumes, truncates, corrupts and refuses."""

from __future__ import annotations

import errno
import hashlib
import io
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recmia.data import download
from recmia.data.download import check, fetch
from recmia.data.registry import Source
from recmia.errors import DataError

BODY = bytes(i * i % 251 for i in range(200_000))


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("top/ratings.dat", BODY)
    return file.getvalue()


class Server:
    """One file, and the ways in which a server may fail to give it."""

    def __init__(self) -> None:
        self.body, self.etag = BODY, '"first"'
        self.ranges = True  # honours Range
        self.cut: list[int] = []  # answers that stop after so many bytes
        self.statuses: list[int] = []  # answers that are errors
        self.kind = "application/octet-stream"
        self.redirect = False
        self.said_length = True
        self.requests: list[dict[str, str]] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        headers = {key.lower(): value for key, value in request.headers.items()}
        self.requests.append(headers)
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        if self.redirect and request.path != "/moved":
            request.send_response(302)
            request.send_header("Location", "/moved")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start, fresh = 0, headers.get("if-range") in (None, self.etag)
        match = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if match and self.ranges and fresh:
            start = int(match[1])
            if start >= len(self.body):
                request.send_error(416)
                return
            request.send_response(206)
            span = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
            request.send_header("Content-Range", span)
        else:
            request.send_response(200)
        request.send_header("Content-Type", self.kind)
        if self.etag:
            request.send_header("ETag", self.etag)
        rest = self.body[start:]
        if self.said_length:
            request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        request.wfile.write(rest[: self.cut.pop(0)] if self.cut else rest)


@pytest.fixture
def server(monkeypatch):
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 - the name that http.server looks for
            state.answer(self)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    state.url = f"http://127.0.0.1:{http.server_port}/file"
    monkeypatch.setattr(download, "PAUSE_S", 0.001)
    monkeypatch.setattr(download, "_BLOCK", 10_000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture
def register(server, monkeypatch):
    """Make the registry know one source, whose file is the server's."""

    def known(checksum: str | None = "right", archive: bool = False) -> Source:
        if archive:
            server.body = _archive()
        if checksum == "right":
            checksum = "sha256:" + hashlib.sha256(server.body).hexdigest()
        file = "toy.zip" if archive else "toy.dat"
        variants = [{"name": "toy/ratings.dat"}] if archive else []
        variants += [{"name": file, "checksum": checksum}]
        entry = Source(
            name="toy",
            title="Toy",
            page="https://example.org/",
            downloads=[{"url": server.url, "file": file, "checksum": checksum, "unpack": archive}],
            licence="none",
            citation="none",
            columns={"a": "b"},
            needs=[{"role": "ratings", "any_of": variants}],
        )
        monkeypatch.setattr("recmia.data.registry._load", lambda: {"toy": entry})
        return entry

    return known


def _names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file(server, register, tmp_path):
    register()
    assert fetch("toy", tmp_path / "data", progress=False) == [tmp_path / "data" / "toy.dat"]
    assert (tmp_path / "data" / "toy.dat").read_bytes() == BODY
    assert _names(tmp_path / "data") == ["toy.dat"]
    assert check("toy", tmp_path / "data")[0].status == "ok"
    fetch("toy", tmp_path / "data", progress=False)
    assert len(server.requests) == 1


def test_md5_and_progress(server, register, tmp_path, capfd):
    register("md5:" + hashlib.md5(BODY).hexdigest())
    fetch("toy", tmp_path, progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "toy.dat: 100%" in err and "200k/200k" in err


def test_an_archive_is_unpacked(server, register, tmp_path):
    register(archive=True)
    assert fetch("toy", tmp_path, progress=False) == [tmp_path / "toy" / "ratings.dat"]
    assert (tmp_path / "toy" / "ratings.dat").read_bytes() == BODY
    assert [file.status for file in check("toy", tmp_path)] == ["unverified", "ok"]
    (tmp_path / "toy.zip").unlink()
    fetch("toy", tmp_path, progress=False)
    assert len(server.requests) == 1


def test_a_redirect(server, register, tmp_path):
    register()
    server.redirect = True
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY


def test_goes_on_where_it_was_cut(server, register, tmp_path):
    register()
    server.cut = [50_000, 70_000]
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY
    asked = [request.get("range") for request in server.requests]
    assert asked == [None, "bytes=50000-", "bytes=120000-"]
    assert server.requests[1]["if-range"] == '"first"'


def test_goes_on_in_the_next_call(server, register, tmp_path):
    register()
    server.cut = [10_000] * download.ATTEMPTS
    with pytest.raises(DataError, match="failed 4 times.*40,000 bytes"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == ["toy.dat.part", "toy.dat.part.json"]
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY
    assert server.requests[-1]["range"] == "bytes=40000-"
    assert _names(tmp_path) == ["toy.dat"]


def test_a_server_that_ignores_ranges(server, register, tmp_path):
    register()
    server.ranges, server.cut = False, [50_000, 120_000]
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY


@pytest.mark.parametrize("checksum", ["right", None])
def test_a_file_that_changed_in_between(server, register, tmp_path, checksum):
    server.body, server.etag, server.cut = BODY[::-1], '"old"', [50_000] * download.ATTEMPTS
    server.ranges = False
    register(None)
    with pytest.raises(DataError):
        fetch("toy", tmp_path, progress=False)
    server.body, server.etag, server.ranges = BODY, '"new"', True
    register(checksum)
    fetch("toy", tmp_path, progress=False)
    assert server.requests[-1]["if-range"] == '"old"'
    assert (tmp_path / "toy.dat").read_bytes() == BODY


def test_without_a_validator_only_a_checksum_allows_to_go_on(server, register, tmp_path):
    server.etag = None
    for checksum, second in ((None, None), ("right", "bytes=50000-")):
        register(checksum)
        server.cut = [50_000]
        fetch("toy", tmp_path, progress=False)
        assert server.requests[-1].get("range") == second
        assert (tmp_path / "toy.dat").read_bytes() == BODY
        (tmp_path / "toy.dat").unlink()


def test_a_part_that_is_longer_than_the_file(server, register, tmp_path):
    register()
    server.cut = [150_000] + [0] * (download.ATTEMPTS - 1)
    with pytest.raises(DataError):
        fetch("toy", tmp_path, progress=False)
    server.body = BODY[:100_000]
    register()
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY[:100_000]


def test_corrupted(server, register, tmp_path):
    register()
    server.body = BODY[:1000] + b"\0" + BODY[1001:]
    with pytest.raises(DataError, match="not the expected file"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []
    server.body = BODY
    fetch("toy", tmp_path, progress=False)


def test_an_earlier_file_is_never_overwritten(server, register, tmp_path):
    register()
    mine = tmp_path / "toy.dat"
    mine.write_text("mine")
    with pytest.raises(DataError, match="not overwritten"):
        fetch("toy", tmp_path, progress=False)
    assert mine.read_text() == "mine" and server.requests == []
    assert check("toy", tmp_path)[0].status == "mismatch"


def test_busy_servers_are_asked_again(server, register, tmp_path):
    register()
    server.statuses = [503, 500, 429]
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "requests", "words"),
    [(403, 1, "may want a login"), (401, 1, "login"), (404, 1, "refused"), (410, 1, "refused"),
     (500, 4, "failed 4 times, last because the server answered 500")],
)  # fmt: skip
def test_refused(server, register, tmp_path, status, requests, words):
    register()
    server.statuses = [status] * 10
    with pytest.raises(DataError, match=words) as caught:
        fetch("toy", tmp_path, progress=False)
    assert caught.value.remedy and len(server.requests) == requests
    assert _names(tmp_path) == []


def test_a_login_page_is_not_data(server, register, tmp_path):
    register(None)
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(DataError, match="web page.*login"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []


def test_nobody_there(server, register, tmp_path):
    server.url = "http://127.0.0.1:9/file"
    register()
    with pytest.raises(DataError, match="the connection failed .*refused"):
        fetch("toy", tmp_path, progress=False)


def test_a_corrupt_archive_without_a_checksum(server, register, tmp_path):
    register(None, archive=True)
    server.body = server.body[:-30]
    with pytest.raises(DataError, match="not unpacked"):
        fetch("toy", tmp_path, progress=False)
    assert not (tmp_path / "toy").exists()


def test_a_full_disk(server, register, tmp_path, monkeypatch):
    register()
    real = download._Resuming._append

    def full(self, answer, start, total):
        real(self, answer, start, total)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download._Resuming, "_append", full)
    with pytest.raises(DataError, match="disk is full"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []


def test_a_login_is_explained(tmp_path):
    with pytest.raises(DataError) as caught:
        fetch("yoochoose", tmp_path, progress=False)
    for part in ("login", "kaggle.com", "yoochoose-clicks.dat", "recmia data check yoochoose"):
        assert part in str(caught.value)
    (tmp_path / "yoochoose-clicks.dat").touch()
    assert fetch("yoochoose", tmp_path) == [tmp_path / "yoochoose-clicks.dat"]


def test_check_says_what_is_missing(tmp_path):
    (missing,) = check("ml-20m", tmp_path)
    assert missing.status == "missing" and "recmia data fetch ml-20m" in missing.detail


@pytest.mark.real
def test_the_real_copies_are_told_from_the_official_files(real_data):
    # The shared ml-1m.zip holds every rating but was packed again.
    assert [file.status for file in check("ml-1m", real_data)] == ["mismatch"]
    assert [file.status for file in check("yoochoose-1-64", real_data)] == ["unverified"] * 2
