"""The epochs of a training: judged, recorded, and resumed after the last that was finished."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from recmia.errors import ArtifactError, RecmiaError
from recmia.recommenders import ranking, transformer
from recmia.recommenders.settings import Target
from recmia.recommenders.weights import (
    load_state,
    load_weights,
    save_state,
    save_weights,
    weights_path,
)
from recmia.sessions import Sessions
from recmia.storage import read_json, write_json

RANKING_DEPTH = 20


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
        return weights_path(self.folder, epoch)

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
        load_weights(model, self.weights(epoch))
        return model.eval()


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


@dataclass(frozen=True)
class Task:
    """What is trained, on what, and where it is kept.

    Attributes:
        target: architecture, epochs, and those that are recorded.
        vocabulary_size: V.
        sessions: the only sessions that the weights depend on.
        folder: where the result is kept.
        seed: root seed.
        device: ``cpu`` or ``cuda``.
        validation: unseen sessions that ranking quality is measured on.
        otherwise: what else the weights depend on, by name, as JSON holds it.
    """

    target: Target
    vocabulary_size: int
    sessions: Sessions
    folder: Path
    seed: int
    device: str
    validation: Sessions | None
    otherwise: dict[str, Any]

    @property
    def description(self) -> dict[str, Any]:
        """All that decides the weights."""
        return {
            "target": self.target.model_dump(mode="json"),
            "vocabulary_size": int(self.vocabulary_size),
            "max_tokens": self.sessions.max_length + 2,
            "seed": int(self.seed),
            "device": self.device,
            "sessions": self.sessions.content_hash(),
            "validation": None if self.validation is None else self.validation.content_hash(),
        } | self.otherwise

    def model(self) -> torch.nn.Module:
        """The untrained model, on the device."""
        return transformer.build_model(
            self.target, self.vocabulary_size, self.sessions.max_length + 2, self.seed
        ).to(self.device)

    def tokens(self) -> torch.Tensor:
        """int64 [n, L + 2], on the device."""
        return torch.from_numpy(self.sessions.tokens()).to(self.device)

    def finished(self, train: Callable[[], None]) -> TrainingRecord:
        """The record in the folder, after ``train`` where it does not hold it yet.

        Raises:
            ArtifactError: the folder holds another training.
        """
        about, description = self.folder / "training.json", self.description
        if about.exists() and read_json(about) != description:
            raise ArtifactError(f"{self.folder} holds another training. Remedy: remove it.")
        write_json(about, description)
        if not (self.folder / "curve.json").exists():
            with transformer.one_thread() if self.device == "cpu" else nullcontext():
                train()
        return load_record(self.folder)


def run_epochs(
    task: Task,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    one_epoch: Callable[[int], float],
    *,
    judged: Collection[int],
    remedy: str,
    advance: Callable[[int], None],
) -> None:
    """Train from epoch 1, or from the one after the last that was finished, to the last.

    Args:
        task: what is trained.
        model: untrained, of the task.
        optimiser: of the model's parameters.
        one_epoch: trains one, from 1, and returns its loss in nats a predicted token.
        judged: epochs whose ranking quality is measured, beside 0 and the recorded ones.
        remedy: for a loss that is no number.
        advance: called with the number of sessions learned from since its last call.

    Raises:
        RecmiaError: the loss is no number.
    """
    state, recorded = task.folder / "state.safetensors", task.target.recorded_epochs
    if told := load_state(state, model, optimiser):
        curve, seconds = told["curve"], told["seconds"]
        advance((len(curve) - 1) * len(task.sessions))
    else:
        curve, seconds = [{"epoch": 0, "train_loss": None, **_quality(task, model)}], []
        if 0 in recorded:
            save_weights(model, task.folder, 0)
    for epoch in range(len(curve), task.target.epochs + 1):
        started = perf_counter()
        loss = one_epoch(epoch)
        if not np.isfinite(loss):
            raise RecmiaError(f"Training diverged at epoch {epoch}: the loss is {loss}. {remedy}")
        seconds.append(perf_counter() - started)
        quality = _quality(task, model) if epoch in judged or epoch in recorded else _UNKNOWN
        curve.append({"epoch": epoch, "train_loss": loss, **quality})
        if epoch in recorded:
            save_weights(model, task.folder, epoch)
        # The state comes last, so that an epoch counts as done only with all that belongs to it.
        save_state(state, model, optimiser, {"curve": curve, "seconds": seconds})
        advance(len(task.sessions))
    write_json(task.folder / "timing.json", {"seconds_per_epoch": float(np.median(seconds))})
    write_json(task.folder / "curve.json", curve)
    state.unlink(missing_ok=True)


_UNKNOWN: dict[str, float | None] = {"validation_ndcg_20": None, "validation_hr_20": None}


def _quality(task: Task, model: torch.nn.Module) -> dict[str, float | None]:
    if task.validation is None:
        return _UNKNOWN
    device = torch.device(task.device)
    quality = ranking.evaluate_ranking(
        lambda sessions, k: transformer.recommend(model, sessions, k, device),
        task.validation,
        RANKING_DEPTH,
    )
    return {
        "validation_ndcg_20": float(quality.ndcg.mean()),
        "validation_hr_20": float(quality.hit_rate.mean()),
    }
