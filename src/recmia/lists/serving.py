"""Recommenders trained on members, the lists that they serve, and how well these rank (Table 2)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recmia import factorisation, row_draws
from recmia.attacks import item_vectors
from recmia.data import movie_metadata
from recmia.data.interactions import Interactions
from recmia.data.registry import find_files
from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.lists.cohorts import SIDES, Cohorts, Side, load_data_set, shrunken, split
from recmia.lists.letters import seed_word
from recmia.parallel import run_jobs
from recmia.recommenders import base, histories, lists, loss, neumf, ranking, sequences
from recmia.recommenders.base import Recommender
from recmia.recommenders.content import UserFeatures
from recmia.recommenders.ranking import hit_rate
from recmia.recommenders.registry import RECOMMENDERS
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays

STEP = "11_biased_mia"
# Beside a recommender's own, modules whose change makes its saved lists stale; what data they were
# given is hashed itself.
DECISIVE = (
    *(base, factorisation, histories, lists, loss, movie_metadata, neumf, ranking, row_draws),
    sequences,
)


@dataclass(frozen=True)
class Model:
    """One recommender: a data set, an algorithm, a side, a seed.

    Attributes:
        letter: data set.
        algorithm: its name in `RECOMMENDERS`.
        side: "shadow" or "target".
        seed: repetition.
        share: of the side's users that is kept (the data-size test).
        epochs: that it is trained for; 0 for those of the settings.
    """

    letter: str
    algorithm: str
    side: str
    seed: int
    share: float = 1.0
    epochs: int = 0

    @property
    def seed_words(self) -> tuple[str | int | float, ...]:
        """Names of the seed of its recommender."""
        word = seed_word(self.algorithm, self.epochs)
        return self.letter, word, self.side, self.seed, self.share


def data_of(study: Study, letter: str, seed: int) -> Cohorts:
    """The split of a data set for one seed; remembered within this process."""
    settings = study.settings
    root = child_seed(settings.root_seed, "biased-mia", "cohorts", letter, seed)
    return _remembered(
        (*_data_key(study, letter), seed),
        lambda: split(interactions_of(study, letter), settings.biased_mia, root),
    )


def interactions_of(study: Study, letter: str) -> Interactions:
    """A whole data set; remembered within this process."""
    return _remembered(_data_key(study, letter), lambda: load_data_set(study, letter))


_memory: dict[tuple, Any] = {}


def _remembered(key: tuple, make: Callable[[], Any]) -> Any:
    if key not in _memory:
        _memory[key] = make()
    return _memory[key]


def _data_key(study: Study, letter: str) -> tuple[str, str, str]:
    return study.settings.fingerprint("biased_mia", "root_seed"), str(study.paths.data), letter


def side_of(study: Study, model: Model) -> Side:
    """Users of the model's side."""
    side = data_of(study, model.letter, model.seed).sides[model.side]
    return side if model.share == 1 else shrunken(side, model.share)


def models(study: Study) -> list[Model]:
    """Every recommender of notebook 11."""
    settings = study.settings.biased_mia
    found = models_of_cells(study)
    if settings.content_based:
        letter = settings.content_based
        found += [
            Model(letter, "content-based", side, seed) for side in SIDES for seed in study.seeds()
        ]
    found += [
        Model(settings.size_dataset, algorithm, "shadow", seed, share)
        for algorithm in settings.algorithms
        for share in settings.shadow_shares
        for seed in study.seeds()
    ]
    found += [
        Model(letter, "lfm", side, seed, epochs=epochs)
        for letter, tried in settings.longer_lfm.items()
        for epochs in tried
        for side in SIDES
        for seed in study.seeds()
    ]
    return found


def models_of_cells(study: Study) -> list[Model]:
    """Shadow and target of every data set, algorithm and seed."""
    return [
        Model(letter, algorithm, side, seed)
        for letter in study.settings.biased_mia.datasets
        for algorithm in study.settings.biased_mia.algorithms
        for side in SIDES
        for seed in study.seeds()
    ]


def _cost(study: Study, model: Model) -> float:
    usual = study.settings.biased_mia.settings_of(model.algorithm).get("epochs", 1)
    return RECOMMENDERS[model.algorithm].cost * (model.epochs or usual) / usual


def lists_path(study: Study, model: Model) -> Path:
    """Where a model's lists are kept."""
    name = f"{model.letter}-{model.algorithm}-{model.side}"
    name += f"-{model.epochs}-epochs" if model.epochs else ""
    name += "" if model.share == 1 else f"-{round(100 * model.share)}%"
    return study.folder(STEP) / "lists" / f"seed{model.seed}" / f"{name}.npz"


def lists_identity(study: Study, model: Model) -> str:
    """What a model's lists depend on; remembered within this process, as data and code are."""
    key = (*_data_key(study, model.letter), "lists", *vars(model).values())
    return _remembered(key, lambda: _lists_identity(study, model))


def _lists_identity(study: Study, model: Model) -> str:
    settings, side = study.settings.biased_mia, side_of(study, model)
    return content_hash(
        side.seen.content_hash(),
        side.held_out.content_hash(),
        side.n_members,
        vars(model),
        [settings.top_k, settings.held_out_share],
        # Its own alone: other settings of one leave the lists of the others as they are.
        settings.settings_of(model.algorithm),
        study.settings.root_seed,
        study.device,
        source_hash(sys.modules[RECOMMENDERS[model.algorithm].__module__], *DECISIVE),
    )


