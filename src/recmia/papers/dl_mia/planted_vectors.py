"""Made-up difference vectors whose truth is known, and what DL-MIA makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

from recmia.attacks.label_leak import LeakyDLMIA, SelfTrainedDLMIA
from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.evaluation.metrics import roc_auc
from recmia.papers.dl_mia.fits import DL_MIA, LEAKY, SELF_TRAINED
from recmia.seeds import generator

WIDTH, INVARIANT, SPECIFIC = 40, 4, 2
# Of the case on a sphere: numbers in each of its parts, which is also the size that fits them.
ON_SPHERE, WIDTH_ON_SPHERE = 3, 100


@dataclass(frozen=True)
class Planted:
    """M cases of x = A invariant + B specific + noise, shadow and target.

    Attributes:
        shadow: float32 [M, n, l].
        membership: bool [M, n], of the shadow's.
        target: float32 [M, n, l].
        truth: bool [M, n], of the target's: for scoring, and for what cheats.
        invariant: float64 [M, 2 n, 4 or 3], shadow first: drawn alike on both sides.
        specific: float64 [M, 2 n, 2 or 3], shadow first: its mean differs by side.
    """

    shadow: np.ndarray
    membership: np.ndarray
    target: np.ndarray
    truth: np.ndarray
    invariant: np.ndarray
    specific: np.ndarray


def planted(units: int, *, transfers: bool, draws: int, seed: int = 0) -> Planted:
    """Draw ``draws`` cases.

    Membership shifts the first invariant coordinate by two deviations. On the target of a case
    where nothing transfers it shifts the second instead, of which the shadow says nothing; and the
    first is 0.7 higher for everybody, so that most are guessed members: on guesses that are mostly
    "no", the leak teaches the opposite of membership (see `LeakyDLMIA`).

    Args:
        units: of each side, half of them members.
        transfers: whether membership shows on the target as on the shadow.
        draws: M.
        seed: root seed.
    """
    cases = [_case(units, transfers, generator(seed, "planted", draw)) for draw in range(draws)]
    return _joined(cases)


def planted_on_sphere(units: int, *, draws: int, seed: int = 0) -> Planted:
    """Draw cases whose specific part is a direction, uniform on a sphere but for its mean.

    With three numbers in each kind of features there is one way to keep all: the invariant part has
    a length, which von Mises-Fisher features lose, so it belongs to the Gaussian ones, and leaves
    no room there for the direction. Membership is as in `planted`.

    Args:
        units: of each side, half of them members.
        draws: M.
        seed: root seed.
    """
    cases = [_case_on_sphere(units, generator(seed, "on sphere", draw)) for draw in range(draws)]
    return _joined(cases)


def _case_on_sphere(units: int, draw: np.random.Generator) -> tuple[np.ndarray, ...]:
    mixing = _mixing(WIDTH_ON_SPHERE, 2 * ON_SPHERE, draw)
    sides, invariant, specific = [], [], []
    for place in (-1, 1):
        member = draw.permutation(units) % 2 == 0
        part = draw.normal(size=(units, ON_SPHERE))
        part[:, 0] += 2 * (member - 0.5)
        direction = draw.normal(size=(units, ON_SPHERE))
        direction[:, 0] += place
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        # So long that its coordinates have a variance near 1 as well.
        both = np.concatenate([part, np.sqrt(ON_SPHERE) * direction], axis=1)
        noise = 0.3 * draw.normal(size=(units, WIDTH_ON_SPHERE))
        sides += [(both @ mixing + noise).astype(np.float32), member]
        invariant.append(part)
        specific.append(direction)
    return *sides, np.concatenate(invariant), np.concatenate(specific)


def _joined(cases: list[tuple[np.ndarray, ...]]) -> Planted:
    return Planted(*(np.stack(part) for part in zip(*cases, strict=True)))


def _mixing(width: int, parts: int, draw: np.random.Generator) -> np.ndarray:
    """[parts, width]: orthogonal directions that give coordinates of x a variance near 1."""
    return np.linalg.qr(draw.normal(size=(width, parts)))[0].T * np.sqrt(width / parts)


def _case(units: int, transfers: bool, draw: np.random.Generator) -> tuple[np.ndarray, ...]:
    parts = INVARIANT + SPECIFIC
    mixing = _mixing(WIDTH, parts, draw)
    sides, hidden = [], []
    for place in (-1, 1):
        member = draw.permutation(units) % 2 == 0
        both = draw.normal(size=(units, parts))
        honest = place < 0 or transfers
        both[:, 0 if honest else 1] += 2 * (member - 0.5)
        both[:, 0] += 0 if honest else 0.7
        both[:, INVARIANT] += place
        noise = 0.3 * draw.normal(size=(units, WIDTH))
        sides += [(both @ mixing + noise).astype(np.float32), member]
        hidden.append(both)
    both = np.concatenate(hidden)
    return *sides, both[:, :INVARIANT], both[:, INVARIANT:]


def separation(stack: StackedDLMIA, case: Planted) -> dict[tuple[str, str], np.ndarray]:
    """What linear probes read out of each kind of features, cross-validated in five folds.

    Were the parts apart, the invariant part would be readable from f^inv only, and the side
    (shadow or target) from f^spe only.

    Returns:
        (measure, kind of features) to float64 [M]: R^2 of the two parts, ROC AUC of the side.
    """
    features = stack.features(np.concatenate([case.shadow, case.target], axis=1))
    units = case.shadow.shape[1]
    side = np.arange(2 * units) >= units
    # Folds that hold unequal shares of the two sides would push the pooled area below one half.
    folds, alike = (kind(5, shuffle=True, random_state=0) for kind in (KFold, StratifiedKFold))
    found: dict[tuple[str, str], list[float]] = {}
    for kind, values in zip(("invariant", "specific"), features, strict=True):
        for model, x in enumerate(values):
            for name in ("invariant", "specific"):
                y = getattr(case, name)[model]
                left = y - cross_val_predict(Ridge(), x, y, cv=folds)
                share = 1 - (left**2).sum() / ((y - y.mean(axis=0)) ** 2).sum()
                found.setdefault((f"R² of the {name} part", kind), []).append(share)
            guess = cross_val_predict(
                LogisticRegression(), x, side, cv=alike, method="decision_function"
            )
            found.setdefault(("ROC AUC of the side", kind), []).append(roc_auc(guess, side))
    return {key: np.array(values) for key, values in found.items()}


def leakage(
    case: Planted, schedule: Schedule, *, seeds: Sequence[int], device: str = "cpu"
) -> dict[tuple[str, bool], np.ndarray]:
    """ROC AUC of the text's attack, and of the released code's with and without its leak.

    Returns:
        (attack, held out) to float64 [M]. "Held out" is scored on half of the target's units, which
        took no part in training, labels or not; the others are scored on all of them.
    """
    half = case.truth.shape[1] // 2
    found = {}
    for held_out in (False, True):
        present, there = (slice(half), slice(half, None)) if held_out else (slice(None),) * 2
        first = StackedDLMIA(seeds=seeds, schedule=schedule, device=device).pretrain(
            case.shadow, case.membership, case.target[:, present]
        )
        attacks = {
            DL_MIA: first.alternate(),
            SELF_TRAINED: SelfTrainedDLMIA.after(first),
            LEAKY: LeakyDLMIA.after(first, case.truth[:, present]),
        }
        for attack, stack in attacks.items():
            pairs = zip(stack.score(case.target[:, there]), case.truth[:, there], strict=True)
            found[attack, held_out] = np.array([roc_auc(*pair) for pair in pairs])
    return found
