"""Names in a profile that become names of files and folders."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# A letter or digit first, then no slash and no colon: it stays in its folder on any system.
PathName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,._-]*$", max_length=60)]
