"""The report: every page is made again from saved results, and can be checked against them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from recmia import templates
from recmia.errors import ArtifactError
from recmia.experiments import results, tables
from recmia.experiments.results import (
    COLUMNS,
    ResultRow,
    collect_results,
    join_paper_values,
    read_results,
    results_csv,
    results_json,
    sort_rows,
)
from recmia.run import papers, registry
from recmia.run.manifest import file_hashes, make_manifest
from recmia.run.pipeline import Plan, duration, read_record
from recmia.storage import content_hash, file_hash, read_json, write_json, write_text

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
MADE_FROM = ("report", "papers", "manifest", "published_notebooks")
PROPOSAL = "proposal"
MIME = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}


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
        ArtifactError: there are no results, or they contradict each other.
    """
    folder = plan.paths.reports
    page = folder / "index.html"
    records = [read_record(plan.paths, step) for step in plan.steps]
    if any(record is None for record in records) and (folder / "manifest.json").exists():
        _write_pages(folder, read_json(folder / "manifest.json"))
        return page, True
    identity = _identity(records)
    if not force and _up_to_date(folder, identity):
        return page, False
    rows = collect_results(plan.paths.artifacts, registry.papers())
    if not rows:
        raise ArtifactError(
            f"There are no results of '{plan.settings.name}' yet. Remedy: "
            f"`recmia run --profile {plan.settings.name}`."
        )
    from recmia.run.published_notebooks import publish

    write_text(folder / "results.json", results_json(rows))
    publish(plan, folder / "notebooks")
    _write_pages(folder, make_manifest(plan) | {"identity": identity})
    return page, True


def _identity(records: list[dict[str, Any] | None]) -> str:
    """What the report depends on: the steps' last runs and what makes its pages."""
    made_from = [HERE / f"{name}.py" for name in MADE_FROM]
    made_from += [Path(module.__file__) for module in (tables, results, templates)]
    texts = ("paper_values.csv", "deviations.yaml", "report.yaml")
    made_from += [paper.folder / name for paper in registry.papers() for name in texts]
    made_from += TEMPLATES.iterdir()
    runs = [record and [record["key"], record["outputs"], record["finished"]] for record in records]
    return content_hash(runs, [file_hash(path) for path in sorted(made_from) if path.is_file()])


def _up_to_date(folder: Path, identity: str) -> bool:
    try:
        manifest = read_json(folder / "manifest.json")
        return manifest["identity"] == identity and manifest["files"] == file_hashes(folder)
    except (FileNotFoundError, ValueError, KeyError):
        return False


def _write_pages(folder: Path, manifest: dict[str, Any]) -> None:
    manifest.pop("files", None)
    write_json(folder / "manifest.json", manifest)
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
    remedy = f"Remedy: `recmia report --profile {folder.name}`, then commit the folder."
    try:
        manifest = read_json(folder / "manifest.json")
        recorded = manifest.pop("files")
    except FileNotFoundError:
        raise ArtifactError(f"There is no report in {folder}.") from None
    except (ValueError, KeyError) as error:
        raise ArtifactError(f"{folder}/manifest.json is damaged: {error}. {remedy}") from error
    found = file_hashes(folder)
    wrong = sorted(n for n in {*recorded, *found} if recorded.get(n) != found.get(n))
    if wrong:
        raise ArtifactError(f"{folder}: not as the manifest says: {', '.join(wrong)}. {remedy}")
    for name, text in render(folder, manifest).items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise ArtifactError(f"{path} is not what the results give. {remedy}")


def render(folder: Path, manifest: dict[str, Any]) -> dict[str, str]:
    """Texts of a report's files that follow from its results, figures and manifest.

    Args:
        folder: the report, with ``results.json``, ``figures/`` and ``notebooks/``.
        manifest: its manifest, without the hashes of its files.

    Returns:
        Relative name to text: results, tables and ``index.html``.
    """
    rows = sort_rows(join_paper_values(read_results(folder / "results.json"), registry.papers()))
    pages = {"results.json": results_json(rows), "results.csv": results_csv(rows)}
    made = tables.all_tables(papers.of_study(rows, PROPOSAL)) + papers.all_tables(rows)
    for table in made:
        pages[f"tables/{table.name}.csv"] = table.csv()
        pages[f"tables/{table.name}.md"] = table.markdown()
    pages["index.html"] = _page(folder, rows, made, manifest)
    return pages


def _page(
    folder: Path, rows: list[ResultRow], made: list[tables.Table], manifest: dict[str, Any]
) -> str:
    figures = _figures(folder / "figures")
    proposal = papers.of_study(rows, PROPOSAL)
    deviations = {p.name: registry.deviations_of(p) for p in registry.papers()}
    notebooks = sorted(path.name for path in (folder / "notebooks").glob("*.html"))
    values = {
        "manifest": manifest,
        "rows": rows,
        "columns": COLUMNS,
        "tables": [table.name for table in made],
        "proposal": _proposal(proposal, figures.get(PROPOSAL, [])) if proposal else None,
        "papers": papers.sections(rows, figures),
        "deviations": [
            (papers.title_of(study), entries)
            for study, entries in deviations.items()
            if papers.of_study(rows, study)
        ],
        "notebooks": notebooks,
    }
    return templates.fill(
        TEMPLATES / "report.html.j2",
        values,
        number=tables.number,
        interval=tables.with_interval,
        paper=tables.paper,
        difference=tables.difference,
        duration=duration,
        gib=lambda size: f"{size / 2**30:.1f} GiB",
        json=lambda value: json.dumps(value, ensure_ascii=False),
    )


def _proposal(rows: list[ResultRow], figures: list[dict[str, Any]]) -> dict[str, Any]:
    """What the main study's part of the page shows."""
    made = tables.all_tables(rows)
    shown = ("headline", "table1", "table2", "controls", "leakage", "leakage-by-epoch", "ranking")
    return {
        "tables": {table.name: table for table in made},
        "others": [table for table in made if table.name not in shown],
        "headline": tables.headline_facts(rows),
        "comparison": [row for row in tables.comparison(rows) if not tables.on_subset(row)],
        "subsets": [row for row in tables.comparison(rows) if tables.on_subset(row)],
        "controls": tables.control_rows(rows),
        "figures": figures,
    }


def _figures(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Figures of each study, declared in ``<study>/figures.json``, their files as data addresses.

    Raises:
        ArtifactError: a declared file is missing or is no PNG, SVG or JPEG.
    """
    return {
        listed.parent.name: [_figure(listed.parent, entry) for entry in read_json(listed)]
        for listed in sorted(folder.glob("*/figures.json"))
    }


def _figure(folder: Path, entry: dict[str, Any]) -> dict[str, Any]:
    path = folder / entry["file"]
    if not path.is_file() or path.suffix not in MIME:
        raise ArtifactError(f"{path}, named in figures.json, is missing or not PNG, SVG, JPEG.")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    source = entry.get("source", [])
    return {
        "title": entry["title"],
        "caption": entry.get("caption", ""),
        "artefact": entry.get("artefact", ""),
        "source": [source] if isinstance(source, str) else source,
        "address": f"data:{MIME[path.suffix]};base64,{data}",
        "forms": sorted(
            f"figures/{folder.name}/{p.name}"
            for p in folder.glob(f"{path.stem}.*")
            if p.suffix in (*MIME, ".pdf")
        ),
    }
