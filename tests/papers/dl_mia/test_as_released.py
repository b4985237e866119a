"""The general half as released: the draws of Biased-MIA's study, and what is read of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.lines import Line
from recmia.experiments.rows import AS_RELEASED
from recmia.experiments.study import Study
from recmia.lists.world import ListWorld
from recmia.papers.dl_mia import released_draws
from recmia.papers.dl_mia.as_released import AsReleased, folded_rows
from recmia.papers.dl_mia.joint_keeping import KINDS
from recmia.papers.dl_mia.paper import PAPER
from recmia.papers.dl_mia.released_draws import BEST, LAST, MAIN, ReleasedDraws
from recmia.released.keeping import HARD, ROC, SAME
from recmia.released.study import ReleasedStudy
from recmia.run.settings import load_settings
from recmia.run.workspace import open_study
from recmia.storage import read_arrays


def test_draws_are_those_of_the_other_study() -> None:
    """Of the same numbers, seeds, splits and recipe, so that Biased-MIA has one value in both."""
    settings = {name: load_settings(name) for name in ("dl-mia", "biased-mia")}
    sections = {
        "dl-mia": (settings["dl-mia"].dl_mia.general, settings["dl-mia"].dl_mia.released),
        "biased-mia": (
            settings["biased-mia"].biased_mia,
            settings["biased-mia"].biased_mia.released,
        ),
    }
    made = []
    for name, (lists, released) in sections.items():
        own = settings[name]
        study = SimpleNamespace(settings=own, seeds=lambda own=own: range(own.n_seeds))
        drawn = ReleasedStudy(ListWorld(study, lists, Path()), released)
        facts = [(drawn.seed(d), released.least_of(d), released.authors.get(d)) for d in "AM"]
        # One study draws its main cells on beside the rest; together they are the same draws.
        pairs = zip(drawn.blocks, drawn.more_blocks, strict=True)
        blocks = [sorted([*first, *more]) for first, more in pairs]
        made.append((facts, blocks, drawn.base, released.ncf_epochs, released.top_k))
        assert released.draws >= 20
    assert made[0] == made[1]


def test_the_best_checkpoint_is_chosen_by_draw() -> None:
    hard = np.array([[0.5, 0.9, 0.6], [0.7, 0.2, 0.4]])  # two draws, three turns
    arrays = {
        HARD: np.stack([hard, 1 - hard], axis=1)[:, None],
        ROC: np.stack([hard + 0.01, hard + 0.02], axis=1)[:, None],
        SAME: np.zeros((2, 1, 2, 3), dtype=bool),
    }
    best = released_draws._at(arrays, 0, KINDS[0], BEST)
    assert best[HARD].tolist() == [0.9, 0.7] and best[ROC].tolist() == [0.91, 0.71]
    last = released_draws._at(arrays, 0, KINDS[1], LAST)
    assert last[HARD].tolist() == [0.4, 0.6] and last[ROC].round(2).tolist() == [0.62, 0.42]


def test_areas_below_one_half_are_shown_from_either_side() -> None:
    found = {name: np.array([0.01, 0.99]) for name in (HARD, ROC)}
    about = {"study": "dl-mia", "artefact": "Figure 3a", "attack": "DL-MIA", "reading": AS_RELEASED}
    rows = folded_rows(Line(about | {"variant": "label leak"}, found))
    assert {row.metric for row in rows} == {f"{m}, folded" for m in (HARD_LABEL_AUC, ROC_AUC)}
    assert {(row.value, row.ci_low, row.ci_high) for row in rows} == {(0.99, 0.99, 0.99)}
    assert not folded_rows(Line(about, found))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("dl-released")
    own = {"pretrain_epochs": 1, "alternating_epochs": 1, "general.texts": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder / "artifacts"))
        patch.setenv("RECMIA_REPORTS", str(folder / "reports"))
        return open_study("tiny", {f"dl_mia.{name}": value for name, value in own.items()})


@pytest.mark.slow
def test_what_is_drawn_is_told_once_each(study: Study) -> None:
    released = AsReleased(study)
    released.make()
    rows = released.rows(PAPER.claims)
    assert len({row.key for row in rows}) == len(rows)
    draws = ReleasedDraws(study)
    (pair,), kept = draws.grid, draws._drawn(MAIN)["D"]
    biased = draws.biased(*pair)
    at = draws.study.kinds("D").index("lfm")
    expected = np.concatenate([read_arrays(one.path)[HARD][0, :, at, at] for one in kept])
    assert np.array_equal(biased[HARD], expected) and len(expected) == 4
    (row,) = [
        row
        for row in rows
        if (row.artefact, row.attack, row.metric) == ("Figure 3a", "Biased-MIA", HARD_LABEL_AUC)
    ]
    assert row.value == pytest.approx(expected.mean(), abs=1e-5) and row.n_seeds == 4
