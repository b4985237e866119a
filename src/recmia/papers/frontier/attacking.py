"""Notebook 22: every attack on every target of a game, kept; and the lines of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from recmia.evaluation import metrics
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place
from recmia.experiments.rows import CONTROL, CORRECTED, Row
from recmia.experiments.shared_scores import keep_shared_metrics
from recmia.experiments.study import Study
from recmia.papers.frontier import names
from recmia.papers.frontier.attack_keeping import (
    keep_attacks,
    keep_blind,
    keep_item_vectors,
    keep_list_attacks,
    keep_looks,
)
from recmia.papers.frontier.dealing import USER
from recmia.papers.frontier.game import Game, plain_game, pool, signals, vocabulary_size
from recmia.papers.frontier.scoring import FPRS
from recmia.seeds import child_seed

STEP = "22_attacks"
ATTACKS, SHADOWS, BY_TARGET = "Attacks", "Shadows", "Target by target"
METRICS = (metrics.ROC_AUC, *map(metrics.tpr_at_fpr_name, FPRS))
VARIANTS = {names.SUM: names.OVER_STEPS} | names.OF_USERS
CONTROLS = (names.BLIND, names.COVERAGE)


@dataclass(frozen=True)
class Audit:
    """A game whose models are attacked one by one.

    Attributes:
        game: whose.
        folder: where scores lie.
        best: the epoch that validation chooses.
        views: interfaces that are attacked (`recmia.papers.frontier.names.VIEWS`).
        counts: numbers of shadows, rising to K; those of the profile where left out.
        on_lists: whether ME-MIA and the shadow-free attack take part.
    """

    game: Game
    folder: Path
    best: int
    views: tuple[str, ...] = names.VIEWS
    counts: tuple[int, ...] = ()
    on_lists: bool = True

    @property
    def shadow_counts(self) -> tuple[int, ...]:
        """Numbers of shadows that attack, rising to K."""
        return self.counts or self.game.study.settings.frontier.counts

    @property
    def checkpoints(self) -> dict[str, int]:
        """Name to epoch; the two may be one."""
        return {names.BEST: self.best, names.LAST: self.game.target.epochs}

    @property
    def epochs(self) -> tuple[int, ...]:
        """That are attacked, rising."""
        return tuple(sorted({*self.checkpoints.values()}))


def plain_audit(study: Study, best: int) -> Audit:
    """Of the game without a defence."""
    return Audit(plain_game(study), study.folder(STEP), best)


def _seed(study: Study, *words: str | int) -> int:
    return child_seed(study.settings.root_seed, STEP, *words)


@cache  # a result's identity is remembered with it
def looks(study: Study) -> Kept:
    """What sessions show without a model."""
    return Kept(
        study.folder(STEP) / "looks.npz",
        keep_looks,
        pool(study),
        vocabulary_size=vocabulary_size(study),
        seed=_seed(study, "looks"),
    )


@cache
def item_vectors(study: Study) -> Kept:
    """Item vectors of the shadow-free attack."""
    chosen = study.settings.frontier
    return Kept(
        study.folder(STEP) / "vectors.npz",
        keep_item_vectors,
        pool(study),
        vocabulary_size=vocabulary_size(study),
        dim=chosen.item_vector_dim,
        epochs=chosen.item_vector_epochs,
        seed=_seed(study, "vectors"),
    )


@cache
def attacks(audit: Audit, epoch: int, target: int) -> Kept:
    """Scores and hard guesses of the attacks with shadows, and of those that need none."""
    study = audit.game.study
    chosen = study.settings.frontier
    return Kept(
        audit.folder / f"epoch{epoch}" / f"target{target:02d}.npz",
        keep_attacks,
        pool(study),
        looks(study),
        [signals(audit.game, number, audit.epochs) for number in audit.game.models],
        epoch=epoch,
        target=target,
        views=audit.views,
        counts=audit.shadow_counts,
        turns=chosen.turns,
        learned_from=chosen.learned_from,
        mlp=study.settings.attack.model_dump(exclude={"folds", "others"}),
        seeds=chosen.attack_seeds,
        of_users=chosen.unit == USER,
        vocabulary_size=vocabulary_size(study),
        seed=_seed(study, target),
    )


@cache
def list_attacks(audit: Audit, epoch: int, target: int) -> Kept:
    """Scores of ME-MIA and of the shadow-free attack."""
    study = audit.game.study
    chosen = study.settings.frontier
    return Kept(
        audit.folder / f"epoch{epoch}" / f"lists{target:02d}.npz",
        keep_list_attacks,
        pool(study),
        item_vectors(study),
        [signals(audit.game, number, audit.epochs) for number in audit.game.models],
        epoch=epoch,
        target=target,
        sessions=chosen.list_sessions,
        epochs=chosen.extraction_epochs,
        seeds=chosen.attack_seeds,
        vocabulary_size=vocabulary_size(study),
        seed=_seed(study, "lists", target),
        device=study.device,
    )


@cache
def blind(study: Study, target: int) -> Kept:
    """Scores of what sees no model; the same for every game of a study."""
    return Kept(
        study.folder(STEP) / "blind" / f"target{target:02d}.npz",
        keep_blind,
        pool(study),
        target=target,
        vocabulary_size=vocabulary_size(study),
        folds=study.settings.attack.folds,
        seed=_seed(study, "blind", target),
    )


def attack_all(audit: Audit) -> None:
    """Attack every target at every checkpoint; what is current is kept."""
    study, chosen = audit.game.study, audit.game.study.settings.frontier
    targets = audit.game.targets
    make_all(study, [looks(study), item_vectors(study)], label="sessions and item vectors")
    make_all(study, [blind(study, target) for target in targets], label="without a model")
    wanted = [attacks(audit, e, t) for e in audit.epochs for t in targets]
    make_all(study, wanted, label="attacks", costs=[float(len(audit.views))] * len(wanted))
    few = targets[: chosen.list_targets] if audit.on_lists else []
    lists = [list_attacks(audit, e, t) for e in audit.epochs for t in few]
    make_all(study, lists, label="attacks on lists")


def lines_of(audit: Audit) -> list[Line]:
    """Every attack at every checkpoint, through every interface, as lines of the tables."""
    study, targets = audit.game.study, audit.game.targets
    few = targets[: study.settings.frontier.list_targets]
    found = []
    for checkpoint, epoch in audit.checkpoints.items():
        for kept in ([attacks(audit, epoch, t) for t in targets],
                     [list_attacks(audit, epoch, t) for t in few]):  # fmt: skip
            found += _lines(study, kept, checkpoint)
    return found + list(_lines(study, [blind(study, t) for t in targets], None))


def _lines(study: Study, kept: list[Kept], checkpoint: str | None) -> Iterator[Line]:
    most = study.settings.frontier.counts[-1]
    for name in _names(kept):
        view, count, attack = name.split("|")
        columns = {
            "study": names.STUDY,
            "artefact": ATTACKS,
            "dataset": study.settings.dataset,
            "attack": attack,
            "reading": CONTROL if attack in CONTROLS else CORRECTED,
            "checkpoint": checkpoint,
        }
        if view:
            columns["serving"] = names.interface(view, study.settings.frontier.top_k)
            columns["variant"] = VARIANTS.get(view)
        if int(count):
            columns["k"] = int(count)
        runs = tuple(Place(one, name) for one in kept)
        if int(count) in (0, most) or attack == names.ME_MIA:
            yield Line(columns, runs)
        if view in names.OF_USERS:
            continue
        if int(count) in (0, most) or attack == names.ME_MIA:
            known = tuple(Place(one, name, subset=names.KNOWN) for one in kept)
            yield Line(columns | {"subset": names.KNOWN}, known)
        if int(count) and attack != names.ME_MIA and view != names.SUM:
            yield Line(columns | {"artefact": SHADOWS}, runs)


def _names(kept: list[Kept]) -> list[str]:
    """Of what every target's file holds, in the order of the first."""
    held = []
    for one in kept:
        with np.load(one.path, allow_pickle=False) as saved:
            held.append([key.removesuffix("|scores") for key in saved if key.endswith("|scores")])
    return [name for name in held[0] if all(name in others for others in held)]


