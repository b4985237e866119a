"""A made-up system, written once a session, and folders that tests may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recmia.audit.example import write_example
from recmia.audit.vectors import read_item_space


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Path:
    """Two sides whose members have personal lists, and vectors; not to be changed."""
    folder = write_example(tmp_path_factory.mktemp("audit") / "example") / "confounded"
    space = read_item_space(
        folder / "shadow", folder / "target", folder / "others.csv", dim=16, seed=0
    )
    lines = [
        ",".join([item, *(f"{value:.6g}" for value in vector)])
        for item, vector in zip(space.items.to_pylist(), space.vectors.tolist(), strict=True)
    ]
    header = ",".join(["item_id", *(f"d{number}" for number in range(16))])
    (folder / "shadow" / "item_vectors.csv").write_text("\n".join([header, *lines]))
    return folder


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Without the pictures: drawing takes longer than all the rest of an audit."""
    for name, stem in (("draw_roc", "roc"), ("draw_histogram", "histogram")):
        monkeypatch.setattr(
            f"recmia.audit.lists.{name}",
            lambda folder, *found, stem=stem: (folder / f"{stem}.png").write_bytes(b""),
        )


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Two sides of six users with two-dimensional vectors, small enough to spoil by hand."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "interactions.csv").write_text(
        "user_id,item_id,rating,timestamp\n"
        + "".join(
            f"u{n},i{n % 3},5,1700000000\nu{n},i{(n + 1) % 3},4,1700000001\n" for n in range(6)
        )
    )
    (shadow / "recommendations.csv").write_text(
        "user_id,item_id,rank\n" + "".join(f"u{n},i{n % 3},1\nu{n},i3,2\n" for n in range(6))
    )
    (shadow / "membership.csv").write_text(
        "user_id,member\n" + "".join(f"u{n},{n % 2}\n" for n in range(6))
    )
    (shadow / "item_vectors.csv").write_text("item_id,x,y\ni0,0,1\ni1,1,0\ni2,1,1\ni3,-1,0.5\n")
    shutil.copytree(shadow, tmp_path / "target")
    return tmp_path
