"""A step's identity: what it would have to be run again for."""

from __future__ import annotations

import ast
import json
import platform
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import recmia
from recmia.errors import ArtifactError, SettingsError
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step
from recmia.run.settings import Settings
from recmia.storage import content_hash, file_hash, read_json, write_json

SOURCE = Path(recmia.__file__).parent
# Modules that carry or draw results but do not make them: editing the report retrains nothing. A
# step that is about one of them declares it.
PLUMBING = {
    f"recmia.{name}"
    for name in (
        *("cli", "errors", "plots", "progress", "storage"),
        *(
            "experiments.figure_set",
            "experiments.paper",
            "experiments.paths",
            "experiments.results",
        ),
        *("experiments.stamped", "experiments.step", "experiments.study", "experiments.tables"),
        *("run.execute", "run.fingerprint", "run.lock", "run.manifest", "run.papers"),
        *("run.pipeline", "run.published_notebooks", "run.registry", "run.report", "run.settings"),
        *("run.workspace", "section"),
    )
}
LIBRARIES = (
    "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "torch", "transformers",
    "transformers4rec", "nvtabular", "merlin-core", "merlin-models", "implicit",
)  # fmt: skip


class HashCache:
    """SHA-256 of files, remembered by size and modification time."""

    def __init__(self, paths: StudyPaths) -> None:
        """Open the run's cache; a damaged one is begun anew."""
        self._file = paths.records / "hashes.json"
        try:
            self._known: dict[str, list[Any]] = read_json(self._file)
        except (FileNotFoundError, ValueError):
            self._known = {}
        self._changed = False

    def file(self, path: Path) -> str:
        """SHA-256 of one file."""
        stat = path.stat()
        seen = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        entry = self._known.get(str(path))
        if entry is None or entry[:3] != seen:
            entry = [*seen, file_hash(path)]
            self._known[str(path)] = entry
            self._changed = True
        return entry[3]

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
        """Write the cache if it grew, without files that have gone."""
        if self._changed:
            kept = {name: entry for name, entry in self._known.items() if Path(name).exists()}
            write_json(self._file, kept)
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
    """Source and tags of each code cell."""
    return [
        ("".join(cell["source"]), cell.get("metadata", {}).get("tags", []))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


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


def _imports(source: str, package: str) -> set[str]:
    """Dotted recmia names that Python text imports, at any depth."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()  # the notebook itself will say so when it is run
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).rstrip(".")
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("recmia.")}


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Statements at any depth; expressions, which are most of a tree, hold no imports."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            # A lambda's or a conditional expression's "body" is no list.
            if isinstance(inner := getattr(node, name, None), list):
                waiting += inner


def _module_file(name: str) -> Path | None:
    stem = SOURCE.joinpath(*name.split(".")[1:])
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _read_module(path: Path, package: str, modified: int, size: int) -> tuple[str, list[str]]:
    """Hash and imports of a module; read once for all steps, unless the file changes."""
    text = path.read_text(encoding="utf-8")
    return content_hash(text), sorted(_imports(text, package))


def module_sources(declared: set[str], imported: set[str]) -> dict[str, str]:
    """Hashes of recmia modules: those named, and what they import, however deeply.

    Args:
        declared: modules that count in any case; a name with "/" is a file of the package.
        imported: modules that count unless they are plumbing.

    Returns:
        Dotted name to hash.
    """
    found: dict[str, str] = {}
    queue = sorted(declared | imported)
    while queue:
        name = queue.pop()
        if name in found or name in PLUMBING - declared:
            continue
        if "/" in name:
            found[name] = file_hash(SOURCE.parent / name)
            continue
        if (path := _module_file(name)) is None:
            continue
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        stat = path.stat()
        found[name], imports = _read_module(path, package, stat.st_mtime_ns, stat.st_size)
        queue += imports
        if package.count("."):
            queue.append(package)  # importing a module runs its package's __init__ too
    return found


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


def step_parts(step: Step, settings: Settings, paths: StudyPaths, cache: HashCache) -> dict:
    """Everything that a step's result depends on, in parts that can be named to the user."""
    cells = code_cells(read_notebook(paths.notebooks / step.notebook))
    imported: set[str] = set()
    for source, _ in cells:
        imported |= _imports(code_without_magics(source), "")
    external = step.external_inputs(settings, paths) if step.external_inputs else []
    values = settings.model_dump(mode="json")
    return {
        "notebook": content_hash([source for source, _ in cells]),
        "settings": {name: content_hash(values[name]) for name in step.sections},
        "modules": module_sources(set(step.modules), imported),
        "inputs": path_hashes(paths, step.inputs, cache),
        "source data": [
            [p.name, p.stat().st_size, p.stat().st_mtime_ns] if p.exists() else [p.name, None]
            for p in external
        ],
        "libraries": library_versions(),
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
