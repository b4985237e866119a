"""Time and memory of preprocessing against the size of the log, beside the same work in polars.

    python benchmarks/preprocess.py --work /somewhere/with/10/GB

writes synthetic logs of 1, 4, 16 and 33 million clicks in the official raw format, cleans each
with recmia and with polars, each in a fresh process, checks that both find the same sessions, and
writes ``preprocess.json`` and ``preprocess.md`` beside this script, after each size; with
``--clicks`` it measures those sizes anew and keeps the others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

ITEMS = 52_739  # distinct items in the raw YooChoose clicks
SIZES = (1_000_000, 4_000_000, 16_000_000, 33_003_944)
MAX_LENGTH, MIN_LENGTH = 20, 2
SAMPLE_SECONDS = 0.1


def run_recmia(folder: Path, out: Path) -> dict[str, float]:
    """Preprocess ``folder/yoochoose-clicks.dat`` with this package."""
    from recmia.data.settings import Data, Preprocess
    from recmia.preprocess import preprocess

    settings = Preprocess(max_length=MAX_LENGTH, min_length=MIN_LENGTH)
    report = preprocess(Data(source="yoochoose"), settings, folder, out, seed=0)
    return report.statistics["table_1"]


def run_polars(folder: Path, out: Path) -> dict[str, float]:
    """The same cleaning, encoding and padding in polars' streaming engine."""
    import polars as pl

    def changed(column: str) -> pl.Expr:
        return pl.col(column) != pl.col(column).shift(1)

    names = ["session", "time", "item", "category"]
    clicks = (
        pl.scan_csv(
            folder / "yoochoose-clicks.dat",
            has_header=False,
            schema=dict(zip(names, [pl.Int64, pl.String, pl.Int64, pl.String], strict=True)),
        )
        .drop("category")
        .with_row_index("row")
        .with_columns(pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms"))
        .sort("session", "time", "row")
        .filter((changed("item") | changed("session")).fill_null(True))
    )
    sessions = (
        clicks.group_by("session", maintain_order=True)
        .agg(
            pl.col("item").tail(MAX_LENGTH),
            pl.col("time").first().alias("start"),
            pl.col("row").first(),
            pl.len().alias("length"),
        )
        .filter(pl.col("length") >= MIN_LENGTH)
        .sort("start", "row")
        .collect(engine="streaming")
    )
    items = (
        sessions.lazy()
        .select(pl.col("item").explode())
        .group_by("item")
        .len()
        .sort("len", "item", descending=[True, False])
        .with_row_index("id", offset=3)
        .collect(engine="streaming")
    )
    ids = pl.element().replace_strict(items["item"], items["id"], return_dtype=pl.Int64)
    tail = pl.lit([2] + [0] * MAX_LENGTH, dtype=pl.List(pl.Int64))
    head = pl.lit([1], dtype=pl.List(pl.Int64))
    sessions = (
        sessions.lazy()
        .select(
            pl.col("session").cast(pl.String).alias("session_id"),
            pl.col("start").cast(pl.Int64).alias("start_time"),
            pl.col("length").clip(upper_bound=MAX_LENGTH),
            pl.concat_list(head, pl.col("item").list.eval(ids), tail)
            .list.head(MAX_LENGTH + 2)
            .alias("item_id"),
        )
        .with_row_index("row_id")
    )
    sessions.sink_parquet(out / "sessions.parquet")
    items.write_parquet(out / "items.parquet")
    lengths = pl.read_parquet(out / "sessions.parquet", columns=["length"])["length"]
    return {"items": len(items), "sessions": len(lengths), "interactions": int(lengths.sum())}


ENGINES = {"recmia": run_recmia, "polars": run_polars}


def measure(engine: str, folder: Path, out: Path) -> dict[str, float]:
    """Run an engine in a fresh process: its result, seconds and peak memory in MiB.

    Processor seconds are those of the process and its children, user and system.

    Memory is the resident set summed over the process and its children, sampled; pages that they
    share are counted more than once.
    """
    out.mkdir()
    command = [sys.executable, "-W", "ignore", __file__, "--worker", engine]
    start, before, peak = time.perf_counter(), _processor_seconds(), 0
    process = subprocess.Popen(
        [*command, "--work", str(folder), "--out", str(out)], stderr=subprocess.DEVNULL
    )
    handle = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            family = [handle, *handle.children(recursive=True)]
            peak = max(peak, sum(_resident(member) for member in family))
        except psutil.NoSuchProcess:
            break
        time.sleep(SAMPLE_SECONDS)
    if process.wait():
        raise SystemExit(f"{engine} failed on {folder}; run it with --worker to see why")
    seconds = time.perf_counter() - start
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    cpu = round(_processor_seconds() - before, 1)
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": cpu,
        "peak_mib": round(peak / 2**20),
        **result,
    }


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def compare(ours: Path, theirs: Path) -> None:
    """Check that two files hold the same sessions, token for token, in the same order."""
    files = [pq.ParquetFile(path) for path in (ours, theirs)]
    if files[0].metadata.num_rows != files[1].metadata.num_rows:
        raise SystemExit(f"{ours} and {theirs} hold different numbers of sessions")
    streams = [file.iter_batches(1 << 16) for file in files]
    for number, (one, other) in enumerate(zip(*streams, strict=True)):
        for name in ("session_id", "start_time", "length"):
            if one.column(name).to_pylist() != other.column(name).to_pylist():
                raise SystemExit(f"the engines disagree on {name} in batch {number}")
        if (_tokens(one) != _tokens(other)).any():
            raise SystemExit(f"the engines disagree on tokens in batch {number}")


