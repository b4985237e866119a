"""Resolve pyproject.toml afresh for each Python we support and write requirements.lock.

Run by ``make lock``; each interpreter is a name on PATH or a path:

    python scripts/lock.py PIP_REQUIREMENT PYTHON [PYTHON ...]

A package with one version everywhere gets one line; where the Pythons differ, each line carries an
environment marker. What a CUDA build of torch pulls in is left out: pip adds it on machines whose
index serves that build, and a CPU-only machine must not be made to fetch gigabytes of it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
BROUGHT_BY_CUDA_TORCH = re.compile(r"(nvidia|cuda|triton)(-|$)")
HEADER = """\
# The whole environment, pinned, for Python 3.11 and 3.10. Written by `make lock`; do not edit.
# The packages that a CUDA build of torch needs are left to pip.
"""


def resolve(python: str, installer: str) -> tuple[str, dict[str, str]]:
    """Resolve the package with what notebooks and tests need, installing nothing but pip.

    Args:
        python: Interpreter to resolve for.
        installer: Requirement that pins pip.

    Returns:
        The interpreter's version, as in "3.11", and versions by normalised package name.

    Raises:
        subprocess.CalledProcessError: The interpreter does not run, or nothing fits the bounds.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [f"{folder}/venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install"]
        subprocess.run([python, "-m", "venv", f"{folder}/venv"], check=True)
        subprocess.run([*pip, "--quiet", installer], check=True)
        options = ["--quiet", "--dry-run", "--ignore-installed", "--report", str(report)]
        subprocess.run([*pip, *options, f"{ROOT}[study,dev]"], check=True)
        content = json.loads(report.read_text())
    pins = {}
    for entry in content["install"]:
        name = re.sub(r"[-_.]+", "-", entry["metadata"]["name"]).lower()
        if name != "recmia" and not BROUGHT_BY_CUDA_TORCH.match(name):
            pins[name] = entry["metadata"]["version"].partition("+")[0]
    return content["environment"]["python_version"], pins


def merge(resolved: dict[str, dict[str, str]]) -> list[str]:
    """Write the pins of several Pythons as requirement lines, with markers where they differ.

    Args:
        resolved: Versions by package name, by Python version.
    """
    lines = []
    for name in sorted(set().union(*resolved.values())):
        versions = {python: pins.get(name) for python, pins in resolved.items()}
        if len(set(versions.values())) == 1:
            lines.append(f"{name}=={versions.popitem()[1]}")
            continue
        for python, version in sorted(versions.items(), reverse=True):
            if version is not None:
                lines.append(f'{name}=={version} ; python_version == "{python}"')
    return lines


if __name__ == "__main__":
    installer, *pythons = sys.argv[1:]
    resolved = dict(resolve(python, installer) for python in pythons)
    LOCK.write_text(HEADER + "\n".join(merge(resolved)) + "\n")
    print(f"{LOCK.name}: {', '.join(f'{len(p)} packages for {v}' for v, p in resolved.items())}")
