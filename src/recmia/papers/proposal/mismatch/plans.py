"""The models of notebook 09: target and shadows, and the logs that they learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError

from recmia.data import registry
from recmia.data.settings import OWN, Data
from recmia.errors import SettingsError
from recmia.experiments.kept import Kept
from recmia.experiments.study import Study
from recmia.papers.proposal.mismatch.training import keep_sessions
from recmia.papers.proposal.paper import log_files
from recmia.papers.proposal.settings import MATCHED
from recmia.papers.proposal.training import study_vocabulary
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM

STEP = "09_mismatch"
TARGET = "target"


@dataclass(frozen=True)
class Plan:
    """The target, or a shadow.

    Attributes:
        title: in tables.
        members: sessions that it is trained on.
        target: settings of its training.
        data: its click log, where that is not the target's.
    """

    title: str
    members: int
    target: Target
    data: Data | None = None


@cache
def plans(study: Study) -> dict[str, Plan]:
    """The target, the matched shadow and the others, by name.

    Raises:
        SettingsError: a shadow's settings contradict each other, or are those of the target.
    """
    chosen = study.settings.mismatch
    base = _trained("target", study.settings.target, chosen.target)
    found = {
        TARGET: Plan(TARGET, chosen.members, base),
        MATCHED: Plan(MATCHED, chosen.members, base),
    }
    for name, shadow in chosen.shadows.items():
        target = _trained(f"shadows.{name}.target", base, shadow.target)
        members = shadow.members or chosen.members
        if (members, target, shadow.data) == (chosen.members, base, None):
            raise SettingsError(
                f"mismatch.shadows.{name} has nothing otherwise than the target. Remedy: change a "
                "setting that it names, or leave it out."
            )
        found[name] = Plan(shadow.title, members, target, shadow.data)
    return found


def _trained(where: str, base: Target, changes: Any) -> Target:
    try:
        return base.changed(**changes.model_dump(exclude_unset=True))
    except ValidationError as error:
        raise SettingsError(f"mismatch.{where}: {error.errors()[0]['msg']}") from None


def shadow_names(study: Study) -> list[str]:
    """Names of the shadows, the matched one first."""
    return [name for name in plans(study) if name != TARGET]


def seeds(study: Study) -> range:
    """Repetitions: 0 to their number - 1."""
    return range(study.settings.mismatch.seeds or study.settings.n_seeds)


@cache
def other_sessions(study: Study, name: str) -> Kept:
    """Folder with the cleaned sessions of a shadow's own click log, as of notebook 01."""
    data = plans(study)[name].data
    return Kept(
        study.folder(STEP) / name / "sessions",
        keep_sessions,
        log_files(data, study.paths),
        layout=None if data.source in OWN else registry.layout(data.source),
        data=data,
        settings=study.settings.preprocess,
        seed=child_seed(study.settings.root_seed, STEP, name),
        device=study.device,
    )


def prepare_all(study: Study) -> dict[str, int]:
    """Clean the other click logs; what is current is kept.

    Returns:
        Of the target and of each shadow the vocabulary size V.
    """
    for name, plan in plans(study).items():
        if plan.data is not None:
            other_sessions(study, name).ensure(data_folder=study.paths.data)
    return {name: vocabulary(study, name) for name in plans(study)}


def vocabulary(study: Study, name: str) -> int:
    """V of the target's or a shadow's log, which has been cleaned."""
    if plans(study)[name].data is None:
        return study_vocabulary(study)
    items = other_sessions(study, name).path / "items.parquet"
    return pq.read_metadata(items).num_rows + FIRST_ITEM
