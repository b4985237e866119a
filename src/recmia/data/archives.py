"""Archives unpacked safely."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recmia.errors import DataError


@contextmanager
def explain_full_disk(path: str | Path) -> Iterator[None]:
    """Turn a full disk or quota inside the block into an error that says what to do.

    Raises:
        DataError: no space was left for ``path``.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(
            "the disk is full; nothing half-written was left.",
            file=path,
            remedy=f"free space beside {Path(path).parent}, or choose another data folder "
            "with RECMIA_DATA, and run the command again.",
        ) from error
