"""From flat lists to scores: difference vectors, the attack, and the rule that learns nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from recmia.attacks.base import Attack, Observations
from recmia.attacks.difference_vectors import VectorAttack, difference_vectors_flat
from recmia.attacks.registry import ATTACKS
from recmia.audit.attacks import make_attacks, observed, usual_epochs
from recmia.audit.measures import FPRS
from recmia.audit.sides import Side
from recmia.errors import DataError, SettingsError
from recmia.evaluation.metrics import fpr_is_measurable
from recmia.progress import track
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM

POSITION_WEIGHTS = ("mean", "linear")


@dataclass(frozen=True)
class AuditSettings:
    """How lists are audited; the defaults are those of Zhang et al. (CCS 2021).

    Attributes:
        attack: a name in `recmia.attacks.registry`.
        top_k: places of each list to look at; None for all.
        position_weights: "mean" or "linear".
        dim: length of the item vectors; None for that of given ones, or 100.
        epochs: passes of the attack over the shadow users; None for those of its paper.
        seeds: attacks whose scores are averaged.
        seed: root of every random choice.
        level: coverage of the intervals.

    Raises:
        SettingsError: a value is not possible.
    """

    attack: str = "biased-mia"
    top_k: int | None = None
    position_weights: str = "mean"
    dim: int | None = None
    epochs: int | None = None
    seeds: int = 3
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        for name, choices in (("attack", ATTACKS), ("position_weights", POSITION_WEIGHTS)):
            value = getattr(self, name)
            if value not in choices:
                option = name.replace("_", "-")
                raise SettingsError(f"--{option} '{value}': choose one of {', '.join(choices)}.")
        if self.epochs is None:
            object.__setattr__(self, "epochs", usual_epochs(self.attack))
        for name in ("top_k", "dim", "epochs", "seeds"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingsError(f"--{name.replace('_', '-')} {value}: must be at least 1.")
        if not 0 < self.level < 1:
            raise SettingsError(f"--level {self.level}: must lie between 0 and 1, such as 0.95.")


@dataclass(frozen=True)
class Scored:
    """What an attack said.

    Attributes:
        target: float64 [seeds, n].
        threshold: of the mean of the seeds, fixed where the attack learned.
        held_out: float64 [m], mean scores of the shadow users, each by attacks that learned from
            the other half of them; None where they were not asked for or are too few to fix a
            threshold of few false alarms on.
    """

    target: np.ndarray
    threshold: float
    held_out: np.ndarray | None


def attack_lists(
    shadow: Side, target: Side, vectors: np.ndarray, settings: AuditSettings, *, lists: bool = True
) -> Scored:
    """Train the attack on the shadow side and score the target's users.

    Args:
        shadow: users with known membership.
        target: users to be scored.
        vectors: float32 [V, l], item vectors.
        settings: attack, weights, epochs, seeds.
        lists: look at the lists; without them only at the histories, as a blind baseline, for
            which nobody is held out.
    """
    label = settings.attack if lists else "histories only"
    by_vectors = issubclass(ATTACKS[settings.attack], VectorAttack)
    if by_vectors:
        known, asked = _vectors(shadow, target, vectors, settings, lists, label)
    else:
        known, asked = (observed(side, lists) for side in (shadow, target))
    folds = _folds(shadow.membership, settings.seed) if lists else []
    runs = [(known, shadow.membership, asked)]
    runs += [(known[~held], shadow.membership[~held], known[held]) for held in folds]
    # One thread: steps are too small for more, and sums come out the same everywhere.
    with track(None, f"{label}: training") as bar, threadpool_limits(1):
        made = [
            make_attacks(
                settings.attack,
                epochs=settings.epochs,
                seeds=settings.seeds,
                seed=settings.seed,
                item_vectors=np.concatenate([np.zeros_like(vectors[:FIRST_ITEM]), vectors]),
                position_weights=settings.position_weights,
                progress=bar.update,
            )
            for _ in runs
        ]
        bar.total = sum(map(len, made)) * (settings.epochs or 0)
        scores = [
            _scores(attacks, *run, by_vectors) for attacks, run in zip(made, runs, strict=True)
        ]
    if not all(np.isfinite(found).all() for found in scores):
        raise DataError(
            "the attack diverged: some scores are not numbers.",
            remedy="scale the item vectors to lengths of about 1.",
        )
    held_out = np.empty(len(shadow)) if folds else None
    for held, found in zip(folds, scores[1:], strict=True):
        held_out[held] = found.mean(axis=0)
    threshold = float(np.mean([attack.threshold for attack in made[0]]))
    return Scored(scores[0], threshold, held_out)


def _folds(membership: np.ndarray, seed: int) -> list[np.ndarray]:
    """bool [m] twice: halves of members and non-members; none where they are too few."""
    if not fpr_is_measurable(max(FPRS), int((~membership).sum())) or membership.sum() < 2:
        return []
    half = np.zeros(len(membership), dtype=bool)
    draw = generator(seed, "audit", "halves of the shadow")
    for side in (np.flatnonzero(membership), np.flatnonzero(~membership)):
        half[draw.permutation(side)[: len(side) // 2]] = True
    return [half, ~half]


def _scores(
    attacks: list[Attack],
    known: np.ndarray | Observations,
    membership: np.ndarray,
    asked: np.ndarray | Observations,
    by_vectors: bool,
) -> np.ndarray:
    """float64 [seeds, n]: attacks fitted on some and asked about others."""
    found = []
    for attack in attacks:
        if by_vectors:
            attack.fit_vectors(known, membership, asked)
            found.append(attack.score_each(asked))
        else:
            attack.fit(known, membership, asked)
            found.append(attack.score(asked)[None])
    return np.concatenate(found)


def _vectors(
    shadow: Side,
    target: Side,
    vectors: np.ndarray,
    settings: AuditSettings,
    lists: bool,
    label: str,
) -> list[np.ndarray]:
    """Difference vectors float32 [n, l] of both sides, made without padding."""
    made = []
    with track(len(shadow) + len(target), f"{label}: difference vectors") as bar:
        for side in (shadow, target):
            listed = (side.list_items, side.list_offsets)
            if not lists:
                listed = (side.list_items[:0], np.zeros_like(side.list_offsets))
            made.append(
                difference_vectors_flat(
                    side.history_items,
                    side.history_offsets,
                    *listed,
                    vectors,
                    position_weights=settings.position_weights,
                    progress=bar.update,
                )
            )
    return made


def popular_share(shadow: Side, target: Side) -> np.ndarray:
    """float64 [n]: share of each list outside the shadow non-members' most common items.

    `recmia.attacks.popular_share.PopularShare` for lists of any length, without padding; as many
    items count as common as the longest list of a shadow non-member has places.
    """
    outsider = np.repeat(~shadow.membership, np.diff(shadow.list_offsets))
    times = np.bincount(shadow.list_items[outsider])
    longest = int(np.diff(shadow.list_offsets)[~shadow.membership].max())
    popular = np.argsort(-times, kind="stable")[:longest]
    rare = ~np.isin(target.list_items, popular)
    return np.add.reduceat(rare, target.list_offsets[:-1], dtype=np.float64) / np.diff(
        target.list_offsets
    )
