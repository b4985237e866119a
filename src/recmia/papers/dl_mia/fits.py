"""What notebook 12 fits: each once a seed, and every score that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from recmia.lists.views import ONE_MODEL, View

# What a fit is scored by: the array's name, and columns of its rows (`recmia.experiments.rows`).
BIASED, BIASED_RELEASED = "biased", "biased released"
PRETRAINED, DL_MIA = "pretrained", "dl-mia"
SELF_TRAINED, LEAKY, LEAKY_BEST = "self-trained", "leaky", "leaky best"
ATTACKS: dict[str, dict[str, str]] = {
    BIASED: {"attack": "Biased-MIA"},
    BIASED_RELEASED: {"attack": "Biased-MIA"},
    PRETRAINED: {"attack": "DL-MIA", "variant": "without reweighting"},
    DL_MIA: {"attack": "DL-MIA"},
    # The released code's second stage: without its slip, and with it.
    SELF_TRAINED: {"attack": "DL-MIA", "variant": "guessed labels", "checkpoint": "last"},
    LEAKY: {"attack": "DL-MIA", "variant": "label leak", "checkpoint": "last"},
    LEAKY_BEST: {
        "attack": "DL-MIA",
        "variant": "label leak",
        "checkpoint": "best by target labels",
    },
}


@dataclass(frozen=True, order=True)
class Fit:
    """One shadow and one target, and what is trained on them.

    Attributes:
        half: "general" or "sequential".
        shadow: what labels are known of.
        target: what is scored.
        encoder: see `recmia.attacks.stacked_dl_mia.Schedule`.
        leak: also run the released code's second stage, with the target's labels in the loss, and
            with the attack's guesses in their place, see `recmia.attacks.label_leak`.
        held_out: half of the target's users, drawn at random, take part; the others are scored.
        texts: vectors of items are made from their texts.
    """

    half: str
    shadow: View
    target: View
    encoder: str = "disentangled"
    leak: bool = False
    held_out: bool = False
    texts: bool = False

    @property
    def one_model(self) -> Fit:
        """The same where one model serves everybody."""
        return replace(
            self,
            shadow=replace(self.shadow, serving=ONE_MODEL),
            target=replace(self.target, serving=ONE_MODEL),
        )

    @property
    def seed_words(self) -> tuple[str, ...]:
        """Names of the seed; what is compared with each other starts from the same values."""
        return (self.half, *self.shadow.seed_words, *self.target.seed_words, str(self.texts))

    @property
    def columns(self) -> dict[str, Any]:
        """What its rows say of it."""
        return {
            "half": self.half,
            "shadow_data": self.shadow.data,
            "shadow": self.shadow.recommender,
            "target_data": self.target.data,
            "target": self.target.recommender,
            "serving": self.target.serving,
            "vectors": "texts" if self.texts else "factors",
            "ratio": self.target.defence or None,
            "defence_known": True if self.target.defence else None,
            "labels": "random" if self.target.random_labels else None,
            "held_out": self.held_out,
        }


@dataclass(frozen=True, order=True)
class Scored:
    """One attack of a fit.

    Attributes:
        fit: what it was trained on.
        attack: one of `ATTACKS`, of what a fit of its kind is scored by.
    """

    fit: Fit
    attack: str

    @property
    def columns(self) -> dict[str, Any]:
        """What its rows say of it."""
        columns = self.fit.columns | ATTACKS[self.attack]
        if columns["attack"] == "DL-MIA":
            columns["features"] = self.fit.encoder
        return columns
