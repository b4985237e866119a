"""What the attacks look at: a record under the target, and its moments over the shadows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

OWN_VARIANCE_FROM = 64  # shadows: with fewer LiRA's paper finds one variance for all to do better
CHUNK = 1 << 19  # values of a record and a shadow held at once: 4 MB as float64


@dataclass(frozen=True)
class Target:
    """n records under the audited model.

    Attributes:
        log_likelihood: float64 [n], a record's mean log p over its steps, natural.
        signal: float64 [n], its mean φ over the steps (`signals.logit_signal`).
    """

    log_likelihood: np.ndarray
    signal: np.ndarray


@dataclass(frozen=True)
class Moments:
    """The signals of each record over the shadows that were (or were not) trained on it.

    Attributes:
        count: int64 [n], such shadows.
        mean: float64 [n]; NaN where there is none.
        squares: float64 [n], sum of squared distances from the record's own mean; 0 without any.
    """

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """float64 [n], a record's own, divided by the count; NaN where there are fewer than two."""
        return np.where(self.count >= 2, self.squares / np.maximum(self.count, 1), np.nan)

    def overall(self) -> tuple[float, float]:
        """Mean and variance of all records' signals together, around their one mean.

        So, and not around each record's own mean, do the released pipelines fix the variance.

        Returns:
            NaN and NaN without any.
        """
        total = self.count.sum()
        if not total:
            return float("nan"), float("nan")
        mean = float(np.where(self.count, self.mean, 0) @ self.count / total)
        apart = np.where(self.count, self.mean - mean, 0)
        return mean, float((self.squares.sum() + (apart**2) @ self.count) / total)


@dataclass(frozen=True)
class Shadows:
    """n records over K shadow models.

    Attributes:
        models: K.
        inside: over shadows trained on the record.
        outside: over the others.
        log_mean_all: float64 [n], log of the mean likelihood over all shadows.
        log_mean_out: float64 [n], over those not trained on the record; NaN where there is none.
        mean_log_out: float64 [n], mean log-likelihood over those; NaN where there is none.
        own_variance: whether there are enough for LiRA to take a record's own variances.
    """

    models: int
    inside: Moments
    outside: Moments
    log_mean_all: np.ndarray
    log_mean_out: np.ndarray
    mean_log_out: np.ndarray
    own_variance: bool

    @classmethod
    def of(
        cls,
        log_likelihood: np.ndarray,
        signal: np.ndarray,
        membership: np.ndarray,
        models: Iterable[int] | None = None,
    ) -> Shadows:
        """Read the shadows once, a chunk of records at a time.

        Args:
            log_likelihood: float [n, K], see `Target`.
            signal: float [n, K].
            membership: bool [n, K], True where the shadow was trained on the record.
            models: columns to use; None for all. Whether they are enough for own variances goes by
                all, so that a shadow in the target's place is scored as the target is.
        """
        columns = np.arange(signal.shape[1]) if models is None else np.asarray(list(models))
        n, used = len(signal), len(columns)
        found = {
            name: np.full(n, np.nan)
            for name in ("in", "out", "log_mean_all", "log_mean_out", "mean_log_out")
        }
        squares = {name: np.zeros(n) for name in ("in", "out")}
        counts = {name: np.zeros(n, dtype=np.int64) for name in ("in", "out")}
        step = max(1, CHUNK // max(used, 1))
        for start in range(0, n if used else 0, step):
            rows = slice(start, start + step)
            low = log_likelihood[rows][:, columns].astype(np.float64)
            phi = signal[rows][:, columns].astype(np.float64)
            member = membership[rows][:, columns]
            for name, chosen in (("in", member), ("out", ~member)):
                counts[name][rows] = chosen.sum(axis=1)
                mean = _mean(phi, chosen, counts[name][rows])
                found[name][rows] = mean
                apart = np.where(chosen, phi - mean[:, None], 0)
                squares[name][rows] = np.einsum("ij,ij->i", apart, apart)
            found["mean_log_out"][rows] = _mean(low, ~member, counts["out"][rows])
            # Relative to the largest: the likelihood of a long record may be too small for a float.
            top = low.max(axis=1)
            share = np.exp(low - top[:, None])
            found["log_mean_all"][rows] = top + np.log(share.mean(axis=1))
            top = np.where(member, -np.inf, low).max(axis=1)
            top = np.where(counts["out"][rows], top, np.nan)
            share = np.where(member, 0, np.exp(np.where(member, 0, low - top[:, None])))
            mean = share.sum(axis=1) / np.maximum(counts["out"][rows], 1)
            found["log_mean_out"][rows] = top + np.log(np.where(counts["out"][rows], mean, 1))
        return cls(
            used,
            Moments(counts["in"], found["in"], squares["in"]),
            Moments(counts["out"], found["out"], squares["out"]),
            found["log_mean_all"],
            found["log_mean_out"],
            found["mean_log_out"],
            signal.shape[1] >= OWN_VARIANCE_FROM,
        )

    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance, float64 [n] each, of a record's signals over all its shadows."""
        inside, outside = self.inside, self.outside
        n_in, n_out = inside.count, outside.count
        of_in, of_out = np.where(n_in, inside.mean, 0), np.where(n_out, outside.mean, 0)
        mean = (n_in * of_in + n_out * of_out) / self.models
        between = n_in * n_out / self.models * (of_in - of_out) ** 2
        return mean, (inside.squares + outside.squares + between) / self.models


def _mean(values: np.ndarray, chosen: np.ndarray, count: np.ndarray) -> np.ndarray:
    total = np.where(chosen, values, 0).sum(axis=1)
    return np.where(count, total / np.maximum(count, 1), np.nan)
