"""Notebook 23: every bound at both checkpoints, and what can be extracted, as result rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from recmia.experiments.ranges import ranged
from recmia.experiments.rows import CONTROL, CORRECTED, Row
from recmia.likelihood_ratio.evidence import Target
from recmia.papers.frontier import game as first_game
from recmia.papers.frontier import names
from recmia.papers.frontier.bounding import games, units
from recmia.papers.frontier.bounding.bounding import FIRST, Bounded, of_canaries, of_next_items
from recmia.papers.frontier.bounding.canaries import MADE_UP, REAL
from recmia.papers.frontier.bounding.extracting import shares
from recmia.papers.frontier.bounding.keeping import LOG_LIKELIHOOD
from recmia.papers.frontier.bounding.proving import accounted, many_run_rows, one_run_rows
from recmia.papers.frontier.bounding.turns import ATTACKS, Read, Turn, turns
from recmia.papers.frontier.keeping import load_signals
from recmia.seeds import child_seed
from recmia.storage import read_arrays

BOUNDS, GAMES, EXTRACTION = "Bounds", "Canary games", "Extraction"
NEXT_ITEMS, AGAINST_DRAWS = "next items", "next item against a draw"
MEMBERS, OTHERS = "members", "non-members"


def all_rows(of: Bounded, curves: tuple[pd.DataFrame, pd.DataFrame]) -> list[Row]:
    """Every row of the notebook.

    Args:
        of: the games.
        curves: of `recmia.papers.frontier.bounding.games.curves`.
    """
    found = list(game_rows(of, curves))
    for checkpoint in (names.BEST, names.LAST):
        found += [*real_rows(of, checkpoint), *canary_rows(of, checkpoint)]
        found += [*trial_rows(of, checkpoint), *next_item_rows(of, checkpoint)]
        found += extraction_rows(of, checkpoint)
    return found


def game_rows(of: Bounded, curves: tuple[pd.DataFrame, pd.DataFrame]) -> Iterator[Row]:
    """How large the games with canaries are, how well their models rank, and the accountant's ε."""
    for game, curve in zip((of.one, of.many), curves, strict=True):
        counts = {"models": game.models, "canaries of each kind": game.canaries}
        counts |= {"sessions that a model is trained on": games.planted(game).trained}
        about = of.about(GAMES, names.LAST, case=game.name, reading="") | {"checkpoint": None}
        yield from (Row(**about, metric=name, value=n) for name, n in counts.items())
        columns = about | {"artefact": BOUNDS, "reading": CORRECTED}
        yield accounted(columns, trained=games.planted(game).trained, epsilon=None)
        for checkpoint, epoch in of.epochs[game.name].items():
            ranked = curve[curve.epoch == epoch].validation_ndcg_20
            columns = {"checkpoint": checkpoint, "epoch": epoch, "metric": first_game.NDCG}
            yield ranged(ranked.tolist(), **about | columns)


def real_rows(of: Bounded, checkpoint: str) -> Iterator[Row]:
    """Sessions (or users) of notebook 21's game, whose coins were fair from the start."""
    study = of.played.study
    pool, unit = first_game.dealt(study), study.settings.frontier.unit
    files = [kept.path for kept in of.signals()]
    read = units.read_pool(files, pool, of.epochs[FIRST][checkpoint], unit)
    strange, epoch = of_canaries(of).pool.path, of.epochs[of.one.name][checkpoint]
    unseen = units.stranger(strange, epoch, units.counted(pool.groups, unit))
    yield from _rows(of, checkpoint, read, of.played.targets, REAL, unseen, _trained(of))


def canary_rows(of: Bounded, checkpoint: str) -> Iterator[Row]:
    """Canaries of each kind under every model that was trained with many of them."""
    planted, kept = games.planted(of.one), of_canaries(of)
    files = [one.path for one in kept.models]
    for kind in MADE_UP:
        epoch, strange = of.epochs[of.one.name][checkpoint], of.epochs[FIRST][checkpoint]
        read = units.read_canaries(files, planted, epoch, kind)
        unseen = units.stranger(kept.unseen.path, strange, planted.kinds == kind)
        targets = range(of.one.models)
        yield from _rows(of, checkpoint, read, targets, kind, unseen, planted.trained)


