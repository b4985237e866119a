"""Downloads that are checked, and never leave half a file in place of a good one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from recmia.data.archives import unpack
from recmia.data.registry import Download, Source, find_files, source
from recmia.errors import DataError
from recmia.storage import explain_unwritable, file_hash

RETRIES = 3
TIMEOUT_S = 30.0
_BLOCK = 2**16
# Answers that another attempt may change; others are final.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class CheckedFile:
    """What :func:`check` says of one file.

    Attributes:
        path: the file, or where it was looked for first.
        status: ``ok`` (checksum of the official file), ``mismatch`` (another file of that name),
            ``unverified`` (no checksum is known), ``missing``.
        detail: what to know or to do, in a sentence.
    """

    path: Path
    status: Literal["ok", "missing", "mismatch", "unverified"]
    detail: str


def fetch(name: str, folder: str | Path, progress: bool = True) -> list[Path]:
    """Download the files of a data set that are not in ``folder`` yet, and unpack archives.

    A download that is cut starts again from its beginning: the largest file of the registry has
    0.2 GB, which is not worth halves that have to be matched to what the server has now.

    Args:
        name: a source of the registry.
        folder: data folder; made where it is missing.
        progress: show addresses and a progress bar on the error stream.

    Returns:
        The files that the reader needs, as :func:`recmia.data.registry.find_files`.

    Raises:
        DataError: unknown name, a login is needed, refused or failed after several attempts,
            checksum of another file, unsafe archive, full disk. An earlier file stays as it was.
    """
    entry, folder = source(name), Path(folder)
    for download in entry.downloads:
        with explain_unwritable(folder / download.file), _alone(folder, download):
            here = all((folder / needed.any_of[0].name).is_file() for needed in entry.needs)
            if download.unpack and here:
                continue
            path = _fetch_file(entry, download, folder, progress)
            if download.unpack:
                unpack(path, folder / entry.name)
    return find_files(name, folder)


@contextmanager
def _alone(folder: Path, download: Download) -> Iterator[None]:
    """Wait until nobody else downloads the file; what it has brought is then found there."""
    folder.mkdir(parents=True, exist_ok=True)
    # The lock's file stays: who removes it takes it from those who wait.
    lock = FileLock(folder / f".{Path(download.file).name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another download of {download.file} is at work: it is waited for.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def check(name: str, folder: str | Path) -> list[CheckedFile]:
    """Compare the files of a data set in ``folder`` with the checksums of the official files.

    Raises:
        DataError: unknown name.
    """
    from pooch.hashes import hash_matches

    entry, folder = source(name), Path(folder)
    checked = []
    for needed in entry.needs:
        here = [variant for variant in needed.any_of if (folder / variant.name).is_file()]
        for variant in here:
            path = folder / variant.name
            if variant.checksum is None:
                note = f" ({variant.note})" if variant.note else ""
                status, detail = "unverified", f"there, no official checksum is known{note}"
            elif hash_matches(path, variant.checksum):
                status, detail = "ok", "the official file"
            else:
                status = "mismatch"
                detail = (
                    "not the official file byte for byte: damaged, packed again, or another "
                    f"release; to replace it, move it away and run `recmia data fetch {name}`"
                )
            checked.append(CheckedFile(path, status, detail))
        if not here:
            path = folder / needed.any_of[0].name
            checked.append(CheckedFile(path, "missing", entry.remedy(folder)))
    return checked


def _fetch_file(entry: Source, download: Download, folder: Path, progress: bool) -> Path:
    import pooch
    import requests

    path, url = folder / download.file, download.url
    if path.exists() and not pooch.hashes.hash_matches(path, download.checksum):
        raise DataError(
            "this is not the official file (another checksum), and is not overwritten.",
            file=path,
            remedy=f"move it away and run `recmia data fetch {entry.name}` again; a copy packed "
            "again may serve as it is, `recmia data check` says more.",
        )
    pooch.get_logger().disabled = not progress
    store = pooch.Pooch(
        folder,
        base_url="",
        registry={download.file: download.checksum},
        urls={download.file: url},
        retry_if_failed=RETRIES,
    )
    downloader = pooch.HTTPDownloader(
        progressbar=progress,
        chunk_size=_BLOCK,
        timeout=TIMEOUT_S,
        headers={"Accept-Encoding": "identity"},  # the bytes that the checksum is of
        hooks={"response": partial(_refuse, entry, download, path)},
    )
    fresh = not path.exists()
    try:
        store.fetch(download.file, downloader=downloader)
    except requests.exceptions.SSLError as error:
        raise DataError(
            f"the certificate of {urlsplit(url).hostname} is not valid, so that nobody knows who "
            f"answers ({error}); nothing was downloaded.",
            file=path,
            remedy=_another_way(download, path, entry.name),
        ) from error
    except requests.RequestException as error:
        raise DataError(
            f"{url} failed {RETRIES + 1} times, last because of: {error}.",
            file=path,
            remedy="check the network, then run the command again; it starts from the beginning.",
        ) from error
    except ValueError as error:
        raise DataError(
            f"what {url} sent is not the expected file ({error}); it was removed.",
            file=path,
            remedy="run the command again; if it happens again, the publisher has changed the "
            "file or something on the way does.",
        ) from error
    if download.checksum is None and fresh:
        _check_lines(download, path)
    return path


def _another_way(download: Download, path: Path, name: str) -> str:
    """What to do where the official host cannot be trusted; a known checksum makes up for that."""
    if download.checksum is None:
        return "wait until the publisher has renewed it; the file's checksum is not known."
    return (
        "wait until the publisher has renewed it. The file's checksum is known, so that it may "
        f"come from anywhere: from a mirror, or with `curl --insecure --location --output {path} "
        f"{download.url}`; then run `recmia data fetch {name}` again, which compares it."
    )


def _check_lines(download: Download, path: Path) -> None:
    """Of a file without a published checksum the number of lines is compared, and said.

    Raises:
        DataError: it has another number of lines; it is removed.
    """
    with open(path, "rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    if download.lines is not None and lines != download.lines:
        path.unlink()
        raise DataError(
            f"what {download.url} sent has {lines:,} lines and not {download.lines:,}; it was "
            "removed.",
            file=path,
            remedy="run the command again; if it stays so, the publisher has another file now.",
        )
    print(
        f"{path}: no checksum is published for this file. "
        + ("" if download.lines is None else f"It has the {lines:,} lines that it should have. ")
        + f"Its SHA-256 is {file_hash(path)}: note it, to tell whether it is ever another.",
        file=sys.stderr,
    )


def _too_long(download: Download, path: Path, size: str) -> DataError:
    return DataError(
        f"{download.url} sends {size} bytes, more than the {download.most_bytes:,} that the "
        "official file may have; it was not kept.",
        file=path,
        remedy="something on the way answers in its place, or the publisher has another file now.",
    )


def _refuse(entry: Source, download: Download, path: Path, answer: Any, **_: Any) -> None:
    """Stop at an answer that no other attempt changes; a web page is no data either."""
    if answer.is_redirect or answer.status_code in _PASSING:
        return
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    if page or not answer.ok:
        raise DataError(
            f"{answer.url} does not give the file (answer {answer.status_code} {answer.reason}"
            f"{', a web page' if page else ''}): it may have moved, want a login, or block this "
            "network.",
            file=path,
            remedy=f"look for it at {entry.page} in a browser and save it as {path}.",
        )
    said = answer.headers.get("Content-Length", "")
    if said.isdigit() and int(said) > download.most_bytes:
        raise _too_long(download, path, f"{int(said):,}")
    pieces = answer.iter_content

    def at_most(*args: Any, **keywords: Any) -> Iterator[bytes]:
        got = 0
        for piece in pieces(*args, **keywords):
            got += len(piece)
            if got > download.most_bytes:
                raise _too_long(download, path, f"{got:,} and more")
            yield piece

    answer.iter_content = at_most
