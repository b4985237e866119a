"""What DP-SGD is told, and the ε that accountants find for it; Opacus does the accounting.

Light to import: Opacus is loaded only where it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from pydantic import Field

from recmia.section import Section

RDP, PRV = "RDP", "PRV"
REMEDY = (
    "pip install --no-deps -r requirements-private.lock (Opacus; it needs torch 2.6 or later, "
    "which the Merlin container lacks)"
)


def is_available() -> bool:
    """Whether Opacus is installed."""
    return find_spec("opacus") is not None


class Private(Section):
    """DP-SGD (Abadi et al., CCS 2016), but for its noise."""

    sampled: int = Field(512, ge=1, description="units of a step, on average")
    clip: float = Field(
        1.0, gt=0, description="largest norm of what a unit adds to a step's gradient"
    )
    learning_rate: float = Field(2e-3, gt=0)
    epochs: int = Field(..., ge=1, description="steps are as many as take each unit so often")


@dataclass(frozen=True)
class Mechanism:
    """A training as its accountant sees it: the Gaussian mechanism on Poisson samples, repeated.

    Attributes:
        sample_rate: probability with which a unit is in a step, each by itself.
        steps: how many.
        noise: σ, the noise's deviation over the clipping norm.
    """

    sample_rate: float
    steps: int
    noise: float


def rate_and_steps(private: Private, population: int) -> tuple[float, int]:
    """Sample rate and steps of an epoch, from public numbers alone.

    Args:
        private: what DP-SGD is told.
        population: units that a training has on average. Not those of one training, whose number
            would tell whether one more is in it.
    """
    rate = min(1.0, private.sampled / population)
    return rate, max(1, round(1 / rate))


def noise_for(epsilon: float, private: Private, population: int, delta: float) -> float:
    """σ whose ε is at most that one by RDP, within 0.01.

    Args:
        epsilon: wanted.
        private: what DP-SGD is told.
        population: see `rate_and_steps`.
        delta: δ.
    """
    from opacus.accountants.utils import get_noise_multiplier

    rate, steps = rate_and_steps(private, population)
    return get_noise_multiplier(
        target_epsilon=epsilon,
        target_delta=delta,
        sample_rate=rate,
        steps=steps * private.epochs,
        accountant="rdp",
    )


def spent(mechanism: Mechanism, delta: float) -> dict[str, float]:
    """ε at δ by Rényi differential privacy (Mironov 2017) and by privacy random variables.

    Both are upper bounds, towards one unit more or less; the second (Gopi, Lee and Wutschitz,
    NeurIPS 2021) is nearly tight.
    """
    from opacus.accountants import create_accountant

    found = {}
    for name in (RDP, PRV):
        accountant = create_accountant(mechanism=name.lower())
        accountant.history = [(mechanism.noise, mechanism.sample_rate, mechanism.steps)]
        with np.errstate(divide="ignore"):  # the logarithm of 1 - rate, where everybody is drawn
            found[name] = float(accountant.get_epsilon(delta=delta))
    return found
