"""Downloads that resume, are checked, and never leave half a file in place of a good one."""

from __future__ import annotations

import logging
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recmia.data.archives import explain_full_disk, unpack
from recmia.data.registry import Download, Source, find_files, source
from recmia.errors import DataError
from recmia.storage import read_json, write_json

ATTEMPTS = 4
PAUSE_S = 1.0  # doubled after each attempt
TIMEOUT_S = 30.0
# What came of the last block is lost when the connection is cut.
_BLOCK = 2**16
# Answers that another attempt may change; others are final.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class CheckedFile:
    """What :func:`check` says of one file.

    Attributes:
        path: the file, or where it was looked for first.
        role: what the reader needs it for.
        status: ``ok`` (checksum of the official file), ``mismatch`` (another file of that name),
            ``unverified`` (no checksum is known), ``missing``.
        detail: what to know or to do, in a sentence.
    """

    path: Path
    role: str
    status: Literal["ok", "missing", "mismatch", "unverified"]
    detail: str


def fetch(name: str, folder: str | Path, progress: bool = True) -> list[Path]:
    """Download the files of a data set that are not in ``folder`` yet, and unpack archives.

    A broken download leaves a ``.part`` file, from which the next call goes on.

    Args:
        name: a source of the registry.
        folder: data folder; made where it is missing.
        progress: show a progress bar on the error stream.

    Returns:
        The files that the reader needs, as :func:`recmia.data.registry.find_files`.

    Raises:
        DataError: unknown name, a login is needed, refused or failed after several attempts,
            checksum of another file, unsafe archive, full disk. An earlier file stays as it was.
    """
    entry, folder = source(name), Path(folder)
    unpacked = all((folder / needed.any_of[0].name).is_file() for needed in entry.needs)
    for download in entry.downloads:
        if download.unpack and unpacked:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = _fetch_file(entry, download, folder, progress)
            # Unpacking ends with a rename, so a folder that is there is whole.
            if download.unpack and not (folder / entry.name).exists():
                unpack(path, folder / entry.name)
        except PermissionError as error:
            raise DataError(
                f"the data folder cannot be written ({error.strerror}).",
                file=error.filename or folder,
                remedy="set RECMIA_DATA to a folder of your own.",
            ) from error
    return find_files(name, folder)


def check(name: str, folder: str | Path) -> list[CheckedFile]:
    """Compare the files of a data set in ``folder`` with the checksums of the official files.

    Raises:
        DataError: unknown name.
    """
    import pooch

    entry, folder = source(name), Path(folder)
    checked = []
    for needed in entry.needs:
        here = [variant for variant in needed.any_of if (folder / variant.name).is_file()]
        for variant in here:
            path = folder / variant.name
            note = f" ({variant.note})" if variant.note else ""
            if variant.checksum is None:
                status, detail = "unverified", f"there, no official checksum is known{note}"
            elif (
                pooch.file_hash(path, alg=variant.checksum.split(":")[0])
                == (variant.checksum.split(":")[1])
            ):
                status, detail = "ok", "the official file"
            else:
                status = "mismatch"
                detail = (
                    "not the official file byte for byte: damaged, packed again, or another "
                    f"release; to replace it, move it away and run `recmia data fetch {name}`"
                )
            checked.append(CheckedFile(path, needed.role, status, detail))
        if not here:
            path = folder / needed.any_of[0].name
            checked.append(CheckedFile(path, needed.role, "missing", entry.remedy(folder)))
    return checked


def _fetch_file(entry: Source, download: Download, folder: Path, progress: bool) -> Path:
    import pooch
    import requests

    path = folder / download.file
    if path.exists():
        if download.checksum is None or pooch.hashes.hash_matches(path, download.checksum):
            return path
        raise DataError(
            "this is not the official file (another checksum), and is not overwritten.",
            file=path,
            remedy=f"move it away and run `recmia data fetch {entry.name}` again; a copy packed "
            "again may serve as it is, `recmia data check` says more.",
        )
    # Without a known checksum pooch prints the one that it found; `check` reports instead.
    pooch.get_logger().setLevel(logging.WARNING)
    downloader = _Resuming(path, verified=download.checksum is not None, progress=progress)
    try:
        with explain_full_disk(path):
            pooch.retrieve(
                download.url,
                known_hash=download.checksum,
                fname=path.name,
                path=path.parent,
                downloader=downloader,
            )
    except requests.RequestException as error:
        raise DataError(
            f"{download.url} could not be reached: {error}.",
            file=path,
            remedy="check the address and the network, then run the command again.",
        ) from error
    except ValueError as error:
        raise DataError(
            f"what {download.url} sent is not the expected file ({error}); it was removed.",
            file=path,
            remedy="run the command again; if it happens again, the publisher has changed the "
            "file or something on the way does.",
        ) from error
    return path


