"""The whole study at the size of the tiny profile: repeated, killed and resumed."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from recmia.experiments.syntax import read_syntax
from recmia.run.settings import load_settings

# In one process, so that the whole study is run once for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("the tiny study")]
CHECKOUT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "recmia.cli", "run", "--profile", "tiny"]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "RECMIA_HOME": str(CHECKOUT),
        "RECMIA_ARTIFACTS": str(folder / "artifacts"),
        "RECMIA_REPORTS": str(folder / "reports"),
    }


def run(folder: Path) -> str:
    done = subprocess.run(
        COMMAND, env=environment(folder), capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    """Folder of ``artifacts`` and ``reports``: ``RECMIA_TINY_RUN``, else of a run of our own."""
    if "RECMIA_TINY_RUN" in os.environ:
        return Path(os.environ["RECMIA_TINY_RUN"])
    folder = tmp_path_factory.mktemp("uninterrupted")
    run(folder)
    return folder


def results(folder: Path) -> bytes:
    return (folder / "reports" / "tiny" / "results.csv").read_bytes()


def test_killed_in_training_and_resumed_gives_the_same_results(uninterrupted, tmp_path):
    process = subprocess.Popen(
        COMMAND,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    trained = tmp_path / "artifacts" / "tiny" / "03_train"
    deadline = time.monotonic() + 300
    while not list(trained.rglob("state.safetensors")) and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "reports" / "tiny" / "results.csv").exists()
    run(tmp_path)
    assert results(tmp_path) == results(uninterrupted)


def test_a_second_run_does_nothing(uninterrupted):
    before = results(uninterrupted)
    said = run(uninterrupted)
    assert said.count("up to date (took") == len(load_settings("tiny").steps)
    assert results(uninterrupted) == before


def test_the_report_stands_alone(uninterrupted):
    report = uninterrupted / "reports" / "tiny"
    page = (report / "index.html").read_text(encoding="utf-8")
    assert 'src="http' not in page and 'href="http://' not in page
    for place in (str(CHECKOUT), str(uninterrupted), str(Path.home())):
        assert place not in page
    names = {path.stem for path in (report / "figures" / "proposal").glob("*.png")}
    assert {"figure1", "figure2", "figure3", "figure4"} <= names
    assert len(list((report / "notebooks").glob("*.html"))) == len(load_settings("tiny").steps)


def stamps(folder: Path) -> dict[Path, dict]:
    """What is remembered of every kept result of the run, by the result's path."""
    ending = ".stamp.json"
    return {
        path.with_name(path.name.removesuffix(ending)): json.loads(path.read_text())["parts"]
        for path in (folder / "artifacts" / "tiny").rglob(f"*{ending}")
    }