def make_lists(study: Study, models: Sequence[Model]) -> None:
    """Train recommenders and save their lists; finished ones are kept."""
    # Longest first, so that both workers end together.
    jobs = [(study, model) for model in sorted(models, key=lambda model: -_cost(study, model))]
    total = sum(_cost(study, model) for model in models)
    run_jobs(_make_lists, jobs, workers=study.workers, total=total, label="recommenders")


def _make_lists(job: tuple[Study, Model], progress: Callable[[float], None]) -> None:
    study, model = job
    path = lists_path(study, model)
    stamped(path, lists_identity(study, model), lambda: _train_and_serve(study, model, path))
    progress(_cost(study, model))


def _train_and_serve(study: Study, model: Model, path: Path) -> None:
    side, k = side_of(study, model), study.settings.biased_mia.top_k
    recommender = make_recommender(study, model).fit(side.members)
    served = recommender.recommend(side.members, k, exclude_seen=True)
    folded = recommender.recommend_folded_in(side.seen, k, exclude_seen=True)
    held = side.held_out
    write_arrays(
        path,
        served=served,
        folded=folded,
        hit_any=hit_rate(served, held[: side.n_members], "any"),
        hit_next=hit_rate(served, held[: side.n_members], "next"),
        folded_hit_any=hit_rate(folded, held, "any"),
        folded_hit_next=hit_rate(folded, held, "next"),
    )


def make_recommender(study: Study, model: Model) -> Recommender:
    """The recommender of a model, untrained, with the paper's settings."""
    root = study.settings.root_seed
    offered: dict[str, Any] = {
        "vocabulary_size": data_of(study, model.letter, model.seed).vocabulary_size,
        "device": study.device,
        "seed": child_seed(root, "biased-mia", "recommender", *model.seed_words),
    }
    if "item_features" in RECOMMENDERS.asked(model.algorithm):
        offered |= metadata_of(study, model.letter)
    chosen = study.settings.biased_mia.settings_of(model.algorithm)
    chosen |= {"epochs": model.epochs} if model.epochs else {}
    return RECOMMENDERS.make(model.algorithm, chosen, **offered)


def metadata_of(study: Study, letter: str) -> dict[str, Any]:
    """What is known of a data set's items and users (section 3.5), as `ContentBased` takes it.

    Raises:
        DataError: the metadata is missing or wrong.
    """
    known = interactions_of(study, letter)
    place = find_files(study.settings.biased_mia.datasets[letter].source, study.paths.data)[0]
    place = place if place.suffix == ".zip" else place.parent
    # Padding, start and end are no movies.
    movies = np.concatenate([np.full(FIRST_ITEM, -1), known.item_ids])
    return {
        "item_features": movie_metadata.read_movies(place).features(movies),
        "user_features": UserFeatures(
            np.arange(known.n_users),
            movie_metadata.read_demographics(place).features(known.user_ids),
        ),
    }


def vectors_path(study: Study, letter: str, seed: int, dim: int) -> Path:
    """Where item vectors are kept."""
    return study.folder(STEP) / "vectors" / f"seed{seed}" / f"{letter}-{dim}.npz"


def vectors_identity(study: Study, letter: str, seed: int, dim: int) -> str:
    """What item vectors depend on; remembered within this process."""
    return _remembered(
        (*_data_key(study, letter), "vectors", seed, dim),
        lambda: content_hash(
            data_of(study, letter, seed).vectors.content_hash(),
            [letter, seed, dim, study.settings.biased_mia.vector_epochs, study.settings.root_seed],
            source_hash(factorisation, item_vectors),
        ),
    )


def vector_dims(study: Study) -> list[int]:
    """Every length l that some figure of notebook 11 asks for."""
    settings = study.settings.biased_mia
    return sorted({settings.vector_dim, *settings.vector_lengths, *settings.crossed_vector_lengths})


def make_vectors(study: Study, dims: Sequence[int]) -> None:
    """Factorise the vector set of every data set and seed at some lengths; finished ones kept."""
    jobs = [
        (study, letter, seed, dim)
        for dim in sorted(dims, reverse=True)
        for letter in study.settings.biased_mia.datasets
        for seed in study.seeds()
    ]
    total = sum(dim for *_, dim in jobs)
    run_jobs(_make_vectors, jobs, workers=study.workers, total=total, label="item vectors")


def _make_vectors(job: tuple[Study, str, int, int], progress: Callable[[float], None]) -> None:
    study, letter, seed, dim = job
    path = vectors_path(study, letter, seed, dim)
    split_ = data_of(study, letter, seed)

    def make() -> None:
        write_arrays(
            path,
            vectors=item_vectors.factorise(
                split_.vectors.clicks,
                split_.vectors.lengths,
                split_.vocabulary_size,
                dim=dim,
                epochs=study.settings.biased_mia.vector_epochs,
                seed=child_seed(study.settings.root_seed, "biased-mia", "vectors", letter, seed),
            ),
        )

    stamped(path, vectors_identity(study, letter, seed, dim), make)
    progress(dim)


def read_vectors(study: Study, letter: str, seed: int, dim: int) -> np.ndarray:
    """float32 [V, dim]."""
    return read_arrays(vectors_path(study, letter, seed, dim))["vectors"]


def read_lists(study: Study, model: Model) -> dict[str, np.ndarray]:
    """The saved lists and hits of a model."""
    return read_arrays(lists_path(study, model))
