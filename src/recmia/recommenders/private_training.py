"""DP-SGD of a session model: Poisson samples of units, clipped sums, Opacus' noise and step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from opacus.optimizers import DPOptimizerFastGradientClipping
from opacus.utils.uniform_sampler import UniformWithReplacementSampler

from recmia.device import resolve_device
from recmia.errors import ArtifactError, RecmiaError
from recmia.recommenders import transformer
from recmia.recommenders.privacy import Private, rate_and_steps
from recmia.recommenders.settings import Target
from recmia.recommenders.training import (
    TrainingRecord,
    _quality,
    _save_weights,
    _set_weights,
    _weights,
    load_record,
    read_state,
)
from recmia.recommenders.unit_gradients import add_clipped, pieces
from recmia.seeds import child_seed
from recmia.sessions import Sessions
from recmia.storage import content_hash, read_json, write_aside, write_json

PIECE_BYTES = 64 * 2**20  # of softmax errors held at once


def train_privately(
    target: Target,
    private: Private,
    noise: float,
    vocabulary_size: int,
    sessions: Sessions,
    units: np.ndarray,
    folder: Path,
    *,
    population: int,
    seed: int,
    device: str = "cpu",
    validation: Sessions | None = None,
    progress: Callable[[int], None] | None = None,
) -> TrainingRecord:
    """Train with DP-SGD (Abadi et al., CCS 2016), or finish a training that was interrupted.

    Each unit is in each step by a coin of its own. Its gradient in all weights is clipped as a
    whole (`add_clipped`), the sum gets Gaussian noise of deviation ``noise`` x ``private.clip`` in
    every weight, rows of items that nobody clicked too, or their silence would tell, and AdamW
    makes the step. `recmia.recommenders.privacy.spent` says what that costs.

    Two runs with one seed are the same, so the noise is not secret from who knows it: a training
    for use would draw it from a secure source.

    Args:
        target: architecture and recorded epochs; its optimiser, but for weight decay, and its
            number of epochs are not used.
        private: sampling, clipping, learning rate, epochs.
        noise: σ.
        vocabulary_size: V.
        sessions: the only sessions that the weights depend on.
        units: int64 [n], whose each session is.
        folder: as of :func:`recmia.recommenders.training.train`.
        population: units that a training has on average, a public number.
        seed: root seed.
        device: ``auto``, ``cpu`` or ``cuda``.
        validation: unseen sessions that ranking quality is measured on.
        progress: called with the number of epochs finished since its last call.

    Raises:
        RecmiaError: the loss is no longer a number, or is one that `add_clipped` does not know.
        ArtifactError: the folder holds another training.
        DeviceError: ``cuda`` was asked for and is not there.
    """
    folder, device = Path(folder), str(resolve_device(device))
    numbers = np.unique(units, return_inverse=True)[1]
    values = target.model_dump(mode="json") | {"epochs": private.epochs}
    target = Target.model_validate(values)
    description = {
        "target": target.model_dump(mode="json"),
        "private": private.model_dump(mode="json") | {"noise": noise, "population": population},
        "vocabulary_size": int(vocabulary_size),
        "max_tokens": sessions.max_length + 2,
        "seed": int(seed),
        "device": device,
        "sessions": sessions.content_hash(),
        "units": content_hash(numbers),
        "validation": validation.content_hash() if validation is not None else None,
    }
    about = folder / "training.json"
    if about.exists() and read_json(about) != description:
        raise ArtifactError(f"{folder} holds another training. Remedy: remove it.")
    write_json(about, description)
    if not (folder / "curve.json").exists():
        with transformer.one_thread() if device == "cpu" else nullcontext():
            _run(
                target, private, sessions, numbers, folder, description, validation,
                progress or (lambda _: None),
            )  # fmt: skip
    return load_record(folder)


def private_epoch(
    model: torch.nn.Module,
    optimiser: DPOptimizerFastGradientClipping,
    tokens: torch.Tensor,
    units: np.ndarray,
    private: Private,
    population: int,
    seed: int,
    epoch: int,
) -> float:
    """As many steps as take each unit once, on average.

    Args:
        model: on the tokens' device.
        optimiser: of all its weights; it adds the noise.
        tokens: int64 [n, L + 2].
        units: int64 [n], numbers from 0 without gaps.
        private: sampling and clipping.
        population: units that a training has on average.
        seed: root seed.
        epoch: from 1; with the seed it decides samples, noise and dropout.

    Returns:
        Mean loss in nats a predicted token; NaN where no unit was drawn.
    """
    torch.manual_seed(child_seed(seed, "epoch", epoch))
    optimiser.generator = torch.Generator(tokens.device)
    optimiser.generator.manual_seed(child_seed(seed, "noise", epoch))
    draw = torch.Generator()
    draw.manual_seed(child_seed(seed, "sample", epoch))
    rate, steps = rate_and_steps(private, population)
    lengths = (tokens[:, 1:] != 0).sum(dim=1).cpu().numpy()
    of_unit = np.bincount(units, weights=lengths).astype(np.int64)
    by_unit = np.split(np.argsort(units, kind="stable"), np.cumsum(np.bincount(units))[:-1])
    most = PIECE_BYTES // (4 * transformer.item_embedding(model).num_embeddings)
    model.train()
    total, count = 0.0, 0
    for drawn in UniformWithReplacementSampler(
        num_samples=len(by_unit), sample_rate=rate, generator=draw, steps=steps
    ):
        optimiser.zero_grad(set_to_none=True)
        for weight in optimiser.params:
            weight.grad = torch.zeros_like(weight)
        chosen = np.array(drawn, dtype=np.int64)
        for piece in pieces(of_unit[chosen], most):
            own = [by_unit[unit] for unit in chosen[piece]]
            rows, number = np.concatenate(own), np.repeat(np.arange(len(own)), list(map(len, own)))
            batch = tokens[torch.from_numpy(rows).to(tokens.device), : lengths[rows].max() + 1]
            found = add_clipped(
                model, batch, torch.from_numpy(number).to(tokens.device), private.clip
            )
            total, count = total + found.loss, count + found.tokens
        optimiser.step()
    return total / count if count else float("nan")


def private_optimiser(
    model: torch.nn.Module, target: Target, private: Private, noise: float
) -> DPOptimizerFastGradientClipping:
    """AdamW on sums of clipped gradients with noise, over the expected number of units."""
    return DPOptimizerFastGradientClipping(
        torch.optim.AdamW(
            model.parameters(), lr=private.learning_rate, weight_decay=target.weight_decay
        ),
        noise_multiplier=noise,
        max_grad_norm=private.clip,
        expected_batch_size=private.sampled,
    )


def _run(
    target: Target,
    private: Private,
    sessions: Sessions,
    units: np.ndarray,
    folder: Path,
    description: dict,
    validation: Sessions | None,
    advance: Callable[[int], None],
) -> None:
    seed, device = description["seed"], torch.device(description["device"])
    model = transformer.build_model(
        target, description["vocabulary_size"], description["max_tokens"], seed
    ).to(device)
    about = description["private"]
    optimiser = private_optimiser(model, target, private, about["noise"])
    state_path, curve, seconds = folder / "state.pt", [], []
    if state := read_state(state_path, device):
        _set_weights(model, state["weights"])
        optimiser.load_state_dict(state["optimiser"])
        curve, seconds = state["curve"], state["seconds"]
        advance(len(curve) - 1)
    else:
        curve = [{"epoch": 0, "train_loss": None, **_quality(model, validation, device)}]
        if 0 in target.recorded_epochs:
            _save_weights(model, folder, 0)
    tokens = torch.from_numpy(sessions.tokens()).to(device)
    for epoch in range(len(curve), private.epochs + 1):
        started = perf_counter()
        loss = private_epoch(
            model, optimiser, tokens, units, private, about["population"], seed, epoch
        )
        if not np.isfinite(loss):
            raise RecmiaError(
                f"DP-SGD diverged at epoch {epoch}, or drew nobody: the loss is {loss}. "
                "Remedy: a lower learning rate, or more units a step."
            )
        seconds.append(perf_counter() - started)
        recorded = epoch in target.recorded_epochs
        curve.append(
            {"epoch": epoch, "train_loss": loss}
            | _quality(model, validation if recorded else None, device)
        )
        if recorded:
            _save_weights(model, folder, epoch)
        # Last, as in `recmia.recommenders.training`: an epoch counts with all that belongs to it.
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
