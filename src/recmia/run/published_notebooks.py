"""Executed notebooks as pages: self-contained, without this machine's paths."""

from __future__ import annotations

import os
import re
import site
import sys
import tempfile
from itertools import count
from pathlib import Path

from recmia.experiments.paths import StudyPaths
from recmia.run.pipeline import Plan
from recmia.storage import write_text

STYLE = """
:root{color-scheme:light dark;background:#fff}
@media (prefers-color-scheme:dark){:root{background:#14171a}}
body{max-width:60rem;margin:0 auto;padding:1rem;font:16px/1.5 system-ui,sans-serif}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}
.jp-InputArea-editor,.input_area,.highlight{background:#8881;border-radius:6px}
.highlight pre{padding:.6rem;margin:.4rem 0}
img{max-width:100%;height:auto;background:#fff}
.prompt,.jp-InputPrompt,.jp-OutputPrompt{color:#57606a;font:12px monospace}
@media (prefers-color-scheme:dark){.prompt,.jp-InputPrompt,.jp-OutputPrompt{color:#9aa4af}}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem}
td,th{padding:.2rem .6rem;border-bottom:1px solid #8884;text-align:right}
.anchor-link{display:none}
"""

# What a browser may do with a page: show it. It runs nothing and loads nothing.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_REPORT = '<a href="../index.html">Report</a>'
_SCROLL = re.compile(r'<div class="scroll"[^>]*>(?=<table\b)')
_ACTIVE = ("script", "iframe", "frame", "object", "embed", "form", "base", "meta", "link", "applet")
_ADDRESS = re.compile(r"^(https?:|mailto:|#|data:image/|[^:]*$)", re.IGNORECASE)


def publish(plan: Plan, folder: Path) -> list[Path]:
    """Write a page for each executed notebook; pages of notebooks that are gone are removed.

    Args:
        plan: the run.
        folder: where the pages go.

    Returns:
        The pages.
    """
    import nbformat
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic")
    pages = []
    for step in plan.steps:
        source = plan.paths.executed / step.notebook
        if not source.exists():
            continue
        notebook = nbformat.read(source, as_version=4)
        notebook.metadata.pop("papermill", None)
        for cell in notebook.cells:
            for key in ("papermill", "execution"):
                cell.metadata.pop(key, None)
            # Progress bars and library warnings are in the log; a reader wants the results.
            if "outputs" in cell:
                cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        body, _ = exporter.from_notebook_node(notebook)
        text = page(step.name, body)
        pages.append(write_text(folder / f"{source.stem}.html", scrub(text, plan.paths)))
    for stale in set(folder.glob("*.html")) - set(pages):
        stale.unlink()
    return pages


def dress_again(folder: Path) -> None:
    """Give the pages of a report whose executed notebooks are gone the form that pages have today.

    Args:
        folder: the report's ``notebooks``; what the pages show stays as it is.
    """
    for path in sorted(folder.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        renewed = page(path.stem, _undressed(text))
        if renewed != text:
            write_text(path, renewed)


def _undressed(text: str) -> str:
    """The notebook's HTML within a page of :func:`page`, or of what it was before."""
    body = text[text.index("<body>") + len("<body>") : text.rindex("</body>")]
    body = re.sub(rf"^\s*<(nav|p)>{re.escape(_REPORT)}</\1>", "", body)
    body = body.removeprefix("<main>").removesuffix("</main>")
    if _SCROLL.search(body):
        body = _SCROLL.sub("", body).replace("</table></div>", "</table>")
    return body


def without_scripts(body: str) -> str:
    """A page's body without what would run or load something; the same text where there is none.

    Our notebooks print tables and pictures. An executed one that was edited, or a title of somebody
    else's data, may hold more.
    """
    from bs4 import BeautifulSoup

    page, changed = BeautifulSoup(body, "html.parser"), False
    for element in page.find_all(_ACTIVE):
        element.replace_with(f"[{element.name} left out]")
        changed = True
    for element in page.find_all(True):
        for name, value in list(element.attrs.items()):
            address = name in ("href", "src", "action", "formaction", "xlink:href", "srcset")
            # Browsers skip blanks and control characters before and in a scheme.
            bare = re.sub(r"[\x00-\x20]", "", str(value))
            if name.startswith("on") or name == "srcdoc" or (address and not _ADDRESS.match(bare)):
                del element[name]
                changed = True
    return str(page) if changed else body


def page(title: str, body: str) -> str:
    """A notebook's HTML as a page: in landmarks, its wide tables to be scrolled without a mouse."""
    from pygments.formatters import HtmlFormatter

    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    number = count(1)
    body = re.sub(
        r"<table\b",
        lambda _: (
            f'<div class="scroll" tabindex="0" role="region" aria-label="Table {next(number)}">'
            "<table"
        ),
        body,
    ).replace("</table>", "</table></div>")
    body = body.replace("<th></th>", "<td></td>")  # an empty corner heads nothing
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{title}</title><style>{STYLE}"
        f"@media (prefers-color-scheme:light){{{colours}}}</style></head>"
        f"<body><nav>{_REPORT}</nav>"
        f"<main>{without_scripts(body)}</main></body></html>\n"
    )


def scrub(text: str, paths: StudyPaths) -> str:
    """Replace the beginnings of paths that tell about this machine by "…"."""
    folders = [
        *(paths.root, paths.data, paths.artifacts.parent, paths.reports.parent, Path.home()),
        *map(Path, (tempfile.gettempdir(), sys.prefix, sys.base_prefix, *site.getsitepackages())),
        Path(os.getcwd()),
    ]
    names = {str(f) for folder in folders for f in (folder, folder.resolve())}
    for name in sorted(names - {"/", "."}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w/]){re.escape(name)}(?=/|\b)", "…", text)
    return re.sub(r"ipykernel_\d+", "ipykernel", text)
