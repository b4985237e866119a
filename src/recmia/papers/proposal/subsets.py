"""Parts of the sessions on which every attack of the study is measured once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from recmia.evaluation.coverage import least_holders
from recmia.evaluation.neighbours import neighbour_kinds
from recmia.experiments.measuring import Place, Runs
from recmia.papers.proposal.names import COMMON, HELDOUT, KNOWN, NO_NEIGHBOURS, SUBSETS, UNIQUE
from recmia.sessions import Sessions, concatenate

COMMON_HOLDERS = 5


def subsets_of(
    members: Sessions, others: Sessions, trained: Sessions, nonmembers: str, n_items: int
) -> dict[str, np.ndarray]:
    """Name of each subset to who is in it, bool [n], members first.

    Args:
        members: of the comparison.
        others: its non-members.
        trained: what the target learned from.
        nonmembers: who the non-members are.
        n_items: vocabulary size V.
    """
    both = concatenate(members, others)
    _, inverse, counts = np.unique(both.hashes(), return_inverse=True, return_counts=True)
    least = least_holders(both, trained, n_items)
    found = {UNIQUE: counts[inverse] == 1, KNOWN: least >= 1, COMMON: least >= COMMON_HOLDERS}
    if nonmembers == HELDOUT:
        # A neighbour across the line, seen from either side; near-misses all have one.
        across = [neighbour_kinds(members, others), neighbour_kinds(others, members)]
        found[NO_NEIGHBOURS] = np.concatenate([~(k.prefix | k.one_edit) for k in across])
    return found


def parts_of(runs: Runs) -> Iterator[tuple[str | None, Runs]]:
    """All units, as None, then each subset in which every seed has members and others.

    Args:
        runs: where the scores of each seed are, of all units.
    """
    yield None, runs
    for subset in SUBSETS:
        part = tuple(replace(place, subset=subset) for place in runs)
        if all(map(_has_both, part)):
            yield subset, part


def _has_both(place: Place) -> bool:
    with np.load(place.kept.path, allow_pickle=False) as saved:  # two arrays of many are read
        names = [
            next((name for name in (f"{owner}|{what}", what) if name in saved), None)
            for owner, what in (
                (place.units, place.subset),
                (place.units or place.name, "membership"),
            )
        ]
        if None in names:
            return False
        subset, membership = (saved[name] for name in names)
    found = membership[subset]
    return bool(found.any() and not found.all())
