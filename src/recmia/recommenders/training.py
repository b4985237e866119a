"""Train session models: length-bucketed batches, checkpoints at chosen epochs, resume at each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from recmia.device import resolve_device
from recmia.errors import ArtifactError, DamagedError, RecmiaError
from recmia.recommenders import ranking, transformer
from recmia.recommenders.loss import TiedCrossEntropy
from recmia.recommenders.sequences import length_batches
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed, generator
from recmia.sessions import Sessions
from recmia.storage import read_json, write_aside, write_json

RANKING_DEPTH = 20
_STATE = {"weights", "optimiser", "curve", "seconds"}


@dataclass(frozen=True)
class TrainingRecord:
    """A finished training.

    Attributes:
        folder: holds ``epoch_NNN.safetensors``, ``curve.json``, ``training.json`` and
            ``timing.json`` (seconds, kept apart because they differ from run to run).
        target: the settings it was trained with.
        vocabulary_size: V.
        max_tokens: L + 2.
        seed: root seed.
        curve: one mapping an epoch from 0: epoch, train_loss (nats a token; None at 0), and
            validation_ndcg_20, validation_hr_20 (None where not evaluated).
        seconds_per_epoch: median over the epochs.
    """

    folder: Path
    target: Target
    vocabulary_size: int
    max_tokens: int
    seed: int
    curve: list[dict[str, float | None]]
    seconds_per_epoch: float

    def weights(self, epoch: int) -> Path:
        """File of the recorded epoch's weights."""
        return _weights_path(self.folder, epoch)

    def load(self, epoch: int) -> torch.nn.Module:
        """The model as it was after a recorded epoch, on the CPU, in evaluation mode.

        Raises:
            ArtifactError: the epoch was not recorded, or its file is gone.
        """
        if not self.weights(epoch).exists():
            raise ArtifactError(
                f"{self.weights(epoch)} is missing. Recorded: {self.target.recorded_epochs}."
            )
        model = transformer.build_model(
            self.target, self.vocabulary_size, self.max_tokens, self.seed
        )
        try:
            weights = load_file(self.weights(epoch))
        except SafetensorError as error:
            raise DamagedError(self.weights(epoch), error) from error
        _set_weights(model, weights)
        return model.eval()


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
        progress: called with the number of epochs that have been finished since its last call.

    Raises:
        RecmiaError: the loss is no longer a number.
        ArtifactError: the folder holds another training.
        DeviceError: ``cuda`` was asked for and is not there.
    """
    folder = Path(folder)
    device = str(resolve_device(device))
    advance = progress or (lambda epochs: None)
    description = {
        "target": target.model_dump(mode="json"),
        "vocabulary_size": int(vocabulary_size),
        "max_tokens": sessions.max_length + 2,
        "seed": int(seed),
        "device": device,
        "sessions": sessions.content_hash(),
        "validation": validation.content_hash() if validation is not None else None,
    }
    about = folder / "training.json"
    if about.exists() and read_json(about) != description:
        raise ArtifactError(f"{folder} holds another training. Remedy: remove it.")
    write_json(about, description)
    if not (folder / "curve.json").exists():
        with transformer.one_thread() if device == "cpu" else nullcontext():
            _run(target, sessions, folder, description, validation, advance)
    return load_record(folder)


def load_record(folder: str | Path) -> TrainingRecord:
    """The finished training in ``folder``.

    Raises:
        ArtifactError: there is none, or it was not finished.
    """
    folder = Path(folder)
    if not (folder / "curve.json").exists():
        raise ArtifactError(f"{folder} holds no finished training. Run notebook 03_train.")
    description = read_json(folder / "training.json")
    return TrainingRecord(
        folder,
        Target.model_validate(description["target"]),
        description["vocabulary_size"],
        description["max_tokens"],
        description["seed"],
        read_json(folder / "curve.json"),
        read_json(folder / "timing.json")["seconds_per_epoch"],
    )


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


def _run(
    target: Target,
    sessions: Sessions,
    folder: Path,
    description: dict,
    validation: Sessions | None,
    advance: Callable[[int], None],
) -> None:
    seed, device = description["seed"], torch.device(description["device"])
    model = transformer.build_model(
        target, description["vocabulary_size"], description["max_tokens"], seed
    ).to(device)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=target.learning_rate, weight_decay=target.weight_decay
    )
    state_path = folder / "state.pt"
    if state := read_state(state_path, device):
        _set_weights(model, state["weights"])
        optimiser.load_state_dict(state["optimiser"])
        curve, seconds = state["curve"], state["seconds"]
        advance(len(curve) - 1)
    else:
        quality = _quality(model, validation, device)
        curve, seconds = [{"epoch": 0, "train_loss": None, **quality}], []
        if 0 in target.recorded_epochs:
            _save_weights(model, folder, 0)
    tokens = torch.from_numpy(sessions.tokens()).to(device)
    precision = getattr(torch, target.precision)
    every = max(1, target.epochs // 20)
    for epoch in range(len(curve), target.epochs + 1):
        started = perf_counter()
        loss = train_epoch(
            model, optimiser, tokens, sessions.lengths, target.batch_size, seed, epoch, precision
        )
        if not np.isfinite(loss):
            raise RecmiaError(
                f"Training diverged at epoch {epoch}: the loss is {loss}. "
                "Remedy: lower target.learning_rate."
            )
        seconds.append(perf_counter() - started)
        recorded = epoch in target.recorded_epochs
        quality = _quality(model, validation if recorded or epoch % every == 0 else None, device)
        curve.append({"epoch": epoch, "train_loss": loss, **quality})
        if recorded:
            _save_weights(model, folder, epoch)
        # The state comes last, so that an epoch counts as done only with all that belongs to it.
        with write_aside(state_path) as aside:
            torch.save(
                {
                    "weights": _weights(model),
                    "optimiser": optimiser.state_dict(),
                    "curve": curve,
                    "seconds": seconds,
                },
                aside,
            )
        advance(1)
    write_json(folder / "timing.json", {"seconds_per_epoch": float(np.median(seconds))})
    write_json(folder / "curve.json", curve)
    state_path.unlink(missing_ok=True)


def read_state(path: Path, device: torch.device) -> dict[str, Any] | None:
    """What an interrupted training left; None where there is none that can be read.

    A state that was cut off is said and not used: the training begins anew and comes out the same.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        if not isinstance(state, dict) or not state.keys() >= _STATE:
            raise ValueError("it holds something else")
    except MemoryError:
        raise
    except Exception as error:  # of several kinds, by where it was cut
        print(f"{path} is damaged ({error}): this training begins anew.", file=sys.stderr)
        return None
    return state


def _quality(
    model: torch.nn.Module, validation: Sessions | None, device: torch.device
) -> dict[str, float | None]:
    if validation is None:
        return {"validation_ndcg_20": None, "validation_hr_20": None}
    quality = ranking.evaluate_ranking(
        lambda sessions, k: transformer.recommend(model, sessions, k, device),
        validation,
        RANKING_DEPTH,
    )
    return {
        "validation_ndcg_20": float(quality.ndcg.mean()),
        "validation_hr_20": float(quality.hit_rate.mean()),
    }


def _weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    # Transformers4Rec shows tied and shared weights under many names; parameters come once.
    return {name: value.detach().cpu().contiguous() for name, value in model.named_parameters()}


def _set_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
    own = dict(model.named_parameters())
    if own.keys() != weights.keys():
        raise ArtifactError("Saved weights do not belong to this model: their names differ.")
    with torch.no_grad():
        for name, value in weights.items():
            own[name].copy_(value)


def _weights_path(folder: Path, epoch: int) -> Path:
    return folder / f"epoch_{epoch:03d}.safetensors"


def _save_weights(model: torch.nn.Module, folder: Path, epoch: int) -> None:
    with write_aside(_weights_path(folder, epoch)) as aside:
        save_file(_weights(model), aside)
