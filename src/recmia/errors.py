"""Errors that a person can act on: where the problem is, what it is, what to do about it."""

from __future__ import annotations

from pathlib import Path


class RecmiaError(Exception):
    """Base of every error that the command line shows without a traceback."""


class DataError(RecmiaError):
    """Input that cannot be used.

    Args:
        problem: what is wrong, in one sentence.
        file: the file it was found in.
        line: 1-based line (text) or row (Parquet) of the first occurrence.
        column: name of the column concerned.
        remedy: what the reader can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        column: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem, self.file, self.line = problem, file, line
        self.column, self.remedy = column, remedy
        where = [str(file)] if file is not None else []
        where += [f"line {line}"] if line is not None else []
        where += [f"column '{column}'"] if column is not None else []
        text = (", ".join(where) + ": " if where else "") + problem
        super().__init__(text + (f" Remedy: {remedy}" if remedy else ""))


class UnknownUsersError(DataError):
    """Users that a model holds no vector of, for it was not trained on them."""


class SettingsError(RecmiaError):
    """A profile, an override or a notebook parameter that is not valid."""


class ArtifactError(RecmiaError):
    """A saved result that is missing, unfinished, or does not belong to this run."""


class DamagedError(ArtifactError, ValueError):
    """A file of ours that is cut off, edited or otherwise not what was written.

    Args:
        file: the file.
        reason: what was found.
    """

    def __init__(self, file: str | Path, reason: object) -> None:
        self.file, self.reason = file, reason
        super().__init__(
            f"{file} is damaged: {reason or type(reason).__name__}. Remedy: remove it and run the "
            "step that makes it again; what is whole is kept."
        )

    def __reduce__(self) -> tuple:
        return type(self), (self.file, str(self.reason))  # workers send it


class DeviceError(RecmiaError):
    """A device was asked for by name and is not there."""


class ClusterError(RecmiaError):
    """A Dask cluster that cannot be used, or a job whose process died again and again."""
