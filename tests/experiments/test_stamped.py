"""A stamped result is made once, again when its identity changes, and never half trusted."""

from __future__ import annotations

import pytest

from recmia.experiments.stamped import is_current, stamp_of, stamped
from recmia.storage import write_text


def test_made_once_and_again_when_something_changed(tmp_path) -> None:
    path, made = tmp_path / "result.txt", []

    def make() -> None:
        made.append(1)
        write_text(path, str(len(made)))

    assert stamped(path, "a", make) and not stamped(path, "a", make)
    assert stamped(path, "b", make) and len(made) == 2
    path.unlink()
    assert stamped(path, "b", make) and path.read_text() == "3"


def test_a_failure_leaves_no_stamp(tmp_path) -> None:
    path = tmp_path / "result.txt"
    stamped(path, "a", lambda: write_text(path, "whole"))

    def fail() -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        stamped(path, "b", fail)
    # The earlier result is still there, but nobody takes it for the one that was asked for.
    assert path.read_text() == "whole"
    assert not is_current(path, "a") and not is_current(path, "b")
    stamp_of(path).write_text("{")
    assert not is_current(path, "a")
