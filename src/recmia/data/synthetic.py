"""A synthetic click log in the official raw YooChoose format, calibrated to YooChoose.

What is calibrated, and to what (Moreira et al., "Transformers4Rec", RecSys 2021, table 2 for the
counts; the public 1/64 slice for the rest):

- raw clicks to sessions (3.57 each), one-click sessions (14% as logged; 27% once consecutive
  repeats are dropped), mean length after cleaning 3.9, consecutive repeats 15% of all transitions;
- popularity: Gini 0.89 over the items that occur (less below 550 items);
- next items: a first-order Markov predictor finds the next item among its first 20 in 0.5 to 0.65
  of all cases, the most popular items are no match for it;
- 182 days with a daily and a weekly rhythm, median gap between clicks 55 s.

What is not: popularity does not drift over the months, and people are not told apart. Weekday
factors and the shares of missing categories are plausible, not measured.

Everything is drawn chunk by chunk from named child seeds, so that memory stays bounded and the
same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from recmia.data.catalogue import Catalogue, draw_catalogue
from recmia.data.layouts import Layout
from recmia.errors import SettingsError
from recmia.seeds import generator
from recmia.storage import explain_unwritable, write_aside

LAYOUT = Layout(
    session="SessionId",
    item="ItemId",
    time="Timestamp",
    header=False,
    columns=("SessionId", "Timestamp", "ItemId", "Category"),
    ids="integer",
)
START = np.datetime64("2014-04-01")
# Sessions drawn from one child generator. Another value gives another log.
CHUNK = 1 << 16

# Distinct clicks of a session: 1 with this probability, else 2 + a beta-geometric number (each
# visitor leaves with a probability of their own), cut at 200 as the longest official session.
SINGLE = 0.268
PATIENCE = (2.9, 3.9)
LONGEST = 200
# Consecutive repeats: one-item sessions are often one page loaded twice.
SINGLE_REPEATED, REPEATED_AGAIN, REPEATED = 0.49, 0.15, 0.07
# Where the next distinct click comes from; the rest follows the item's preferred successors.
JUMP, REVISIT = 0.42, 0.10

_GAP_MEDIAN_S, _GAP_SIGMA, _GAP_MAX_S = 55.0, 1.3, 3600.0
# Clicks by hour (UTC) in the official sample; Monday to Sunday.
_HOURS = [15, 12, 8, 9, 42, 138, 183, 216, 227, 239, 280, 231]
_HOURS += [258, 221, 218, 213, 268, 280, 329, 399, 243, 178, 62, 30]
_WEEKDAYS = [1.15, 1.0, 0.95, 0.95, 0.85, 0.9, 1.2]
_MISSING, _SPECIAL, _OTHER_CONTEXT, _BRAND = 0.49, 0.32, 0.15, 0.02


def write_synthetic_clicks(
    path: str | Path,
    *,
    clicks: int,
    items: int,
    days: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Write a click log ``SessionId,ISO timestamp,ItemId,Category`` without a header.

    Args:
        path: file to write; an earlier one is replaced only when the new one is whole.
        clicks: lines of the file, before any cleaning; the last session is cut to fit.
        items: size of the catalogue; in a short log the rarest items may not occur.
        days: days that the log covers, from 2014-04-01.
        seed: root seed; same arguments, same bytes.
        progress: called with the number of clicks just written (as ``tqdm.update``).

    Returns:
        The path.

    Raises:
        SettingsError: fewer than 1 click, 10 items or 1 day, or more than a million items.
        DataError: the disk is full; nothing is left behind.
    """
    if clicks < 1 or not 10 <= items <= 1_000_000 or days < 1:
        raise SettingsError(
            "A synthetic log needs clicks >= 1, items from 10 to 1,000,000 and days >= 1; "
            f"got clicks={clicks}, items={items}, days={days}."
        )
    path = Path(path)
    catalogue = draw_catalogue(items, clicks, seed)
    calendar = _calendar(days, seed)
    sessions = _count_sessions(clicks, seed)
    with explain_unwritable(path), write_aside(path) as aside, open(aside, "wb") as file:
        for rows in _chunks(catalogue, calendar, sessions, clicks, seed):
            file.write(_lines(*rows))
            if progress is not None:
                progress(len(rows[0]))
    return path