def _trained(of: Bounded) -> int:
    """Sessions that a model of notebook 21 is trained on, on average."""
    return round(first_game.dealt(of.played.study).coins.sum(axis=0).mean())


def _rows(
    of: Bounded,
    checkpoint: str,
    read: Read,
    targets: Sequence[int],
    subset: str,
    unseen: Target,
    trained: int,
) -> Iterator[Row]:
    """Bounds by every attack, and on a model that has seen none of the units."""
    most = of.played.study.settings.frontier.turns
    for attack in ATTACKS:
        columns = of.about(BOUNDS, checkpoint, attack=attack, subset=subset)
        attacked = turns(read, targets, attack, most, unseen)
        yield from one_run_rows(attacked, columns, trained=trained, error=of.error, seed=_seed(of))


def trial_rows(of: Bounded, checkpoint: str) -> Iterator[Row]:
    """One canary of each kind over many trainings."""
    study, planted = of.played.study, games.planted(of.many)
    files = [games.trial(of.many, number).path for number in range(of.many.models)]
    scores = units.read_scores(files, of.epochs[of.many.name][checkpoint], LOG_LIKELIHOOD)
    for kind in of.many.kinds:
        rows = planted.kinds == kind
        columns = of.about(BOUNDS, checkpoint, attack=names.LOSS, subset=kind)
        yield from many_run_rows(
            scores[rows], planted.coins[rows], study.settings.bounds.fixed, columns,
            trained=planted.trained, error=of.error,
        )  # fmt: skip


def next_item_rows(of: Bounded, checkpoint: str) -> Iterator[Row]:
    """The audit of next items, of members and, as a control, of sessions that nobody learned from.

    What is chosen is chosen on other targets: coins and draws of each are its own.
    """
    epoch, about = of.epochs[FIRST][checkpoint], {"attack": AGAINST_DRAWS, "subset": NEXT_ITEMS}
    for members, reading in ((True, CORRECTED), (False, CONTROL)):
        files = [kept.path for kept in of_next_items(of, epoch, members)]
        read = [read_arrays(file, ["scores", "real"]) for file in files]
        scored = [(arrays["scores"], arrays["real"]) for arrays in read]
        attacked = [Turn(*own, tuple(o for o in scored if o is not own)) for own in scored]
        columns = of.about(BOUNDS, checkpoint, reading=reading, **about)
        yield from one_run_rows(
            attacked, columns, trained=_trained(of), error=of.error, seed=_seed(of)
        )


def extraction_rows(of: Bounded, checkpoint: str) -> Iterator[Row]:
    """Share of whole sessions and canaries that are (n, p)-extractable, over models."""
    study, chosen = of.played.study, of.played.study.settings.bounds
    pool, targets = first_game.dealt(study), of.played.targets
    key = f"{of.epochs[FIRST][checkpoint]}|{names.SUM}|log_likelihood"
    files = [of.signals()[target].path for target in targets]
    low = np.stack([load_signals(file, pool, [key])[key] for file in files], axis=1)
    sides = {REAL: (low, pool.coins[:, targets])}
    planted, files = games.planted(of.one), [kept.path for kept in of_canaries(of).models]
    low = units.whole_sessions(files, of.epochs[of.one.name][checkpoint])
    for kind in MADE_UP:
        rows = planted.kinds == kind
        sides[kind] = low[rows], planted.coins[rows]
    for kind, (low, coins) in sides.items():
        found = shares(low, coins, chosen.samples, chosen.probabilities)
        for users, of_models in zip((MEMBERS, OTHERS), found, strict=True):
            for (i, n), (j, p) in product(
                enumerate(chosen.samples), enumerate(chosen.probabilities)
            ):
                about = of.about(EXTRACTION, checkpoint, subset=kind, users=users, k=int(n))
                yield ranged(of_models[:, i, j].tolist(), **about, metric=extractable(p))


def extractable(p: float) -> str:
    """Metric of the share of sessions that appear with probability p among k samples."""
    return f"extractable with p = {p:g}"


def _seed(of: Bounded) -> int:
    return child_seed(of.played.study.settings.root_seed, games.STEP, "ties")
