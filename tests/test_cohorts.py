"""Cohorts: exact sizes, disjoint by content, clear refusal when the data is too small."""

import numpy as np
import pytest

from recmia.augment import similar_items
from recmia.cohorts import (
    assert_disjoint,
    assert_untrained,
    draw_cohorts,
    draw_rows,
    load_cohorts,
    save_cohorts,
)
from recmia.data.settings import CohortSizes as Cohorts
from recmia.errors import DataError
from recmia.sessions import Sessions


def random_sessions(n: int, items: int = 40, width: int = 6, seed: int = 0) -> Sessions:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, width + 1, n)
    clicks = 3 + rng.integers(0, items, (n, width))
    # No consecutive repeats, as after cleaning.
    clicks[:, 1:] += (clicks[:, 1:] == clicks[:, :-1]) * items
    clicks[np.arange(width) >= lengths[:, None]] = 0
    return Sessions(clicks, lengths, np.arange(n))


SIZES = Cohorts(members=100, nonmembers=80, reference=150, validation=50, similar_items=5)


@pytest.fixture(scope="module")
def drawn():
    sessions = random_sessions(1500)
    similar = similar_items(sessions, int(sessions.clicks.max()) + 1, SIZES.similar_items)
    return sessions, draw_cohorts(sessions, SIZES, similar, root_seed=1, seed=0)


def test_sizes_are_exact_and_groups_stay_together():
    hashes = np.repeat(np.arange(60, dtype=np.uint64), np.r_[np.full(10, 7), np.ones(50, int)])
    rows = draw_rows(hashes, {"a": 40, "b": 30}, np.random.default_rng(3))
    assert len(rows["a"]) == 40 and len(rows["b"]) == 30
    assert not np.intersect1d(hashes[rows["a"]], hashes[rows["b"]]).size
    for name in rows:
        for group in np.unique(hashes[rows[name]]):
            assert np.isin(np.flatnonzero(hashes == group), rows[name]).all()


def test_a_cohort_larger_than_the_data_is_refused():
    with pytest.raises(DataError, match=r"need 30 sessions and the data has 20.*Remedy: use more"):
        draw_rows(np.arange(20, dtype=np.uint64), {"a": 20, "b": 10}, np.random.default_rng(0))


def test_too_few_single_sessions_is_refused():
    hashes = np.repeat(np.arange(4, dtype=np.uint64), 5)
    with pytest.raises(DataError, match="Cohort 'a' lacks 2 of 7 sessions"):
        draw_rows(hashes, {"a": 7}, np.random.default_rng(0))


def test_cohorts_are_disjoint_by_content(drawn):
    _, cohorts = drawn
    content = {
        name: {tuple(row) for row in cohort.clicks} for name, cohort in cohorts.named().items()
    }
    names = sorted(content)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert not content[a] & content[b], (a, b)


def test_near_misses_differ_from_their_original_in_one_similar_click(drawn):
    sessions, cohorts = drawn
    similar = similar_items(sessions, int(sessions.clicks.max()) + 1, SIZES.similar_items)
    originals = {row: clicks for row, clicks in zip(sessions.row_ids, sessions.clicks, strict=True)}
    assert len(cohorts.near_misses["target"]) > 95
    for row, clicks in zip(
        cohorts.near_misses["target"].row_ids, cohorts.near_misses["target"].clicks, strict=True
    ):
        changed = np.flatnonzero(clicks != originals[row])
        assert len(changed) == 1
        assert clicks[changed[0]] in similar.neighbours[originals[row][changed[0]]]
        kept = clicks[clicks > 0]
        assert (kept[1:] != kept[:-1]).all()


def test_the_same_seed_draws_the_same_and_another_does_not(drawn):
    sessions, cohorts = drawn
    similar = similar_items(sessions, int(sessions.clicks.max()) + 1, SIZES.similar_items)
    again = draw_cohorts(sessions, SIZES, similar, root_seed=1, seed=0)
    other = draw_cohorts(sessions, SIZES, similar, root_seed=1, seed=1)
    for name, cohort in cohorts.named().items():
        assert cohort.content_hash() == again.named()[name].content_hash()
        assert cohort.content_hash() != other.named()[name].content_hash()


def test_a_shared_session_is_found_out(drawn):
    _, cohorts = drawn
    cohorts.validation.clicks[0], saved = (
        cohorts.members["target"].clicks[0],
        cohorts.validation.clicks[0].copy(),
    )
    try:
        with pytest.raises(AssertionError, match="share 1 sessions"):
            assert_disjoint(cohorts)
    finally:
        cohorts.validation.clicks[0] = saved


def test_training_on_a_nonmember_is_found_out(drawn):
    _, cohorts = drawn
    for side in ("target", "shadow"):
        for reading in ("augmented_as_nonmembers", "augmented_trained"):
            trained = cohorts.trained_on(side, reading)
            assert_untrained(trained, cohorts.nonmembers(side, reading))
    both = cohorts.trained_on("target", "augmented_trained")
    with pytest.raises(AssertionError, match="near-miss sessions were trained on"):
        assert_untrained(both, cohorts.nonmembers("target", "augmented_as_nonmembers"))


def test_saved_cohorts_come_back_whole(drawn, tmp_path):
    _, cohorts = drawn
    loaded = load_cohorts(save_cohorts(cohorts, tmp_path / "seed0.npz"))
    assert loaded.audit == cohorts.audit
    for name, cohort in cohorts.named().items():
        assert cohort.content_hash() == loaded.named()[name].content_hash()
