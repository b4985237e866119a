"""The machine that a run is made on, and what to say of it before a run begins."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from recmia.device import processor_name, worker_count
from recmia.recommenders.settings import Target

CPUINFO = Path("/proc/cpuinfo")
# Instructions that multiply bfloat16, as Linux names them for x86 and ARM.
BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16", "svebf16"}


def hardware() -> dict[str, Any]:
    """Processor, cores that this process may use, memory and GPUs."""
    import psutil

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": worker_count("cpu"),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": gpus(),
    }


def gpus() -> list[str]:
    """Name and memory of each NVIDIA GPU."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in found.stdout.splitlines() if line.strip()]


def multiplies_bfloat16() -> bool | None:
    """Whether the processor has instructions for bfloat16; None where it does not say."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    named = [line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))]
    return bool(BFLOAT16.intersection(named[0].split())) if named else None


def slow_training(settings: BaseModel) -> str | None:
    """What to say before a run trains in bfloat16 on a processor that has to imitate it.

    Args:
        settings: of a profile; ``device`` says where it trains.

    Returns:
        A sentence with the remedy, None where there is nothing to say.
    """
    chosen = [f"{name}.precision" for name in _in_bfloat16(settings)]
    if not chosen or multiplies_bfloat16() is not False:
        return None
    if settings.device == "cuda" or (settings.device == "auto" and gpus()):
        return None
    remedy = " ".join(f"--set {name}=float32" for name in chosen)
    return (
        f"this processor has no instructions for bfloat16 ({', '.join(chosen)}) and imitates them: "
        f"training takes several times longer here than with float32, which is {remedy}."
    )


def _in_bfloat16(section: BaseModel, above: str = "") -> Iterator[str]:
    """Dotted names of the recommenders of some settings that train in bfloat16."""
    for name, value in section:
        if isinstance(value, Target):
            if value.precision == "bfloat16":
                yield above + name
        elif isinstance(value, BaseModel):
            yield from _in_bfloat16(value, f"{above}{name}.")
