"""Pages filled in from Jinja templates: values are escaped, and a missing one is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def fill(template: Path, values: Mapping[str, Any], **filters: Callable[..., Any]) -> str:
    """The text of a page.

    Args:
        template: file; what it includes lies beside it.
        values: what the template names.
        filters: further filters of the template, by name.

    Raises:
        jinja2.UndefinedError: the template names a value that is not there.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(template.name).render(values)
