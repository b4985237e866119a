"""The Transformers4Rec model behind the interface of all recommenders."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.recommenders.registry import RECOMMENDERS
from recmia.recommenders.scoring import position_scores
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.recommenders.training import train
from recmia.recommenders.transformer import recommend
from recmia.sessions import Sessions

TARGET = {"d_model": 8, "layers": 1, "heads": 1, "epochs": 2, "recorded_epochs": [0, 2]}


def circle(n: int = 120, length: int = 5) -> Sessions:
    """Each item is followed by the next of ten."""
    first = np.random.default_rng(0).integers(0, 10, (n, 1))
    clicks = 3 + (first + np.arange(length)) % 10
    return Sessions(clicks, np.full(n, length), np.arange(n))


def test_it_does_what_its_parts_do(tmp_path) -> None:
    sessions = circle()
    model = RECOMMENDERS.make(
        "session-transformer", {"target": TARGET}, vocabulary_size=13, seed=4, device="cpu"
    ).fit(sessions)
    record = train(model.target, 13, sessions, tmp_path / "model", seed=4)
    network, later = record.load(2), SessionTransformer.trained(record, 2)
    for made in (model, later):
        for exclude in (False, True):
            lists = made.recommend(sessions, 10, exclude_seen=exclude)
            expected = recommend(network, sessions, 10, exclude_seen=exclude)
            np.testing.assert_array_equal(lists, expected)
        np.testing.assert_array_equal(
            made.recommend_folded_in(sessions, 3), made.recommend(sessions, 3)
        )
        for found, expected in zip(
            made.score(sessions), position_scores(network, sessions), strict=True
        ):
            np.testing.assert_array_equal(found, expected)
    untrained = SessionTransformer.trained(record, 0).score(sessions).log_probability
    trained = model.score(sessions).log_probability
    assert np.nanmean(trained[:, 1:5]) > np.nanmean(untrained[:, 1:5])
    with pytest.raises(DataError, match="6 clicks; the model was made for 5"):
        model.recommend(circle(length=6), 3)
