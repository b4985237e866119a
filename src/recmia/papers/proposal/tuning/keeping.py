"""How notebook 08 draws sessions, trains and ranks, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from recmia.cohorts import (
    CohortSet,
    assert_untrained,
    draw_rows,
    load_cohorts,
    save_cohorts,
)
from recmia.papers.proposal.drawing import draw_real
from recmia.recommenders.base import Recommender
from recmia.recommenders.epochs import RANKING_DEPTH, load_record
from recmia.recommenders.ranking import evaluate_ranking
from recmia.recommenders.registry import RECOMMENDERS
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.recommenders.settings import Target
from recmia.recommenders.training import train
from recmia.seeds import generator
from recmia.sessions import Sessions, concatenate, load_sessions
from recmia.storage import read_arrays, write_arrays

# What an epoch costs beside one of GPT-2 with as many sessions, measured on a CPU (YooChoose 1/64).
SLOWNESS = {"gpt2": 1.0, "xlnet": 2.0}
COST_WIDTH = 128  # time grows about like the width, most of it in the output layer


def training_cost(target: Target, sessions: int) -> float:
    """About how long a training takes, in thousand sessions of a GPT-2 with d = 128."""
    wide = target.d_model / COST_WIDTH * SLOWNESS[target.architecture]
    return target.epochs * sessions / 1000 * wide


def keep_trial_sessions(
    path: Path, sessions: Path, *, training: int, validation: int, names: Sequence[str | int]
) -> None:
    """Draw what settings are chosen by, and nothing else uses: int64 ``training``, ``validation``.

    Both are positions in the log; they share no session by content.

    Args:
        path: of the result, an ``.npz``.
        sessions: of notebook 01.
        training: sessions of every trial.
        validation: sessions that judge it.
        names: what the random choice is made from, the root seed first.

    Raises:
        DataError: they do not fit into the data.
    """
    sizes = {"training": training, "validation": validation}
    write_arrays(path, **draw_rows(load_sessions(sessions).hashes(), sizes, generator(*names)))


def keep_trial(
    path: Path,
    sessions: Path,
    chosen: Path,
    *,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train with one trial's settings (`recmia.recommenders.training.train`).

    Raises:
        AssertionError: a validation session would be trained on.
    """
    log, rows = load_sessions(sessions), read_arrays(chosen)
    training, validation = log[rows["training"]], log[rows["validation"]]
    assert_untrained(training, {"validation": validation})
    _train(path, target, training, validation, vocabulary_size, seed, device, progress)


def keep_cohorts(
    path: Path,
    sessions: Path,
    chosen: Path,
    *,
    sizes: Mapping[str, int],
    names: Sequence[str | int],
) -> None:
    """One repeat's cohorts of the first size, from what settings were not chosen by.

    Args:
        path: of the result (`recmia.cohorts.save_cohorts`).
        sessions: of notebook 01.
        chosen: of `keep_trial_sessions`.
        sizes: and the rest, see `recmia.papers.proposal.drawing.keep_real`.

    Raises:
        DataError: the cohorts do not fit into the data.
    """
    log = load_sessions(sessions)
    rest = log[_others(log, *read_arrays(chosen).values())]
    save_cohorts(draw_real(rest, sizes, generator(*names)), path)


def keep_unseen(
    path: Path,
    sessions: Path,
    chosen: Path,
    cohorts: Path,
    *,
    tested: int,
    more: Sequence[int],
    names: Sequence[str | int],
) -> None:
    """Draw one repeat's ``test`` sessions, and ``more`` to train on: positions in the log.

    Test sessions are in no cohort and took no part in the search. ``more`` are not among them nor
    among members and validation; shadow, held-out and reference may be, for no model that learned
    from ``more`` is attacked.

    Args:
        path: of the result, an ``.npz`` of int64 arrays.
        sessions: of notebook 01.
        chosen: of `keep_trial_sessions`.
        cohorts: of the repeat.
        tested: number of test sessions.
        more: by how much the training sessions grow from size to size, none empty.
        names: what the random choice is made from, the root seed first.

    Raises:
        DataError: they do not fit into the data.
    """
    log, drawn, rng = load_sessions(sessions), load_cohorts(cohorts), generator(*names)
    trials = list(read_arrays(chosen).values())
    free = _others(log, *trials, *(cohort.row_ids for cohort in drawn.named().values()))
    test = free[draw_rows(log[free].hashes(), {"test": tested}, rng)["test"]]
    free = _others(log, *trials, test, drawn.validation.row_ids, drawn.members["target"].row_ids)
    found = draw_rows(log[free].hashes(), {str(i): n for i, n in enumerate(more)}, rng)
    grown = [free[found[str(i)]] for i in range(len(more))]
    write_arrays(path, test=test, more=np.concatenate([np.zeros(0, dtype=np.int64), *grown]))


