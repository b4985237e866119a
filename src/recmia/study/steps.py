"""The study's steps: each a notebook with declared settings, modules, inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recmia.study.paths import StudyPaths
from recmia.study.settings import Settings

ExternalInputs = Callable[[Settings, StudyPaths], list[Path]]


@dataclass(frozen=True)
class Step:
    """One notebook of the study.

    Attributes:
        name: e.g. "03_train"; also the folder of its outputs.
        notebook: file name below ``notebooks/``.
        title: what it does, for progress lines and the pipeline figure.
        sections: fields of :class:`Settings` that its result depends on.
        modules: dotted names whose source counts beside what the notebook imports from recmia,
            however deeply; plots and the pipeline itself count only where they are named here. A
            name with "/" is another file of the package.
        inputs: artifact-relative files, or folders ending in "/"; ``reports:`` before a path
            means below the report instead.
        outputs: as inputs.
        external_inputs: source files from outside the artifacts, told apart by name, size and
            modification time, for they may be too large to hash each time.
    """

    name: str
    notebook: str
    title: str
    sections: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    external_inputs: ExternalInputs | None = None


def source_files(settings: Settings, paths: StudyPaths) -> list[Path]:
    """Files of the click log that notebook 01 reads; none for the synthetic log.

    Raises:
        DataError: the files are not there.
    """
    if settings.data.source == "synthetic":
        return []
    if settings.data.source == "file":
        return [paths.data / Path(str(settings.data.path)).expanduser()]
    from recmia.data.registry import find_files

    return list(find_files(settings.data.source, paths.data))


def biased_mia_files(settings: Settings, paths: StudyPaths) -> list[Path]:
    """Files that notebook 11 reads; none for data sets that are made up.

    Raises:
        DataError: the files are not there.
    """
    return _found([data.source for data in settings.biased_mia.datasets.values()], paths)


def dl_mia_files(settings: Settings, paths: StudyPaths) -> list[Path]:
    """Files that notebook 12 reads; none for data sets that are made up.

    Raises:
        DataError: the files are not there.
    """
    halves = (settings.dl_mia.general, settings.dl_mia.sequential)
    return _found([data.source for half in halves for data in half.datasets.values()], paths)


def model_inversion_files(settings: Settings, paths: StudyPaths) -> list[Path]:
    """Files that notebook 13 reads; none for data sets that are made up.

    Raises:
        DataError: the files are not there.
    """
    from recmia.study.model_inversion.settings import FILES

    kinds = [data.source for data in settings.model_inversion.datasets.values()]
    return _found([name for kind in kinds for name in FILES.get(kind, ())], paths)


def _found(names: list[str], paths: StudyPaths) -> list[Path]:
    """Files of the named data sets, each once; what is made up has none."""
    from recmia.data.registry import find_files

    wanted = dict.fromkeys(name for name in names if name != "synthetic")
    return [path for name in wanted for path in find_files(name, paths.data)]


PREPROCESSED = tuple(
    f"01_preprocess/{name}"
    for name in ("sessions.parquet", "items.parquet", "schema.pbtxt", "statistics.json")
)
REPEATED = ("dataset", "root_seed", "n_seeds")

PROPOSAL_STEPS = (
    Step(
        "01_preprocess",
        "01_preprocess.ipynb",
        "Click log to sessions",
        sections=("dataset", "root_seed", "device", "data", "preprocess"),
        modules=("recmia.preprocess",),
        outputs=(*PREPROCESSED, "01_preprocess/results.json"),
        external_inputs=source_files,
    ),
    Step(
        "02_augment",
        "02_augment.ipynb",
        "Similar items, near-misses and cohorts",
        sections=(*REPEATED, "readings", "cohorts"),
        modules=("recmia.augment", "recmia.cohorts"),
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
        sections=(*REPEATED, "readings", "target", "figures"),
        modules=(
            *("recmia.plots", "recmia.study.steps"),
            *("recmia/recmia.mplstyle", "recmia/study/paper_values.csv"),
        ),
        inputs=(
            "01_preprocess/results.json",
            "02_augment/",
            "03_train/",
            "04_attack/",
            "05_baselines/",
        ),
        outputs=("reports:figures/proposal/",),
    ),
)


PAPER_STEPS = (
    Step(
        "11_biased_mia",
        "11_biased_mia.ipynb",
        "Biased-MIA (CCS 2021)",
        sections=("root_seed", "n_seeds", "device", "biased_mia", "intervals"),
        modules=("recmia.plots", "recmia/recmia.mplstyle"),
        outputs=("11_biased_mia/", "reports:figures/biased-mia/"),
        external_inputs=biased_mia_files,
    ),
    Step(
        "12_dl_mia",
        "12_dl_mia.ipynb",
        "DL-MIA (KDD 2022)",
        # Notebook 11's modules read biased_mia, which holds choices of dl_mia there.
        sections=("root_seed", "n_seeds", "device", "dl_mia", "biased_mia", "intervals"),
        modules=("recmia.plots", "recmia/recmia.mplstyle"),
        outputs=("12_dl_mia/", "reports:figures/dl-mia/"),
        external_inputs=dl_mia_files,
    ),
    Step(
        "13_model_inversion",
        "13_model_inversion.ipynb",
        "Model inversion by poisoning (PoPETs 2020)",
        sections=("root_seed", "device", "model_inversion", "intervals"),
        modules=("recmia.plots", "recmia/recmia.mplstyle"),
        outputs=("13_model_inversion/", "reports:figures/model-inversion/"),
        external_inputs=model_inversion_files,
    ),
)


def steps_of(settings: Settings) -> tuple[Step, ...]:
    """The steps of the studies that a profile has sections for."""
    main = PROPOSAL_STEPS if settings.target is not None else ()
    return main + tuple(
        step for step in PAPER_STEPS if getattr(settings, step.name[3:]) is not None
    )


def producer(steps: tuple[Step, ...], relative: str) -> Step | None:
    """The step that writes ``relative``."""
    for step in steps:
        for output in step.outputs:
            if relative == output or (output.endswith("/") and relative.startswith(output)):
                return step
    return None


def feeders(steps: tuple[Step, ...], chosen: Sequence[Step]) -> set[str]:
    """Names of the steps, outside ``chosen``, whose outputs these rest on, however deeply."""
    found: set[str] = set()
    queue = list(chosen)
    while queue:
        for name in queue.pop().inputs:
            made = producer(steps, name)
            if made is not None and made not in chosen and made.name not in found:
                found.add(made.name)
                queue.append(made)
    return found
