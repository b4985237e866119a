"""How notebook 09 makes sessions and the cohorts of shadows, from plain arguments.

Apart from what scores and attacks them: a change there must not train them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from recmia.cohorts import load_cohorts, save_cohorts
from recmia.data.clicks import ClickLog, open_files, open_own
from recmia.data.layouts import Layout
from recmia.data.settings import Data, Preprocess
from recmia.preprocess import preprocess_log
from recmia.seeds import generator


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


def keep_shadow_cohorts(
    path: Path, pool: Path, *, members: int, names: Sequence[str | int]
) -> None:
    """The cohorts of one shadow: of the pool's members some, all else as it is there.

    Of one pool, a smaller shadow's sessions are all among a larger one's.

    Args:
        path: of the result.
        pool: of `recmia.papers.proposal.drawing.keep_real`.
        members: sessions that the shadow is trained on.
        names: what the random choice is made from, the root seed first.
    """
    drawn = load_cohorts(pool)
    every = drawn.members["shadow"]
    chosen = every[np.sort(generator(*names).permutation(len(every))[:members])]
    save_cohorts(replace(drawn, members=drawn.members | {"shadow": chosen}), path)
