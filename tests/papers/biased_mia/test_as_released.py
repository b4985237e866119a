"""Rows of the reading as released: whole on a small world, and each of the paper's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.experiments.results import join_paper_values, typed
from recmia.experiments.rows import AS_RELEASED, CONTROL, RANGE, Row
from recmia.papers.biased_mia import as_released
from recmia.papers.biased_mia.ablation import Ablation
from recmia.papers.biased_mia.as_released import DRAWS, FOLDED, MAIN, AsReleased
from recmia.papers.biased_mia.paper import PAPER
from recmia.papers.biased_mia.proofs import Proofs
from recmia.papers.biased_mia.released_plans import RANK, WIDE, place
from recmia.papers.biased_mia.reporting import world_of
from recmia.released.keeping import HARD, ROC, SAME
from recmia.released.variants import PEOPLE
from recmia.released.world import CONTENT, FACTORS, ITEM, NCF
from recmia.run.registry import read
from recmia.run.workspace import open_study

KINDS = (ITEM, FACTORS, NCF)


def opened(folder, profile: str, **changed) -> AsReleased:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder))
        changed |= {"workers": 1, "biased_mia.released.more_draws": 0}
        return AsReleased(world_of(open_study(profile, changed)))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> AsReleased:
    algorithms = {"biased_mia.algorithms": ["I", "L", "N"]}
    found = opened(tmp_path_factory.mktemp("made"), "tiny", **algorithms)
    found.make()
    return found


@pytest.fixture(scope="module")
def rows(made: AsReleased) -> list[Row]:
    return made.rows()


def of(rows: list[Row], **wanted) -> list[Row]:
    return [row for row in rows if all(getattr(row, k) == v for k, v in wanted.items())]


@pytest.mark.slow
def test_every_row_is_a_range_over_draws(rows: list[Row]) -> None:
    assert len({row.key for row in rows}) == len(rows)
    assert {row.reading for row in rows} == {AS_RELEASED}
    for row in rows:
        if row.artefact == DRAWS:
            assert row.interval == "" and row.draw in (0, 1) and row.ci_low is None
        elif row.artefact == "Claims":
            assert row.interval == "" and row.verdict
        else:
            assert row.interval == RANGE and row.ci_low <= row.value <= row.ci_high
            assert row.n_seeds in (1, 2) and row.draw is None
    found = {row.artefact for row in rows}
    assert found - {"Claims"} <= set(read(PAPER.folder / "report.yaml")["artefacts"])
    assert {"Table 2", "Table 3", "Table 6", "Figure 3", "Figure 6", "Claims"} <= found
    assert {"Figure 8", "Figure 9", "Figure 10", "Figure 12", "Figure 14", "Data size"} <= found


@pytest.mark.slow
def test_a_cell_is_the_mean_and_range_of_its_draws(rows: list[Row]) -> None:
    grid = of(rows, artefact="Table 3", metric="hard-label AUC")
    assert {(row.shadow, row.target) for row in grid} == {(s, t) for s in KINDS for t in KINDS}
    assert len(grid) == 9
    for row in grid:
        draws = of(rows, artefact=DRAWS, shadow=row.shadow, target=row.target)
        values = [one.value for one in sorted(draws, key=lambda one: one.draw)]
        assert len(values) == 2 and row.value == pytest.approx(np.mean(values), abs=1e-5)
        assert (row.ci_low, row.ci_high) == (min(values), max(values))
        (again,) = of(
            rows, artefact="Figure 6", metric=row.metric, shadow=row.shadow, target=row.target
        )
        assert again.value == row.value
    own = of(rows, artefact="Figure 3", metric="hard-label AUC")
    assert {(row.shadow, row.target) for row in own} == {(kind, kind) for kind in KINDS}
    (mean,) = of(rows, metric="mean hard-label AUC of the grid")
    assert mean.value == pytest.approx(np.mean([row.value for row in grid]), abs=1e-5)


@pytest.mark.slow
def test_clusters_have_the_better_of_two_names(rows: list[Row]) -> None:
    for kind in KINDS:
        clusters = of(rows, artefact="Table 6", target=kind)
        raw, folded = (of(clusters, metric=name) for name in ("hard-label AUC", FOLDED))
        assert len(raw) == len(folded) == 1 and folded[0].ci_low >= 0.5
        assert folded[0].value >= max(raw[0].value, 1 - raw[0].value) - 1e-6


@pytest.mark.slow
def test_the_ablation_begins_where_the_draws_are(made: AsReleased, rows: list[Row]) -> None:
    ablation = Ablation(made)
    wanted = ("as released", "Item by co-occurrence", "weights by rank", PEOPLE)
    ablation.variants = {name: ablation.variants[name] for name in wanted}
    ablation.make()
    found = list(ablation.rows())
    assert {row.reading for row in found} == {CONTROL} and {row.case for row in found} == {*wanted}
    assert len({row.key for row in found}) == len(found) == len(wanted) * 5 * 2
    for row in of(found, case="as released"):
        (drawn,) = of(
            rows, artefact="Table 3", metric=row.metric, shadow=row.shadow, target=row.target
        )
        assert (row.value, row.ci_low, row.ci_high) == (drawn.value, drawn.ci_low, drawn.ci_high)
    # LFM and NCF know nothing of Item's formula; nobody is the same where people are dealt out.
    for name, same in (("Item by co-occurrence", True), (PEOPLE, False)):
        cells = [
            of(found, case=case, shadow=FACTORS, target=FACTORS, metric="ROC AUC")[0].value
            for case in ("as released", name)
        ]
        assert (cells[0] == cells[1]) == same


@pytest.mark.slow
def test_without_the_authors_files_there_is_nothing_of_them(made: AsReleased) -> None:
    proofs = Proofs(made)
    proofs.make()
    assert not proofs.at_hand and list(proofs.rows()) == []


@pytest.fixture(scope="module")
def papers_own(tmp_path_factory):
    """The paper's profile with numbers at random where its plans draw any, and its rows."""
    found, draw = opened(tmp_path_factory.mktemp("paper"), "biased-mia"), np.random.default_rng(0)
    size, read_arrays, ranked = found.study.settings.draws, {}, {}
    for data, of_data in found._plans.items():
        kinds = found.study.kinds(data)
        shape = (len(of_data), size, len(kinds))
        arrays = {name: draw.random((*shape, len(kinds))) for name in (HARD, ROC)}
        hits, clusters = draw.random((*shape, 2)), draw.random(shape)
        for r, plan in enumerate(of_data.values()):
            out = [n for n, kind in enumerate(kinds) if plan.kinds and kind not in plan.kinds]
            for name in (HARD, ROC):
                arrays[name][r][:, out] = arrays[name][r][:, :, out] = np.nan
            if not plan.ranked:
                hits[r] = clusters[r] = np.nan
            hits[r][:, out] = clusters[r][:, out] = np.nan
        arrays[SAME] = np.zeros(arrays[HARD].shape, dtype=bool)
        read_arrays[data], ranked[data] = (arrays, {}), {"hits": hits, "clusters": clusters}
    found.__dict__ |= {"_read": read_arrays, "_ranked": ranked}
    found.__dict__["_own"] = {found.settings.content_based: []}
    found.__dict__["_crossed"] = {data: data for data in found.data}

    def together(target, names, axis):
        if not target:  # records of the study's own
            kinds = len(found.study.own_kinds(found.settings.content_based))
            return {name: draw.random((1, size, kinds, kinds)) for name in names}
        other = names[0].split("|")[0]
        shape = size, *(len(found.study.kinds(data)) for data in (other, target))
        return {name: draw.random(shape) for name in names}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(as_released, "together", together)
        return found, found.rows()


