"""Write requirements-hashed.lock: what requirements.lock pins, with the hashes that the index has.

Run by ``make lock`` after ``scripts/lock.py``:

    python scripts/hashes.py [INDEX]     # pip's where none is named

Of every release the hashes of all files that a Python of ours could install are listed, whatever
the system, so that one file serves all of them. torch is left out: its builds for a CPU come from
other places than the index, with hashes of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import requests
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = Path(__file__).resolve().parents[1]
LOCK, HASHED = ROOT / "requirements.lock", ROOT / "requirements-hashed.lock"
FORMAT = "application/vnd.pypi.simple.v1+json"  # PEP 691
TIMEOUT_S = 20
WIDE = {"COLUMNS": "400"}  # pip breaks no address over two lines
RETRIES = Retry(total=5, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
INTERPRETERS, NEWEST = {"cp310", "cp311", "py3", "py310", "py311"}, 11
LEFT_OUT = {"torch"}
HEADER = """\
# What requirements.lock pins, with hashes of all files that a Python 3.11 or 3.10 could install
# from the Python Package Index. Written by `make lock`; do not edit. torch is in requirements.lock
# alone: its builds for a CPU come from elsewhere.
"""


def index_of_pip() -> str:
    """The address of the package index that pip is set up for, which its help names.

    Raises:
        SystemExit: it names none.
    """
    command = [sys.executable, "-m", "pip", "install", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, env=os.environ | WIDE).stdout
    found = re.search(r"Python Package Index\s+\(default\s+(https?://[^\s)]+)", said)
    if found is None:
        raise SystemExit("pip names no package index. Remedy: name one, as the first argument.")
    return found[1]


def fits(filename: str, version: Version) -> bool:
    """Whether a file is of that version, and for one of our Pythons on any system."""
    try:
        if not filename.endswith(".whl"):
            return parse_sdist_filename(filename)[1] == version
        _, found, _, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False  # files of ancient kinds
    return found == version and any(map(_ours, tags))


def _ours(tag: Tag) -> bool:
    if tag.abi == "abi3":  # whatever is not older than the interpreter that it names
        return 2 <= int(tag.interpreter.removeprefix("cp3")) <= NEWEST
    return tag.interpreter in INTERPRETERS


def hashes(requirement: Requirement, index: str, session: requests.Session) -> list[str]:
    """SHA-256 of the files of a pinned release, sorted.

    Raises:
        requests.RequestException: the index does not answer.
        SystemExit: it has no such file, or one without a hash.
    """
    (pin,) = requirement.specifier
    asked = f"{index}/{requirement.name}/"
    answer = session.get(asked, headers={"Accept": FORMAT}, timeout=TIMEOUT_S)
    answer.raise_for_status()
    files = answer.json()["files"]
    fitting = [file for file in files if fits(file["filename"], Version(pin.version))]
    found = {file["hashes"].get("sha256") for file in fitting}
    if not found or None in found:
        raise SystemExit(f"The index has no hash of every file of {requirement}.")
    return sorted(found)


if __name__ == "__main__":
    index = (sys.argv[1:] or [index_of_pip()])[0].rstrip("/")
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=RETRIES))
    lines = []
    for text in LOCK.read_text().splitlines():
        if text.startswith("#") or (pinned := Requirement(text)).name in LEFT_OUT:
            continue
        found = hashes(pinned, index, session)
        # On one line: the Dockerfile picks lines by name.
        lines.append(" ".join([text, *(f"--hash=sha256:{one}" for one in found)]))
    HASHED.write_text(HEADER + "\n".join(lines) + "\n")
    print(f"{HASHED.name}: {sum(x.count('--hash') for x in lines)} hashes of {len(lines)} releases")
