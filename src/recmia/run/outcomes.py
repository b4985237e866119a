"""The sentence that says which of a paper's results came out, and which did not, from its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field, model_validator

from recmia.errors import ArtifactError
from recmia.experiments import cells, reproduced
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.section import Section

CAME_OUT, DID_NOT, OPEN, NOT_HERE = "Came out", "Did not", "Open", "Not in this report"


class Outcome(Section):
    """A result of the paper, and what a row of ours must show for it to have come out."""

    what: str = Field(description="what the paper shows; columns in braces become the row's values")
    row: dict[str, Any] = Field(description="of one row, see `recmia.experiments.selecting`")
    above: float | None = Field(None, description="the row's interval lies above")
    below: float | None = Field(None, description="the row's interval lies below")

    @model_validator(mode="after")
    def _one_limit(self) -> Outcome:
        if self.above is not None and self.below is not None:
            raise ValueError("an outcome lies above a limit or below one, not both")
        return self

    @property
    def has_limit(self) -> bool:
        """Whether a limit decides, and not the paper's number."""
        return self.above is not None or self.below is not None

    def verdict(self, row: Row) -> str:
        """Whether it came out.

        Without a limit the paper's number must lie in the interval, give or take the margin of
        `recmia.experiments.reproduced`. With one the interval decides, and is open across it.
        """
        if not self.has_limit:
            return CAME_OUT if reproduced.within(row) else DID_NOT
        sign, limit = (1, self.above) if self.below is None else (-1, self.below)
        reached = [sign * (end - limit) > 0 for end in (row.ci_low, row.ci_high)]
        return CAME_OUT if all(reached) else OPEN if any(reached) else DID_NOT

    def said(self, row: Row) -> str:
        """What it is about, with the row's number and what it is held against."""
        about = self.what.format_map(vars(row))
        if not self.has_limit:
            return f"{about} ({cells.in_a_sentence(row)}; the paper: {cells.paper(row)})"
        limit = f"above {self.above}" if self.below is None else f"below {self.below}"
        return f"{about} ({row.metric} {cells.in_a_sentence(row)}; {limit} counts)"


def sentence(outcomes: Sequence[Outcome], rows: Iterable[Row]) -> str:
    """What came out, what did not, what is open, and what there is no result for; "" for none.

    Raises:
        ArtifactError: several rows answer to an outcome.
    """
    rows, found = list(rows), {verdict: [] for verdict in (CAME_OUT, DID_NOT, OPEN, NOT_HERE)}
    for outcome in outcomes:
        chosen = select(rows, outcome.row)
        if len(chosen) > 1:
            raise ArtifactError(
                f"Outcome '{outcome.what}' must stand for one result, and {len(chosen)} are like "
                "that. Remedy: name the columns in report.yaml that tell it from the others."
            )
        if not chosen:
            found[NOT_HERE].append(outcome.what.split(",")[0])
        elif outcome.has_limit or chosen[0].paper_value is not None:
            # Otherwise the data is none that the paper gives a number for.
            found[outcome.verdict(chosen[0])].append(outcome.said(chosen[0]))
    if not any(said for verdict, said in found.items() if verdict != NOT_HERE):
        return ""
    found[NOT_HERE] = list(dict.fromkeys(found[NOT_HERE]))
    return " ".join(f"{verdict}: {'; '.join(said)}." for verdict, said in found.items() if said)
