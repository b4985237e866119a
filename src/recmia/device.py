"""Where computations run: resolved once, recorded, never silently changed."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from recmia.errors import DeviceError

if TYPE_CHECKING:
    import torch


def resolve_device(wanted: str | torch.device) -> torch.device:
    """The device of that name; ``auto`` is the GPU where there is one.

    Raises:
        DeviceError: a GPU was asked for by name and there is none.
    """
    import torch  # imported here: it takes seconds, and the command line does not need it

    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            f"device '{device}' was asked for, but torch sees no GPU. "
            "Remedy: set device to 'auto' or 'cpu', or run in the GPU container."
        )
    return device


def worker_count(device: str | torch.device) -> int:
    """Models to train side by side: one a core on CPU, one at a time on a GPU."""
    if str(device) != "cpu":
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    """The processor as its maker calls it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
