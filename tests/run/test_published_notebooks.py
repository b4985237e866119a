"""Pages of executed notebooks show what they hold and run nothing of it."""

from __future__ import annotations

import pytest

from recmia.run.published_notebooks import POLICY, without_scripts

TABLE = '<div><style scoped="">td{color:red}</style><table><tr><td>1 &lt; 2</td></tr></table>'
TABLE += '<a class="anchor-link" href="#T">¶</a><img src="data:image/png;base64,iVBOR"/>\n</div>'


@pytest.mark.parametrize(
    "active",
    [
        "<script>alert(1)</script>",
        '<SCRIPT src="https://example.org/x.js"></SCRIPT>',
        '<img src="x" onerror="alert(1)">',
        '<td onclick="alert(1)">1</td>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java\nscript:alert(1)">x</a>',
        '<a href="data:text/html,<b>alert(1)">x</a>',
        '<iframe srcdoc="alert(1)"></iframe>',
        '<object data="alert(1)"></object>',
        '<svg onload="alert(1)"></svg>',
        "<svg><script>alert(1)</script></svg>",
        '<form action="https://example.org/alert(1)"><input></form>',
        '<meta http-equiv="refresh" content="0;url=https://example.org/alert(1)">',
        '<base href="https://example.org/alert(1)/">',
        "<script>alert(1)",
    ],
)
def test_what_would_run_is_left_out(active: str) -> None:
    page = without_scripts(TABLE + active)
    assert "alert(1)" not in page and "example.org" not in page
    assert "1 &lt; 2" in page and "td{color:red}" in page and "iVBOR" in page


def test_what_shows_only_stays_as_it_is() -> None:
    assert without_scripts(TABLE) == TABLE
    assert "script-src" not in POLICY and POLICY.startswith("default-src 'none'")
