"""Defended interfaces, attacks, bounds and removals on games whose truth is planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recmia.errors import ArtifactError, SettingsError
from recmia.evaluation.metrics import roc_auc
from recmia.experiments.rows import CONFIRMED, REFUTED, Row
from recmia.experiments.study import Study
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import deal, load_pool
from recmia.papers.frontier.defences import figures, plans, reading
from recmia.papers.frontier.defences import rows as kinds
from recmia.papers.frontier.defences.bounding import ANY, GAUSSIAN, by_unit, keep_bounds
from recmia.papers.frontier.defences.keeping import keep_ndcg, keep_randomised, keep_scores
from recmia.papers.frontier.defences.showing import (
    Shown,
    gain,
    places_on,
    rounded,
    seen_of,
    served_before,
)
from recmia.papers.frontier.defences.unlearning import ASKED, keep_removed_scores, removed_of
from recmia.recommenders import privacy
from recmia.recommenders.popularity_randomization import PopularityRandomization
from recmia.run.settings import load_settings
from recmia.sessions import Sessions
from recmia.storage import read_arrays, read_json, write_arrays

N, LONGEST, MODELS, VOCABULARY = 1200, 5, 6, 60
SCORES = f"{names.MAIN}|scores"


def made_up(n: int, seed: int, first_row: int = 0) -> Sessions:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(2, LONGEST + 1, n)
    clicks = draw.integers(3, VOCABULARY, (n, LONGEST))
    clicks[np.arange(LONGEST) >= lengths[:, None]] = 0
    return Sessions(clicks, lengths, first_row + np.arange(n))


@pytest.fixture(scope="module")
def pool(tmp_path_factory) -> Path:
    """Units of two sessions each."""
    path, groups = tmp_path_factory.mktemp("game") / "pool.npz", np.arange(N) // 2
    arrays = {"groups": groups, "coins": deal(groups, MODELS, np.random.default_rng(5))}
    cohorts = {"pool": made_up(N, 0), "validation": made_up(30, 1, N), "population": made_up(40, 2)}
    for name, sessions in cohorts.items():
        for field in ("clicks", "lengths", "row_ids"):
            arrays[f"{name}.{field}"] = getattr(sessions, field)
    write_arrays(path, **arrays)
    return path


def served(folder: Path, pool: Path, memory: float, forgotten=None) -> list[Path]:
    """Files of models whose every log p is higher by ``memory`` for those that were trained on."""
    drawn, files = load_pool(pool), []
    hard = np.random.default_rng(7).normal(-4, 1, (N, LONGEST))
    for number in range(MODELS):
        noise = np.random.default_rng(100 + number).normal(0, 0.3, (N, LONGEST))
        coin = drawn.coins[:, number] & ~(np.zeros(N, bool) if forgotten is None else forgotten)
        low = np.minimum(hard + noise + memory * coin[:, None], -1e-3).astype(np.float32)
        place = np.clip(np.exp(-low), 1, VOCABULARY - 3).astype(np.int32)
        files.append(folder / f"{number}.npz")
        write_arrays(
            files[-1], row_ids=drawn.pool.row_ids, low=low, place=place, ranks=np.array([1, 3, 0])
        )
    return files


def scored(folder: Path, pool: Path, memory: float, shown: Shown) -> dict[str, np.ndarray]:
    files = served(folder, pool, memory)
    keep_scores(folder / "scores.npz", pool, files, shown=shown, targets=[0, 2, 3])
    return read_arrays(folder / "scores.npz")


@pytest.mark.parametrize(
    "shown", [Shown(), Shown(decimals=3), Shown(top_k=40)], ids=["scores", "rounded", "lists"]
)
def test_memory_is_found_through_every_interface_and_nothing_without(tmp_path, pool, shown):
    coins = load_pool(pool).coins
    for memory, low, high in ((2.0, 0.95, 1.0), (0.0, 0.46, 0.54)):
        found = scored(tmp_path, pool, memory, shown)
        for row, target in enumerate((0, 2, 3)):
            assert np.array_equal(found["membership"][row], coins[:, target])
            assert low <= roc_auc(found[SCORES][row], coins[:, target]) <= high


def test_what_is_hidden_is_not_found(tmp_path, pool):
    coins, areas = load_pool(pool).coins, {}
    for shown in (Shown(), Shown(decimals=1), Shown(top_k=1)):
        found = scored(tmp_path, pool, 0.5, shown)
        areas[shown] = roc_auc(found[SCORES][0], coins[:, 0])
    whole, coarse, hits = areas.values()
    assert whole > coarse + 0.05 and whole > hits + 0.05


def test_neither_the_complement_nor_other_sessions_take_part(tmp_path, pool):
    files = served(tmp_path, pool, 1.0)
    keep_scores(tmp_path / "a.npz", pool, files, shown=Shown(), targets=[2])
    arrays = read_arrays(files[3])  # the complement of model 2
    write_arrays(files[3], **arrays | {"low": arrays["low"] - 1})
    keep_scores(tmp_path / "b.npz", pool, files, shown=Shown(), targets=[2])
    assert np.array_equal(*(read_arrays(tmp_path / f)[SCORES] for f in ("a.npz", "b.npz")))
    write_arrays(files[1], **arrays | {"row_ids": arrays["row_ids"] + 1})
    with pytest.raises(ArtifactError, match="other sessions"):
        keep_scores(tmp_path / "c.npz", pool, files, shown=Shown(), targets=[2])


def test_rounded_probabilities_by_hand():
    low = np.log(np.array([0.26, 0.04, 0.997, np.nan]))
    assert np.allclose(np.exp(rounded(low, 1))[:3], [0.3, 0.025, 0.975])
    assert np.allclose(np.exp(rounded(low, 2))[:3], [0.26, 0.04, 0.9975])
    assert np.isnan(rounded(low, 2)[3])


def test_shorter_lists_show_less_and_rank_worse_by_hand():
    low, place, lengths = np.full((1, 3), -1.0), np.array([[9, 1, 4]]), np.array([3])
    signals = [seen_of(low, place, lengths, Shown(top_k=k))[1][0] for k in (5, 2, 1)]
    assert np.allclose(signals, [-np.log(4) / 2, -np.log(3) / 2, -np.log(2) / 2])
    ranks = np.array([0, 1, 3])
    assert gain(ranks, 20).tolist() == [0, 1, 0.5] and gain(ranks, 2).tolist() == [0, 1, 0]
    lists = np.array([[7, 8, 9], [7, 8, 9]])
    assert places_on(lists, np.array([9, 4])).tolist() == [3, 4]


def test_random_lists_are_those_that_the_recommender_serves(tmp_path, pool):
    told = {"number": 1, "top_k": 3, "vocabulary_size": VOCABULARY, "ranked": 25, "seed": 4}
    keep_randomised(tmp_path / "r.npz", pool, **told)
    found, drawn = read_arrays(tmp_path / "r.npz"), load_pool(pool)
    made = PopularityRandomization(vocabulary_size=VOCABULARY, seed=4)
    made.fit(drawn.pool[drawn.coins[:, 1]])
    before = served_before(drawn.pool, 2)
    rows = np.flatnonzero(drawn.pool.lengths > 2)
    lists = made.recommend(before, 3)
    assert (before.clicks == drawn.pool.clicks[rows, :2]).all()
    assert np.array_equal(found["place"][rows, 2], places_on(lists, drawn.pool.clicks[rows, 2]))
    assert (found["place"][:, 0] == 0).all() and len(found["ranks"]) == 25
    # Lists before one click and before the next are drawn apart.
    longer = np.isin(rows, np.flatnonzero(drawn.pool.lengths > 3))
    assert (lists[longer] != made.recommend(served_before(drawn.pool, 3), 3)).any()


def test_ndcg_is_the_mean_over_models_by_hand(tmp_path, pool):
    files = served(tmp_path, pool, 0.0)
    for k, expected in ((20, 0.5), (1, 1 / 3)):
        keep_ndcg(tmp_path / "n.json", files, k=k, repeats=20, level=0.9, seed=0)
        assert np.isclose(read_json(tmp_path / "n.json")["value"], expected)


def test_units_are_the_canaries_by_hand():
    of = np.array([1.0, 3.0, 5.0]), np.array([True, True, False]), np.array([0, 0, 1])
    scores, coins = by_unit(*of, "user")
    assert scores.tolist() == [2, 5] and coins.tolist() == [True, False]
    scores, coins = by_unit(*of, "session")  # two identical ones share a coin and are left out
    assert scores.tolist() == [5] and coins.tolist() == [False]


def bounded(folder: Path, epsilon: float, seed: int) -> dict[str, float]:
    """Bounds on randomised response of a known ε: each unit's coin is told right by σ(ε)."""
    draw, units, targets = np.random.default_rng(seed), 2000, 2
    coins = draw.random((targets, units)) < 0.5
    right = draw.random(coins.shape) < 1 / (1 + np.exp(-epsilon))
    write_arrays(
        folder / "s.npz",
        **{SCORES: (coins == right).astype(np.float32)},
        membership=coins,
        row_ids=np.tile(np.arange(units), (targets, 1)),
    )
    how = {"delta": 1e-6, "error": 0.05, "seed": seed}
    keep_bounds(folder / "b.json", folder / "s.npz", unit="session", **how)
    return read_json(folder / "b.json")