def _tokens(batch: pa.RecordBatch) -> np.ndarray:
    return batch.column("item_id").flatten().to_numpy(zero_copy_only=False)


def benchmark(clicks: int, work: Path) -> list[dict]:
    """Measure every engine on a log of ``clicks`` clicks; check that they write the same."""
    from recmia.data.synthetic import write_synthetic_clicks

    rows = []
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name)
        log = folder / "yoochoose-clicks.dat"
        start = time.perf_counter()
        write_synthetic_clicks(log, clicks=clicks, items=ITEMS, days=182, seed=0)
        generated = round(time.perf_counter() - start, 1)
        for engine in ENGINES:
            row = {"engine": engine, "clicks": clicks, "log_mib": log.stat().st_size >> 20}
            row |= measure(engine, folder, folder / engine) | {"generating_seconds": generated}
            rows.append(row)
            print(json.dumps(row), flush=True)
        compare(*(folder / engine / "sessions.parquet" for engine in ENGINES))
    return rows


def table(rows: list[dict], machine: dict) -> str:
    """The measurements in Markdown; growth is against the next smaller log."""
    lines = [
        "# Preprocessing against the size of the log",
        "",
        f"Synthetic logs in the official raw format, {ITEMS:,} items, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB of memory, Python {machine['python']}, "
        f"{machine['date']}; load average {machine['load_average']} (other work ran on "
        "the machine: read CPU seconds, wall seconds are upper bounds). Peak memory: resident "
        "sets of the process and its children, summed. Times polars: CPU seconds over those of "
        "the same work in polars alone. Growth: CPU seconds over those of the next smaller log. "
        "Both engines wrote the same sessions, token for token. "
        "Made by `python benchmarks/preprocess.py`.",
        "",
        "| engine | clicks (M) | log (MiB) | sessions kept | seconds | CPU seconds | times polars "
        "| growth | peak memory (MiB) |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    alone = {row["clicks"]: row["cpu_seconds"] for row in rows if row["engine"] == "polars"}
    for engine in ENGINES:
        earlier = None
        for row in (row for row in rows if row["engine"] == engine):
            growth = (
                ""
                if earlier is None
                else (
                    f"{row['cpu_seconds'] / earlier['cpu_seconds']:.1f}x for "
                    f"{row['clicks'] / earlier['clicks']:.1f}x"
                )
            )
            lines.append(
                f"| {engine} | {row['clicks'] / 1e6:.0f} | {row['log_mib']:,} "
                f"| {row['sessions']:,} | {row['seconds']:.0f} | {row['cpu_seconds']:.0f} "
                f"| {row['cpu_seconds'] / alone[row['clicks']]:.1f} | {growth} "
                f"| {row['peak_mib']:,} |"
            )
            earlier = row
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark, or one engine on one log in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--worker", choices=list(ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    if options.worker:
        result = ENGINES[options.worker](options.work, options.out)
        (options.out / "result.json").write_text(json.dumps(result), encoding="utf-8")
        return
    results = options.out / "preprocess.json"
    rows = json.loads(results.read_text(encoding="utf-8"))["rows"] if results.exists() else []
    for clicks in options.clicks:
        new = benchmark(clicks, options.work)
        rows = sorted([row for row in rows if row["clicks"] != clicks] + new, key=_order)
        machine = {
            "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(psutil.virtual_memory().total / 2**30),
            "python": platform.python_version(),
            "date": date.today().isoformat(),
            "load_average": round(os.getloadavg()[2], 1),
        } | {name: version(name) for name in ("nvtabular", "pandas", "pyarrow", "polars")}
        values = {"machine": machine, "rows": rows}
        results.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        results.with_suffix(".md").write_text(table(rows, machine), encoding="utf-8")


def _order(row: dict) -> tuple[int, int]:
    return list(ENGINES).index(row["engine"]), row["clicks"]


if __name__ == "__main__":
    main()
