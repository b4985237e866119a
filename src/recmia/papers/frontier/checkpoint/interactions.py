"""Which interactions are asked about, and what they show without any model."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from recmia.errors import DataError
from recmia.papers.frontier.checkpoint.network import PADDING, WINDOW
from recmia.seeds import generator
from recmia.storage import write_arrays

LEAST = 6  # items of a line: four kinds of interactions, each with a history
# Interactions of a user, by their distance from the held-out one; EARLIER is drawn at random.
HELD_OUT, LAST, BEFORE, EARLIER = range(4)
COURSE = (0, 1, 2, 3, 4, 5, 10, 20, 50, 100)  # distances at which all users' mean is shown
NOWHERE = -1
FEATURES = ("items before", "popularity", "lateness")


def read_sequences(path: Path) -> list[np.ndarray]:
    """Users' item ids in time order, int64 [length] each; a line a user, packed with gzip.

    Raises:
        DataError: a line holds anything but whole numbers from 1 on, or fewer than six.
    """
    found = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            try:
                items = np.array(words, dtype=np.int64)
            except ValueError:
                items = np.zeros(1, dtype=np.int64)
            if len(items) < LEAST or items.min() < 1:
                raise DataError(
                    f"a line of {len(words)} words is no sequence of at least {LEAST} item ids.",
                    file=path, line=number,
                    remedy="write a user a line: ids from 1 on, in time order, blanks between.",
                )  # fmt: skip
            found.append(items)
    if not found:
        raise DataError("the file holds no line.", file=path, remedy="fetch it again.")
    return found


def keep_interactions(path: Path, sequences: Path, *, seed: int, window: int = WINDOW) -> None:
    """Write what is asked of each of U users.

    ``tail`` int64 [U, window + 1], the last items that were trained on, padded on the left;
    ``held_out`` int64 [U], each line's last; ``distance`` int64 [U, 4 + len(COURSE)], from the
    held-out one, -1 where the user has no such interaction in the window; ``popularity`` int64
    [U, 4], how many of the other half of the users had the item before their last; and
    ``features`` float64 [U, 4, 3] (`FEATURES`).

    Args:
        path: of the result.
        sequences: of `read_sequences`.
        seed: of the earlier interaction and of the halves.
        window: items that the network looks at.
    """
    lines = read_sequences(sequences)
    trained = np.array([len(line) - 1 for line in lines])
    users = np.arange(len(lines))
    tail = np.full((len(lines), window + 1), PADDING, dtype=np.int64)
    for row, line in zip(tail, lines, strict=True):
        kept = line[:-1][-window - 1 :]
        row[-len(kept) :] = kept
    farthest = np.minimum(trained - 1, window)  # the first item has no history
    earlier = generator(seed, "earlier").integers(EARLIER, farthest + 1)
    asked = np.stack([np.full(len(lines), d) for d in (HELD_OUT, LAST, BEFORE)] + [earlier], axis=1)
    course = np.where(np.array(COURSE) <= farthest[:, None], COURSE, NOWHERE)
    item = np.stack([line[-1 - at] for line, at in zip(lines, asked, strict=True)])

    # Of every item: how many had it, and how far along in their histories. Each user is told of the
    # other half: with one's own left out of one sum, trees could read which items were in it.
    half = generator(seed, "half").permutation(len(lines)) % 2
    flat, owner = np.concatenate([line[:-1] for line in lines]), np.repeat(users, trained)
    place = np.arange(len(flat)) - np.repeat(np.cumsum(trained) - trained, trained)
    along, last = place / (trained[owner] - 1), 1 + max(int(line.max()) for line in lines)
    popularity, lateness = np.zeros(item.shape, dtype=np.int64), np.zeros(item.shape)
    for told in (0, 1):
        others, rows = half[owner] != told, half == told
        count = np.bincount(flat[others], minlength=last)
        total = np.bincount(flat[others], along[others], minlength=last)
        mean = np.where(count > 0, total / np.maximum(count, 1), 0.5)
        popularity[rows], lateness[rows] = count[item[rows]], mean[item[rows]]
    before = trained[:, None] - asked
    write_arrays(
        path,
        users=users,
        tail=tail,
        held_out=item[:, HELD_OUT],
        distance=np.concatenate([asked, course], axis=1),
        popularity=popularity,
        features=np.stack([np.log1p(before), np.log1p(popularity), lateness], axis=2),
    )