def file_of(module: str) -> Path:
    path = CHECKOUT / "src" / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def constant_changed(text: str) -> str | None:
    """The module with one of its constants changed; None where it has none."""
    tree = ast.parse(text)
    prose = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    hints = [getattr(node, name, None) for node in ast.walk(tree) for name in HINTS]
    passed_over = {id(n) for top in prose + hints if top is not None for n in ast.walk(top)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in passed_over:
            node.value = f"not {node.value}"
            return ast.unparse(ast.fix_missing_locations(tree))
    return None


HINTS = ("annotation", "returns")


def test_every_kept_result_knows_the_code_that_it_rests_on(uninterrupted):
    found = stamps(uninterrupted)
    makers = {parts["told"]["maker"] for parts in found.values()}
    assert len(makers) > 15, makers
    for path, parts in found.items():
        modules = {name: value for name, value in parts["modules"].items() if "/" not in name}
        assert parts["told"]["maker"].partition(":")[0] in modules, path
        for name in modules:
            # Whatever one of them imports of our own is among them too.
            ours = {n for n in imports_of(name) if n.startswith("recmia") and file_of(n).is_file()}
            assert ours <= set(modules), f"{path} rests on {name}, but not on all it imports"


def test_the_manifest_names_the_code_of_the_kept_results(uninterrupted):
    made_by: dict[str, set[str]] = {}
    for path, parts in stamps(uninterrupted).items():
        step = path.relative_to(uninterrupted / "artifacts" / "tiny").parts[0]
        made_by.setdefault(step, set()).update(parts["modules"])
    manifest = json.loads((uninterrupted / "reports" / "tiny" / "manifest.json").read_text())
    for step in manifest["steps"]:
        assert set(step["code"]["makers"]) == made_by.get(step["name"], set()), step["name"]
        assert set(step["code"]["makers"]) <= step["code"]["modules"].keys()


@cache
def imports_of(module: str) -> tuple[str, ...]:
    path = file_of(module)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return read_syntax(path.read_text(encoding="utf-8"), package).imports


def test_constants_make_kept_results_stale_and_prose_does_not(uninterrupted):
    recorded: dict[str, set[str]] = {}
    for parts in stamps(uninterrupted).values():
        for name, value in parts["modules"].items():
            if "/" not in name:
                recorded.setdefault(name, set()).add(value)
    assert len(recorded) > 60
    for name, values in recorded.items():
        path = file_of(name)
        text = path.read_text(encoding="utf-8")
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        assert values == {read_syntax(text, package).hash}, name
        prose = '"""Other words."""\n# and a comment\n' + text
        assert {read_syntax(prose, package).hash} == values, name
        if changed := constant_changed(text):
            assert read_syntax(changed, package).hash not in values, name


def test_no_notebook_shows_anything_red(uninterrupted):
    executed = list((uninterrupted / "artifacts" / "tiny" / "notebooks").glob("*.ipynb"))
    assert len(executed) == len(load_settings("tiny").steps)
    for path in executed:
        for cell in json.loads(path.read_text())["cells"]:
            kinds = {out.get("name", out["output_type"]) for out in cell.get("outputs", ())}
            assert not kinds & {"stderr", "error"}, f"{path.name}: {''.join(cell['source'])}"


def test_an_exported_game_audits_to_the_scores_of_notebook_22(uninterrupted, tmp_path):
    import numpy as np
    import polars as pl

    from recmia.audit.scores import ScoreSettings, audit_scores
    from recmia.likelihood_ratio.scores import LOSS
    from recmia.papers.frontier import names
    from recmia.papers.frontier.dealing import load_pool
    from recmia.storage import read_arrays

    exported = tmp_path / "exported"
    command = [sys.executable, "-m", "recmia.cli", "export", "scores", "--profile", "tiny"]
    done = subprocess.run(
        [*command, "--out", exported],
        env=environment(uninterrupted),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    epoch = int(re.search(r"after epoch (\d+)", done.stdout)[1])
    audit_scores(exported, tmp_path / "found", ScoreSettings())
    ours = pl.read_csv(tmp_path / "found" / "scores.csv").sort("record_id")
    artifacts = uninterrupted / "artifacts" / "tiny"
    pool = load_pool(artifacts / "21_shadows" / "pool.npz")
    kept = read_arrays(artifacts / "22_attacks" / f"epoch{epoch}" / "target00.npz")
    assert (ours["record_id"].to_numpy() == pool.pool.row_ids).all()
    assert (ours["membership"].to_numpy() == pool.coins[:, 0]).all()
    titles = {LOSS: f"scores|0|{names.LOSS}"}
    titles |= {key: f"scores|4|{title}" for key, title in names.ENGINE.items()}
    for key, name in titles.items():
        scores = ours[key].to_numpy()
        theirs = kept[f"{name}|scores"]
        assert np.allclose(scores[~np.isnan(scores)], theirs, rtol=1e-3, atol=1e-4), key


def test_artifact_md_names_the_notebooks_that_write_each_artefact(uninterrupted):
    from recmia.experiments.results import read_results
    from recmia.run.artifact import WRITES

    for step in load_settings("tiny").steps:
        rows = read_results(uninterrupted / "artifacts" / "tiny" / step.name)
        wrote = {row.artefact for row in rows}
        assert WRITES.get(step.name, wrote) == wrote, step.name
