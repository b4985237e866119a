"""What is said of the machine before a run: bfloat16 where the processor has to imitate it."""

from __future__ import annotations

from pathlib import Path

import pytest

from recmia.run import hardware
from recmia.run.settings import load_settings

OLD = (
    "processor\t: 0\nflags\t\t: fpu sse2 avx2 fma\n\nprocessor\t: 1\nflags\t\t: fpu sse2 avx2 fma\n"
)
AMX = "processor\t: 0\nmodel name\t: some\nflags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd sve i8mm bf16\n"


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Say what the system tells of its processor, and that there is no GPU."""

    def say(text: str, gpus: list[str] | None = None) -> None:
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
        monkeypatch.setattr(hardware, "gpus", lambda: gpus or [])

    return say


@pytest.mark.parametrize(
    ("text", "has"), [(OLD, False), (AMX, True), (ARM, True), ("processor: 0\n", None)]
)
def test_a_processor_is_asked_for_its_instructions(processor, text, has):
    processor(text)
    assert hardware.multiplies_bfloat16() is has


def test_a_system_that_tells_nothing_is_not_judged(monkeypatch, tmp_path):
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "absent")
    assert hardware.multiplies_bfloat16() is None


def test_bfloat16_that_is_imitated_is_told_with_a_remedy_that_helps(processor):
    processor(OLD)
    told = hardware.slow_training(load_settings("yoochoose64-target"))
    assert "--set target.precision=float32" in told
    otherwise = load_settings("yoochoose64-target", {"target.precision": "float32"})
    assert hardware.slow_training(otherwise) is None


@pytest.mark.parametrize("profile", ["quick", "yoochoose64", "biased-mia"])
def test_what_trains_in_float32_needs_no_word(processor, profile):
    processor(OLD)
    assert hardware.slow_training(load_settings(profile)) is None


def test_a_processor_or_a_gpu_that_has_it_needs_no_word(processor):
    settings = load_settings("yoochoose64-target")
    processor(AMX)
    assert hardware.slow_training(settings) is None
    processor(OLD, gpus=["a GPU"])
    assert hardware.slow_training(settings) is None
    on_cpu = load_settings("yoochoose64-target", {"device": "cpu"})
    assert hardware.slow_training(on_cpu) is not None