def _calendar(days: int, seed: int) -> np.ndarray:
    """float64 [24 * days + 1], share of sessions started before each hour."""
    rng = generator(seed, "synthetic", "calendar")
    weekday = (START.astype(int) + 3 + np.arange(days)) % 7  # 1970-01-01 was a Thursday
    by_day = np.array(_WEEKDAYS)[weekday] * rng.lognormal(0.0, 0.15, size=days)
    ends = np.cumsum(np.outer(by_day, _HOURS))
    return np.concatenate([[0.0], ends / ends[-1]])


def _shape(chunk: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct clicks of each session int64 [CHUNK], and copies of each distinct click."""
    rng = generator(seed, "synthetic", "shape", chunk)
    more = rng.geometric(rng.beta(*PATIENCE, size=CHUNK)) + 1
    distinct = np.where(rng.random(CHUNK) < SINGLE, 1, np.minimum(more, LONGEST))
    of_single = np.repeat(distinct == 1, distinct)
    copies = rng.geometric(1 - REPEATED, size=len(of_single))
    repeats = rng.geometric(1 - REPEATED_AGAIN, size=len(of_single))
    reloaded = rng.random(len(of_single)) < SINGLE_REPEATED
    return distinct, np.where(of_single, 1 + repeats * reloaded, copies)


def _count_sessions(clicks: int, seed: int) -> int:
    """Sessions that hold the wanted number of clicks, the last one perhaps cut."""
    chunk = 0
    while True:
        distinct, copies = _shape(chunk, seed)
        ends = np.cumsum(copies)[np.cumsum(distinct) - 1]
        if ends[-1] >= clicks:
            return chunk * CHUNK + int(np.searchsorted(ends, clicks)) + 1
        clicks -= int(ends[-1])
        chunk += 1


def _chunks(
    catalogue: Catalogue, calendar: np.ndarray, sessions: int, clicks: int, seed: int
) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield session ids, times (ms since START), item ids and categories, all int64 [rows]."""
    last_ms = 3_600_000 * (len(calendar) - 1) - 1
    for chunk in range(-(-sessions // CHUNK)):
        distinct, copies = _shape(chunk, seed)
        rng = generator(seed, "synthetic", "clicks", chunk)
        items = np.repeat(_walk(catalogue, distinct, rng), copies)
        context = _contexts(catalogue, items, np.repeat(np.arange(CHUNK), distinct), copies, rng)
        session = np.repeat(np.repeat(np.arange(CHUNK), distinct), copies)
        # One session in each slice of the calendar: starts rise with the session id.
        rank = chunk * CHUNK + np.arange(CHUNK) + rng.random(CHUNK)
        start_h = np.interp(rank / sessions, calendar, np.arange(len(calendar)))
        gap_s = np.exp(rng.normal(np.log(_GAP_MEDIAN_S), _GAP_SIGMA, size=len(items)))
        elapsed = np.cumsum(np.minimum(gap_s, _GAP_MAX_S) * 1000)
        first = np.searchsorted(session, np.arange(CHUNK))
        times = start_h[session] * 3_600_000 + elapsed - elapsed[first][session]
        times = np.minimum(times.astype(np.int64), last_ms)
        # Every fourth number or so is skipped, as in the official file.
        session_ids = 1 + (chunk * CHUNK + session) * 5 // 4
        keep = min(len(items), clicks)
        clicks -= keep
        item_ids = catalogue.item_ids[items]
        yield session_ids[:keep], times[:keep], item_ids[:keep], context[:keep]


def _walk(catalogue: Catalogue, distinct: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Distinct clicks of all sessions, end to end: int64 [distinct.sum()] item positions."""
    popular = np.cumsum(catalogue.popularity)
    popular /= popular[-1]
    first = np.cumsum(distinct) - distinct
    walk = np.empty(distinct.sum(), dtype=np.int64)
    walk[first] = np.searchsorted(popular, rng.random(len(first)), side="right")
    # Longest sessions first, so that those still going on are the head of the array.
    order = np.argsort(-distinct, kind="stable")
    going_on = np.searchsorted(-distinct[order], -np.arange(1, distinct.max() + 1), side="left")
    for step in range(1, distinct.max()):
        at = first[order[: going_on[step - 1]]] + step
        current = walk[at - 1]
        follow, jump, kind, back = rng.random((4, len(at)))
        choice = np.searchsorted(popular, jump, side="right")
        if step > 1:
            earlier = walk[at - step + (back * (step - 1)).astype(np.int64)]
            choice = np.where(kind < REVISIT, earlier, choice)
        wander = (kind < JUMP + REVISIT) & (kind >= (0 if step > 1 else REVISIT))
        wander &= choice != current
        walk[at] = np.where(wander, choice, catalogue.follow(current, follow))
    return walk


def _contexts(
    catalogue: Catalogue,
    items: np.ndarray,
    session: np.ndarray,
    copies: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Category of each click: 0 missing, -1 special offer ('S'), 1 to 12, or a brand."""
    of_session, of_click = rng.random(CHUNK)[session], rng.random(len(session))
    own = rng.random(len(session)) < _OTHER_CONTEXT
    kind = np.repeat(np.where(own, of_click, of_session), copies)
    context = np.where(kind < _MISSING + _SPECIAL, -1, catalogue.category[items])
    context = np.where(kind < _MISSING, 0, context)
    return np.where(kind > 1 - _BRAND * (1 - _MISSING - _SPECIAL), catalogue.brand[items], context)


def _lines(
    session_ids: np.ndarray, times: np.ndarray, item_ids: np.ndarray, context: np.ndarray
) -> bytes:
    """Text of the clicks: fixed-width cells in one byte table, then the unused bytes dropped."""
    days, ms = np.divmod(times, 86_400_000)
    first_day, last_day = days.min(), days.max()
    names = np.datetime_as_string(START + np.arange(first_day, last_day + 1))
    dates = names.astype("S10").view(np.uint8).reshape(-1, 10)
    special = (context == -1)[:, None]
    category = np.where(special, 0, _digits(np.maximum(context, 0), 10))
    category[:, -1] = np.where(special[:, 0], ord("S"), category[:, -1])

    def mark(text: str) -> np.ndarray:
        return np.full((len(times), 1), ord(text), dtype=np.uint8)

    cells = [_digits(session_ids, 12), mark(","), dates[days - first_day], mark("T")]
    cells += [_digits(ms // 3_600_000, 2, zeros=True), mark(":")]
    cells += [_digits(ms // 60_000 % 60, 2, zeros=True), mark(":")]
    cells += [_digits(ms // 1000 % 60, 2, zeros=True), mark(".")]
    cells += [_digits(ms % 1000, 3, zeros=True), mark("Z"), mark(",")]
    cells += [_digits(item_ids, 9), mark(","), category.astype(np.uint8), mark("\n")]
    table = np.concatenate(cells, axis=1)
    return table[table != 0].tobytes()


def _digits(values: np.ndarray, width: int, zeros: bool = False) -> np.ndarray:
    """uint8 [n, width] decimal digits; leading zeros are kept or become 0 bytes (unused)."""
    digits = np.empty((len(values), width), dtype=np.uint8)
    rest = values
    for column in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, column] = digit + ord("0")
    if not zeros:
        leading = np.maximum.accumulate(digits != ord("0"), axis=1)
        leading[:, -1] = True
        digits[~leading] = 0
    return digits
