"""Notebook 08: what is tried, what chooses, what judges, and what is said of it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from recmia.cohorts import load_cohorts
from recmia.errors import DataError
from recmia.evaluation.settings import Intervals
from recmia.experiments.rows import Row
from recmia.papers.proposal.drawing import alike_on_both_sides
from recmia.papers.proposal.settings import Tuning
from recmia.papers.proposal.tuning import keeping as tuning_keeping
from recmia.papers.proposal.tuning import rows as tuning_rows
from recmia.papers.proposal.tuning import tuning
from recmia.papers.proposal.tuning.reading import sentences
from recmia.papers.proposal.tuning.search import (
    KNOBS,
    TUNED,
    UNTUNED,
    Recipe,
    checkpoints,
    drawn_trials,
    in_words,
    n_choices,
)
from recmia.papers.proposal.tuning.tuning import Ranked, Trial
from recmia.recommenders.epochs import load_record
from recmia.recommenders.settings import Target
from recmia.sessions import FIRST_ITEM, load_sessions
from recmia.storage import read_arrays, write_arrays
from tests.papers.made_up import write_sessions

TODAY = Target(d_model=16, layers=1, batch_size=32, epochs=40, recorded_epochs=(0, 40))
SPACE = {"d_model": [8, 16], "layers": [1], "dropout": [0.0, 0.2], "weight_decay": [0.0, 0.1]}
SPACE |= {"learning_rate": [1e-3, 1e-2], "label_smoothing": [0.0]}
NAMES = (1, "search")


def asked(trials: int = 6, **changed) -> Tuning:
    budget = {"gpt2": {"trials": trials, "epochs": 5}, "xlnet": {"trials": 2, "epochs": 9}}
    return Tuning(**{"budget": budget, "sessions": [60, 120]} | SPACE | changed)


@pytest.fixture
def log(tmp_path):
    """600 sessions of two to five clicks; each item is followed by the next of 40."""
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, 6, 600)
    clicks = FIRST_ITEM + (rng.integers(0, 40, (600, 1)) + np.arange(5)) % 40
    return write_sessions(tmp_path / "sessions.parquet", clicks, lengths)


@pytest.fixture
def mixed(tmp_path):
    """900 sessions of random clicks, some of them identical."""
    rng = np.random.default_rng(4)
    lengths = rng.integers(2, 6, 900)
    clicks = rng.integers(FIRST_ITEM, 30, (900, 5))
    clicks[700:] = clicks[:200]
    lengths[700:] = lengths[:200]
    return write_sessions(tmp_path / "mixed.parquet", clicks, lengths)


def drawn(log, folder):
    """Files of a small study: trials' sessions, cohorts, unseen sessions."""
    paths = [folder / f"{name}.npz" for name in ("chosen", "cohorts", "unseen")]
    tuning_keeping.keep_trial_sessions(paths[0], log, training=60, validation=30, names=(1, "t"))
    sizes = alike_on_both_sides(members=60, heldout=50, validation=30, reference=40)
    tuning_keeping.keep_cohorts(paths[1], log, paths[0], sizes=sizes, names=(1, "c"))
    more = {"tested": 50, "more": [60, 100], "names": (1, "u")}
    tuning_keeping.keep_unseen(paths[2], log, *paths[:2], **more)
    return paths


# The search.


def test_the_search_is_reproducible_and_tries_nothing_twice():
    first = drawn_trials(asked(), "gpt2", TODAY, NAMES)
    assert first == drawn_trials(asked(), "gpt2", TODAY, NAMES)
    assert len({in_words(one) for one in first}) == len(first) == 6
    for one in first[1:]:
        assert all(getattr(one, name) in SPACE[name] for name in KNOBS)
        assert (one.heads, one.epochs, one.recorded_epochs) == (2, 5, (5,))
        assert one.batch_size == TODAY.batch_size
    assert drawn_trials(asked(), "gpt2", TODAY, (2, "search")) != first


def test_a_larger_budget_tries_the_same_ones_first():
    few, many = (drawn_trials(asked(n), "gpt2", TODAY, NAMES) for n in (4, 12))
    assert many[:4] == few
    # All 16 that can be drawn, and today's, whose learning rate is not among them.
    assert n_choices(asked()) == 16 and len(drawn_trials(asked(99), "gpt2", TODAY, NAMES)) == 17


