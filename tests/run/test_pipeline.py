"""The pipeline: skips by content, resumes after kill -9, refuses what it does not know."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from recmia.data import registry
from recmia.errors import ArtifactError, SettingsError
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import registered_files
from recmia.run import pipeline
from recmia.run.execute import Log, StepFailed, _explain
from recmia.run.lock import run_lock
from recmia.run.settings import PROFILES

from .conftest import Checkout, record_of

WRITE_A = "(paths.artifacts / 'a' / 'x.txt').write_text('one')"
WRITE_B = (
    "text = (paths.artifacts / 'a' / 'x.txt').read_text()\n"
    "(paths.artifacts / 'b' / 'y.txt').write_text(text.upper())"
)


def two_steps(checkout: Checkout) -> None:
    checkout.step("a", WRITE_A)
    checkout.step("b", WRITE_B, inputs=("a/",))


def run(checkout: Checkout, **options) -> str:
    overrides = options.pop("overrides", None)
    out = io.StringIO()
    pipeline.run(pipeline.make_plan("tiny", overrides, checkout.steps), out=out, **options)
    return out.getvalue()


def states(checkout: Checkout) -> list[tuple[str, str]]:
    plan = pipeline.make_plan("tiny", None, checkout.steps)
    return [(s.state, s.reason) for s in pipeline.status(plan)]


def test_runs_once_and_skips_by_content(checkout: Checkout) -> None:
    two_steps(checkout)
    assert [state for state, _ in states(checkout)] == ["to run", "blocked"]
    text = run(checkout)
    artifacts = checkout.root / "artifacts" / "tiny"
    assert (artifacts / "b" / "y.txt").read_text() == "ONE"
    assert (artifacts / "notebooks" / "a.ipynb").exists()
    assert text.count("done in") == 2
    record = record_of(artifacts, "a")
    assert record["peak_memory_bytes"] > 20e6  # a Python kernel takes tens of megabytes
    assert 0 < record["seconds"] < 60

    os.utime(artifacts / "a" / "x.txt")  # touched, same content
    assert run(checkout).count("up to date") == 2
    assert (checkout.count("a"), checkout.count("b")) == (1, 1)
    assert [state for state, _ in states(checkout)] == ["up to date"] * 2

    (artifacts / "a" / "x.txt").write_text("two")
    assert states(checkout)[0] == ("to run", "output a/ is modified")
    run(checkout)  # a is made again, to the same bytes: b has nothing to do
    assert (checkout.count("a"), checkout.count("b")) == (2, 1)

    checkout.step("a", WRITE_A.replace("one", "three"))
    assert states(checkout)[0] == ("to run", "changed: notebook")
    assert states(checkout)[1] == ("blocked", "waits for a")
    run(checkout)
    assert (artifacts / "b" / "y.txt").read_text() == "THREE"


def test_settings_matter_only_where_declared(checkout: Checkout) -> None:
    checkout.step("a", WRITE_A, sections=("root_seed", "intervals"))
    tiny = (PROFILES / "tiny.yaml").read_text()
    profile = checkout.root / "mine.yaml"

    def plan(text: str) -> pipeline.Plan:
        profile.write_text(text)
        return pipeline.make_plan(str(profile), None, checkout.steps)

    pipeline.run(plan(tiny), out=io.StringIO())
    other = plan(tiny.replace("attack: {", "attack: {learning_rate: 0.5, "))
    assert pipeline.status(other)[0].state == "up to date"
    other = plan(tiny.replace("repeats: 50", "repeats: 77"))
    assert pipeline.status(other)[0].reason == "changed: settings (intervals)"


def test_of_the_data_sets_only_the_layouts_that_are_read_matter(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = checkout.root / "data"
    data.mkdir()
    (data / "ratings_Beauty.csv").write_text("a,X,1,1\n")
    monkeypatch.setenv("RECMIA_DATA", str(data))
    checkout.step(
        "a",
        "import recmia.data.clicks\n" + WRITE_A,  # its code reaches the registry
        external_inputs=lambda _, paths: registered_files(["amazon-beauty"], paths),
    )
    run(checkout)
    known = {entry.name: entry for entry in registry.sources()}
    beauty = known["amazon-beauty"]

    def changed(**entries: registry.Source) -> None:
        monkeypatch.setattr(registry, "_load", lambda: known | entries)

    layout = beauty.layout.model_copy(update={"delimiter": ";"})
    changed(another=known["ml-1m"].model_copy(update={"name": "another", "layout": layout}))
    assert states(checkout) == [("up to date", "")]
    changed(**{beauty.name: beauty.model_copy(update={"layout": layout})})
    assert states(checkout) == [("to run", "changed: layouts (amazon-beauty)")]


def test_overrides_make_a_run_of_its_own(checkout: Checkout) -> None:
    checkout.step("a", "(paths.artifacts / 'a' / 'seed').write_text(str(settings.root_seed))")
    run(checkout)
    run(checkout, overrides={"root_seed": 5})
    seeds = {p.parts[-3]: p.read_text() for p in checkout.root.glob("artifacts/*/a/seed")}
    plain = seeds.pop("tiny")
    (name,) = seeds
    assert name.startswith("tiny+") and len(name) == len("tiny+") + 8
    assert (plain, seeds[name]) == ("20261121", "5")


def test_only_and_force(checkout: Checkout) -> None:
    two_steps(checkout)
    with pytest.raises(ArtifactError, match=r"a/ is missing.*run step a first"):
        run(checkout, only=["b"])
    run(checkout)
    left_over = checkout.root / "artifacts" / "tiny" / "b" / "checkpoint"
    left_over.write_text("")
    run(checkout, only=["b"], force=True)
    assert (checkout.count("a"), checkout.count("b")) == (1, 2)
    assert not left_over.exists()
    with pytest.raises(SettingsError, match="no step of: a, b"):
        run(checkout, only=["zzz"])


def test_a_failing_cell(checkout: Checkout) -> None:
    checkout.step("a", "from recmia.errors import DataError\nraise DataError('no', line=3)")
    with pytest.raises(StepFailed) as caught:
        run(checkout)
    first, *rest = str(caught.value).split("\n")
    assert first == "a.ipynb, In [5]: line 3: no"  # ours: without class and traceback
    executed = checkout.root / "artifacts" / "tiny" / "notebooks" / "a.ipynb"
    assert rest == [f"Executed notebook: {executed}", f"Log: {executed.parents[1] / 'run.log'}"]
    assert "Traceback" in executed.read_text()
    assert "failed: In [5]: line 3: no" in (executed.parents[1] / "run.log").read_text()
    assert states(checkout) == [("to run", "not run yet")]


def test_braces_and_blanks_in_folders(tmp_path: Path, monkeypatch) -> None:
    """Papermill takes braces in its paths for parameters of its own."""
    monkeypatch.setenv("RECMIA_HOME", str(tmp_path / "check {x} out"))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "art }{0} {profile}é"))
    odd = Checkout(tmp_path / "check {x} out")
    odd.step("a", WRITE_A)
    assert "done in" in run(odd)
    assert (tmp_path / "art }{0} {profile}é" / "tiny" / "notebooks" / "a.ipynb").is_file()


def test_errors_of_the_machine_come_with_a_remedy(checkout: Checkout, tmp_path: Path) -> None:
    paths = StudyPaths("tiny")
    paths.artifacts.mkdir(parents=True)
    plain = _explain("ZeroDivisionError", "division by zero", 5, paths)
    assert plain == "In [5]: ZeroDivisionError: division by zero"
    full = _explain("OSError", str(OSError(28, os.strerror(28))), 5, paths)
    assert re.search(r"The disk is full \(\d+\.\d GiB free.*Remedy", full)
    for name, said in (("MemoryError", ""), ("RuntimeError", "CUDA out of memory. Tried ...")):
        assert "Memory ran out. Remedy" in _explain(name, said, 5, paths)


def test_a_dead_kernel_is_named(checkout: Checkout) -> None:
    checkout.step("a", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(StepFailed, match="The kernel died.*too much memory"):
        run(checkout)


def test_missing_output_and_log(checkout: Checkout) -> None:
    checkout.step("a", "import sys; print('said'); print('warned', file=sys.stderr)")
    with pytest.raises(ArtifactError, match="without writing a/"):
        run(checkout)
    log = (checkout.root / "artifacts" / "tiny" / "run.log").read_text()
    for word in ("said", "warned"):
        # Once, with its time, although the kernel writes it twice.
        assert [line[:2] for line in log.splitlines() if line.endswith(word)] == ["20"]


def test_unknown_parameter_is_refused_before_anything_runs(checkout: Checkout) -> None:
    two_steps(checkout)
    checkout.notebook("b.ipynb", "1", parameters='profile: str = "tiny"\nseed = 1')
    with pytest.raises(SettingsError, match="b.ipynb has no parameter overrides"):
        run(checkout)
    assert checkout.count("a") == 0


def test_kernel_is_this_interpreter_in_the_root(checkout: Checkout) -> None:
    code = """
    import json, os, sys
    seen = [sys.executable, os.getcwd(), os.environ["PYTHONHASHSEED"]]
    (paths.artifacts / "a" / "seen.json").write_text(json.dumps(seen))
    """
    checkout.step("a", textwrap.dedent(code))
    run(checkout)
    seen = json.loads((checkout.root / "artifacts/tiny/a/seen.json").read_text())
    assert seen == [sys.executable, str(checkout.root), "0"]


def test_lock_refuses_a_second_run(checkout: Checkout) -> None:
    two_steps(checkout)
    with run_lock(StudyPaths("tiny")):
        probe = subprocess.run(
            [sys.executable, "-c", PIPELINE, "a"], capture_output=True, text=True, cwd=checkout.root
        )
    assert f"process {os.getpid()}" in probe.stderr and "at work" in probe.stderr
    assert checkout.count("a") == 0


# The pipeline in a process of its own, so that it can be killed: one slow step that checkpoints.
PIPELINE = """
import sys
from recmia.run import pipeline
from recmia.experiments.step import Step
steps = [Step("a", "a.ipynb", "A", sections=("root_seed",), outputs=("a/",))]
pipeline.run(pipeline.make_plan("tiny", None, steps))
"""
SLOW = """
import json, os, time
from recmia.progress import track
done = paths.artifacts / "a" / "done"
done.mkdir(exist_ok=True)
(paths.root / "kernel.pid").write_text(str(os.getpid()))
with track(3, "parts") as t:
    for part in range(3):
        if not (done / str(part)).exists():
            with open(paths.root / "parts", "a") as f:
                f.write(str(part))
            if part == 2 and not (paths.root / "fast").exists():
                time.sleep(600)
            (done / str(part)).write_text("")
        t.update()
