"""Train session models: length-bucketed batches, checkpoints at chosen epochs, resume at each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from recmia.device import resolve_device
from recmia.recommenders import transformer
from recmia.recommenders.epochs import Task, TrainingRecord, run_epochs
from recmia.recommenders.loss import TiedCrossEntropy
from recmia.recommenders.sequences import length_batches
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed, generator
from recmia.sessions import Sessions


def train(
    target: Target,
    vocabulary_size: int,
    sessions: Sessions,
    folder: Path,
    *,
    seed: int,
    device: str = "cpu",
    validation: Sessions | None = None,
    progress: Callable[[int], None] | None = None,
) -> TrainingRecord:
    """Train a session model on next items, or finish a training that was interrupted.

    Every token after the start token is learned from those before it (GPT-2), or masked at random
    with probability 0.15 as Transformers4Rec does (XLNet). The loss is Transformers4Rec's: the
    mean cross-entropy over the batch's predicted tokens. On a CPU the result is the same, bit for
    bit, however many cores there are and wherever the run was interrupted.

    Args:
        target: architecture, optimiser and epochs.
        vocabulary_size: V.
        sessions: the only sessions that the weights depend on.
        folder: where the result is kept. A finished training is returned at once, one that was
            interrupted goes on after its last epoch; both only where settings, sessions, seed and
            device are the same.
        seed: root seed.
        device: ``auto``, ``cpu`` or ``cuda`` (there with bfloat16 mixed precision).
        validation: unseen sessions that ranking quality is measured on.
        progress: called with the number of sessions learned from since its last call, each as often
            as there were epochs.

    Raises:
        RecmiaError: the loss is no longer a number.
        ArtifactError: the folder holds another training.
        DeviceError: ``cuda`` was asked for and is not there.
    """
    device = str(resolve_device(device))
    task = Task(target, vocabulary_size, sessions, Path(folder), seed, device, validation, {})
    return task.finished(lambda: _run(task, progress or (lambda sessions: None)))


def batch_loss(
    model: torch.nn.Module, tokens: torch.Tensor, precision: torch.dtype = torch.float32
) -> tuple[torch.Tensor, int]:
    """Transformers4Rec's training loss of a batch, and the number of tokens it is the mean of.

    The causal model's output layer, most of the work, is applied to real positions only, and on
    a CPU without holding their logits.

    Args:
        model: of :func:`recmia.recommenders.transformer.build_model`.
        tokens: int64 [b, t]; causal: any width; masked: the model's full width.
        precision: of a causal model's output layer over the whole catalogue, on a CPU.
    """
    if transformer.is_causal(model):
        states, rows, positions = transformer.predicting_states(model, tokens)
        targets, task = tokens[rows, positions], transformer.prediction_task(model)
        if task.sampled_softmax or tokens.is_cuda:
            logits, wanted = task.pre(states.float(), targets=targets, training=True)
            return task.loss(logits, wanted), len(rows)
        weight, smoothing = transformer.item_embedding(model).weight, task.loss.label_smoothing
        return TiedCrossEntropy.apply(states, weight, targets, smoothing, precision), len(rows)
    output = model({transformer.ITEM: tokens}, training=True)
    return output["loss"], output["labels"].numel()


def train_epoch(
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    tokens: torch.Tensor,
    lengths: np.ndarray,
    batch_size: int,
    seed: int,
    epoch: int,
    precision: torch.dtype = torch.float32,
) -> float:
    """One pass over the sessions.

    Args:
        model: on the tokens' device.
        optimiser: of the model's parameters.
        tokens: int64 [n, L + 2].
        lengths: int64 [n], clicks in each session.
        batch_size: sessions a step.
        seed: root seed.
        epoch: from 1; with the seed it decides batches, dropout, masks and sampled negatives.
        precision: of the output layer on a CPU.

    Returns:
        Mean loss in nats a predicted token.
    """
    # Every epoch has random numbers of its own, so that a resumed run draws the same ones.
    torch.manual_seed(child_seed(seed, "epoch", epoch))
    mixed = torch.autocast(tokens.device.type, torch.bfloat16, enabled=tokens.is_cuda)
    model.train()
    total, count = torch.zeros((), dtype=torch.float64, device=tokens.device), 0
    for rows in length_batches(lengths, batch_size, generator(seed, "batches", epoch)):
        batch = tokens[torch.from_numpy(rows).to(tokens.device)]
        if transformer.is_causal(model):
            batch = batch[:, : lengths[rows].max() + 2]
        with mixed:
            loss, n_tokens = batch_loss(model, batch, precision)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.detach().double() * n_tokens
        count += n_tokens
    return float(total) / count


def _run(task: Task, advance: Callable[[int], None]) -> None:
    target, model, tokens = task.target, task.model(), task.tokens()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=target.learning_rate, weight_decay=target.weight_decay
    )
    lengths, precision = task.sessions.lengths, getattr(torch, target.precision)

    def one_epoch(epoch: int) -> float:
        return train_epoch(
            model, optimiser, tokens, lengths, target.batch_size, task.seed, epoch, precision
        )

    every = max(1, target.epochs // 20)
    run_epochs(
        task,
        model,
        optimiser,
        one_epoch,
        judged=range(0, target.epochs + 1, every),
        remedy="Remedy: lower target.learning_rate.",
        advance=advance,
    )
