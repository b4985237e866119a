"""What the released code of DL-MIA does in its second stage: a control that CHEATS.

Nothing here is an attack. `LeakyDLMIA` is given the target's membership, as the released code is
by a slip, so that its published numbers can be seen to come from there; `SelfTrainedDLMIA` is the
same without the slip. Nothing else imports them but the study of that paper.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from recmia.attacks.stacked import StackedPerceptrons, train_stacked
from recmia.attacks.stacked_dl_mia import StackedDLMIA
from recmia.errors import DataError
from recmia.evaluation.metrics import hard_label_auc
from recmia.seeds import child_seed

THRESHOLD = 0.5  # the larger of the two outputs, as in the released code
# Shares of the perceptrons on difference vectors and on their invariant (Gaussian) features, as
# released for the setting AIML; there the one on specific (von Mises-Fisher) features has none.
SHARES = (0.5, 0.5)
CLASSIFIER_EPOCHS, CLASSIFIER_BATCH = 20, 4
# Steps an epoch as far as each has 16 to 64 shadow units, with as large a share of the target's;
# the released code takes 4 and 4 units a step, in hundreds of steps.
STEPS, FEWEST_UNITS, MOST_UNITS = 30, 16, 64


class SelfTrainedDLMIA(StackedDLMIA):
    """The released code's second stage without its slip: pseudo-labels are the attack's guesses.

    It is another attack than the text's:

    * The attack model is a mixture of perceptrons l-32-8-2 on the difference vectors themselves and
      d-32-8-2 on their features, first trained on the shadow with the encoder fixed.
    * Their outputs pass a softmax, and another one within the cross-entropy.
    * Adam (the encoder's learning rate) trains all of it, in small steps.
    * The target's cross-entropy with pseudo-labels joins the loss, half and half with the shadow's.
      The pseudo-label of a unit is what the attack guesses in that step.

    Truth levels enter that code's loss as one number that scales all of it, which Adam takes out
    again, so they are left out, and with them the turns that refine them. No label of the target is
    needed: this is the control "comparison not in place" of `LeakyDLMIA`.
    """

    @classmethod
    def after(cls, pretrained: StackedDLMIA) -> SelfTrainedDLMIA:
        """The second stage, from a first one that stays as it was; see `StackedDLMIA.pretrain`."""
        attack = pretrained._copied(cls)
        attack._train()
        return attack

    def _train(self) -> None:
        self._begin("released code")
        units = min(MOST_UNITS, max(FEWEST_UNITS, self._x[0].shape[1] // STEPS))
        self.schedule = replace(self.schedule, batch_size=units)
        with torch.no_grad():
            invariant = self._networks.autoencoder.encode(self._x[0]).centre.chunk(2, dim=-1)[0]
        self._perceptrons = [
            self._classifier(place, inputs) for place, inputs in enumerate((self._x[0], invariant))
        ]
        self._parameters = [
            *self._networks.autoencoder.parameters,
            *(perceptron.parameters for perceptron in self._perceptrons),
        ]
        adam = torch.optim.Adam(self._parameters, lr=self.schedule.learning_rate, fused=True)
        self._networks.optimisers = (adam,)
        ones = [torch.ones(part.shape[:2], device=self.device) for part in self._x]
        for epochs in self._turns()[::2]:
            for _ in range(epochs):
                self._epoch(ones)
            self._after_turn()
        self._set_thresholds()

    def _classifier(self, place: int, inputs: Tensor) -> StackedPerceptrons:
        """A perceptron for each model, trained on the shadow's inputs [M, n, width]."""
        trained = train_stacked(
            inputs.cpu(),
            torch.from_numpy(np.require(self.membership, requirements="C")),
            epochs=CLASSIFIER_EPOCHS,
            batch_size=CLASSIFIER_BATCH,
            softmax_twice=True,
            seeds=[child_seed(seed, "released perceptron", place) for seed in self.seeds],
            device=self.device,
        )
        trained.parameters.requires_grad_()
        return trained

    def _memberships(self, x: Tensor, features: Tensor) -> list[Tensor]:
        """Each perceptron's probabilities of membership [M, n], with joined latents [M, n, 2 d]."""
        inputs = x, features.chunk(2, dim=-1)[0]
        return [
            perceptron.probabilities(part)[..., 1]
            for perceptron, part in zip(self._perceptrons, inputs, strict=True)
        ]

    def _pseudo_labels(self, guessed: Tensor, target_rows: Tensor) -> Tensor:
        """bool [M, b'], from guesses bool [M, b'] of target rows int64 [M, b']."""
        return guessed

    def _after_turn(self) -> None:
        """Called after every ten epochs or so."""

    def _membership_loss(
        self, x: Tensor, drawn: Tensor, weight: Tensor, rows: Tensor, target_rows: Tensor
    ) -> Tensor:
        n, memberships = rows.shape[1], self._memberships(x, drawn)
        guessed = _mixed(memberships)[:, n:].detach() > THRESHOLD
        labels = self._pseudo_labels(guessed, target_rows)
        signs = torch.cat([self._sign.gather(1, rows), labels.float() * 2 - 1], dim=1)
        # The second softmax takes the two probabilities p and 1 - p for logits.
        errors = _mixed([softplus(-signs * (2 * p - 1)) for p in memberships])
        return (errors[:, :n].mean(1) + errors[:, n:].mean(1)) / 2

    @torch.no_grad()
    def _probabilities(self, x: Tensor) -> np.ndarray:
        features = self._networks.autoencoder.encode(x).centre
        return _mixed(self._memberships(x, features)).double().cpu().numpy()


class LeakyDLMIA(SelfTrainedDLMIA):
    """CHEATS: the target's membership enters training, as in the released code of DL-MIA.

    That code compares guesses with the target's labels to print an accuracy, by an operation that
    writes its result over the guesses (``pseudo_label_.eq_(target_label)``), and then trains on
    them: a pseudo-label is 1 where the guess equals the true label. Members are confirmed in
    whatever is guessed of them; non-members are driven from either side of the boundary to the
    other, so they stay near it. Where most of the target is guessed a member at first, members end
    above all others; where most is not, below them. On which side of the boundary non-members are
    changes from epoch to epoch, and with it the hard-label AUC. The code scores every tenth epoch
    on the target's labels and states no rule of choice; here the best of them is the best.

    Use it for the reading "as published" of Wang et al. (KDD 2022) and for nothing else.

    Attributes:
        checkpoint_auc: float64 [M, C], hard-label AUC on the target's labels at the end of each
            turn (every ten epochs), with the threshold one half.
        best_checkpoint: int64 [M], the best of them, the first of equals.
    """

    @classmethod
    def after(cls, pretrained: StackedDLMIA, target_membership: np.ndarray) -> LeakyDLMIA:
        """The second stage with the target's labels leaking in.

        Args:
            pretrained: the first stage, honest; stays as it was.
            target_membership: bool [M, n'], THE TRUTH that an attack is to find.

        Raises:
            DataError: it does not fit the target's vectors.
        """
        attack = pretrained._copied(cls)
        if target_membership.shape != tuple(attack._x[1].shape[:2]):
            raise DataError(
                f"Target membership {target_membership.shape} does not fit vectors "
                f"{tuple(attack._x[1].shape)}.",
                column="target_membership",
            )
        attack._truth = target_membership
        attack._leaked = attack._on_device(target_membership)
        attack._checkpoints = []
        attack.checkpoint_auc = np.empty((len(attack.seeds), 0))
        attack._train()
        attack.best_checkpoint = attack.checkpoint_auc.argmax(axis=1)
        return attack

    def score_best(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [M, n]: `score` by each model's best checkpoint."""
        kept = [parameters.detach().clone() for parameters in self._parameters]
        with torch.no_grad():
            for place, parameters in enumerate(self._parameters):
                for model, checkpoint in enumerate(self.best_checkpoint):
                    parameters[model] = self._checkpoints[checkpoint][place][model]
            scores = self.score(vectors)
            for parameters, values in zip(self._parameters, kept, strict=True):
                parameters.copy_(values)
        return scores

    def _pseudo_labels(self, guessed: Tensor, target_rows: Tensor) -> Tensor:
        """The slip: "is the guess right?" in the place of the guess."""
        return guessed == self._leaked.gather(1, target_rows)

    def _after_turn(self) -> None:
        self._checkpoints.append([values.detach().clone() for values in self._parameters])
        pairs = zip(self._probabilities(self._x[1]), self._truth, strict=True)
        areas = [hard_label_auc(values > THRESHOLD, member) for values, member in pairs]
        self.checkpoint_auc = np.column_stack([self.checkpoint_auc, areas])


def _mixed(parts: list[Tensor]) -> Tensor:
    return sum(share * part for share, part in zip(SHARES, parts, strict=True))