"""


def wait_for(path: Path, text: str, seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not (path.exists() and path.read_text() == text):
        assert time.monotonic() < until, f"{path.name} never became {text!r}"
        time.sleep(0.05)


@pytest.mark.slow
def test_killed_in_a_step_and_resumed(checkout: Checkout) -> None:
    checkout.step("a", SLOW)
    command = [sys.executable, "-c", PIPELINE]
    with subprocess.Popen(command, cwd=checkout.root, stderr=subprocess.PIPE) as process:
        wait_for(checkout.root / "parts", "012")
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    assert process.returncode != 0
    kernel = int((checkout.root / "kernel.pid").read_text())
    (checkout.root / "fast").write_text("")
    subprocess.run(command, cwd=checkout.root, check=True, stdout=subprocess.DEVNULL)
    assert not psutil.pid_exists(kernel)
    # The finished parts were not done again, and the step counts as finished now.
    assert (checkout.root / "parts").read_text() == "0122"
    assert states(checkout) == [("up to date", "")]


def test_log_keeps_whole_lines_and_last_state(tmp_path: Path) -> None:
    log = Log(tmp_path / "run.log")
    log.write("10%\r50%\r100%\nhalf ")
    log.flush()
    log.write("line\nend")
    log.close()
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert [line[20:] for line in lines] == ["100%", "half line", "end"]


def test_an_override_takes_over_the_steps_that_it_does_not_touch(checkout: Checkout) -> None:
    checkout.step("a", WRITE_A)
    checkout.step("b", WRITE_B, sections=("attack",), inputs=("a/",))
    run(checkout)
    now = pipeline.status(pipeline.make_plan("tiny", {"attack.epochs": 5}, checkout.steps))
    assert [s.reason for s in now] == ["not run yet; to be had from 'tiny'", "waits for a"]
    said = run(checkout, overrides={"attack.epochs": 5})
    assert re.findall(r"^(\w) .*(as in 'tiny'|done)", said, re.M) == [
        ("a", "as in 'tiny'"),
        ("b", "done"),
    ]
    assert (checkout.count("a"), checkout.count("b")) == (1, 2)
    (other,) = checkout.root.glob("artifacts/tiny+*")
    assert (other / "a" / "x.txt").read_text() == "one" and (other / "notebooks/a.ipynb").exists()
    assert record_of(other, "a")["taken_from"] == "tiny"
    # Runs of other overrides serve as well, and a step that was taken is no other's to change.
    run(checkout, overrides={"attack.epochs": 5}, only=["a"], force=True)
    assert checkout.count("a") == 2
    (checkout.root / "artifacts/tiny/a/x.txt").unlink()
    assert "as in 'tiny+" in run(checkout) and checkout.count("a") == 2
    assert run(checkout, overrides={"attack.epochs": 5}).count("up to date") == 2


def test_nothing_is_taken_that_is_not_as_its_record_says(checkout: Checkout) -> None:
    checkout.step("a", WRITE_A)
    run(checkout)
    (checkout.root / "artifacts/tiny/a/x.txt").write_text("edited")
    run(checkout, overrides={"attack.epochs": 5})
    assert checkout.count("a") == 2
    (other,) = checkout.root.glob("artifacts/tiny+*")
    assert (other / "a" / "x.txt").read_text() == "one"


def test_a_run_can_be_named_by_the_name_that_messages_give_it(checkout: Checkout) -> None:
    checkout.step("a", WRITE_A)
    run(checkout, overrides={"attack.epochs": 5})
    (other,) = checkout.root.glob("artifacts/tiny+*")
    plan = pipeline.make_plan(other.name, None, checkout.steps)
    assert plan.settings.name == other.name and plan.settings.attack.epochs == 5
    assert [s.state for s in pipeline.status(plan)] == ["up to date"]
    mine = checkout.root / "mine.yaml"
    mine.write_text((PROFILES / "tiny.yaml").read_text())
    pipeline.run(pipeline.make_plan(str(mine), None, checkout.steps), out=io.StringIO())
    assert pipeline.make_plan("mine", {"attack.epochs": 5}).parameters == {
        "profile": str(mine),
        "overrides": {"attack.epochs": 5},
    }


def test_a_cell_added_at_the_end_changes_nothing(checkout: Checkout) -> None:
    """Shift+Enter on the last cell adds an empty one, and JupyterLab saves outputs and counts."""
    checkout.step("a", WRITE_A)
    run(checkout)
    path = checkout.root / "notebooks" / "a.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[0].execution_count = 3
    book.cells += [nbformat.v4.new_code_cell(""), nbformat.v4.new_code_cell(" \n")]
    nbformat.write(book, path)
    assert states(checkout) == [("up to date", "")]
    book.cells.append(nbformat.v4.new_code_cell("1"))
    nbformat.write(book, path)
    assert states(checkout) == [("to run", "changed: notebook")]
