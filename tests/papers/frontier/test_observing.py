"""What interfaces show, by hand; gradient norms as autograd has them, session by session."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.papers.frontier.gradients import gradient_norms
from recmia.papers.frontier.names import SCORES, SUM, TOP_1, TOP_K, WEIGHTS
from recmia.papers.frontier.observing import click_scores, views_of
from recmia.recommenders import transformer
from recmia.recommenders.scoring import position_scores
from recmia.recommenders.settings import Target
from recmia.sessions import Sessions

VOCABULARY, LONGEST = 40, 6


@pytest.fixture(scope="module")
def model():
    target = Target(epochs=1, recorded_epochs=(1,), d_model=16, layers=2, heads=2)
    made = transformer.build_model(target, VOCABULARY, LONGEST + 2, seed=0)
    torch.manual_seed(0)
    with torch.no_grad():  # scales, shifts and biases are no longer at their start
        for weights in made.parameters():
            weights.add_(0.3 * torch.randn(weights.shape))
    return made


@pytest.fixture(scope="module")
def sessions():
    rng = np.random.default_rng(1)
    lengths = rng.integers(2, LONGEST + 1, 23)
    clicks = rng.integers(3, VOCABULARY, (23, LONGEST))
    clicks[:, 1] = clicks[:, 0]  # an item twice: its row is reached twice
    clicks[np.arange(LONGEST) >= lengths[:, None]] = 0
    return Sessions(clicks, lengths, np.arange(23))


def test_gradient_norms_are_those_of_autograd(model, sessions):
    expected = []
    for one in range(len(sessions)):
        tokens = torch.from_numpy(sessions.tokens()[[one], : sessions.lengths[one] + 2])
        states, rows, positions = transformer.predicting_states(model, tokens)
        logits, true = transformer.project(model, states), tokens[rows, positions]
        loss = torch.nn.functional.cross_entropy(logits, true)
        found = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
        expected.append(sum(g.double().square().sum() for g in found if g is not None).sqrt())
    assert np.allclose(gradient_norms(model, sessions), torch.stack(expected), rtol=1e-5)
    assert all(weights.grad is None for weights in model.parameters())


def test_click_scores_are_those_of_every_other_attack(model, sessions):
    low, place = click_scores(model, sessions)
    clicks = np.arange(LONGEST) < sessions.lengths[:, None]
    of_positions = position_scores(model, sessions).log_probability[:, :LONGEST]
    assert np.allclose(low[clicks], of_positions[clicks], atol=1e-5)
    assert np.isnan(low[~clicks]).all() and (place[~clicks] == 0).all()
    # The list after the clicks so far holds the next one at its place.
    before = Sessions(sessions.clicks[:, :2], np.full(23, 2), sessions.row_ids)[
        sessions.lengths > 2
    ]
    lists = transformer.recommend(model, before, VOCABULARY - 3)
    third = sessions.clicks[sessions.lengths > 2, 2]
    assert ((lists == third[:, None]).argmax(axis=1) + 1 == place[sessions.lengths > 2, 2]).all()


def test_views_by_hand():
    # Two clicks after the first: at the first place of the list, and beyond a list of three.
    low = np.log(np.array([[0.5, 0.8, 0.2]]))
    views = views_of(low, np.array([[9, 1, 7]]), np.array([3]), np.array([4.0]), 3)
    phi = np.log([1.0, 4.0, 0.25])
    assert np.isclose(views[SCORES][1], phi.mean()) and np.isclose(views[SUM][1], phi.sum())
    assert np.isclose(views[SCORES][0], low.mean()) and np.isclose(views[SUM][0], low.sum())
    assert np.isclose(views[TOP_1][1], -np.log(2) / 2)  # a hit and a miss
    assert np.isclose(views[TOP_K][1], -np.log(4) / 2)  # place 1, and 4 for "beyond"
    assert np.isclose(views[TOP_K][0], (np.log(1 / 2) + np.log(1 / 5)) / 2)
    assert np.isclose(views[WEIGHTS][1], -np.log(4)) and np.isclose(views[WEIGHTS][0], np.log(0.2))
