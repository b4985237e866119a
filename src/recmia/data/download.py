"""Downloads that are checked, and never leave half a file in place of a good one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from recmia.data.archives import unpack
from recmia.data.registry import Download, Source, find_files, source
from recmia.errors import DataError
from recmia.storage import explain_unwritable

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
    unpacked = all((folder / needed.any_of[0].name).is_file() for needed in entry.needs)
    for download in entry.downloads:
        if download.unpack and unpacked:
            continue
        with explain_unwritable(folder / download.file):
            path = _fetch_file(entry, download, folder, progress)
            if download.unpack:
                unpack(path, folder / entry.name)
    return find_files(name, folder)


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
        hooks={"response": partial(_refuse, entry, path)},
    )
    try:
        store.fetch(download.file, downloader=downloader)
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
    return path


def _refuse(entry: Source, path: Path, answer: Any, **_: Any) -> None:
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
