"""`recmia check`: what would be read of somebody's own file, and a profile of it that runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from recmia.data import reader
from recmia.data.clicks import ClickLog, open_own, table_format
from recmia.data.kinds import PLACEHOLDERS
from recmia.data.recognise import recognise
from recmia.data.settings import Data, Preprocess
from recmia.data.times import in_words
from recmia.errors import ArtifactError, DataError
from recmia.preprocess.cleaning import Cleaning, clean
from recmia.preprocess.oddities import is_nobody, oddities
from recmia.preprocess.statistics import summarise
from recmia.run.settings import SUFFIXES
from recmia.storage import write_text

LEAST = 20  # sessions in a cohort
LEAST_SESSIONS = 156
_MINUTE = 60_000


@dataclass(frozen=True)
class Checked:
    """A file that can be read.

    Attributes:
        said: the reading, in sentences.
        odd: what is odd about it, in sentences.
        profile: a profile of it as YAML; None where the log has too few sessions for one.
    """

    said: list[str]
    odd: list[str]
    profile: str | None


def check(
    path: Path,
    columns: Mapping[str, str] | None = None,
    *,
    encoding: str | None = None,
    gap: float | None = None,
) -> Checked:
    """Recognise a file, read it whole, and draw up a profile.

    Args:
        path: the file, or a folder of parts.
        columns: see `recmia.data.recognise.recognise`.
        encoding: of the text, where it is not to be told by the file.
        gap: minutes without a click that end a session, of a log with users.

    Raises:
        DataError: it cannot be recognised or read; the first thing that is wrong, and a remedy.
    """
    found = recognise(path, columns, encoding)
    values, said = found.data, found.said
    if gap is not None and "session_gap_minutes" in values:
        values["session_gap_minutes"] = gap
        said.append(f"The pause that counts is {gap:g} minutes, as asked.")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        log, clicks = _read(values, said, scratch)
        statistics = _statistics(log, clicks, values, scratch)
    raw, table = statistics["raw"], statistics["table_1"]
    said.append(
        f"{raw['clicks']:,} clicks of {raw.get('users', raw.get('sessions')):,} {log.keys}s on "
        f"{raw['items']:,} items; {table['sessions']:,} sessions of two clicks and more after "
        f"cleaning, {table['mean_length']:.1f} clicks on average."
    )
    return Checked(said, oddities(statistics), profile_of(values, path, table["sessions"]))


def told(found: Checked) -> str:
    """Lines for the terminal."""
    lines = [f"  {sentence}" for sentence in found.said]
    odd = [f"  {sentence}" for sentence in found.odd or ["Nothing."]]
    if found.profile is None:
        odd.append(
            f"  The log has too few sessions for a run: {LEAST_SESSIONS:,} are the least, for "
            f"cohorts of {LEAST}."
        )
    return "\n".join(["Read as:", *lines, "Odd:", *odd])


def write_profile(found: Checked, path: Path) -> None:
    """Keep the profile.

    Raises:
        DataError: the log has too few sessions for one.
        ArtifactError: something is there already, or it cannot be written.
    """
    if found.profile is None:
        raise DataError(
            "the log has too few sessions for a profile",
            remedy="use a longer log, or a smaller --gap where users' histories are cut.",
        )
    if path.suffix not in SUFFIXES or path.exists():
        raise ArtifactError(
            f"{path} is there already." if path.exists() else f"{path} does not end in .yaml."
        )
    try:
        write_text(path, found.profile)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be written ({error.strerror}).") from error


def profile_of(values: Mapping[str, Any], path: Path, sessions: int) -> str | None:
    """A profile for a log of so many sessions, with cohorts as docs/own-log.md has them.

    Args:
        values: the section ``data``.
        path: the file, whose name is the title.
        sessions: after cleaning.

    Returns:
        YAML; None where a cohort would be too small.
    """
    share = int(0.9 * sessions) // 7  # a tenth is left for sessions that are alike
    members = min(share, 5000)
    validation = max(LEAST, members // 5)
    while members >= LEAST and 6 * members + validation > 0.9 * sessions:
        members -= 1
    if members < LEAST:
        return None
    small = members < 1000
    target = {"d_model": 32, "layers": 1, "heads": 2} if small else {}
    epochs = [0, 5, 10, 20] if small else [0, 5, 10, 20, 30, 45, 60]
    profile = {
        "title": f"The log {path.name}",
        "description": "Drawn up by recmia check: look it over, every choice can be changed.",
        "dataset": path.name,
        "data": dict(values),
        "cohorts": {
            "members": members,
            "nonmembers": members,
            "reference": 2 * members,
            "validation": validation,
        },
        "target": target | {"epochs": epochs[-1], "recorded_epochs": epochs},
    }
    return yaml.safe_dump(profile, sort_keys=False, allow_unicode=True, width=100)


def _read(values: dict[str, Any], said: list[str], scratch: Path) -> tuple[ClickLog, pl.LazyFrame]:
    """Read a log with every id taken for somebody's, then settle who is nobody."""
    if {"session", "user"} <= (values.get("columns") or {}).keys():
        _settle_key(values, said, scratch)
    values["placeholders"] = []
    log, clicks = _opened(values, said, scratch)
    clicks = clicks.collect().lazy()
    del values["placeholders"]
    nobody, negative = _nobody(log, clicks)
    if nobody or negative:
        values["placeholders"] = nobody
        if nobody:
            said.append(f"Taken for nobody, and left out: {', '.join(nobody)} (data.placeholders).")
        if negative:
            said.append("Ids below 0 are taken for ids, as hashes may be.")
    if log.layout.time is not None:
        with reader.opened(log.sources[0], table_format(log.layout), scratch) as table:
            form = table.kinds[log.layout.time].form
        first, last = (
            datetime.fromtimestamp(one / 1000, timezone.utc).isoformat(" ", "seconds")[:-6]
            for one in clicks.select(low=pl.min("time"), high=pl.max("time")).collect().row(0)
        )
        said.append(f"Times: {in_words(form)}; from {first} to {last} UTC.")
        if last > datetime.now(timezone.utc).isoformat(" ", "seconds"):
            said.append("Some times lie in the future: is their unit right?")
    return _opened(values, said, scratch)


