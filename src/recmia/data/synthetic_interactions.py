"""Made-up interactions: users with tastes, items of a kind, some of them popular."""

from __future__ import annotations

import numpy as np

from recmia.data.interactions import Interactions, numbered
from recmia.errors import SettingsError
from recmia.seeds import generator

KINDS = 8  # of items; a user mostly takes items of a few kinds
CONCENTRATION = 0.25  # of a user's Dirichlet mixture: low, so that tastes differ
SHORTEST = 20  # the papers drop users with fewer interactions


def synthetic_interactions(
    *, users: int, items: int, mean_length: float, seed: int
) -> Interactions:
    """Draw each user's distinct items from a mixture over kinds, popular items more often.

    Popularity follows Zipf's law within a kind; kinds are equally large. Lengths are 20 plus an
    exponential number, at most half of the catalogue. The same arguments give the same arrays.

    Args:
        users: number of users.
        items: size of the catalogue; items that nobody took do not occur.
        mean_length: interactions a user.
        seed: root seed.

    Raises:
        SettingsError: a catalogue or length too small to draw from.
    """
    if items < 2 * SHORTEST or users < 1 or not SHORTEST < mean_length <= items / 2:
        raise SettingsError(
            f"Made-up interactions need items >= {2 * SHORTEST} and mean_length above {SHORTEST} "
            f"and at most items / 2; got items={items}, mean_length={mean_length}, users={users}."
        )
    rng = generator(seed, "synthetic", "interactions")
    kind = np.arange(items) % KINDS
    # Ranks within a kind are shuffled: item numbers must not tell who is popular.
    popularity = 1.0 / (1 + rng.permutation(-(-items // KINDS))[np.arange(items) // KINDS])
    taste = rng.dirichlet(np.full(KINDS, CONCENTRATION), users) + 0.01
    # The largest of log-weights plus Gumbel noise are a draw without replacement.
    keys = np.log(taste[:, kind]) + np.log(popularity) + rng.gumbel(size=(users, items))
    lengths = SHORTEST + rng.exponential(mean_length - SHORTEST, users).astype(np.int64)
    lengths = np.minimum(lengths, items // 2)
    chosen = np.argsort(-keys, axis=1, kind="stable")
    taken = np.arange(items) < lengths[:, None]
    # In the order of the draw the favourites would come first: time is another matter.
    when = np.argsort(np.where(taken, rng.random((users, items)), 2.0), axis=1, kind="stable")
    ordered = np.take_along_axis(chosen, when, axis=1)
    known, places = np.unique(ordered[taken], return_inverse=True)
    return numbered(np.nonzero(taken)[0], places.astype(np.int64), np.arange(users), known)
