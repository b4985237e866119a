"""What a paper registers: its name, its part of a profile, its notebooks, and what it says."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from recmia.experiments.step import Step
from recmia.section import Section
from recmia.yaml_files import read_yaml


@dataclass(frozen=True)
class Paper:
    """One paper; ``recmia.papers.<package>.paper`` holds it under the name ``PAPER``.

    Attributes:
        name: in result rows, folders and the report, such as "biased-mia".
        folder: of its package, where ``report.yaml``, ``deviations.yaml`` and
            ``paper_values.csv`` lie, and where there are such ``claims.yaml``, ``causes.yaml`` and
            ``findings.yaml``.
        steps: its notebooks, in order.
        sections: fields of a profile: name to type; a profile may leave one out where the type
            can do without arguments.
        needs: the sections that a profile must have to run it; it has all of them or none.
    """

    name: str
    folder: Path
    steps: tuple[Step, ...]
    sections: dict[str, Any]
    needs: tuple[str, ...]

    @cached_property
    def claims(self) -> dict[str, dict[str, Any]]:
        """What it says of its tables and figures, by a short key (`recmia.experiments.lines`)."""
        path = self.folder / "claims.yaml"
        return read_yaml(path) if path.exists() else {}

    @cached_property
    def values(self) -> tuple[dict[str, str], ...]:
        """Its own numbers, a mapping of text each; an empty column matches every row."""
        with open(self.folder / "paper_values.csv", encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file))


def optional(section: type[Section]) -> tuple[Any, None]:
    """Type and default of a section that a profile may lack."""
    return (section | None, None)


def default(section: type[Section]) -> tuple[Any, Section]:
    """Type and default of a section whose every field has a default."""
    return (section, section())
