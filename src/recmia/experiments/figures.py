"""Figures from declarations: an entry of a paper's ``figures.yaml`` says which rows, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field, ValidationError

from recmia import plots
from recmia.errors import ArtifactError
from recmia.experiments.figure_key import data_name, key_of
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.rows import READINGS, Row
from recmia.experiments.selecting import first_kind, matches
from recmia.experiments.study import Study
from recmia.experiments.words import Words
from recmia.section import Section
from recmia.storage import read_json
from recmia.yaml_files import read_yaml

Columns = tuple[str, ...]


class Declared(Section):
    """One figure.

    What is drawn is said in columns of `recmia.experiments.rows.Row`, in words of
    `recmia.experiments.words`; beside them there are "setting" ("AIMI"), "shadow side", "target
    side" ("AI"), "data" (the data set without what is said of its files), and "kind". Texts may
    name columns in braces: they become the values that the figure shows.
    """

    name: str = Field(description="file name without suffix")
    artefact: str | list[str] = Field(description="whose rows; the figure stands with the first")
    title: str
    caption: str
    draw: Literal["dots", "curves", "heat"]
    heading: str = Field("", description="in the picture; the title where there is none")
    rows: dict[str, Any] | list[dict[str, Any]] = Field(
        {}, description="which, see `recmia.experiments.selecting`; of a list, what one asks for"
    )
    highest: str = Field("", description="a column: only rows with its highest value in the panel")
    kinds: dict[str, dict[str, Any]] = Field(
        {}, description="words to rows, in order; rows that are in none are left out"
    )
    each: str = Field("", description="a column: one figure for each of its values")
    order: dict[str, list[Any]] = Field({}, description="of a column's values, where not their own")
    panel: Columns = ()
    line: Columns = Field(("setting",), description="of dots")
    series: Columns = Field((), description="colours")
    style: Columns = Field((), description="line styles of curves")
    row: Columns = Field(("metric",), description="of a grid of curves")
    x: str = Field("target side", description="of curves and heat maps")
    y: str = Field("shadow side", description="of heat maps")
    axis: Literal["linear", "log", "even"] = "linear"
    absent: Any = Field("", description="what is said, or stands on the x axis, for no value")
    whole: bool = Field(False, description="only curves that are there for every x")
    xlabel: str = ""
    ylabel: str = Field("", description="in place of the rows of a grid of curves")
    chance: float | None = 0.5
    limits: tuple[float, float] | None = (0, 1.02)


def read_figures(path: Path) -> list[Declared]:
    """The figures that a file declares, in order.

    Raises:
        ArtifactError: an entry is no such declaration; the message names it.
    """
    found = []
    for number, entry in enumerate(read_yaml(path), start=1):
        try:
            found.append(Declared(**entry))
        except (ValidationError, TypeError) as error:
            name = entry.get("name", number) if isinstance(entry, dict) else number
            raise ArtifactError(f"{path}, figure {name}: {error}") from error
    return found


FROM_ROWS = "the rows of"  # how the source of a declared figure begins


@dataclass(frozen=True)
class DeclaredFigures:
    """Figures that follow from result rows alone, so that they can be drawn again at any time.

    Attributes:
        folder: of the report's figures: a study's name, or that and a notebook's after a dot.
        path: the file that declares them.
        words: how values are said in a run.
        order: of columns' values in a run, over what the file says.
    """

    folder: str
    path: Path
    words: Callable[[Study], Words] = lambda study: Words()
    order: Callable[[Study], Mapping[str, list[Any]]] = lambda study: {}

    def draw_into(self, figures: FigureSet, rows: Iterable[Row]) -> None:
        """Draw each; one none of whose rows are there is left out."""
        rows, words, order = list(rows), self.words(figures.study), self.order(figures.study)
        for declared in read_figures(self.path):
            ordered = declared.model_copy(update={"order": declared.order | dict(order)})
            for figure, about in draw(ordered, rows, words):
                figures.add(figure, **about)

    def draw(self, study: Study, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """Draw them into the report's folder.

        Args:
            study: the run.
            rows: the notebook's result rows.

        Returns:
            What ``figures.json`` holds.
        """
        figures = FigureSet(study, self.folder)
        self.draw_into(figures, rows)
        return figures.close()

    def redraw(self, study: Study, rows: Iterable[Row]) -> int:
        """Draw them again into a written report, whose other figures stay as they are.

        Args:
            study: the run.
            rows: all result rows of the report.

        Returns:
            How many were drawn; 0 where the report has none of this folder.
        """
        figures = FigureSet(study, self.folder)
        if not (figures.folder / "figures.json").exists():
            return 0
        before = read_json(figures.folder / "figures.json")
        own = [_is_declared(one["source"]) for one in before]
        self.draw_into(figures, [row for row in rows if row.study == self.folder.split(".")[0]])
        drawn, first = figures.entries, own.index(True) if True in own else len(before)
        others = [one for one, declared in zip(before, own, strict=True) if not declared]
        figures.entries = [*others[:first], *drawn, *others[first:]]
        figures.close()
        return len(drawn)


def _is_declared(source: Sequence[str]) -> bool:
    """Whether a figure follows from rows alone: others name a step beside."""
    return len(source) == 1 and source[0].startswith(FROM_ROWS)


def draw(
    declared: Declared, rows: Sequence[Row], words: Words
) -> Iterator[tuple[Figure, dict[str, Any]]]:
    """One declaration's figures, and what `FigureSet.add` is told about each."""
    artefacts = declared.artefact if isinstance(declared.artefact, list) else [declared.artefact]
    wanted = declared.rows if isinstance(declared.rows, list) else [declared.rows]
    kept = [
        row
        for row in rows
        if row.artefact in artefacts
        and not (row.value is None and row.paper_value is None)
        and any(matches(row, one) for one in wanted)
        and (not declared.kinds or first_kind(row, declared.kinds))
    ]
    groups: dict[Any, list[Row]] = {}
    for row in kept:
        groups.setdefault(getattr(row, declared.each) if declared.each else None, []).append(row)
    for group in groups.values():
        shown = _Drawing(declared, group, words)
        yield (
            shown.figure(),
            {
                "name": shown.text(declared.name),
                "title": shown.text(declared.title),
                "caption": shown.text(declared.caption),
                "source": [f"{FROM_ROWS} {', '.join(artefacts)}"],
                "artefact": artefacts[0],
            },
        )


