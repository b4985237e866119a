"""The report: every page is made again from saved results, and can be checked against them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.errors import ArtifactError
from recmia.experiments import cells, reproduced
from recmia.experiments.causes import join_causes
from recmia.experiments.closure import reach
from recmia.experiments.results import (
    collect_results,
    frame,
    join_paper_values,
    read_results,
    results_csv,
    write_results,
)
from recmia.experiments.rows import Row
from recmia.pages import MIME, data_address, fill
from recmia.plots.page import COLUMN_WIDTH, PIXELS_AN_INCH, shown_width
from recmia.run import papers, registry
from recmia.run.current import check_outputs, check_settings
from recmia.run.fingerprint import code_parts
from recmia.run.manifest import (
    file_hashes,
    made_up,
    make_manifest,
    of_own_log,
    read_manifest,
)
from recmia.run.pipeline import Plan, duration
from recmia.run.records import read_record
from recmia.storage import content_hash, file_hash, read_json, write_json, write_text

TEMPLATES = Path(__file__).parent / "templates"
FILTERS = {
    "number": cells.number,
    "interval": cells.with_interval,
    "beside": cells.beside,
    "paper": cells.paper,
    "duration": duration,
    "gib": lambda size: f"{size / 2**30:.1f} GiB",
    "anchor": lambda name: re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
}
NUMBERS = ("value", "ci_low", "ci_high", "degenerate", "n_seeds", "paper_value")


def write_report(plan: Plan, force: bool = False) -> tuple[Path, bool]:
    """Write ``reports/<profile>`` from saved results.

    With all steps' artifacts at hand, results, manifest and notebooks are taken from them. Without,
    the pages of a report that is already there are made again from its own results.

    Args:
        plan: the run.
        force: write even if the report is up to date.

    Returns:
        Path of ``index.html``, and whether anything was written.

    Raises:
        ArtifactError: there are no results, they contradict each other, were made with other
            settings, or are not as the steps left them.
    """
    folder = plan.paths.reports
    page = folder / "index.html"
    records = [read_record(plan.paths, step) for step in plan.steps]
    if any(record is None for record in records) and (folder / "manifest.json").exists():
        from recmia.run.published_notebooks import dress_again

        manifest = _own_manifest(folder)
        dress_again(folder / "notebooks")
        _write_pages(folder, manifest)
        return page, True
    check_settings(plan)
    check_outputs(plan)
    identity = _identity(records)
    if not force and _up_to_date(folder, identity):
        return page, False
    rows = collect_results(plan.paths.artifacts, registry.papers())
    if not rows:
        raise ArtifactError(
            f"There are no results of '{plan.settings.name}' yet. Remedy: "
            f"`recmia run {plan.options}`."
        )
    from recmia.run.published_notebooks import publish

    write_results(rows, folder)
    publish(plan, folder / "notebooks")
    _write_pages(folder, make_manifest(plan) | {"identity": identity})
    return page, True


def _own_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a report that is made again from its own results.

    Raises:
        ArtifactError: the results are not those that it was made from.
    """
    manifest = read_manifest(folder)
    results, files = folder / "results.csv", manifest.get("files")
    # Without hashes it was stopped while it was written, by this very function.
    if isinstance(files, dict) and (
        not results.is_file() or file_hash(results) != files.get(results.name)
    ):
        raise ArtifactError(
            f"{results} is not as it was published: it was edited, cut or removed. Nothing was "
            f"written. Remedy: `git checkout {folder.name}/results.csv` in {folder.parent}, or "
            f"`recmia run --profile {folder.name}`."
        )
    return manifest


def _identity(records: list[dict[str, Any] | None]) -> str:
    """What the report depends on: the steps' last runs and what makes its pages."""
    files = [path for paper in registry.papers() for path in paper.folder.rglob("*.[yc]*")]
    files += TEMPLATES.iterdir()
    runs = [record and [record["key"], record["outputs"], record["finished"]] for record in records]
    code = reach(__name__).modules
    return content_hash(runs, code, [file_hash(path) for path in sorted(files) if path.is_file()])


def _up_to_date(folder: Path, identity: str) -> bool:
    try:
        manifest = read_json(folder / "manifest.json")
        return manifest["identity"] == identity and manifest["files"] == file_hashes(folder)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False


def _write_pages(folder: Path, manifest: dict[str, Any]) -> None:
    manifest.pop("files", None)
    write_json(folder / "manifest.json", manifest)
    write_results(_joined(folder, manifest), folder)
    manifest = read_json(folder / "manifest.json")  # the page is made from what can be read again
    pages = render(folder, manifest)
    for stale in (folder / "tables").glob("*"):
        if f"tables/{stale.name}" not in pages:
            stale.unlink()
    for name, text in pages.items():
        write_text(folder / name, text)
    write_json(folder / "manifest.json", manifest | {"files": file_hashes(folder)})


