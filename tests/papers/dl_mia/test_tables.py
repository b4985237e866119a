"""What is run covers the paper's tables and figures, each under every reading."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from recmia.experiments.lines import Line, pairs
from recmia.experiments.results import typed
from recmia.experiments.rows import AS_RELEASED, CONTROL, CORRECTED
from recmia.lists.views import ONE_MODEL, PUBLISHED
from recmia.papers.dl_mia.as_released import AsReleased
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    SELF_TRAINED,
)
from recmia.papers.dl_mia.fitting import Fits
from recmia.papers.dl_mia.paper import PAPER
from recmia.papers.dl_mia.released_draws import ReleasedDraws
from recmia.papers.dl_mia.tables import FIGURE_3, Entry, all_entries, lines_of
from recmia.papers.dl_mia.worlds import GENERAL, HALVES, SEQUENTIAL
from recmia.released.keeping import HARD
from recmia.run.papers import report_of
from recmia.run.settings import load_settings


def study_of(profile: str, own: dict | None = None) -> SimpleNamespace:
    settings = load_settings(profile, own)
    seeds = range(settings.n_seeds)
    return SimpleNamespace(settings=settings, folder=Path, seeds=lambda: seeds, device="cpu")


def entries_of(profile: str) -> list[Entry]:
    return all_entries(study_of(profile))


def trained_columns(profile: str, own: dict | None = None) -> list[dict]:
    study = study_of(profile, own)
    entries = all_entries(study)
    return [line.columns for line in lines_of(study, entries, {e.scored: () for e in entries})]


def drawn_columns(profile: str, own: dict | None = None) -> list[dict]:
    """Of the general half as released, whatever is drawn."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("biased", "joint", "whole", "fewer"):
            patch.setattr(ReleasedDraws, name, lambda self, *asked: {HARD: np.zeros(2)})
        patch.setattr(ReleasedDraws, "first_of_blocks", [0])
        return [line.columns for line in AsReleased(study_of(profile, own)).lines]


def columns(profile: str, own: dict | None = None) -> list[dict]:
    return trained_columns(profile, own) + drawn_columns(profile, own)


@pytest.mark.parametrize("half", HALVES)
def test_the_whole_grid_under_each_reading(half: str) -> None:
    grid = [entry for entry in entries_of("dl-mia") if entry.artefact == FIGURE_3[half]]
    trained = (
        (CORRECTED, BIASED, PUBLISHED),
        (CORRECTED, DL_MIA, PUBLISHED),
        (CONTROL, DL_MIA, ONE_MODEL),
        (CONTROL, BIASED, ONE_MODEL),
    )
    released = (
        (AS_RELEASED, BIASED_RELEASED, PUBLISHED),
        (AS_RELEASED, LEAKY_BEST, PUBLISHED),
        (AS_RELEASED, LEAKY, PUBLISHED),
        (CONTROL, SELF_TRAINED, PUBLISHED),
    )
    wanted = trained + (released if half == SEQUENTIAL else ())
    for reading, attack, serving in wanted:
        own = [e.scored.fit for e in grid if (e.reading, e.scored.attack) == (reading, attack)]
        assert len({fit.shadow.name + fit.target.name for fit in own}) == len(own) == 36
        for fit in own:
            assert not fit.held_out and {fit.shadow.serving, fit.target.serving} == {serving}
    assert len(grid) == len(wanted) * 36


@pytest.mark.parametrize("profile", ["dl-mia", "quick", "tiny"])
def test_no_two_lines_share_a_row(profile: str) -> None:
    keys = [
        tuple(sorted((k, v) for k, v in line.items() if k != "note" and v is not None))
        for line in columns(profile)
    ]
    assert len(set(keys)) == len(keys)


def test_the_leak_is_in_released_lines_and_named_controls_only() -> None:
    for entry, line in zip(entries_of("dl-mia"), trained_columns("dl-mia"), strict=True):
        if entry.scored.attack in (LEAKY, LEAKY_BEST):
            assert line["variant"] == "label leak" and entry.note
            released = entry.reading == AS_RELEASED and entry.scored.fit.half == SEQUENTIAL
            assert released or entry.artefact == "Controls"
        else:
            assert line.get("variant") != "label leak"
        if entry.scored.attack == SELF_TRAINED:
            assert entry.reading == CONTROL
    for line in drawn_columns("dl-mia"):
        told = line.get("variant") == "label leak"
        assert ("labels are in the training loss" in line["note"]) == told, line
        assert line["half"] == GENERAL and line["reading"] in (AS_RELEASED, CONTROL)
        if line["reading"] == AS_RELEASED:
            assert line.get("variant") != "guessed labels"


def test_the_general_grid_is_drawn_as_released() -> None:
    grid = [line for line in drawn_columns("dl-mia") if line["artefact"] == "Figure 3a"]
    kinds = Counter((c["attack"], c.get("variant"), c.get("checkpoint")) for c in grid)
    best, last = "best by target labels", "last"
    assert kinds == {
        ("Biased-MIA", None, None): 36,
        ("DL-MIA", "label leak", best): 36,
        ("DL-MIA", "label leak", last): 36,
        ("DL-MIA", "guessed labels", best): 36,
        ("DL-MIA", "guessed labels", last): 36,
    }


