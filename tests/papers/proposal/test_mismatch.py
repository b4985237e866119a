"""Notebook 09: what shadows there may be, whose sessions they have, and what they teach."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recmia.attacks.base import Attack, Observations
from recmia.cohorts import assert_disjoint, load_cohorts
from recmia.errors import DataError, SettingsError
from recmia.evaluation.metrics import ROC_AUC, roc_auc
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.proposal.attacking import others_of
from recmia.papers.proposal.drawing import keep_real
from recmia.papers.proposal.mismatch import plans as mismatch_plans
from recmia.papers.proposal.mismatch.rates import keep_rates
from recmia.papers.proposal.mismatch.reading import OUTCOMES, meaning, outcome, transfer_table
from recmia.papers.proposal.mismatch.rows import ITSELF, LESS_MATCHED
from recmia.papers.proposal.mismatch.scoring import keep_observed, keep_scores, taking_part
from recmia.papers.proposal.mismatch.training import keep_shadow_cohorts
from recmia.papers.proposal.mismatch.transferring import (
    Lesson,
    accused_name,
    aligned,
    case_of,
    own_case,
    own_scores,
)
from recmia.papers.proposal.models import keep_model
from recmia.papers.proposal.names import BEST, HELDOUT, LOSS, MLP, REAL_SESSIONS, SHADOW
from recmia.papers.proposal.names import TARGET as TARGETS
from recmia.papers.proposal.scoring import Case
from recmia.papers.proposal.settings import Mismatch
from recmia.papers.proposal.sizes import keeping as size_keeping
from recmia.recommenders import transformer
from recmia.recommenders.scoring import position_scores, score_features
from recmia.recommenders.settings import Target
from recmia.run.settings import load_settings
from recmia.sessions import load_sessions
from recmia.storage import read_json, write_arrays
from tests.papers.made_up import write_sessions

SIZES = {"target_members": 60, "target_heldout": 60, "shadow_members": 90, "shadow_heldout": 60}
SIZES |= {"validation": 20, "reference": 30}
ABOUT = (1, "x", 0)
SMALL = Target(d_model=8, layers=1, heads=2, epochs=3, recorded_epochs=(0, 3), batch_size=16)
OTHERS = others_of(Study(load_settings("tiny"), None, "cpu", 1))
HOW = {"mlp": {"epochs": 20}, "others": OTHERS, "folds": 2, "device": "cpu"}


def write_log(path, sessions: int, items: int, longest: int):
    """Sessions of two clicks or more, some of them identical."""
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, longest + 1, sessions)
    return write_sessions(path, rng.integers(3, 3 + items, (sessions, longest)), lengths)


@pytest.fixture
def log(tmp_path):
    return write_log(tmp_path / "sessions.parquet", 400, 27, 5)


@pytest.fixture
def pool(log, tmp_path):
    keep_real(tmp_path / "pool.npz", log, sizes=SIZES, names=ABOUT)
    return tmp_path / "pool.npz"


def shadow(members=None, **more) -> dict:
    return {"title": "other", **({"members": members} if members else {}), **more}


@pytest.mark.parametrize(
    ("shadows", "says"),
    [
        ({}, "at least 1"),
        ({"small": shadow()}, "say what is otherwise"),
        ({"small": shadow(100)}, "nothing otherwise"),
        ({"matched": shadow(50)}, "cannot be called matched"),
        ({"Small one": shadow(50)}, "match pattern"),
        ({"a": shadow(50), "b": shadow(60)}, "title of its own"),
        ({"a": shadow(50) | {"title": "matched"}}, "title of its own"),
        ({"a": shadow(target={"layer": 2})}, "Extra inputs"),
        ({"a": shadow(target={"dropout": 2})}, "less than 1"),
        ({"a": shadow(target={"layers": None})}, "valid integer"),
    ],
)
def test_what_a_shadow_may_be(shadows, says):
    with pytest.raises(ValidationError, match=says):
        Mismatch(members=100, shadows=shadows)


def plans_with(shadows: dict, **more) -> dict[str, mismatch_plans.Plan]:
    overrides = {"mismatch": {"members": 100, "shadows": shadows, **more}}
    return mismatch_plans.plans(Study(load_settings("tiny", overrides), None, "cpu", 1))


def test_a_shadow_is_the_target_but_for_what_it_says():
    changes = {"layers": 2, "dropout": 0.1}
    own = {"epochs": 8, "recorded_epochs": [0, 8]}
    found = plans_with({"a": shadow(target=changes)}, target=own)
    target = load_settings("tiny").target.model_copy(update=own | {"recorded_epochs": (0, 8)})
    assert found["target"].target == found["matched"].target == target
    assert found["a"].target == target.model_copy(update=changes)
    assert {plan.members for plan in found.values()} == {100}


def test_settings_that_contradict_the_targets_are_refused():
    with pytest.raises(SettingsError, match=r"shadows\.a\.target: .*multiple of heads"):
        plans_with({"a": shadow(target={"heads": 3})})
    with pytest.raises(SettingsError, match=r"shadows\.a has nothing otherwise"):
        plans_with({"a": shadow(target={"d_model": load_settings("tiny").target.d_model})})


def test_cohorts_are_disjoint_and_smaller_shadows_within_larger_ones(log, pool, tmp_path):
    drawn = load_cohorts(pool)
    assert_disjoint(drawn)
    assert {n: len(s) for n, s in drawn.named().items() if len(s)} == SIZES
    found = {}
    for members in (30, 60, 90):
        keep_shadow_cohorts(tmp_path / "c.npz", pool, members=members, names=ABOUT)
        of_shadow = load_cohorts(tmp_path / "c.npz")
        assert_disjoint(of_shadow)
        found[members] = set(of_shadow.members["shadow"].row_ids)
        assert len(found[members]) == members
    assert found[30] < found[60] < found[90] == set(drawn.members["shadow"].row_ids)
    whole = load_sessions(log)
    for sessions in drawn.named().values():
        assert (sessions.clicks == whole.clicks[sessions.row_ids]).all()
    with pytest.raises(DataError, match="The cohorts need"):
        keep_real(pool, log, sizes=SIZES | {"shadow_members": 200}, names=ABOUT)


def test_a_log_of_the_shadows_own_has_no_cohorts_of_the_target(log, tmp_path):
    keep_real(tmp_path / "c.npz", log, sizes={"shadow_members": 50}, names=ABOUT)
    drawn = load_cohorts(tmp_path / "c.npz")
    assert {name for name, sessions in drawn.named().items() if len(sessions)} == {"shadow_members"}


def test_as_many_are_attacked_of_each_side(pool):
    part = taking_part(pool, "shadow", 40, ABOUT)
    assert {cohort: len(set(sessions.row_ids)) for cohort, sessions in part.items()} == {
        "members": 40,
        "heldout": 40,
    }
    again = taking_part(pool, "shadow", 40, ABOUT)
    assert all((part[cohort].row_ids == again[cohort].row_ids).all() for cohort in part)
    assert len(taking_part(pool, "shadow", 75, ABOUT)["members"]) == 75


def test_a_matched_shadow_gives_what_notebook_07_finds(log, pool, tmp_path):
    keep_shadow_cohorts(tmp_path / "matched.npz", pool, members=60, names=ABOUT)
    folders, seen = {}, {}
    for side, cohorts in (("target", pool), ("shadow", tmp_path / "matched.npz")):
        folders[side], seen[side] = tmp_path / side, tmp_path / f"{side}.npz"
        about = {"side": side, "device": "cpu"}
        how = {"reading": REAL_SESSIONS, "target": SMALL, "vocabulary_size": 30, "seed": 3}
        keep_model(folders[side], cohorts, **about, **how)
        about |= {"most": 60, "epochs": [0, 3], "names": ABOUT}
        keep_observed(seen[side], cohorts, folders[side], **about)
    of_07 = tmp_path / "07.npz"
    size_keeping.keep_scores(
        of_07,
        tmp_path / "matched.npz",
        folders["target"],
        folders["shadow"],
        attacked=60,
        epochs=[0, 3],
        vocabulary_size=30,
        names=ABOUT,
        **HOW,
    )
    both = [Lesson("matched", 0), Lesson("matched", 3)]
    keep_scores(
        tmp_path / "09.npz",
        (pool, seen["target"]),
        {"matched": (tmp_path / "matched.npz", seen["shadow"])},
        most={"target": 60, "matched": 60},
        vocabularies={"target": 30, "matched": 30},
        lessons={0: both[:1], 3: both},
        names=ABOUT,
        **HOW,
    )
    with np.load(of_07) as old, np.load(tmp_path / "09.npz") as new:
        for attack in (MLP, LOSS):
            for lesson in both:
                theirs = Case(attack, HELDOUT, SHADOW, lesson.epoch).name
                ours = case_of(attack, lesson.epoch, lesson).name
                for what in ("scores", "threshold"):
                    assert (old[f"{theirs}|{what}"] == new[f"{ours}|{what}"]).all()
        alike = [name for name in old.files if name in new]
        upper = Case(MLP, HELDOUT, TARGETS, 3).name
        assert {f"{HELDOUT}|membership", f"{HELDOUT}|known items", f"{upper}|scores"} <= {*alike}
        assert all((old[name] == new[name]).all() for name in alike)


def zeroed(vocabulary: int, longest: int) -> torch.nn.Module:
    """A model that guesses blindly."""
    model = transformer.build_model(SMALL, vocabulary, longest + 2, 0)
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
    return model


def test_features_of_another_catalogue_and_width_line_up(tmp_path):
    """Blind guesses are the same after alignment, whatever a session is padded to."""
    found = []
    for items, longest in ((30, 5), (200, 9)):
        sessions = load_sessions(write_log(tmp_path / "s.parquet", 40, items, longest))
        sessions = sessions[sessions.lengths <= 5]
        scores = position_scores(zeroed(3 + items, longest), sessions)
        features, names = score_features(scores, sessions.lengths)
        found.append(features[np.unique(sessions.lengths, return_index=True)[1]])
    (ours, theirs), sizes = found, {"of": 203, "to": 33}
    assert ours.shape == theirs.shape == (4, 48)
    assert not np.allclose(ours, theirs, atol=0.1)
    assert np.allclose(ours, aligned(theirs, names, **sizes), atol=1e-4)
    assert aligned(theirs, names, of=203, to=203) is theirs


def planted(path, gap: float, seed: int, n: int = 400) -> None:
    """Score features in which members are apart from held-out sessions by a gap, in deviations."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for cohort, shift in (("members", gap), ("heldout", 0)):
        features = rng.normal(size=(n, 3)).astype(np.float32)
        features[:, 0] += shift
        arrays[f"{cohort}|1"] = features
    write_arrays(path, names=np.array(["margin_mean", "margin_min", "z_score_max"]), **arrays)


