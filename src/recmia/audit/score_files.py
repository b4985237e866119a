"""Files of an audit of scores: every model's log-probabilities of the same steps, and who knew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from recmia.audit.tables import AnyId, AuditTable, find, read_table
from recmia.data import reader
from recmia.data.files import parts
from recmia.data.kinds import Kind, Number, Whole
from recmia.data.tables import Format
from recmia.errors import DataError
from recmia.likelihood_ratio.evidence import Target
from recmia.likelihood_ratio.scores import ShadowSignals
from recmia.likelihood_ratio.signals import logit_signal
from recmia.progress import track

TARGET, MEMBERSHIP, SHADOW = "target.csv", "membership.csv", "shadow-"
RECORD, USER, STEP, LOG_PROBABILITY = "record_id", "user_id", "step", "log_probability"
TARGET_COLUMN = "target"
_ENDINGS = {".csv", ".parquet", ".pq", ".gz", ".bz2", ".xz", ".zst", ".zip"}
_SAME = "score the same steps of the same records with every model."
_MOST_NAMED = 5


class LogProbability(Number):
    """Finite numbers of at most 0."""

    remedy = (
        "Write the natural logarithm of the probability of the true next item, at most 0 and "
        "finite: a log-softmax, not the logarithm of a softmax."
    )

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Float64."""
        number = super().parse(column, dtype)
        return pl.when(number <= 0).then(number)

    def problem(self, value: object) -> str:
        """No number, or a positive one."""
        try:
            positive = 0 < float(value) < float("inf")
        except (TypeError, ValueError):
            positive = False
        return f"{value} is positive" if positive else super().problem(value)


