"""Where computations run: resolved once, recorded, never silently changed."""

from __future__ import annotations

import os
import platform

from recmia.errors import DeviceError


def resolve_device(wanted: str = "auto") -> str:
    """The torch device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        DeviceError: ``cuda`` was asked for by name and there is none.
    """
    import torch  # imported here: it takes seconds, and the command line does not need it

    if wanted == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "device 'cuda' was asked for, but torch sees no GPU. "
            "Remedy: set device to 'auto' or 'cpu', or run in the GPU container."
        )
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def worker_count(device: str) -> int:
    """Models to train side by side: one a core on CPU, one at a time on a GPU."""
    if device != "cpu":
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
