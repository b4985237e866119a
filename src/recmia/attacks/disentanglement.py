"""The disentangled encoder of DL-MIA: a variational auto-encoder with two families of latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, softplus

from recmia.attacks.networks import Perceptron, linear
from recmia.attacks.von_mises_fisher import VonMisesFisher


@dataclass
class Latents:
    """Posterior of n difference vectors, and one draw from it.

    Attributes:
        mean: [n, d], mean of the invariant (Gaussian) feature.
        log_variance: [n, d], logarithm of its variance, sigma in equation 6.
        direction: [n, d], mean direction of the specific (von Mises-Fisher) feature.
        concentration: [n], its kappa.
    """

    mean: Tensor
    log_variance: Tensor
    direction: Tensor
    concentration: Tensor

    @property
    def centre(self) -> Tensor:
        """[n, 2 d]: mean and mean direction, joined."""
        return torch.cat([self.mean, self.direction], dim=1)

    def sample(self, noise: torch.Generator) -> Tensor:
        """[n, 2 d]: f^dis = [f^inv; f^spe], drawn with gradients."""
        normal = torch.randn(
            self.mean.shape, dtype=self.mean.dtype, device=self.mean.device, generator=noise
        )
        invariant = self.mean + torch.exp(self.log_variance / 2) * normal
        specific = VonMisesFisher(self.direction, self.concentration).rsample(noise)
        return torch.cat([invariant, specific], dim=1)

    def divergence(self) -> Tensor:
        """[n]: KL divergences to the two priors, equations 6 and 7, added."""
        gaussian = 0.5 * (self.log_variance.exp() - self.log_variance + self.mean**2 - 1).sum(1)
        return gaussian + VonMisesFisher(self.direction, self.concentration).kl_to_uniform()


class DisentangledAutoencoder(nn.Module):
    """Encoder and decoder of section 3.3.

    Args:
        width: length l of the difference vectors.
        latent_dim: length d of each of the two latent features.
        hidden: size of the decoder's three hidden layers.
        draw: CPU generator of the starting values.
    """

    def __init__(self, width: int, latent_dim: int, hidden: int, draw: torch.Generator) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = linear(width, 3 * latent_dim + 1, draw)
        self.decoder = Perceptron((2 * latent_dim, hidden, hidden, hidden, width), draw)

    def encode(self, x: Tensor) -> Latents:
        """Posterior of difference vectors [n, l]."""
        d = self.latent_dim
        mean, log_variance, direction, concentration = self.encoder(x).split([d, d, d, 1], dim=1)
        return Latents(
            mean, log_variance, normalize(direction, dim=1), softplus(concentration.squeeze(1))
        )

    def negative_elbo(self, x: Tensor, latents: Latents, drawn: Tensor) -> Tensor:
        """[n]: minus equation 5 up to a constant, with the likelihood of equation 8."""
        return 0.5 * ((self.decoder(drawn) - x) ** 2).sum(1) + latents.divergence()
