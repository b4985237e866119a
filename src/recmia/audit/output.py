"""The folder of an audit: made aside, then put in the place of an earlier audit's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from recmia.errors import ArtifactError
from recmia.spreadsheets import FORMULA, NUMBER
from recmia.storage import read_json

METRICS = "metrics.json"


def check_out(out: Path, kind: str, files: tuple[str, ...], force: bool = False) -> None:
    """Refuse a folder that an audit must not replace, before any work is done.

    Args:
        out: the folder to be written.
        kind: of the audit, as its ``metrics.json`` says.
        files: names of all files that such an audit writes.
        force: an earlier audit of the same kind may be replaced.

    Raises:
        ArtifactError: the folder holds anything, with ``force`` anything but an earlier audit of
            the same kind, or is a file.
    """
    remedy = "Remedy: name another folder with --out, or move this one away."
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ArtifactError(f"{out} is not a folder. {remedy}")
    names = sorted(path.name for path in out.iterdir()) if out.exists() else []
    if not names:
        return
    earlier = read_metrics(out / METRICS)
    if earlier.get("kind") != kind:
        raise ArtifactError(f"{out} holds something else than an earlier audit. {remedy}")
    foreign = [name for name in names if name not in files]
    if foreign:
        raise ArtifactError(f"{out} holds '{foreign[0]}', which no audit wrote. {remedy}")
    if not force:
        raise ArtifactError(
            f"{out} holds an audit already (made {earlier.get('date', 'earlier')}). Remedy: name "
            "another folder with --out, or replace the earlier audit with --force."
        )


@contextmanager
def folder_aside(out: Path) -> Iterator[Path]:
    """Yield a new folder beside ``out``; it takes its place only if the block succeeds.

    Raises:
        ArtifactError: the place cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    except OSError as error:
        raise ArtifactError(
            f"{out} cannot be written ({error.strerror}). Remedy: name a folder with --out."
        ) from error
    earlier = aside.with_suffix(".earlier")
    try:
        yield aside
        aside.chmod(0o755)
        if out.exists():
            os.rename(out, earlier)
        os.rename(aside, out)
    finally:
        if earlier.exists() and not out.exists():
            os.rename(earlier, out)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(earlier, ignore_errors=True)


def read_metrics(path: Path) -> dict[str, Any]:
    """What stands in an audit's ``metrics.json``; nothing where it cannot be read."""
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_ids(frame: pl.DataFrame, path: Path) -> None:
    """Write a table whose texts are ids, none of which a spreadsheet takes for a formula."""
    texts = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
    frame.with_columns(
        pl.when(text.str.contains(FORMULA) & ~text.str.contains(NUMBER))
        .then(pl.concat_str(pl.lit("'"), text))
        .otherwise(text)
        .alias(text.meta.output_name())
        for text in texts
    ).write_csv(path)
