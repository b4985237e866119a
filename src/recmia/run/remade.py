"""Would today's code make a written report as it is?"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recmia.errors import RecmiaError
from recmia.preprocess import preprocess
from recmia.run.pipeline import Plan
from recmia.run.report import Changed
from recmia.storage import file_hash

STEP = "01_preprocess"
COMPARED = ("sessions.parquet", "items.parquet")


def sessions_remade(manifest: Mapping[str, Any], plan: Plan) -> bool | None:
    """Clean the source data again, in a folder of its own, and compare with the manifest.

    It takes seconds, and whatever changed in the code that reads and cleans, equal bytes say that
    no later step has to be run again for it.

    Args:
        manifest: of a report.
        plan: of its profile; the settings are the report's.

    Returns:
        Whether all came out byte for byte; None where the report has no sessions, or the source
        data are not at hand.
    """
    then = next((step["outputs"] for step in manifest["steps"] if step["name"] == STEP), None)
    if then is None or not _at_hand(plan):
        return None
    settings = plan.settings
    with tempfile.TemporaryDirectory() as folder:
        preprocess(
            settings.data,
            settings.preprocess,
            plan.paths.data,
            Path(folder),
            seed=settings.root_seed,
            device="cpu",
        )
        return all(file_hash(Path(folder) / name) == then[f"{STEP}/{name}"] for name in COMPARED)


def print_code(same: bool | None, changed: Sequence[Changed]) -> None:
    """Say how today's code stands to a written report.

    Args:
        same: of `sessions_remade`.
        changed: of `recmia.run.report.changed_code`.
    """
    if same is not None:
        verdict = "byte for byte those of the report" if same else "NOT those of the report"
        print(f"{STEP}: made again from the source data, the sessions are {verdict}.")
    for step in changed:
        if step.step == STEP and same:
            continue  # other code made the same
        if step.makers:
            names = ", ".join(name.removeprefix("recmia.") for name in step.makers)
            print(f"{step.step}: what it kept was made by other code: {names}.")
        if step.others:
            print(
                f"{step.step}: {len(step.others)} more that its cells reach are other code; no "
                "kept result rests on them."
            )
    if not changed:
        print("The code that made it is the code that is here.")


def _at_hand(plan: Plan) -> bool:
    step = next(step for step in plan.steps if step.name == STEP)
    try:
        return all(path.exists() for path in step.external_inputs(plan.settings, plan.paths))
    except RecmiaError:  # a named data set that was not fetched
        return False
