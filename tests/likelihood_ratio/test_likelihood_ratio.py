"""Likelihood-ratio scores: recorded ones, by hand, what must cancel, and planted truths."""

from __future__ import annotations

from itertools import product
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from recmia.attacks.registry import ATTACKS
from recmia.evaluation.metrics import roc_auc
from recmia.experiments.closure import reach
from recmia.likelihood_ratio import base, bavaria, lira, rmia, thresholds
from recmia.likelihood_ratio.evidence import Shadows, Target
from recmia.likelihood_ratio.quantile import quantile
from recmia.likelihood_ratio.scores import SCORES, SOURCES, ShadowSignals, score_all
from recmia.likelihood_ratio.signals import CERTAIN, log_sigmoid, logit_signal
from recmia.storage import read_arrays


def of(signal, shadows, membership) -> tuple[Target, Shadows]:
    """Evidence of records with one step each, from their signals."""
    signal, shadows = (np.asarray(x, dtype=np.float64) for x in (signal, shadows))
    return Target(log_sigmoid(signal), signal), Shadows.of(
        log_sigmoid(shadows), shadows, np.asarray(membership, dtype=bool)
    )


def drawn(n: int, models: int, gap: float, seed: int = 0):
    """Records of their own difficulty; a model's signal is higher by ``gap`` on what it knows."""
    draw = np.random.default_rng(seed)
    membership = draw.random((n, models + 1)) < 0.5
    signal = 2 * draw.normal(size=(n, 1)) + draw.normal(size=(n, models + 1)) + gap * membership
    features = draw.integers(1, 5, (n, 1)).astype(float)
    low = log_sigmoid(signal)
    known = ShadowSignals(low[:, 1:], signal[:, 1:], membership[:, 1:], features)
    return Target(low[:, 0], signal[:, 0]), known, membership[:, 0]


def test_recorded_scores_of_a_public_implementation(real_data: Path) -> None:
    folder = real_data / "likelihood-ratio"
    if not folder.is_dir():
        pytest.skip("the recorded scores are not here")
    models = read_arrays(folder / "models.npz")
    recorded = read_arrays(folder / "reference_scores.npz")
    shadows = [0, 1, 2, 3, 6, 7, 8, 9]  # the target's twin, 5, is left out
    target, known = of(
        models["logits"][:, 4], models["logits"][:, shadows], models["membership"][:, shadows]
    )
    ours = {
        "LiRA_online": lira.lira_online,
        "LiRA_offline": lira.lira_offline,
        "BASE1_online": base.base1_online,
        "BaVarIA-t_online": bavaria.bavaria_t_online,
    }
    assert set(ours) == set(recorded)
    for name, score in ours.items():
        assert np.abs(score(target, known) - recorded[name]).max() < 1e-4, name


# Two records; shadows 0 and 1 were trained on the first, 2 and 3 on the second.
SIGNAL = [1.5, 0.0]
SHADOWS = [[1.0, 3.0, -1.0, 0.0], [0.5, -0.5, 1.0, 2.0]]
MEMBER = [[True, True, False, False], [False, False, True, True]]


@pytest.fixture
def pair() -> tuple[Target, Shadows]:
    return of(SIGNAL, SHADOWS, MEMBER)


def test_moments_by_hand(pair) -> None:
    _, shadows = pair
    assert shadows.inside.mean.tolist() == [2, 1.5]
    assert shadows.outside.mean.tolist() == [-0.5, 0]
    assert shadows.inside.variance.tolist() == [1, 0.25]
    # In: 1, 3, 1, 2 around 1.75; out: -1, 0, 0.5, -0.5 around -0.25.
    assert shadows.inside.overall() == pytest.approx((1.75, 2.75 / 4))
    assert shadows.outside.overall() == pytest.approx((-0.25, 1.25 / 4))
    mean, variance = shadows.pooled()
    assert mean.tolist() == [0.75, 0.75]
    assert variance == pytest.approx([np.var(SHADOWS[0]), np.var(SHADOWS[1])])


