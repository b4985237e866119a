"""Every choice of a study run, as one checked value; profiles are YAML files of these choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from recmia.errors import SettingsError
from recmia.storage import content_hash
from recmia.study.biased_mia.settings import BiasedMIAStudy
from recmia.study.dl_mia.settings import DLMIAStudy
from recmia.study.model_inversion.settings import ModelInversionStudy
from recmia.study.section import Section

PROFILES = Path(__file__).parent / "profiles"


class SyntheticLog(Section):
    """The built-in click log (`recmia.data.synthetic`)."""

    clicks: int = Field(200_000, ge=100, description="clicks to generate, before cleaning")
    items: int = Field(2_000, ge=10, description="items in the catalogue")
    days: int = Field(182, ge=1, description="days that the log covers")


class Columns(Section):
    """Column names of a click log of one's own: `session`, or `user` with a gap."""

    session: str | None = None
    user: str | None = None
    item: str
    time: str | None = None
    category: str | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Columns:
        if (self.session is None) == (self.user is None):
            raise ValueError("name exactly one of 'session' and 'user'")
        if self.user is not None and self.time is None:
            raise ValueError("cutting users' histories into sessions needs the 'time' column")
        return self


class Data(Section):
    """Where the clicks come from."""

    source: Literal[
        "synthetic",
        "yoochoose",
        "yoochoose-sample",
        "yoochoose-1-64",
        "yoochoose-tsv",
        "ml-1m",
        "ml-latest-small",
        "ml-20m",
        "file",
    ] = "synthetic"
    path: str | None = Field(None, description="the log, for source 'file'")
    delimiter: str = Field(",", min_length=1, max_length=1, description="for CSV files")
    columns: Columns | None = Field(None, description="column mapping, for source 'file'")
    session_gap_minutes: float | None = Field(
        None, gt=0, description="inactivity that ends a session, where the log has users"
    )
    most_recent_sessions: int | None = Field(
        None, ge=1, description="keep only this many sessions, the last to start"
    )
    synthetic: SyntheticLog = SyntheticLog()

    @model_validator(mode="after")
    def _file_needs_mapping(self) -> Data:
        if self.source == "file" and (self.path is None or self.columns is None):
            raise ValueError("source 'file' needs 'path' and 'columns'")
        if self.source.startswith("ml-") and self.session_gap_minutes is None:
            raise ValueError(f"source '{self.source}' has users: set session_gap_minutes")
        return self


class Preprocess(Section):
    """Cleaning and padding (notebook 01)."""

    max_length: int = Field(20, ge=2, description="clicks kept of a session, the last ones")
    min_length: int = Field(2, ge=2, description="shorter sessions are dropped")
    partitions: int | None = Field(None, ge=1, description="shards; by size where null")


class Cohorts(Section):
    """Sizes of the disjoint cohorts, in sessions (notebook 02)."""

    members: int = Field(..., ge=20, description="member sessions of the target, and of the shadow")
    nonmembers: int = Field(..., ge=20, description="held-out sessions of each side")
    reference: int = Field(..., ge=20, description="population that the adversary knows")
    validation: int = Field(..., ge=20, description="unseen sessions that judge ranking quality")
    similar_items: int = Field(10, ge=1, description="a replaced item comes from this many nearest")