def test_what_a_shadow_teaches(tmp_path):
    """One that has learned its sessions does; of one that was never trained nothing is expected."""
    log = write_log(tmp_path / "s.parquet", 4000, 200, 8)
    sizes = dict.fromkeys(SIZES, 400)
    keep_real(tmp_path / "pool.npz", log, sizes=sizes, names=ABOUT)
    for number, (name, gap) in enumerate({"target": 2, "same": 2, "untrained": 0}.items()):
        planted(tmp_path / f"{name}.npz", gap, number)
    sides = {
        name: (tmp_path / "pool.npz", tmp_path / f"{name}.npz")
        for name in ("target", "same", "untrained")
    }
    lessons = {name: Lesson(name, 1) for name in ("same", "untrained")}
    keep_scores(
        tmp_path / "scores.npz",
        sides.pop("target"),
        sides,
        most=dict.fromkeys(("target", *sides), 400),
        vocabularies=dict.fromkeys(("target", *sides), 203),
        lessons={1: list(lessons.values())},
        names=ABOUT,
        **HOW,
    )
    with np.load(tmp_path / "scores.npz") as saved:
        membership = saved[f"{HELDOUT}|membership"]

        def area(case: Case) -> float:
            return roc_auc(saved[f"{case.name}|scores"], membership)

        same, untrained = (lessons[name] for name in ("same", "untrained"))
        best = 0.921  # of two normal distributions two deviations apart
        assert area(case_of(MLP, 1, same)) == pytest.approx(best, abs=0.03)
        assert area(own_case(MLP, 1, same)) == pytest.approx(best, abs=0.03)
        assert area(own_case(MLP, 1, untrained)) == pytest.approx(0.5, abs=0.07)
        # The loss ranks by the target alone: only its threshold comes from a shadow.
        assert area(case_of(LOSS, 1, untrained)) == area(case_of(LOSS, 1, same))
        rate = saved[f"{accused_name(case_of(MLP, 1, same), 0.1)}|scores"][~membership].mean()
        assert rate == pytest.approx(0.1, abs=0.04)
        assert f"{accused_name(case_of(MLP, 1, same), 0.01)}|scores" not in saved  # 200 a fold


