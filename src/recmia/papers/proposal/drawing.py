"""Cohorts of real sessions only, no near-misses, as notebooks 07 to 09 draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from recmia.cohorts import SIDES, CohortSet, assert_disjoint, draw_rows, save_cohorts
from recmia.seeds import generator
from recmia.sessions import Sessions, load_sessions


def alike_on_both_sides(
    *, members: int, heldout: int, validation: int, reference: int
) -> dict[str, int]:
    """Sizes for `draw_real` where target and shadow have as many members and held-out sessions."""
    sizes = {f"{side}_members": members for side in SIDES}
    sizes |= {f"{side}_heldout": heldout for side in SIDES}
    return sizes | {"validation": validation, "reference": reference}


def draw_real(log: Sessions, sizes: Mapping[str, int], rng: np.random.Generator) -> CohortSet:
    """Draw disjoint cohorts.

    Args:
        log: all sessions.
        sizes: sessions by ``<side>_members``, ``<side>_heldout``, ``validation`` and
            ``reference``; a cohort that is not named stays empty.
        rng: the random choice.

    Raises:
        DataError: the cohorts do not fit into the log.
        AssertionError: two cohorts share a session.
    """
    drawn = {name: log[rows] for name, rows in draw_rows(log.hashes(), dict(sizes), rng).items()}
    nobody = log[:0]
    cohorts = CohortSet(
        members={side: drawn.get(f"{side}_members", nobody) for side in SIDES},
        heldout={side: drawn.get(f"{side}_heldout", nobody) for side in SIDES},
        near_misses=dict.fromkeys(SIDES, nobody),
        heldout_near_misses=dict.fromkeys(SIDES, nobody),
        reference=drawn.get("reference", nobody),
        validation=drawn.get("validation", nobody),
        audit={},
    )
    assert_disjoint(cohorts)
    return cohorts


def keep_real(
    path: Path, sessions: Path, *, sizes: Mapping[str, int], names: Sequence[str | int]
) -> None:
    """Write what `draw_real` draws (`recmia.cohorts.save_cohorts`).

    Args:
        path: of the result.
        sessions: ``sessions.parquet`` of a log.
        sizes: of the cohorts.
        names: what the random choice is made from, the root seed first.

    Raises:
        DataError: the cohorts do not fit into the data.
    """
    save_cohorts(draw_real(load_sessions(sessions), sizes, generator(*names)), path)
