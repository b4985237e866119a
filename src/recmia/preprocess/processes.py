"""Where the work on shards runs, and how far it is."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def bar(title: str, total: int, unit: str, show: bool) -> Iterator[Callable[[int], object]]:
    """A progress bar with the time left; yields what advances it."""
    with tqdm(total=total, desc=title, unit=unit, unit_scale=True, disable=not show) as shown:
        yield lambda step: shown.update(min(step, shown.total - shown.n))


@contextmanager
def scheduler(workers: int) -> Iterator[None]:
    """Have Dask work in this process, or in ``workers`` fresh ones."""
    import dask

    if workers < 2:
        with dask.config.set(scheduler="synchronous"):
            yield
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy Arrow's threads' locks
    with (
        ProcessPoolExecutor(workers, mp_context=context) as pool,
        dask.config.set(scheduler="processes", pool=pool),
    ):
        yield


def compute(tasks: list, title: str, progress: bool) -> list:
    """Results of Dask tasks, in order, with a progress bar."""
    import dask
    from tqdm.dask import TqdmCallback

    with TqdmCallback(desc=title, disable=not progress):
        return list(dask.compute(*tasks))
