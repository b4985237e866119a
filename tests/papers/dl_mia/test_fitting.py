"""Fits are kept, scored users stay out where they should, labels come from the shadow only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.study import Study
from recmia.lists import serving
from recmia.lists.serving import Model, side_of
from recmia.papers.dl_mia import fitting, measuring, scoring
from recmia.papers.dl_mia.claims import Line, fit_of
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
    Fit,
    Scored,
)
from recmia.papers.dl_mia.halves import GENERAL, half_of
from recmia.run.workspace import open_study

ATTACKS = (BIASED, BIASED_RELEASED, PRETRAINED, DL_MIA, SELF_TRAINED, LEAKY, LEAKY_BEST)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("dl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder / "artifacts"))
        patch.setenv("RECMIA_REPORTS", str(folder / "reports"))
        made = open_study("tiny", {"dl_mia.general.algorithms": ["I", "L"]})
    lists = half_of(made, GENERAL)
    serving.make_vectors(lists, [lists.settings.biased_mia.vector_dim])
    serving.make_lists(lists, serving.models_of_cells(lists))
    return made


@pytest.fixture(scope="module")
def fit(study: Study) -> Fit:
    return fit_of(study, GENERAL, "DIDL")


@pytest.fixture(scope="module")
def where(study: Study, fit: Fit) -> dict:
    fits = {GENERAL: [fit, replace(fit, held_out=True)]}
    fitting.fit_all(study, fits)
    return fitting.places(study, fits)


def test_every_attack_of_a_fit_scores_the_target_users(study: Study, fit: Fit, where) -> None:
    for attack in ATTACKS:
        runs = fitting.read_scores(study, GENERAL, Scored(fit, attack), where)
        assert len(runs) == study.settings.n_seeds
        for seed, run in enumerate(runs):
            side = side_of(half_of(study, GENERAL), Model("D", "lfm", "target", seed))
            assert np.array_equal(run.groups, side.seen.row_ids)
            assert np.array_equal(run.membership, side.membership)
            assert (run.scores >= 0).all() and (run.scores <= 1).all()


def test_scored_users_are_held_out(study: Study, fit: Fit, where, monkeypatch) -> None:
    """What is scored does not take part: its own vectors may be anything."""
    held = replace(fit, held_out=True)
    runs = fitting.read_scores(study, GENERAL, Scored(held, LEAKY), where)
    everybody = fitting.read_scores(study, GENERAL, Scored(fit, LEAKY), where)
    for run, whole in zip(runs, everybody, strict=True):
        assert len(run.scores) == len(whole.scores) - len(whole.scores) // 2
        assert set(run.groups) < set(whole.groups)
    # Spoil the vector of one scored user: only that user's score may change.
    spoiled, before = runs[0].groups[0], scoring.features

    def features(study_, half, view, side, seed, texts=False):
        made, seen = before(study_, half, view, side, seed, texts)
        if side == "target" and seed == 0:
            made = np.where((seen.histories.row_ids == spoiled)[:, None], made + 5, made)
        return made.astype(np.float32), seen

    monkeypatch.setattr(scoring, "features", features)
    arrays = scoring.scores_of(study, GENERAL, ((held, 0), (held, 1)))
    changed = arrays[f"{LEAKY}|scores"][0] != runs[0].scores
    assert list(runs[0].groups[changed]) == [spoiled]
    assert np.array_equal(arrays[f"{LEAKY}|scores"][1], runs[1].scores)


def test_the_target_labels_change_nothing_but_the_leak(
    study: Study, fit: Fit, where, monkeypatch
) -> None:
    before = scoring.features

    def features(study_, half, view, side, seed, texts=False):
        made, seen = before(study_, half, view, side, seed, texts)
        if side == "target":
            order = np.random.default_rng(seed).permutation(len(made))
            seen = replace(seen, membership=seen.membership[order])
        return made, seen

    monkeypatch.setattr(scoring, "features", features)
    arrays = scoring.scores_of(study, GENERAL, ((fit, 0), (fit, 1)))
    for attack in ATTACKS:
        runs = fitting.read_scores(study, GENERAL, Scored(fit, attack), where)
        saved = np.stack([run.scores for run in runs])
        told = attack in (LEAKY, LEAKY_BEST)
        assert np.array_equal(arrays[f"{attack}|scores"], saved) != told, attack


def test_finished_fits_and_metrics_are_kept(study: Study, fit: Fit, where) -> None:
    places = {place.path for place in where.values()}
    times = {path: path.stat().st_mtime_ns for path in places}
    line = Line(GENERAL, Scored(fit, DL_MIA), "Figure 3a", DL_MIA, "corrected")
    measuring.measure(study, [line], where)
    cell = measuring.measured_path(study, GENERAL, line.scored)
    written = cell.stat().st_mtime_ns
    fitting.fit_all(study, {GENERAL: [fit, replace(fit, held_out=True)]})
    measuring.measure(study, [line], where)
    assert {path: path.stat().st_mtime_ns for path in places} == times
    assert cell.stat().st_mtime_ns == written
    found = {m.metric: m for m in measuring.read_measured(study, GENERAL, line.scored)}
    assert 0 <= found[ROC_AUC].ci_low <= found[ROC_AUC].value <= found[ROC_AUC].ci_high <= 1


def test_users_are_drawn_alike_under_every_view(study: Study, fit: Fit) -> None:
    fewer = study.settings.dl_mia.general.model_copy(update={"most_users": 20})
    chosen = study.settings.dl_mia.model_copy(update={"general": fewer})
    small = replace(study, settings=study.settings.model_copy(update={"dl_mia": chosen}))
    served, seen = scoring.features(small, GENERAL, fit.target, "target", 0)
    everybody, whole = scoring.features(study, GENERAL, fit.target, "target", 0)
    assert len(served) == 20 < len(everybody) and seen.membership.sum() == 10
    place = {user: row for row, user in enumerate(whole.histories.row_ids)}
    rows = [place[user] for user in seen.histories.row_ids]
    assert np.array_equal(served, everybody[rows])
    assert np.array_equal(seen.membership, whole.membership[rows])
    for view in (
        fit.one_model.target,
        replace(fit.target, algorithm="item-neighbours", random_labels=True),
    ):
        other = scoring.features(small, GENERAL, view, "target", 0)[1]
        assert np.array_equal(other.histories.row_ids, seen.histories.row_ids)
