"""The papers' letters: AI is the item-based recommender on data set A.

Profiles may write them, and settings are called by them; code asks for recommenders by the names
of `recmia.recommenders.registry`. C is Caser where recommenders are listed, and content-based in a
setting of Biased-MIA.
"""

from __future__ import annotations

GENERAL = {"I": "item-neighbours", "L": "lfm", "N": "ncf"}
SEQUENTIAL = {"B": "bert4rec", "C": "caser", "G": "gru4rec"}
LISTED = GENERAL | SEQUENTIAL
_LETTERS = {name: letter for letter, name in LISTED.items()} | {"content-based": "C"}


def letter_of(algorithm: str) -> str:
    """The papers' letter of a recommender; its name where they have none."""
    return _LETTERS.get(algorithm, algorithm)


def cell_of(code: str) -> tuple[str, str]:
    """Letter of the data set and name of the recommender, from two letters such as AI."""
    return code[0], LISTED.get(code[1:], code[1:])


def seed_word(algorithm: str, epochs: int) -> str:
    """What a recommender is called in names of seeds: its letter, and epochs of its own after it.

    Numbers were first made under these words (L100 is LFM trained for 100 epochs), and stay.
    """
    return letter_of(algorithm) + (str(epochs) if epochs else "")
