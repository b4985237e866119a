"""Facts that are counted in lists, by hand, and the one number that a file's size tells."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.released import proofs
from recmia.released.splits import Split
from recmia.released.world import SHADOW, TARGET, world_of
from tests.released.made_up import histories


def test_items_that_lists_share_by_hand() -> None:
    first, second = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[3, 1, 9], [7, 8, 9]])
    assert proofs._overlap(first, second) == 1.0
    assert proofs._overlap(first, first[:, ::-1]) == 3.0


def test_facts_of_lists_by_hand() -> None:
    known = histories([0, 1], [2, 3], [8], [9], n_items=10)
    world = world_of(Split(known, known, known, 2, np.arange(4)), 4)
    lists = {SHADOW: np.array([[0, 3, 5], [5, 3, 6]]), TARGET: np.array([[0, 9, 7], [8, 7, 4]])}
    expected = {
        proofs.OVERLAP: 2.0,  # 3 and 5
        proofs.DISTINCT: 3.0,  # the first list is every third
        proofs.TOUCHED: 3 / 6,  # by a member: 0, 3 and 3
        proofs.OWN: 2 / 6,  # 0 of the first, 3 of the second
        proofs.SAME_PERSON: 0.5,  # 0 alone
    }
    assert proofs._facts(world, SHADOW, lists) == pytest.approx(expected, abs=1e-6)


def test_numbers_in_the_vector_file_have_the_length_of_a_standard_normal(monkeypatch) -> None:
    monkeypatch.setattr(proofs, "NUMBERS", 200_000)
    known = histories([0, 1], [2, 284_252], n_items=284_253)
    world = world_of(Split(known, known, known, 1, np.arange(2)), 4)
    facts = {fact.case: fact.values for fact in proofs._characters(world, 2, seed=3)}
    assert facts[proofs.RELEASED] == (pytest.approx(18.6311, abs=1e-4),)
    # 200,000 numbers: a standard deviation of the mean is 0.002.
    expected = {"N(0, 1)": 18.6316, "N(0.1, 1)": 18.591, "U(0, 1)": 18.270}
    for case, length in (expected | {"0.3 x N(0, 1)": 19.184}).items():
        assert len(facts[case]) == 2
        assert facts[case] == pytest.approx((length, length), abs=0.01)


def test_a_million_numbers_agree_to_a_thousandth(monkeypatch) -> None:
    draw = np.random.default_rng(0)
    lengths = [len(repr(x)) for x in draw.standard_normal(proofs.NUMBERS).tolist()]
    files = (proofs.VECTOR_FILE - 284_253 * 101) / (284_253 * 100)
    assert np.mean(lengths) == pytest.approx(files, abs=3e-3)
