"""Generated parts of ARTIFACT.md: where each table and figure of a paper is, data, costs, demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from recmia.data import registry as data_sets
from recmia.experiments import cells, reproduced
from recmia.experiments.paper import Paper
from recmia.experiments.results import read_results
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.experiments.tables import Table, artefact_table
from recmia.experiments.words import Words, titles_of
from recmia.run import registry
from recmia.run.papers import Report, card_rows, report_of
from recmia.run.pipeline import duration
from recmia.storage import read_json

# Which artefacts' rows the steps write, of papers that have several; a test holds it to a run.
WRITES = {
    "01_preprocess": {"Table 1"},
    "02_augment": {"Cohort audit"},
    "03_train": {"Ranking quality"},
    "04_attack": {"Table 2", "Controls", "Leakage curve"},
    "05_baselines": {"Table 2", "Controls"},
    "06_figures": {"Figure 1", "Figure 2", "Figure 4"},
    "07_sizes": {"Size", "Size, seed by seed", "Size, trend"},
    "08_tuning": {
        *("Tuning", "Tuning, budget", "Tuned target"),
        *("Tuned target, leakage", "Tuned target, more sessions"),
    },
    "09_mismatch": {"Mismatch"},
    "21_shadows": {"Game"},
    "22_attacks": {
        *("Attacks", "Shadows", "Target by target", "Guesses", "Risk"),
        *("Calibration", "Stability", "RMIA's a"),
    },
    "23_bounds": {"Bounds", "Canary games", "Extraction"},
    "24_defences": {"Defences", "Privacy budget", "Defences, controls", "Unlearning"},
    "25_checkpoint": {"Checkpoint"},
}
DEMO = (
    ".venv/bin/recmia audit example scores artifacts/demo/made-up",
    ".venv/bin/recmia audit scores artifacts/demo/made-up/memory --out artifacts/demo/audit",
)


def parts(folders: Sequence[Path]) -> dict[str, str]:
    """Markdown of each generated part of ``ARTIFACT.md``, by its name there.

    Args:
        folders: of the reports on real data.
    """
    return {
        "items": items(folders),
        "costs": costs(folders),
        "data": data(folders),
        "demo": f"```\n{demo()}```",
        "count": reproduced_in_words(folders),
    }


def items(folders: Sequence[Path]) -> str:
    """A table a paper and report: each table and figure, its notebook, its files, the numbers."""
    found = []
    for paper in registry.papers():
        for folder in folders:
            rows = [row for row in read_results(folder) if row.study == paper.name]
            if rows:
                found.append(_items(paper, folder, rows).markdown())
    return "\n".join(found)


def _items(paper: Paper, folder: Path, rows: list[Row]) -> Table:
    about, manifest = report_of(paper.folder), read_json(folder / "manifest.json")
    words = Words(titles_of(manifest["settings"]), registry.claims_of(paper))
    figures = _figures(folder, paper.name)
    lines = []
    for name, shown in about.artefacts.items():
        table = artefact_table(paper.name, name, shown, rows, words)
        drawn = figures.get(name, [])
        if table.rows or drawn:
            lines.append(
                (
                    f"{name}: {shown.title}",
                    _notebooks(paper, shown.artefact or name, drawn, manifest),
                    _link("table", folder / "tables" / f"{table.name}.md") if table.rows else "–",
                    " ".join(_link(path.stem, path) for path in drawn) or "–",
                    *_numbers(about, {"artefact": shown.artefact or name, **shown.rows}, rows),
                )
            )
    heads = ("Item", "Notebook", "Table", "Figures", "Ours", "Paper")
    title = f"{about.title}, {_link(folder.name, folder / 'index.html')}"
    return Table(f"{paper.name}-items", title, heads, tuple(lines))


def _numbers(about: Report, wanted: dict[str, Any], rows: Iterable[Row]) -> tuple[str, str]:
    """Ours and the paper's: of the one row beside a number of the paper, or of the headline's row.

    Where several stand beside one, ours says as well how many are found again.
    """
    own = select(rows, wanted)
    beside = [row for row in own if reproduced.comparable(row)]
    shown = beside if len(beside) == 1 else card_rows(about, own)
    main = next(iter([row for row in shown if row in beside] or shown), None)
    said = [f"{main.metric} {cells.with_interval(main)}"] if main else []
    if len(beside) > 1:
        within = sum(map(reproduced.within, beside))
        said.append(f"{within} of {len(beside)} numbers found again")
    theirs = cells.paper(main) if main else "–"
    if beside and theirs == "–":
        theirs = "in the table"
    return "; ".join(said) or f"in the {'table' if own else 'figure'}", theirs


def _figures(folder: Path, study: str) -> dict[str, list[Path]]:
    """Pictures of a paper's artefacts, those of further notebooks too."""
    found: dict[str, list[Path]] = {}
    for listed in sorted((folder / "figures").glob("*/figures.json")):
        if listed.parent.name.partition(".")[0] == study:
            for entry in read_json(listed):
                found.setdefault(entry["artefact"], []).append(listed.parent / entry["file"])
    return found


