"""Likelihood-ratio attacks: seconds and memory against records and shadows, a plain loop beside.

Records are made up: one step each, a difficulty of their own, and a model's signal is higher on
what it was trained on. Every size runs in a process of its own: arrays in, all scores out, after
imports; reading the same records from files (an audit's own reader) is measured in another one.
One thread. Also: LiRA record by record, as it is often written; and the two sizes that have a
limit, scores with their metrics and intervals, and a whole audit of files.

    python benchmarks/likelihood_ratio.py [--records 20000 100000 1000000] [--shadows 8 16 64]
        [--measured 20000] [--audited 1000000]

Rewrites likelihood_ratio.json and likelihood_ratio.md beside this file.
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
from importlib.metadata import version
from pathlib import Path

import numpy as np

from recmia.device import processor_name

HERE = Path(__file__).parent
RECORDS, SHADOWS = (20_000, 100_000, 1_000_000), (8, 16, 64)
MOST_VALUES = 16_000_000  # records times shadows of the largest size that is run
LOOPED = 2_000  # records that the plain loop goes through; its time grows with their number
GAIN = 1.0
# Seconds of a processor, and of the second MiB as well: records with 16 shadows, and with 8.
MEASURED, MOST_SECONDS = 20_000, 60
AUDITED, MOST_AUDIT_SECONDS, MOST_MIB = 1_000_000, 180, 6 * 1024


def drawn(records: int, shadows: int):
    """A target and its shadows on made-up records, and the target's membership."""
    from recmia.likelihood_ratio.evidence import Target
    from recmia.likelihood_ratio.scores import ShadowSignals
    from recmia.likelihood_ratio.signals import log_sigmoid
    from recmia.seeds import generator

    draw = generator(0, "benchmark", "likelihood ratio", records, shadows)
    hard = 2 * draw.normal(size=records)
    signal = np.empty((records, shadows), dtype=np.float32)
    member = draw.random((records, shadows + 1)) < 0.5
    for model in range(shadows):
        signal[:, model] = hard + draw.normal(size=records) + GAIN * member[:, model + 1]
    low = log_sigmoid(signal).astype(np.float32)
    phi = hard + draw.normal(size=records) + GAIN * member[:, 0]
    features = draw.integers(1, 9, (records, 1)).astype(np.float64)
    known = ShadowSignals(low, signal, member[:, 1:], features)
    return Target(log_sigmoid(phi), phi), known, member[:, 0]


def score_once(records: int, shadows: int) -> dict:
    """Arrays in, sixteen scores out."""
    import sklearn.ensemble  # noqa: F401  imported before the clock starts

    from recmia.evaluation.metrics import roc_auc
    from recmia.likelihood_ratio.scores import score_all

    target, known, member = drawn(records, shadows)
    before = _peak_mib()
    wall, cpu = time.perf_counter(), time.process_time()
    scores = score_all(target, known)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "records": records,
        "shadows": shadows,
        "scores": len(scores),
        "seconds": wall,
        "cpu_seconds": cpu,
        "input_peak_mib": before,
        "peak_mib": _peak_mib(),
        "roc_auc": {name: roc_auc(scores[name], member) for name in ("loss", "bavaria_t_online")},
    }


def write_files(records: int, shadows: int, folder: Path) -> None:
    """A target, its shadows and their membership as an export writes them."""
    import polars as pl

    target, known, member = drawn(records, shadows)
    names = np.array([f"record{n:08d}" for n in range(records)])
    columns = {f"{n}": known.log_likelihood[:, n] for n in range(shadows)}
    for name, low in {"target": target.log_likelihood, **columns}.items():
        stem = name if name == "target" else f"shadow-{name}"
        scored = {"record_id": names, "step": np.zeros(records, dtype=int), "log_probability": low}
        pl.DataFrame(scored).write_csv(folder / f"{stem}.csv")
    labels = {"record_id": names, "target": member.astype(int)}
    labels |= {f"{n}": known.membership[:, n].astype(int) for n in range(shadows)}
    pl.DataFrame(labels).write_csv(folder / "membership.csv")


