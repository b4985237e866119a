"""The von Mises-Fisher distribution: published identities, SciPy's Bessel functions, sampling."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, special
from scipy.optimize import brentq

from recmia.attacks.von_mises_fisher import VonMisesFisher, mean_resultant_length


def column(values):
    return torch.tensor(values, dtype=torch.float64)


def pole(n, dim):
    return torch.eye(dim, dtype=torch.float64)[:1].expand(n, dim)


def kl(kappa, dim):
    return VonMisesFisher(pole(len(kappa), dim), kappa).kl_to_uniform()


def equation_7(kappa, m):
    """Equation 7 of Wang et al. (2022), sign by sign, with SciPy."""
    scaled = special.ive(m / 2 - 1, kappa)
    return (
        kappa * special.ive(m / 2, kappa) / scaled
        + (m / 2 - 1) * np.log(kappa)
        - m / 2 * np.log(2 * np.pi)
        - (np.log(scaled) + kappa)
        + m / 2 * np.log(np.pi)
        + np.log(2)
        - special.gammaln(m / 2)
    )


@pytest.mark.parametrize("dim", [2, 3, 5, 50, 101])
def test_kl_is_equation_7_where_scipy_does_not_underflow(dim):
    kappa = np.array([0.5, 1.0, 7.3, 80.0, 900.0, 3e4])
    np.testing.assert_allclose(
        kl(column(kappa), dim).numpy(), equation_7(kappa, dim), rtol=1e-9, atol=1e-12
    )


def test_kl_and_mean_length_on_the_ordinary_sphere():
    # m = 3: A = coth k - 1/k and KL = k A + log(k / sinh k).
    kappa = np.array([0.01, 0.3, 2.0, 30.0])
    length = 1 / np.tanh(kappa) - 1 / kappa
    np.testing.assert_allclose(mean_resultant_length(column(kappa), 3), length, rtol=1e-11)
    np.testing.assert_allclose(
        kl(column(kappa), 3), kappa * length + np.log(kappa / np.sinh(kappa)), rtol=1e-9
    )


# mpmath, 60 digits: dimension, kappa, A, KL, kappa * A'.
MPMATH = [
    (2, 1000000.0, 9.99999499999875e-1, 7.32669356218662, 5.00000250000375e-7),
    (2, 0.001, 4.9999993750001e-4, 2.49999953125009e-7, 4.99999812500052e-4),
    (50, 1000000.0, 9.99975500287875e-1, 243.47926122221, 2.44994242491365e-5),
    (101, 0.5, 4.95037608714651e-3, 1.23757915172551e-3, 4.95013817364644e-3),
    (1000, 1.0, 9.99999001997996e-4, 4.99999251498663e-4, 9.99997005997964e-4),
    (1000, 400.0, 3.50841044672258e-1, 65.6675139127912, 2.74020921725601e-1),
    (1000, 1000000.0, 9.99500624500492e-1, 3451.51916970163, 4.99250998907499e-4),
    (50, 50.0, 6.211046947403e-1, 12.105111150878, 2.77317866303224e-1),
]


@pytest.mark.parametrize(("dim", "kappa", "length", "divergence", "slope"), MPMATH)
def test_values_at_the_ends_of_the_range(dim, kappa, length, divergence, slope):
    k = column([kappa]).requires_grad_()
    value = kl(k, dim)
    (gradient,) = torch.autograd.grad(value.sum(), k)
    assert mean_resultant_length(k.detach(), dim).item() == pytest.approx(length, rel=1e-12)
    assert value.item() == pytest.approx(divergence, rel=1e-9, abs=1e-12)
    # A' is a difference of numbers near 1: what is left at kappa = 1e6 is kappa times rounding.
    assert gradient.item() == pytest.approx(slope, rel=1e-9, abs=max(1e-15, 1e-14 * kappa))


@pytest.mark.parametrize("dim", [2, 3, 10, 100, 1000])
def test_kl_is_zero_at_the_uniform_and_rises(dim):
    kappa = torch.cat([column([0.0]), torch.logspace(-3, 6, 200, dtype=torch.float64)])
    values = kl(kappa, dim)
    assert abs(values[0]) < 1e-11 and torch.isfinite(values).all()
    assert (values >= 0).all() and (values.diff() > -1e-11).all()


@pytest.mark.parametrize("dim", [2, 3, 50, 500])
def test_kl_of_a_small_concentration_is_its_first_term(dim):
    # kappa^2 / (2 m) + O(kappa^4): what is lost to rounding is that of numbers near 1, no more.
    kappa = column([1e-6, 1e-5, 1e-4])
    np.testing.assert_allclose(kl(kappa, dim), kappa**2 / (2 * dim), rtol=1e-6, atol=3e-15)


@pytest.mark.parametrize("dim", [2, 3, 17, 200, 500])
def test_gradient_of_kl(dim):
    kappa = column([0.2, 1.5, 20.0, 150.0]).requires_grad_()
    assert torch.autograd.gradcheck(lambda k: kl(k, dim), (kappa,), eps=1e-5, atol=1e-7)


@pytest.mark.parametrize(("dim", "kappa"), [(2, 0.0), (2, 3.0), (3, 40.0), (50, 20.0), (300, 1e4)])
def test_draws_have_the_right_length_and_cosines(dim, kappa):
    n = 5_000
    draws = VonMisesFisher(pole(n, dim), torch.full((n,), kappa, dtype=torch.float64)).rsample(
        torch.Generator().manual_seed(1)
    )
    torch.testing.assert_close(draws.norm(dim=1), torch.ones(n, dtype=torch.float64))
    length = mean_resultant_length(column([kappa]), dim).item()
    cosine = draws[:, 0].numpy()
    # Var(cosine) = 1 - A^2 - (m - 1) A / kappa, which is 1 / m at kappa = 0.
    variance = 1 - length**2 - (dim - 1) * (length / kappa if kappa else 1 / dim)
    assert cosine.mean() == pytest.approx(length, abs=4.5 * math.sqrt(variance / n))
    assert cosine.var() == pytest.approx(variance, rel=0.12)
    # Across the mean direction nothing is preferred.
    across = draws[:, 1:].mean(0).abs().max().item()
    assert across < 5 * math.sqrt((1 - length**2) / ((dim - 1) * n))


@pytest.mark.parametrize(("dim", "kappa"), [(2, 2.0), (3, 0.1), (10, 15.0), (50, 1000.0)])
def test_gradient_of_a_draw_is_that_of_the_quantile(dim, kappa):
    n = 6
    k = torch.full((n,), kappa, dtype=torch.float64, requires_grad=True)
    draws = VonMisesFisher(pole(n, dim), k).rsample(torch.Generator().manual_seed(3))
    (slope,) = torch.autograd.grad(draws[:, 0].sum(), k)

    def quantile_error(angle, at, level):
        def density(t):
            return math.exp(at * (math.cos(t) - math.cos(angle))) * (
                math.sin(t) / math.sin(angle)
            ) ** (dim - 2)

        below = integrate.quad(density, angle, math.pi, epsabs=0, limit=200)[0]
        above = integrate.quad(density, 0, angle, epsabs=0, limit=200)[0]
        return below / (below + above) - level

    for i in range(n):
        angle = math.acos(draws[i, 0].item())
        level = quantile_error(angle, kappa, 0.0)
        h = 1e-4 * kappa
        moved = [
            math.cos(
                brentq(
                    quantile_error,
                    0.5 * angle,
                    min(1.5 * angle, 3.1415),
                    args=(at, level),
                    xtol=1e-13,
                )
            )
            for at in (kappa - h, kappa + h)
        ]
        assert slope[i].item() == pytest.approx((moved[1] - moved[0]) / (2 * h), rel=1e-3)


def test_gradient_of_a_draw_in_the_mean_direction():
    kappa = column([4.0, 9.0])
    start = torch.randn(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def draw(direction):
        mu = torch.nn.functional.normalize(direction, dim=1)
        return VonMisesFisher(mu, kappa).rsample(torch.Generator().manual_seed(1))

    assert torch.autograd.gradcheck(draw, (start.requires_grad_(),))


def test_expected_gradient_is_the_variance_of_the_cosine():
    n, dim = 5_000, 8
    kappa = torch.full((n,), 5.0, dtype=torch.float64, requires_grad=True)
    draws = VonMisesFisher(pole(n, dim), kappa).rsample(torch.Generator().manual_seed(2))
    (slope,) = torch.autograd.grad(draws[:, 0].sum(), kappa)
    length = mean_resultant_length(column([5.0]), dim).item()
    assert slope.mean().item() == pytest.approx(1 - length**2 - 7 * length / 5, rel=0.02)


@pytest.mark.parametrize("dim", [2, 50, 500])
def test_single_precision_at_the_ends_stays_finite(dim):
    mu = pole(4, dim).float().requires_grad_()
    kappa = torch.tensor([0.0, 1e-6, 1e3, 1e6], requires_grad=True)
    vmf = VonMisesFisher(mu, kappa)
    loss = vmf.rsample(torch.Generator().manual_seed(0))[:, :2].sum() + vmf.kl_to_uniform().sum()
    loss.backward()
    assert torch.isfinite(mu.grad).all() and torch.isfinite(kappa.grad).all()


def test_each_generator_serves_its_own_rows():
    mu, kappa = pole(6, 5), column([0.0, 1.0, 5.0, 20.0, 100.0, 1e4])
    both = VonMisesFisher(mu, kappa).rsample(*(torch.Generator().manual_seed(s) for s in (1, 2)))
    alone = VonMisesFisher(mu[3:], kappa[3:]).rsample(torch.Generator().manual_seed(2))
    torch.testing.assert_close(both[3:], alone)
    with pytest.raises(ValueError, match="4 generators do not divide 6"):
        VonMisesFisher(mu, kappa).rsample(*(torch.Generator() for _ in range(4)))


def test_a_concentration_that_is_not_a_number_shows():
    draws = VonMisesFisher(pole(2, 5), column([1.0, math.nan])).rsample(
        torch.Generator().manual_seed(0)
    )
    assert torch.isfinite(draws[0]).all() and torch.isnan(draws[1]).any()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        VonMisesFisher(torch.ones(3, 1), torch.ones(3))
