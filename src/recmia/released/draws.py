"""One draw of the released recipe: vectors, lists, and what the attack sees of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch

from recmia.attacks.user_features import user_features
from recmia.networks import torch_generator
from recmia.recommenders.item_neighbours import ItemNeighbours
from recmia.released import noise
from recmia.released.difference_vectors import difference_vectors, position_weights
from recmia.released.factorisation import descend
from recmia.released.recipe import Recipe
from recmia.released.splits import SHADOW, TARGET, Histories, plain_lists
from recmia.released.world import FACTORS, ITEM, SIDES, Users, World
from recmia.seeds import child_seed, generator
from recmia.sessions import FIRST_ITEM


class Draw:
    """One random draw in one world. What several recipes share is made once.

    Args:
        world: who is there.
        seed: of the data set.
        number: of the draw.
        top_k: recommendations in a list.
    """

    def __init__(self, world: World, seed: int, number: int, top_k: int = noise.TOP_K) -> None:
        self.world, self.number, self.top_k = world, number, top_k
        self.seed = child_seed(seed, "draw", number)
        self._kept: dict[tuple, np.ndarray] = {}

    def vectors(self, recipe: Recipe, users: Users | None = None) -> np.ndarray:
        """float32 [n_items, l]: item vectors, for users in a numbering of their own others."""
        own = users is not None and users.own_space
        name = ("vectors", recipe.vectors, recipe.dim, own)
        return self._once(name, lambda: self._vectors(recipe, "own space" if own else "shared"))

    def _vectors(self, recipe: Recipe, space: str) -> np.ndarray:
        split, seed = self.world.split, child_seed(self.seed, space)
        n, dim, kind = split.vectors.n_items, recipe.dim, recipe.vectors
        if kind.startswith("noise"):
            scale = float(kind.removeprefix("noise").removeprefix(" x ") or 1)
            return noise.vectors(n, seed, dim) * np.float32(scale)
        draw = torch_generator(seed, "released", "factorised")
        users, items = (_uniform(size, dim, draw) for size in (len(split.vectors), n))
        if kind == "uniform":
            return items
        if kind.endswith("/ 10"):
            users, items = users / 10, items / 10
        if kind == "uniform / 10":
            return items
        if kind == "trained from noise":
            items = noise.vectors(n, seed, dim)
        # The sequential half's factorisation is the one that starts from U(0, 1) on both sides.
        schedule = (
            {"passes": 30, "learning_rate": 0.02, "decay": 0.9}
            if kind == "trained from uniform"
            else {"passes": 20}
        )
        descend(users, items, split.vectors, seed=child_seed(seed, "zeros"), **schedule)
        return items

    def lists(self, kind: str, side: str, recipe: Recipe) -> np.ndarray:
        """int64 [members, top_k]: what members are served."""
        users = self.world.users[kind, side]
        if users.lists is not None:
            return users.lists
        if kind == FACTORS:
            name = ("lfm", side, recipe.factors, recipe.seen)
            return self._once(name, lambda: self._factor_lists(side, recipe))
        name = ("item", side, recipe.item, recipe.seen)
        if recipe.item == "co-occurrence":
            # No draw has a part in them, but what is seen is never listed.
            return self._once(name, lambda: _co_occurring(users, self.top_k))
        assert kind == ITEM
        return self._once(
            (*name, recipe.vectors, recipe.dim), lambda: self._item_lists(users, recipe)
        )

    def _item_lists(self, users: Users, recipe: Recipe) -> np.ndarray:
        members, items = users.histories[: users.n_members], self.vectors(recipe)
        without = None if recipe.seen else members
        return noise.nearest_lists(members, items, self.top_k, without)

    def _factor_lists(self, side: str, recipe: Recipe) -> np.ndarray:
        users = self.world.users[FACTORS, side]
        members, seed = users.histories[: users.n_members], child_seed(self.seed, "lfm", side)
        left, right = noise.factors(len(members), members.n_items, seed)
        if recipe.factors == "untrained, normal users":
            left = noise.vectors(len(members), child_seed(seed, "normal"))
        if recipe.factors.endswith("/ 10"):
            draw = torch_generator(seed, "released", "uniform")
            left, right = (
                _uniform(len(side), noise.DIMENSIONS, draw) / 10 for side in (left, right)
            )
        if recipe.factors.startswith("trained"):
            descend(left, right, members, passes=20, seed=child_seed(seed, "zeros"))
        return noise.best_products(left, right, self.top_k, None if recipe.seen else members)

    def others(self, kind: str, side: str, recipe: Recipe) -> np.ndarray:
        """What non-members are served: int64 [top_k], the same for all, or [n - m, top_k]."""
        return self._others(self.world.users[kind, side], (kind, side), recipe)

    def _others(self, users: Users, where: tuple[str, str], recipe: Recipe) -> np.ndarray:
        rest = users.histories[users.n_members :]
        if not recipe.ratio:
            popular = self._popular(users, where[0], recipe)
            if recipe.seen:
                return popular[: self.top_k]
            return _without(popular, rest, self.top_k)
        candidates = users.popular[: round(self.top_k / recipe.ratio)]
        draw = generator(self.seed, "defence", *where, str(recipe.ratio))
        order = draw.random((len(rest), len(candidates))).argpartition(self.top_k - 1, axis=1)
        return candidates[order[:, : self.top_k]]

    def _popular(self, users: Users, kind: str, recipe: Recipe) -> np.ndarray:
        count, m = len(users.popular), users.n_members
        if recipe.popular == "non-members":
            return noise.popular_items(users.histories[m:], count)
        if recipe.popular == "everybody":
            return noise.popular_items(users.histories, count)
        if recipe.popular == "one list for both sides":
            return self.world.users[kind, TARGET].popular
        return users.popular

    def features(self, kind: str, side: str, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
        """float32 [n, width] of the users of one side, and their membership bool [n]."""
        users = self.world.users[kind, side]
        if side == SHADOW and not recipe.known:
            recipe = replace(recipe, ratio=0.0)
        lists, others = self.lists(kind, side, recipe), self.others(kind, side, recipe)
        items = self.world.texts if recipe.texts else self.vectors(recipe, users)
        membership = users.membership
        if recipe.features == "Origin":
            weights = position_weights(recipe.weights, min(recipe.k, lists.shape[1]))
            place = ("centre", kind, side, recipe.texts, recipe.vectors, recipe.dim)
            centre = self._once(place, lambda: noise.centres(users.histories, items))
            made = difference_vectors(centre, lists, others, items, weights)
        else:
            made = _generated(recipe, users, lists, others, items)
        if side == SHADOW and recipe.share < 1:
            m, rest = users.n_members, len(membership) - users.n_members
            kept = np.r_[: round(recipe.share * m), m : m + round(recipe.share * rest)]
            made, membership = made[kept], membership[kept]
        return made, membership

    def hits(self, kind: str, side: str, recipe: Recipe) -> float:
        """HR@k as released: of all users, whose list holds anything of their own history.

        Nothing is held out; members' own lists and the popular list of all others count alike.
        """
        users = self.world.ranked.get((kind, side)) or self.world.users[kind, side]
        owned, m = users.histories.matrix, users.n_members
        others = self._others(users, (kind, side), recipe)
        found = _hits(owned[:m], self.lists(kind, side, recipe)).sum()
        if others.ndim == 1:
            others = np.broadcast_to(others, (owned.shape[0] - m, len(others)))
        return float((found + _hits(owned[m:], others).sum()) / owned.shape[0])

    def _once(self, name: tuple, make) -> np.ndarray:
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]


def everything(
    draw: Draw, recipe: Recipe, kinds: Iterable[str]
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Features and membership of both sides of some recommenders."""
    return {(kind, side): draw.features(kind, side, recipe) for kind in kinds for side in SIDES}