class FirstFeature(Attack):
    """Nothing is learned."""

    name, threshold = "first feature", 0.0

    def fit(self, shadow, membership, target=None):
        return self

    def score(self, observations):
        return observations.score_features[:, 0].astype(float)


def seen(scores: np.ndarray) -> Observations:
    n = len(scores)
    features = scores[:, None].astype(np.float32)
    return Observations(
        np.arange(n),
        np.ones((n, 1), dtype=np.int64),
        np.ones(n, dtype=np.int64),
        score_features=features,
    )


def test_thresholds_for_a_rate_by_hand():
    # Non-members of fold 0 score 0 to 39, those of fold 1 100 to 139; a tenth of 40 is 4.
    scores = np.concatenate([np.arange(40), 100 + np.arange(40), [500, 600]])
    labels = scores >= 500
    folds = np.array([0] * 40 + [1] * 40 + [0, 1])
    own, accused = own_scores(
        lambda fold: FirstFeature(), seen(scores), labels, folds, seen(np.array([35, 36, 135, 136]))
    )
    assert (own == scores).all()
    assert {rate: share.tolist() for rate, share in accused.items()} == {0.1: [0, 0.5, 0.5, 1]}


def test_rates_by_hand(tmp_path):
    arrays = {"membership": np.array([True, True, False, False]), "row_ids": np.arange(4)}
    arrays |= {"a|scores": np.array([0.9, 0.1, 0.5, 0.4]), "a|threshold": np.float64(0.5)}
    arrays |= {"b|scores": np.array([1, 0.5, 0, 0.5]), "b|threshold": np.float64(0.5)}
    write_arrays(tmp_path / "s.npz", **arrays)
    runs = {name: [(tmp_path / "s.npz", name, None, "", "")] for name in "abc"}
    bootstrap = {"repeats": 10, "level": 0.95, "seed": 1}
    keep_rates(tmp_path / "r.json", runs["a"], {"10": runs["b"], "1": runs["c"]}, **bootstrap)
    assert {one["metric"]: one["value"] for one in read_json(tmp_path / "r.json")} == {
        "FPR at the shadow's threshold": 0.5,
        "FPR where 10% was asked for": 0.25,
        "TPR where 10% was asked for": 0.75,
    }


