"""What SECURITY.md says of the source: nothing unpickles what came from outside."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import torch
from packaging.version import Version

from recmia.errors import DataError
from recmia.papers.frontier.checkpoint.network import load_network

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCES = sorted((CHECKOUT / "src").rglob("*.py"))
# Keyword that each loader has to be called with.
LOADERS = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
NEVER = {"load_model_trainer_states_from_checkpoint", "read_pickle", "unsafe_load", "full_load"}
# Jobs for a cluster that the user names: see SECURITY.md.
PICKLES = {"worker.py": {"wire.pickle.loads"}, "cluster.py": {"wire.pickle.dumps"}}


def calls(path: Path) -> dict[str, list[ast.Call]]:
    """Every call of a module by its dotted name."""
    found: dict[str, list[ast.Call]] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            found.setdefault(ast.unparse(node.func), []).append(node)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(CHECKOUT / "src")))
def test_nothing_is_unpickled(path: Path) -> None:
    for name, made in calls(path).items():
        assert name.rpartition(".")[2] not in NEVER, name
        if "pickle" in name.split("."):
            assert name in PICKLES.get(path.name, ()), name
        if name in LOADERS:
            keyword, value = LOADERS[name]
            for call in made:
                given = {k.arg: getattr(k.value, "value", None) for k in call.keywords}
                assert given.get(keyword) is value, f"line {call.lineno}: {name}"


def test_nothing_imports_a_pickler() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {"pickle", "cloudpickle", "dill", "shelve", "marshal"} & {
                name.partition(".")[0] for name in names
            }, path


def test_published_weights_need_a_torch_that_reads_them_safely(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.5.1")
    with pytest.raises(DataError, match=r"CVE-2025-32434.*2\.6"):
        load_network(tmp_path / "weights.pth")


def test_the_lock_has_no_version_with_a_hole_that_could_be_reached() -> None:
    """SECURITY.md: pyarrow from 14.0.1, torch from 2.6."""
    lock = (CHECKOUT / "requirements.lock").read_text()
    for name, least in (("pyarrow", "14.0.1"), ("torch", "2.6")):
        locked = re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE)
        assert locked and all(Version(one) >= Version(least) for one in locked), name
