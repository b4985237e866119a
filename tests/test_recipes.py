"""CONTRIBUTING's recipes, each by exactly the files that it names, in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = re.compile(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

LISTED = "src/recmia/data/sources.yaml"  # a data set is an entry here, all else is a new file


def test_recipes_work_by_the_files_that_they_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    files = FILE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    for name, text in files:
        place = tmp_path / name
        assert place.exists() == (name == LISTED)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}" if name == LISTED else text)
    tests = [str(tmp_path / name) for name, _ in files if name.startswith("tests/")]
    assert len(files) == 7 and len(tests) == 2
    uses = str(shutil.copy(ROOT / "tests" / "recipe_uses.py", tmp_path))
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", uses, *tests],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src"), "RECMIA_HOME": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