def attack_rows(audit: Audit, lines: list[Line]) -> list[Row]:
    """The lines measured over targets, and target by target where all shadows attack."""
    study = audit.game.study
    measured = line_rows(study, audit.folder / "metrics", lines, METRICS, make=keep_shared_metrics)
    return [*measured, *_by_target(audit, lines)]


def _by_target(audit: Audit, lines: list[Line]) -> Iterator[Row]:
    """Each target's own value, in the order in which they are drawn."""
    shown = [line for line in lines if line.matches({"artefact": ATTACKS, "subset": None})]
    for line in shown:
        for place, target in zip(line.runs, audit.game.targets, strict=False):
            read = scores_of(place)
            values = {metrics.ROC_AUC: metrics.roc_auc(*read)}
            for fpr in FPRS:
                values[metrics.tpr_at_fpr_name(fpr)] = metrics.tpr_at_fpr(*read, fpr)
            columns = line.columns | {"artefact": BY_TARGET, "draw": target}
            for metric, value in values.items():
                if value is not None:
                    yield Row(**columns, metric=metric, value=value)


def scores_of(place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Scores and membership of whom an attack can score."""
    with np.load(place.kept.path, allow_pickle=False) as saved:
        own = f"{place.name}|membership"
        return saved[f"{place.name}|scores"], saved[own if own in saved else "membership"]
