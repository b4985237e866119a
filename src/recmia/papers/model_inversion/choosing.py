"""The paper's rule for k, λ and l: least RMSE, then lists with precision near recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from recmia.inversion.attack import Recommender
from recmia.inversion.recommending import Quality, choose_length, choose_model, measure_quality
from recmia.papers.model_inversion.worlds import read_world
from recmia.storage import read_json, write_json

Qualities = list[dict[int, Quality]]  # of each training, by length of list


def keep_qualities(
    path: Path,
    world: Path,
    *,
    zeros_observed: bool,
    factors: int,
    regularisation: float,
    sweeps: int,
    tolerance: float,
    lengths: Sequence[int],
    seeds: Sequence[int],
) -> None:
    """Train with one k and λ, once a seed, and write the quality at every length of list."""
    known = read_world(world, zeros_observed=zeros_observed)
    recommender = Recommender(factors, regularisation, 1, sweeps, tolerance)
    found = []
    for seed in seeds:
        model = recommender.train(known.training, seed)
        found.append(
            {
                length: asdict(measure_quality(model, known.training, known.testing, length))
                for length in lengths
            }
        )
    write_json(path, found)


def read_qualities(path: Path) -> Qualities:
    """What `keep_qualities` wrote."""
    saved = read_json(path)
    return [{int(length): Quality(**q) for length, q in one.items()} for one in saved]


def errors(qualities: Qualities, *, zeros_observed: bool) -> list[float]:
    """RMSE of each training: over testing ratings or, where zeros are observed, them too."""
    name = "rmse_all" if zeros_observed else "rmse"
    return [getattr(next(iter(one.values())), name) for one in qualities]


def rule(
    grid: Mapping[tuple[int, float], Qualities], *, zeros_observed: bool
) -> tuple[int, float, int]:
    """k, λ and l by the rule of section 4.1.

    Args:
        grid: quality by k and λ.
        zeros_observed: see `recmia.inversion.ratings.Ratings`.
    """
    chosen = choose_model(
        {pair: errors(found, zeros_observed=zeros_observed) for pair, found in grid.items()}
    )
    return (*chosen, choose_length(grid[chosen][0]))
