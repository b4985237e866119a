"""All can read the reports: contrast, landmarks, names of links, what scrolls without a mouse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from contrast import contrast

from recmia.run import published_notebooks
from recmia.run.report import TEMPLATES

REPORT = (TEMPLATES / "report.html.j2").read_text(encoding="utf-8")
MARKUP = "".join(path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.j2")))
PAGE = published_notebooks.page(
    "01", "<h1>One</h1><table><tr><td>1</td></tr></table><table></table>"
)


def test_contrast_of_known_colours() -> None:
    assert contrast("000", "ffffff") == pytest.approx(21)
    assert contrast("888888", "fff") == pytest.approx(3.54, abs=0.01)


@pytest.mark.parametrize("theme", re.findall(r":root\{([^}]+)\}", REPORT), ids=["light", "dark"])
def test_colours_of_the_report_have_contrast(theme: str) -> None:
    colours = dict(re.findall(r"--(\w+):#([0-9a-f]{3,6})", theme))
    for ink, grounds in {
        "ink": ("ground", "panel", "holds", "fails"),
        "soft": ("ground", "panel"),
        "ours": ("ground",),
    }.items():
        for ground in grounds:
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_colours_of_notebook_pages_have_contrast() -> None:
    light, dark = re.findall(r"Prompt\{color:#([0-9a-f]{6})", published_notebooks.STYLE)
    grounds = re.findall(r":root\{[^}]*background:#([0-9a-f]+)", published_notebooks.STYLE)
    assert contrast(light, grounds[0]) >= 4.5 and contrast(dark, grounds[1]) >= 4.5


def scrolling(style: str) -> set[str]:
    """Selectors of what scrolls sideways by itself."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style)
    return {name.strip() for name, said in rules if re.search(r"overflow(-x)?:auto", said)}


@pytest.mark.parametrize("style", [REPORT, published_notebooks.STYLE], ids=["report", "notebook"])
def test_only_regions_with_a_name_and_links_scroll(style: str) -> None:
    assert scrolling(style) <= {".scroll", "nav"}


@pytest.mark.parametrize("markup", [MARKUP, PAGE], ids=["report", "notebook"])
def test_what_scrolls_takes_the_focus_and_has_a_name(markup: str) -> None:
    regions = re.findall(r'<div class="scroll"[^>]*>', markup)
    assert len(regions) == len(re.findall("<table", markup)) > 1
    for region in regions:
        assert re.search(r'tabindex="0" role="region" aria-label="[^"]+"', region), region
    assert len(set(regions)) > 1


def test_notebook_pages_have_landmarks() -> None:
    assert PAGE.count("<main>") == 1 and "<nav>" in PAGE


OLD = (
    '<!doctype html>\n<html lang="en"><head><title>01</title><style></style>'
    '</head><body><p><a href="../index.html">Report</a></p>{}</body></html>\n'
)


def test_an_old_page_of_a_notebook_takes_the_form_of_today(tmp_path: Path) -> None:
    body = "<h1>One</h1><table><tr><td>1</td></tr></table><table></table>\n<div></div>"
    old, new = tmp_path / "01.html", tmp_path / "02.html"
    old.write_text(OLD.format(body), encoding="utf-8")
    new.write_text(published_notebooks.page("02", body), encoding="utf-8")
    wanted = new.read_text(encoding="utf-8")
    published_notebooks.dress_again(tmp_path)
    assert new.read_text(encoding="utf-8") == wanted
    assert old.read_text(encoding="utf-8") == wanted.replace("<title>02", "<title>01")


def test_a_link_is_heard_with_the_words_that_are_seen() -> None:
    links = re.findall(r'<a [^>]*aria-label="([^"]+)">(.*?)</a>', MARKUP)
    assert links
    for heard, seen in links:
        assert seen.lower() in heard.lower(), (heard, seen)
