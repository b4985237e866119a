"""What the letters of settings mean: words that stand in a figure before its codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recmia.experiments.letters import cell_of, letter_of
from recmia.experiments.rows import Row
from recmia.experiments.words import RECOMMENDERS

SIDES = ("shadow side", "target side")
CODES = "Codes are of"
SPELT = RECOMMENDERS | {
    "item-neighbours": "item neighbours",
    "lfm": "latent factors (LFM)",
    "ncf": "neural collaborative filtering (NCF)",
}


def data_name(row: Row) -> str:
    """The data set without what is said of its files, and its letter: "MovieLens-1M (M)"."""
    letter = row.target_data or ""
    return _short(row.dataset) + (f" ({letter})" if len(letter) == 1 else "")


def _short(dataset: str) -> str:
    return dataset.partition(" (")[0]


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
    for row in coded:
        data.setdefault(row.target_data, set()).add(_short(row.dataset))
    titles = {letter: " or ".join(sorted(names)) for letter, names in data.items()}
    recommenders = {name for r in coded for name in (r.shadow, r.target, r.recommender) if name}
    both = "setting" in shown and any(row.shadow and row.target for row in coded)
    return f"{'Shadow, then target, each' if both else CODES} {_spelt(titles, recommenders)}"


def key_of_cells(cells: Iterable[str], titles: Mapping[str, str]) -> str:
    """What letters mean in codes such as "AI".

    Args:
        cells: the codes.
        titles: of data sets, by their letters.
    """
    pairs = [cell_of(cell) for cell in cells]
    shown = {data: _short(titles[data]) for data, _ in pairs}
    return f"{CODES} {_spelt(shown, {recommender for _, recommender in pairs})}"


def _spelt(titles: Mapping[str, str], recommenders: Iterable[str]) -> str:
    named = {
        letter_of(name): SPELT.get(name, name) for name in recommenders if letter_of(name) != name
    }
    return f"a data set and a recommender. {_listed(titles)}; {_listed(named)}."


def _listed(meanings: Mapping[str, str]) -> str:
    return ", ".join(f"{letter}: {meanings[letter]}" for letter in sorted(meanings))
