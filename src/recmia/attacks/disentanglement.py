"""The disentangled encoder of DL-MIA: a variational auto-encoder with two families of latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from recmia.attacks.stacked_layers import StackedLayers, apply_layers
from recmia.attacks.von_mises_fisher import VonMisesFisher


class Posterior(Protocol):
    """Distribution of the latent features of n difference vectors of each of M models."""

    @property
    def centre(self) -> Tensor:
        """[M, n, 2 d]: the features' expected place."""

    def sample(self, noise: Sequence[torch.Generator]) -> Tensor:
        """[M, n, 2 d]: f^dis, one draw with gradients; model i draws from ``noise[i]``."""

    def divergence(self) -> Tensor:
        """[M, n]: KL divergence to the prior."""


def gaussian_sample(mean: Tensor, log_variance: Tensor, noise: Sequence[torch.Generator]) -> Tensor:
    """A draw [M, n, d] of diagonal Gaussians, with gradients; model i draws from ``noise[i]``."""
    shape, like = mean.shape[1:], {"dtype": mean.dtype, "device": mean.device}
    normal = torch.stack([torch.randn(shape, generator=draw, **like) for draw in noise])
    return mean + torch.exp(log_variance / 2) * normal


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """[M, n]: KL divergence of diagonal Gaussians [M, n, d] to N(0, I), equation 6."""
    return 0.5 * (log_variance.exp() - log_variance + mean**2 - 1).sum(-1)


@dataclass
class Latents:
    """Posterior of n difference vectors of each of M models.

    Attributes:
        mean: [M, n, d], mean of the invariant (Gaussian) feature.
        log_variance: [M, n, d], logarithm of its variance, sigma in equation 6.
        direction: [M, n, d], mean direction of the specific (von Mises-Fisher) feature.
        concentration: [M, n], its kappa.
    """

    mean: Tensor
    log_variance: Tensor
    direction: Tensor
    concentration: Tensor

    def __post_init__(self) -> None:
        self.specific = VonMisesFisher(self.direction.flatten(0, 1), self.concentration.flatten())

    @property
    def centre(self) -> Tensor:
        """[M, n, 2 d]: mean and mean direction, joined."""
        return torch.cat([self.mean, self.direction], dim=-1)

    def sample(self, noise: Sequence[torch.Generator]) -> Tensor:
        """[M, n, 2 d]: f^dis = [f^inv; f^spe], drawn with gradients."""
        invariant = gaussian_sample(self.mean, self.log_variance, noise)
        specific = self.specific.rsample(*noise).view_as(self.direction)
        return torch.cat([invariant, specific], dim=-1)

    def divergence(self) -> Tensor:
        """[M, n]: KL divergences to the two priors, equations 6 and 7, added."""
        gaussian = gaussian_divergence(self.mean, self.log_variance)
        return gaussian + self.specific.kl_to_uniform().view_as(gaussian)


class Autoencoder:
    """A linear encoder, and a decoder with three hidden layers, of M models side by side.

    What differs between the variants of Table 2 is the family of the latents and what the loss
    adds to the reconstruction.

    Args:
        width: length l of the difference vectors.
        latent_dim: length d of each of the two latent features.
        hidden: size of the decoder's hidden layers.
        starts: M CPU generators of the starting values.
        device: where the parameters lie.
    """

    def __init__(
        self,
        width: int,
        latent_dim: int,
        hidden: int,
        starts: Sequence[torch.Generator],
        device: torch.device,
    ) -> None:
        d = self.latent_dim = latent_dim
        self.encoder = StackedLayers([(width, self.encoded_size(d))], starts, device)
        sizes = (2 * d, hidden, hidden, hidden, width)
        self.decoder = StackedLayers(list(zip(sizes[:-1], sizes[1:], strict=True)), starts, device)

    @staticmethod
    def encoded_size(latent_dim: int) -> int:
        """Outputs of the encoder's linear layer."""
        raise NotImplementedError

    @property
    def parameters(self) -> list[Tensor]:
        """What minimises the loss."""
        return [self.encoder.parameters, self.decoder.parameters]

    def encode(self, x: Tensor) -> Posterior:
        """Posterior of difference vectors [M, n, l]."""
        raise NotImplementedError

    def reconstruction_error(self, x: Tensor, drawn: Tensor) -> Tensor:
        """[M, n]: minus the log-likelihood of equation 8, up to a constant."""
        return 0.5 * ((apply_layers(drawn, self.decoder.layers()) - x) ** 2).sum(-1)

    def loss(self, x: Tensor, posterior: Posterior, drawn: Tensor) -> Tensor:
        """[M, n]: minus equation 5 up to a constant, or what a variant puts in its place."""
        return self.reconstruction_error(x, drawn) + posterior.divergence()

    def after_step(self, drawn: Tensor, noise: Sequence[torch.Generator]) -> None:
        """Called after each step with its draws [M, n, 2 d], for variants with an adversary."""


class DisentangledAutoencoder(Autoencoder):
    """The encoder of section 3.3: Gaussian invariant and von Mises-Fisher specific features."""

    name: ClassVar[str] = "disentangled"

    @staticmethod
    def encoded_size(latent_dim: int) -> int:
        """Mean, log-variance and direction, and one concentration."""
        return 3 * latent_dim + 1

    def encode(self, x: Tensor) -> Latents:
        """Posterior of difference vectors [M, n, l]."""
        d = self.latent_dim
        encoded = apply_layers(x, self.encoder.layers())
        mean, log_variance, direction, concentration = encoded.split([d, d, d, 1], dim=-1)
        return Latents(
            mean, log_variance, normalize(direction, dim=-1), softplus(concentration.squeeze(-1))
        )
