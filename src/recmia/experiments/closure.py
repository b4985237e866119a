"""The code that a function can reach, computed from what its module imports, however deeply."""

from __future__ import annotations

import fnmatch
import importlib.util
import inspect
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, cached_property, lru_cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from platformdirs import user_cache_path

from recmia.errors import ArtifactError
from recmia.experiments import syntax
from recmia.experiments.syntax import Syntax, read_syntax
from recmia.storage import content_hash, file_hash, read_json, write_json

OURS = __name__.partition(".")[0]
STARTED = time.time()


@dataclass(frozen=True)
class Code:
    """What runs when something is called.

    Attributes:
        modules: dotted name to hash, of our own code: recmia, and what no library brought along.
            "package/file" are data files that one of them names and that lie beside one that knows
            its place.
        libraries: distribution to version: those imported, those that these need, and Python.
        imported: names of the distributions that are imported themselves.
    """

    modules: dict[str, str]
    libraries: dict[str, str]
    imported: tuple[str, ...]

    @cached_property
    def hash(self) -> str:
        """Of all names, hashes and versions."""
        return content_hash(self.modules, self.libraries)


def module_of(function: Callable[..., Any]) -> str:
    """Dotted name of the module that defines a function, partial function or class.

    Raises:
        TypeError: it cannot be imported by name, such as what a notebook's cell defines.
    """
    while isinstance(function, partial):
        function = function.func
    name = getattr(inspect.unwrap(function), "__module__", None)
    if not name or name == "__main__":
        raise TypeError(f"{function!r} is in no module that can be read. Remedy: move it to one.")
    return name


def reach(*names: str, beyond: str | None = None) -> Code:
    """What modules, or members of modules, can reach by imports at any depth.

    Imports inside functions count, those under ``if TYPE_CHECKING:`` do not. Importing a module
    runs its packages too. A call such as ``import_module(f"package.{name}.part")`` reaches all that
    fits; a text such as "recmia.seeds:generator" reaches the module that it names.

    Args:
        names: dotted names; "package.*" is all below it.
        beyond: a package of which nothing counts, nor what only it reaches.
    """
    modules: dict[str, str] = {}
    libraries: set[str] = set()
    texts: set[str] = set()
    folders: dict[Path, str] = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        top, _, inner = name.partition(".")
        if not name or name in modules or f"{name}.".startswith(f"{beyond}."):
            continue
        if _is_library(top):
            libraries |= {top} & inventory()["packages"].keys()
            continue
        if "*" in name:
            queue += fnmatch.filter(_modules_below(name.partition("*")[0]), name)
            continue
        if inner:
            queue.append(name.rpartition(".")[0])
        if path := _source_of(name):
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            found = _syntax_of(path, package)
            modules[name] = found.hash
            queue += found.imports
            queue += [text for text in found.texts if text.startswith(f"{OURS}.")]
            texts |= set(found.texts)
            if found.knows_place:
                folders[path.parent] = package
    for folder, package in folders.items():
        for file in filter(Path.is_file, map(folder.joinpath, sorted(texts))):
            modules[f"{package}/{file.relative_to(folder).as_posix()}"] = file_hash(file)
    imported = {name for top in libraries for name in inventory()["packages"][top]}
    return Code(dict(sorted(modules.items())), _versions(imported), tuple(sorted(imported)))


@cache
def loaded_code(*names: str) -> Code:
    """As :func:`reach`, remembered for as long as this process lives, as its loaded code is.

    Raises:
        TypeError: a module has no file that can be read.
        ArtifactError: a file was changed after this process began and may have loaded it.
    """
    code = reach(*names)
    for name in names:
        if name not in code.modules and not _is_library(name.partition(".")[0]):
            raise TypeError(f"Module {name} has no file that can be read.")
    for name in code.modules.keys() & sys.modules.keys():
        path = _source_of(name)
        if path is not None and path.stat().st_mtime > STARTED:
            raise ArtifactError(
                f"{path} was changed after this process had begun, so that nobody knows which code "
                "makes its results. Remedy: restart the kernel, or start the run again."
            )
    return code


def _is_library(top: str) -> bool:
    return top != OURS and (top in sys.stdlib_module_names or top in inventory()["packages"])


def _source_of(name: str) -> Path | None:
    """File of a module or package of our own."""
    top, *inner = name.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin)
    if not inner:
        return path
    stem = path.parent.joinpath(*inner)
    return next((p for p in (stem / "__init__.py", stem.with_suffix(".py")) if p.is_file()), None)


def _modules_below(start: str) -> Iterator[str]:
    """Names of the modules in the innermost package that a name begins with."""
    package = start.rpartition(".")[0]
    if path := _source_of(package):
        for file in path.parent.rglob("*.py"):
            inner = file.relative_to(path.parent).with_suffix("").parts
            yield ".".join([package, *(inner[:-1] if inner[-1] == "__init__" else inner)])


def _stat(path: Path) -> tuple[str, int, int]:
    stat = path.stat()
    return str(path), stat.st_mtime_ns, stat.st_size


def _syntax_of(path: Path, package: str) -> Syntax:
    return _syntax_at(package, *_stat(path))


@cache
def _syntax_at(package: str, path: str, modified: int, size: int) -> Syntax:
    """A module's syntax, read once for as long as the file stays as it is."""
    # The reader's own text counts too: what an older one read says something else.
    key = [package, path, modified, size, *_stat(Path(syntax.__file__))]
    found = _remembered(
        key, lambda: asdict(read_syntax(Path(path).read_text(encoding="utf-8"), package))
    )
    lists = {name: tuple(found[name]) for name in ("imports", "texts")}
    return Syntax(**found | lists)


def _remembered(key: list[Any], make: Callable[[], Any]) -> Any:
    """A value in the user's cache folder; without such a folder it is made in every process."""
    file = user_cache_path(OURS) / "closure" / f"{content_hash(key[:2])[:32]}.json"
    try:
        known, value = read_json(file)
        if known == key:
            return value
    except (OSError, TypeError, ValueError):
        pass  # not there yet, or damaged
    value = make()
    with suppress(OSError):
        write_json(file, [key, value], durable=False)
    return value


@lru_cache(maxsize=1)
def inventory() -> dict[str, dict[str, list[Any]]]:
    """What is installed.

    Returns:
        "packages": top-level name to distributions. "distributions": name to its version and the
        names of those that it needs here, without extras.
    """
    # Whatever is installed or removed changes the folder that it lies in.
    folders = [list(_stat(Path(folder))) for folder in sys.path if Path(folder).exists()]
    return _remembered([sys.platform, sys.version, folders], _take_inventory)


def _take_inventory() -> dict[str, dict[str, list[Any]]]:
    distributions = {}
    for found in metadata.distributions():
        needed = [Requirement(text) for text in found.requires or ()]
        distributions.setdefault(
            canonicalize_name(found.metadata["Name"]),
            [
                found.version,
                sorted(
                    {
                        canonicalize_name(r.name)
                        for r in needed
                        if r.marker is None or r.marker.evaluate({"extra": ""})
                    }
                ),
            ],
        )
    packages = {
        top: sorted({canonicalize_name(name) for name in names})
        for top, names in metadata.packages_distributions().items()
    }
    return {"packages": packages, "distributions": distributions}


def _versions(imported: set[str]) -> dict[str, str]:
    """Versions of distributions and of all that these need."""
    known = inventory()["distributions"]
    versions = {"python": platform.python_version()}
    queue = list(imported)
    while queue:
        name = queue.pop()
        if name not in versions and name in known:
            versions[name], needed = known[name]
            queue += needed
    return dict(sorted(versions.items()))
