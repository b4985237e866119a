"""Servings, labels and planted truths through the study's own functions, on made-up data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recmia.evaluation.intervals import evaluate
from recmia.experiments.study import Study
from recmia.lists import serving
from recmia.lists.serving import Model, read_lists, side_of
from recmia.lists.views import MEMBERS_ONLY, NOBODY, ONE_MODEL, View, observe
from recmia.papers.biased_mia import attacking, measuring, reporting
from recmia.papers.biased_mia.claims import corrected
from recmia.run.workspace import open_study

SMALL = {
    "n_seeds": 1,
    "biased_mia.algorithms": ["I"],
    "biased_mia.datasets": {
        "D": {"source": "synthetic", "title": "d", "users": 400, "items": 120, "mean_length": 40}
    },
    "biased_mia.size_dataset": "D",
    "biased_mia.attack_epochs": 20,
    "biased_mia.min_users": 100,
    "intervals": {"repeats": 4000, "level": 0.999},
}
CELL = View("D", "item-neighbours", k=20, l=8)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("biased")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder / "artifacts"))
        patch.setenv("RECMIA_REPORTS", str(folder / "reports"))
        made = replace(open_study("tiny", SMALL), workers=1)
    serving.make_vectors(made, serving.vector_dims(made))
    serving.make_lists(made, serving.models(made))
    return made


def test_published_serving(study: Study) -> None:
    seen = observe(study, CELL, "target", 0)
    users = side_of(study, Model("D", "item-neighbours", "target", 0))
    saved = read_lists(study, Model("D", "item-neighbours", "target", 0))
    m = users.n_members
    assert np.array_equal(seen.lists[:m], saved["served"]) and seen.membership[:m].all()
    # Everybody else gets the same list: what most members have.
    others = seen.lists[m:]
    assert (others == others[0]).all() and not seen.membership[m:].any()
    counts = np.bincount(users.members.clicks.ravel(), minlength=200)
    assert counts[others[0, 0]] == counts[3:].max()


def test_the_defence_draws_from_more_candidates(study: Study) -> None:
    plain = observe(study, CELL, "target", 0).lists[-1]
    lists = observe(study, replace(CELL, defence=0.5), "target", 0).lists
    m = side_of(study, Model("D", "item-neighbours", "target", 0)).n_members
    drawn = np.unique(lists[m:])
    assert len(drawn) == 40 and set(plain) <= set(drawn)
    assert not (lists[m:] == lists[m]).all()


def test_controls_take_away_one_difference_each(study: Study) -> None:
    users = side_of(study, Model("D", "item-neighbours", "target", 0))
    saved = read_lists(study, Model("D", "item-neighbours", "target", 0))
    folded = observe(study, replace(CELL, serving=ONE_MODEL), "target", 0)
    assert np.array_equal(folded.lists, saved["folded"])
    nobody = observe(study, replace(CELL, serving=NOBODY), "target", 0)
    assert set(nobody.histories.row_ids) == set(users.seen.row_ids[users.n_members :])
    half = len(nobody.lists) // 2
    assert np.array_equal(nobody.lists[:half], saved["folded"][users.n_members :][:half])
    halves = observe(study, replace(CELL, serving=MEMBERS_ONLY), "target", 0)
    assert set(halves.histories.row_ids) == set(users.members.row_ids)
    labels = observe(study, replace(CELL, random_labels=True), "target", 0).membership
    assert labels.sum() == users.n_members and not np.array_equal(labels, users.membership)


def test_shorter_lists_are_beginnings(study: Study) -> None:
    whole, short = (observe(study, replace(CELL, k=k), "shadow", 0).lists for k in (20, 5))
    assert np.array_equal(whole[:, :5], short)


def test_planted_truths_from_lists_to_intervals(study: Study) -> None:
    """Two algorithms are told apart; random labels and members among themselves are not."""
    settings = study.settings.biased_mia
    published = corrected(settings, CELL)
    attempts = {
        "published": published,
        "nobody": replace(published, target=replace(published.target, serving=NOBODY)),
        "labels": corrected(settings, CELL, random_labels=True),
        "halves": corrected(settings, replace(CELL, serving=MEMBERS_ONLY)),
    }
    trained = attacking.train(study, list(attempts.values()))
    measuring.measure(study, list(attempts.values()), trained)
    auc = {
        name: next(m for m in measuring.read_cell(study, attempt) if m.metric == "ROC AUC")
        for name, attempt in attempts.items()
    }
    assert auc["published"].ci_low > 0.8
    assert auc["nobody"].ci_low > 0.75  # nobody was trained on: it is the algorithm
    for name in ("labels", "halves"):
        assert auc[name].ci_low < 0.5 < auc[name].ci_high
    # Scores are aligned with users: shuffling labels destroys what was found.
    run = measuring.read_scores(study, published)[0]
    shuffled = replace(run, membership=np.random.default_rng(0).permutation(run.membership))
    at_random = evaluate([shuffled], repeats=50, level=0.999, seed=0)[0]
    assert at_random.ci_low < 0.5 < at_random.ci_high


def test_finished_cells_are_kept_and_changed_ones_made_again(study: Study) -> None:
    attempt = corrected(study.settings.biased_mia, CELL)
    trained = attacking.train(study, [attempt])
    measuring.measure(study, [attempt], trained)
    path = measuring.cell_path(study, attempt)
    before = path.stat().st_mtime_ns, path.read_bytes()
    measuring.measure(study, [attempt], attacking.train(study, [attempt]))
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    path.with_name(path.name + ".stamp.json").unlink()  # as after a crash
    measuring.measure(study, [attempt], trained)
    assert path.stat().st_mtime_ns != before[0] and path.read_bytes() == before[1]


@pytest.mark.parametrize(
    ("low", "high", "equal", "expected"),
    [
        (0.01, 0.2, False, "confirmed"),
        (-0.2, -0.01, False, "refuted"),
        (-0.1, 0.1, False, "open"),
        (-0.01, 0.015, True, "confirmed"),
        (0.03, 0.1, True, "refuted"),
        (-0.1, -0.03, True, "refuted"),
        (0.0, 0.05, True, "open"),
    ],
)
def test_verdicts(low: float, high: float, equal: bool, expected: str) -> None:
    assert reporting.verdict(low, high, equal) == expected