class Coin(Kind):
    """0 or 1."""

    remedy = "Write 1 where the model was trained on the record, else 0."

    def accepts(self, dtype: pa.DataType) -> bool:
        """Numbers and truth values."""
        return super().accepts(dtype) or pa.types.is_boolean(dtype)

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Int64."""
        text = column.str.strip_chars() if dtype == pl.String else column
        number = text.cast(pl.Float64, strict=False)
        return pl.when(number.is_in([0.0, 1.0])).then(number.cast(pl.Int64, strict=False))

    def problem(self, value: object) -> str:
        """Neither."""
        return f"{'' if value is None else value!r} is neither 0 nor 1"


@dataclass(frozen=True)
class ScoreFiles:
    """n records under a target and K shadows, in the order of their first lines in the target's.

    Attributes:
        records: strings [n].
        steps: int64 [n], of each record.
        target: their log-likelihoods and signals under the target.
        known: the same under the shadows, with their membership.
        names: of the K shadows.
        membership: bool [n], of the target; None where it is not known.
        users: int64 [n], numbers of the records' users; None without ``user_id``.
        user_names: strings, by their numbers.
        files: what was read.
        rows: int64, lines of each log-probability file.
        ignored: columns that were not looked at, by file.
    """

    records: pa.Array
    steps: np.ndarray
    target: Target
    known: ShadowSignals
    names: tuple[str, ...]
    membership: np.ndarray | None
    users: np.ndarray | None
    user_names: pa.Array | None
    files: tuple[Path, ...]
    rows: int
    ignored: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.records)


def read_score_files(folder: Path) -> ScoreFiles:
    """Read and check a folder of log-probabilities.

    Args:
        folder: holds ``target`` and ``shadow-NAME`` with record_id, step and log_probability, each
            CSV, packed CSV, Parquet or a folder of parts, and ``membership`` with record_id,
            perhaps user_id, a column a shadow and perhaps "target".

    Raises:
        DataError: a file is wrong, or does not hold the steps of the others.
    """
    shadows = _shadow_paths(folder)
    path = find(folder, MEMBERSHIP)
    columns = _membership_columns(path, shadows)
    with track(1 + len(shadows), "reading") as bar:
        base = _read(find(folder, TARGET))
        bar.update()
        record = base.ids[RECORD].codes.astype(np.int64)
        order = _order(base, record)
        plan = _Plan(base, record[order], base.numbers[STEP][order])
        low, signal = plan.reduced(base.numbers[LOG_PROBABILITY][order])
        seen = np.empty((2, len(plan.records), len(shadows)))
        ignored = {base.path.name: list(base.ignored)}
        for number, shadow in enumerate(shadows.values()):
            table = _read(shadow)
            seen[:, :, number] = plan.of(table)
            ignored[shadow.name] = list(table.ignored)
            bar.update()
    labels = None
    if columns is not None:
        ids = [RECORD, *([USER] if USER in columns else [])]
        wanted = [*shadows, *([TARGET_COLUMN] if TARGET_COLUMN in columns else [])]
        labels = read_table(path, ids, dict.fromkeys(wanted, Coin()), command="scores")
        ignored[path.name] = list(labels.ignored)
    membership, users, names = _labelled(labels, plan)
    return ScoreFiles(
        plan.records,
        plan.lengths,
        Target(low, signal),
        ShadowSignals(
            seen[0],
            seen[1],
            np.stack([membership[name] for name in shadows], axis=1)
            if shadows
            else np.zeros((len(plan.records), 0), dtype=bool),
            plan.lengths[:, None].astype(np.float64),
        ),
        tuple(shadows),
        membership.get(TARGET_COLUMN),
        users,
        names,
        (base.path, *shadows.values(), *([path] if labels else [])),
        len(base),
        {name: left for name, left in ignored.items() if left},
    )


@dataclass(frozen=True)
class _Plan:
    """The steps of the target's file, by record and step, that every other file must hold."""

    base: AuditTable
    record: np.ndarray  # int64 [m], sorted
    step: np.ndarray  # int64 [m]

    @property
    def records(self) -> pa.Array:
        return self.base.ids[RECORD].names

    @property
    def lengths(self) -> np.ndarray:
        return np.bincount(self.record, minlength=len(self.records))

    def reduced(self, low: np.ndarray) -> np.ndarray:
        """float64 [2, n]: mean log p and mean φ of each record, from its steps in this order."""
        lengths = self.lengths
        first = np.cumsum(lengths) - lengths
        return np.stack(
            [np.add.reduceat(values, first) / lengths for values in (low, logit_signal(low))]
        )

    def of(self, table: AuditTable) -> np.ndarray:
        """As `reduced`, of another model's file.

        Raises:
            DataError: it holds another set of records or steps.
        """
        record = self.places(table)
        order = _order(table, record)
        step = table.numbers[STEP]
        if len(table) != len(self.step) or not (
            np.array_equal(record[order], self.record) and np.array_equal(step[order], self.step)
        ):
            raise self._difference(table, record[order], step[order], order)
        return self.reduced(table.numbers[LOG_PROBABILITY][order])

    def places(self, table: AuditTable) -> np.ndarray:
        """int64 [m]: places of a file's records among the target's, which are the same ones.

        Raises:
            DataError: they are not.
        """
        ids = table.ids[RECORD]
        found = pc.index_in(ids.names, value_set=self.records)
        here = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        unknown = np.flatnonzero(here < 0)
        if len(unknown):
            row = int(np.argmax(ids.codes == unknown[0]))
            name = ids.names[int(unknown[0])].as_py()
            raise table.error(
                row, RECORD, f"record '{name}' is not in {self.base.path.name}.", _SAME
            )
        missing = np.setdiff1d(np.arange(len(self.records)), here)
        if len(missing):
            shown = [f"'{self.records[int(one)].as_py()}'" for one in missing[:_MOST_NAMED]]
            more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
            raise DataError(
                f"{len(missing):,} of the {len(self.records):,} records of {self.base.path.name} "
                f"are missing: {', '.join(shown)}{more}.",
                file=table.path, column=RECORD, remedy=_SAME,
            )  # fmt: skip
        return here[ids.codes]

    def _difference(self, table, record, step, order) -> DataError:
        """The error about the first step that only one of the two files holds."""
        shared = min(len(step), len(self.step))
        apart = (record[:shared] != self.record[:shared]) | (step[:shared] != self.step[:shared])
        at = int(np.argmax(apart)) if apart.any() else shared
        ours = (self.record[at], self.step[at]) if at < len(self.step) else None
        theirs = (record[at], step[at]) if at < len(step) else None
        if theirs is None or (ours is not None and ours < theirs):
            name = self.records[int(ours[0])].as_py()
            row = int(order[np.searchsorted(record, ours[0])])
            problem = (
                f"step {ours[1]} of record '{name}', which {self.base.path.name} has, is missing."
            )
        else:
            name, row = self.records[int(theirs[0])].as_py(), int(order[at])
            problem = f"step {theirs[1]} of record '{name}' is not in {self.base.path.name}."
        return table.error(row, STEP, problem, _SAME)


