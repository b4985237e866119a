"""Kept results of one kind, made side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import signature

from recmia.experiments.kept import Kept
from recmia.experiments.study import Study
from recmia.jobs import run_jobs


def make_all(
    study: Study, kept: Sequence[Kept], *, label: str, costs: Iterable[float] | None = None
) -> None:
    """Make what is not current, the costliest first.

    Args:
        study: the run; it says how many processes there are.
        kept: what is made.
        label: of the progress bar.
        costs: of each about, beside the others; all alike where left out. A maker with a keyword
            ``progress`` is given a function that it calls with how much of its cost is done.
    """
    jobs = list(zip(kept, costs if costs is not None else [1.0] * len(kept), strict=True))
    jobs.sort(key=lambda job: -job[1])
    total = sum(cost for _, cost in jobs)
    run_jobs(_make, jobs, workers=study.workers, total=total, label=label)


def _make(job: tuple[Kept, float], progress: Callable[[float], None]) -> None:
    kept, cost = job
    said = 0.0

    def advance(done: float) -> None:
        nonlocal said
        said += done
        progress(done)

    told = {"progress": advance} if "progress" in signature(kept.make).parameters else {}
    kept.ensure(**told)
    progress(cost - said)
