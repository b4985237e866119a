"""Planted truths from lists to intervals, and what is made again when something changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import recmia
from recmia.evaluation.intervals import evaluate
from recmia.experiments.measuring import measure
from recmia.experiments.scores import read_runs
from recmia.lists.views import MEMBERS_ONLY, NOBODY, view_of
from recmia.lists.world import ListWorld
from recmia.papers.biased_mia.attacking import run
from recmia.papers.biased_mia.grid import corrected
from recmia.papers.biased_mia.reporting import world_of
from recmia.run.workspace import open_study

DATA = {"source": "synthetic", "title": "d", "users": 400, "items": 120, "mean_length": 40}
SMALL = {
    "n_seeds": 1,
    "biased_mia.datasets": {"D": DATA},
    "biased_mia.attack_epochs": 20,
    "biased_mia.min_users": 100,
    "intervals": {"repeats": 4000, "level": 0.999},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> ListWorld:
    folder = tmp_path_factory.mktemp("biased")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder))
        study = open_study("tiny", SMALL)
    return world_of(replace(study, workers=1))


def test_planted_truths_from_lists_to_intervals(world: ListWorld, tmp_path: Path) -> None:
    """Two algorithms are told apart; random labels and members among themselves are not."""
    settings = world.settings
    cell = view_of(settings, "D", "item-neighbours")
    published = corrected(cell)
    attempts = {
        "published": published,
        "nobody": replace(published, target=replace(published.target, serving=NOBODY)),
        "labels": corrected(cell, random_labels=True),
        "halves": corrected(replace(cell, serving=MEMBERS_ONLY)),
    }
    runs = run(world, attempts.values())
    cases = {name: runs[attempt] for name, attempt in attempts.items()}
    found = measure(world.study, tmp_path, cases)
    auc = {name: next(m for m in of if m.metric == "ROC AUC") for name, of in found.items()}
    assert auc["published"].ci_low > 0.8
    assert auc["nobody"].ci_low > 0.75  # nobody was trained on: it is the algorithm
    for name in ("labels", "halves"):
        assert auc[name].ci_low < 0.5 < auc[name].ci_high
    # Scores are aligned with users: shuffling labels destroys what was found.
    (place,) = runs[published]
    (scored,) = read_runs([(place.kept.path, place.name, None, "", "")])
    side = world.side(cell.model("target", 0))
    assert np.array_equal(scored.groups, side.seen.row_ids)
    shuffled = replace(scored, membership=np.random.default_rng(0).permutation(scored.membership))
    at_random = evaluate([shuffled], repeats=50, level=0.999, seed=0)[0]
    assert at_random.ci_low < 0.5 < at_random.ci_high


def test_finished_scores_are_kept_and_changed_ones_made_again(world: ListWorld) -> None:
    attempt = corrected(view_of(world.settings, "D", "item-neighbours"))
    ((place,),) = run(world, [attempt]).values()
    path = place.kept.path
    before = path.stat().st_mtime_ns, path.read_bytes()
    run(world, [attempt])
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    path.with_name(f"{path.name}.stamp.json").unlink()  # as after a crash
    run(world, [attempt])
    assert path.stat().st_mtime_ns != before[0] and path.read_bytes() == before[1]


FIGURE_12 = """
from recmia.lists.views import view_of
from recmia.papers.biased_mia.attacking import run
from recmia.papers.biased_mia.grid import corrected
from recmia.papers.biased_mia.reporting import world_of
from recmia.run.workspace import open_study
from recmia.storage import read_arrays

world = world_of(open_study("tiny", {"n_seeds": 1, "workers": 1}))
cell = view_of(world.settings, "D", "item-neighbours", defence=0.1)
((place,),) = run(world, [corrected(cell)]).values()
print(read_arrays(place.kept.path)[f"{place.name}|scores"].sum())
"""


def test_scores_rest_on_the_defence(world: ListWorld) -> None:
    attempt = corrected(view_of(world.settings, "D", "item-neighbours"))
    ((place,),) = run(world, [attempt]).values()
    assert "recmia.recommenders.popularity_randomization" in place.kept.parts["modules"]


@pytest.mark.slow
def test_another_draw_of_the_defence_changes_figure_12(tmp_path: Path) -> None:
    source = tmp_path / "src" / "recmia"
    shutil.copytree(Path(recmia.__file__).parent, source)
    defence = source / "recommenders" / "popularity_randomization.py"

    def score() -> str:
        paths = {"PYTHONPATH": str(source.parent), "RECMIA_ARTIFACTS": str(tmp_path / "artifacts")}
        environment = os.environ | paths
        done = subprocess.run(
            [sys.executable, "-c", FIGURE_12], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = score()
    text = defence.read_text()
    defence.write_text(text.replace('"popularity_randomization"', '"another draw"'))
    assert defence.read_text() != text
    changed = score()
    assert changed != first
    defence.write_text(text + "\n# A remark.\n")
    assert score() == first