def _opened(
    values: dict[str, Any], said: list[str], scratch: Path
) -> tuple[ClickLog, pl.LazyFrame]:
    try:
        log = open_own(Data(**values), Path(), scratch, seed=0)
        return log, log.checked(scratch)
    except DataError as error:
        # Between tabs quotation marks are letters more often than not.
        if "quotation mark" not in error.problem or values.get("delimiter") != "\t":
            raise
        if values.get("quotes") is False:
            raise
        values["quotes"] = False
        said.append("Quotation marks are taken for letters like others: they do not pair up.")
        return _opened(values, said, scratch)


def _settle_key(values: dict[str, Any], said: list[str], scratch: Path) -> None:
    """Map session alone where no session id is two users', else both."""
    both = values["columns"]
    alone = {role: name for role, name in both.items() if role != "user"}
    counts = []
    for columns in (both, alone):
        _, clicks = _opened({**values, "columns": columns, "placeholders": []}, said, scratch)
        counts.append(clicks.select(pl.col("key").n_unique()).collect().item())
    if counts[0] == counts[1]:
        values["columns"] = alone
        said.append(f"No session is two users', so that '{both['user']}' is not needed.")
    else:
        said.append(
            f"{counts[1]:,} session ids are {counts[0]:,} with their users: both columns tell them."
        )


def _nobody(log: ClickLog, clicks: pl.LazyFrame) -> tuple[list[str], bool]:
    """Placeholders among keys and items, and whether any other id is negative."""
    if len(log.layout.key_columns) > 1:
        return [], False
    found, negative = [], False
    for column in ("key", "item"):
        counted = clicks.group_by(pl.col(column).cast(pl.String)).len().collect()
        names = counted[column]
        found += names.filter(names.str.to_lowercase().is_in(PLACEHOLDERS)).to_list()
        below = names.filter(names.str.contains(r"^\s*-\s*\d")).to_list()
        negative |= any(name != "-1" for name in below)
        if column == "key":
            found += [name for name in below if name == "-1"]
            top = counted.sort("len", column).tail(1)
            key, size = top[column].item(), top["len"].item()
            if is_nobody(key, size, int(counted["len"].sum()), len(counted)):
                found.append(key)
        else:
            negative |= "-1" in below
    return sorted(set(found)), negative


def _statistics(
    log: ClickLog, clicks: pl.LazyFrame, values: Mapping[str, Any], scratch: Path
) -> dict[str, Any]:
    rules, gap = Preprocess(), values.get("session_gap_minutes")
    rule = Cleaning(log.timed, gap and gap * _MINUTE, rules.max_length, rules.min_length)
    cleaned = clean(clicks, rule, scratch, None)
    order = cleaned.order(None)
    if not len(order):
        raise DataError(
            "no session has two clicks on different items",
            file=log.sources[0].place,
            column=log.layout.key,
            remedy="Check which column names the sessions or users: --session, --user.",
        )
    times = (order["start"][0], cleaned.last(order)) if log.timed else None
    catalogue = cleaned.catalogue(order)
    return summarise(
        cleaned.counts,
        len(order),
        catalogue,
        times,
        0,
        log.keys,
        rules,
        cleaned.largest[1],
    )