def test_lira_by_hand(pair) -> None:
    v_in, v_out = 2.75 / 4, 1.25 / 4
    expected = [
        stats.norm.logpdf(x, a, v_in**0.5) - stats.norm.logpdf(x, b, v_out**0.5)
        for x, a, b in ((1.5, 2, -0.5), (0, 1.5, 0))
    ]
    assert lira.lira_online(*pair) == pytest.approx(expected)
    offline = [log(stats.norm.cdf(2 / v_out**0.5)), log(0.5)]
    assert lira.lira_offline(*pair) == pytest.approx(offline)


def test_loss_calibration_and_base_by_hand(pair) -> None:
    p = [1 / (1 + exp(-x)) for x in SIGNAL]
    q = [[1 / (1 + exp(-x)) for x in row] for row in SHADOWS]
    assert thresholds.loss(pair[0]) == pytest.approx([log(x) for x in p])
    references = [(log(q[0][2]) + log(q[0][3])) / 2, (log(q[1][0]) + log(q[1][1])) / 2]
    assert thresholds.calibration(*pair) == pytest.approx(
        [log(x) - one for x, one in zip(p, references, strict=True)]
    )
    assert base.base1_online(*pair) == pytest.approx(
        [log(x / (sum(row) / 4)) for x, row in zip(p, q, strict=True)]
    )
    out = [(q[0][2] + q[0][3]) / 2, (q[1][0] + q[1][1]) / 2]
    assert base.base1_offline(*pair) == pytest.approx(
        [log(x / y) for x, y in zip(p, out, strict=True)]
    )
    v = np.var(SHADOWS, axis=1)
    assert base.base2_online(*pair) == pytest.approx([0.75 / v[0], -0.75 / v[1]])
    # Within the classes: squares 2 + 0.5 and 0.5 + 0.5 over four shadows.
    assert base.base3_online(*pair) == pytest.approx(
        [2.5 / 0.625 * (1.5 - 0.75), 1.5 / 0.25 * (0 - 0.75)]
    )
    own = [
        stats.norm.logpdf(1.5, 2, 1) - stats.norm.logpdf(1.5, -0.5, 0.5),
        stats.norm.logpdf(0, 1.5, 0.5) - stats.norm.logpdf(0, 0, 0.5),
    ]
    assert base.base4_online(*pair) == pytest.approx(own)


def test_rmia_by_hand() -> None:
    """Ratios 0.8 / 0.4 = 2, 0.3 / 0.5 = 0.6 and 0.9 / 0.9 = 1 against one another."""
    p, q = np.array([0.8, 0.3, 0.9]), np.array([[0.4], [0.5], [0.9]])
    target = Target(np.log(p), logit_signal(np.log(p)))
    shadows = Shadows.of(np.log(q), logit_signal(np.log(q)), np.zeros((3, 1), dtype=bool))
    assert rmia.rmia_online(target, shadows).tolist() == [2 / 3, 0, 1 / 3]
    assert rmia.rmia_online(target, shadows, gamma=1.9).tolist() == [2 / 3, 0, 0]
    outsiders = np.array([False, True, False])
    assert rmia.rmia_online(target, shadows, population=outsiders).tolist() == [1, 0, 1]
    # p̂ = ½(1.33 p + 0.67): 0.601, 0.6675, 0.9335, and ratios 1.33, 0.45, 0.96.
    assert rmia.rmia_offline(target, shadows).tolist() == [2 / 3, 0, 1 / 3]
    assert rmia.rmia_offline(target, shadows, gamma=1.4).tolist() == [1 / 3, 0, 1 / 3]


