"""Lines that are no rows of a table: bad ones are named."""

from __future__ import annotations

import pytest

from recmia.data.clicks import open_clicks
from recmia.data.settings import Columns, Data
from recmia.errors import DataError


@pytest.mark.parametrize(
    ("layout", "text", "line", "problem"),
    [
        ("sessions", "1 2\n\n3 4\n", 2, "missing"),
        ("users", "u1 1 2\nu2 3\nu1 4\n", 3, "has line 1 as well"),
        ("users", "u1 1 2\nu2\n", 2, "missing"),
        ("objects", '{"s": 1, "i": 2}\n{"s": 1}\n', 2, "the name is missing"),
        ("objects", '{"s": 1, "i": 2}\n{"s": 1, \n', 2, "not JSON"),
        ("objects", '{"s": 1, "i": 2}\n[1, 2]\n', 2, "not an object"),
        ("objects", '{"s": 1, "i": 2}\n{"s": 1, "i": null}\n', 2, "missing"),
        ("mind", "1\tU1\tt\tN1 N2\tN3-1\n2\tU2\tN1\n", 2, "5 columns expected"),
        ("mind", "1\tU1\tt\tN1 N2\tN3-1\n2\tU2\tt\tN1\tN3-2\n", 2, "no item with -0 or -1"),
    ],
)
def test_a_bad_line_is_named(tmp_path, layout, text, line, problem):
    (tmp_path / "log").write_text(text)
    columns = Columns(session="s", item="i") if layout == "objects" else None
    data = Data(source="file", path="log", layout=layout, columns=columns)
    with pytest.raises(DataError, match=problem) as caught:
        open_clicks(data, tmp_path, tmp_path, seed=0).read()
    assert caught.value.line == line and caught.value.remedy


def test_numbers_of_64_bits_in_json_keep_their_digits(tmp_path):
    (tmp_path / "log").write_text(f'{{"s": {2**64 - 1}, "i": 1.10}}\n')
    data = Data(source="file", path="log", layout="objects", columns=Columns(session="s", item="i"))
    clicks = open_clicks(data, tmp_path, tmp_path, seed=0).read()
    assert clicks.select("key", "item").row(0) == (str(2**64 - 1), "1.10")
