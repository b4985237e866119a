"""The report follows from its results, says what they say, and is noticed when it does not."""

from __future__ import annotations

import io
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from recmia.errors import ArtifactError
from recmia.experiments.results import read_results, sort_rows
from recmia.run import pipeline
from recmia.run.current import changed_settings
from recmia.run.fingerprint import code_parts
from recmia.run.report import Changed, changed_code, check_report, write_report
from recmia.storage import read_json, write_json

from .conftest import Checkout
from .made_up import rows_of

STEPS = ("01_preprocess", "02_augment", "03_train", "04_attack", "05_baselines")
HERE = str(Path(__file__).parent)


@pytest.fixture
def plan(checkout: Checkout) -> pipeline.Plan:
    """A run whose notebooks write made-up results and print a path of this machine."""
    code = f"import sys; sys.path.insert(0, {HERE!r}); import made_up; print(paths.root)\n"
    results = f"for step in {STEPS}: made_up.write_step(step, paths.artifacts)"
    folders = tuple(f"{step}/" for step in STEPS)
    checkout.step("04_attack", code + results, outputs=folders)
    figures = code + "made_up.write_figures(paths.reports / 'figures' / 'proposal')"
    checkout.step("06_figures", figures, inputs=("04_attack/",), outputs=("reports:figures/",))
    return pipeline.make_plan("tiny", None, checkout.steps)


@pytest.mark.slow
def test_steps_that_were_not_run_are_named(plan: pipeline.Plan) -> None:
    pipeline.run(plan, only=["04_attack"], out=io.StringIO())
    page, _ = write_report(plan)
    assert "Not run for this report: 06_figures." in page.read_text()
    pipeline.run(plan, out=io.StringIO())
    write_report(plan, force=True)
    assert "Not run for this report" not in page.read_text()


@pytest.mark.slow
def test_report_from_beginning_to_end(plan: pipeline.Plan, checkout: Checkout) -> None:
    pipeline.run(plan, out=io.StringIO())
    page, written = write_report(plan)
    folder = page.parent
    assert written and page == checkout.root / "reports" / "tiny" / "index.html"
    check_report(folder)

    # Made once: a second call changes no byte, and neither does a forced one change results.
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert write_report(plan) == (page, False)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    write_report(plan, force=True)
    for name in ("results.csv", "results.parquet", "index.html", "tables/proposal-table-2.csv"):
        assert (folder / name).read_bytes() == before[folder / name]

    text = page.read_text()
    # Self-contained: nothing is loaded from anywhere else.
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
    assert set(re.findall(r'src="([a-z]+:)', text)) == {"data:"}
    for link in re.findall(r'href="([^"#]+)"', text):
        assert (folder / link).is_file(), link
    for anchor in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{anchor}"' in text
    # The headline is the made-up number, beside the paper's; the best checkpoint is named.
    said = " ".join(re.sub(r"<[^>]+>", "", text).split())
    assert "ROC AUC of 0.945 [0.933, 0.957] after 90 epochs; the paper reports 0.90012" in said
    assert "ranks unseen sessions best (epoch 15) it is 0.670 [0.658, 0.682]" in said
    assert "0.500 [0.488, 0.512], 0.610 [0.598, 0.622] against held-out, near-miss" in said

    # No page tells where it was made.
    for path in folder.rglob("*"):
        if path.suffix in {".html", ".json", ".csv", ".md"}:
            content = path.read_text()
            for secret in (str(checkout.root), str(Path.home()) + "/", sys.prefix):
                assert secret not in content, f"{secret} in {path}"
    assert "…" in (folder / "notebooks" / "04_attack.html").read_text()

    # A clone has the report but no artifacts: pages are made again from the report alone.
    shutil.rmtree(plan.paths.artifacts)
    write_report(plan, force=True)
    assert page.read_text() == text
    check_report(folder)

    for name, spoil in {
        "index.html": lambda t: t.replace("0.945", "0.985"),
        "results.csv": lambda t: t.replace("0.945", "0.985"),
        "notebooks/04_attack.html": lambda t: t + "x",
    }.items():
        kept = (folder / name).read_text()
        (folder / name).write_text(spoil(kept))
        with pytest.raises(ArtifactError, match=re.escape(name)):
            check_report(folder)
        (folder / name).write_text(kept)
    check_report(folder)


def test_changed_code_is_named_by_step(checkout: Checkout, tmp_path, monkeypatch) -> None:
    """A remark in a module is no change; another value in it is, and so is another cell."""
    module = tmp_path / "beside.py"
    module.write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    step = checkout.step("04_attack", "import beside")
    code = code_parts(checkout.root / "notebooks" / step.notebook)[0]
    folder, notebooks = tmp_path / "report", checkout.root / "notebooks"

    def changed(**recorded) -> list[Changed]:
        about = {"name": step.name, "notebook": step.notebook} | recorded
        write_json(folder / "manifest.json", {"steps": [about]})
        return changed_code(folder, notebooks)

    for makers in ([], ["beside"], ["recmia.seeds"]):
        assert changed(code=code | {"makers": makers}) == []
    assert changed() == [Changed("04_attack", ("not recorded",), ())]
    module.write_text("# said\nVALUE = 1\n")
    assert changed(code=code | {"makers": []}) == []
    module.write_text("VALUE = 22\n")
    made, beside = Changed("04_attack", ("beside",), ()), Changed("04_attack", (), ("beside",))
    assert changed(code=code | {"makers": ["beside"]}) == [made]
    assert changed(code=code | {"makers": []}) == [made]  # nothing is kept: all of it counts
    assert changed(code=code | {"makers": ["recmia.seeds"]}) == [beside]
    checkout.step("04_attack", "import beside as other")
    both = Changed("04_attack", ("beside",), ("04_attack.ipynb",))
    assert changed(code=code | {"makers": ["beside"]}) == [both]