def _read(path: Path) -> AuditTable:
    numbers = {STEP: Whole(), LOG_PROBABILITY: LogProbability()}
    return read_table(path, [RECORD], numbers, command="scores")


def _order(table: AuditTable, record: np.ndarray) -> np.ndarray:
    """int64 [m]: rows by record, then step.

    Raises:
        DataError: a step of a record is there twice.
    """
    step = table.numbers[STEP]
    if _rising(record, step):
        return np.arange(len(record))
    order = np.lexsort((step, record))
    same = (np.diff(record[order]) == 0) & (np.diff(step[order]) == 0)
    if same.any():
        row = int(order[1:][same].min())
        ids = table.ids[RECORD]
        name = ids.names[int(ids.codes[row])].as_py()
        raise table.error(
            row, STEP, f"step {step[row]} of record '{name}' is there twice.",
            "keep one row a record and step; number repeated items by their places.",
        )  # fmt: skip
    return order


def _rising(record: np.ndarray, step: np.ndarray) -> bool:
    """Whether the rows stand by record and step already, as most exports write them."""
    later, same = np.diff(record) > 0, np.diff(record) == 0
    return bool((later | (same & (np.diff(step) > 0))).all())


def _shadow_paths(folder: Path) -> dict[str, Path]:
    """Shadow files by name, sorted."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob(f"{SHADOW}*")):
        stem = path
        while stem.suffix.lower() in _ENDINGS:
            stem = stem.with_suffix("")
        name = stem.name.removeprefix(SHADOW)
        if name in found:
            raise DataError(
                f"there is {path.name} as well.", file=found[name], remedy="keep one of them."
            )
        if name in ("", RECORD, USER, TARGET_COLUMN):
            raise DataError(
                f"a shadow cannot be called '{name}'.", file=path, remedy="give it another name."
            )
        found[name] = path
    return found


def _membership_columns(path: Path, shadows: dict[str, Path]) -> list[str] | None:
    """Names of the columns of the membership file; None where there is none and none is needed.

    Raises:
        DataError: a shadow has no column in it.
    """
    if not path.exists():
        if not shadows:
            return None
        count = f"{len(shadows)} shadow{'s' if len(shadows) > 1 else ''}"
        raise DataError(
            f"there is no such file, and {count}.", file=path,
            remedy=f"write it with the columns {', '.join((RECORD, *shadows))}: 1 where the shadow "
            "was trained on the record, else 0; see docs/export-scores.md.",
        )  # fmt: skip
    naming = f"Name its columns {', '.join((RECORD, *shadows))} and, where known, {TARGET_COLUMN}."
    form = Format({RECORD: AnyId(negative=True)}, naming=naming, separating="They must be commas.")
    source = parts(path)[0]
    with reader.opened(source, form) as table:
        for name, file in shadows.items():
            if name not in table.names:
                raise table.error(
                    f"{file.name} has no column of its membership.",
                    line=1, column=name,
                    remedy=f"add the column '{name}': 1 where this shadow was trained on the "
                    "record, else 0; or take its file away.",
                )  # fmt: skip
        return table.names


def _labelled(
    labels: AuditTable | None, plan: _Plan
) -> tuple[dict[str, np.ndarray], np.ndarray | None, pa.Array | None]:
    """Membership bool [n] by column, and numbers and names of the users, in the target's order."""
    if labels is None:
        return {}, None, None
    ids = labels.ids[RECORD]
    if len(ids.names) < len(ids.codes):
        row = np.setdiff1d(np.arange(len(labels)), np.unique(ids.codes, return_index=True)[1])[0]
        name = ids.names[int(ids.codes[row])].as_py()
        raise labels.error(
            row, RECORD, f"record '{name}' is there twice.", "keep one row a record."
        )
    row = np.empty(len(labels), dtype=np.int64)
    row[plan.places(labels)] = np.arange(len(labels))
    membership = {name: values[row] == 1 for name, values in labels.numbers.items()}
    if USER not in labels.ids:
        return membership, None, None
    users = labels.ids[USER]
    return membership, users.codes[row].astype(np.int64), users.names
