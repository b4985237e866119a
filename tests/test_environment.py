"""The lock, environment.yml, the Dockerfile and pyproject.toml describe one environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from recmia.papers.dl_mia.language_model import PACKAGE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11")
BY_HAND = ("requirements-text.lock", "requirements-private.lock")
LOCKS = ("requirements.lock", "requirements-hashed.lock", *BY_HAND)

# What the Merlin container's build files pin (tag 23.12).
CONTAINER = {
    "torch": "2.1.0a0",
    "transformers": "4.27.1",
    "pandas": "1.5.2",
    "numpy": "1.22.4",
    "dask": "2023.1.1",
    "distributed": "2023.1.1",
    "pyarrow": "10.0.1",
}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def direct(*extras: str) -> list[Requirement]:
    extra = [text for name in extras for text in project()["optional-dependencies"][name]]
    return [Requirement(text) for text in project()["dependencies"] + extra]


def lock_lines() -> list[Requirement]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def pins(python: str) -> dict[str, Version]:
    """Locked versions for a Python, by name; asserts that each is one exact public version."""
    found: dict[str, Version] = {}
    for requirement in lock_lines():
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        (specifier,) = requirement.specifier
        assert specifier.operator == "==" and "*" not in specifier.version, str(requirement)
        assert requirement.name == canonicalize_name(requirement.name), str(requirement)
        assert requirement.name not in found, f"{requirement.name} is pinned twice for {python}"
        found[requirement.name] = Version(specifier.version)
    return found


def installer() -> str:
    (pinned,) = re.findall(
        r"^INSTALLER=pip==(.+)$", (ROOT / "scripts/environment").read_text(), re.M
    )
    return pinned


def dockerfile() -> str:
    """The Dockerfile without comments, continuation lines joined."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return "\n".join(x for x in lines if not x.startswith("#")).replace("\\\n", "")


def containers_own() -> set[str]:
    (names,) = re.findall(r'^ARG CONTAINERS_OWN="(.+)"$', dockerfile(), re.M)
    return set(names.split())


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_within_its_bounds(python):
    locked = pins(python)
    for requirement in direct("study", "dev"):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is in pyproject.toml but not in requirements.lock"
        assert requirement.specifier.contains(locked[name]), f"{requirement} against {locked[name]}"


def test_lock_serves_machines_with_and_without_a_gpu():
    for requirement in lock_lines():
        assert requirement.url is None
        assert not re.match(r"(nvidia|cuda|triton)(-|$)", requirement.name), requirement.name
        (specifier,) = requirement.specifier
        assert Version(specifier.version).local is None, str(requirement)


def test_every_release_but_torch_is_locked_by_its_content():
    text = (ROOT / "requirements-hashed.lock").read_text()
    hashed = [line.split(" --hash=") for line in text.splitlines() if not line.startswith("#")]
    plain = [line for line in map(str, lock_lines()) if not line.startswith("torch==")]
    assert [str(Requirement(pinned)) for pinned, *_ in hashed] == plain
    for pinned, *hashes in hashed:
        assert hashes == sorted(set(hashes)) and hashes, pinned
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), pinned


