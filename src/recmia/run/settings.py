"""Every choice of a study run, as one checked value; profiles are YAML files of these choices."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, create_model, model_validator

from recmia.errors import SettingsError
from recmia.evaluation.settings import Intervals
from recmia.experiments.paper import Paper
from recmia.experiments.step import Step
from recmia.run.records import noted_choices
from recmia.run.registry import papers
from recmia.section import Section
from recmia.storage import content_hash
from recmia.yaml_files import read_yaml

PROFILES = Path(__file__).parent / "profiles"
SUFFIXES = (".yaml", ".yml")


class Common(Section):
    """What a profile says whatever papers it runs."""

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
    intervals: Intervals = Intervals()

    @model_validator(mode="after")
    def _whole_papers(self) -> Common:
        chosen = []
        for paper in papers():
            absent = [name for name in paper.needs if getattr(self, name) is None]
            if 0 < len(absent) < len(paper.needs):
                raise ValueError(f"{paper.name} needs the sections {', '.join(absent)} as well")
            chosen += [] if absent else [paper]
        if not chosen:
            ways = "; or ".join(", ".join(paper.needs) for paper in papers())
            raise ValueError(f"a profile needs the sections of a paper: {ways}")
        return self

    @property
    def papers(self) -> tuple[Paper, ...]:
        """The papers that the profile has the sections of."""
        return tuple(
            paper
            for paper in papers()
            if all(getattr(self, name) is not None for name in paper.needs)
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The notebooks of these papers, but for those whose own section is left out."""
        return tuple(
            step
            for paper in self.papers
            for step in paper.steps
            if all(getattr(self, name) is not None for name in step.sections)
        )

    def fingerprint(self, *sections: str) -> str:
        """SHA-256 of the named sections or fields (all where none is named)."""
        values = self.model_dump(mode="json")
        return content_hash({key: values[key] for key in sections} if sections else values)


# One profile: what is common, and the sections that each paper registers.
Settings = create_model(
    "Settings",
    __base__=Common,
    **{name: field for paper in papers() for name, field in paper.sections.items()},
)


def profile_names() -> list[str]:
    """Names of the profiles that ship with the package."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def meant_by(profile: str, overrides: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """Profile and overrides, also where an earlier run is named, as in messages about it.

    Args:
        profile: a shipped name, the path of a YAML file, or the name of an earlier run, such as
            ``quick+1a2b3c4d``.
        overrides: dotted setting name to value; beside those of the run that is named.

    Returns:
        A shipped name or the path of a YAML file, and all overrides. A name that nobody knows is
        returned as it is.
    """
    overrides = dict(overrides or {})
    if Path(profile).suffix in SUFFIXES:
        return str(Path(profile).resolve()), overrides  # notebooks have another working folder
    if profile in profile_names() or (known := noted_choices(profile)) is None:
        return profile, overrides
    return known["profile"], known["overrides"] | overrides


def load_settings(profile: str = "quick", overrides: dict[str, Any] | None = None) -> Settings:
    """Read a profile and apply overrides such as ``{"target.epochs": 5}``.

    Args:
        profile: a shipped name, the path of a YAML file of one's own, or the name of an earlier
            run (`meant_by`).
        overrides: dotted setting name to value. They give the run a name of its own,
            ``<profile>+<8 hexadecimal digits>``, and so folders of its own.

    Raises:
        SettingsError: unknown profile or key, wrong type, or values that contradict each other.
    """
    profile, overrides = meant_by(profile, overrides)
    path = PROFILES / f"{profile}.yaml"
    if not path.exists():
        path = Path(profile)
        if path.suffix not in SUFFIXES or not path.exists():
            raise SettingsError(
                f"There is no profile '{profile}'. Shipped: {', '.join(profile_names())}; "
                "or give the path of a .yaml file."
            )
    try:
        values = read_yaml(path)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path} must hold a mapping of settings.")
    values.setdefault("name", path.stem)
    for key, value in overrides.items():
        section = values
        *parents, last = key.split(".")
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise SettingsError(f"Override '{key}': '{parent}' is not a section.")
        section[last] = value
    # Other choices are another run: its results must not replace the profile's own.
    if not isinstance(values["name"], str):
        raise SettingsError(f"{path}: 'name' must be a text.")
    if chosen := {key: value for key, value in overrides.items() if key != "workers"}:
        values["name"] += f"+{content_hash(chosen)[:8]}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, e['loc'])) or '(top level)'}: {e['msg']}{_meant(e)}"
            for e in error.errors()
        ]
        raise SettingsError(
            f"Settings of {path.name} are not valid:\n" + "\n".join(lines)
        ) from None


def _meant(error: Mapping[str, Any]) -> str:
    """The nearest key that there is, where one is unknown."""
    if error["type"] != "extra_forbidden":
        return ""
    *parents, wrong = map(str, error["loc"])
    section: Any = Settings
    for name in parents:
        section = _section_of(section, name)
    near = get_close_matches(wrong, list(getattr(section, "model_fields", {})), n=1, cutoff=0.5)
    return f". Did you mean {'.'.join([*parents, *near])}?" if near else ""


def _section_of(section: Any, name: str) -> Any:
    """Type of a section's field, without what may stand beside it: null, or a mapping of them."""
    field = getattr(section, "model_fields", {}).get(name)
    kinds = [field.annotation] if field else []
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        kinds += [inner for inner in get_args(kind) if inner is not type(None)]
    return section  # a key of a mapping: its values have the section's type
