"""The main study's part of a profile and its notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from recmia.data.settings import CohortSizes, Data, Preprocess
from recmia.experiments.paper import Paper, default, optional
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, registered_files
from recmia.papers.proposal.settings import AttackTraining, Baselines, Figures, Sizes
from recmia.recommenders.settings import Target

BOTH_READINGS = ("augmented_as_nonmembers", "augmented_trained")


def source_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files of the click log that notebook 01 reads; none for the synthetic log.

    Raises:
        DataError: the files are not there.
    """
    if settings.data.source == "file":
        from recmia.data.files import parts

        path = paths.data / Path(str(settings.data.path)).expanduser()
        return [source.path for source in parts(path)]
    return registered_files([settings.data.source], paths)


PREPROCESSED = tuple(
    f"01_preprocess/{name}"
    for name in ("sessions.parquet", "items.parquet", "schema.pbtxt", "statistics.json")
)
REPEATED = ("dataset", "root_seed", "n_seeds")

PAPER = Paper(
    name="proposal",
    folder=Path(__file__).parent,
    sections={
        "readings": (tuple[Literal[BOTH_READINGS], ...], BOTH_READINGS),
        "data": optional(Data),
        "preprocess": default(Preprocess),
        "cohorts": optional(CohortSizes),
        "target": optional(Target),
        "attack": default(AttackTraining),
        "baselines": default(Baselines),
        "figures": default(Figures),
        "sizes": optional(Sizes),
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
            sections=(*REPEATED, "device", "target", "baselines", "intervals"),
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
    ),
)