def test_every_number_of_the_paper_finds_its_row() -> None:
    lines = [Line(line, ()) for line in columns("dl-mia")]
    theirs = [typed(v) for v in PAPER.values if v["artefact"] != "Table 1"]
    assert len(theirs) > 80
    for value in theirs:
        wanted = {n: v for n, v in value.items() if n not in ("metric", "paper_value")}
        # Amazon's items have no texts at hand.
        lost = value.get("vectors") == "texts" and "A" in (
            value["shadow_data"],
            value["target_data"],
        )
        assert lost or any(line.matches(wanted) for line in lines), value


def test_values_of_a_language_model_find_no_row_of_shared_words() -> None:
    theirs = [typed(v) for v in PAPER.values if v["vectors"] == "texts"]
    assert len(theirs) == 16
    for model, named in (("minilm", "texts"), ("tf-idf", "texts (TF-IDF)")):
        made = columns("dl-mia", {"dl_mia.text_model": model})
        assert {line["vectors"] for line in made} == {"factors", "noise", named}
        lines = [Line(line, ()) for line in made]
        about = [{n: v for n, v in t.items() if n not in ("metric", "paper_value")} for t in theirs]
        found = [wanted for wanted in about if any(line.matches(wanted) for line in lines)]
        assert len(found) == (2 * (4 + 1) if model == "minilm" else 0)
        claim = PAPER.claims["dl-mia-beats-biased-mia-texts"]
        assert len(list(pairs(claim, lines))) == 2 * (4 + 1)


def test_every_claim_is_held_against_lines_that_are_there() -> None:
    lines = [Line(line, ()) for line in columns("dl-mia")]
    found = {k: list(pairs(c, lines)) for k, c in PAPER.claims.items() if "first" in c}
    numbers = {key: len(held) for key, held in found.items()}
    assert numbers == {
        "dl-mia-beats-biased-mia": 2 * 2 * 36,
        "disentangling-beats-biased-mia": 2 * 4,
        "reweighting-helps-further": 2 * 4,
        "beta-vae-does-as-well": 2 * 2 * 4,
        "factor-vae-does-as-well": 2 * 2 * 4,
        "dl-mia-beats-biased-mia-factors": 2 * 2 * 4,
        "dl-mia-beats-biased-mia-texts": 2 * (4 + 1),
        "defence-lowers-biased-mia": 2 * 2 * 4,
        "defence-lowers-dl-mia": 2 * 2 * 4,
        "dl-mia-beats-biased-mia-defended": 2 * 2 * 4,
    }
    for key, held in found.items():
        for first, second in held:
            # They differ in what the claim is about; the leak's attack also in how it is trained.
            own = {"attack", "variant", "features", "checkpoint", "note", "ratio", "defence_known"}
            same = [
                {n: v for n, v in line.columns.items() if n not in own} for line in (first, second)
            ]
            assert same[0] == same[1], key
            differs = PAPER.claims[key]["differs"]
            assert first.columns.get(differs) != second.columns.get(differs)


def test_every_artefact_is_described() -> None:
    described = set(report_of(PAPER.folder).artefacts)
    assert {entry.artefact for entry in entries_of("dl-mia")} <= described
    assert {"Table 1", "Table 2", "Table 3", "Figure 1", "Figure 4", "Figure 5"} <= described


def test_fits_are_shared_between_tables() -> None:
    fits = {entry.scored.fit for entry in entries_of("dl-mia")}
    for half in HALVES:
        # 36 settings and with one model, random labels, held out, variants, texts, defence.
        texts = {"general": 4, "sequential": 1}[half]
        own = [fit for fit in fits if fit.half == half]
        assert len(own) == 2 * 36 + 6 + 4 + 2 * 4 + texts + 4
    # In the general half the leak is fitted as a control only, in the settings of Table 2.
    told = [fit for fit in fits if fit.half == GENERAL and fit.leak]
    assert len(told) == 4 and not any(fit.held_out or fit.texts for fit in told)


def test_held_out_users_stand_beside_those_who_take_part() -> None:
    for half in HALVES:
        own = [
            entry.scored
            for entry in entries_of("dl-mia")
            if entry.artefact == "Controls"
            and entry.scored.fit.half == half
            and not entry.scored.fit.target.random_labels
        ]
        for held in (False, True):
            scored = [one for one in own if one.fit.held_out == held]
            told = {SELF_TRAINED, LEAKY} if half == SEQUENTIAL or not held else set()
            told |= {LEAKY_BEST} if half == GENERAL and not held else set()
            assert {one.attack for one in scored} == {DL_MIA} | told
            assert len({one.fit for one in scored}) == 4
    drawn = [
        c for c in drawn_columns("dl-mia") if c["artefact"] == "Controls" and not c.get("labels")
    ]
    held = Counter((c["held_out"], c["variant"]) for c in drawn)
    assert set(held.values()) == {4} and len(held) == 4


def test_stacks_hold_fits_of_one_kind(monkeypatch) -> None:
    monkeypatch.setattr(Fits, "_users", lambda self, half, data, side, seed: 500 + 20 * seed)
    fits = {entry.scored.fit for entry in entries_of("dl-mia")}
    made = [members for _, members in Fits(study_of("dl-mia")).stacks(fits)]
    assert sorted(m for members in made for m in members) == sorted(
        (fit, seed) for fit in fits for seed in range(3)
    )
    for members in made:
        kinds = {
            (f.half, f.encoder, f.leak, f.held_out, f.texts, min(600, 500 + 20 * seed))
            for f, seed in members
        }
        assert len(kinds) == 1 and len(members) <= 27
