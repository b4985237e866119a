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


def _log_debye_sums(orders: tuple[float, float], roots: Tensor) -> Tensor:
    """log of the sums of U_k(p) / order^k, where p = order / root and root^2 = order^2 + kappa^2.

    Args:
        orders: two orders.
        roots: float64 [2, ...], a row for each.
    """
    column = torch.tensor(orders, dtype=roots.dtype, device=roots.device)
    p = column.view(2, *[1] * (roots.ndim - 1)) / roots
    # U_k(p) / order^k is a polynomial in p; the terms of one power are added beforehand.
    powers = np.power(np.array(orders)[:, None], -np.arange(DEBYE_TERMS + 1, dtype=np.float64))
    weights = torch.from_numpy(powers @ _DEBYE).to(roots.device)
    columns = weights.T.view(-1, 2, *[1] * (roots.ndim - 1))
    total = columns[-1].expand_as(p).clone()
    for weight in columns[1:-1].flip(0):
        total.mul_(p).add_(weight)
    return torch.log1p(total.mul_(p))


def bessel_terms(kappa: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The two functions of I, the modified Bessel function of the first kind, that vMF needs.

    Args:
        kappa: float64, any shape, at least 0.
        dim: dimension m of the space, at least 2.

    Returns:
        I_{m/2}(kappa) / (kappa I_{m/2-1}(kappa)), which is 1/m at kappa = 0; and
        log(I_{m/2-1}(kappa) / kappa^(m/2-1)) minus its value at kappa = 0, which is
        -(m/2-1) log 2 - log Gamma(m/2): all its terms vanish there, so small values are exact.
    """
    order = dim / 2 - 1
    lifts = max(0, math.ceil(DEBYE_ORDER - order))
    top = order + lifts
    square = kappa**2
    roots = torch.sqrt(torch.stack([square + top**2, square + (top + 1) ** 2]))
    (root, next_root), (log_sum, next_log_sum) = roots, _log_debye_sums((top, top + 1), roots)
    start = _log_debye_sums((top, top + 1), root.new_tensor([[top], [top + 1]]))[0]
    # I_v(k) / k^v ~ exp(root) (v + root)^-v (2 pi root)^-1/2 sum, over the same at k = 0
    rise = square / (root + top)  # root - top
    log_power = rise - top * torch.log1p(rise / (2 * top)) - 0.5 * torch.log1p(rise / top)
    log_power = log_power + (log_sum - start)
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
    product = torch.ones_like(ratio)
    for j in range(lifts):
        # I_{v-1} = (2 v / kappa) I_v + I_{v+1}
        ratio = (ratio * square).add_(2 * (top - j)).reciprocal_()
        product.mul_(ratio).mul_(2 * (top - j))
        if j % 16 == 15 or j == lifts - 1:  # more would underflow at the largest kappa
            log_power = log_power - torch.log(product)
            product.fill_(1)
    return ratio, log_power
