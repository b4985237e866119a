"""The one place where words are made from the columns of a result row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recmia.experiments.letters import letter_of
from recmia.experiments.rows import DEGENERATE, FACTORS, Row

RECOMMENDERS = {
    "item-neighbours": "Item",
    "lfm": "LFM",
    "ncf": "NCF",
    "content-based": "content-based",
    "bert4rec": "BERT4Rec",
    "caser": "Caser",
    "gru4rec": "GRU4Rec",
    "gpt2": "GPT-2",
    "xlnet": "XLNet",
}
NAMES = RECOMMENDERS | {"beta-vae": "β-VAE", "factor-vae": "FactorVAE"}
# What is said of a column's value; of others the value alone, a truth value by its two words.
PHRASES = {
    "half": "{} recommenders",
    "recommender_epochs": "{} epochs",
    "vectors": "vectors from {}",
    "k": "k = {}",
    "l": "l = {}",
    "share": "{} of the shadow",
    "ratio": "defence, ratio {}",
    "labels": "{} labels",
    "checkpoint": "{} checkpoint",
    "augmented": "augmented as {}",
    "nonmembers": "against {} non-members",
    "epoch": "epoch {}",
    "members": "{} training sessions",
    "threshold": "l' = {}",
    "alpha": "α = {}",
    "mu": "μ = {}",
    "beta": "β = {}",
    "epsilon": "ε = {}",
    "factors": "k = {}",
    "regularisation": "λ = {}",
    "length": "l = {}",
    "steps": "{} steps",
    "item": "item {}",
    "against": "against {}",
}
PARTICULAR = {
    ("weights", "linear"): "weights by rank",
    ("weights", "mean"): "equal weights",
    ("defence_known", True): "the attacker knows",
    ("defence_known", False): "the attacker does not know",
    ("features", "invariant"): "invariant features",
    ("features", "specific"): "specific features",
    ("held_out", True): "scored users held out of training",
    ("held_out", False): "scored users take part in training",
    ("zeros_observed", True): "missing counts as 0",
    ("zeros_observed", False): "observed entries",
    ("checkpoint", "best by target labels"): "checkpoint chosen by the target's labels",
    ("augmented", "trained on"): "augmented also trained on",
    ("labels", "none"): "no model",
    ("nonmembers", "replaced"): "replaced members against replaced held-out",
}
# What is said where a column that is asked for has no value.
ABSENT = {"ratio": "no defence", "epsilon": "least squares", "beta": "V known"}
BOTH_SIDES = ("shadow_data", "shadow", "target_data", "target")
# Columns that a setting is written from.
IN_SETTING = (*BOTH_SIDES, "recommender", "system")


@dataclass(frozen=True)
class Words:
    """What is said of rows.

    Attributes:
        titles: of readings of a factorisation (column ``system``), by their keys in the profile.
        claims: what a paper says, by the key of a claim.
    """

    titles: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)

    def value(self, column: str, value: Any) -> str:
        """A value alone: "50", "70%", "Item"; nothing for none."""
        if value is None:
            return ""
        if column == "system":
            return self.titles.get(value, value)
        if column == "claim":
            return self.claims.get(value, value)
        if column == "share":
            return f"{value:.0%}"
        if isinstance(value, str):
            return NAMES.get(value, value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def word(self, column: str, value: Any) -> str:
        """A value with what it is of: "k = 50", "70% of the shadow", "Item", "no defence"."""
        if value is None or value == "":
            return ABSENT.get(column, "")
        said = PARTICULAR.get((column, value))
        return said or PHRASES.get(column, "{}").format(self.value(column, value))

    def setting(self, row: Row) -> str:
        """Whose data and which recommenders: "AIMI", "AI", "A", or the system's title."""
        if row.system:
            return self.value("system", row.system)
        if row.shadow and row.target:
            return self.side(row, "shadow") + self.side(row, "target")
        return row.target_data + letter_of(row.recommender or "") if row.target_data else ""

    def side(self, row: Row, side: str) -> str:
        """One side of a setting, data and recommender: "AI"."""
        recommender = getattr(row, side) or row.recommender
        letter = letter_of(recommender or "")
        return f"{getattr(row, f'{side}_data') or ''}{letter}"

    def condition(self, row: Row, columns: Iterable[str] | None = None, sep: str = "; ") -> str:
        """Factors that are not of the setting, in their order: these, or all that have a value."""
        columns = row.factor_values if columns is None else columns
        known = (*IN_SETTING, "claim", *(["half"] if row.shadow or row.recommender else []))
        kept = [name for name in FACTORS if name in columns and name not in known]
        return sep.join(word for n in kept if (word := self.word(n, getattr(row, n))))

    def say(self, row: Row, columns: Iterable[str], sep: str = ", ") -> str:
        """Several columns in words; "setting", "shadow side" and "target side" count as such."""
        return sep.join(word for column in columns if (word := self._one(row, column)))

    def fill(self, text: str, rows: Iterable[Row], **more: str) -> str:
        """A text in which columns' names in braces become the values that these rows have."""
        return text.format_map(_Values(more, rows=list(rows), words=self))

    def _one(self, row: Row, column: str) -> str:
        if column == "setting":
            return self.setting(row)
        if column.endswith(" side"):
            return self.side(row, column.removesuffix(" side"))
        return self.word(column, getattr(row, column))


class _Values(dict):
    def __init__(self, known: dict[str, str], rows: list[Row], words: Words) -> None:
        super().__init__(known)
        self._rows, self._words = rows, words

    def __missing__(self, column: str) -> str:
        if column == "setting":
            said = [self._words.setting(row) for row in self._rows]
        else:
            said = [self._words.value(column, getattr(row, column)) for row in self._rows]
        return ", ".join(dict.fromkeys(word for word in said if word))


def degenerate(row: Row) -> str:
    """What is said of a row where everybody was said to be alike: in all its seeds, or in some."""
    if not row.degenerate:
        return ""
    if row.degenerate == 1:
        return DEGENERATE
    return f"{DEGENERATE} in {round(row.degenerate * row.n_seeds)} of {row.n_seeds}"


def distinguishing(rows: Iterable[Row]) -> set[str]:
    """Factors in which these rows differ."""
    rows = list(rows)
    return {name for name in FACTORS if len({getattr(row, name) for row in rows}) > 1}


def titles_of(values: Any) -> dict[str, str]:
    """Key to title of everything in a profile's values that has a title."""
    found = {}
    if isinstance(values, Mapping):
        for key, inner in values.items():
            if isinstance(inner, Mapping) and isinstance(inner.get("title"), str):
                found[key] = inner["title"]
            found |= titles_of(inner)
    return found