def test_bavaria_by_hand(pair) -> None:
    """The first record: in 1, 3 with prior 1.75 and 2.75 / 4; out -1, 0 with -0.25 and 1.25 / 4."""
    expected = {}
    for name, middle, v, own, squares in (
        ("in", 1.75, 2.75 / 4, 2.0, 2.0),
        ("out", -0.25, 1.25 / 4, -0.5, 0.5),
    ):
        beta = v + squares / 2 + 2 * (own - middle) ** 2 / 3 / 2  # β₀ = v for both priors
        expected["n", name] = stats.norm.logpdf(1.5, own, beta**0.5)  # α_n = 2
        place, scale = (middle + 2 * own) / 3, (beta * 4 / (3 * 3)) ** 0.5  # α_n = 3, κ_n = 3
        expected["t", name] = stats.t.logpdf(1.5, 6, place, scale)
        expected["n prior", name] = stats.norm.logpdf(1.5, middle, v**0.5)
        expected["t prior", name] = stats.t.logpdf(1.5, 4, middle, (v * 2 / 2) ** 0.5)
    for kind in ("n", "t"):
        online = getattr(bavaria, f"bavaria_{kind}_online")(*pair)
        offline = getattr(bavaria, f"bavaria_{kind}_offline")(*pair)
        out = expected[kind, "out"]
        assert online[0] == pytest.approx(expected[kind, "in"] - out)
        assert offline[0] == pytest.approx(expected[f"{kind} prior", "in"] - out)


def test_signals_keep_their_digits() -> None:
    p = np.array([1e-300, 1e-9, 0.3, 0.5, 0.9, 1 - 1e-6])
    assert logit_signal(np.log(p)) == pytest.approx(np.log(p) - np.log1p(-p), rel=1e-9)
    assert logit_signal(np.array([-1e4]))[0] == -1e4
    assert log_sigmoid(logit_signal(np.array([-3.0, -1e-5]))) == pytest.approx([-3, -1e-5])
    # 1 - p = 1e-10: as far as probabilities are told apart.
    assert logit_signal(np.zeros(1))[0] == pytest.approx(-log(CERTAIN))