def read_once(folder: Path) -> dict:
    """Files in, arrays out."""
    from recmia.audit.score_files import read_score_files

    wall, cpu = time.perf_counter(), time.process_time()
    files = read_score_files(folder)
    return {
        "rows": files.rows * (1 + len(files.names)),
        "mib": sum(path.stat().st_size for path in folder.iterdir()) / 2**20,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": _peak_mib(),
    }


def measure_once(records: int, shadows: int) -> dict:
    """Arrays in, sixteen scores and the metrics of each with their intervals out."""
    import sklearn.ensemble  # noqa: F401

    from recmia.audit.score_measures import measure_attack
    from recmia.likelihood_ratio.scores import score_all

    target, known, member = drawn(records, shadows)
    wall, cpu = time.perf_counter(), time.process_time()
    scores = score_all(target, known)
    scored, groups = time.process_time() - cpu, np.arange(records)
    for values in scores.values():
        measure_attack(values, None, member, groups, {}, level=0.95, seed=0)
    return {
        "records": records,
        "shadows": shadows,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "scoring_cpu_seconds": scored,
        "peak_mib": _peak_mib(),
    }


def audit_once(folder: Path) -> dict:
    """`recmia audit scores`, from files to its page."""
    from recmia.audit.scores import ScoreSettings, audit_scores

    wall, cpu = time.perf_counter(), time.process_time()
    found = audit_scores(folder, folder / "found", ScoreSettings())
    return {
        "records": found["counts"]["records"],
        "shadows": found["counts"]["shadows"],
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": _peak_mib(),
    }


