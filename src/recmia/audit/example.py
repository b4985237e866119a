"""Made-up shops to try an audit of lists on: cohorts that differ by themselves, and real memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from recmia.errors import ArtifactError
from recmia.seeds import generator
from recmia.storage import write_aside

USERS, ITEMS, TASTES, CLICKS = 800, 300, 10, 15
LIST, AGAIN = 20, 10  # places of lists of new items, and of items to buy again


def write_example(folder: str | Path, *, seed: int = 0) -> Path:
    """Write ``confounded`` and ``memory``, each ready for `recmia audit lists`.

    Each holds ``shadow``, ``target`` and ``others.csv``, the clicks of people on neither side.
    Customers have one taste of ten and click on it three times in four; half of a side's are
    members. Where the cohorts are confounded, members get lists of item-based collaborative
    filtering and the others, whom the system does not know, what is popular among the members, as
    in Zhang et al. (CCS 2021). Where there is memory, everybody is served by the same model: what
    the most alike of the members clicked on, which for a member is himself.

    Args:
        folder: to be made; must not hold anything.
        seed: root of everything drawn.

    Returns:
        The folder.

    Raises:
        ArtifactError: the folder is not empty.
    """
    folder = Path(folder)
    check_empty(folder)
    for case, serve in CASES.items():
        _write_case(folder / case, serve, seed)
    return folder


def _write_case(folder: Path, serve: Callable[..., np.ndarray], seed: int) -> None:
    clicks_header = ["user_id", "item_id"]
    for side in ("shadow", "target"):
        clicks = _clicks(USERS, generator(seed, "audit", "example", side))
        member = np.arange(USERS) % 2 == 0
        lists = serve(clicks, member)
        names = [f"{side}-{number:03d}" for number in range(USERS)]
        _write(folder / side / "interactions.csv", clicks_header, _rows(names, clicks))
        places = enumerate(_rows(names, lists))
        ranked = ((user, item, place % lists.shape[1] + 1) for place, (user, item) in places)
        _write(folder / side / "recommendations.csv", [*clicks_header, "rank"], ranked)
        labels = zip(names, member.astype(int), strict=True)
        _write(folder / side / "membership.csv", ["user_id", "member"], labels)
    clicks = _clicks(USERS, generator(seed, "audit", "example", "others"))
    names = [f"other-{number:03d}" for number in range(USERS)]
    _write(folder / "others.csv", clicks_header, _rows(names, clicks))


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        ArtifactError: it does, or it is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArtifactError(f"{folder} is not empty. Remedy: name a folder that does not exist.")


def _clicks(n: int, draw: np.random.Generator) -> np.ndarray:
    """int64 [n, CLICKS]: items, the lower numbers the more popular."""
    weight = 1 / (np.arange(ITEMS) + 10)
    anything = draw.choice(ITEMS, (n, CLICKS), p=weight / weight.sum())
    per_taste = ITEMS // TASTES
    within = weight[:per_taste] / weight[:per_taste].sum()
    own = draw.choice(per_taste, (n, CLICKS), p=within) * TASTES + draw.integers(0, TASTES, (n, 1))
    return np.where(draw.random((n, CLICKS)) < 0.75, own, anything)


def _two_algorithms(clicks: np.ndarray, member: np.ndarray) -> np.ndarray:
    """int64 [n, LIST]: best items first, without those that the user has clicked."""
    clicked = _clicked(clicks)
    known = clicked[member]
    times = known.sum(axis=0)
    together = known.T @ known / np.sqrt(np.outer(times, times) + 1e-9)
    liking = np.where(member[:, None], clicked @ together, times)
    return np.argsort(np.where(clicked > 0, np.inf, -liking), axis=1, kind="stable")[:, :LIST]


def _nearest_members(clicks: np.ndarray, member: np.ndarray) -> np.ndarray:
    """int64 [n, AGAIN]: items to buy again, those of the nearest member first, then of the next.

    Rare items weigh more in the likeness (by the square of their inverse frequency), so that the
    items of a neighbour are not more popular than those of the user.
    """
    clicked = _clicked(clicks)
    weight = 1 / np.maximum(clicked[member].sum(axis=0), 1)
    rare = clicked * weight
    rare /= np.linalg.norm(rare, axis=1, keepdims=True)
    nearest = np.argsort(-(rare @ rare[member].T), axis=1, kind="stable")[:, :AGAIN]
    place = np.arange(AGAIN, 0, -1)[:, None]
    liking = np.max(clicked[member][nearest] * place, axis=1)
    return np.argsort(-liking, axis=1, kind="stable")[:, :AGAIN]


CASES = {"confounded": _two_algorithms, "memory": _nearest_members}


def _clicked(clicks: np.ndarray) -> np.ndarray:
    """float64 [n, ITEMS]: 1 where a user has clicked an item."""
    clicked = np.zeros((len(clicks), ITEMS))
    np.put_along_axis(clicked, clicks, 1, axis=1)
    return clicked


def _rows(names: list[str], items: np.ndarray) -> Iterable[tuple[str, str]]:
    owners = np.repeat(names, items.shape[1])
    return zip(owners, (f"item {item}" for item in items.ravel()), strict=True)


def _write(path: Path, header: list[str], rows: Iterable[tuple]) -> None:
    with write_aside(path) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