def test_any_order_of_records_and_shadows_says_the_same() -> None:
    target, known, _ = drawn(300, 6, 1.0)
    scores = score_all(target, known)
    draw = np.random.default_rng(1)
    rows, models = draw.permutation(300), draw.permutation(6)
    for name, score in SCORES.items():
        shuffled = Shadows.of(
            known.log_likelihood[rows], known.signal[rows], known.membership[rows], models
        )
        again = score.compute(Target(target.log_likelihood[rows], target.signal[rows]), shuffled)
        np.testing.assert_allclose(again, scores[name][rows], rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_constant_shift_cancels_where_it_must() -> None:
    target, known, _ = drawn(200, 6, 1.0)

    def shifted(log_likelihood: float, signal: float) -> dict[str, np.ndarray]:
        moved = Target(target.log_likelihood + log_likelihood, target.signal + signal)
        beside = ShadowSignals(
            known.log_likelihood + log_likelihood,
            known.signal + signal,
            known.membership,
            known.features,
        )
        return score_all(moved, beside)

    before, after = shifted(0, 0), shifted(-0.5, 2.0)
    changed = {
        name
        for name in before
        if not np.allclose(before[name], after[name], atol=1e-8, equal_nan=True)
    }
    assert changed == {"loss", "rmia_offline"}


def test_rmia_is_base1_in_ranks() -> None:
    target, known, member = drawn(500, 4, 1.0)
    scores = score_all(target, known)
    areas = [roc_auc(scores[name], member) for name in ("rmia_online", "base1_online")]
    assert areas[0] == pytest.approx(areas[1], abs=1e-12)


def test_planted_memory_is_found_by_all_and_better_than_by_loss() -> None:
    target, known, member = drawn(4000, 8, 1.5)
    scores = score_all(target, known)
    assert list(scores) == list(SOURCES)
    areas = {name: roc_auc(np.nan_to_num(one), member) for name, one in scores.items()}
    assert all(area > 0.6 for area in areas.values()), areas
    # The best there is, knowing each record's own means: Φ(1.5 / √2) = 0.856.
    best = stats.norm.cdf(1.5 / 2**0.5)
    blind = stats.norm.cdf(1.5 / 10**0.5)  # a record's difficulty has variance 4
    assert areas["loss"] == pytest.approx(blind, abs=0.02)
    for name in ("lira_online", "bavaria_n_online", "bavaria_t_online", "lira_offline"):
        assert best - 0.1 < areas[name] < best + 0.01, (name, areas[name])


def test_without_memory_every_score_is_a_coin() -> None:
    target, known, member = drawn(4000, 8, 0.0)
    for name, scores in score_all(target, known).items():
        seen = ~np.isnan(scores)
        area = roc_auc(scores[seen], member[seen])
        # Three standard errors of 2,000 against 2,000.
        assert abs(area - 0.5) < 3 * (4001 / 12 / 2000**2) ** 0.5, (name, area)


def test_what_shadows_allow() -> None:
    target, known, _ = drawn(50, 3, 1.0)
    assert list(score_all(target, known, models=[])) == ["loss"]
    alone = score_all(target, known, models=[0])
    assert "lira_online" not in alone and "base2_online" not in alone
    assert {"lira_offline", "bavaria_t_online", "base1_online", "quantile"} < set(alone)
    # A record that the one shadow was trained on has no reference.
    assert np.array_equal(np.isnan(alone["lira_offline"]), known.membership[:, 0])
    assert not np.isnan(alone["bavaria_t_online"]).any()
    nobody = ShadowSignals(
        known.log_likelihood, known.signal, np.zeros_like(known.membership), known.features
    )
    offline = score_all(target, nobody)
    assert set(SOURCES) - set(offline) == {
        "lira_online", "base3_online", "base4_online", "bavaria_n_online", "bavaria_n_offline",
        "bavaria_t_online", "bavaria_t_offline",
    }  # fmt: skip


def test_own_variances_from_64_shadows_on() -> None:
    target, known, _ = drawn(40, 64, 1.0)
    scores = score_all(target, known)
    assert np.array_equal(scores["lira_online"], scores["base4_online"])
    # A shadow in the target's place is scored as the target is.
    turn = score_all(target, known, models=range(63))
    assert np.array_equal(turn["lira_online"], turn["base4_online"])
    target, known, _ = drawn(40, 63, 1.0)
    fewer = score_all(target, known)
    assert not np.allclose(fewer["lira_online"], fewer["base4_online"])


def test_shadows_that_all_agree_give_numbers() -> None:
    target, shadows = of([23.0, 20.0], np.full((2, 4), 23.0), MEMBER)
    for name, score in SCORES.items():
        assert np.isfinite(score.compute(target, shadows)).all(), name


def test_a_chunk_changes_nothing(monkeypatch) -> None:
    target, known, _ = drawn(101, 4, 1.0)
    whole = score_all(target, known)
    monkeypatch.setattr("recmia.likelihood_ratio.evidence.CHUNK", 40)
    for name, scores in score_all(target, known).items():
        assert np.array_equal(scores, whole[name], equal_nan=True), name


def test_the_quantile_of_other_records_keeps_its_rate() -> None:
    """Longer records have higher signals: one threshold for all would accuse only them."""
    draw = np.random.default_rng(0)
    n, alpha = 20_000, 0.05
    steps = draw.integers(1, 4, (n, 1)).astype(float)
    signal = 2 * steps + draw.normal(size=(n, 2))
    outside = np.ones((n, 1), dtype=bool)
    scores = quantile(
        Target(log_sigmoid(signal[:, 0]), signal[:, 0]), steps, signal[:, 1:], outside, alpha=alpha
    )
    limit = 1.96 * (alpha * (1 - alpha) * 3 / n) ** 0.5
    for length in (1, 2, 3):
        assert abs((scores[steps[:, 0] == length] > 0).mean() - alpha) < 2 * limit
    again = quantile(
        Target(log_sigmoid(signal[:, 0]), signal[:, 0]), steps, signal[:, 1:], outside, alpha=alpha
    )
    assert np.array_equal(scores, again)


def test_the_engine_is_no_attack_on_observations() -> None:
    """The registry does not offer its functions, nor does a kept result of theirs depend on it."""
    assert not set(SOURCES) & set(ATTACKS)
    reached = reach("recmia.attacks.registry").modules
    assert "recmia.attacks.biased_mia" in reached
    assert not [name for name in reached if "likelihood" in name]
    assert all(one.needs and one.source for one in SCORES.values())
    assert {f"{a}_{b}" for a, b in product(("lira", "rmia"), ("online", "offline"))} < set(SCORES)
