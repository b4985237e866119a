"""Weights of session models in files, and the state of an interrupted training."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from recmia.errors import ArtifactError, DamagedError
from recmia.storage import write_aside

_WEIGHT, _OPTIMISER = "weight", "optimiser"


def weights_path(folder: Path, epoch: int) -> Path:
    """File of a recorded epoch's weights."""
    return folder / f"epoch_{epoch:03d}.safetensors"


def weights_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters by name, on the CPU.

    Transformers4Rec shows tied and shared weights under many names; here each comes once.
    """
    return {name: value.detach().cpu().contiguous() for name, value in model.named_parameters()}


def set_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Copy weights into a model of the same shape.

    Raises:
        ArtifactError: they are another model's.
    """
    own = dict(model.named_parameters())
    if own.keys() != weights.keys():
        raise ArtifactError("Saved weights do not belong to this model: their names differ.")
    with torch.no_grad():
        for name, value in weights.items():
            own[name].copy_(value)


def save_weights(model: torch.nn.Module, folder: Path, epoch: int) -> None:
    """Write the weights as those of an epoch."""
    with write_aside(weights_path(folder, epoch)) as aside:
        save_file(weights_of(model), aside)


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Give a model the weights of a file.

    Raises:
        DamagedError: the file was cut or edited.
        ArtifactError: they are another model's.
    """
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise DamagedError(path, error) from error
    set_weights(model, weights)


def save_state(
    path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer, told: dict[str, Any]
) -> None:
    """Write all that a training needs to go on.

    Args:
        path: file, replaced whole.
        model: its weights.
        optimiser: what it has remembered of each weight; its settings are not kept.
        told: anything that JSON holds, for `load_state` to return.
    """
    tensors = {f"{_WEIGHT}/{name}": value for name, value in weights_of(model).items()}
    for number, remembered in optimiser.state_dict()["state"].items():
        for key, value in remembered.items():
            tensors[f"{_OPTIMISER}/{number}/{key}"] = value.detach().cpu().contiguous()
    with write_aside(path) as aside:
        save_file(tensors, aside, metadata={"told": json.dumps(told)})


def load_state(
    path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Take a training up where `save_state` left it.

    A state that was cut off is said and not used: the training begins anew and comes out the same.

    Args:
        path: file of `save_state`, which need not be there.
        model: gets its weights.
        optimiser: of the same kind and with the same settings; gets what it remembered.

    Returns:
        What was told; None where there is no state that can be read.

    Raises:
        ArtifactError: they are another model's weights.
    """
    if not path.exists():
        return None
    weights: dict[str, torch.Tensor] = {}
    state: dict[int, dict[str, torch.Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads(file.metadata()["told"])
            for key in file.keys():  # noqa: SIM118 - no mapping
                kind, _, rest = key.partition("/")
                if kind == _WEIGHT:
                    weights[rest] = file.get_tensor(key)
                else:
                    number, _, name = rest.partition("/")
                    state.setdefault(int(number), {})[name] = file.get_tensor(key)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        print(f"{path} is damaged ({error}): this training begins anew.", file=sys.stderr)
        return None
    set_weights(model, weights)
    settings = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": settings})
    return told
