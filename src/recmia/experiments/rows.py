"""The result table: one number a row, long and typed; the only thing that pages are made from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from recmia.errors import ArtifactError

if TYPE_CHECKING:  # it brings libraries that the command line does not need
    from recmia.evaluation.measurement import Measurement

CORE = (
    *("study", "artefact", "dataset", "attack", "reading", "metric"),
    *("value", "ci_low", "ci_high", "interval", "degenerate", "n_seeds"),
    *("paper_value", "cause", "verdict", "note"),
)
# What a text describes; what its authors' released code does, faults included.
AS_PUBLISHED, AS_RELEASED = "as published", "as released"
CORRECTED, CONTROL = "corrected", "control"
READINGS = (AS_PUBLISHED, AS_RELEASED, CORRECTED, CONTROL, "")
BESIDE_THE_PAPER = (AS_PUBLISHED, AS_RELEASED, "")  # readings that its numbers are held against
CONFIRMED, REFUTED, OPEN, DEGENERATE = "confirmed", "refuted", "open", "degenerate"
VERDICTS = (CONFIRMED, REFUTED, OPEN, DEGENERATE, "")
RANGE = "range over draws"
INTERVALS = ("", RANGE)
CLAIMS = "Claims"  # artefact of what a paper says of its results


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number, what it is about, and how sure it is.

    A factor is a column, null where it does not apply. Words are made from factors at the end
    (`recmia.experiments.words`); nothing is read out of words.
    """

    study: str  # a paper's name, "proposal" for the main study
    artefact: str  # what it belongs to: "Table 1", "Figure 8", "Claims", "Controls", ...
    dataset: str = ""  # the target's data, as the profile titles it
    attack: str = ""  # its name; "" where there is none
    reading: str = ""  # of READINGS; "" where there is one reading only
    metric: str = ""  # by its full name: "ROC AUC", "TPR at 1% FPR", "HR@100"
    value: float | int | None = None  # None where the counts do not allow it (say why in the note)
    ci_low: float | int | None = None
    ci_high: float | int | None = None
    interval: str = ""  # of INTERVALS: what the two are; "" for the interval of the profile's level
    degenerate: float | None = None  # share of seeds or draws where everybody was said to be alike
    n_seeds: int = 1  # repetitions (draws) behind the number
    paper_value: float | int | None = None  # joined from paper_values.csv, not written by steps
    cause: str = ""  # tested, of a difference from the paper's number; joined from causes.yaml
    verdict: str = ""  # of VERDICTS, for claims
    note: str = ""  # the reason of a difference, or a caveat

    # Whose data, and which recommenders.
    half: str | None = None  # of a paper's two grids: "general", "sequential"
    shadow_data: str | None = None  # a data set's key in the profile
    shadow: str | None = None  # a recommender's registered name
    target_data: str | None = None
    target: str | None = None
    side: str | None = None  # "shadow" or "target", where a row is about one of them
    recommender: str | None = None  # where a row is about one recommender
    recommender_epochs: int | None = None  # its training, where that is varied
    # What is served, seen and known of lists.
    serving: str | None = None  # who gets which lists
    users: str | None = None  # whose lists are measured: "members", "non-members", "everybody"
    features: str | None = None  # how users' features are made
    vectors: str | None = None  # what item vectors are made from
    weights: str | None = None  # position weights of recommendations
    k: int | None = None  # recommendations seen
    l: int | None = None  # length of item vectors  # noqa: E741  the papers' letter
    share: float | None = None  # of the shadow's users that is kept
    ratio: float | None = None  # of Popularity Randomization; null without the defence
    defence_known: bool | None = None  # the attacker's shadow has the defence too
    # How an attack learns and is scored.
    labels: str | None = None  # where its labels come from: "target", "shadow", "random", "none"
    variant: str | None = None  # of an attack's training
    checkpoint: str | None = None  # "best validation", "last", "best by target labels", ...
    held_out: bool | None = None  # the scored users took no part in training
    case: str | None = None  # a planted truth, or what was changed to find a reason
    draw: int | None = None  # number of a random draw, where each has a row
    # Sessions.
    augmented: str | None = None  # what near-misses are: "non-members", "trained on"
    nonmembers: str | None = None  # whom members are held against
    subset: str | None = None  # of the sessions; null for all
    epoch: int | None = None  # of the target's training
    members: int | None = None  # sessions that each model was trained on, where that is varied
    # Poisoning.
    system: str | None = None  # a reading of the factorisation, its key in the profile
    zeros_observed: bool | None = None  # missing ratings count as zeros, where not one system's
    threshold: int | None = None  # l': decoys on a list that give a user away
    alpha: float | None = None  # share of malicious users
    mu: float | None = None  # weight of camouflage
    beta: float | None = None  # share of users whose ratings the adversary knows
    epsilon: float | None = None  # nominal ε of the private factorisation
    factors: int | None = None  # k of the factorisation
    regularisation: float | None = None  # λ of the factorisation
    length: int | None = None  # l, items on a list
    steps: int | None = None  # of a descent
    item: int | None = None  # rank of the sensitive item
    # Claims.
    claim: str | None = None  # its key in the paper's claims
    against: str | None = None  # the other side of a comparison, by what it differs in

    def __post_init__(self) -> None:
        for name, kind in COLUMNS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _checked(name, value, kind))
        if not self.study or not self.artefact or not self.metric:
            raise ArtifactError(f"A result needs study, artefact and metric: {self}")
        if self.reading not in READINGS or self.verdict not in VERDICTS:
            raise ArtifactError(f"Not a reading, or not a verdict: {self}")
        if self.interval not in INTERVALS:
            raise ArtifactError(f"Not a kind of interval: {self}")
        if self.ci_low is not None and self.ci_high is not None and self.ci_low > self.ci_high:
            raise ArtifactError(f"The interval's ends are swapped: {self}")

    @property
    def key(self) -> tuple:
        """The columns that tell this row from every other."""
        return tuple(getattr(self, name) for name in KEY)

    @property
    def factor_values(self) -> dict[str, Any]:
        """The factors that apply."""
        found = {name: getattr(self, name) for name in FACTORS}
        return {name: value for name, value in found.items() if value is not None}