def _uniform(n: int, dim: int, draw) -> np.ndarray:
    return torch.empty(n, dim).uniform_(generator=draw).numpy()


def _hits(owned, lists: np.ndarray) -> np.ndarray:
    """bool [n]: whether a list [n, k] holds an item of the user's row."""
    rows = np.repeat(np.arange(len(lists)), lists.shape[1])
    return np.asarray(owned[rows, lists.ravel()]).reshape(lists.shape).any(axis=1)


def _without(popular: np.ndarray, histories: Histories, k: int) -> np.ndarray:
    """int64 [n, k]: popular items that are not in the history, most popular first."""
    owned = np.asarray(histories.matrix[:, popular].todense()) > 0
    order = np.argsort(owned, axis=1, kind="stable")[:, :k]
    return popular[order]


def _co_occurring(users: Users, k: int) -> np.ndarray:
    """int64 [members, k] of the study's own item-based recommender, trained on the members."""
    size, members = users.histories.n_items + FIRST_ITEM, users.histories[: users.n_members]
    model = ItemNeighbours(vocabulary_size=size, last_clicks=None).fit(members.padded())
    return plain_lists(model.recommend(members.padded(), k, exclude_seen=True))


def _generated(
    recipe: Recipe, users: Users, lists: np.ndarray, others: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """The other ways to make features (figure 10), in the study's own padded form."""
    rest = len(users.histories) - users.n_members
    others = np.broadcast_to(others, (rest, others.shape[-1]))
    shown = np.concatenate([lists, others])[:, : recipe.k] + FIRST_ITEM
    padded = np.concatenate([np.zeros((FIRST_ITEM, items.shape[1]), dtype=np.float32), items])
    return user_features(recipe.features, users.histories.padded().clicks, shown, padded)
