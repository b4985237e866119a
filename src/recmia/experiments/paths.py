"""Where everything lies: one place that knows the folders of a study run."""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass
from pathlib import Path

from recmia.errors import SettingsError

REPORTS_PREFIX = "reports:"


def find_root() -> Path:
    """Root of the checkout.

    ``RECMIA_HOME``, else the checkout that this code lies in, else, for a package installed
    elsewhere, the nearest ancestor of the working folder that is a checkout. Notebooks are code:
    those of a folder that merely has some are not run.

    Raises:
        SettingsError: none of these is a checkout.
    """
    if home := os.environ.get("RECMIA_HOME"):
        return Path(home).resolve()
    here = Path.cwd()
    for folder in (Path(__file__).resolve().parents[3], here, *here.parents):
        if _is_checkout(folder):
            return folder
    raise SettingsError(
        "The study's notebooks were not found. Remedy: run this inside the checkout, or set "
        "RECMIA_HOME to its folder."
    )


def _is_checkout(folder: Path) -> bool:
    try:
        named = 'name = "recmia"' in (folder / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return named and all((folder / part).is_dir() for part in ("notebooks", "src/recmia"))


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).resolve()


@dataclass(frozen=True, init=False)
class StudyPaths:
    """Folders of one study run; none is made before something is written there.

    Attributes:
        profile: name of the run: a profile's name, or ``<profile>+<hash>`` with overrides.
        root: the checkout.
        notebooks: numbered notebooks.
        data: source data (``RECMIA_DATA``).
        artifacts: this run's intermediate results (``RECMIA_ARTIFACTS``/profile).
        reports: this run's report (``RECMIA_REPORTS``/profile).
    """

    profile: str
    root: Path
    notebooks: Path
    data: Path
    artifacts: Path
    reports: Path

    def __init__(self, profile: str) -> None:
        """Resolve the folders of ``profile``: a name, or a YAML file, whose stem is the name.

        Raises:
            SettingsError: the name cannot be a folder's, or there is no checkout.
        """
        name = Path(profile).stem if profile.endswith((".yaml", ".yml")) else profile
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name):
            raise SettingsError(
                f"'{name}' cannot name a run: use letters, digits and . _ + - only."
            )
        root = find_root()
        for field, value in {
            "profile": name,
            "root": root,
            "notebooks": root / "notebooks",
            "data": _folder("RECMIA_DATA", root / "data"),
            "artifacts": _folder("RECMIA_ARTIFACTS", root / "artifacts") / name,
            "reports": _folder("RECMIA_REPORTS", root / "reports") / name,
        }.items():
            object.__setattr__(self, field, value)

    def resolve(self, relative: str) -> Path:
        """Path of a step's input or output: below artifacts, or below reports after `reports:`."""
        if relative.startswith(REPORTS_PREFIX):
            return self.reports / relative[len(REPORTS_PREFIX) :]
        return self.artifacts / relative

    def below(self, folder: str) -> StudyPaths:
        """The same folders, with artifacts in a folder below this run's."""
        paths = copy.copy(self)
        object.__setattr__(paths, "artifacts", self.artifacts / folder)
        return paths

    @property
    def records(self) -> Path:
        """What the pipeline remembers of this run: a record a step, hashes, lock, progress."""
        return self.artifacts / ".steps"

    @property
    def executed(self) -> Path:
        """Executed notebooks."""
        return self.artifacts / "notebooks"

    @property
    def log(self) -> Path:
        """Log file, appended to by every run."""
        return self.artifacts / "run.log"

    def environment(self) -> dict[str, str]:
        """Environment variables that make another process find the same folders."""
        return {
            "RECMIA_HOME": str(self.root),
            "RECMIA_DATA": str(self.data),
            "RECMIA_ARTIFACTS": str(self.artifacts.parent),
            "RECMIA_REPORTS": str(self.reports.parent),
        }