def training_sessions(
    log: Sessions, cohorts: CohortSet, more: np.ndarray, side: str, members: int
) -> Sessions:
    """What a model of a size learns from: its side's members, then the first of ``more``."""
    own = cohorts.members[side]
    return concatenate(own, log[more[: members - len(own)]])


def keep_model(
    path: Path,
    sessions: Path,
    chosen: Path,
    cohorts: Path,
    unseen: Path,
    *,
    side: str,
    members: int,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train one model of the comparison (`recmia.recommenders.training.train`).

    Args:
        path: its folder.
        sessions: of notebook 01.
        chosen: of `keep_trial_sessions`.
        cohorts: of the repeat.
        unseen: of `keep_unseen`.
        side: "target"; "shadow" at the first size only.
        members: sessions that it learns from.
        target: settings.
        vocabulary_size: V.
        seed: root seed.
        device: torch device.
        progress: called with how much of `training_cost` is done.

    Raises:
        AssertionError: a session that judges would be trained on, or one that chose, or, at the
            size that is attacked, a non-member.
    """
    log, drawn, other = load_sessions(sessions), load_cohorts(cohorts), read_arrays(unseen)
    training = training_sessions(log, drawn, other["more"], side, members)
    never = {"test": log[other["test"]], "validation": drawn.validation}
    never |= {f"trials' {name}": log[rows] for name, rows in read_arrays(chosen).items()}
    if members == len(drawn.members[side]):
        never |= {"held-out": drawn.heldout[side], "reference": drawn.reference}
    assert_untrained(training, never)
    assert len(training) == members, f"{len(training)} of {members} training sessions"
    _train(path, target, training, drawn.validation, vocabulary_size, seed, device, progress)


def keep_ranking(
    path: Path, sessions: Path, unseen: Path, model: Path, *, epoch: int, device: str
) -> None:
    """How a trained model ranks the test sessions, see `_keep_quality`."""
    recommender = SessionTransformer.trained(load_record(model), epoch, device)
    _keep_quality(path, recommender, load_sessions(sessions)[read_arrays(unseen)["test"]])


def keep_simple_ranking(
    path: Path,
    sessions: Path,
    cohorts: Path,
    unseen: Path,
    *,
    recommender: str,
    members: int,
    vocabulary_size: int,
) -> None:
    """How a recommender that is counted ranks the test sessions, see `_keep_quality`.

    Args:
        path: of the result.
        sessions: of notebook 01.
        cohorts: of the repeat.
        unseen: of `keep_unseen`.
        recommender: its registered name.
        members: sessions that it learns from, those of the transformers.
        vocabulary_size: V.
    """
    log, other = load_sessions(sessions), read_arrays(unseen)
    training = training_sessions(log, load_cohorts(cohorts), other["more"], "target", members)
    test = log[other["test"]]
    assert_untrained(training, {"test": test})
    fitted = RECOMMENDERS.make(recommender, vocabulary_size=vocabulary_size).fit(training)
    _keep_quality(path, fitted, test)


def _keep_quality(path: Path, recommender: Recommender, test: Sessions) -> None:
    """Write float64 ``ndcg`` and ``hit_rate`` [n], and ``groups``: equal for equal sessions."""
    quality = evaluate_ranking(recommender, test, RANKING_DEPTH)
    groups = np.unique(test.hashes(), return_inverse=True)[1]
    write_arrays(path, **quality._asdict(), groups=groups)


def _train(
    path: Path,
    target: Target,
    training: Sessions,
    validation: Sessions,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None],
) -> None:
    cost = training_cost(target, len(training)) / (target.epochs * len(training))
    train(
        target,
        vocabulary_size,
        training,
        path,
        seed=seed,
        device=device,
        validation=validation,
        progress=lambda sessions: progress(sessions * cost),
    )


def _others(log: Sessions, *rows: np.ndarray) -> np.ndarray:
    """int64, positions in the log that are none of these."""
    taken = np.zeros(len(log), dtype=bool)
    for some in rows:
        taken[some] = True
    return np.flatnonzero(~taken)