def test_every_number_of_the_paper_finds_its_row(papers_own) -> None:
    _, rows = papers_own
    assert len({row.key for row in rows}) == len(rows)
    joined = join_paper_values(rows, [PAPER])
    found = [row.paper_value for row in joined if row.paper_value is not None]
    expected = [typed(entry)["paper_value"] for entry in PAPER.values]
    assert len(expected) > 120 and sorted(found) == sorted(expected)


def test_the_paper_has_one_number_with_the_defence_and_one_without(papers_own) -> None:
    rows = join_paper_values(papers_own[1], [PAPER])
    own = of(rows, artefact="Figure 12", target_data="A", target="lfm")
    known = {(row.ratio, row.defence_known): row.paper_value for row in own if row.paper_value}
    assert known == {(None, None): 0.775, (0.1, True): 0.513}


def test_the_whole_grid_is_drawn(papers_own) -> None:
    _, rows = papers_own
    grid = of(rows, artefact="Figure 6", metric="hard-label AUC")
    cells = [(r.shadow_data, r.shadow, r.target_data, r.target) for r in grid]
    assert len(set(cells)) == len(cells) == 81


def test_plans_of_the_papers_profile(papers_own) -> None:
    found, _ = papers_own
    assert found.kinds("M") == list(KINDS) and found.study.own_kinds("M") == (*KINDS, CONTENT)
    for data, of_data in found._plans.items():
        first, *_ = of_data
        assert first == MAIN
        base = of_data[MAIN]
        assert base.ranked and base.kinds is None and base.recipe == found.study.base
        rank = of_data[place("Figure 8", weights=RANK)]
        assert rank.recipe.weights == "rank" and rank.draws == 21
        for key, plan in of_data.items():
            factors, recipe = dict(key[1:]), plan.recipe
            assert recipe.k == factors.get("k", 100) and recipe.dim == factors.get("l", 100)
            assert recipe.ratio == factors.get("ratio", 0)
            assert recipe.known == factors.get("defence_known", True)
            assert recipe.share == factors.get("share", 1)
            assert recipe.features == factors.get("features", "Origin")
            # Three blocks: of 6 draws two each, of features that are wide one.
            few = 1 if recipe.features in WIDE else 2
            assert plan.draws in (few, 21)
        assert (place("Data size", share=0.7) in of_data) == (data == "L")
        assert any(key[0] == "Figure 9" for key in of_data) == (data == "M")
        # The text's number is with ratio 0.1: drawn as often as the main cells.
        for ratio, draws in ((0.1, 21), (0.5, 2)):
            assert of_data[place("Figure 12", ratio=ratio, defence_known=True)].draws == draws
