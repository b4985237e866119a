"""What was cut off, edited or emptied is seen, and either made again or named; never believed."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from recmia.errors import ArtifactError, DamagedError
from recmia.experiments.results import write_results
from recmia.recommenders.weights import load_state, save_state
from recmia.run import pipeline
from recmia.run.fingerprint import HashCache, path_hashes, step_parts
from recmia.run.lock import run_lock
from recmia.run.manifest import file_hashes, make_manifest, read_manifest
from recmia.run.records import noted_choices, read_record, write_record
from recmia.run.report import _write_pages, check_report, write_report
from recmia.storage import content_hash, read_arrays, read_json, write_arrays, write_json

from .conftest import Checkout
from .made_up import rows_of

STEPS = ("01_preprocess", "02_augment", "03_train", "04_attack", "05_baselines")
# What may stand where a mapping of ours was: nothing, half of it, bytes, another type, other keys.
HARMED = [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'{"parts": 3}', b"[" * 100_000]


@pytest.fixture
def finished(checkout: Checkout) -> pipeline.Plan:
    """A run of one step that is up to date, without the seconds that a kernel takes."""
    outputs = tuple(f"{step}/" for step in STEPS)
    step = checkout.step("04_attack", "pass", outputs=outputs)
    plan = pipeline.make_plan("tiny", None, checkout.steps)
    for name in STEPS:
        write_results(rows_of(name), plan.paths.artifacts / name)
    remember(plan, step)
    assert states(plan) == [("up to date", "")]
    return plan


def remember(plan: pipeline.Plan, step) -> None:
    """The record of a finished run."""
    cache = HashCache(plan.paths)
    parts = step_parts(step, plan.settings, plan.paths, cache)
    now = "2026-01-01T00:00:00+00:00"
    write_record(
        plan.paths,
        step,
        {
            "step": step.name, "key": content_hash(parts), "parts": parts,
            "outputs": path_hashes(plan.paths, step.outputs, cache), "seconds": 1.0,
            "peak_memory_bytes": 1, "started": now, "finished": now, "commit": {},
        },
    )  # fmt: skip
    cache.save()


def states(plan: pipeline.Plan) -> list[tuple[str, str]]:
    return [(now.state, now.reason) for now in pipeline.status(plan)]


def another_cell(path: Path) -> None:
    """One number is another, of as many digits, and the file says that it is as old as before."""
    stat, text = path.stat(), path.read_text()
    assert "0.945" in text
    path.write_text(text.replace("0.945", "0.987"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


HARMS: dict[str, Callable[[Path], None]] = {
    "another cell": another_cell,
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "other bytes": lambda path: path.write_bytes(b"\xff\x00" * 50),
    "removed": Path.unlink,
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_output_is_made_again_and_not_published(
    finished: pipeline.Plan, harm: str
) -> None:
    page, _ = write_report(finished)
    before = file_hashes(page.parent)
    HARMS[harm](finished.paths.artifacts / "04_attack" / "results.csv")
    assert states(finished) == [("to run", "output 04_attack/ is modified")]
    with pytest.raises(ArtifactError, match=r"output 04_attack/ is modified.*recmia run"):
        write_report(finished, force=True)
    assert file_hashes(page.parent) == before


def test_that_a_step_is_made_again_is_said(checkout: Checkout) -> None:
    write = "(paths.artifacts / 'a' / 'x.txt').write_text('one')"
    checkout.step("a", write)
    plan = pipeline.make_plan("tiny", None, checkout.steps)
    pipeline.run(plan, out=io.StringIO())
    (plan.paths.artifacts / "a" / "x.txt").write_text("two")
    out = io.StringIO()
    pipeline.run(plan, out=out)
    assert "made again: output a/ is modified" in out.getvalue()
    assert (plan.paths.artifacts / "a" / "x.txt").read_text() == "one"


@pytest.mark.parametrize("content", HARMED)
@pytest.mark.parametrize("name", ["hashes.json", "04_attack.json", "choices.json", "lock"])
def test_what_the_pipeline_remembers(finished: pipeline.Plan, name: str, content: bytes) -> None:
    """Hashes are taken again; a step without a record that can be read is run again."""
    paths = finished.paths
    (paths.records / name).write_bytes(content)
    told = [("to run", "not run yet")] if name == "04_attack.json" else [("up to date", "")]
    assert states(finished) == told
    if name == "choices.json":
        assert noted_choices("tiny") is None
    if name == "lock":
        with run_lock(paths):
            pass


@pytest.mark.parametrize("entry", [3, [], [1, 2], [1, 2, 3, 4, 5], {"a": 1}])
def test_a_remembered_hash_of_another_kind(finished: pipeline.Plan, entry) -> None:
    file = finished.paths.records / "hashes.json"
    write_json(file, dict.fromkeys(read_json(file), entry))
    assert states(finished) == [("up to date", "")]


def test_half_a_record_is_none(finished: pipeline.Plan) -> None:
    [step] = finished.steps
    record = read_record(finished.paths, step)
    for name in record:
        write_record(finished.paths, step, {k: v for k, v in record.items() if k != name})
        assert (read_record(finished.paths, step) is None) == (name != "step"), name


@pytest.mark.parametrize("harm", HARMS)
def test_a_report_is_not_made_again_from_edited_results(finished: pipeline.Plan, harm: str) -> None:
    """A clone has no artifacts: its pages are made from results.csv, as it was published."""
    page, _ = write_report(finished)
    shutil.rmtree(finished.paths.artifacts)
    write_report(finished, force=True)
    HARMS[harm](page.parent / "results.csv")
    before = file_hashes(page.parent)
    with pytest.raises(
        ArtifactError, match=r"results.csv is not as it was published.*git checkout"
    ):
        write_report(finished, force=True)
    assert file_hashes(page.parent) == before


@pytest.mark.parametrize("content", HARMED)
def test_a_damaged_manifest_is_named(finished: pipeline.Plan, content: bytes) -> None:
    folder = finished.paths.reports
    write_results([row for step in STEPS for row in rows_of(step)], folder)
    _write_pages(folder, make_manifest(finished))
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"manifest.json is damaged"):
        check_report(folder)
    with pytest.raises(DamagedError, match=r"manifest.json is damaged"):
        read_manifest(folder)
    write_report(finished, force=True)
    check_report(folder)


@pytest.mark.parametrize("content", HARMED)
def test_damaged_files_are_named_where_they_are_read(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "lists.npz"
    file.write_bytes(content)
    with pytest.raises(DamagedError, match=r"lists\.npz is damaged.*Remedy: remove it"):
        read_arrays(file)
    if content in HARMED[:3]:
        with pytest.raises(DamagedError, match=r"lists\.npz is damaged"):
            read_json(file)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_arrays_that_were_cut_or_edited(tmp_path: Path, share: float) -> None:
    file = write_arrays(tmp_path / "x.npz", a=np.arange(1000), b=np.ones(500))
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DamagedError, match=r"x\.npz"):
        read_arrays(file)
    place = 200 + int(share * 7000)
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
    with pytest.raises(DamagedError, match=r"x\.npz"):
        read_arrays(file)


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    with open(tmp_path / "x.npz", "wb") as file:
        np.save(file, np.arange(3))
    with pytest.raises(DamagedError, match=r"x\.npz"):
        read_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize("harm", ["cut off", "emptied", "other bytes", "another kind"])
def test_a_damaged_training_state_is_not_used(tmp_path: Path, capsys, harm: str) -> None:
    path, model = tmp_path / "state.safetensors", torch.nn.Linear(3, 2)
    optimiser = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    save_state(path, model, optimiser, {"curve": [1]})
    kept = {name: value.clone() for name, value in model.named_parameters()}
    optimiser.step()
    assert load_state(path, model, optimiser) == {"curve": [1]}
    assert all(torch.equal(kept[name], value) for name, value in model.named_parameters())
    if harm == "another kind":
        save_file({"weight": torch.ones(3)}, path)
    else:
        HARMS[harm](path)
    assert load_state(path, model, optimiser) is None
    assert f"{path} is damaged" in capsys.readouterr().err
    assert load_state(tmp_path / "none", model, optimiser) is None


def test_damage_crosses_processes() -> None:
    import pickle

    error = DamagedError(Path("a.npz"), ValueError("cut"))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert json.dumps(str(error))
