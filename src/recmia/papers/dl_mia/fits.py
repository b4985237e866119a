"""What notebook 12 fits: each once a seed, and every score that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from recmia.lists.views import ONE_MODEL, View

BIASED, PRETRAINED, DL_MIA = "Biased-MIA", "DL-MIA without reweighting", "DL-MIA"
LEAKY, LEAKY_BEST = "DL-MIA with the label leak", "DL-MIA with the label leak, best checkpoint"
SELF_TRAINED = "DL-MIA with guessed labels"
BIASED_RELEASED = "Biased-MIA, released code"
BETA_VAE, FACTOR_VAE = "DL-MIA (β-VAE)", "DL-MIA (FactorVAE)"
ENCODERS = {"beta-vae": BETA_VAE, "factor-vae": FACTOR_VAE}


@dataclass(frozen=True, order=True)
class Fit:
    """One shadow and one target, and what is trained on them.

    Attributes:
        shadow: what labels are known of.
        target: what is scored.
        encoder: see `recmia.attacks.stacked_dl_mia.Schedule`.
        leak: also run the released code's second stage, with the target's labels in the loss, and
            with the attack's guesses in their place, see `recmia.attacks.label_leak`.
        held_out: half of the target's users, drawn at random, take part; the others are scored.
        texts: vectors of items are made from their texts.
    """

    shadow: View
    target: View
    encoder: str = "disentangled"
    leak: bool = False
    held_out: bool = False
    texts: bool = False

    @property
    def setting(self) -> str:
        """The paper's four letters."""
        return self.shadow.name + self.target.name

    @property
    def one_model(self) -> Fit:
        """The same where one model serves everybody."""
        return replace(
            self,
            shadow=replace(self.shadow, serving=ONE_MODEL),
            target=replace(self.target, serving=ONE_MODEL),
        )


@dataclass(frozen=True, order=True)
class Scored:
    """One attack of a fit.

    Attributes:
        fit: what it was trained on.
        attack: one of the names above, of what a fit of its kind is scored by.
    """

    fit: Fit
    attack: str
