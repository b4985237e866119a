"""Text from files as a terminal may show it: nothing in it moves a cursor or turns text round."""

from __future__ import annotations

import re
from typing import Any, TextIO

# Control characters but for line ends and tabs, and those that turn the direction of what follows.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with such characters written out, as ``\\x1b`` for an escape."""
    return _HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


class Visible:
    """A stream whose texts are made `visible`; all else is as of the stream beneath."""

    def __init__(self, stream: TextIO) -> None:
        """Wrap a stream; what its encoding lacks is written out as well."""
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        self._stream.write(visible(text))
        return len(text)
