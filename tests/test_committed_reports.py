"""Every committed report still follows from its results."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from recmia.experiments.results import read_results
from recmia.experiments.selecting import select
from recmia.run.findings import findings_of, sentence
from recmia.run.papers import parts
from recmia.run.pipeline import make_plan
from recmia.run.registry import papers
from recmia.run.remade import STEP, sessions_remade
from recmia.run.report import check_report
from recmia.storage import read_json

ROOT = Path(__file__).resolve().parents[1]


def committed() -> list[str]:
    """Profiles whose manifest git tracks, or, outside git, that lie in ``reports/``."""
    command = ["git", "-C", str(ROOT), "ls-files", "reports/*/manifest.json"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        found = [str(p.relative_to(ROOT)) for p in ROOT.glob("reports/*/manifest.json")]
    return [Path(name).parent.name for name in found]


@pytest.mark.parametrize("profile", committed() or [None])
def test_report_is_what_its_results_give(profile: str | None) -> None:
    if profile is None:
        pytest.skip("no report is committed in reports/ yet")
    check_report(ROOT / "reports" / profile)


@pytest.mark.parametrize("profile", committed() or [None])
def test_report_names_no_folder_of_a_machine(profile: str | None) -> None:
    if profile is None:
        pytest.skip("no report is committed in reports/ yet")
    for path in (ROOT / "reports" / profile).rglob("*"):
        if path.suffix in {".html", ".json", ".csv", ".md", ".svg"}:
            text = path.read_text(encoding="utf-8")
            for folder in ("home", "root", "Users", "tmp", "work"):
                assert f"/{folder}/" not in text, f"{path.name} names a path below /{folder}"
            assert "site-packages/" not in text


@pytest.mark.parametrize("profile", committed() or [None])
def test_every_result_that_is_declared_stands_in_a_table(profile: str | None) -> None:
    if profile is None:
        pytest.skip("no report is committed in reports/ yet")
    folder = ROOT / "reports" / profile
    for part in parts(read_results(folder), read_json(folder / "manifest.json")["settings"], {}):
        for artefact in part.artefacts:
            shown, table = artefact["shown"], artefact["table"]
            rows = select(part.rows, {"artefact": shown.artefact or artefact["name"], **shown.rows})
            wanted = [r for r in rows if not shown.metrics or r.metric in shown.metrics]
            ours = [i for i in table.numeric if table.columns[i] not in ("Paper", "Difference")]
            cells = [line[i] for line in table.rows for i in ours if not line[i].startswith("–")]
            assert len(cells) == sum(row.value is not None for row in wanted), artefact["name"]


@pytest.mark.real
@pytest.mark.parametrize("profile", committed() or [None])
def test_the_sessions_of_a_report_are_made_again_byte_for_byte(
    profile: str | None, real_data: Path, tmp_path: Path, monkeypatch
) -> None:
    """What every later step rests on: the code that reads and cleans may change, not its result."""
    if profile is None:
        pytest.skip("no report is committed in reports/ yet")
    monkeypatch.setenv("RECMIA_DATA", str(real_data))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path))
    manifest = read_json(ROOT / "reports" / profile / "manifest.json")
    if all(step["name"] != STEP for step in manifest["steps"]):
        pytest.skip("the report has no sessions")
    assert sessions_remade(manifest, make_plan(profile, {})) is True
    for step in manifest["steps"]:
        if step["name"] == STEP:
            step["outputs"][f"{STEP}/sessions.parquet"] = "another"
    assert sessions_remade(manifest, make_plan(profile, {})) is False


@pytest.mark.parametrize("paper", papers(), ids=lambda paper: paper.name)
def test_every_finding_stands_in_a_report(paper) -> None:
    """Each whose artefacts are in the committed reports at all."""
    reports = [read_results(ROOT / "reports" / profile) for profile in committed()]
    own = [[row for row in rows if row.study == paper.name] for rows in reports]
    there = {row.artefact for rows in own for row in rows}
    for number, finding in enumerate(findings_of(paper), start=1):
        if there.issuperset(wanted.get("artefact") for wanted in finding.numbers.values()):
            said = [sentence(f"finding {number}", finding, rows) for rows in own]
            assert any(said), f"{paper.name}, finding {number} is said by no report"