def test_other_settings_are_neither_published_nor_approved(checkout: Checkout) -> None:
    code = f"import sys; sys.path.insert(0, {HERE!r}); import made_up\n"
    results = f"for step in {STEPS}: made_up.write_step(step, paths.artifacts)"
    folders = tuple(f"{step}/" for step in STEPS)
    checkout.step("04_attack", code + results, outputs=folders, sections=("cohorts",))
    plan = pipeline.make_plan("tiny", None, checkout.steps)
    pipeline.run(plan, out=io.StringIO())
    write_report(plan)
    folder = plan.paths.reports
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    cohorts = plan.settings.cohorts.model_copy(update={"members": 119})
    other = replace(plan, settings=plan.settings.model_copy(update={"cohorts": cohorts}))
    with pytest.raises(ArtifactError, match=r"other settings: 04_attack \(cohorts\)"):
        write_report(other, force=True)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    manifest = read_json(folder / "manifest.json")
    assert changed_settings(manifest, plan) == []
    assert changed_settings(manifest, other) == ["cohorts.members: 120, now 119"]


def test_an_edited_page_is_noticed_even_with_its_hash(plan: pipeline.Plan) -> None:
    from recmia.experiments.results import write_results
    from recmia.run.manifest import file_hashes, make_manifest
    from recmia.run.report import _write_pages
    from recmia.storage import read_json, write_json

    folder = plan.paths.reports
    write_results([r for step in STEPS for r in rows_of(step)], folder)
    _write_pages(folder, make_manifest(plan))
    check_report(folder)
    page = folder / "index.html"
    page.write_text(page.read_text().replace("0.945", "0.985"))
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": file_hashes(folder)})
    with pytest.raises(ArtifactError, match="index.html is not what the results give"):
        check_report(folder)


def test_nothing_to_report(plan: pipeline.Plan) -> None:
    with pytest.raises(ArtifactError, match="no results of 'tiny' yet.*recmia run"):
        write_report(plan)


def test_a_typed_file_that_says_otherwise_is_noticed(plan: pipeline.Plan) -> None:
    from recmia.experiments.results import frame, write_results
    from recmia.run.manifest import file_hashes, make_manifest
    from recmia.run.report import _write_pages
    from recmia.storage import read_json, write_json

    folder = plan.paths.reports
    rows = write_results([r for step in STEPS for r in rows_of(step)], folder)
    _write_pages(folder, make_manifest(plan))
    frame(rows).assign(value=0.5).to_parquet(folder / "results.parquet", index=False)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": file_hashes(folder)})
    with pytest.raises(ArtifactError, match="results.parquet differs from results.csv"):
        check_report(folder)


def test_tables_put_ours_beside_the_papers() -> None:
    from recmia.experiments.results import join_paper_values
    from recmia.run.papers import parts
    from recmia.run.registry import papers

    rows = sort_rows(join_paper_values([r for step in STEPS for r in rows_of(step)], papers()))
    (part,) = parts(rows, {}, {})
    tables = {table.name: table for table in part.tables}
    first = {line[0]: line[1:3] for line in tables["proposal-table-1"].rows}
    assert first["days"] == ("182", "182")
    assert first["interactions"] == ("557,248", "26,478,390")
    second = tables["proposal-table-2"]
    assert second.columns == (
        *("What", "Reading", "Condition", "Ours: ROC AUC", "Paper", "Difference", "Note"),
    )
    ours = {line[0]: line[3:6] for line in second.rows[:3]}
    assert ours["MLP on scores"] == ("0.945 [0.933, 0.957]", "0.90012", "+0.045")
    assert ours["Biased-MIA"][1] == "0.50694" and ours["DL-MIA"][1] == "0.50352"
    assert {line[4] for line in second.rows[3:]} == {"–"}
    curve = tables["proposal-leakage-curve"]
    assert curve.columns[2:] == ("0", "15", "45", "90")
    near = "target labels; augmented as non-members; against near-miss non-members"
    (line,) = [line for line in curve.rows if line[1] == near]
    assert line[2:] == ("0.480", "0.670★", "0.809", "0.945")


def test_results_of_the_report_are_those_of_the_steps(tmp_path: Path) -> None:
    from recmia.experiments.results import collect_results, write_results
    from recmia.run.registry import papers

    for step in STEPS:
        write_results(rows_of(step), tmp_path / step)
    rows = collect_results(tmp_path, papers())
    assert len(rows) == sum(len(rows_of(step)) for step in STEPS)
    write_results(rows, tmp_path)
    assert read_results(tmp_path) == rows
