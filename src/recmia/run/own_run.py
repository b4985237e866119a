"""`recmia audit clicks`: a folder of its own for the run on somebody's file, with its page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from recmia.errors import ArtifactError
from recmia.run.own_check import Checked, check, write_profile

PAGE = "page"


def open_run(
    path: Path,
    out: Path,
    columns: Mapping[str, str] | None = None,
    *,
    encoding: str | None = None,
    gap: float | None = None,
) -> tuple[Checked, Path]:
    """Check a file and point this process' run into ``out``.

    Args:
        path: the file of clicks.
        out: folder; artifacts go into ``artifacts``, the report into ``page``.
        columns: see `recmia.data.recognise.recognise`.
        encoding: of the text.
        gap: minutes.

    Returns:
        The reading, and the path of the profile, which is written unless it is there already.

    Raises:
        DataError: the file cannot be read, or is too short.
        ArtifactError: ``out`` holds something else, or the run of another reading.
    """
    out = out.resolve()
    profile = out / f"{PAGE}.yaml"
    if out.exists() and not profile.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArtifactError(f"{out} holds something else. Remedy: name a new folder with --out.")
    found = check(path, columns, encoding=encoding, gap=gap)
    if not profile.exists():
        if found.profile is not None:
            out.mkdir(parents=True, exist_ok=True)
        write_profile(found, profile)
    elif profile.read_text(encoding="utf-8") != found.profile:
        raise ArtifactError(
            f"{out} holds a run on another file, or with other columns or an edited profile. "
            f"Remedy: name a new folder with --out, or `recmia run --profile {profile}`."
        )
    # Notebooks' kernels go by these too.
    os.environ["RECMIA_ARTIFACTS"] = str(out / "artifacts")
    os.environ["RECMIA_REPORTS"] = str(out)
    return found, profile