class _Broken(Exception):
    """The connection failed in a way that another attempt may mend."""


class _Resuming:
    """A pooch downloader that goes on from ``<file>.part`` where the server allows it."""

    def __init__(self, path: Path, verified: bool, progress: bool) -> None:
        self.path, self.verified, self.progress = path, verified, progress
        self.part = path.with_name(path.name + ".part")
        self.origin = path.with_name(path.name + ".part.json")

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._receive(url)
                break
            except _Broken as error:
                if attempt == ATTEMPTS:
                    kept = self.part.stat().st_size if self.part.exists() else 0
                    raise DataError(
                        f"{url} failed {ATTEMPTS} times, last because {error}.",
                        file=self.path,
                        remedy=f"run the command again later; it goes on after {kept:,} bytes.",
                    ) from error
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
            except OSError as error:
                # A full disk: the part would only keep it full.
                if error.errno is not None:
                    self._discard()
                raise
        shutil.move(self.part, output_file)
        self.origin.unlink(missing_ok=True)

    def _receive(self, url: str) -> None:
        """One request: the rest of the part, or the whole file."""
        import requests

        have, headers = self._resume_from(url)
        try:
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
                if answer.status_code == 416:
                    self._discard()
                    raise _Broken("the server has no such range; the part was discarded")
                self._refuse(answer, url)
                start, total = _extent(answer)
                if start not in (0, have):
                    self._discard()
                    raise _Broken("the server sent another range than asked for")
                if start == 0:
                    # Before the note of the new origin: old bytes must never pass for its own.
                    self.part.unlink(missing_ok=True)
                validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
                write_json(self.origin, {"url": url, "validator": validator})
                self._append(answer, start, total)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _Broken(f"the connection failed ({_cause(error)})") from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise _Broken("the connection was cut") from error

    def _resume_from(self, url: str) -> tuple[int, dict[str, str]]:
        """Bytes to keep of the part, and the headers that ask for the rest of the same file."""
        headers = {"Accept-Encoding": "identity"}
        if not self.part.exists() or not self.origin.exists():
            return 0, headers
        origin, have = read_json(self.origin), self.part.stat().st_size
        validator = origin["validator"]
        weak = validator is None or validator.startswith("W/")
        # Without a validator only a checksum can tell that both halves are of one file.
        if have == 0 or origin["url"] != url or (weak and not self.verified):
            return 0, headers
        headers["Range"] = f"bytes={have}-"
        if not weak:
            headers["If-Range"] = validator
        return have, headers

    def _append(self, answer: Any, start: int, total: int | None) -> None:
        from tqdm import tqdm

        bar = tqdm(
            total=total, initial=start, unit="B", unit_scale=True, desc=self.path.name,
            disable=not self.progress,
        )  # fmt: skip
        with bar, open(self.part, "ab" if start else "wb") as file:
            for block in answer.iter_content(_BLOCK):
                file.write(block)
                bar.update(len(block))
        size = self.part.stat().st_size
        if total is not None and size != total:
            if size > total:
                self._discard()
            raise _Broken(f"{size:,} of {total:,} bytes came")

    def _refuse(self, answer: Any, url: str) -> None:
        status = answer.status_code
        if status in _PASSING:
            raise _Broken(f"the server answered {status} {answer.reason}")
        page = answer.headers.get("Content-Type", "").startswith("text/html")
        if status in (401, 403) or (status in (200, 206) and page):
            raise DataError(
                f"{url} does not give the file (answer {status} {answer.reason}"
                f"{', a web page' if page else ''}): it may want a login or block this network.",
                file=self.path,
                remedy=f"download it in a browser and save it as {self.path}.",
            )
        if status not in (200, 206):
            raise DataError(
                f"{url} refused the download (answer {status} {answer.reason}).",
                file=self.path,
                remedy=f"look for the new address of the file and save it as {self.path}.",
            )

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)


def _extent(answer: Any) -> tuple[int, int | None]:
    """First byte sent, and size of the whole file where the server says so."""
    if answer.status_code == 206:
        match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if match is None:
            raise _Broken("the server sent a part without saying which")
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = answer.headers.get("Content-Length")
    encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
    return 0, None if length is None or encoded else int(length)


def _cause(error: Exception) -> str:
    """The last words of urllib3's nested messages, as '[Errno 111] Connection refused'."""
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", inner)).rsplit(": ", 1)[-1]
