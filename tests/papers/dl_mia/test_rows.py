"""Rows of notebook 12: each number under its own columns, beside its own data set."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from recmia.evaluation.measurement import Measurement
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments import lines as engine
from recmia.experiments.lines import Line, claim_rows
from recmia.experiments.rows import AS_RELEASED, CONFIRMED, CORRECTED, OPEN, REFUTED, Row
from recmia.papers.dl_mia import areas, leak, pictures
from recmia.papers.dl_mia.as_released import AsReleased
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
from recmia.papers.dl_mia.released_draws import ReleasedDraws
from recmia.papers.dl_mia.tables import all_entries, lines_of
from recmia.papers.dl_mia.worlds import GENERAL, HALVES, SEQUENTIAL
from recmia.released.found import claim_rows as claim_rows_of_draws
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

    def of_fit(scored: Scored) -> float:
        same = scored.fit.shadow.name == scored.fit.target.name
        return KNOWN[scored.attack] + (0.01 if same else 0.0)

    def differences(study, folder, pairs):
        return [
            {
                kind: Measurement(kind, value, value - 0.015, value + 0.015, 3)
                for kind in KINDS
                for value in (of_fit(first) - of_fit(second),)
            }
            for first, second in pairs
        ]

    def measure(study, folder, cases):
        return {
            case: [Measurement(kind, of_fit(case), of_fit(case), of_fit(case), 3) for kind in KINDS]
            for case in cases
        }

    def found_of(scored: Scored) -> dict[str, np.ndarray]:
        return drawn(of_fit(scored), 3)

    monkeypatch.setattr(engine, "measure", measure)
    monkeypatch.setattr(areas, "found_of", found_of)
    for module in (engine, leak):
        monkeypatch.setattr(module, "differences", differences)


def drawn(value: float, draws: int) -> dict[str, np.ndarray]:
    values = np.full(draws, value)
    return {"hard": values, "roc": values, "same": np.zeros(draws, dtype=bool)}


def released_lines(study, draws: int = 21) -> list[Line]:
    """The general half as released, every attack as `KNOWN` has it, whatever the draw."""
    names = {"label leak best": LEAKY_BEST, "label leak last": LEAKY}

    def attack(columns: dict) -> str:
        if columns["attack"] == "Biased-MIA":
            return BIASED_RELEASED
        if columns["variant"] == "without reweighting":
            return PRETRAINED
        if columns["variant"] == "guessed labels":
            return SELF_TRAINED
        return names[f"label leak {columns['checkpoint'].split()[0]}"]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("biased", "joint", "whole", "fewer"):
            patch.setattr(ReleasedDraws, name, lambda self, *asked: drawn(0.5, draws))
        patch.setattr(ReleasedDraws, "first_of_blocks", [0])
        lines = AsReleased(study).lines
    columns = [line.columns for line in lines]
    same = [(c["shadow_data"], c["shadow"]) == (c["target_data"], c["target"]) for c in columns]
    values = [KNOWN[attack(c)] + 0.01 * s for c, s in zip(columns, same, strict=True)]
    return [Line(c, drawn(value, draws)) for c, value in zip(columns, values, strict=True)]


def all_lines(study) -> list[Line]:
    entries = all_entries(study)
    trained = lines_of(study, entries, {entry.scored: entry.scored for entry in entries})
    return trained + released_lines(study)


def leak_rows(study) -> list[Row]:
    return leak.leak_rows(study, all_lines(study))


def made(rows: list[Row], kind: str) -> dict[tuple, float]:
    """Checkpoint, variant and other side, to the difference or "share"."""
    return {
        (r.checkpoint, r.variant, r.against) + (("share",) if "share" in r.metric else ()): r.value
        for r in rows
        if kind in r.metric
    }


@pytest.mark.parametrize("half", HALVES)
def test_the_published_gain_falls_into_its_parts(study, known, half: str) -> None:
    kinds = ("item-neighbours", "lfm") if half == GENERAL else ("caser", "gru4rec")
    ours = [r for r in leak_rows(study) if (r.shadow_data, r.target_data) == ("A", "M")]
    ours = [r for r in ours if (r.shadow, r.target) == kinds]
    assert all(r.dataset.startswith("MovieLens-1M") for r in ours)
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


def test_means_and_shares_stand_beside_the_settings_with_intervals(study, known) -> None:
    means = [r for r in leak_rows(study) if r.note == "mean over settings"]
    assert {(r.dataset, r.shadow, r.target) for r in means} == {("", None, None)}
    for half in HALVES:
        own = [r for r in means if r.half == half]
        of = made(own, ROC_AUC)
        assert of["last", "label leak", "guessed labels"] == pytest.approx(0.28)
        assert of["last", "label leak", "guessed labels", "share"] == pytest.approx(0.70)
        # All settings have the same gain, so that redrawing them changes nothing.
        for row in own:
            assert row.ci_low == pytest.approx(row.value, abs=1e-5) == row.ci_high
        seeds = {r.n_seeds for r in own if r.reading == AS_RELEASED}
        assert seeds == ({21} if half == GENERAL else {3})


def test_means_are_redrawn_over_settings_and_draws(study) -> None:
    """One setting of two gains something, in one draw of two."""
    gaps = np.array([[1.0, 0.0], [0.0, 0.0]])
    gain = leak.PUBLISHED
    value, means = leak._redrawn(study, {gain: gaps})[gain]
    assert value == 0.25 and set(np.unique(means.round(9))) == {0, 0.25, 0.5, 1}
    # Both settings are the first with chance 1/4, and so are both draws.
    assert (means == 1).mean() == pytest.approx(1 / 16, abs=0.03)
    assert means.mean() == pytest.approx(0.25, abs=0.03)


def test_no_share_of_a_gain_that_may_be_none(study, known, monkeypatch) -> None:
    # It is no more than what counts as no difference.
    monkeypatch.setitem(KNOWN, LEAKY_BEST, 0.505)
    rows = leak_rows(study)
    assert rows and not [r for r in rows if "share" in r.metric]


def test_claims_have_the_verdict_of_their_own_reading(study, known) -> None:
    released = released_lines(study)
    trained = [line for line in all_lines(study) if isinstance(line.runs, Scored)]
    rows = claim_rows(study, Path(), trained, PAPER.claims)
    asked = [line for line in released if line.columns["reading"] == AS_RELEASED]
    rows += claim_rows_of_draws(PAPER.claims, asked, 0.95)
    rows += count_rows([*trained, *released], PAPER.claims, 0.95)
    assert len({r.key for r in rows}) == len(rows)

    def said(claim: str, reading: str, half: str | None = None) -> list[tuple[float, str]]:
        return [
            (round(r.value, 3), r.verdict)
            for r in rows
            if (r.claim, r.reading) == (claim, reading) and half in (None, r.half)
        ]

    assert said("dl-mia-beats-biased-mia", AS_RELEASED, "general") == [(0.4, CONFIRMED)] * 36
    beats = said("dl-mia-beats-biased-mia", CORRECTED, "sequential")
    assert len(beats) == 36 and {value for value, _ in beats} == {0.03}
    helps = said("reweighting-helps-further", CORRECTED)
    assert len(helps) == 8 and {verdict for _, verdict in helps} == {OPEN}
    assert not said("reweighting-helps-further", AS_RELEASED)
    assert len(said("dl-mia-beats-biased-mia-texts", CORRECTED)) == 4 + 1
    # As well: the difference of nothing, with an interval within 0.02.
    assert said("beta-vae-does-as-well", AS_RELEASED) == [(0, CONFIRMED)] * 8
    lowered = [r for r in rows if r.claim == "defence-lowers-dl-mia"]
    assert len(lowered) == 16 and {(r.ratio, r.against) for r in lowered} == {(None, "0.1")}
    # Counts: everything is over 0.8 as released, nothing corrected; the diagonal is the best.
    assert said("dl-mia-over-0.8", AS_RELEASED) == [(1, CONFIRMED)] * 2
    assert said("dl-mia-over-0.8", CORRECTED) == [(0, REFUTED)] * 2
    assert said("biased-mia-below-0.7", AS_RELEASED) == [(1, CONFIRMED)]
    assert said("like-shadow-is-best", CORRECTED) == [(1, CONFIRMED)] * 2


def grid_of(areas: np.ndarray) -> list[Line]:
    """Corrected lines of shadows and targets, from areas [3, 3, draws]."""
    names = ("bert4rec", "caser", "gru4rec")
    about = {"study": "dl-mia", "artefact": "Figure 3b", "attack": "DL-MIA", "reading": CORRECTED}
    about |= {"half": "sequential", "shadow_data": "M", "target_data": "M"}
    return [
        Line(
            about | {"shadow": names[i], "target": names[j]},
            {"hard": areas[i, j], "roc": areas[i, j], "same": np.zeros(areas.shape[2], dtype=bool)},
        )
        for i, j in np.ndindex(3, 3)
    ]


def test_the_best_shadow_is_counted_by_target() -> None:
    areas = np.array([[0.9, 0.8, 0.7], [0.95, 0.85, 0.7], [0.1, 0.2, 0.6]])
    claims = {
        "like-shadow-is-best": {"artefact": "Figure 3b"},
        "dl-mia-over-0.8": {"artefact": ["Figure 3b"]},
    }
    best, over = count_rows(grid_of(np.repeat(areas[:, :, None], 3, axis=2)), claims, 0.95)
    # The second target has its like for the best shadow, the first and the third have not.
    assert best.value == pytest.approx(1 / 3, abs=1e-6)
    assert over.value == pytest.approx(3 / 9, abs=1e-6)
    assert {best.shadow, best.target} == {None} and best.half == "sequential"


def test_only_an_interval_decides_a_count() -> None:
    areas, claim = np.full((3, 3, 2), 0.9), {"dl-mia-over-0.8": {"artefact": "Figure 3b"}}

    def said(values: np.ndarray) -> tuple:
        (row,) = count_rows(grid_of(values), claim, 0.95)
        return round(row.value, 3), row.n_seeds, row.verdict

    assert said(areas) == (1, 2, CONFIRMED)
    assert said(areas[:, :, :1]) == (1, 1, OPEN)  # once is no interval
    areas[:2, :, 1] = 0.7
    assert said(areas) == (0.667, 2, OPEN)  # in every setting, then in a third of them


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
    for gain in leak.GAINS[:-1]:
        assert leak.READINGS[gain.second] == AS_RELEASED
    released = {entry.scored for entry in all_entries(study) if entry.reading == AS_RELEASED}
    assert {one.attack for one in released} == {LEAKY, LEAKY_BEST, BIASED_RELEASED, PRETRAINED}
    assert {one.fit.half for one in released} == {SEQUENTIAL}
