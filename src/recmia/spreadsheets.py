"""Texts in CSV files that a spreadsheet would run as formulas, and back.

A spreadsheet takes what begins with ``=``, ``+``, ``-`` or ``@`` (or with a tab or carriage return
before it) for a formula, which can call other programs. Ids are other people's, so such an id is
written with an apostrophe before it, which spreadsheets show as text; ids that are numbers stay as
they are. An id that begins with apostrophes and then such a sign gets one more, so that taking one
away (`as_given`) always gives back what was there.
"""

from __future__ import annotations

import re

FORMULA = r"^'*[=+\-@\t\r]"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
WRITTEN = r"^'+[=+\-@\t\r]"
_formula, _number, _written = map(re.compile, (FORMULA, NUMBER, WRITTEN))


def as_text(cell: str) -> str:
    """A cell that a spreadsheet takes for text or for a number."""
    return f"'{cell}" if _formula.match(cell) and not _number.match(cell) else cell


def as_given(cell: str) -> str:
    """The text that `as_text` was given."""
    return cell[1:] if _written.match(cell) else cell
