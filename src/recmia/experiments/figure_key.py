"""What the letters of settings mean: words that stand in a figure before its codes."""

from __future__ import annotations

from collections.abc import Iterable

from recmia.experiments.letters import letter_of
from recmia.experiments.rows import Row
from recmia.experiments.words import RECOMMENDERS

SIDES = ("shadow side", "target side")
SPELT = RECOMMENDERS | {
    "item-neighbours": "item neighbours",
    "lfm": "latent factors (LFM)",
    "ncf": "neural collaborative filtering (NCF)",
}


def data_name(row: Row) -> str:
    """The data set without what is said of its files, and its letter: "MovieLens-1M (M)"."""
    letter = row.target_data or ""
    return _short(row) + (f" ({letter})" if len(letter) == 1 else "")


def _short(row: Row) -> str:
    return row.dataset.partition(" (")[0]


def key_of(rows: Iterable[Row], columns: Iterable[str]) -> str:
    """What letters mean that a figure shows; nothing where it shows none.

    Args:
        rows: of the figure.
        columns: that its words are made from.
    """
    rows, shown = list(rows), {*columns} & {"setting", *SIDES}
    coded = [row for row in rows if not row.system and row.target_data]
    if not shown or not coded:
        return ""
    data: dict[str, set[str]] = {}
    recommenders: dict[str, str] = {}
    for row in coded:
        data.setdefault(row.target_data, set()).add(_short(row))
        for name in (row.shadow, row.target, row.recommender):
            if name and letter_of(name) != name:
                recommenders[letter_of(name)] = SPELT.get(name, name)
    both = "setting" in shown and any(row.shadow and row.target for row in coded)
    first = "Shadow, then target, each" if both else "Codes are of"
    return (
        f"{first} a data set and a recommender. "
        f"{_listed({letter: ' or '.join(sorted(names)) for letter, names in data.items()})}; "
        f"{_listed(recommenders)}."
    )


def _listed(meanings: dict[str, str]) -> str:
    return ", ".join(f"{letter}: {meanings[letter]}" for letter in sorted(meanings))