class Target(Section):
    """The recommender under attack, and its shadow (notebook 03)."""

    architecture: Literal["gpt2", "xlnet"] = "gpt2"
    d_model: int = Field(128, ge=4)
    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    batch_size: int = Field(128, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    epochs: int = Field(..., ge=1)
    recorded_epochs: tuple[int, ...] = Field(..., description="checkpoints kept; 0 is untrained")

    @model_validator(mode="after")
    def _recorded(self) -> Target:
        kept = self.recorded_epochs
        if list(kept) != sorted(set(kept)) or not kept or kept[0] < 0 or kept[-1] != self.epochs:
            raise ValueError("recorded_epochs must rise from >= 0 and end at epochs")
        if self.d_model % self.heads:
            raise ValueError("d_model must be a multiple of heads")
        return self


class AttackTraining(Section):
    """The MLP attack (notebook 04)."""

    hidden: tuple[int, ...] = (64, 32)
    epochs: int = Field(60, ge=1)
    batch_size: int = Field(256, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    folds: int = Field(2, ge=2, description="cross-fitting folds of the target-labelled attack")


class Baselines(Section):
    """Biased-MIA and DL-MIA (notebook 05)."""

    top_k: int = Field(100, ge=1, description="length of a recommendation list")
    item_vector_dim: int = Field(100, ge=2)
    item_vector_epochs: int = Field(30, ge=1)
    biased_epochs: int = Field(20, ge=1)
    dl_pretrain_epochs: int = Field(200, ge=1)
    dl_alternating_epochs: int = Field(100, ge=0)


class Intervals(Section):
    """Bootstrap over seeds, then over groups of identical sessions."""

    repeats: int = Field(1000, ge=50)
    level: float = Field(0.95, gt=0.5, lt=1)


class Figures(Section):
    """Figures (notebook 06)."""

    tsne_sessions: int = Field(1500, ge=20, description="sessions a class in a t-SNE picture")
    perplexity: float = Field(30, gt=1)


class Settings(Section):
    """One profile. It runs the studies that it has sections for, see `recmia.study.steps`."""

    name: str
    title: str
    description: str
    dataset: str = Field(..., description="name of the data set in tables")
    root_seed: int = 20261121
    n_seeds: int = Field(3, ge=1, description="repetitions: new cohorts and new models")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    # Left out of every fingerprint: no result depends on it.
    workers: int | None = Field(
        None, ge=1, exclude=True, description="processes side by side; by default one a core"
    )
    readings: tuple[Literal["augmented_as_nonmembers", "augmented_trained"], ...] = (
        "augmented_as_nonmembers",
        "augmented_trained",
    )
    data: Data | None = None
    preprocess: Preprocess = Preprocess()
    cohorts: Cohorts | None = None
    target: Target | None = None
    attack: AttackTraining = AttackTraining()
    baselines: Baselines = Baselines()
    intervals: Intervals = Intervals()
    figures: Figures = Figures()
    biased_mia: BiasedMIAStudy | None = None
    dl_mia: DLMIAStudy | None = None
    model_inversion: ModelInversionStudy | None = None

    @model_validator(mode="after")
    def _whole_studies(self) -> Settings:
        needed = {name: getattr(self, name) for name in ("data", "cohorts", "target")}
        absent = [name for name, section in needed.items() if section is None]
        if 0 < len(absent) < len(needed):
            raise ValueError(f"the main study needs the sections {', '.join(absent)} as well")
        papers = (self.biased_mia, self.dl_mia, self.model_inversion)
        if absent and all(section is None for section in papers):
            raise ValueError("a profile needs data, cohorts and target, or the section of a paper")
        return self

    def fingerprint(self, *sections: str) -> str:
        """SHA-256 of the named sections or fields (all where none is named)."""
        values = self.model_dump(mode="json")
        return content_hash({key: values[key] for key in sections} if sections else values)


def profile_names() -> list[str]:
    """Names of the profiles that ship with the package."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def load_settings(profile: str = "quick", overrides: dict[str, Any] | None = None) -> Settings:
    """Read a profile and apply overrides such as ``{"target.epochs": 5}``.

    Args:
        profile: a shipped name, or the path of a YAML file of one's own.
        overrides: dotted setting name to value. They give the run a name of its own,
            ``<profile>+<8 hexadecimal digits>``, and so folders of its own.

    Raises:
        SettingsError: unknown profile or key, wrong type, or values that contradict each other.
    """
    path = PROFILES / f"{profile}.yaml"
    if not path.exists():
        path = Path(profile)
        if path.suffix not in {".yaml", ".yml"} or not path.exists():
            raise SettingsError(
                f"There is no profile '{profile}'. Shipped: {', '.join(profile_names())}; "
                "or give the path of a .yaml file."
            )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path} must hold a mapping of settings.")
    values.setdefault("name", path.stem)
    for key, value in (overrides or {}).items():
        section = values
        *parents, last = key.split(".")
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise SettingsError(f"Override '{key}': '{parent}' is not a section.")
        section[last] = value
    # Other choices are another run: its results must not replace the profile's own.
    if chosen := {key: value for key, value in (overrides or {}).items() if key != "workers"}:
        values["name"] += f"+{content_hash(chosen)[:8]}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, e['loc'])) or '(top level)'}: {e['msg']}" for e in error.errors()
        ]
        raise SettingsError(
            f"Settings of {path.name} are not valid:\n" + "\n".join(lines)
        ) from None