def test_the_settings_of_today_are_a_trial_of_their_own_architecture():
    found = drawn_trials(asked(), "gpt2", TODAY, NAMES)
    assert all(getattr(found[0], name) == getattr(TODAY, name) for name in KNOBS)
    other = drawn_trials(asked(), "xlnet", TODAY, NAMES)
    assert [one.architecture for one in other] == ["xlnet"] * 2
    assert other[0].learning_rate in SPACE["learning_rate"]


@pytest.mark.parametrize(
    "wrong",
    [{"sessions": [120, 60]}, {"sessions": []}, {"d_model": [7]}, {"dropout": [1.0]}],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ValidationError):
        asked(**wrong)


def test_trials_are_written_so_that_they_can_be_repeated():
    target = TODAY.model_copy(update={"dropout": 0.2, "weight_decay": 0.01, "layers": 2})
    words = "d 16, 2 layers, dropout 0.2, weight decay 0.01, lr 0.002, smoothing 0"
    assert in_words(target) == words


def test_more_sessions_have_fewer_epochs():
    assert checkpoints(3) == (1, 2, 3) and checkpoints(40) == tuple(range(4, 41, 4))
    recipe, root, alike = Recipe(UNTUNED, TODAY), *(asked(epochs_exponent=n) for n in (0.5, 0))
    assert recipe.at(60, root).epochs == recipe.at(6000, alike).epochs == 40
    assert recipe.at(240, root).epochs == 20 and recipe.at(6000, root).epochs == 4
    assert recipe.at(240, root).recorded_epochs[-1] == 20
    assert recipe.at(240, root).learning_rate == TODAY.learning_rate


# What chooses and what judges.


def test_what_judges_is_neither_trained_on_nor_chosen_by(mixed, tmp_path):
    chosen, cohorts, unseen = drawn(mixed, tmp_path)
    whole, rows, other = load_sessions(mixed), read_arrays(chosen), read_arrays(unseen)
    parts = load_cohorts(cohorts).named() | {name: whole[at] for name, at in rows.items()}
    test, more = whole[other["test"]].hashes(), whole[other["more"]].hashes()
    assert len(test) == 50 and len(more) == 160
    for name, sessions in parts.items():
        assert not np.isin(sessions.hashes(), test).any(), name
    assert not np.isin(more, test).any()
    for name in ("validation", "target_members"):
        assert not np.isin(more, parts[name].hashes()).any(), name
    for name in rows:
        assert not np.isin(whole[rows[name]].hashes(), more).any(), name


def test_training_sessions_of_a_size_are_among_those_of_the_next(mixed, tmp_path):
    _, cohorts, unseen = drawn(mixed, tmp_path)
    whole, more = load_sessions(mixed), read_arrays(unseen)["more"]
    sets = [
        tuning_keeping.training_sessions(whole, load_cohorts(cohorts), more, "target", members)
        for members in (60, 120, 220)
    ]
    assert [len(np.unique(one.row_ids)) for one in sets] == [60, 120, 220]
    assert set(sets[0].row_ids) < set(sets[1].row_ids) < set(sets[2].row_ids)


def test_sessions_that_do_not_fit_are_refused(mixed, tmp_path):
    chosen, cohorts, _ = drawn(mixed, tmp_path)
    with pytest.raises(DataError, match="The cohorts need"):
        tuning_keeping.keep_unseen(
            tmp_path / "u.npz", mixed, chosen, cohorts, tested=50, more=[900], names=(1,)
        )


@pytest.mark.parametrize("planted", ["test", "more"])
def test_a_session_that_judges_is_never_trained_on(planted, mixed, tmp_path):
    chosen, cohorts, unseen = drawn(mixed, tmp_path)
    kept, members = read_arrays(unseen), load_cohorts(cohorts).members["target"]
    if planted == "test":
        kept["test"] = np.append(kept["test"], members.row_ids[0])
    else:
        kept["more"][0] = kept["test"][0]
    write_arrays(unseen, **kept)
    training = {"side": "target", "members": 120, "target": TODAY, "vocabulary_size": 30}
    with pytest.raises(AssertionError, match=r"\d test sessions were trained on"):
        tuning_keeping.keep_model(
            tmp_path / "m", mixed, chosen, cohorts, unseen, **training, seed=1, device="cpu"
        )


