"""The encoders of DL-MIA's variants (Table 2): beta-VAE and FactorVAE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from recmia.attacks.disentanglement import (
    Autoencoder,
    gaussian_divergence,
    gaussian_sample,
)
from recmia.attacks.stacked_layers import StackedLayers, apply_layers


@dataclass
class GaussianLatents:
    """Posterior of n difference vectors of each of M models, all Gaussian.

    Attributes:
        mean: [M, n, 2 d].
        log_variance: [M, n, 2 d].
    """

    mean: Tensor
    log_variance: Tensor

    @property
    def centre(self) -> Tensor:
        """[M, n, 2 d]: the mean."""
        return self.mean

    def sample(self, noise: Sequence[torch.Generator]) -> Tensor:
        """[M, n, 2 d], drawn with gradients."""
        return gaussian_sample(self.mean, self.log_variance, noise)

    def divergence(self) -> Tensor:
        """[M, n]: KL divergence to N(0, I)."""
        return gaussian_divergence(self.mean, self.log_variance)


class BetaVAE(Autoencoder):
    """All-Gaussian latents of 2 d, KL divergence weighted by beta (Higgins et al., ICLR 2017).

    The DL-MIA paper gives no beta; 4 is the usual example of one above 1. Nothing tells invariant
    from specific features here: the two halves of the latents are exchangeable.
    """

    name: ClassVar[str] = "beta-vae"
    beta = 4.0

    @staticmethod
    def encoded_size(latent_dim: int) -> int:
        """Mean and log-variance of 2 d latents."""
        return 4 * latent_dim

    def encode(self, x: Tensor) -> GaussianLatents:
        """Posterior of difference vectors [M, n, l]."""
        return GaussianLatents(*apply_layers(x, self.encoder.layers()).chunk(2, dim=-1))

    def loss(self, x: Tensor, posterior: GaussianLatents, drawn: Tensor) -> Tensor:
        """[M, n]: reconstruction error + beta KL (their equation 4)."""
        return self.reconstruction_error(x, drawn) + self.beta * posterior.divergence()


class FactorVAE(BetaVAE):
    """All-Gaussian latents of 2 d with a penalty on total correlation (Kim and Mnih, ICML 2018).

    Total correlation, KL(q(z) || prod_j q(z_j)), is estimated by the density-ratio trick: a
    discriminator D learns to tell draws of z from draws whose coordinates are permuted over the
    batch, each on its own, and its logit estimates log q(z) / prod_j q(z_j) (their equation 3 and
    algorithms 1 and 2). The loss is minus ELBO + gamma logit(z).

    The DL-MIA paper gives no gamma; 10 is the least of the values that Kim and Mnih try on
    factors. The discriminator is smaller than theirs (one hidden layer of 64, leaky ReLU, in the
    place of five of 1,000), trained by Adam as theirs is (1e-4, betas 0.5 and 0.9). Both kinds of
    draws come from one batch, where theirs take two.
    """

    name: ClassVar[str] = "factor-vae"
    beta = 1.0
    gamma = 10.0
    hidden = 64

    def __init__(
        self,
        width: int,
        latent_dim: int,
        hidden: int,
        starts: Sequence[torch.Generator],
        device: torch.device,
    ) -> None:
        super().__init__(width, latent_dim, hidden, starts, device)
        shapes = [(2 * latent_dim, self.hidden), (self.hidden, 1)]
        self.discriminator = StackedLayers(shapes, starts, device)
        self._optimiser = torch.optim.Adam(
            [self.discriminator.parameters], lr=1e-4, betas=(0.5, 0.9), fused=True
        )

    def logit(self, drawn: Tensor) -> Tensor:
        """[M, n]: the discriminator's estimate of log q(z) / prod_j q(z_j)."""
        (weight, bias), last = self.discriminator.layers()
        hidden = torch.nn.functional.leaky_relu(torch.baddbmm(bias, drawn, weight), 0.2)
        return apply_layers(hidden, [last]).squeeze(-1)

    def loss(self, x: Tensor, posterior: GaussianLatents, drawn: Tensor) -> Tensor:
        """[M, n]: minus ELBO + gamma logit(z)."""
        return super().loss(x, posterior, drawn) + self.gamma * self.logit(drawn)

    def after_step(self, drawn: Tensor, noise: Sequence[torch.Generator]) -> None:
        """One step of the discriminator on draws and permuted draws."""
        drawn = drawn.detach()
        shape, device = drawn.shape[1:], drawn.device
        keys = torch.stack([torch.rand(shape, generator=draw, device=device) for draw in noise])
        permuted = drawn.gather(1, keys.argsort(dim=1))
        logits = self.logit(torch.cat([drawn, permuted], dim=1))
        joint, product = logits.chunk(2, dim=1)
        loss = (softplus(-joint) + softplus(product)).mean(dim=1).sum() / 2
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
