"""Every audit's page: one verdict, headings in order, tables and figures that all can read."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from contrast import contrast

from recmia.audit.compare import compare
from recmia.audit.example import write_example
from recmia.audit.inversion import InversionSettings, audit_inversion
from recmia.audit.lists import audit_lists
from recmia.audit.score_example import write_score_example
from recmia.audit.scores import ScoreSettings, audit_scores
from recmia.audit.scoring import AuditSettings
from recmia.data.synthetic_ratings import draw_ratings
from recmia.evaluation.verdict import LEAK, LESS, MORE, NO_CHANGE, NONE_FOUND, OPEN, UNEQUAL

KINDS = ("lists", "scores", "unknown", "inversion", "compare")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """A folder of each kind of audit; lists and scores are of the examples with memory."""
    root = tmp_path_factory.mktemp("pages")
    shop = write_example(root / "shop") / "memory"
    sides, others = (shop / "shadow", shop / "target"), shop / "others.csv"
    audit_lists(*sides, root / "lists", AuditSettings(), vectors_from=others)
    made = write_score_example(root / "made-up") / "memory"
    audit_scores(made, root / "scores", ScoreSettings())
    (made / "membership.csv").unlink()
    for shadow in made.glob("shadow-*.csv"):
        shadow.unlink()
    audit_scores(made, root / "unknown", ScoreSettings())
    table = draw_ratings(400, 600, visits=True, seed=3)
    rows = zip(table.users, table.items, table.values, strict=True)
    text = "".join(f"u{user},i{item},{value:g}\n" for user, item, value in rows)
    (root / "ratings.csv").write_text("user_id,item_id,rating\n" + text)
    settings = InversionSettings(0.05, 3, 8, 0.01, 5, True, 1, 0.95, 1)
    audit_inversion(root / "ratings.csv", ["i0"], root / "inversion", settings)
    compare(root / "scores", root / "scores", root / "compare")
    return root


def text_of(pages: Path, kind: str) -> str:
    return (pages / kind / "index.html").read_text()


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("kind", KINDS)
def test_one_verdict(pages: Path, kind: str) -> None:
    text = text_of(pages, kind)
    (verdict,) = re.findall(r'<h2 id="verdict">(.+?)</h2>', text)
    words = {"lists": LEAK, "scores": LEAK, "inversion": LEAK, "compare": NO_CHANGE}
    assert verdict == words.get(kind, "Not measured")
    if kind != "compare":  # which names the verdicts of both audits
        for other in {LEAK, UNEQUAL, NONE_FOUND, OPEN, LESS, MORE} - {verdict}:
            assert f">{other}<" not in text
    assert "What to do next" in text and "times in 100" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_date_command_and_versions(pages: Path, kind: str) -> None:
    text = text_of(pages, kind)
    name = "scores" if kind == "unknown" else kind
    assert f"<code>recmia audit {name} " in text and "numpy" in text
    assert re.search(r'<time datetime="20\d\d-\d\d-\d\dT', text)


@pytest.mark.parametrize("kind", KINDS)
def test_all_can_read_it(pages: Path, kind: str) -> None:
    tags = _Tags(text_of(pages, kind)).tags
    assert tags[0] == ("html", {"lang": "en"}) and ("main", {}) in tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert all(own.get("scope") in ("row", "col") for tag, own in tags if tag == "th")
    regions = [own for _, own in tags if own.get("class") == "scroll"]
    assert len(regions) == sum(tag == "table" for tag, _ in tags)
    for own in regions:
        assert own["role"] == "region" and own["tabindex"] == "0" and own["aria-label"]
    labels = [own["aria-label"] for own in regions]
    assert len(set(labels)) == len(labels)
    assert all(own.get("alt") for tag, own in tags if tag == "img")
    assert all(own.get("aria-hidden") == "true" for tag, own in tags if tag == "svg")
    ids = [own["id"] for _, own in tags if "id" in own]
    assert len(set(ids)) == len(ids)


def test_colours_have_contrast(pages: Path) -> None:
    """4.5 to 1 for text and links, on both grounds, by day and by night."""

    themes = re.findall(r":root\{([^}]+)\}", text_of(pages, "lists"))
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--(\w+):#([0-9a-f]{3,6})", theme))
        for ink in ("ink", "soft", "ours"):
            for ground in ("ground", "panel"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("kind", KINDS)
def test_no_table_is_cut_off_at_1400_pixels(pages: Path, kind: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium")
    page = tmp_path / "page.html"
    probe = (
        "<script>document.title = [...document.querySelectorAll('.scroll, main, html')]"
        ".map(one => one.scrollWidth - one.clientWidth).join(' ')</script></body>"
    )
    page.write_text(text_of(pages, kind).replace("</body>", probe))
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "--window-size=1400,2000", f"--user-data-dir={tmp_path / 'chromium'}", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    (title,) = re.findall("<title>(.+?)</title>", done.stdout)
    assert all(int(beyond) <= 1 for beyond in title.split()), title
