"""The data sets that the study knows (`sources.yaml`), and the files of theirs that are here."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from recmia.data.archives import stays_inside
from recmia.data.layouts import Layout
from recmia.errors import DataError
from recmia.section import Section

# Its name is put together so that the file is no code (`recmia.experiments.closure`): an entry more
# is nothing to results of the others. Whoever keeps a result gives its maker the layout as an
# argument, and a step's identity has those of its source files (`layouts_of`).
SOURCES = Path(__file__).with_name("sources").with_suffix(".yaml")
_CHECKSUM = r"^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$"


def _inside(name: str) -> str:
    if not stays_inside(name):
        raise ValueError(f"'{name}' is not a path inside the data folder")
    return name


class Download(Section):
    """A file at an official address.

    Attributes:
        url: where it is.
        file: what it is called in the data folder.
        checksum: ``sha256:`` or ``md5:`` and hexadecimal digits, of the official file.
        unpack: whether it is an archive, unpacked into a folder named as the source.
        most_bytes: no more than so many are taken; about twice the official file.
        lines: of the official file, where no checksum is published.
    """

    url: str = Field(pattern=r"^https?://")
    file: str
    checksum: str | None = Field(pattern=_CHECKSUM)
    unpack: bool
    most_bytes: int = Field(gt=0)
    lines: int | None = None

    _file_inside = field_validator("file")(_inside)


class Variant(Section):
    """One name under which a needed file is accepted, relative to the data folder."""

    name: str
    checksum: str | None = Field(None, pattern=_CHECKSUM)
    note: str | None = None

    _name_inside = field_validator("name")(_inside)


class Needed(Section):
    """A file that the reader needs, under the first of several names that is there."""

    role: str
    any_of: tuple[Variant, ...] = Field(min_length=1)


class Source(Section):
    """One data set.

    Attributes:
        name: as in the setting ``data.source`` and in `recmia data fetch NAME`.
        title: as in tables.
        page: address of the page that describes it.
        downloads: official files, empty where a login is needed.
        manual: how to get it by hand, where it cannot be downloaded.
        licence: terms, in a sentence.
        citation: whom to cite.
        columns: column name to meaning, in the order of the file.
        layout: how the clicks in its files are laid out, where they are clicks.
        needs: files that a reader needs.
    """

    name: str
    title: str
    page: str = Field(pattern=r"^https?://")
    downloads: tuple[Download, ...]
    manual: str | None = None
    licence: str
    citation: str
    columns: dict[str, str]
    layout: Layout | None = None
    needs: tuple[Needed, ...] = Field(min_length=1)

    @field_validator("layout")
    @classmethod
    def _of_these_columns(cls, layout: Layout | None, info: ValidationInfo) -> Layout | None:
        if layout is None or "columns" not in info.data:
            return layout
        columns = tuple(info.data["columns"])
        for name in (layout.key, layout.item, layout.time, layout.category):
            if name is not None and name not in columns:
                raise ValueError(f"'{name}' is none of the columns {', '.join(columns)}")
        return layout.model_copy(update={"columns": () if layout.header else columns})

    @model_validator(mode="after")
    def _one_way(self) -> Source:
        if bool(self.downloads) == bool(self.manual):
            raise ValueError("a source has either downloads or a manual way")
        return self

    def remedy(self, folder: str | Path) -> str:
        """What to do where a file of this source is missing from ``folder``."""
        if self.manual:
            return (
                f"{self.manual} Page: {self.page} Data folder: {folder} "
                f"Then run `recmia data check {self.name}`."
            )
        return (
            f"run `recmia data fetch {self.name}`, or set RECMIA_DATA to the folder that holds it."
        )


@lru_cache(maxsize=1)
def _load() -> dict[str, Source]:
    entries = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
    found = {}
    for name, entry in entries.items():
        try:
            found[name] = Source.model_validate({"name": name, **entry})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, (name, *first["loc"])))
            raise DataError(
                f"{place}: {first['msg']}", file=SOURCES, remedy="correct the entry."
            ) from None
    return found


def sources() -> list[Source]:
    """All known data sets, in the order of ``sources.yaml``."""
    return list(_load().values())


def source(name: str) -> Source:
    """The data set of that name.

    Raises:
        DataError: there is none; the message lists the names.
    """
    try:
        return _load()[name]
    except KeyError:
        raise DataError(
            f"there is no data set '{name}'.", remedy=f"choose one of {', '.join(_load())}."
        ) from None


def layout(name: str) -> Layout:
    """How the clicks of a data set are laid out.

    Raises:
        DataError: unknown data set, or it holds no clicks.
    """
    found = source(name).layout
    if found is None:
        raise DataError(
            f"data set '{name}' is no click log.", remedy=f"describe its layout in {SOURCES.name}."
        )
    return found


def layouts_of(path: Path) -> dict[str, Layout]:
    """Name to layout of the data sets that may be read from a file of this name."""
    return {
        name: entry.layout
        for name, entry in _load().items()
        if entry.layout
        and any(path.match(variant.name) for needed in entry.needs for variant in needed.any_of)
    }


def click_logs() -> list[str]:
    """Names of the data sets that hold sessions, or users' clicks with times to cut them by."""
    layouts = {name: entry.layout for name, entry in _load().items() if entry.layout}
    return [name for name, layout in layouts.items() if layout.session or layout.time]


def find_files(name: str, folder: str | Path) -> list[Path]:
    """Files of a data set in ``folder``: one path for each needed file, in the declared order.

    Raises:
        DataError: unknown data set, or a needed file is missing under all of its names.
    """
    entry, folder = source(name), Path(folder)
    found = []
    for needed in entry.needs:
        paths = [folder / variant.name for variant in needed.any_of]
        here = [path for path in paths if path.is_file()]
        if not here:
            names = " or ".join(variant.name for variant in needed.any_of)
            raise DataError(
                f"{entry.title}: no file with the {needed.role}; looked for {names}.",
                file=folder,
                remedy=entry.remedy(folder),
            )
        found.append(here[0])
    return found
