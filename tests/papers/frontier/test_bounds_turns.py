"""Turns: nothing rests on the coins that are guessed, nor on their complement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recmia.evaluation.metrics import roc_auc
from recmia.likelihood_ratio.evidence import Target
from recmia.likelihood_ratio.signals import log_sigmoid
from recmia.papers.frontier import names
from recmia.papers.frontier.bounding.extracting import shares
from recmia.papers.frontier.bounding.turns import ATTACKS, Read, turns
from recmia.papers.frontier.bounding.units import counted
from recmia.papers.frontier.dealing import Pool, deal

N, MODELS = 500, 6


@pytest.fixture
def game() -> Read:
    draw = np.random.default_rng(0)
    coins = deal(np.arange(N), MODELS, draw)
    signal = draw.normal(-3, 1, N)[:, None] + draw.normal(0, 0.4, (N, MODELS)) + 2 * coins
    return Read(log_sigmoid(signal), signal, coins, np.arange(N))


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_target_is_told_and_its_own_pair_is_not_looked_at(game, attack):
    (own,) = turns(game, [2], attack, 8)
    assert roc_auc(own.scores, own.membership) > (0.9 if attack == names.MAIN else 0.8)
    assert (own.membership == game.coins[:, 2]).all() and len(own.held) == 4
    # Coins of the pair turned round, and what its complement says: nothing moves.
    coins, signal, low = (np.copy(x) for x in (game.coins, game.signal, game.log_likelihood))
    coins[:, [2, 3]] = coins[:, [3, 2]]
    signal[:, 3], low[:, 3] = 0, -1
    (other,) = turns(replace(game, coins=coins, signal=signal, log_likelihood=low), [2], attack, 8)
    assert (other.scores == own.scores).all() and (other.membership == ~own.membership).all()
    for before, after in zip(own.held, other.held, strict=True):
        assert (before[0] == after[0]).all() and (before[1] == after[1]).all()


def test_what_is_chosen_on_does_not_rest_on_the_target(game):
    (own,) = turns(game, [0], names.MAIN, 2)
    signal, low = game.signal.copy(), game.log_likelihood.copy()
    signal[:, 0], low[:, 0] = 5, -0.01
    (other,) = turns(replace(game, signal=signal, log_likelihood=low), [0], names.MAIN, 2)
    assert len(own.held) == 2
    assert all((a[0] == b[0]).all() for a, b in zip(own.held, other.held, strict=True))


def test_a_stranger_is_attacked_in_the_targets_place(game):
    draw = np.random.default_rng(5)
    signal = draw.normal(-3, 1, N)
    stranger = Target(log_sigmoid(signal), signal)
    (own,) = turns(game, [4], names.MAIN, 8, stranger)
    assert abs(roc_auc(own.unseen, own.membership) - 0.5) < 0.08
    assert turns(game, [4], names.MAIN, 8)[0].unseen is None


def test_a_unit_has_the_mean_of_its_sessions(game):
    groups = np.arange(N) // 2
    coins = game.coins[2 * groups]
    (own,) = turns(Read(game.log_likelihood, game.signal, coins, groups), [0], names.LOSS, 1)
    assert own.scores == pytest.approx(game.log_likelihood[:, 0].reshape(-1, 2).mean(axis=1))
    assert (own.membership == coins[::2, 0]).all()


def test_copies_are_no_units_of_one_session():
    groups = np.array([0, 1, 1, 2])
    pool = Pool(None, None, None, groups, None)
    assert counted(pool.groups, "session").tolist() == [True, False, False, True]
    assert counted(pool.groups, "user").all()


def test_shares_of_extractable_sessions_by_hand():
    # Half of the time: 1 sample is enough for p = 0.5; 0.001 takes some 700.
    low = np.log(np.array([[0.5, 0.5], [0.001, 0.5], [0.001, 0.001], [0.001, 0.001]]))
    coins = np.array([[True, False], [True, False], [False, True], [False, True]])
    members, others = shares(low, coins, [1, 1000], [0.5])
    assert members[:, :, 0].tolist() == [[0.5, 1.0], [0.0, 1.0]]
    assert others[:, :, 0].tolist() == [[0.0, 1.0], [1.0, 1.0]]
