"""Shared fixtures: where the real data is, and a place for everything that tests write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process is left with them at the end."""
    items.sort(key=lambda item: item.path.name != "test_end_to_end.py")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data: ``RECMIA_DATA``, else ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("RECMIA_DATA", CHECKOUT.parent / "shared" / "data"))
    if not (folder / "yoochoose1_64_train_sessions.txt.gz").exists():
        pytest.skip(f"real data not found in {folder}; set RECMIA_DATA to the folder that holds it")
    return folder