@pytest.mark.parametrize(
    ("file", "fits"),
    [
        ("a-1.0.tar.gz", True),
        ("a-1.0-py3-none-any.whl", True),
        ("a-1.0-py2.py3-none-any.whl", True),
        ("a-1.0-cp310-cp310-macosx_11_0_arm64.whl", True),
        ("a-1.0-cp37-abi3-manylinux_2_28_x86_64.whl", True),
        ("a-1.0-cp312-abi3-win_amd64.whl", False),
        ("a-1.0-cp39-cp39-win_amd64.whl", False),
        ("a-1.0.1.tar.gz", False),
        ("a-1.0.linux-x86_64.exe", False),
    ],
)
def test_hashes_are_those_of_files_that_our_pythons_can_install(file, fits, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import hashes

    assert hashes.fits(file, Version("1")) is fits


def test_lock_holds_the_versions_that_were_found_to_work_together():
    for python in PYTHONS:
        locked = {name: str(version) for name, version in pins(python).items()}
        assert locked["transformers4rec"] == "23.12.0"
        assert locked["nvtabular"] == locked["merlin-core"] == "23.8.0"
        assert locked["transformers"] == "4.30.2"  # 4.31 breaks evaluate
        assert locked["dask"] == locked["distributed"]
        assert Version(locked["numpy"]) < Version("2")


def test_the_language_model_is_pinned_by_its_content_and_brings_nothing():
    """What it says it needs would break torchmetrics where torch has no CUDA."""
    lines = (ROOT / "requirements-text.lock").read_text().splitlines()
    (line,) = (line for line in lines if not line.startswith("#"))
    requirement, content = line.split(" --hash=sha256:")
    assert re.fullmatch(r"[0-9a-f]{64}", content)
    name = Requirement(requirement).name
    assert canonicalize_name(PACKAGE) == name and [*Requirement(requirement).specifier]
    brought = {name, "sentence-transformers", "torchvision"}
    for python in PYTHONS:
        assert not brought & pins(python).keys()
    assert not brought & {canonicalize_name(each.name) for each in direct("study", "dev")}
    for path in ("scripts/environment", "Dockerfile", "environment.yml"):
        (command,) = re.findall(
            r"pip install .*-r requirements-text.lock", (ROOT / path).read_text()
        )
        assert "--no-deps" in command, path
    assert "!requirements-text.lock" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_private_extra_is_pinned_by_its_content_and_left_out_of_the_container():
    lines = (ROOT / "requirements-private.lock").read_text().splitlines()
    locked = {}
    for line in lines:
        if not line.startswith("#"):
            requirement, content = line.split(" --hash=sha256:")
            assert re.fullmatch(r"[0-9a-f]{64}", content)
            (specifier,) = Requirement(requirement).specifier
            locked[Requirement(requirement).name] = Version(specifier.version)
    for python in PYTHONS:
        assert not locked.keys() & pins(python).keys()  # one lock says a version
        for text in project()["optional-dependencies"]["private"]:
            wanted = Requirement(text)
            assert wanted.specifier.contains((locked | pins(python))[wanted.name]), text
    for path in ("scripts/environment", "environment.yml"):
        (command,) = re.findall(
            r"pip install .*-r requirements-private.lock", (ROOT / path).read_text()
        )
        assert "--no-deps" in command, path
    # The container has its own torch, which is older than Opacus asks for.
    (torch,) = (
        Requirement(text).specifier
        for text in project()["optional-dependencies"]["private"]
        if text.startswith("torch")
    )
    assert not torch.contains(CONTAINER["torch"], prereleases=True)
    assert "private" not in dockerfile()


def test_supported_pythons_agree():
    supported = Requirement(f"python{project()['requires-python']}").specifier
    # 3.10 from the patch on that can unpack archives safely; any late one stands for its line.
    known = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
    audits = [v for v in known if supported.contains(f"{v}.50")]
    assert audits == list(known[1:]) and set(PYTHONS) < set(audits)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["tool"]["ruff"]["target-version"] == "py310"
    named = set(re.findall(r'python_version == "(.+)"', (ROOT / "requirements.lock").read_text()))
    assert named == set(PYTHONS)
    assert "{(3, 10), (3, 11)}" in (ROOT / "scripts/environment").read_text()


def test_conda_environment_installs_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == "recmia"
    *conda, last = environment["dependencies"]
    assert f"pip={installer()}" in conda
    (python,) = (entry.partition("=")[2] for entry in conda if entry.startswith("python="))
    assert python in PYTHONS
    assert last == {"pip": ["-r requirements.lock", "-e ."]}


def test_installer_still_accepts_transformers4rec():
    assert Version(installer()) < Version("26.3")  # which refuses its direct URLs


def test_dockerfile_starts_from_a_pinned_merlin_container():
    (base,) = re.findall(r"^ARG BASE=(\S+)$", dockerfile(), re.M)
    image, _, tag = base.rpartition(":")
    assert image.endswith("merlin/merlin-pytorch")
    assert re.fullmatch(r"\d+\.\d+", tag), "pin the container's tag"
    assert re.findall(r"^FROM (.+)$", dockerfile(), re.M) == ["${BASE}"]


def test_dockerfile_does_not_run_as_root():
    assert re.findall(r"^USER (\S+)$", dockerfile(), re.M)[-1] not in {"root", "0"}


def test_dockerfile_installs_the_lock_but_for_the_containers_own(tmp_path):
    own = containers_own()
    assert own <= set(pins("3.10")), "a name that the lock does not hold"
    (command,) = re.findall(r"grep -vE \S+ requirements-hashed.lock", dockerfile())
    script = f"own=$(echo $CONTAINERS_OWN | tr ' ' '|') && {command}"
    environment = {**os.environ, "CONTAINERS_OWN": " ".join(own)}
    kept = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    lines = [line.partition(" --hash=")[0] for line in kept.splitlines() if line[0] != "#"]
    installed = {Requirement(line).name for line in lines}
    assert installed == {requirement.name for requirement in lock_lines()} - own
    assert "--no-deps --require-hashes -r" in dockerfile(), (
        "a resolver would replace the container's own"
    )


def test_dockerfile_pins_nothing_beside_the_lock():
    assert re.findall(r"([\w-]+)==([\d.]+)", dockerfile()) == [("pip", installer())]


@pytest.mark.parametrize("name", CONTAINER)
def test_bounds_hold_the_containers_own_versions(name):
    bounds = [r for r in direct("study") if r.name == name]
    assert name in containers_own() and bounds
    for requirement in bounds:
        assert requirement.specifier.contains(CONTAINER[name], prereleases=True), str(requirement)


def test_documentation_names_the_versions_of_container_and_lock():
    rows = re.findall(
        r"^\| (\w+) \| ([\d.a]+)[^|]* \| ([\d.]+) \|$",
        (ROOT / "docs/containers.md").read_text(),
        re.M,
    )
    assert len(rows) == 5
    for name, container, locked in rows:
        assert container == CONTAINER[name]
        assert locked == str(pins("3.10")[name]) == str(pins("3.11")[name])


@pytest.fixture
def workplace(tmp_path):
    """A checkout with a stand-in interpreter that writes down what it is asked to install."""
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    (checkout / "scripts").mkdir(parents=True)
    programs.mkdir()
    for name in (*LOCKS, "pyproject.toml", "scripts/environment"):
        shutil.copy(ROOT / name, checkout / name)
    interpreter = programs / "python3.11"
    interpreter.write_text(
        f"""#!/bin/sh
case "$1 $2" in
  "- "*) exec {sys.executable} "$@" ;;
  "-m venv") mkdir -p "$3/bin"; cp "{interpreter}" "$3/bin/python" ;;
  "-m "*) shift; echo "$@" >> {tmp_path}/calls; [ ! -e {tmp_path}/broken ] ;;
esac
"""
    )
    interpreter.chmod(0o755)

    def make() -> tuple[int, list[str]]:
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHON": ""}
        done = subprocess.run(["sh", "scripts/environment"], cwd=checkout, env=environment)
        calls = tmp_path / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return done.returncode, lines

    return checkout, make


def test_a_second_call_installs_nothing(workplace):
    _, make = workplace
    code, calls = make()
    assert code == 0
    assert calls[0].endswith(f"pip=={installer()}")
    assert any("-r requirements.lock" in call for call in calls)
    assert calls[-1].startswith("ipykernel install --sys-prefix --name recmia")
    assert make() == (0, [])


def test_only_files_of_a_known_hash_are_installed_before_torch(workplace):
    _, make = workplace
    _, calls = make()
    installs = [call for call in calls if call.startswith("pip install") and "-r " in call]
    assert installs[0].endswith("-r requirements-hashed.lock")
    assert "--require-hashes --no-deps" in installs[0]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-hashed.lock"])
def test_a_changed_lock_makes_the_environment_anew(workplace, name):
    checkout, make = workplace
    make()
    (checkout / ".venv/leftover").touch()
    with (checkout / name).open("a") as lock:
        lock.write("another==1\n")
    _, calls = make()
    assert any("-r requirements.lock" in call for call in calls)
    assert not (checkout / ".venv/leftover").exists()


def test_a_changed_pyproject_installs_only_the_package(workplace):
    checkout, make = workplace
    make()
    with (checkout / "pyproject.toml").open("a") as settings:
        settings.write("\n[tool.another]\n")
    _, calls = make()
    assert [call for call in calls if "-r requirements.lock" in call] == []
    assert any("--no-deps" in call and "-e ." in call for call in calls)
    assert make() == (0, [])


@pytest.mark.parametrize("name", BY_HAND)
def test_a_changed_lock_of_its_own_is_installed_without_the_rest(workplace, name):
    checkout, make = workplace
    make()
    with (checkout / name).open("a") as lock:
        lock.write("# another\n")
    _, calls = make()
    assert [call for call in calls if "-r requirements.lock" in call] == []
    assert any(f"--no-deps -r {name}" in call for call in calls)
    assert make() == (0, [])


def test_an_interrupted_installation_is_not_taken_for_a_finished_one(workplace, tmp_path):
    _, make = workplace
    (tmp_path / "broken").touch()
    code, _ = make()
    assert code != 0
    (tmp_path / "broken").unlink()
    code, calls = make()
    assert code == 0
    assert any("-r requirements.lock" in call for call in calls)


def test_without_a_usable_python_the_remedy_is_named(workplace, tmp_path):
    checkout, _ = workplace
    (tmp_path / "programs/python3.11").write_text("#!/bin/sh\nexit 127\n")
    for tool in ("sh", "dirname", "cat", "head"):
        (tmp_path / "programs" / tool).symlink_to(shutil.which(tool))
    done = subprocess.run(
        ["sh", "scripts/environment"],
        cwd=checkout,
        env={"PATH": str(tmp_path / "programs")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "No usable Python 3.11 or 3.10" in done.stderr
    assert "apt-get install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


UV = """#!/bin/sh
echo "uv $@, $UV_PYTHON_PREFERENCE" >> {calls}
[ "$2" != find ] || echo {python}
"""


@pytest.mark.parametrize("there", [True, False], ids=["uv on PATH", "uv through pip"])
def test_without_a_usable_python_one_is_got_through_uv(workplace, tmp_path, there):
    checkout, _ = workplace
    programs, apart, calls = tmp_path / "programs", tmp_path / "apart", tmp_path / "calls"
    apart.mkdir()
    (programs / "python3.11").rename(apart / "python3.11")
    stub = (apart / "python3.11").read_text().replace(str(programs), str(apart))
    (apart / "python3.11").write_text(stub)
    for tool in ("sh", "dirname", "cat", "head", "mktemp", "rm", "mkdir", "cp", "chmod"):
        (programs / tool).symlink_to(shutil.which(tool))
    uv = programs / "uv" if there else apart / "uv"
    uv.write_text(UV.format(calls=calls, python=apart / "python3.11"))
    uv.chmod(0o755)
    # Too new for the study, as on Ubuntu 24.04: it makes environments, and its pip brings uv.
    newer = programs / "python3"
    newer.write_text(
        f"""#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip") echo "pip $@" >> {calls}; cp "{uv}" "${{0%/*}}/uv" ;;
  *) exit 1 ;;
esac
"""
    )
    newer.chmod(0o755)
    done = subprocess.run(
        ["sh", "scripts/environment"],
        cwd=checkout,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = calls.read_text().splitlines()
    install = lines.index("uv python install --no-bin 3.11, only-managed")
    assert lines[install + 1] == "uv python find 3.11, only-managed"
    assert [re.search(r"uv==[\d.]+$", line) is not None for line in lines[:install]] == (
        [] if there else [True]
    )
    assert any("-r requirements.lock" in line for line in lines[install:])
    assert (checkout / ".venv/complete").exists()