def row(low: float, high: float, **more) -> Row:
    about = {"study": "proposal", "artefact": "Mismatch", "attack": MLP, "labels": SHADOW}
    about |= {"metric": LESS_MATCHED.format(ROC_AUC), "checkpoint": BEST, "variant": "XLNet"}
    return Row(**about | {"value": (low + high) / 2, "ci_low": low, "ci_high": high} | more)


def test_only_intervals_decide():
    costs, gains, alike, undecided, nothing = OUTCOMES
    assert outcome(row(-0.05, -0.01)) == outcome(row(-0.01, -0.005)) == costs
    assert outcome(row(0.005, 0.03)) == gains
    assert outcome(row(-0.02, 0.02)) == alike
    assert outcome(row(-0.03, 0.01)) == undecided
    assert outcome(row(-0.05, -0.01, degenerate=0.5)) == nothing
    matched = row(0.6, 0.7, metric=ROC_AUC, variant="matched")
    (said,) = meaning([matched, row(-0.05, -0.01), row(-0.01, 0.01, variant="larger")])
    assert said == (
        "**Best validation, all sessions.** A matched shadow gives a ROC AUC of 0.650 [0.600, "
        "0.700]. Where the shadow differs, it costs the attack: XLNet -0.030 [-0.050, -0.010]; "
        "it makes no difference: larger +0.000 [-0.010, +0.010]."
    )


def test_the_transfer_table_by_hand():
    rows = [
        row(0.6, 0.7, metric=ROC_AUC),
        row(-0.05, -0.01),
        row(0.4, 0.6, metric=ITSELF.format("FPR")),
        row(0.1, 0.3, metric=ROC_AUC, subset="unique sessions"),
        row(0.7, 0.8, metric=ROC_AUC, variant="upper bound", labels="target"),
    ]
    table = transfer_table(rows, ["upper bound", "XLNet", "absent"], MLP)
    assert table.index.tolist() == [
        (BEST, "all sessions", "upper bound"),
        (BEST, "all sessions", "XLNet"),
    ]
    assert table.iloc[1].tolist() == [
        "0.650 [0.600, 0.700]",
        "-0.030 [-0.050, -0.010]",
        "0.500",
    ]
    assert table.iloc[0].tolist() == ["0.750 [0.700, 0.800]", "", ""]
