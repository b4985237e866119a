"""How notebook 09 makes sessions, cohorts and models, from plain arguments.

Apart from what scores and attacks them: a change there must not train them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from recmia.cohorts import SIDES, CohortSet, assert_disjoint, draw_rows, load_cohorts, save_cohorts
from recmia.data.clicks import ClickLog, open_files, open_own
from recmia.data.layouts import Layout
from recmia.data.settings import Data, Preprocess
from recmia.papers.proposal import models
from recmia.papers.proposal.names import REAL_SESSIONS
from recmia.preprocess import preprocess_log
from recmia.recommenders.settings import Target
from recmia.seeds import generator
from recmia.sessions import load_sessions


def keep_sessions(
    path: Path,
    files: Sequence[Path],
    *,
    layout: Layout | None,
    data: Data,
    settings: Preprocess,
    seed: int,
    device: str,
    data_folder: Path = Path(),
) -> None:
    """Clean another click log as notebook 01 does (`recmia.preprocess.preprocess`).

    Args:
        path: folder of the result.
        files: of the log, by which the result is told from that of other ones.
        layout: of a data set of the registry; None for a log that it does not list.
        data: where the clicks come from.
        settings: the rules, those of the target's log.
        seed: of a synthetic log.
        device: torch device.
        data_folder: where the files lie.
    """

    def opened(scratch: Path) -> ClickLog:
        if layout is not None:
            return open_files(layout, files)
        return open_own(data, data_folder, scratch, seed=seed)

    preprocess_log(opened, data, settings, path, device=device)


def keep_cohorts(
    path: Path,
    sessions: Path,
    *,
    sizes: Mapping[str, int],
    names: Sequence[str | int],
) -> None:
    """Draw disjoint cohorts of real sessions (`recmia.cohorts.save_cohorts`), no near-misses.

    Args:
        path: of the result.
        sessions: ``sessions.parquet`` of a log.
        sizes: sessions by ``<side>_members``, ``<side>_heldout``, ``validation`` and
            ``reference``; none of a cohort that is not named. The shadow's members are the pool
            that every shadow on this log has its sessions from.
        names: what the random choice is made from, the root seed first.

    Raises:
        DataError: the cohorts do not fit into the data.
        AssertionError: two cohorts share a session.
    """
    log = load_sessions(sessions)
    rows = draw_rows(log.hashes(), dict(sizes), generator(*names))
    drawn = {name: log[found] for name, found in rows.items()}
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
    save_cohorts(cohorts, path)


def keep_shadow_cohorts(
    path: Path, pool: Path, *, members: int, names: Sequence[str | int]
) -> None:
    """The cohorts of one shadow: of the pool's members some, all else as it is there.

    Of one pool, a smaller shadow's sessions are all among a larger one's.

    Args:
        path: of the result.
        pool: of :func:`keep_cohorts`.
        members: sessions that the shadow is trained on.
        names: what the random choice is made from, the root seed first.
    """
    drawn = load_cohorts(pool)
    every = drawn.members["shadow"]
    chosen = every[np.sort(generator(*names).permutation(len(every))[:members])]
    save_cohorts(replace(drawn, members=drawn.members | {"shadow": chosen}), path)


def keep_model(
    path: Path,
    cohorts: Path,
    *,
    side: str,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train one side's model, see `recmia.papers.proposal.models.keep_model`.

    ``progress`` is called with the number of sessions that were passed over.
    """
    trained = len(load_cohorts(cohorts).members[side])
    models.keep_model(
        path,
        cohorts,
        side=side,
        reading=REAL_SESSIONS,
        target=target,
        vocabulary_size=vocabulary_size,
        seed=seed,
        device=device,
        progress=lambda epochs: progress(float(epochs * trained)),
    )