def check_report(folder: Path) -> None:
    """Compare a written report with its manifest and with what its results give.

    Raises:
        ArtifactError: a file is missing, was added or changed, or is not what the results give.
    """
    import pandas as pd

    remedy = f"Remedy: `recmia report --profile {folder.name}`, then commit the folder."
    try:
        manifest = read_manifest(folder)
        recorded = dict(manifest.pop("files"))
    except FileNotFoundError:
        raise ArtifactError(f"There is no report in {folder}.") from None
    except (TypeError, ValueError, KeyError) as error:
        raise ArtifactError(f"{folder}/manifest.json is damaged: {error}. {remedy}") from error
    found = file_hashes(folder)
    wrong = sorted(n for n in {*recorded, *found} if recorded.get(n) != found.get(n))
    if wrong:
        raise ArtifactError(f"{folder}: not as the manifest says: {', '.join(wrong)}. {remedy}")
    for name, text in render(folder, manifest).items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise ArtifactError(f"{path} is not what the results give. {remedy}")
    if not frame(read_results(folder)).equals(pd.read_parquet(folder / "results.parquet")):
        raise ArtifactError(f"{folder}/results.parquet differs from results.csv. {remedy}")


@dataclass(frozen=True)
class Changed:
    """What of a step's code is no longer as it was when it made a written report.

    Attributes:
        step: its name.
        makers: modules that kept results rest on; all of them where the step keeps none. Names
            alone, or "not recorded".
        others: further modules that its cells reach, and the notebook where cells are others.
    """

    step: str
    makers: tuple[str, ...]
    others: tuple[str, ...]


def changed_code(folder: Path, notebooks: Path) -> list[Changed]:
    """The steps of a written report whose code is another now.

    Comments, docstrings and the layout of modules do not count.

    Args:
        folder: the report.
        notebooks: where the notebooks lie.
    """
    found = []
    for step in read_json(folder / "manifest.json")["steps"]:
        now, then = code_parts(notebooks / step["notebook"])[0], step.get("code")
        if then is None:
            found.append(Changed(step["name"], ("not recorded",), ()))
            continue
        names = sorted({*then["modules"], *now["modules"]})
        changed = [n for n in names if then["modules"].get(n) != now["modules"].get(n)]
        makers = [n for n in changed if n in (then["makers"] or changed)]
        others = [n for n in changed if n not in makers]
        others += [step["notebook"]] if then["notebook"] != now["notebook"] else []
        if makers or others:
            found.append(Changed(step["name"], tuple(makers), tuple(others)))
    return found


def render(folder: Path, manifest: dict[str, Any]) -> dict[str, str]:
    """Texts of a report's files that follow from its results, figures and manifest.

    Args:
        folder: the report, with ``results.csv``, ``figures/`` and ``notebooks/``.
        manifest: its manifest, without the hashes of its files.

    Returns:
        Relative name to text: results, tables and ``index.html``.
    """
    rows, figures = _joined(folder, manifest), _figures(folder, manifest)
    parts = papers.parts(
        rows, manifest["settings"], figures, made_up(manifest), of_own_log(manifest)
    )
    pages = {"results.csv": results_csv(rows)}
    for table in (table for part in parts for table in part.tables):
        pages[f"tables/{table.name}.csv"] = table.csv()
        pages[f"tables/{table.name}.md"] = table.markdown()
    pages["index.html"] = _page(folder, rows, parts, manifest)
    return pages


def _joined(folder: Path, manifest: dict[str, Any]) -> list[Row]:
    """A report's rows beside the papers' numbers, with causes where its data is the papers' own."""
    rows = join_paper_values(read_results(folder), registry.papers())
    rows = papers.on_its_data(rows, of_own_log(manifest))
    return (
        rows if made_up(manifest) or of_own_log(manifest) else join_causes(rows, registry.papers())
    )


def _page(folder: Path, rows: list[Row], parts: list[papers.Part], manifest: dict[str, Any]) -> str:
    counts = [count for part in parts for count in part.counts]
    values = {
        "manifest": manifest,
        "rows": rows,
        "parts": parts,
        "answer": next((part.answer for part in parts if part.answer), None),
        "compared": not of_own_log(manifest),
        "numbers": NUMBERS,
        "reproduced": reproduced.table(counts) if counts else None,
        "reproduced_in_words": reproduced.sentence(counts),
        "notebooks": sorted(path.name for path in (folder / "notebooks").glob("*.html")),
    }
    return fill(TEMPLATES / "report.html.j2", values, FILTERS)


def _figures(folder: Path, manifest: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Figures of each study, declared in ``<study>/figures.json``, their files as data addresses.

    Further notebooks of a study have folders of their own, ``<study>.<name>``.

    Raises:
        ArtifactError: a declared file is missing or is no PNG, SVG or JPEG.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for listed in sorted((folder / "figures").glob("*/figures.json")):
        study = listed.parent.name.partition(".")[0]
        about = {"notebook": _notebook_of(listed.parent, manifest)}
        entries = [_figure(listed.parent, entry) | about for entry in read_json(listed)]
        found.setdefault(study, []).extend(entries)
    return found


def _notebook_of(figures: Path, manifest: dict[str, Any]) -> str | None:
    """The page of the executed notebook that drew a folder of figures, if it is there."""
    made = f"reports:figures/{figures.name}/"
    for step in manifest["steps"]:
        page = f"notebooks/{Path(step['notebook']).stem}.html"
        if made in step["outputs"] and (figures.parent.parent / page).is_file():
            return page
    return None


def _figure(folder: Path, entry: dict[str, Any]) -> dict[str, Any]:
    path = folder / entry["file"]
    forms = sorted(p.name for p in folder.glob(f"{path.stem}.*") if p.suffix in MIME)
    address, width = data_address(path), shown_width(path)
    return entry | {
        "address": address,
        "width": width,
        "wide": width > round(COLUMN_WIDTH * PIXELS_AN_INCH),
        "forms": [f"figures/{folder.name}/{name}" for name in forms],
    }