class _Drawing:
    """Rows of one figure on their way to a tidy table."""

    def __init__(self, declared: Declared, rows: list[Row], words: Words) -> None:
        self.declared, self.words = declared, words
        if declared.highest:
            top: dict[str, Any] = {}
            for row in rows:
                panel, value = self._say(row, declared.panel), getattr(row, declared.highest)
                top[panel] = max(value, top.get(panel, value))
            rows = [
                row
                for row in rows
                if getattr(row, declared.highest) == top[self._say(row, declared.panel)]
            ]
        self.rows = rows

    def text(self, template: str) -> str:
        """A text with values for the columns that it names."""
        return self.words.fill(template, self.rows)

    def figure(self) -> Figure:
        declared = self.declared
        make = {
            "dots": partial(plots.dots, xlabel=self.text(declared.xlabel)),
            "curves": partial(plots.curves, xlabel=self.text(declared.xlabel), axis=declared.axis),
            "heat": plots.heat_maps,
        }[declared.draw]
        if declared.draw != "heat":
            make = partial(make, chance=declared.chance, limits=declared.limits)
        elif declared.xlabel:
            make = partial(make, xlabel=declared.xlabel, ylabel=declared.ylabel)
        title = self.text(declared.heading or declared.title)
        return make(self.frame(), title=title, note=key_of(self.rows, self._columns()))

    def _columns(self) -> set[str]:
        """All that words of the figure are made from."""
        declared = self.declared
        found = {*declared.panel, *declared.series}
        if declared.draw == "dots":
            return found | {*declared.line}
        if declared.draw == "heat":
            return found | {declared.x, declared.y}
        coded = {"setting"} if "{setting}" in declared.heading else set()
        return found | coded | {*declared.style, *declared.row, declared.x}

    def frame(self) -> pd.DataFrame:
        """The tidy table: numbers, and each role's words as categories in their order."""
        numbers = ["value", "ci_low", "ci_high", "paper_value"]
        frame = pd.DataFrame(
            [[getattr(row, name) for name in numbers] for row in self.rows], columns=numbers
        ).astype(float)
        roles = {name: getattr(self.declared, name) for name in ("panel", "line", "series")}
        roles |= {"style": self.declared.style}
        roles["row"] = () if self.declared.ylabel else self.declared.row
        if self.declared.draw == "heat":
            roles |= {"x": (self.declared.x,), "y": (self.declared.y,)}
        for role, columns in roles.items():
            frame[role] = self._categories(role, columns)
        if self.declared.ylabel:
            frame["row"] = self.text(self.declared.ylabel)
        if self.declared.draw == "curves":
            roles |= {"x": ()}
            frame["x"] = self._places()
            if self.declared.whole:
                every = frame["x"].nunique()
                counts = frame.groupby(["panel", "series", "style"], observed=True)["x"]
                frame = frame[counts.transform("nunique") == every]
        places = frame[list(roles)].astype(str)
        if (twice := places.duplicated()).any():
            where = ", ".join(f"{role} '{word}'" for role, word in places[twice].iloc[0].items())
            raise ArtifactError(
                f"Figure {self.declared.name}: two results have one place, {where}. Remedy: say "
                "which with `rows` or `kinds`, or tell them apart by a column more."
            )
        return frame

    def _say(self, row: Row, columns: Columns) -> str:
        words = []
        for column in columns:
            if column == "kind":
                words.append(first_kind(row, self.declared.kinds) or "")
            elif column == "data":
                words.append(data_name(row))
            else:
                words.append(self.words.say(row, [column]))
        return ", ".join(word for word in words if word)

    def _categories(self, role: str, columns: Columns) -> pd.Categorical:
        """Words of some columns; their order is that of the columns' own values."""
        said = [self._say(row, columns) for row in self.rows]
        if role == "series":
            said = [word or str(self.declared.absent) for word in said]
        keys = [tuple(self._key(row, column) for column in columns) for row in self.rows]
        order = dict(sorted(zip(said, keys, strict=True), key=lambda pair: pair[1]))
        return pd.Categorical(said, list(order), ordered=True)

    def _key(self, row: Row, column: str) -> tuple:
        """Nothing first, then by what the declaration says, by size, or by letters."""
        if column == "kind":
            return (list(self.declared.kinds).index(first_kind(row, self.declared.kinds)),)
        if column in ("setting", "shadow side", "target side"):
            return (self.words.say(row, [column]),)
        if column == "data":
            return (row.target_data or "", data_name(row))
        value = getattr(row, column)
        if column == "reading":
            return (READINGS.index(value),)
        if column in self.declared.order:
            return (self.declared.order[column].index(value),)
        if isinstance(value, str):  # "Concat20" before "Concat100"
            return (
                value != "",
                *((p.isdigit(), int(p) if p.isdigit() else p) for p in _PARTS(value)),
            )
        return (value is not None, value or 0)

    def _places(self) -> pd.Categorical | list[float]:
        """The x axis: numbers, or words at equal distances, what is absent last."""
        values = [getattr(row, self.declared.x) for row in self.rows]
        absent = self.declared.absent
        if self.declared.axis != "even":
            return [float(absent if value is None else value) for value in values]
        order = sorted({value for value in values if value is not None})
        names = {value: self.words.value(self.declared.x, value) for value in order} | {
            None: str(absent)
        }
        return pd.Categorical([names[v] for v in values], list(names.values()), ordered=True)


_PARTS = partial(re.findall, r"\d+|\D+")
