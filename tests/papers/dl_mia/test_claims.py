"""What is run covers the paper's tables and figures, each under every reading."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from recmia.lists.views import ONE_MODEL, PUBLISHED
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.papers.dl_mia.claims import (
    FIGURE_3,
    GUESSED,
    HELD_OUT,
    ONE_MODEL_CONDITION,
    TAKE_PART,
    TEXTS,
    all_lines,
    fits_of,
)
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    SELF_TRAINED,
)
from recmia.papers.dl_mia.halves import HALVES
from recmia.papers.dl_mia.paper import PAPER
from recmia.run.registry import report_of
from recmia.run.settings import load_settings


def lines_of(profile: str) -> list:
    return all_lines(SimpleNamespace(settings=load_settings(profile)))


@pytest.mark.parametrize("half", HALVES)
def test_the_whole_grid_under_each_reading(half: str) -> None:
    grid = [line for line in lines_of("dl-mia") if line.artefact == FIGURE_3[half]]
    settings = {line.scored.fit.setting for line in grid}
    assert len(settings) == 36
    for reading, attack, condition, scored in (
        (AS_PUBLISHED, BIASED, "", BIASED_RELEASED),
        (CORRECTED, BIASED, "", BIASED),
        (AS_PUBLISHED, DL_MIA, "", LEAKY_BEST),
        (CORRECTED, DL_MIA, "", DL_MIA),
        (CONTROL, DL_MIA, GUESSED, SELF_TRAINED),
        (CONTROL, DL_MIA, ONE_MODEL_CONDITION, DL_MIA),
        (CONTROL, BIASED, ONE_MODEL_CONDITION, BIASED),
    ):
        own = [
            line
            for line in grid
            if (line.reading, line.attack, line.condition) == (reading, attack, condition)
        ]
        assert {line.scored.fit.setting for line in own} == settings and len(own) == 36
        serving = ONE_MODEL if condition == ONE_MODEL_CONDITION else PUBLISHED
        for line in own:
            assert line.scored.attack == scored
            assert not line.scored.fit.held_out
            assert {line.scored.fit.shadow.serving, line.scored.fit.target.serving} == {serving}


@pytest.mark.parametrize("profile", ["dl-mia", "quick", "tiny"])
def test_no_two_lines_share_a_row(profile: str) -> None:
    keys = [
        (
            line.half,
            line.artefact,
            line.scored.fit.setting,
            line.attack,
            line.reading,
            line.condition,
        )
        for line in lines_of(profile)
    ]
    assert len(set(keys)) == len(keys)


def test_the_leak_is_in_published_lines_and_named_controls_only() -> None:
    for line in lines_of("dl-mia"):
        if line.scored.attack in (LEAKY, LEAKY_BEST):
            told = line.reading == AS_PUBLISHED or "leak" in line.attack + line.condition
            assert told and line.note, line
        elif line.condition == GUESSED:
            assert line.reading == CONTROL


def test_every_number_of_the_paper_finds_its_row() -> None:
    lines = lines_of("dl-mia")
    rows = {
        (line.artefact, line.scored.fit.setting, line.attack, line.reading, line.condition)
        for line in lines
    }
    theirs = [v for v in PAPER.values if v["artefact"] not in ("Table 1",)]
    assert len(theirs) > 80
    for value in theirs:
        key = tuple(value[n] for n in ("artefact", "setting", "attack", "reading", "condition"))
        # Amazon's items have no texts at hand.
        assert key in rows or (value["condition"] == TEXTS and "A" in value["setting"]), key


def test_every_artefact_is_described() -> None:
    described = set(report_of(PAPER)["artefacts"])
    assert {line.artefact for line in lines_of("dl-mia")} <= described
    assert {"Table 1", "Table 2", "Table 3", "Figure 1", "Figure 4", "Figure 5"} <= described


def test_fits_are_shared_between_tables() -> None:
    lines = lines_of("dl-mia")
    for half, fits in fits_of(lines).items():
        assert len(set(fits)) == len(fits)
        # 36 settings and with one model, random labels, held out, variants, texts, defence.
        texts = {"general": 4, "sequential": 1}[half]
        assert len(fits) == 2 * 36 + 6 + 4 + 2 * 4 + texts + 4


def test_held_out_users_stand_beside_those_who_take_part() -> None:
    for half in HALVES:
        own = [line for line in lines_of("dl-mia") if line.half == half]
        for condition, held in ((TAKE_PART, False), (HELD_OUT, True)):
            lines = [line for line in own if line.condition == condition]
            assert {line.scored.fit.held_out for line in lines} == {held}
            assert {line.scored.attack for line in lines} == {DL_MIA, SELF_TRAINED, LEAKY}
            assert len({line.scored.fit.setting for line in lines}) == 4
