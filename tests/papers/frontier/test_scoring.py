"""Planted truths: models that know nothing, models that remember, thresholds from shadows only."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.metrics import roc_auc
from recmia.likelihood_ratio.signals import log_sigmoid
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import deal, shadows_of
from recmia.papers.frontier.keeping import Seen
from recmia.papers.frontier.scoring import (
    Beside,
    as_many,
    called_by,
    chosen_a,
    guesses,
    loss_range,
    score_target,
    shadow_turns,
    without,
)

N, MODELS = 3000, 10


def planted(gain: float, seed: int = 0) -> tuple[Seen, Beside]:
    """Sessions of all difficulties; a model is surer by ``gain`` of those it knows."""
    draw = np.random.default_rng(seed)
    coins = deal(np.arange(N), MODELS, draw)
    hard = draw.normal(-3, 2, (N, 1))
    signal = hard + draw.normal(0, 0.5, (N, MODELS)) + gain * coins
    outside = draw.normal(-3, 2, (500, 1)) + draw.normal(0, 0.5, (500, MODELS))
    low, out = log_sigmoid(signal), log_sigmoid(outside)
    course = np.stack([log_sigmoid(hard + part * (signal - hard)) for part in (0.0, 0.5, 1.0)])
    seen = Seen(*(v.astype(np.float32) for v in (low, signal, out)), coins)
    return seen, Beside(draw.normal(size=(N, 3)), course, 0)


@pytest.fixture(scope="module")
def scored():
    """Of a case without memory and of one with it: every attack's scores on the first model."""
    found = {}
    for gain in (0.0, 4.0):
        seen, known = planted(gain)
        found[gain] = seen, known, score_target(seen, known, 0, shadows_of(0, MODELS))
    return found


def test_nothing_is_found_where_nothing_is_remembered(scored):
    seen, _, found = scored[0.0]
    assert len(found) == len(names.ENGINE) + 10
    for name, scores in found.items():
        run = ScoredUnits(scores, seen.coins[:, 0], np.arange(N), np.inf)
        area = evaluate([run], repeats=200, level=0.999, seed=1)[0]
        assert area.ci_low < 0.5 < area.ci_high, (name, area)


def test_a_memoriser_is_found_by_whoever_knows_how_hard_a_session_is(scored):
    seen, _, found = scored[4.0]
    areas = {name: roc_auc(scores, seen.coins[:, 0]) for name, scores in found.items()}
    blunt = {names.LOSS, names.POPULATION, names.QUANTILE, names.TWO_SIDED}
    # By log p alone, easy sessions leave no room for a gain: those are compared by φ.
    by_loss = {name for name in areas if name.startswith(("RMIA", "BASE1", "difficulty"))}
    exact = {n: a for n, a in areas.items() if n not in blunt | by_loss | {names.TRAJECTORY}}
    assert min(exact.values()) > 0.97, exact
    assert min(areas.values()) > 0.75, areas
    assert max(areas[name] for name in (names.LOSS, names.POPULATION)) < min(exact.values())


def test_the_two_forms_of_offline_lira_part_where_a_target_knows_less_than_expected(scored):
    seen, known, found = scored[4.0]
    signal = seen.signal.copy()
    signal[:5, 0] -= 30
    strange = Seen(seen.log_likelihood, signal, seen.population, seen.coins)
    forms = score_target(strange, known, 0, shadows_of(0, MODELS))
    others = ~seen.coins[5:, 0]
    assert (forms[names.TWO_SIDED][:5] > forms[names.TWO_SIDED][5:][others].max()).all()
    one_sided = forms[names.ENGINE["lira_offline"]]
    assert (one_sided[:5] < one_sided[5:].min()).all()


def test_one_shadow_scores_offline_whom_it_lacks(scored):
    seen, known, _ = scored[4.0]
    found = score_target(seen, known, 0, [2])
    offline = found[names.ENGINE["lira_offline"]]
    assert (np.isnan(offline) == seen.coins[:, 2]).all()
    assert names.ENGINE["lira_online"] not in found and names.rmia("online", 1) in found


def test_thresholds_look_at_no_coin_of_the_target(scored):
    seen, known, _ = scored[4.0]
    shadows = shadows_of(0, MODELS)
    coins = seen.coins.copy()
    coins[:, :2] = coins[::-1, :2]
    other = Seen(seen.log_likelihood, seen.signal, seen.population, coins)
    pair = guesses(seen, known, 0, shadows, 2), guesses(other, known, 0, shadows, 2)
    for name, called in pair[0].items():
        for key, values in called.items():
            assert np.array_equal(values, pair[1][name][key]), (name, key)
    main, member = pair[0][names.MAIN], seen.coins[:, 0]
    assert (main["balanced"] == member).mean() > 0.95
    assert 0.003 < (main["0.01"][~member] == 1).mean() < 0.03


def test_a_shadow_in_the_targets_place_is_not_attacked_by_its_complement(scored):
    shadows = shadows_of(0, MODELS)
    assert without(shadows, [4]) == [2, 3, 6, 7, 8, 9]
    seen, known, _ = scored[0.0]
    turns = shadow_turns(seen, known, shadows, 2)[names.MAIN]
    assert np.array_equal([member for _, member in turns], seen.coins[:, [2, 6]].T)
    # Nothing is remembered: to the complement's coins, its own would be plain.
    assert all(abs(roc_auc(scores, member) - 0.5) < 0.05 for scores, member in turns)


def test_rmias_a_is_chosen_on_shadows_alone(scored):
    seen, known, found = scored[4.0]
    shadows = shadows_of(0, MODELS)
    coins = seen.coins.copy()
    coins[:, :2] = coins[::-1, :2]  # the target's and its complement's
    other = Seen(seen.log_likelihood, seen.signal, seen.population, coins)
    assert chosen_a(other, shadows) == chosen_a(seen, shadows)
    # Shadows are unbiased here, so that nothing needs to be mixed in: with a of 1 it is BASE1.
    assert chosen_a(seen, shadows) == 1
    areas = [
        roc_auc(found[name], seen.coins[:, 0])
        for name in (names.rmia("offline", 1), names.RMIA_CHOSEN, names.ENGINE["base1_offline"])
    ]
    assert areas[0] < areas[1] and np.isclose(areas[1], areas[2], atol=5e-3)  # up to its ties
    assert chosen_a(seen, shadows[:2]) is None


def test_guesses_by_other_scores_call_as_many():
    called = np.array([1, 0, 0, 1, -1], dtype=np.int8)
    assert as_many(np.array([0.1, 0.9, 0.4, 0.5, np.nan]), called).tolist() == [0, 1, 0, 1, -1]
    assert as_many(np.zeros(5), np.zeros(5, dtype=np.int8)).tolist() == [0] * 5
    assert called_by(np.ones(5), []) == {}


def test_loss_range_by_hand():
    assert np.isclose(loss_range(np.array([[-4.0], [-3.0], [-2.0], [-1.0], [0.0]]))[0], 2)
