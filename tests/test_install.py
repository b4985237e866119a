"""``pip install .`` alone gives the audits: they need what pyproject.toml names, and no extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from recmia.attacks.registry import ATTACKS
from recmia.experiments.closure import inventory, reach

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
AUDITS = sorted(
    f"recmia.audit.{path.stem}" for path in (ROOT / "src/recmia/audit").glob("[!_]*.py")
)
ATTACK_MODULES = sorted({ATTACKS[name].__module__ for name in ATTACKS})

# Stands for an environment without the extra: what is listed first on its line cannot be imported.
WITHOUT = """
import importlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
absent = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Absent())
"""


def base() -> dict[str, Requirement]:
    needs = map(Requirement, PROJECT["dependencies"])
    return {canonicalize_name(need.name): need for need in needs}


def absent() -> set[str]:
    """Top-level names that only the extras bring."""
    distributions, there, queue = inventory()["distributions"], set(), [*base()]
    while queue:
        name = queue.pop()
        if name not in there and name in distributions:
            there.add(name)
            queue += distributions[name][1]
    packages = inventory()["packages"].items()
    return {top for top, owners in packages if not there & set(owners)} - {"recmia", "setuptools"}


def python(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run code where the extras are absent."""
    command = [sys.executable, "-c", WITHOUT + code, ",".join(sorted(absent())), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


RECMIA = "from recmia.cli import main; sys.argv[0] = 'recmia'; main()"


def test_what_the_audits_import_is_what_the_package_needs():
    imported = set(reach("recmia.audit.*").imported) | {"typer"}
    # Reached by the name of its folder only: no attack is in that module.
    assert "recmia.attacks.text_vectors" not in ATTACK_MODULES
    assert imported - {"transformers"} == base().keys()


def test_nothing_bounds_what_the_audits_are_installed_beside():
    for need in base().values():
        assert {each.operator for each in need.specifier} == {">="}, str(need)


def test_the_extra_bounds_what_merlin_needs_older():
    bounded = {
        need.name
        for need in map(Requirement, PROJECT["optional-dependencies"]["study"])
        if any(each.operator == "<" for each in need.specifier)
    }
    assert {"numpy", "pandas", "pyarrow", "torch", "merlin-core"} <= bounded


def test_the_extra_is_what_stands_in_the_way_here():
    assert {"nvtabular", "merlin", "transformers4rec", "papermill", "dask"} <= absent()
    assert not {"numpy", "torch", "polars", "typer"} & absent()


def test_audits_and_attacks_are_importable_without_the_extra():
    done = python(
        "for name in sys.argv[1:]: importlib.import_module(name)", *AUDITS, *ATTACK_MODULES
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["audit", "--help"]], ids=" ".join)
def test_the_command_line_answers_without_the_extra(words):
    done = python(RECMIA, *words)
    assert done.returncode == 0 and "recmia" in done.stdout, done.stderr


def test_an_audit_runs_without_the_extra(tmp_path):
    written = python(RECMIA, "audit", "example", "scores", "made-up", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    done = python(RECMIA, "audit", "scores", "made-up/memory", "--out", "found", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "found/index.html").exists()


@pytest.mark.parametrize(
    "words",
    [
        *(["run"], ["status"], ["report"], ["reproduced"], ["export", "scores"]),
        *(["data", "fetch", "ml-1m"], ["data", "check", "ml-1m"]),
    ],
    ids=" ".join,
)
def test_what_needs_the_extra_says_so_in_one_line(words, tmp_path):
    done = python(RECMIA, *words, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "is not installed" in line and "Remedy: `make environment`" in line