def test_bounds_are_close_to_a_planted_epsilon_and_not_above(tmp_path):
    for epsilon, least in ((0.0, 0.0), (1.0, 0.7), (3.0, 2.2)):
        found = [bounded(tmp_path, epsilon, seed)[ANY] for seed in range(5)]
        assert sum(value > epsilon for value in found) <= 1  # 5% are allowed
        assert np.median(found) >= least
    assert bounded(tmp_path, 3.0, 0)[GAUSSIAN] > 0


def test_removed_are_whole_units_of_the_models_own(pool):
    drawn = load_pool(pool)
    gone = removed_of(drawn, 1, 0.25, seed=3)
    assert drawn.coins[gone, 1].all()
    assert (np.unique(drawn.groups[gone], return_counts=True)[1] == 2).all()
    own = len(np.unique(drawn.groups[drawn.coins[:, 1]]))
    assert gone.sum() == 2 * round(0.25 * own)
    assert not np.array_equal(gone, removed_of(drawn, 1, 0.25, seed=4))


def test_what_is_forgotten_is_not_told_from_what_was_never_there(tmp_path, pool):
    drawn, told = load_pool(pool), {"targets": [0, 1], "share": 0.3, "seeds": [8, 9]}
    files = served(tmp_path, pool, 1.5)
    gone = removed_of(drawn, 0, 0.3, 8) | removed_of(drawn, 1, 0.3, 9)
    (tmp_path / "anew").mkdir()
    anew = served(tmp_path / "anew", pool, 1.5, forgotten=gone)
    for others, low, high in ((files, 0.95, 1.0), (anew, 0.44, 0.56)):
        keep_removed_scores(tmp_path / "u.npz", pool, files, others[:2], **told)
        found = read_arrays(tmp_path / "u.npz")
        for row in range(2):
            asked, member = found[ASKED][row], found["membership"][row]
            removed = removed_of(drawn, row, 0.3, [8, 9][row])
            assert np.array_equal(asked & member, removed) and (asked | member).all()
            area = roc_auc(found[SCORES][row][asked], member[asked])
            assert low <= area <= high


