"""The reference of next items: who it is made of, and how sharp."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from recmia.papers.frontier.bounding.next_items import (
    fitted_exponent,
    log_probabilities,
    references_of,
)
from recmia.recommenders import transformer
from recmia.recommenders.settings import Target
from recmia.sessions import FIRST_ITEM, Sessions


def test_a_reference_is_of_other_pairs():
    for target in range(8):
        chosen = references_of(target, 8)
        assert len({number // 2 for number in [*chosen, target]}) == 3


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_exponent_that_was_planted_is_found(exponent):
    draw = np.random.default_rng(0)
    truth = log_softmax(draw.normal(0, 2, (4000, 20)), axis=1)
    items = (truth + draw.gumbel(size=truth.shape)).argmax(axis=1)
    stated = log_softmax(truth / exponent, axis=1)
    assert fitted_exponent(stated, items) == pytest.approx(exponent, rel=0.1)


def test_a_mean_of_probabilities_over_items_alone():
    target = Target(d_model=8, layers=1, heads=2, epochs=1)
    models = [transformer.build_model(target, 12, 6, seed).eval() for seed in (1, 2)]
    histories = Sessions(np.array([[3, 4, 0], [5, 0, 0]]), np.array([2, 1]), np.arange(2))
    each = [np.exp(log_probabilities([model], histories, "cpu")) for model in models]
    both = np.exp(log_probabilities(models, histories, "cpu"))
    assert both.shape == (2, 12 - FIRST_ITEM) and both.sum(axis=1) == pytest.approx([1, 1])
    assert both == pytest.approx((each[0] + each[1]) / 2)
    flat = np.exp(log_probabilities(models, histories, "cpu", 0.5))
    assert flat == pytest.approx(np.sqrt(both) / np.sqrt(both).sum(axis=1, keepdims=True))
    # Only what was clicked before counts, not the padding.
    with torch.inference_mode():
        states = transformer.hidden_states(models[0], torch.tensor([[1, 5]]))[:, -1]
        logits = transformer.project(models[0], states)[0, FIRST_ITEM:]
    assert each[0][1] == pytest.approx(logits.softmax(0).numpy(), rel=1e-4)