def test_the_better_trial_is_chosen_by_validation(log, tmp_path):
    tuning_keeping.keep_trial_sessions(
        tmp_path / "chosen.npz", log, training=200, validation=60, names=(1, "t")
    )
    found = []
    for number, rate in enumerate((1e-6, 2e-2)):
        target = Target(
            d_model=16, layers=1, batch_size=32, learning_rate=rate, epochs=6, recorded_epochs=(6,)
        )
        done: list[float] = []
        tuning_keeping.keep_trial(
            tmp_path / str(number),
            log,
            tmp_path / "chosen.npz",
            target=target,
            vocabulary_size=43,
            seed=1,
            device="cpu",
            progress=done.append,
        )
        assert sum(done) == pytest.approx(tuning_keeping.training_cost(target, 200))
        best = tuning._best(load_record(tmp_path / str(number)).curve)
        found.append(Trial(number, target, best["epoch"], best["validation_ndcg_20"], False))
    # Each item is followed by the next: what learns finds it, what does not guesses.
    assert found[0].ndcg < 0.3 < found[1].ndcg
    assert tuning.winners(found) == tuning.winners(found[::-1]) == [found[1]]


def test_the_best_epoch_is_the_first_of_equals_and_was_trained():
    values = [0.9, 0.1, None, 0.3, 0.3]
    curve = [{"epoch": i, "validation_ndcg_20": value} for i, value in enumerate(values)]
    assert tuning._best(curve)["epoch"] == 3


def test_epochs_of_the_comparison_are_chosen_on_validation(monkeypatch):
    """Averaged over repeats, among those that were kept."""
    curves = {0: [0.9, 0.1, 0.5, 0.2], 1: [0.9, 0.3, 0.2, 0.4]}

    def record(repeat):
        found = enumerate(curves[repeat])
        return SimpleNamespace(curve=[{"epoch": e, "validation_ndcg_20": v} for e, v in found])

    monkeypatch.setattr(
        tuning, "model", lambda study, recipe, members, repeat, side: SimpleNamespace(path=repeat)
    )
    monkeypatch.setattr(tuning, "load_record", record)
    monkeypatch.setattr(tuning, "ranking", lambda *about: about[-1])
    study = SimpleNamespace(settings=SimpleNamespace(tuning=asked(sessions=[60], repeats=2)))
    recipe = Recipe(TUNED, TODAY.model_copy(update={"epochs": 3, "recorded_epochs": (1, 2, 3)}))
    (one,) = tuning._transformers(study, [recipe])
    assert (one.epoch, one.too_short, one.kept) == (2, False, (2, 2))
    curves[0][3] = 0.5
    (one,) = tuning._transformers(study, [recipe])
    assert (one.epoch, one.too_short) == (3, True)


# Rows.


def test_differences_are_paired_and_their_change_too(tmp_path):
    """What all recommenders share on a session widens no difference."""
    rng = np.random.default_rng(1)
    shared = [rng.random(40) for _ in range(2)]
    recipes = [Recipe(TUNED, TODAY), Recipe(UNTUNED, TODAY)]

    def ranked(name, recipe, members, more):
        kept = []
        for repeat, values in enumerate(shared):
            case = recipe and recipe.case
            path = tmp_path / f"{name}{case}{members}{repeat}.npz"
            arrays = {"ndcg": values + more, "hit_rate": values, "groups": np.arange(40)}
            write_arrays(path, **arrays)
            kept.append(SimpleNamespace(path=path))
        return Ranked(name, recipe, members, recipe and 3, False, tuple(kept))

    found = [
        ranked("gpt2", recipes[0], 60, -0.1),
        ranked("gpt2", recipes[0], 120, 0.2),
        ranked("gpt2", recipes[1], 60, -0.2),
        ranked("gpt2", recipes[1], 120, 0.0),
        *(ranked("item-neighbours", None, members, 0.0) for members in (60, 120)),
    ]
    settings = SimpleNamespace(
        dataset="made up",
        tuning=asked(),
        target=TODAY,
        intervals=Intervals(repeats=50),
        root_seed=1,
    )
    rows = list(tuning_rows.quality_rows(SimpleNamespace(settings=settings), found))
    said = {
        (row.case, row.members, row.against): (row.value, row.ci_low, row.ci_high)
        for row in rows
        if row.metric == "difference of NDCG@20"
    }
    expected = {
        (TUNED, 60, "item-neighbours"): -0.1,
        (TUNED, 60, UNTUNED): 0.1,
        (TUNED, 120, "item-neighbours"): 0.2,
        (TUNED, 120, UNTUNED): 0.2,
        (UNTUNED, 60, "item-neighbours"): -0.2,
        (UNTUNED, 120, "item-neighbours"): 0.0,
    }
    assert said.keys() == expected.keys()
    for key, value in expected.items():
        assert said[key] == pytest.approx((value,) * 3, abs=1e-6), key
    change = {row.case: row for row in rows if row.metric == tuning_rows.CHANGE}
    assert change[TUNED].value == pytest.approx(0.3) and change[TUNED].members == 120
    assert change[UNTUNED].value == pytest.approx(0.2)
    level = next(row for row in rows if (row.metric, row.case) == ("NDCG@20", TUNED))
    assert level.ci_high - level.ci_low > 0.05


