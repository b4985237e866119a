"""Pages that need no other file: one way to fill templates, pictures as data addresses."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from recmia.errors import ArtifactError

MIME = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}


def fill(template: Path, values: dict[str, Any], filters: dict[str, Any] | None = None) -> str:
    """A template filled with values; an unknown name is an error, and texts are escaped.

    Args:
        template: its file; it may include others that lie beside it.
        values: by the names that it uses.
        filters: more of Jinja's filters.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template.name).render(values)


def data_address(path: Path) -> str:
    """A picture as an address that holds it.

    Raises:
        ArtifactError: it is missing or is no PNG, SVG or JPEG.
    """
    if not path.is_file() or path.suffix not in MIME:
        raise ArtifactError(f"{path} is missing, or is no PNG, SVG or JPEG.")
    return f"data:{MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
