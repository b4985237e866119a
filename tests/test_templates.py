"""Pages: what is foreign is escaped, and what is missing is no empty place."""

import pytest
from jinja2 import UndefinedError

from recmia.templates import fill


def test_values_are_escaped_and_none_may_be_missing(tmp_path):
    (tmp_path / "inner.j2").write_text("<b>{{ name }}</b>")
    page = tmp_path / "page.j2"
    page.write_text("{% include 'inner.j2' %} {{ 2 | twice }}")
    assert fill(page, {"name": "<a>"}, twice=lambda x: 2 * x) == "<b>&lt;a&gt;</b> 4"
    with pytest.raises(UndefinedError, match="name"):
        fill(page, {}, twice=str)
