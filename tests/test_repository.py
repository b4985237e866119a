"""House rules that a machine can check: style, clean notebooks, no machine's paths, no pickle."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODULES = sorted((ROOT / "src").rglob("*.py"))

# In pieces, so that this file does not hold what it forbids.
MACHINE_PATHS = "|".join(
    [
        "/work" + "/(main|shared)",
        "/root" + "/",
        "/opt" + "/(wheels|pypi)",
        "/Users" + "/",
        "/tmp" + "/env",
    ]
)
REGISTRY_HOSTS = "|".join(
    ["pypi" + r"\.org", "python" + r"hosted\.", "download" + r"\.pytorch", "--index" + "-url"]
)
DATA_SUFFIXES = {
    ".dat",
    ".gz",
    ".zip",
    ".parquet",
    ".pt",
    ".pth",
    ".pkl",
    ".npy",
    ".npz",
    ".safetensors",
}


def tracked() -> list[Path]:
    """Files that git tracks; skips where the checkout came without its history."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def code_cells(notebook: Path) -> list[dict]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_carries_no_outputs(notebook):
    for cell in code_cells(notebook):
        assert cell["outputs"] == [] and cell["execution_count"] is None, cell["source"]
    done = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--keep-id", "--verify", str(notebook)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, "run nbstripout --keep-id on it:\n" + done.stdout


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_defines_no_functions_or_classes(notebook):
    for cell in code_cells(notebook):
        source = "".join(cell["source"])
        code = "\n".join(x for x in source.splitlines() if not x.lstrip().startswith(("%", "!")))
        for node in ast.walk(ast.parse(code)):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef), (
                source
            )


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATHS, REGISTRY_HOSTS], ids=["machine paths", "registry hosts"]
)
def test_tracked_files_name_no(pattern):
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if match := re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match.group()}")
    assert found == []


def test_no_data_or_model_is_tracked():
    found = [p for p in tracked() if p.suffix in DATA_SUFFIXES]
    # The result table of a committed report is no data set: aggregates, as in its results.csv.
    found = [p for p in found if not (p.name == "results.parquet" and "reports" in p.parts)]
    assert found == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_pickle_crosses_a_trust_boundary(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            packages = {name.split(".")[0] for name in names}
            assert not packages & {"pickle", "cloudpickle", "dill", "joblib"}, f"line {node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            kept = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
            assert kept.get("weights_only") is True, f"line {node.lineno}: weights_only=True"
