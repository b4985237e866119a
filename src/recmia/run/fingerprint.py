"""A step's identity: what it would have to be run again for."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from recmia.data.registry import layouts_of
from recmia.errors import ArtifactError, SettingsError
from recmia.experiments.closure import Code, reach
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step
from recmia.experiments.syntax import read_syntax
from recmia.run.settings import Settings
from recmia.storage import content_hash, file_hash, read_json, write_json

# The runner: what a notebook has from it are settings, which are compared by value, and folders.
RUNNER = __name__.rpartition(".")[0]
CODE_PARTS = ("notebook", "modules")  # those of a step's parts that are code


class HashCache:
    """SHA-256 of files, remembered by size, times and inode.

    The change time is among them, which nobody can set: a file that was written to is read again,
    also where its modification time was put back, and one that was not is not.
    """

    def __init__(self, paths: StudyPaths) -> None:
        """Open the run's cache; a damaged one is begun anew."""
        self._file = paths.records / "hashes.json"
        try:
            known = read_json(self._file)
        except (OSError, ValueError):
            known = {}
        self._known: dict[str, list[Any]] = known if isinstance(known, dict) else {}
        self._changed = False

    def file(self, path: Path) -> str:
        """SHA-256 of one file."""
        stat = path.stat()
        seen = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        entry = self._known.get(str(path))
        if not isinstance(entry, list) or entry[:-1] != seen or not isinstance(entry[-1], str):
            entry = [*seen, file_hash(path)]
            self._known[str(path)] = entry
            self._changed = True
        return entry[-1]

    def path(self, path: Path, folder: bool) -> str | None:
        """Hash of a file or, by relative names and contents, of a folder; None where absent."""
        if not folder:
            return self.file(path) if path.is_file() else None
        if not path.is_dir():
            return None
        files = sorted(p for p in path.rglob("*") if p.is_file() and _counts(p.relative_to(path)))
        if not files:
            return None
        return content_hash([[p.relative_to(path).as_posix(), self.file(p)] for p in files])

    def save(self) -> None:
        """Write the cache if it grew, without files that have gone.

        Where nothing may be written files are read again the next time; who asks need not be told.
        """
        if self._changed:
            kept = {name: entry for name, entry in self._known.items() if Path(name).exists()}
            with suppress(OSError):
                write_json(self._file, kept, durable=False)
            self._changed = False


def _counts(relative: Path) -> bool:
    return not any(p.startswith(".") for p in relative.parts) and relative.suffix != ".part"


def path_hashes(paths: StudyPaths, relatives: tuple[str, ...], cache: HashCache) -> dict[str, Any]:
    """Hash of each artifact-relative path (None where it is absent)."""
    return {name: cache.path(paths.resolve(name), name.endswith("/")) for name in relatives}


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook's JSON.

    Raises:
        ArtifactError: it is missing or is not a notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"]
    except FileNotFoundError:
        raise ArtifactError(f"Notebook {path} is missing.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is not a notebook: {error}") from error
    return notebook


def code_cells(notebook: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Source and tags of each code cell but empty ones, such as JupyterLab adds at the end."""
    found = [
        ("".join(cell["source"]), cell.get("metadata", {}).get("tags", []))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    return [(source, tags) for source, tags in found if source.strip()]


def notebook_parameters(path: Path) -> set[str]:
    """Names assigned in the cell tagged ``parameters``.

    Raises:
        SettingsError: there is not exactly one such cell, or it is not plain assignments.
    """
    tagged = [source for source, tags in code_cells(read_notebook(path)) if "parameters" in tags]
    if len(tagged) != 1:
        raise SettingsError(
            f"{path.name} needs one cell tagged 'parameters'; it has {len(tagged)}."
        )
    try:
        body = ast.parse(tagged[0]).body
    except SyntaxError as error:
        raise SettingsError(f"{path.name}: the cell 'parameters' is not Python: {error}") from error
    names: set[str] = set()
    for statement in body:
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def code_without_magics(source: str) -> str:
    """Python of a cell; lines that only IPython understands are left out."""
    return "\n".join("" if line.lstrip()[:1] in "%!?" else line for line in source.split("\n"))


def imports_of(cells: list[tuple[str, list[str]]]) -> set[str]:
    """Dotted names that a notebook's cells import, at any depth."""
    imports: set[str] = set()
    for source, _ in cells:
        # What is not Python the notebook itself will say when it is run.
        with suppress(SyntaxError):
            imports |= set(read_syntax(code_without_magics(source)).imports)
    return imports


def code_parts(notebook: Path) -> tuple[dict[str, Any], Code]:
    """The code of a step: hash of its cells and of each module that they reach; and that code."""
    cells = code_cells(read_notebook(notebook))
    code = reach(*imports_of(cells), beyond=RUNNER)
    return {
        "notebook": content_hash([source for source, _ in cells]),
        "modules": code.modules,
    }, code


def step_parts(step: Step, settings: Settings, paths: StudyPaths, cache: HashCache) -> dict:
    """Everything that a step's result depends on, in parts that can be named to the user."""
    written, code = code_parts(paths.notebooks / step.notebook)
    external = step.external_inputs(settings, paths) if step.external_inputs else []
    values = settings.model_dump(mode="json")
    return {
        **written,
        "settings": {name: content_hash(values[name]) for name in step.sections},
        "inputs": path_hashes(paths, step.inputs, cache),
        "source data": [
            [p.name, p.stat().st_size, p.stat().st_mtime_ns] if p.exists() else [p.name, None]
            for p in external
        ],
        "layouts": {
            name: content_hash(layout.model_dump())
            for p in external
            for name, layout in layouts_of(p).items()
        },
        "libraries": code.libraries,
    }


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Names of the parts that changed, the changed members of a part in brackets."""
    changed = []
    for part in new:
        before, after = old.get(part), new[part]
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            names = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
            changed.append(f"{part} ({', '.join(names)})")
        else:
            changed.append(part)
    return changed