@pytest.fixture
def study(tmp_path, monkeypatch) -> Study:
    from recmia.experiments.paths import StudyPaths

    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("RECMIA_REPORTS", str(tmp_path / "reports"))
    return Study(load_settings("tiny"), StudyPaths("tiny"), "cpu", 1)


def test_plans_differ_from_the_plain_one_by_the_defence_alone(study):
    base, dropout = plans.trained(study)
    assert (base.title, dropout.title) == (plans.NONE, "dropout 0.5")
    changed = base.game.target.model_dump().items() ^ dropout.game.target.model_dump().items()
    assert {name for name, _ in changed} == {"dropout"}
    assert base.game.models == dropout.game.models == range(4)
    assert base.game.folder != dropout.game.folder


def test_epochs_that_were_not_recorded_are_refused(study):
    frontier = study.settings.frontier
    few = frontier.defences.model_copy(update={"epochs": 5})
    changed = frontier.model_copy(update={"defences": few})
    settings = study.settings.model_copy(update={"frontier": changed})
    with pytest.raises(SettingsError, match=r"one of \[1, 2, 3, 4\]"):
        plans.plain(Study(settings, study.paths, "cpu", 1))


def test_without_opacus_the_step_says_that_dp_sgd_is_left_out(study, monkeypatch):
    monkeypatch.setattr(privacy, "is_available", lambda: False)
    assert plans.private(study) == []
    said = plans.left_out(study)
    assert "left out" in said and "requirements-private.lock" in said
    monkeypatch.setattr(privacy, "is_available", lambda: True)
    assert plans.left_out(study) == ""


