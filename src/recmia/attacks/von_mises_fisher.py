"""The von Mises-Fisher distribution on the unit sphere, with gradients in its concentration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from recmia.attacks.bessel import bessel_terms


def mean_resultant_length(kappa: Tensor, dim: int) -> Tensor:
    """A(kappa) = I_{m/2}(kappa) / I_{m/2-1}(kappa): the length of the mean of vMF, in float64."""
    kappa = kappa.double()
    return kappa * bessel_terms(kappa, dim)[0]


class _KLToUniform(torch.autograd.Function):
    @staticmethod
    def forward(ctx, kappa: Tensor, dim: int, ratio: Tensor, log_power: Tensor) -> Tensor:
        k = kappa.double()
        length = k * ratio
        # Variance of the cosine, A' = 1 - A^2 - (m - 1) A / kappa; d KL / d kappa = kappa A'.
        slope = 1 - length**2 - (dim - 1) * ratio
        ctx.save_for_backward((k * slope).to(kappa.dtype))
        return (k * length - log_power).clamp_min(0).to(kappa.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor):
        return gradient * ctx.saved_tensors[0], None, None, None


class _SampleDeficit(torch.autograd.Function):
    """1 - cosine to the mean direction; gradients by implicit reparameterisation."""

    @staticmethod
    def forward(
        ctx, kappa: Tensor, dim: int, ratio: Tensor, draws: Sequence[torch.Generator]
    ) -> Tensor:
        k = kappa.double()
        deficit = _reject(k, dim, draws, kappa.dtype)
        ctx.save_for_backward(k, deficit, ratio)
        ctx.dim, ctx.dtype = dim, kappa.dtype
        return deficit.to(kappa.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor):
        kappa, deficit, ratio = ctx.saved_tensors
        slope = -_cosine_slope(kappa, deficit, ctx.dim, ratio)
        return gradient * slope.to(ctx.dtype), None, None, None


def _reject(
    kappa: Tensor, dim: int, draws: Sequence[torch.Generator], dtype: torch.dtype
) -> Tensor:
    """Draw 1 - cosine by Ulrich's rejection, as corrected by Wood (1994) and used by Davidson et
    al. (UAI 2018, algorithm 2). float64 [n] to float64 [n]; random numbers have ``dtype``."""
    m1 = dim - 1
    root = torch.sqrt(4 * kappa**2 + m1**2)
    b = m1 / (2 * kappa + root)
    a = (m1 + 2 * kappa + root) / 4
    d = 4 * a * b / (1 + b) - m1 * math.log(m1)
    deficit = torch.empty_like(kappa)
    pending = torch.arange(len(kappa), device=kappa.device)
    share = len(kappa) // len(draws)
    counts = [share] * len(draws)
    like = {"dtype": dtype, "device": kappa.device}
    while len(pending):
        # The first coordinate of a uniform direction, (1 + x) / 2, is Beta((m-1)/2, (m-1)/2).
        normal = _drawn(torch.randn, counts, draws, dim, **like)
        e = (1 + normal[:, 0] / torch.linalg.vector_norm(normal, dim=1)).double() / 2
        uniform = _drawn(torch.rand, counts, draws, **like).double()
        bp = b[pending]
        below = 1 - (1 - bp) * e
        t = 2 * a[pending] * bp / below
        # Written so that a concentration that is not a number ends the loop, and shows in the draw.
        accepted = ~(m1 * torch.log(t) - t + d[pending] < torch.log(uniform))
        deficit[pending[accepted]] = (2 * bp * e / below)[accepted]
        pending = pending[~accepted]
        counts = torch.bincount(pending // share, minlength=len(draws)).tolist()
    return deficit


def _drawn(
    kind: Callable[..., Tensor],
    counts: Sequence[int],
    draws: Sequence[torch.Generator],
    *shape: int,
    **like,
) -> Tensor:
    """Random numbers [sum of counts, *shape], ``counts[i]`` rows of them from generator i."""
    parts = [kind(n, *shape, generator=g, **like) for n, g in zip(counts, draws, strict=True)]
    return torch.cat(parts) if len(parts) > 1 else parts[0]


# Relative error of the slope below 1e-4 for every dimension and concentration; draws are noisier.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_REACH = 6.0  # deviations of the angle beyond which the density adds nothing


def _cosine_slope(kappa: Tensor, deficit: Tensor, dim: int, ratio: Tensor) -> Tensor:
    """d cosine / d kappa at a fixed quantile, float64 [n].

    With F the distribution function of the cosine w and f its density, it is
    -(dF/dkappa) / f = integral of (A - t) f(t) / f(w) from -1 to w (Figurnov et al., NeurIPS 2018).
    The same integral over the other side has the opposite sign, so we take the side on which
    A - t does not change sign. In angles the integrand is smooth for every dimension.
    """
    length = kappa * ratio
    angle = 2 * torch.asin(torch.sqrt((deficit / 2).clamp(0, 1)))
    upper = 1 - deficit > length
    # Deviation of the angle, from the curvature of its log-density near the mode.
    spread = torch.rsqrt(kappa * length + (dim - 2) * (1 + length**2) + 0.1)
    end = torch.where(upper, angle - _REACH * spread, angle + _REACH * spread)
    half = (end.clamp(0, math.pi) - angle) / 2
    nodes = torch.as_tensor(_NODES, device=kappa.device)
    theta = angle[:, None] + half[:, None] * (1 + nodes)
    log_density = (
        -2
        * kappa[:, None]
        * torch.sin((theta + angle[:, None]) / 2)
        * torch.sin((theta - angle[:, None]) / 2)
    )
    sine = torch.sin(angle).clamp_min(1e-150)
    if dim > 2:
        log_density = log_density + (dim - 2) * torch.log(torch.sin(theta) / sine[:, None])
    offset = length[:, None] - 1 + 2 * torch.sin(theta / 2) ** 2
    weights = torch.as_tensor(_WEIGHTS, device=kappa.device)
    integral = ((offset * torch.exp(log_density)) @ weights) * half
    return sine * integral


class VonMisesFisher:
    """Directions with density proportional to exp(kappa mu.x) on the unit sphere of R^m.

    Args:
        mu: float [n, m], mean directions of length 1, m >= 2.
        kappa: float [n], concentrations, at least 0 (0 is the uniform distribution).
    """

    def __init__(self, mu: Tensor, kappa: Tensor) -> None:
        if mu.ndim != 2 or mu.shape[1] < 2 or kappa.shape != mu.shape[:1]:
            raise ValueError(
                f"mu [n, m >= 2] and kappa [n] do not fit: {tuple(mu.shape)}, {tuple(kappa.shape)}"
            )
        self.mu, self.kappa, self.dim = mu, kappa, mu.shape[1]
        # Draws' gradients and the divergence need the same two functions.
        self._ratio, self._log_power = bessel_terms(kappa.detach().double(), self.dim)

    def rsample(self, *draws: torch.Generator) -> Tensor:
        """One direction a row, [n, m], with gradients in mu and kappa.

        The cosine w to the mean direction is drawn by rejection; the rest of the direction is
        uniform in the plane across, so that x = w mu + sqrt(1 - w^2) v. The gradient in kappa is
        the exact one of the quantile, not that of the proposal alone, which would need a
        correction term.

        Args:
            draws: generators on the device of the parameters, as many as divide n: each serves
                its equal share of the rows, so that these do not depend on the others.

        Raises:
            ValueError: the generators do not divide n.
        """
        if not draws or len(self.mu) % len(draws):
            raise ValueError(f"{len(draws)} generators do not divide {len(self.mu)} rows.")
        deficit = _SampleDeficit.apply(self.kappa, self.dim, self._ratio, draws).unsqueeze(1)
        share = [len(self.mu) // len(draws)] * len(draws)
        like = {"dtype": self.mu.dtype, "device": self.mu.device}
        normal = _drawn(torch.randn, share, draws, self.dim, **like)
        across = normal - (normal * self.mu).sum(1, keepdim=True) * self.mu
        across = across / torch.linalg.vector_norm(across, dim=1, keepdim=True)
        tiny = torch.finfo(self.mu.dtype).tiny
        return (1 - deficit) * self.mu + (deficit * (2 - deficit)).clamp_min(tiny).sqrt() * across

    def kl_to_uniform(self) -> Tensor:
        """KL divergence to the uniform distribution on the sphere, [n], at least 0.

        Wang et al. (KDD 2022), equation 7, whose signs are right as printed; evaluated without
        the cancellation of its logarithms at small kappa. Its derivative is kappa A'(kappa) with
        A' = 1 - A^2 - (m - 1) A / kappa, the variance of the cosine.
        """
        return _KLToUniform.apply(self.kappa, self.dim, self._ratio, self._log_power)
