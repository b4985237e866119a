"""Scores of positions against the definition, and their summaries by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.recommenders import scoring, transformer
from recmia.recommenders.scoring import PositionScores
from recmia.recommenders.settings import Target
from recmia.sessions import Sessions

VOCABULARY, WIDTH = 25, 6


def sessions() -> Sessions:
    rows = [[5, 6, 7, 0, 0, 0], [8, 9, 10, 11, 12, 13], [4, 3, 0, 0, 0, 0]]
    return Sessions(np.array(rows), np.array([3, 6, 2]), np.arange(3))


@pytest.fixture(scope="module", params=["gpt2", "xlnet"])
def model(request) -> torch.nn.Module:
    target = Target(
        architecture=request.param, d_model=8, layers=1, heads=2, epochs=1, recorded_epochs=(1,)
    )
    model = transformer.build_model(target, VOCABULARY, WIDTH + 2, seed=2)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.3 * torch.randn(value.shape, generator=torch.Generator().manual_seed(0)))
    return model


def test_measures_by_definition(model):
    scores = scoring.position_scores(model, sessions(), batch_size=2)
    tokens = torch.from_numpy(sessions().tokens())
    with transformer.evaluating(model, "cpu"):
        states, rows, positions = transformer.predicting_states(model, tokens)
        logits = transformer.project(model, states)[:, 2:].double().numpy()
    for logit, row, position in zip(logits, rows.tolist(), positions.tolist(), strict=True):
        true = int(tokens[row, position]) - 2
        log_share = logit - np.log(np.exp(logit).sum())
        got = {name: values[row, position - 1] for name, values in scores._asdict().items()}
        others = np.delete(logit, true)
        expected = {
            "log_probability": log_share[true],
            "log_rank": np.log(1 + (others >= logit[true]).sum()),
            "margin": logit[true] - others.max(),
            "entropy": -(np.exp(log_share) * log_share).sum(),
            "max_log_probability": log_share.max(),
            "z_score": (logit[true] - logit.mean()) / logit.std(),
        }
        assert got == pytest.approx(expected, abs=2e-5)


def test_cells_beyond_the_end_token_are_empty(model):
    lengths = sessions().lengths
    for values in scoring.position_scores(model, sessions()):
        assert values.dtype == np.float32
        filled = np.arange(WIDTH + 1) <= lengths[:, None]
        np.testing.assert_array_equal(np.isfinite(values), filled)


def test_scores_do_not_depend_on_order_batch_or_chunk(model, monkeypatch):
    base = scoring.position_scores(model, sessions())
    monkeypatch.setattr(scoring, "CHUNK_BYTES", 4 * VOCABULARY)
    order = np.array([2, 0, 1])
    other = scoring.position_scores(model, sessions()[order], batch_size=1)
    for ours, theirs in zip(base, other, strict=True):
        np.testing.assert_allclose(ours[order], theirs, atol=1e-5)


def by_hand() -> tuple[PositionScores, np.ndarray]:
    values = np.array([[-1, -3, -5, 9, np.nan], [-2, -4, 7, np.nan, np.nan]], dtype=np.float32)
    return PositionScores(*(values + i for i in range(6))), np.array([3, 2])


def test_features_by_hand():
    scores, lengths = by_hand()
    features, names = scoring.score_features(scores, lengths)
    assert features.shape == (2, 48)
    assert features.dtype == np.float32
    assert names[0] == "log_probability_mean"
    assert len(set(names)) == 48
    row = dict(zip(names, features[0].tolist(), strict=True))
    summaries = ["mean", "sum", "min", "max", "std", "first", "last", "end"]
    got = [row[f"log_probability_{summary}"] for summary in summaries]
    assert got == pytest.approx([-3, -9, -5, -1, np.sqrt(8 / 3), -1, -5, 9])
    assert dict(zip(names, features[1].tolist(), strict=True))["margin_mean"] == pytest.approx(-1)
    assert np.isfinite(features).all()
    last, last_names = scoring.last_step_features(scores, lengths)
    np.testing.assert_array_equal(last, [[-5, -4, -3, -2, -1, 0], [-4, -3, -2, -1, 0, 1]])
    assert last_names == PositionScores._fields


def test_correlation_quantiles_equal_numpy():
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 8, 30)
    values = rng.normal(size=(30, 9)).astype(np.float32)
    values[np.arange(9) > lengths[:, None]] = np.nan
    got = scoring.output_input_correlation(PositionScores(*[values] * 6), lengths)
    for row, length, mine in zip(values, lengths, got, strict=True):
        quantiles = np.quantile(row[:length], [0, 0.25, 0.5, 0.75, 1])
        np.testing.assert_allclose(mine, [*quantiles, row[length - 1]], atol=1e-6)


def test_how_sure_the_model_is_before_the_first_click_is_left_out():
    n, width = 2, 4
    steps = np.arange(width + 1, dtype=np.float32)
    values = np.where(steps <= np.array([[2], [3]]), steps + 1, np.nan).astype(np.float32)
    same = np.where(np.isnan(values), np.nan, values)
    features, names = scoring.score_features(scoring.PositionScores(*[same] * 6), np.array([2, 3]))
    of = dict(zip(names, features.T, strict=True))
    # Session of two clicks: values 1 and 2 at the clicks, 3 at the end token.
    assert of["log_probability_min"].tolist() == [1, 1] and of["log_probability_max"][0] == 2
    assert of["entropy_min"].tolist() == [2, 2] and of["entropy_max"].tolist() == [3, 4]
    assert of["entropy_mean"].tolist() == [2.5, 3] and of["entropy_first"].tolist() == [2, 2]
    assert features.shape == (n, 48) and np.isfinite(features).all()
