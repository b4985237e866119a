"""Which code counts: what can be reached by imports, without prose and annotations."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from recmia.errors import ArtifactError
from recmia.experiments import closure
from recmia.experiments.closure import loaded_code, module_of, reach
from recmia.experiments.syntax import read_syntax

MODULE = '''
"""A module."""
from dataclasses import dataclass

WIDTH = 3


@dataclass
class Settings:
    """Choices."""

    width: int = 3


def twice(x, *rest, key=None, **more):
    """Two times x."""
    y = 2 * x
    return y
'''


def test_prose_and_annotations_do_not_count() -> None:
    before = read_syntax(MODULE).hash
    for old, new in (
        ("WIDTH = 3", "# Three.\n\n\nWIDTH = 3  # units"),
        ('"""A module."""', '"""Another text."""'),
        ('"""A module."""', ""),
        ('"""Two times x."""', '"""Twice x.\n\n    Args: x."""'),
        ('    """Choices."""\n', '    """Choices that matter."""\n'),
        (
            "def twice(x, *rest, key=None, **more):",
            "def twice(x: int, *rest: str, key: str | None = None, **more: int) -> int:",
        ),
        ("y = 2 * x", "y: float = 2 * x"),
        ("y = 2 * x", "z: float\n    y = 2 * x"),
        ("WIDTH = 3", "from typing import TYPE_CHECKING\nWIDTH: int = 3"),
        ("WIDTH = 3", "if TYPE_CHECKING:\n    from here import there\nWIDTH = 3"),
        ("WIDTH = 3", "WIDTH = (3)"),
    ):
        assert old in MODULE
        assert read_syntax(MODULE.replace(old, new)).hash == before, new


def test_what_is_computed_counts() -> None:
    hashes = {read_syntax(MODULE).hash}
    for old, new in (
        ("WIDTH = 3", "WIDTH = 4"),
        ("WIDTH = 3", "WIDTH = 3.0"),
        ("2 * x", "x * 2"),
        ("key=None", "key=0"),
        ("    width: int = 3", "    width: float = 3"),
        ("    width: int = 3", "    width: int = 3\n    depth: int"),
        ("@dataclass\n", ""),
        ("WIDTH = 3", "if not TYPE_CHECKING:\n    WIDTH = 3"),
        ("WIDTH = 3", "if TYPE_CHECKING:\n    WIDTH = 3"),
    ):
        hashes.add(read_syntax(MODULE.replace(old, new)).hash)
    assert len(hashes) == 10


def test_imports_of_a_text() -> None:
    text = """
    import a.b
    from ..c import d
    from . import e
    if TYPE_CHECKING:
        import never
    else:
        import otherwise
    def f():
        try:
            import g
        except ImportError:
            from h import i as j
    match x:
        case 1:
            import k
    """
    found = read_syntax("if 1:\n" + text, "p.q").imports
    assert found == tuple(
        sorted(["a.b", "p.c", "p.c.d", "p.q", "p.q.e", "otherwise", "g", "h", "h.i", "k"])
    )
    assert read_syntax("importlib.import_module(name)", "p").imports == ("p.*",)
    assert read_syntax("import_module('yaml')", "p").imports == ("yaml",)
    assert read_syntax("import_module(f'q.{name}.r')", "p").imports == ("q.*.r",)
    assert read_syntax("import_module('.x', __package__)", "p").imports == ("p.*",)


def test_closure_follows_imports(package) -> None:
    package.write("start.py", "from .inner import part\n")
    package.write("inner/__init__.py", "")
    package.write(
        "inner/part.py",
        """
        from typing import TYPE_CHECKING
        import scipy.sparse, missing_library, json
        if TYPE_CHECKING:
            from PKG import hinted
        def late():
            import PKG.late
        """,
    )
    for name in ("late", "hinted", "unused"):
        package.write(f"{name}.py", "")
    code = reach(f"{package.name}.start")
    inside = {name.removeprefix(package.name) for name in code.modules}
    assert inside == {"", ".start", ".inner", ".inner.part", ".late"}
    # SciPy needs NumPy; nothing here needs torch.
    assert {"python", "scipy", "numpy"} == set(code.libraries)


def test_modules_and_files_that_are_named_as_text(package) -> None:
    package.write(
        "start.py", "import PKG.deep.place\nNAMES = ['values.csv', 'recmia.seeds:child']\n"
    )
    package.write("deep/place.py", "PLACE = Path(__file__).parent\n")
    for file in ("values.csv", "deep/values.csv", "deep/other.csv"):
        package.write(file, "1")
    before = reach(f"{package.name}.start")
    assert "recmia.seeds" in before.modules
    files = {name for name in before.modules if "/" in name}
    assert files == {f"{package.name}.deep/values.csv"}
    package.write("deep/values.csv", "2")
    assert reach(f"{package.name}.start") != before


def test_what_is_imported_by_a_name_made_at_run_time(package) -> None:
    package.write("kinds/__init__.py", "import_module(name)\n")
    package.write("kinds/one.py", "from PKG import beyond\n")
    package.write("beyond.py", "")
    package.write("apart.py", "import_module(f'PKG.kinds.{name}.part')\n")
    package.write("kinds/two/__init__.py", "")
    package.write("kinds/two/part.py", "")

    def found(name: str, **options: str) -> set[str]:
        modules = reach(f"{package.name}.{name}", **options).modules
        return {module.removeprefix(f"{package.name}.") for module in modules} - {package.name}

    assert found("kinds") == {"kinds", "kinds.one", "beyond", "kinds.two", "kinds.two.part"}
    package.write("kinds/__init__.py", "")
    assert found("kinds") == {"kinds"}
    assert found("apart") == {"apart", "kinds", "kinds.two", "kinds.two.part"}
    assert found("apart", beyond=f"{package.name}.kinds.two") == {"apart"}


def test_recmia_itself() -> None:
    code = reach("recmia.recommenders.neural_cf")
    assert {"recmia.recommenders.neumf", "recmia.seeds", "recmia"} <= code.modules.keys()
    assert {"torch", "numpy"} <= code.libraries.keys()
    assert not any(name.startswith("recmia.attacks.dl") for name in code.modules)


def test_module_of() -> None:
    assert module_of(partial(partial(reach, "a"))) == "recmia.experiments.closure"
    assert module_of(lambda: 0) == __name__
    assert module_of(closure.Code) == "recmia.experiments.closure"

    def in_a_cell() -> None: ...

    in_a_cell.__module__ = "__main__"
    with pytest.raises(TypeError, match="no module"):
        module_of(in_a_cell)


def test_code_that_changed_under_the_process_is_refused(package) -> None:
    package.write("start.py", "X = 1\n")
    package.load("start")
    loaded_code(f"{package.name}.start")
    package.write("start.py", "X = 2\n")
    os.utime(package.folder / "start.py", (time.time() + 5,) * 2)
    with pytest.raises(ArtifactError, match="restart the kernel"):
        loaded_code(f"{package.name}.start")
    with pytest.raises(TypeError, match="no file"):
        loaded_code(f"{package.name}.gone")


def test_what_was_read_once_is_not_read_again(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    closure._syntax_at.cache_clear()
    first = reach("recmia.*")
    closure._syntax_at.cache_clear()  # as in another process
    read: list[str] = []

    def counted(text: str, package: str = ""):
        read.append(package)
        return read_syntax(text, package)

    monkeypatch.setattr(closure, "read_syntax", counted)
    assert reach("recmia.*") == first
    assert not read
    for file in tmp_path.rglob("*.json"):
        file.write_text("[")  # damaged: read again, not believed
    closure._syntax_at.cache_clear()
    assert reach("recmia.*") == first
    assert len(read) > 100