# What is said.


def made(artefact, metric, low, high, **columns):
    about = {"study": "proposal", "artefact": artefact, "metric": metric, "recommender": "gpt2"}
    value = (low + high) / 2
    return Row(**about | {"case": TUNED} | columns, value=value, ci_low=low, ci_high=high)


def beside(members, low, high, **columns):
    against = {"against": "item-neighbours"} | columns
    return made("Tuned target", "difference of NDCG@20", low, high, members=members, **against)


def grown(low, high):
    about = {"members": 80, "against": "item-neighbours"}
    return made("Tuned target, more sessions", tuning_rows.CHANGE, low, high, **about)


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.01, 0.03, "beats item neighbours"),
        (-0.03, -0.01, "is beaten by item neighbours"),
        (-0.01, 0.03, "is not told apart from item neighbours"),
    ],
)
def test_what_is_said_of_a_difference_follows_its_interval(low, high, says):
    (first, *why) = sentences([beside(5, low, high)])
    assert says in first and f"[{low:+.3f}, {high:+.3f}]" in first
    assert bool(why) is not says.startswith("beats")


@pytest.mark.parametrize(
    ("last", "change", "says"),
    [
        ((0.01, 0.02), (0.02, 0.04), "Too few sessions are a cause, tested: from 5 to 80"),
        ((0.01, 0.02), (0.02, 0.04), "with 80 sessions it does beat them"),
        ((-0.02, -0.01), (0.01, 0.02), "with 80 sessions it still does not"),
        ((-0.02, 0.02), (-0.01, 0.02), "Open: from 5 to 80 training sessions"),
        ((-0.09, -0.05), (-0.06, -0.01), "Not for too few sessions"),
    ],
)
def test_too_few_sessions_are_a_cause_only_where_the_difference_moves(last, change, says):
    rows = [beside(5, -0.04, -0.01), beside(80, *last), grown(*change)]
    assert says in sentences(rows)[-1]


def test_no_cause_is_named_by_a_training_that_was_too_short():
    rows = [beside(5, -0.04, -0.01), beside(80, -0.09, -0.05, note="the last epoch")]
    assert "too short to judge by" in sentences([*rows, grown(-0.06, -0.01)])[-1]
    assert "are a cause, tested" in sentences([*rows, grown(0.01, 0.06)])[-1]


def test_no_cause_is_named_where_the_target_wins_or_nothing_was_tried():
    assert len(sentences([beside(5, 0.01, 0.02), beside(80, 0.01, 0.02), grown(0.1, 0.2)])) == 2
    assert sentences([beside(5, -0.02, -0.01)])[-1].endswith("5 sessions alone.")


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (-0.1, -0.05, "leaks less than"),
        (0.05, 0.1, "leaks more than"),
        (-0.1, 0.1, "is not shown to leak less than"),
    ],
)
def test_whether_a_tuned_target_leaks_less_follows_the_interval(low, high, says):
    about = {"subset": "known items", "attack": "MLP on scores", "members": 5}
    rows = [
        made("Tuned target, leakage", "ROC AUC", 0.6, 0.7, **about),
        made("Tuned target, leakage", "ROC AUC", 0.8, 0.9, **about | {"case": UNTUNED}),
        made("Tuned target, leakage", "difference of ROC AUC", low, high, **about, against=UNTUNED),
    ]
    rows.append(beside(5, -0.03, -0.02, against=UNTUNED))
    *_, said = sentences(rows)
    assert said.endswith("It ranks worse.")
    assert says in said and "0.650 [0.600, 0.700]" in said and "on known items" in said
