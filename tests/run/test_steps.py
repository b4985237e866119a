"""What the steps declare agrees with the settings, the notebooks and the code behind them."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

from recmia.errors import SettingsError
from recmia.experiments.closure import reach
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, feeders, producer
from recmia.papers.proposal.paper import PAPER, source_files
from recmia.run.fingerprint import (
    RUNNER,
    code_cells,
    code_without_magics,
    imports_of,
    notebook_parameters,
    read_notebook,
)
from recmia.run.registry import papers
from recmia.run.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "recmia"
PROPOSAL_STEPS = PAPER.steps
STEPS = tuple(step for paper in papers() for step in paper.steps)
NAMES = [step.name for step in STEPS]


def test_inputs_are_made_by_earlier_steps() -> None:
    for i, step in enumerate(PROPOSAL_STEPS):
        for name in step.inputs:
            assert producer(PROPOSAL_STEPS[:i], name) is not None, f"{step.name} reads {name}"


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_sections_are_settings(step: Step) -> None:
    assert set(step.sections) <= set(Settings.model_fields)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_code_of_a_step(step: Step) -> None:
    """What a notebook imports and its own paper's values; the runner is no part of it."""
    cells = code_cells(read_notebook(ROOT / "notebooks" / step.notebook))
    code = reach(*imports_of(cells), beyond=RUNNER)
    assert {"recmia.seeds", "recmia.sessions"} & code.modules.keys()
    assert not any(name.startswith((RUNNER, "recmia.cli")) for name in code.modules)
    read = {"recmia.papers.proposal/paper_values.csv", "recmia.papers.proposal/figures.yaml"}
    read.add("recmia.plots/recmia.mplstyle")
    assert step.name != "06_figures" or read <= code.modules.keys()
    assert not any(name.endswith("/report.yaml") for name in code.modules)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_notebook_declares_profile_and_overrides(step: Step) -> None:
    path = ROOT / "notebooks" / step.notebook
    assert notebook_parameters(path) == {"profile", "overrides"}


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_settings_that_are_read_are_declared(step: Step) -> None:
    """A section that the notebook, or a study function that it reaches, reads is in the key."""
    read, seen, known = set(), set(), functions("lists", "papers")
    cells = code_cells(read_notebook(ROOT / "notebooks" / step.notebook))
    queue = [(ast.parse("\n".join(code_without_magics(source) for source, _ in cells)), {})]
    while queue:
        tree, around = queue.pop()
        names = around | imported(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                read |= READS.get((ast.unparse(node.value).rpartition(".")[2], node.attr), set())
                target = (names.get(ast.unparse(node.value)), node.attr)
            elif isinstance(node, ast.Name):
                target = names.get(node.id)
            else:
                continue
            if target in known and target not in seen:
                seen.add(target)
                queue.append(known[target])
    assert read <= set(step.sections)


# What an expression such as `study.settings.target` or `study.seeds` makes a result depend on.
READS = {("settings", name): {name} for name in Settings.model_fields}
READS |= {("settings", name): set() for name in ("name", "title", "description")}
READS |= {("study", "seeds"): {"n_seeds"}, ("study", "device"): {"device"}}


def imported(tree: ast.AST) -> dict:
    """Local name to module, or to (module, function)."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recmia."):
            module = node.module[len("recmia.") :]
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                # A module of a package, or a function of a module.
                path = PACKAGE / inner.replace(".", "/")
                known = path.with_suffix(".py").is_file()
                names[alias.asname or alias.name] = inner if known else (module, alias.name)
    return names


@lru_cache
def functions(*folders: str) -> dict:
    """(module, function) to its tree and the names that it can see."""
    found = {}
    files = [path for name in folders for path in (PACKAGE / name).rglob("*.py")]
    for path in files:
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        tree = ast.parse(path.read_text())
        own = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        names = imported(tree) | {node.name: (module, node.name) for node in own}
        found |= {(module, node.name): (node, names) for node in own}
    return found


def test_no_maker_reads_the_list_of_data_sets() -> None:
    """That file is no code: what a kept result has of an entry, it has as an argument."""
    known = functions("")

    def reads(start: tuple[str, str]) -> bool:
        seen, queue = {start}, [start]
        while queue:
            tree, around = known[queue.pop()]
            names = around | imported(tree)
            for node in ast.walk(ast.Module(tree.body, [])):  # without annotations: no calls
                target = names.get(getattr(node, "id", None))
                if isinstance(node, ast.Attribute):
                    target = (names.get(ast.unparse(node.value)), node.attr)
                if target in known and target not in seen:
                    seen.add(target)
                    queue.append(target)
        return any(module == "data.registry" for module, _ in seen)

    makers = [name for name in known if name[1].startswith("keep_")]
    assert ("lists.data", "keep_interactions") in makers and len(makers) > 30
    assert [name for name in makers if reads(name)] == []
    assert reads(("lists.world", "ListWorld")) and reads(("data.clicks", "open_clicks"))


def test_source_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECMIA_DATA", str(tmp_path))
    paths = StudyPaths("quick")
    assert source_files(load_settings("quick"), paths) == []
    own = {
        "data.source": "file",
        "data.path": "mine.csv",
        "data.columns": {"session": "s", "item": "i"},
    }
    assert source_files(load_settings("tiny", own), paths) == [tmp_path / "mine.csv"]


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("RECMIA_DATA", "RECMIA_ARTIFACTS", "RECMIA_REPORTS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RECMIA_HOME", str(tmp_path))
    paths = StudyPaths("quick")
    assert paths.root == tmp_path and paths.data == tmp_path / "data"
    assert paths.artifacts == tmp_path / "artifacts" / "quick"
    assert paths.resolve("reports:figures/") == tmp_path / "reports" / "quick" / "figures"
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "else"))
    assert StudyPaths("some/my.yaml").artifacts == tmp_path / "else" / "my"
    for bad in ("../up", "a/b", ""):
        with pytest.raises(SettingsError, match="cannot name a run"):
            StudyPaths(bad)


def test_a_profile_runs_the_studies_that_it_has_sections_for() -> None:
    # Some of the main study's have a section of their own, which a profile may lack.
    own = ("07_sizes", "08_tuning", "09_mismatch")
    without = tuple(step for step in PROPOSAL_STEPS if step.name not in own)
    assert load_settings("ml1m").steps == without
    assert load_settings("tiny").steps[: len(PROPOSAL_STEPS)] == PROPOSAL_STEPS
    assert [step.name for step in load_settings("biased-mia").steps] == ["11_biased_mia"]
    assert load_settings("quick").steps[: len(PROPOSAL_STEPS)] == PROPOSAL_STEPS


def test_feeders() -> None:
    attack = [step for step in PROPOSAL_STEPS if step.name == "04_attack"]
    assert feeders(PROPOSAL_STEPS, attack) == {"01_preprocess", "02_augment", "03_train"}
    assert feeders(PROPOSAL_STEPS, PROPOSAL_STEPS) == set()
