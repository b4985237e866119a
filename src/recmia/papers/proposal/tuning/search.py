"""Notebook 08's random search: which settings are tried, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from recmia.papers.proposal.settings import Tuning
from recmia.recommenders.settings import Target
from recmia.seeds import generator

KNOBS = ("d_model", "layers", "dropout", "weight_decay", "learning_rate", "label_smoothing")
HEADS = 2
CHECKPOINTS = 10  # of a model that is compared; weights of each lie on disk
TUNED, UNTUNED = "tuned", "before tuning"


@dataclass(frozen=True)
class Recipe:
    """Settings that recommenders of all sizes are trained with.

    Attributes:
        case: `TUNED`, `UNTUNED`, or the title of a variant of the latter.
        target: the settings; its epochs are those for the first number of sessions.
    """

    case: str
    target: Target

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.case.replace(',', '').replace(' ', '-')}-{self.target.architecture}"

    def at(self, sessions: int, tuning: Tuning) -> Target:
        """For a number of sessions: more of them take more steps, but not in proportion.

        Where the last checkpoint is the best one, the training was too short; notebook 08 says so.
        """
        share = (tuning.sessions[0] / sessions) ** tuning.epochs_exponent
        epochs = ceil(self.target.epochs * share - 1e-9)
        return self.target.changed(epochs=epochs, recorded_epochs=checkpoints(epochs))


def checkpoints(epochs: int) -> tuple[int, ...]:
    """At most ten epochs at about equal distances, the last among them."""
    places = np.ceil(np.linspace(0, epochs, CHECKPOINTS + 1)[1:] - 1e-9).astype(int)
    return tuple(np.unique(places).tolist())


def n_choices(tuning: Tuning) -> int:
    """How many settings the search can draw."""
    return prod(len(set(getattr(tuning, name))) for name in KNOBS)


def drawn_trials(
    tuning: Tuning, architecture: str, today: Target, names: Sequence[str | int]
) -> list[Target]:
    """Settings that are tried, no two alike: those of today first, then drawn at random.

    Args:
        tuning: the budget, and what each setting is drawn from.
        architecture: which.
        today: the profile's target, whose batches and precision trials have; tried itself where it
            is of that architecture.
        names: what the random choice is made from, the root seed first.

    Returns:
        As many as the budget allows; all there are where these are fewer. With a larger budget
        more are tried, after the same ones.
    """
    budget = tuning.budget[architecture]
    fixed = {"architecture": architecture, "heads": HEADS}
    fixed |= {"epochs": budget.epochs, "recorded_epochs": (budget.epochs,)}
    values = [getattr(tuning, name) for name in KNOBS]
    shape = tuple(map(len, values))
    found = [today.changed(**fixed)] if today.architecture == architecture else []
    for number in generator(*names, architecture).permutation(prod(shape)):
        places = np.unravel_index(number, shape)
        drawn = {name: of[place] for name, of, place in zip(KNOBS, values, places, strict=True)}
        if (trial := today.changed(**drawn, **fixed)) not in found:
            found.append(trial)
    return found[: budget.trials]


def in_words(target: Target) -> str:
    """What the search can choose of a target, as the published table says it."""
    layers = "1 layer" if target.layers == 1 else f"{target.layers} layers"
    return (
        f"d {target.d_model}, {layers}, dropout {target.dropout:g}, "
        f"weight decay {target.weight_decay:g}, lr {target.learning_rate:g}, "
        f"smoothing {target.label_smoothing:g}"
    )
