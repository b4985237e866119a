"""The world of one study of lists: who is there, who is served what, and what is seen of it.

    world = ListWorld(study, study.settings.biased_mia, study.folder("11_biased_mia"))
    world.make_vectors([100])
    world.make_lists([Model("M", "lfm", side, seed) for side in SIDES for seed in world.seeds])
    scene = world.scene(world.view("ML"), "target", seed=0)
    vectors, seen = scene.features()

What is kept, each made from the one before: `data`, `split`, `lists` and `vectors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from itertools import product
from pathlib import Path
from typing import Any

from recmia.data.registry import find_files, layout
from recmia.experiments.kept import Kept
from recmia.experiments.letters import cell_of
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.lists.cohorts import Side, keep_split, load_side
from recmia.lists.data import keep_interactions, keep_synthetic
from recmia.lists.movies import movie_recommender
from recmia.lists.serving import Model, keep_lists
from recmia.lists.settings import Lists
from recmia.lists.vectors import keep_vectors
from recmia.lists.views import SEEDS, Scene, View, view_of
from recmia.recommenders.registry import RECOMMENDERS
from recmia.seeds import child_seed


def _once(method: Callable[..., Kept]) -> Callable[..., Kept]:
    """Construct each result once: hundreds rest on it, and its identity takes a while."""

    @wraps(method)
    def known(self: ListWorld, *args: Any) -> Kept:
        key = (method.__name__, *args)
        if key not in self._known:
            self._known[key] = method(self, *args)
        return self._known[key]

    return known


@dataclass(frozen=True)
class ListWorld:
    """Data sets, recommenders and item vectors of one study of lists.

    Attributes:
        study: the run.
        settings: its choices of data and recommenders.
        folder: where its results are kept.
    """

    study: Study
    settings: Lists
    folder: Path
    _known: dict[tuple, Kept] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def seeds(self) -> range:
        """Repetitions."""
        return self.study.seeds()

    def seed(self, *names: str | int | float) -> int:
        """A seed of this world."""
        return child_seed(self.study.settings.root_seed, SEEDS, *names)

    def view(self, cell: str, **fields: Any) -> View:
        """The recommender of the paper's two letters, seen as the settings say."""
        return view_of(self.settings, *cell_of(cell), **fields)

    @_once
    def data(self, name: str) -> Kept:
        """A data set (`recmia.data.interactions.load_saved`)."""
        data, path = self.settings.datasets[name], self.folder / "data" / f"{name}.npz"
        if data.source == "synthetic":
            sizes = {"users": data.users, "items": data.items, "mean_length": data.mean_length}
            return Kept(
                path, keep_synthetic, **sizes, least=data.least, seed=self.seed("data", name)
            )
        files, timed = find_files(data.source, self.study.paths.data), self.settings.sequential
        form = layout(data.source)
        return Kept(path, keep_interactions, form, files, least=data.least, known_times=timed)

    @_once
    def split(self, name: str, seed: int) -> Kept:
        """Its users in disjoint cohorts (`recmia.lists.cohorts.load_cohorts`)."""
        return Kept(
            self.folder / "data" / f"{name}-seed{seed}.npz",
            keep_split,
            self.data(name),
            seed=self.seed("cohorts", name, seed),
            min_interactions=self.settings.min_interactions,
            min_users=self.settings.min_users,
            held_out_share=self.settings.held_out_share,
        )

    def side(self, model: Model) -> Side:
        """The users of a model's side."""
        return load_side(self.split(model.data, model.seed).ensure(), model.side, model.share)

    @_once
    def lists(self, model: Model) -> Kept:
        """What a model serves (`recmia.lists.serving.keep_lists`)."""
        name = f"{model.data}-{model.recommender}"
        name += f"-{model.epochs}" if model.epochs else ""
        name += f"-{model.side}" + ("" if model.share == 1 else f"-{round(100 * model.share)}%")
        return Kept(
            self.folder / "lists" / f"seed{model.seed}" / f"{name}.npz",
            keep_lists,
            self.split(model.data, model.seed),
            *self.recommender(model),
            side=model.side,
            share=model.share,
            top_k=self.settings.top_k,
        )

    @_once
    def vectors(self, name: str, seed: int, dim: int) -> Kept:
        """Item vectors of a data set ("vectors", float32 [V, dim])."""
        return Kept(
            self.folder / "vectors" / f"seed{seed}" / f"{name}-{dim}.npz",
            keep_vectors,
            self.split(name, seed),
            dim=dim,
            epochs=self.settings.vector_epochs,
            seed=self.seed("vectors", name, seed),
        )

    def scene_parts(self, view: View, side: str, seed: int) -> dict[str, Any]:
        """What a `Scene` is made from, as arguments of what is kept."""
        return {
            "split": self.split(view.data, seed),
            "lists": self.lists(view.model(side, seed)),
            "vectors": self.vectors(view.data, seed, view.l),
            "view": view,
            "side": side,
            "seed": seed,
            "top_k": self.settings.top_k,
            "root_seed": self.study.settings.root_seed,
        }

    def scene(self, view: View, side: str, seed: int) -> Scene:
        """A view of one side, of what is made for it where it is not there."""
        parts = self.scene_parts(view, side, seed).items()
        return Scene(**{n: v.ensure() if isinstance(v, Kept) else v for n, v in parts})

    def recommender(self, model: Model) -> tuple[Callable[..., Any], dict[str, Any]]:
        """What makes the untrained recommender of a model, and all that it takes but V."""
        name = model.recommender
        if name == "content-based":
            place = find_files(self.settings.datasets[model.data].source, self.study.paths.data)[0]
            place = place if place.suffix == ".zip" else place.parent
            return movie_recommender, {"interactions": self.data(model.data), "metadata": place}
        chosen = self.settings.settings_of(name) | (
            {"epochs": model.epochs} if model.epochs else {}
        )
        seed = self.seed("recommender", *model.seed_words)
        return RECOMMENDERS[name], RECOMMENDERS.arguments(
            name, chosen, seed=seed, device=self.study.device
        )

    def cost(self, model: Model) -> float:
        """About how long a fit takes, in units of its own."""
        usual = self.settings.settings_of(model.recommender).get("epochs", 1)
        return RECOMMENDERS[model.recommender].cost * (model.epochs or usual) / usual

    def make_lists(self, models: Sequence[Model]) -> None:
        """Train recommenders and keep what they serve, side by side."""
        found, costs = [self.lists(model) for model in models], [*map(self.cost, models)]
        make_all(self.study, found, costs=costs, label="recommenders")

    def make_vectors(self, dims: Iterable[int]) -> None:
        """Factorise the vector set of every data set and seed at some lengths, side by side."""
        chosen = list(product(dims, self.settings.datasets, self.seeds))
        found = [self.vectors(name, seed, dim) for dim, name, seed in chosen]
        costs = [dim for dim, *_ in chosen]
        make_all(self.study, found, costs=costs, label="item vectors")