def loop_once(shadows: int) -> dict:
    """LiRA record by record, as it is often written, against all sixteen scores at once."""
    from scipy.stats import norm

    from recmia.likelihood_ratio.evidence import Shadows
    from recmia.likelihood_ratio.lira import lira_online

    target, known, _ = drawn(LOOPED, shadows)
    begin = time.process_time()
    shadows_read = Shadows.of(known.log_likelihood, known.signal, known.membership)
    ours = lira_online(target, shadows_read)
    seconds = time.process_time() - begin
    begin = time.process_time()
    spread = [np.std(known.signal[known.membership == kind].astype(float)) for kind in (1, 0)]
    plain = np.full(LOOPED, np.nan)
    for record in range(LOOPED):
        signal, member = known.signal[record].astype(float), known.membership[record]
        if member.any() and not member.all():
            inside = norm.logpdf(target.signal[record], signal[member].mean(), spread[0])
            outside = norm.logpdf(target.signal[record], signal[~member].mean(), spread[1])
            plain[record] = inside - outside
    plain_seconds = time.process_time() - begin
    if shadows < 64:  # from there ours takes a record's own variances
        np.testing.assert_allclose(ours, plain, atol=1e-4)
    return {"records": LOOPED, "shadows": shadows, "ours": seconds, "plain": plain_seconds}


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_process(*arguments: str) -> dict:
    threads = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, __file__, "--child", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | threads
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure every size, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, nargs="+", default=RECORDS)
    parser.add_argument("--shadows", type=int, nargs="+", default=SHADOWS)
    parser.add_argument("--measured", type=int, default=MEASURED, help="records, 16 shadows")
    parser.add_argument("--audited", type=int, default=AUDITED, help="records, 8 shadows")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        kind, *values = asked.child
        of_files = {"read": read_once, "audit": audit_once}
        of_sizes = {"score": score_once, "measure": measure_once, "loop": loop_once}
        if kind in of_files:
            print(json.dumps(of_files[kind](Path(values[0]))))
        else:
            print(json.dumps(of_sizes[kind](*map(int, values))))
        return
    sizes = [
        (n, k) for n in asked.records for k in asked.shadows if n * k <= MOST_VALUES
    ]  # fmt: skip
    rows = []
    for records, shadows in sizes:
        row = {"load": os.getloadavg()[0]} | _in_process("score", str(records), str(shadows))
        with tempfile.TemporaryDirectory() as folder:
            write_files(records, shadows, Path(folder))
            row["reading"] = _in_process("read", folder)
        print(json.dumps(row), flush=True)
        rows.append(row)
    found = {
        "machine": {
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in ("numpy", "scipy", "polars")},
        },
        "sizes": rows,
        "loop": _in_process("loop", str(min(asked.shadows))),
        "measured": {"load": os.getloadavg()[0]}
        | _in_process("measure", str(asked.measured), "16"),
    }
    with tempfile.TemporaryDirectory() as folder:
        write_files(asked.audited, 8, Path(folder))
        found["audited"] = {"load": os.getloadavg()[0]} | _in_process("audit", folder)
    (HERE / "likelihood_ratio.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    (HERE / "likelihood_ratio.md").write_text(_page(found))


def _page(found: dict) -> str:
    lines = []
    for row in found["sizes"]:
        reading = row["reading"]
        cells = [
            f"{row['records']:,}",
            row["shadows"],
            f"{row['seconds']:.1f}",
            f"{row['cpu_seconds']:.1f}",
            f"{row['peak_mib']:,.0f}",
            f"{row['roc_auc']['loss']:.3f}",
            f"{row['roc_auc']['bavaria_t_online']:.3f}",
            f"{reading['rows'] / 1e6:.1f}",
            f"{reading['seconds']:.1f}",
            f"{reading['cpu_seconds']:.1f}",
            f"{reading['peak_mib']:,.0f}",
            f"{row['load']:.1f}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |\n")
    machine, loop = found["machine"], found["loop"]
    measured, audited = found["measured"], found["audited"]
    ratio = loop["plain"] / loop["ours"]
    return f"""# Likelihood-ratio attacks

Made-up records of one step; {machine["cores"]} cores of {machine["processor"]}, Python
{machine["python"]}, numpy {machine["versions"]["numpy"]}; one thread. Other work ran on the
machine: read CPU seconds, wall seconds are upper bounds; load is the load average when a
measurement began.

## Seconds and memory against records and shadows

All sixteen scores of every record: arrays in, scores out, after imports, each size in a fresh
process. Peak memory is that process's, imports and made-up records included. Reading: the CSV files
of the target, all shadows and their membership, in another process.

| records | shadows | seconds | CPU seconds | peak (MiB) | ROC AUC: loss | BaVarIA-t | \
reading: million rows | seconds | CPU seconds | peak (MiB) | load |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{"".join(lines)}
## Sizes that have a limit

| what | records | shadows | seconds | CPU seconds | of at most | peak (MiB) | of at most | load |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
| scores, metrics and intervals | {_limited(measured, MOST_SECONDS, None)} |
| `recmia audit scores`, files to page | {_limited(audited, MOST_AUDIT_SECONDS, MOST_MIB)} |

Of the first, {measured["scoring_cpu_seconds"]:.1f} CPU seconds are the scores. The limits are for
{MEASURED:,} and {AUDITED:,} records.

## Against a plain loop

LiRA of {loop["records"]:,} records by {loop["shadows"]} shadows, CPU seconds: record by record \
{loop["plain"]:.3f}, ours {loop["ours"]:.4f}, {ratio:.0f} times less.
"""


def _limited(row: dict, seconds: float, mib: float | None) -> str:
    """Cells of a measurement beside its limits."""
    cells = [f"{row['records']:,}", row["shadows"], f"{row['seconds']:.0f}"]
    cells += [f"{row['cpu_seconds']:.0f}", seconds, f"{row['peak_mib']:,.0f}"]
    cells += ["" if mib is None else f"{mib:,.0f}", f"{row['load']:.1f}"]
    return " | ".join(map(str, cells))


if __name__ == "__main__":
    main()
