"""Recommenders trained on members, the lists that they serve, and how well these rank (Table 2)."""

from __future__ import annotations

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
from recmia.jobs import run_jobs
from recmia.lists.cohorts import SIDES, Cohorts, Side, load_data_set, shrunken, split
from recmia.lists.settings import Lists
from recmia.recommenders import (
    bert4rec,
    caser,
    content,
    gru4rec,
    histories,
    item_neighbours,
    latent_factors,
    lists,
    neural_cf,
    popularity,
    ranking,
    sequences,
)
from recmia.recommenders.bert4rec import BERT4Rec
from recmia.recommenders.caser import Caser
from recmia.recommenders.content import ContentBased, UserFeatures
from recmia.recommenders.gru4rec import GRU4Rec
from recmia.recommenders.item_neighbours import ItemNeighbours
from recmia.recommenders.latent_factors import LatentFactors
from recmia.recommenders.neural_cf import NeuralCF
from recmia.recommenders.ranking import hit_rate
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays

STEP = "11_biased_mia"
ALGORITHMS = {"I": "Item", "L": "LFM", "N": "NCF", "C": "content-based"}
SEQUENTIAL = {"B": "BERT4Rec", "C": "Caser", "G": "GRU4Rec"}
# Modules whose change makes saved lists stale; what data they were given is hashed itself.
DECISIVE = (
    content, factorisation, histories, item_neighbours, latent_factors, lists, movie_metadata,
    neural_cf, popularity, ranking, row_draws,
)  # fmt: skip
# A sequential recommender, its module, and the section of its settings.
SEQUENTIAL_KINDS = {
    "B": (BERT4Rec, bert4rec, "bert4rec"),
    "C": (Caser, caser, "caser"),
    "G": (GRU4Rec, gru4rec, "gru4rec"),
}
DECISIVE_OF_SEQUENTIAL = (histories, lists, popularity, ranking, sequences)
# Seconds a fit grow about like this; a longer LFM's grow with its epochs.
COST = {"N": 30, "L": 10, "C": 3, "I": 1}
COST_OF_SEQUENTIAL = {"B": 30, "C": 10, "G": 5}


@dataclass(frozen=True)
class Model:
    """One recommender: a data set, an algorithm, a side, a seed.

    Attributes:
        letter: data set.
        algorithm: a letter of `ALGORITHMS`, or of `SEQUENTIAL` where the study's recommenders look
            at the order; "L100" is LFM trained for 100 epochs.
        side: "shadow" or "target".
        seed: repetition.
        share: of the side's users that is kept (the data-size test).
    """

    letter: str
    algorithm: str
    side: str
    seed: int
    share: float = 1.0


def algorithm_names(settings: Lists) -> dict[str, str]:
    """Letter to name of the recommenders that a study has."""
    return SEQUENTIAL if settings.sequential else ALGORITHMS


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
        found += [Model(letter, "C", side, seed) for side in SIDES for seed in study.seeds()]
    found += [
        Model(settings.size_dataset, algorithm, "shadow", seed, share)
        for algorithm in settings.algorithms
        for share in settings.shadow_shares
        for seed in study.seeds()
    ]
    found += [
        Model(letter, f"L{epochs}", side, seed)
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
    if study.settings.biased_mia.sequential:
        return COST_OF_SEQUENTIAL[model.algorithm]
    usual = study.settings.biased_mia.latent_factors.epochs
    return COST[model.algorithm[0]] * int(model.algorithm[1:] or usual) / usual


def lists_path(study: Study, model: Model) -> Path:
    """Where a model's lists are kept."""
    name = f"{model.letter}{model.algorithm}-{model.side}"
    name += "" if model.share == 1 else f"-{round(100 * model.share)}%"
    return study.folder(STEP) / "lists" / f"seed{model.seed}" / f"{name}.npz"


def lists_identity(study: Study, model: Model) -> str:
    """What a model's lists depend on; remembered within this process, as data and code are."""
    key = (*_data_key(study, model.letter), "lists", *vars(model).values())
    return _remembered(key, lambda: _lists_identity(study, model))


def _lists_identity(study: Study, model: Model) -> str:
    settings = study.settings.biased_mia
    used, code = ("neighbours", "latent_factors", "neural_cf"), DECISIVE
    if settings.sequential:
        # Its own alone: other epochs of one recommender leave the lists of the others as they are.
        _, module, section = SEQUENTIAL_KINDS[model.algorithm]
        used, code = (section,), (module, *DECISIVE_OF_SEQUENTIAL)
    values = settings.model_dump(mode="json")
    side = side_of(study, model)
    return content_hash(
        side.seen.content_hash(),
        side.held_out.content_hash(),
        side.n_members,
        [model.letter, model.algorithm, model.side, model.seed, model.share],
        {name: values[name] for name in ("top_k", "held_out_share", *used)},
        study.settings.root_seed,
        study.device,
        source_hash(*code),
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
    # General recommenders never offer what somebody has; sequential ones do unless they are told.
    told = {"exclude_seen": True} if study.settings.biased_mia.sequential else {}
    served = recommender.recommend(side.members, k, **told)
    folded = recommender.recommend_folded_in(side.seen, k, **told)
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


def make_recommender(study: Study, model: Model):
    """The recommender of a model, untrained, with the paper's settings."""
    settings = study.settings.biased_mia
    size = data_of(study, model.letter, model.seed).vocabulary_size
    seed = child_seed(study.settings.root_seed, "biased-mia", "recommender", *vars(model).values())
    if settings.sequential:
        kind, _, section = SEQUENTIAL_KINDS[model.algorithm]
        epochs = getattr(settings, section).epochs
        return kind(vocabulary_size=size, epochs=epochs, device=study.device, seed=seed)
    if model.algorithm == "I":
        return ItemNeighbours(
            vocabulary_size=size, neighbours=settings.neighbours, last_clicks=None
        )
    if model.algorithm[0] == "L":
        chosen = settings.latent_factors.model_dump()
        if longer := model.algorithm[1:]:
            chosen["epochs"] = int(longer)
        return LatentFactors(vocabulary_size=size, **chosen, seed=seed)
    if model.algorithm == "N":
        return NeuralCF(
            vocabulary_size=size,
            **settings.neural_cf.model_dump(),
            device=study.device,
            seed=seed,
        )
    return content_based(study, model.letter)


def content_based(study: Study, letter: str) -> ContentBased:
    """The content-based recommender with the metadata of a data set (section 3.5).

    Raises:
        DataError: the metadata is missing or wrong.
    """
    known = interactions_of(study, letter)
    place = find_files(study.settings.biased_mia.datasets[letter].source, study.paths.data)[0]
    place = place if place.suffix == ".zip" else place.parent
    # Padding, start and end are no movies.
    movies = np.concatenate([np.full(FIRST_ITEM, -1), known.item_ids])
    return ContentBased(
        item_features=movie_metadata.read_movies(place).features(movies),
        user_features=UserFeatures(
            np.arange(known.n_users),
            movie_metadata.read_demographics(place).features(known.user_ids),
        ),
    )


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
