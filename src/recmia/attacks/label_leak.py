"""What the released code of DL-MIA does with the target: a control that CHEATS, for one comparison.

Nothing here is an attack. `LeakyDLMIA` is given the target's membership, as the released code is
by a slip, so that its published numbers can be seen to come from there. Nothing else imports it but
the study of that paper.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from recmia.attacks.stacked_dl_mia import StackedDLMIA
from recmia.errors import DataError
from recmia.evaluation.metrics import hard_label_auc

THRESHOLD = 0.5  # the larger of the two outputs, as in the released code


class SelfTrainedDLMIA(StackedDLMIA):
    """The released code's second stage without its slip: pseudo-labels are the attack's guesses.

    The target's cross-entropy with pseudo-labels joins the loss of equation 12, half and half with
    the shadow's; the paper's text has only the shadow's. The pseudo-label of a unit is what the
    attack model guesses from the draw of that step. No label of the target is needed: this is the
    control "comparison not in place" of `LeakyDLMIA`.
    """

    @classmethod
    def after(cls, pretrained: StackedDLMIA) -> SelfTrainedDLMIA:
        """The second stage, from a first one that stays as it was; see `StackedDLMIA.pretrain`."""
        attack = pretrained._copied(cls)
        attack._alternate()
        return attack

    def _pseudo_labels(self, guessed: Tensor, target_rows: Tensor) -> Tensor:
        """bool [M, b'], from guesses bool [M, b'] of target rows int64 [M, b']."""
        return guessed

    def _attack_loss(
        self, drawn: Tensor, weight: Tensor, rows: Tensor, target_rows: Tensor
    ) -> Tensor:
        """[M]: half the shadow's loss with its labels, half the target's with pseudo-labels."""
        n = rows.shape[1]
        margins = self._networks.margins(drawn)
        labels = self._pseudo_labels(margins[:, n:].detach() > 0, target_rows)
        signs = torch.cat([self._sign.gather(1, rows), labels.float() * 2 - 1], dim=1)
        errors = weight * softplus(-signs * margins)
        return (errors[:, :n].mean(1) + errors[:, n:].mean(1)) / 2


class LeakyDLMIA(SelfTrainedDLMIA):
    """CHEATS: the target's membership enters training, as in the released code of DL-MIA.

    That code compares guesses with the target's labels to print an accuracy, by an operation that
    writes its result over the guesses (``pseudo_label_.eq_(target_label)``), and then trains on
    them: a pseudo-label is 1 where the guess equals the true label. Members are confirmed in
    whatever is guessed of them; non-members are driven from either side of the boundary to the
    other, so they stay near it. It then scores every checkpoint on the target's labels and states
    no rule of choice; here the one with the best hard-label AUC on them is the best.

    Use it for the reading "as published" of Wang et al. (KDD 2022) and for nothing else.

    Attributes:
        checkpoint_auc: float64 [M, C], hard-label AUC on the target's labels at the end of each
            turn of the model (every ten epochs of it), with the threshold one half.
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
        attack._alternate()
        attack.best_checkpoint = attack.checkpoint_auc.argmax(axis=1)
        return attack

    def score_best(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [M, n]: `score` by each model's best checkpoint."""
        last = self._networks.parameters
        kept = [parameters.detach().clone() for parameters in last]
        model = range(len(self.seeds))
        with torch.no_grad():
            for place, parameters in enumerate(last):
                for i, checkpoint in zip(model, self.best_checkpoint, strict=True):
                    parameters[i] = self._checkpoints[checkpoint][place][i]
            scores = self.score(vectors)
            for parameters, values in zip(last, kept, strict=True):
                parameters.copy_(values)
        return scores

    def _pseudo_labels(self, guessed: Tensor, target_rows: Tensor) -> Tensor:
        """The slip: "is the guess right?" in the place of the guess."""
        return guessed == self._leaked.gather(1, target_rows)

    def _model_turn(self, truth: list[Tensor], epochs: int) -> None:
        super()._model_turn(truth, epochs)
        if epochs == 0:
            return
        parameters = self._networks.parameters
        self._checkpoints.append([values.detach().clone() for values in parameters])
        scores = self._probabilities(self._x[1], self._networks)
        pairs = zip(scores, self._truth, strict=True)
        areas = [hard_label_auc(values > THRESHOLD, member) for values, member in pairs]
        self.checkpoint_auc = np.column_stack([self.checkpoint_auc, areas])