def row(case: str, metric: str, value: float, half: float = 0.01, **columns) -> Row:
    about = {"study": names.STUDY, "artefact": kinds.DEFENCES, "checkpoint": names.LAST}
    ends = {"ci_low": value - half, "ci_high": value + half}
    return Row(**about | ends | columns, case=case, metric=metric, value=value)


def some_rows(area: float = 0.51, bound: float = 0.4) -> list[Row]:
    main = {"attack": names.MAIN}
    found = []
    for case, auc, tpr, ndcg in (
        (plans.NONE, 0.8, 0.2, 0.3),
        ("DP-SGD, ε = 8", 0.5, 0.01, 0.1),
        (plans.RANDOMISED, area, 0.01, 0.05),
    ):
        found += [row(case, "ROC AUC", auc, **main), row(case, figures.LOW, tpr, **main)]
        found.append(row(case, kinds.NDCG, ndcg))
        budget = {"artefact": kinds.BUDGET, "half": 0}
        found.append(row(case, kinds.BOUND, bound, **budget, **main))
    found.append(row("DP-SGD, ε = 8", kinds.SPENT["PRV"], 7.0, **budget))
    return found


@pytest.mark.parametrize(
    "area, bound, verdicts",
    [(0.505, 0.4, (CONFIRMED, CONFIRMED)), (0.56, 7.5, (REFUTED, REFUTED)), (0.525, 6, None)],
)
def test_controls_by_hand(area, bound, verdicts):
    rows = some_rows(area, bound)
    budgets = [one for one in rows if one.artefact == kinds.BUDGET]
    lists, above = kinds.controls([one for one in rows if one not in budgets], budgets)
    assert np.isclose(lists.value, area - 0.5) and np.isclose(above.value, bound - 7)
    assert (lists.verdict, above.verdict) == (verdicts or ("open", CONFIRMED))
    said = " ".join(reading.sentences([*rows, lists, above]))
    assert f"not exceed the first is {above.verdict}" in said
    assert f"that they tell nothing is {lists.verdict}" in said


def test_the_frontier_is_drawn_where_there_are_sessions_enough_for_it(study):
    (entry,) = figures.draw_all(study, some_rows())
    folder = study.paths.reports / "figures" / figures.FOLDER
    assert (folder / entry["file"]).stat().st_size > 10_000 and entry["artefact"] == kinds.DEFENCES
    few = [one for one in some_rows() if one.metric != figures.LOW]
    assert figures.draw_all(study, few) == [] and not (folder / entry["file"]).exists()


def test_the_frontier_has_a_point_a_defence_and_both_limits():
    points, limits = figures.points_of(some_rows()), figures.limits_of(some_rows())
    assert points.set_index("series").x.to_dict()[plans.NONE] == 0.3
    assert points.set_index("series").y.to_dict()["DP-SGD, ε = 8"] == 0.01
    assert limits.set_index("series").high.dropna().to_dict() == {"DP-SGD, ε = 8": 7.0}
    table = reading.frontier_table(some_rows())
    assert list(table.index.get_level_values("defence"))[0] == plans.NONE  # most is found of it
    assert len(table) == 3 and table[kinds.NDCG].iloc[0] == "0.300 [0.290, 0.310]"
