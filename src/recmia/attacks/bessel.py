"""Modified Bessel functions of the first kind, as the von Mises-Fisher distribution needs them.

One evaluation serves every order and argument: Debye's expansion, which is uniform in the
argument, at an order that is large enough for it, then the recurrence down to the order wanted,
which damps errors. Only the ratio of two orders and a logarithm are formed, so nothing overflows.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

DEBYE_TERMS = 9
DEBYE_ORDER = 40.0  # from here on, nine terms leave an error near double precision


def _debye_polynomials(terms: int) -> np.ndarray:
    """float64 [terms + 1, 3 terms + 1]: coefficients of U_k(p) by rising power (DLMF 10.41.9)."""
    width = 3 * terms + 1
    u = [Fraction(1)] + [Fraction(0)] * (width - 1)
    rows = [u]
    for _ in range(terms):
        following = [Fraction(0)] * (width + 4)
        for n, c in enumerate(u):
            # U' p^2 (1 - p^2) / 2 + the integral of (1 - 5 t^2) U(t) / 8 from 0 to p
            following[n + 1] += c * (Fraction(n, 2) + Fraction(1, 8 * (n + 1)))
            following[n + 3] -= c * (Fraction(n, 2) + Fraction(5, 8 * (n + 3)))
        u = following[:width]
        rows.append(u)
    return np.array([[float(c) for c in row] for row in rows])


_DEBYE = _debye_polynomials(DEBYE_TERMS)


def _log_debye_sum(order: float, root: Tensor) -> Tensor:
    """log of the sum of U_k(p) / order^k, where p = order / root and root^2 = order^2 + kappa^2."""
    p = order / root
    # U_k(p) / order^k is a polynomial in p; the terms of one power are added beforehand.
    weights = np.power(order, -np.arange(DEBYE_TERMS + 1, dtype=np.float64)) @ _DEBYE
    total = torch.full_like(p, weights[-1])
    for weight in weights[-2:0:-1]:
        total = total * p + weight
    return torch.log1p(total * p)


def bessel_terms(kappa: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The two functions of I, the modified Bessel function of the first kind, that vMF needs.

    Args:
        kappa: float64, any shape, at least 0.
        dim: dimension m of the space, at least 2.

    Returns:
        I_{m/2}(kappa) / (kappa I_{m/2-1}(kappa)), which is 1/m at kappa = 0; and
        log(I_{m/2-1}(kappa) / kappa^(m/2-1)), which is finite at kappa = 0.
    """
    order = dim / 2 - 1
    lifts = max(0, math.ceil(DEBYE_ORDER - order))
    top = order + lifts
    root, next_root = torch.sqrt(top**2 + kappa**2), torch.sqrt((top + 1) ** 2 + kappa**2)
    log_sum, next_log_sum = _log_debye_sum(top, root), _log_debye_sum(top + 1, next_root)
    # I_v(k) / k^v ~ exp(root) (v + root)^-v (2 pi root)^-1/2 sum
    log_power = root - top * torch.log(top + root) - 0.5 * torch.log(2 * math.pi * root) + log_sum
    # The logarithm of the ratio from differences of its parts: the parts themselves grow to kappa.
    change = (2 * top + 1) / (root + next_root)
    log_ratio = (
        change
        - top * torch.log1p((1 + change) / (top + root))
        - torch.log(top + 1 + next_root)
        - 0.5 * torch.log(next_root / root)
        + next_log_sum
        - log_sum
    )
    ratio = torch.exp(log_ratio)  # I_{top+1} / (kappa I_top)
    for j in range(lifts):
        # I_{v-1} = (2 v / kappa) I_v + I_{v+1}
        ratio = 1 / (2 * (top - j) + kappa**2 * ratio)
        log_power = log_power - torch.log(ratio)
    return ratio, log_power
