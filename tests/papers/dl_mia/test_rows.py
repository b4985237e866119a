"""Rows of notebook 12: each number under its own columns, beside its own data set."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from recmia.evaluation.intervals import Measurement
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments import lines as engine
from recmia.experiments.lines import claim_rows, line_rows
from recmia.experiments.rows import AS_PUBLISHED, CONFIRMED, CORRECTED, OPEN, Row
from recmia.papers.dl_mia import leak, pictures
from recmia.papers.dl_mia.counts import count_rows
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
    Scored,
)
from recmia.papers.dl_mia.paper import PAPER
from recmia.papers.dl_mia.tables import all_entries, grid, lines_of
from recmia.papers.dl_mia.worlds import HALVES, worlds
from recmia.run.settings import load_settings

# What each attack is made to have here, so that every difference is known.
KNOWN = {
    BIASED: 0.52,
    BIASED_RELEASED: 0.50,
    PRETRAINED: 0.54,
    DL_MIA: 0.55,
    SELF_TRAINED: 0.54,
    LEAKY: 0.82,
    LEAKY_BEST: 0.90,
}
KINDS = (ROC_AUC, HARD_LABEL_AUC)


@pytest.fixture
def study() -> SimpleNamespace:
    return SimpleNamespace(settings=load_settings("dl-mia"), folder=Path)


@pytest.fixture
def known(monkeypatch):
    """Differences and areas from `KNOWN`, a little higher where both recommenders are the same.

    Where scores should lie stands the attack itself.
    """

    def area(scored: Scored) -> float:
        same = scored.fit.shadow.name == scored.fit.target.name
        return KNOWN[scored.attack] + (0.01 if same else 0.0)

    def differences(study, folder, pairs):
        return [
            {
                kind: Measurement(kind, value, value - 0.015, value + 0.015, 3)
                for kind in KINDS
                for value in (area(first) - area(second),)
            }
            for first, second in pairs
        ]

    def measure(study, folder, cases):
        return {
            case: [Measurement(kind, area(case), area(case), area(case), 3) for kind in KINDS]
            for case in cases
        }

    monkeypatch.setattr(engine, "measure", measure)
    for module in (engine, leak):
        monkeypatch.setattr(module, "differences", differences)


def leak_rows(study) -> list[Row]:
    fits = [fit for half, world in worlds(study).items() for fit in grid(half, world)]
    return leak.leak_rows(study, {(one := Scored(f, a)): one for f in fits for a in KNOWN})


def made(rows: list[Row], kind: str) -> dict[tuple, float]:
    """Checkpoint, variant and other side, to the difference or "share"."""
    return {
        (r.checkpoint, r.variant, r.against) + (("share",) if "share" in r.metric else ()): r.value
        for r in rows
        if kind in r.metric
    }


def test_the_published_gain_falls_into_its_parts(study, known) -> None:
    ours = [r for r in leak_rows(study) if (r.shadow_data, r.target_data) == ("A", "M")]
    ours = [r for r in ours if (r.shadow, r.target) == ("item-neighbours", "lfm")]
    assert {r.dataset for r in ours} == {"MovieLens-1M"}
    best = "best by target labels"
    assert made(ours, ROC_AUC) == pytest.approx(
        {
            (best, "label leak", "Biased-MIA"): 0.40,
            ("last", "label leak", "Biased-MIA"): 0.32,
            ("last", "guessed labels", "Biased-MIA"): 0.04,
            (None, None, "Biased-MIA"): 0.03,
            ("last", "label leak", "guessed labels"): 0.28,
            (best, "label leak", "last"): 0.08,
            ("last", "label leak", "guessed labels", "share"): 0.70,
            (best, "label leak", "last", "share"): 0.20,
        }
    )


def test_means_stand_beside_the_settings(study, known) -> None:
    means = [r for r in leak_rows(study) if r.note == "mean over settings"]
    assert {(r.dataset, r.shadow, r.target) for r in means} == {("", None, None)}
    for half in HALVES:
        of = made([r for r in means if r.half == half], ROC_AUC)
        assert of["last", "label leak", "guessed labels"] == pytest.approx(0.28)
        assert of["last", "label leak", "guessed labels", "share"] == pytest.approx(0.70)


def test_no_share_of_a_gain_that_may_be_none(study, known, monkeypatch) -> None:
    # The interval reaches 0.02, which counts as no difference.
    monkeypatch.setitem(KNOWN, LEAKY_BEST, 0.505)
    rows = leak_rows(study)
    assert rows and not [r for r in rows if "share" in r.metric]


def test_claims_have_the_verdict_of_their_own_reading(study, known) -> None:
    entries = all_entries(study)
    lines = lines_of(study, entries, {entry.scored: entry.scored for entry in entries})
    rows = claim_rows(study, Path(), lines, PAPER.claims)
    measured = line_rows(study, Path(), lines, KINDS)
    rows += count_rows(measured, PAPER.claims)
    assert len({r.key for r in rows}) == len(rows)

    def said(claim: str, reading: str, half: str | None = None) -> list[tuple[float, str]]:
        return [
            (round(r.value, 3), r.verdict)
            for r in rows
            if (r.claim, r.reading) == (claim, reading) and half in (None, r.half)
        ]

    assert said("dl-mia-beats-biased-mia", AS_PUBLISHED, "general") == [(0.4, CONFIRMED)] * 36
    beats = said("dl-mia-beats-biased-mia", CORRECTED, "sequential")
    assert len(beats) == 36 and {value for value, _ in beats} == {0.03}
    helps = said("reweighting-helps-further", CORRECTED)
    assert len(helps) == 8 and {verdict for _, verdict in helps} == {OPEN}
    assert not said("reweighting-helps-further", AS_PUBLISHED)
    assert len(said("dl-mia-beats-biased-mia-texts", CORRECTED)) == 4 + 1
    # As well: the difference of nothing, with an interval within 0.02.
    assert said("beta-vae-does-as-well", AS_PUBLISHED) == [(0, CONFIRMED)] * 8
    lowered = [r for r in rows if r.claim == "defence-lowers-dl-mia"]
    assert len(lowered) == 16 and {(r.ratio, r.against) for r in lowered} == {(None, "0.1")}
    # Counts: everything is over 0.8 as published, nothing corrected; the diagonal is the best.
    assert said("dl-mia-over-0.8", AS_PUBLISHED) == [(1, OPEN)] * 2
    assert said("dl-mia-over-0.8", CORRECTED) == [(0, OPEN)] * 2
    assert said("biased-mia-below-0.7", AS_PUBLISHED) == [(1, OPEN)]
    assert said("like-shadow-is-best", CORRECTED) == [(1, OPEN)] * 2


def test_the_best_shadow_is_counted_by_target() -> None:
    areas = np.array([[0.9, 0.8, 0.7], [0.95, 0.85, 0.7], [0.1, 0.2, 0.6]])
    names = ("item-neighbours", "lfm", "ncf")
    rows = [
        Row(
            study="dl-mia",
            artefact="Figure 3b",
            attack="DL-MIA",
            reading=CORRECTED,
            metric=ROC_AUC,
            value=areas[i, j],
            half="sequential",
            shadow_data="M",
            target_data="M",
            shadow=names[i],
            target=names[j],
        )
        for i, j in np.ndindex(3, 3)
    ]
    claims = {
        "like-shadow-is-best": {"artefact": "Figure 3b"},
        "dl-mia-over-0.8": {"artefact": ["Figure 3b"]},
    }
    best, over = (
        next(r for r in count_rows(rows, {key: claim}) if r.reading == CORRECTED)
        for key, claim in claims.items()
    )
    # The second target has its like for the best shadow, the first and the third have not.
    assert best.value == pytest.approx(1 / 3, abs=1e-6)
    assert over.value == pytest.approx(3 / 9, abs=1e-6)
    assert {best.shadow, best.target, best.ci_low} == {None} and best.half == "sequential"


def test_a_picture_names_the_data_set_of_its_target(study, monkeypatch) -> None:
    def measured(study, folder, lines, metrics):
        return [Row(**line.columns, metric=ROC_AUC, value=0.7, n_seeds=3) for line in lines]

    monkeypatch.setattr(pictures, "line_rows", measured)
    monkeypatch.setattr(pictures, "make_all", lambda *args, **told: None)
    monkeypatch.setattr(pictures, "kept_pictures", lambda study: [])
    rows = pictures.picture_rows(study)
    assert {r.dataset for r in rows} == {"MovieLens-1M"}
    pictured = {(r.shadow_data, r.shadow, r.target_data, r.target) for r in rows}
    assert pictured == {("A", "ncf", "M", "lfm")}
    sides = "ROC AUC of telling shadow from target"
    kinds = "ROC AUC of telling factors of the attacker from hidden states of the recommender"
    assert {(r.artefact, r.features, r.metric) for r in rows} == {
        ("Figure 1", "difference vectors", sides),
        ("Figure 1", "difference vectors", kinds),
        ("Figure 5", "difference vectors", sides),
        ("Figure 5", "invariant", sides),
        ("Figure 5", "specific", sides),
        ("Figure 5", "difference vectors", kinds),
        ("Figure 5", "invariant and specific", kinds),
    }


def test_neighbours_tell_clouds_apart_only_where_they_are() -> None:
    draw = np.random.default_rng(0)
    first = np.repeat([True, False], 200)
    cloud = draw.normal(size=(400, 5))
    same, apart = cloud, cloud + 6.0 * first[:, None]
    for x, low, high in ((same, 0.35, 0.65), (apart, 0.99, 1.0)):
        scores = pictures._told_apart(x, first)
        above = (scores[first][:, None] > scores[~first]).mean()
        ties = (scores[first][:, None] == scores[~first]).mean()
        assert low <= above + ties / 2 <= high


def test_the_pictured_target_has_hidden_states() -> None:
    settings = load_settings("dl-mia").dl_mia
    with pytest.raises(ValueError, match="not an LFM"):
        type(settings).model_validate(settings.model_dump() | {"pictured": "ANMI"})
    with pytest.raises(ValueError, match="not a general setting"):
        type(settings).model_validate(settings.model_dump() | {"pictured": "ANXL"})


def test_released_code_is_held_against_released_code(study) -> None:
    held = {gain.first: gain.second for gain in leak.GAINS}
    code = dict.fromkeys((LEAKY_BEST, LEAKY, SELF_TRAINED), BIASED_RELEASED)
    assert held == code | {DL_MIA: BIASED}
    published = {
        entry.scored.attack for entry in all_entries(study) if entry.reading == AS_PUBLISHED
    }
    assert published == {LEAKY, LEAKY_BEST, BIASED_RELEASED, PRETRAINED}