def _notebooks(paper: Paper, artefact: str, drawn: Iterable[Path], manifest: dict) -> str:
    """Links to the notebooks that write an artefact's rows, else to those that draw its figures."""
    pictures = {f"reports:figures/{path.parent.name}/" for path in drawn}
    steps = [step for step in manifest["steps"] if step["name"] in {s.name for s in paper.steps}]
    writing = [s for s in steps if artefact in WRITES.get(s["name"], ())]
    drawing = [s for s in steps if pictures & set(s["outputs"])]
    names = [Path(step["notebook"]) for step in writing or drawing or steps]
    return " ".join(_link(name.stem, "notebooks" / name) for name in names)


def _link(text: str, path: Path) -> str:
    """To a file of the checkout, from its root."""
    names = path.parts
    begin = names.index("reports") if "reports" in names else 0
    return f"[{text}]({'/'.join(names[begin:])})"


def costs(folders: Iterable[Path]) -> str:
    """What the steps of each report took when they ran last, and on what."""
    lines = []
    for folder in folders:
        manifest = read_json(folder / "manifest.json")
        machine = manifest["hardware"]
        about = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        about += "; ".join(machine["gpus"]) or "no GPU"
        for step in manifest["steps"]:
            disk = step.get("disk_bytes")
            lines.append(
                (
                    _link(folder.name, folder / "index.html"),
                    _link(step["name"], Path("notebooks", step["notebook"])),
                    duration(step["seconds"]),
                    f"{step['peak_memory_bytes'] / 2**20:,.0f} MiB",
                    "–" if disk is None else f"{disk / 2**20:,.0f} MiB",
                    about,
                )
            )
    heads = ("Report", "Step", "Time", "Peak memory", "Disk", "Machine")
    return Table("costs", "What the steps took", heads, tuple(lines), (2, 3, 4)).markdown()


def data(folders: Iterable[Path]) -> str:
    """How each data set is got, by hand last, and which of the reports were made from it."""
    used = {
        folder.name: read_json(folder / "manifest.json")["source_data"].keys() for folder in folders
    }
    lines = []
    for source in sorted(data_sets.sources(), key=lambda source: not source.downloads):
        accepted = {Path(one.name).name for needed in source.needs for one in needed.any_of}
        how = source.manual or f"`recmia data fetch {source.name}`"
        how = " ".join(how.split()).replace("`recmia ", "`.venv/bin/recmia ")
        reports = ", ".join(name for name, files in used.items() if accepted & set(files))
        way = "download" if source.downloads else "by hand"
        about = f"`{source.name}`: [{source.title}]({source.page})"
        lines.append((about, way, how, source.licence, reports or "–"))
    heads = ("Data set", "Way", "How", "Licence", "Reports")
    return Table("data", "Data sets", heads, tuple(lines)).markdown()


def demo() -> str:
    """What ``make demo`` prints, run in a folder of its own; the same on every machine."""
    with tempfile.TemporaryDirectory() as folder:
        return "".join(f"$ {command}\n{_said(command.split(), folder)}" for command in DEMO)


def _said(words: list[str], folder: str) -> str:
    code = f"import sys; sys.argv = {words!r}; from recmia.cli import main; main()"
    # Without a PATH, on which recmia might be: commands are then told as they were typed.
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PATH": os.devnull},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def reproduced_in_words(folders: Iterable[Path]) -> str:
    """What ``recmia reproduced`` ends with."""
    return reproduced.sentence(
        count for folder in folders for count in reproduced.counts(read_results(folder))
    )