def _kind(annotation: str) -> type:
    """Type of a column: text, whole number, number or truth value."""
    first = annotation.split(" | ")[0]
    return {"str": str, "int": int, "float": float, "bool": bool}[first]


COLUMNS = {field.name: _kind(field.type) for field in fields(Row)}
FACTORS = tuple(name for name in COLUMNS if name not in CORE)
KEY = ("study", "artefact", "dataset", "attack", "reading", *FACTORS, "metric")


def _checked(name: str, value: Any, kind: type) -> Any:
    if kind is str:
        if not isinstance(value, str) or "\n" in value or value != value.strip():
            raise ArtifactError(f"Result column '{name}' must be one clean line, got {value!r}.")
        return value
    if kind is bool:
        return bool(value)
    if kind is int:
        if int(value) != value:
            raise ArtifactError(f"Result column '{name}' holds whole numbers, got {value!r}.")
        return int(value)
    return rounded(value)


def rounded(value: float | int) -> float | int | None:
    """At most 6 significant digits, whole numbers exact, so that files compare byte for byte."""
    number = float(value)
    if not math.isfinite(number):
        return None
    if number.is_integer() and abs(number) < 2**53:
        return int(number)
    short = float(f"{number:.6g}")
    return int(short) if short.is_integer() else short


def numbers_of(measured: Measurement) -> dict[str, float | int | None]:
    """The fields of a row that a measurement fills in; no share of degenerate seeds where 0."""
    return {
        "value": measured.value,
        "ci_low": measured.ci_low,
        "ci_high": measured.ci_high,
        "degenerate": measured.degenerate or None,
        "n_seeds": measured.n_seeds,
    }
