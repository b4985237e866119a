"""Folds keep groups whole; links join rows through any key."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.folds import group_folds, link_groups


def test_groups_never_straddle_and_sizes_balance():
    rng = np.random.default_rng(0)
    # One large group, many of two to nine rows, and single rows.
    groups = np.concatenate([np.zeros(150), rng.integers(1, 80, 400), np.arange(100, 600)])
    groups = rng.permutation(groups.astype(np.int64))
    folds = group_folds(groups, 5, seed=1)
    assert folds.dtype == np.int64 and set(folds) == set(range(5))
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 1


def test_folds_are_random_but_repeatable():
    groups = np.arange(100)
    first = group_folds(groups, 2, seed=1)
    assert (first == group_folds(groups, 2, seed=1)).all()
    agreement = (first == group_folds(groups, 2, seed=2)).mean()
    assert 0.2 < agreement < 0.8
    # No trend along the rows: members come first in the study's arrays.
    assert 0.3 < first[:50].mean() < 0.7


def test_too_few_groups_is_an_error():
    with pytest.raises(DataError):
        group_folds(np.zeros(10), 2, seed=1)


def test_links_are_transitive_across_keys():
    #        0 and 1 share the hash; 1 and 2 the original; 3 is alone; 4 and 5 share the original
    hashes = np.array([7, 7, 8, 9, 1, 2], dtype=np.uint64)
    originals = np.array([10, 11, 11, 12, 13, 13])
    groups = link_groups(hashes, originals)
    assert groups[0] == groups[1] == groups[2]
    assert groups[4] == groups[5]
    assert len({groups[0], groups[3], groups[4]}) == 3
    assert groups.dtype == np.int64 and set(groups) == {0, 1, 2}


def test_one_key_gives_its_own_classes():
    key = np.array([5, 3, 5, 5, 1])
    groups = link_groups(key)
    assert ((groups[:, None] == groups) == (key[:, None] == key)).all()


def test_keys_of_different_length_are_refused():
    with pytest.raises(DataError):
        link_groups(np.arange(3), np.arange(4))
