"""Fits are kept, scored users stay out where they should, labels come from the shadow only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import line_rows
from recmia.experiments.measuring import Runs
from recmia.experiments.scores import read_runs
from recmia.experiments.study import Study
from recmia.lists.cohorts import load_side
from recmia.papers.dl_mia import scoring
from recmia.papers.dl_mia.fits import (
    ATTACKS,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    Fit,
    Scored,
)
from recmia.papers.dl_mia.fitting import Fits, fit_all
from recmia.papers.dl_mia.tables import Entry, fit_of, lines_of
from recmia.papers.dl_mia.worlds import GENERAL, make_lists, worlds
from recmia.run.workspace import open_study
from recmia.seeds import child_seed
from recmia.storage import read_arrays, write_arrays


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("dl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder / "artifacts"))
        patch.setenv("RECMIA_REPORTS", str(folder / "reports"))
        made = open_study("tiny", {"dl_mia.general.algorithms": ["I", "L"]})
    make_lists(made)
    return made


@pytest.fixture(scope="module")
def fit(study: Study) -> Fit:
    return fit_of(GENERAL, worlds(study)[GENERAL], "DIDL")


@pytest.fixture(scope="module")
def runs(study: Study, fit: Fit) -> dict[Scored, Runs]:
    held = [Scored(replace(fit, held_out=True), attack) for attack in (DL_MIA, LEAKY)]
    return fit_all(study, [Scored(fit, attack) for attack in ATTACKS] + held)


def read(places: Runs) -> list:
    return read_runs([(p.kept.path, p.name, p.row, p.units, p.subset) for p in places])


def scores_with(
    study: Study, fit: Fit, folder: Path, change: Callable[[int, dict], dict]
) -> dict[str, np.ndarray]:
    """What comes of both seeds where ``change`` is done to the target's kept features."""
    made, folder = Fits(study).scores(((fit, 0), (fit, 1))), folder / "changed"
    arguments = made._arguments()
    targets = [
        write_arrays(folder / f"{seed}.npz", **change(seed, read_arrays(kept.ensure())))
        for seed, kept in enumerate(arguments.pop("targets"))
    ]
    shadows = [kept.ensure() for kept in arguments.pop("shadows")]
    scoring.keep_scores(folder / "scores.npz", shadows, targets, **arguments)
    return read_arrays(folder / "scores.npz")


def test_every_attack_of_a_fit_scores_the_target_users(study: Study, fit: Fit, runs) -> None:
    for attack in ATTACKS:
        found = read(runs[Scored(fit, attack)])
        assert len(found) == study.settings.n_seeds
        for seed, run in enumerate(found):
            side = load_side(worlds(study)[GENERAL].split("D", seed).ensure(), "target")
            assert np.array_equal(run.groups, side.seen.row_ids)
            assert np.array_equal(run.membership, side.membership)
            assert (run.scores >= 0).all() and (run.scores <= 1).all()


def test_scored_users_are_held_out(study: Study, fit: Fit, runs, tmp_path: Path) -> None:
    """What is scored does not take part: its own vectors may be anything."""
    held = replace(fit, held_out=True)
    found, everybody = read(runs[Scored(held, LEAKY)]), read(runs[Scored(fit, LEAKY)])
    for run, whole in zip(found, everybody, strict=True):
        assert len(run.scores) == len(whole.scores) - len(whole.scores) // 2
        assert set(run.groups) < set(whole.groups)
    # Spoil the vector of one scored user: only that user's score may change.
    spoiled = found[0].groups[0]

    def spoil(seed: int, saved: dict) -> dict:
        if seed == 0:
            saved["features"][saved["row_ids"] == spoiled] += 5
        return saved

    arrays = scores_with(study, held, tmp_path, spoil)
    changed = arrays[f"{LEAKY}|scores"][0] != found[0].scores
    assert list(found[0].groups[changed]) == [spoiled]
    assert np.array_equal(arrays[f"{LEAKY}|scores"][1], found[1].scores)


def test_the_target_labels_change_nothing_but_the_leak(
    study: Study, fit: Fit, runs, tmp_path: Path
) -> None:
    def shuffle(seed: int, saved: dict) -> dict:
        order = np.random.default_rng(seed).permutation(len(saved["membership"]))
        return saved | {"membership": saved["membership"][order]}

    arrays = scores_with(study, fit, tmp_path, shuffle)
    for attack in ATTACKS:
        saved = np.stack([run.scores for run in read(runs[Scored(fit, attack)])])
        told = attack in (LEAKY, LEAKY_BEST)
        assert np.array_equal(arrays[f"{attack}|scores"], saved) != told, attack


def test_finished_fits_and_metrics_are_kept(study: Study, fit: Fit, runs, tmp_path: Path) -> None:
    entry = Entry("Figure 3a", Scored(fit, DL_MIA), "corrected")

    def measured() -> list:
        (line,) = lines_of(study, [entry], fit_all(study, [*runs]))
        return line_rows(study, tmp_path, [line], [ROC_AUC])

    (row,) = measured()
    assert 0 <= row.ci_low <= row.value <= row.ci_high <= 1
    paths = {place.kept.path for places in runs.values() for place in places}
    paths |= set(tmp_path.glob("*.json"))
    times = {path: path.stat().st_mtime_ns for path in paths}
    assert measured() == [row]
    assert {path: path.stat().st_mtime_ns for path in paths} == times


def test_users_are_drawn_alike_under_every_view(study: Study, fit: Fit) -> None:
    def shown(view, **changed) -> dict[str, np.ndarray]:
        arguments = Fits(study).attacked(GENERAL, view, "target", 0) | changed
        made = {n: v.ensure() if isinstance(v, Kept) else v for n, v in arguments["scene"].items()}
        x, seen = scoring.attacked(**arguments | {"scene": made})
        return {"x": x, "who": seen.observations.row_ids, "membership": seen.membership}

    few, everybody = shown(fit.target, most=20), shown(fit.target)
    assert len(few["x"]) == 20 < len(everybody["x"]) and few["membership"].sum() == 10
    place = {user: row for row, user in enumerate(everybody["who"])}
    rows = [place[user] for user in few["who"]]
    assert np.array_equal(few["x"], everybody["x"][rows])
    assert np.array_equal(few["membership"], everybody["membership"][rows])
    other_recommender = replace(fit.target, recommender="item-neighbours", random_labels=True)
    for view in (fit.one_model.target, other_recommender):
        assert np.array_equal(shown(view, most=20)["who"], few["who"])


def test_the_seed_of_a_fit_is_made_of_the_words_of_both_views(study: Study, fit: Fit) -> None:
    """Changing a word would change every published number."""
    seen = ("popularity lists for non-members", 0.0, "Origin", "mean", 20, 8, False, 1.0)
    words = ("dl-mia", "general", "D", "I", *seen, "D", "L", *seen, False, 1)
    expected = child_seed(study.settings.root_seed, *words)
    assert Fits(study).scores(((fit, 1),))._arguments()["seeds"] == [expected]
