"""The main study's part of a profile and its notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from recmia.data.settings import CohortSizes, Data, Preprocess
from recmia.experiments.paper import Paper, default, optional
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, registered_files
from recmia.papers.proposal.settings import (
    AttackTraining,
    Baselines,
    Figures,
    Mismatch,
    Sizes,
    Tuning,
)
from recmia.recommenders.settings import Target

BOTH_READINGS = ("augmented_as_nonmembers", "augmented_trained")


def source_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files of the click log that notebook 01 reads; none for the synthetic log.

    Raises:
        DataError: the files are not there.
    """
    return log_files(settings.data, paths)


def other_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files of the click logs that notebook 09 reads for its shadows.

    Raises:
        DataError: the files are not there.
    """
    logs = [shadow.data for shadow in settings.mismatch.shadows.values() if shadow.data]
    return [path for log in logs for path in log_files(log, paths)]


def log_files(data: Data, paths: StudyPaths) -> list[Path]:
    """Files of a click log; none for the synthetic one.

    Raises:
        DataError: the files are not there.
    """
    if data.source == "file":
        from recmia.data.files import parts

        path = paths.data / Path(str(data.path)).expanduser()
        return [source.path for source in parts(path)]
    return registered_files([data.source], paths)


PREPROCESSED = tuple(
    f"01_preprocess/{name}"
    for name in ("sessions.parquet", "items.parquet", "schema.pbtxt", "statistics.json")
)
REPEATED = ("dataset", "root_seed", "n_seeds")

PAPER = Paper(
    name="proposal",
    folder=Path(__file__).parent,
    sections={
        # null leaves out notebooks 02 to 06, for a profile that is about what comes after them
        "readings": (tuple[Literal[BOTH_READINGS], ...] | None, BOTH_READINGS),
        "data": optional(Data),
        "preprocess": default(Preprocess),
        "cohorts": optional(CohortSizes),
        "target": optional(Target),
        "attack": default(AttackTraining),
        "baselines": default(Baselines),
        "figures": default(Figures),
        "sizes": optional(Sizes),
        "tuning": optional(Tuning),
        "mismatch": optional(Mismatch),
    },
    needs=("data", "cohorts", "target"),
    steps=(
        Step(
            "01_preprocess",
            "01_preprocess.ipynb",
            "Click log to sessions",
            sections=("dataset", "root_seed", "device", "data", "preprocess"),
            outputs=(*PREPROCESSED, "01_preprocess/results.csv"),
            external_inputs=source_files,
        ),
        Step(
            "02_augment",
            "02_augment.ipynb",
            "Similar items, near-misses and cohorts",
            sections=(*REPEATED, "readings", "cohorts"),
            inputs=PREPROCESSED,
            outputs=("02_augment/",),
        ),
        Step(
            "03_train",
            "03_train.ipynb",
            "Target and shadow recommenders",
            sections=(*REPEATED, "readings", "device", "target", "intervals"),
            inputs=(*PREPROCESSED, "02_augment/"),
            outputs=("03_train/",),
        ),
        Step(
            "04_attack",
            "04_attack.ipynb",
            "The MLP attack, its controls and leakage curves",
            sections=(*REPEATED, "readings", "device", "target", "attack", "intervals"),
            inputs=(*PREPROCESSED, "02_augment/", "03_train/"),
            outputs=("04_attack/",),
        ),
        Step(
            "05_baselines",
            "05_baselines.ipynb",
            "Biased-MIA, DL-MIA and simple baselines",
            sections=(*REPEATED, "readings", "device", "target", "baselines", "intervals"),
            inputs=(*PREPROCESSED, "02_augment/", "03_train/"),
            outputs=("05_baselines/",),
        ),
        Step(
            "06_figures",
            "06_figures.ipynb",
            "Figures and tables",
            sections=(*REPEATED, "readings", "device", "target", "attack", "intervals", "figures"),
            inputs=(
                "01_preprocess/results.csv",
                "02_augment/",
                "03_train/",
                "04_attack/",
                "05_baselines/",
            ),
            outputs=("06_figures/", "reports:figures/proposal/"),
        ),
        Step(
            "07_sizes",
            "07_sizes.ipynb",
            "Leakage against the number of sessions",
            sections=(*REPEATED, "device", "cohorts", "target", "attack", "intervals", "sizes"),
            inputs=PREPROCESSED,
            outputs=("07_sizes/", "reports:figures/proposal.sizes/"),
        ),
        Step(
            "08_tuning",
            "08_tuning.ipynb",
            "A target tuned on validation",
            sections=(
                *("dataset", "root_seed", "device", "cohorts", "target", "attack", "intervals"),
                "tuning",
            ),
            inputs=PREPROCESSED,
            outputs=("08_tuning/", "reports:figures/proposal.tuning/"),
        ),
        Step(
            "09_mismatch",
            "09_mismatch.ipynb",
            "A shadow that does not match",
            sections=(
                *(*REPEATED, "device", "preprocess", "cohorts", "target", "attack"),
                *("intervals", "mismatch"),
            ),
            inputs=PREPROCESSED,
            outputs=("09_mismatch/", "reports:figures/proposal.mismatch/"),
            external_inputs=other_files,
        ),
    ),
)
