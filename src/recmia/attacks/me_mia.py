"""ME-MIA: attack a surrogate extracted from the lists, of Zhu et al. (WWW 2023)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from recmia.attacks.base import Attack, Observations, check_membership, lists_of
from recmia.attacks.surrogate import Surrogate
from recmia.device import resolve_device
from recmia.errors import DataError
from recmia.evaluation.metrics import roc_auc
from recmia.networks import Perceptron, torch_generator
from recmia.section import Count, NotNegative, Positive
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM

HIDDEN = (64, 32, 8)
HELD_OUT = 5  # one unit in so many is validated on
PATIENCE = 50  # epochs without a better validation AUC


class MEMIA(Attack):
    """Model extraction, features of the surrogate's scores averaged over time, and a perceptron.

    A surrogate learns the recommender's lists with two ranking losses: the items that a list holds
    and their order. Of every next item of a history, given the items before, it then says: its
    score, mean and deviation of all items' scores, and the k best scores. Averaged over the
    history and standardised over the units of a side, these k + 3 features go into a perceptron
    64-32-8-2 with ReLU, trained on the shadow by cross-entropy (Adam, 1e-3, batches of 1,024, up to
    300 epochs, ended when the AUC on a fifth of the units has not grown for 50 epochs; the best
    epoch counts). A unit is called a member where that is the likelier of the two.

    The paper's text was out of reach. Features and classifier are those of its first author's
    program (a script for RecStudio, of which copies are public; it takes the hinge for both
    losses). Its class of the two losses is in no copy: they are written as in the extraction of
    Yue et al. (RecSys 2021), with the margins of those authors' program.

    What had to be chosen, or is forced by what an adversary sees here:

    * The program asks the recommender with every beginning of each sequence. Here each unit has one
      list: it is learned as the answer to the history without its last item ("prefix", the last of
      the program's samples of a sequence) or to all of it ("history").
    * The program learns the target's surrogate from its answers to the shadow's sequences, and
      takes the shadow's features from the shadow recommender itself. Observations hold neither:
      each side's surrogate learns from that side's own units and lists. Both start alike and make
      as many passes, so that what differs between them is the lists. Labels enter neither.
    * The program's surrogate has the architecture of the shadow recommender, and trains for up to
      300 epochs; here it is one GRU (Hidasi et al., ICLR 2016) with RecStudio's vectors of 64, and
      50 epochs with larger steps.
    * All places of a list are learned, and k best scores are features; the program has one number
      for both, 10.
    * A history of less than two items has no next item, so its features are their side's means.
    * A fifth of the members and a fifth of the non-members are validated on; where that is
      nobody, the last epoch counts.
    * Units are put in an order of their contents first, so that the order of rows changes nothing.

    Args:
        asked: what the lists answer.
        epochs: passes over a side's lists, for each of the two surrogates.
        dim: of the surrogate's vectors and state.
        batch_size: lists a step.
        learning_rate: of Adam, for the surrogate.
        order_margin: between neighbours in a list.
        list_margin: between what a list holds and what it does not.
        cutoff: k, best scores among the features.
        classifier_epochs: passes over the shadow's units at most.
        classifier_learning_rate: of Adam.
        classifier_batch_size: units a step.
        progress: called after each epoch, with parts that add up to ``epochs``.
        device: "cpu", "cuda" or "auto"; on a GPU sums differ in their last digits.
        seed: root seed of starting values, order and negatives.
    """

    name = "me-mia"
    source = (
        "Z. Zhu et al., Membership Inference Attacks Against Sequential Recommender Systems, "
        "WWW 2023"
    )
    threshold = 0.5

    def __init__(
        self,
        *,
        asked: Literal["prefix", "history"] = "prefix",
        epochs: Count = 50,
        dim: Count = 64,
        batch_size: Count = 128,
        learning_rate: Positive = 5e-3,
        order_margin: NotNegative = 0.5,
        list_margin: NotNegative = 0.5,
        cutoff: Count = 10,
        classifier_epochs: Count = 300,
        classifier_learning_rate: Positive = 1e-3,
        classifier_batch_size: Count = 1024,
        progress: Callable[[float], object] | None = None,
        device: str | torch.device = "cpu",
        seed: int,
    ) -> None:
        self.asked, self.epochs, self.dim, self.cutoff = asked, epochs, dim, cutoff
        self.batch_size, self.learning_rate = batch_size, learning_rate
        self.margins = order_margin, list_margin
        self.classifier_epochs = classifier_epochs
        self.classifier_learning_rate = classifier_learning_rate
        self.classifier_batch_size = classifier_batch_size
        self.progress = progress or (lambda part: None)
        self.device, self.seed = resolve_device(device), child_seed(seed, "me_mia")

    def fit(
        self, shadow: Observations, membership: np.ndarray, target: Observations | None = None
    ) -> MEMIA:
        """Extract both surrogates and train the classifier on the shadow; see `Attack.fit`.

        Raises:
            DataError: the target's observations or lists are missing, a side has no history of two
                items, or an id is no item.
        """
        membership = check_membership(membership, len(shadow))
        if target is None:
            raise DataError(
                "ME-MIA extracts the target: it needs the target's observations, unlabelled.",
                remedy="pass target=..., without membership.",
            )
        for side in (shadow, target):
            _check_side(side, lists_of(side, "ME-MIA"))
        self.vocabulary_size = 1 + max(
            int(ids.max(initial=0))
            for side in (shadow, target)
            for ids in (side.histories, side.lists)
        )
        order = _canonical(shadow, membership)
        shadow, membership = shadow[order], membership[order]
        features = self._extract(shadow).mean_features(
            shadow.histories, shadow.lengths, self.cutoff
        )
        self._train(_standardised(features, *_moments(features)), membership)
        target = target[_canonical(target)]
        self.surrogate = self._extract(target)
        self.moments = _moments(
            self.surrogate.mean_features(target.histories, target.lengths, self.cutoff)
        )
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], probability of membership of the target's units; lists are not needed.

        Raises:
            DataError: an item is in none of the histories and lists that `fit` has seen.
        """
        if len(observations) and observations.histories.max() >= self.vocabulary_size:
            raise DataError(
                f"Item {observations.histories.max()} is unknown to ME-MIA's surrogate, which has "
                f"seen ids up to {self.vocabulary_size - 1}.",
                column="histories",
                remedy="give the units under attack to fit, as target.",
            )
        features = self.surrogate.mean_features(
            observations.histories, observations.lengths, self.cutoff
        )
        with torch.no_grad():
            logits = self.classifier(_standardised(features, *self.moments).to(self.device))
        return torch.softmax(logits.double(), dim=1)[:, 1].cpu().numpy()

    def _extract(self, side: Observations) -> Surrogate:
        surrogate = Surrogate(
            self.vocabulary_size, dim=self.dim, device=self.device, seed=self.seed
        )
        return surrogate.fit(
            side.histories,
            side.lengths - (self.asked == "prefix"),
            side.lists,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            margins=self.margins,
            progress=lambda: self.progress(0.5),
        )

    def _train(self, x: torch.Tensor, membership: np.ndarray) -> None:
        draw = torch_generator(self.seed, "classifier")
        sizes = (x.shape[1], *HIDDEN, 2)
        self.classifier = Perceptron(sizes, draw).to(self.device)
        shuffled = torch.randperm(len(membership), generator=draw).numpy()
        classes = [shuffled[membership[shuffled] == member] for member in (False, True)]
        held = np.concatenate([rows[: len(rows) // HELD_OUT] for rows in classes])
        validated = min(map(len, classes)) >= HELD_OUT
        learned = torch.from_numpy(np.setdiff1d(shuffled, held) if validated else shuffled)
        x, y = x.to(self.device), torch.from_numpy(membership.astype(np.int64)).to(self.device)
        optimiser = torch.optim.Adam(self.classifier.parameters(), lr=self.classifier_learning_rate)
        best, weights, waited = -1.0, None, 0
        for _ in range(self.classifier_epochs):
            order = learned[torch.randperm(len(learned), generator=draw)].to(self.device)
            for batch in order.split(self.classifier_batch_size):
                loss = cross_entropy(self.classifier(x[batch]), y[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            if not validated:
                continue
            with torch.no_grad():
                logits = self.classifier(x[torch.from_numpy(held).to(self.device)])
            found = roc_auc((logits[:, 1] - logits[:, 0]).cpu().numpy(), membership[held])
            if found > best:
                best, weights, waited = found, deepcopy(self.classifier.state_dict()), 0
            elif (waited := waited + 1) > PATIENCE:
                break
        if weights is not None:
            self.classifier.load_state_dict(weights)


def _check_side(side: Observations, lists: np.ndarray) -> None:
    if len(side) == 0 or side.lengths.max() < 2:
        raise DataError(
            "ME-MIA needs histories of at least two items: it looks at what came next.",
            column="lengths",
        )
    for column, ids in (("histories", side.histories), ("lists", lists)):
        if ids.size and (ids.min() < 0 or ((ids > 0) & (ids < FIRST_ITEM)).any()):
            raise DataError(f"Item ids must be 0 or from {FIRST_ITEM} on.", column=column)


def _canonical(side: Observations, *labels: np.ndarray) -> np.ndarray:
    """int64 [n], places of units in an order that follows from their contents alone."""
    keys = [*labels, side.lengths, *side.histories.T, *side.lists.T]
    return np.lexsort(keys)


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse deviation [F] over the units that have features; 0 for a constant one."""
    mean, deviation = np.nanmean(features, axis=0), np.nanstd(features, axis=0)
    varies = deviation > 1e-6 * np.maximum(1, np.abs(mean))
    return mean, np.where(varies, 1 / np.where(varies, deviation, 1), 0)


def _standardised(
    features: np.ndarray, mean: np.ndarray, inverse_deviation: np.ndarray
) -> torch.Tensor:
    x = (features - mean) * inverse_deviation
    return torch.from_numpy(np.nan_to_num(x, nan=0).astype(np.float32))
