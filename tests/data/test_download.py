"""Downloads against a local server that serves, truncates, corrupts and refuses."""

from __future__ import annotations

import errno
import hashlib
import io
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pooch
import pytest
import requests

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
        self.body = BODY
        self.cut: list[int] = []  # answers that stop after so many bytes
        self.statuses: list[int] = []  # answers that are errors
        self.kind = "application/octet-stream"
        self.redirect = False
        self.said_length = True
        self.requests: list[str] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        if self.redirect and request.path != "/moved":
            request.send_response(302)
            request.send_header("Location", "/moved")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("Content-Type", self.kind)
        if self.said_length:
            request.send_header("Content-Length", str(len(self.body)))
        request.end_headers()
        request.wfile.write(self.body[: self.cut.pop(0)] if self.cut else self.body)


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
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.setattr(download, "_BLOCK", 10_000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture
def register(server, monkeypatch):
    """Make the registry know one source, whose file is the server's."""

    def known(
        checksum: str | None = "right", archive: bool = False, lines: int | None = None
    ) -> Source:
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
            downloads=[
                {"url": server.url, "file": file, "checksum": checksum, "unpack": archive}
                | {"most_bytes": 2 * len(server.body), "lines": lines}
            ],
            licence="none",
            citation="none",
            columns={"a": "b"},
            needs=[{"role": "ratings", "any_of": variants}],
        )
        monkeypatch.setattr("recmia.data.registry._load", lambda: {"toy": entry})
        return entry

    return known


def _names(folder) -> list[str]:
    """What a fetch left, but for its locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_whole_file(server, register, tmp_path):
    register()
    assert fetch("toy", tmp_path / "data", progress=False) == [tmp_path / "data" / "toy.dat"]
    assert (tmp_path / "data" / "toy.dat").read_bytes() == BODY
    assert _names(tmp_path / "data") == ["toy.dat"]
    assert check("toy", tmp_path / "data")[0].status == "ok"
    fetch("toy", tmp_path / "data", progress=False)
    assert len(server.requests) == 1


def test_md5_and_progress(server, register, tmp_path, capfd, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(pooch.get_logger().handlers[0], "stream", log)
    register("md5:" + hashlib.md5(BODY).hexdigest())
    fetch("toy", tmp_path, progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "100%" in err and "200k/200k" in err
    assert f"'toy.dat' from '{server.url}'" in log.getvalue()


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


@pytest.mark.parametrize("said_length", [True, False])
def test_starts_again_where_it_was_cut(server, register, tmp_path, said_length):
    register()
    server.said_length, server.cut = said_length, [50_000, 0, 120_000]
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY
    assert len(server.requests) == 4 and _names(tmp_path) == ["toy.dat"]


@pytest.mark.parametrize("checksum", ["right", None])
def test_gives_up_and_keeps_nothing(server, register, tmp_path, checksum):
    register(checksum)
    server.cut = [10_000] * (download.RETRIES + 1)
    with pytest.raises(DataError, match="failed 4 times.*starts from the beginning"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []
    # What is there now may be another file.
    server.body = BODY[::-1]
    register(checksum)
    fetch("toy", tmp_path, progress=False)
    assert (tmp_path / "toy.dat").read_bytes() == BODY[::-1]


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
    [
        (403, 1, "does not give the file.*login"),
        (401, 1, "login"),
        (404, 1, "does not give the file.*moved"),
        (410, 1, "moved"),
        (500, 4, "failed 4 times, last because of: 500"),
    ],
)
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
    with pytest.raises(DataError, match="web page.*login.*https://example.org/.*save it as"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []


def test_nobody_there(server, register, tmp_path):
    server.url = "http://127.0.0.1:9/file"
    register()
    with pytest.raises(DataError, match="failed 4 times.*refused.*network"):
        fetch("toy", tmp_path, progress=False)


def test_a_corrupt_archive_without_a_checksum(server, register, tmp_path):
    register(None, archive=True)
    server.body = server.body[:-30]
    with pytest.raises(DataError, match="not unpacked"):
        fetch("toy", tmp_path, progress=False)
    assert not (tmp_path / "toy").exists()


def test_a_full_disk(server, register, tmp_path, monkeypatch):
    register()
    real = requests.Response.iter_content

    def full(answer, chunk_size):
        yield next(real(answer, chunk_size))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(requests.Response, "iter_content", full)
    with pytest.raises(DataError, match="disk is full"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []


@pytest.mark.parametrize("said_length", [True, False])
def test_a_body_that_is_too_long_is_not_kept(server, register, tmp_path, said_length):
    """Whether it says so or goes on and on: one attempt, and no more bytes than may be."""
    register()
    server.body, server.said_length = BODY * 50, said_length
    with pytest.raises(DataError, match=r"more than the 400,000 that the official file may have"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == [] and len(server.requests) == 1


def test_two_fetches_at_once_ask_once(server, register, tmp_path, capsys):
    register(archive=True)
    slow, answer = threading.Event(), server.answer

    def late(request):
        slow.wait(5)
        answer(request)

    server.answer = late
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(fetch, "toy", tmp_path, False) for _ in range(3)]
        while "is waited for" not in capsys.readouterr().err:
            time.sleep(0.01)
        slow.set()
        found = [one.result() for one in asked]
    assert found == [[tmp_path / "toy" / "ratings.dat"]] * 3
    assert (tmp_path / "toy" / "ratings.dat").read_bytes() == BODY
    assert len(server.requests) == 1 and _names(tmp_path) == ["toy", "toy.zip"]


def test_without_a_checksum_the_lines_are_counted(server, register, tmp_path, capsys):
    register(checksum=None, lines=BODY.count(b"\n"))
    fetch("toy", tmp_path, progress=False)
    said = capsys.readouterr().err
    assert "no checksum is published" in said and hashlib.sha256(BODY).hexdigest() in said
    register(checksum=None, lines=7)
    (tmp_path / "toy.dat").unlink()
    with pytest.raises(DataError, match=r"and not 7; it was removed"):
        fetch("toy", tmp_path, progress=False)
    assert _names(tmp_path) == []


@pytest.mark.parametrize("checksum", ["right", None])
def test_a_lapsed_certificate(register, tmp_path, monkeypatch, checksum):
    def lapsed(*args, **keywords):
        raise requests.exceptions.SSLError("certificate has expired")

    monkeypatch.setattr(requests, "get", lapsed)
    register(checksum)
    with pytest.raises(DataError, match=r"certificate of 127.0.0.1 is not valid") as found:
        fetch("toy", tmp_path, progress=False)
    assert ("curl --insecure" in str(found.value)) == (checksum is not None)
    (tmp_path / "toy.dat").write_bytes(BODY)  # from anywhere else
    assert fetch("toy", tmp_path, progress=False) == [tmp_path / "toy.dat"]


def test_every_download_is_pinned_by_checksum_or_lines():
    from recmia.data.registry import sources

    for source in sources():
        for one in source.downloads:
            assert one.checksum or one.lines, one.file
            assert one.most_bytes < 2**28


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
