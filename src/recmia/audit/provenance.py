"""Where a page comes from: date, command and versions."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

from recmia import __version__

_PACKAGES = ("numpy", "scipy", "scikit-learn", "polars", "pyarrow", "torch")


def provenance(kind: str, words: Sequence[object], options: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of ``metrics.json`` that say when and with what it was made.

    Args:
        kind: the command, such as "recmia audit lists".
        words: its arguments, in their order.
        options: settings by name; those that are None are left out of the command.
    """
    chosen = [
        f"--{name.replace('_', '-')}={value}"
        for name, value in options.items()
        if value is not None
    ]
    return {
        "kind": kind,
        "version": __version__,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join([*kind.split(), *map(str, words), *chosen]),
    }
