"""Figures of notebook 11, drawn from its result rows; the t-SNE pictures from saved lists."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recmia import grid_plots
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.results import ResultRow, join_paper_values
from recmia.experiments.study import Study
from recmia.lists.letters import cell_of, title_of
from recmia.lists.views import NOBODY, ONE_MODEL, PUBLISHED
from recmia.papers.biased_mia.claims import (
    AS_PUBLISHED,
    CONTROL,
    CORRECTED,
    UNDEFENDED,
    defended,
)
from recmia.papers.biased_mia.paper import PAPER
from recmia.papers.biased_mia.pictures import draw_pictures
from recmia.papers.biased_mia.reporting import STUDY
from recmia.papers.biased_mia.settings import BiasedMIAStudy

READINGS = {
    (AS_PUBLISHED, HARD_LABEL_AUC): "as published (hard labels)",
    (CORRECTED, ROC_AUC): "corrected (ROC AUC)",
    (CONTROL, ROC_AUC): "control: one model serves everybody (ROC AUC)",
}
SOURCE = ["results of notebook 11"]


def draw_all(study: Study, rows: list[ResultRow]) -> list[dict]:
    """Draw every figure into the report's folder.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    figures = FigureSet(study, STUDY)
    table = pd.DataFrame([vars(row) for row in join_paper_values(rows, [PAPER])])
    settings = study.settings.biased_mia
    for draw in (
        *(
            _table2,
            _figure3,
            _servings,
            _overlap,
            _controls,
            _grid,
            _lengths,
            _crossed,
            _generators,
        ),
        *(_content_based, _k_means, _sizes, _defence, _ranking_with_defence),
    ):
        draw(figures, table, settings)
    draw_pictures(figures, study)
    return figures.close()


def _of(table: pd.DataFrame, artefact: str, *kinds: tuple[str, str]) -> pd.DataFrame:
    """Rows of an artefact under the given (reading, metric) pairs, with a column ``series``."""
    kinds = kinds or tuple(READINGS)
    parts = [
        table[
            (table.artefact == artefact) & (table.reading == reading) & (table.metric == metric)
        ].assign(series=READINGS.get((reading, metric), reading))
        for reading, metric in kinds
    ]
    return pd.concat(parts)


def _table2(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = table[(table.artefact == "Table 2") & table.condition.isin(["shadow", "target"])]
    metric = f"HR@{settings.top_k}"
    rows = rows[(rows.metric == metric)]
    rows = rows.assign(
        series=np.where(rows.reading == CONTROL, "popularity (control)", "ours"),
        panel=rows.dataset,
        setting=rows.attack + ", " + rows.condition,
    )
    figures.add(
        grid_plots.dots_with_intervals(
            grid_plots.with_paper(rows),
            title=f"{metric} of shadow and target",
            xlabel=metric,
            chance=None,
        ),
        "table2",
        f"Table 2: {metric} of the recommenders",
        "Share of members with at least one of their held-out items in the list, beside the "
        "paper's values and the most popular items.",
        SOURCE,
        "Table 2",
    )


def _figure3(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    figures.add(
        grid_plots.dots_with_intervals(
            grid_plots.with_paper(_of(table, "Figure 3")), title="Assumption I", xlabel="AUC"
        ),
        "figure3",
        "Figure 3: data set and algorithm are known",
        "The released code's hard-label AUC, the text's attack in ROC AUC, and the same attack "
        "where one model serves members and non-members. The dotted line is random guess.",
        SOURCE,
        "Figure 3",
    )


def _servings(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = table[(table.artefact == "Serving") & (table.metric == ROC_AUC)]
    names = {
        PUBLISHED: "as published: membership and algorithm",
        NOBODY: "two algorithms, nobody a member",
        ONE_MODEL: "one model for everybody: membership alone",
    }
    rows = rows.assign(series=rows.condition.map(names))
    figures.add(
        grid_plots.dots_with_intervals(
            rows, title="Membership, or which algorithm made the list?", xlabel="ROC AUC"
        ),
        "serving",
        "What the attack finds",
        "The same attack where members and non-members differ by serving and by training, by "
        "serving alone (nobody was trained on), and by training alone (one model for everybody).",
        SOURCE,
        "Serving",
    )


def _controls(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = table[(table.artefact == "Controls") & (table.metric == ROC_AUC)]
    label = np.where(rows.condition == PUBLISHED, rows.attack, rows.condition)
    figures.add(
        grid_plots.dots_with_intervals(
            rows.assign(series=label), title="Controls", xlabel="ROC AUC"
        ),
        "controls",
        "Controls",
        "Random labels, members against members and histories without lists leave nothing to find; "
        "the rule that counts popular items finds the serving without learning anything.",
        SOURCE,
        "Controls",
    )


def _grid(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = _of(table, "Figure 6")
    names = settings.cells
    rows = rows.assign(panel=rows.series, shadow=rows.setting.str[:2], target=rows.setting.str[2:])
    rows["target"] = pd.Categorical(rows.target, names, ordered=True)
    rows = rows.sort_values(["target"], kind="stable").astype({"target": str})
    order = {name: i for i, name in enumerate(READINGS.values())}
    rows = rows.sort_values("panel", key=lambda s: s.map(order), kind="stable")
    figures.add(
        grid_plots.heat_maps(rows, title="Every shadow against every target"),
        "figure6",
        "Figure 6: the whole grid",
        "Means over seeds. The first letter is the data set, the second the algorithm; the rising "
        "diagonal is assumption I, the blocks along it assumption II.",
        SOURCE,
        "Figure 6",
    )


def _overlap(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = table[table.artefact == "Overlap"]
    if not settings.longer_lfm:
        return
    names = {ROC_AUC: "the attack (corrected, ROC AUC)"}
    rows = rows[(rows.metric == ROC_AUC) & (rows.reading == CORRECTED) | (rows.reading == CONTROL)]
    rows = rows[rows.condition != ""]
    rows = rows.assign(
        setting=rows.setting + ", " + rows.condition, series=rows.metric.replace(names)
    )
    figures.add(
        grid_plots.dots_with_intervals(
            rows, title="LFM's lists, and the attack on them", xlabel="share, or ROC AUC"
        ),
        "overlap",
        "Why LFM is hard to attack",
        "LFM trained for longer serves fewer of the items that everybody else gets, and the attack "
        "that told nothing apart does so.",
        SOURCE,
        "Overlap",
    )


def _recommender(setting: str) -> str:
    return title_of(cell_of(setting[:2])[1])


def _parameter(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows.condition.str.extract(rf"\b{name} = (\d+)", expand=False).astype(float)


SWEPT = ((AS_PUBLISHED, HARD_LABEL_AUC), (CORRECTED, ROC_AUC))


def _lengths(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = _of(table, "Figure 8", *SWEPT)
    rows = rows.assign(panel=rows.dataset, style=rows.series, series=rows.setting.map(_recommender))
    for letter, name, what in (("a", "k", "recommendations k"), ("b", "l", "vector length l")):
        own = rows.assign(x=_parameter(rows, name)).dropna(subset=["x"])
        figures.add(
            grid_plots.sweep_curves(
                own, title=f"The attack against {what}", xlabel=what, ylabel="AUC"
            ),
            f"figure8{letter}",
            f"Figure 8{letter}: {what}",
            "Shadow and target of the same data set and algorithm. Solid: as published, hard "
            "labels; dashed: corrected, ROC AUC.",
            SOURCE,
            "Figure 8",
        )
    weights = rows[rows.condition.str.contains("weights")]
    weights = weights.assign(
        panel=weights["style"], setting=weights.setting, series=weights.condition
    )
    figures.add(
        grid_plots.dots_with_intervals(weights, title="Weights of recommendations", xlabel="AUC"),
        "figure8c",
        "Figure 8c: weights of recommendations",
        "Equal weights against weights that fall with the rank.",
        SOURCE,
        "Figure 8",
    )


def _crossed(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = _of(table, "Figure 9", *SWEPT)
    rows = rows.assign(k=_parameter(rows, "k"), l=_parameter(rows, "l"), panel=rows.series)
    for letter, x, fixed, values in (
        ("a", "l", "k", settings.crossed_list_lengths),
        ("b", "k", "l", settings.crossed_vector_lengths),
    ):
        own = rows[rows[fixed].isin(values)]
        own = own.assign(
            x=own[x], series=fixed + " = " + own[fixed].astype(int).astype(str), style=""
        )
        figures.add(
            grid_plots.sweep_curves(
                own, title=f"{settings.crossed_cell}: {x} at fixed {fixed}", xlabel=x, ylabel="AUC"
            ),
            f"figure9{letter}",
            f"Figure 9{letter}: {x} at fixed {fixed}",
            f"Setting {settings.crossed_cell}.",
            SOURCE,
            "Figure 9",
        )


def _generators(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = _of(table, "Figure 10", *SWEPT)
    figures.add(
        grid_plots.dots_with_intervals(
            rows.assign(panel=rows.series, series=rows.condition),
            title="Ways to make features of users",
            xlabel="AUC",
        ),
        "figure10",
        "Figure 10: features of users",
        "Shadow and target of the same data set and algorithm.",
        SOURCE,
        "Figure 10",
    )


def _content_based(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = _of(table, "Figure 11")
    if rows.empty:
        return
    figures.add(
        grid_plots.dots_with_intervals(
            grid_plots.with_paper(rows).assign(setting=lambda r: r.condition),
            title="A content-based recommender",
            xlabel="AUC",
        ),
        "figure11",
        "Figure 11: a content-based recommender",
        "Shadow and target are content-based, on the data set that has metadata.",
        SOURCE,
        "Figure 11",
    )


def _k_means(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = pd.concat([_of(table, name) for name in ("Table 6", "Table 7")])
    figures.add(
        grid_plots.dots_with_intervals(
            grid_plots.with_paper(rows).assign(setting=lambda r: r.setting.str[2:]),
            title="K-Means on the target's difference vectors",
            xlabel="AUC",
        ),
        "table6",
        "Tables 6 and 7: K-Means",
        "Two clusters of the target's users, no shadow; the cluster nearer to the origin is taken "
        "for the members'.",
        SOURCE,
        "Table 6",
    )


def _sizes(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = grid_plots.with_paper(_of(table, "Data size", *SWEPT))
    share = rows.condition.str.extract(r"(\d+)%", expand=False).astype(float)
    figures.add(
        grid_plots.dots_with_intervals(
            rows.assign(setting=rows.setting + ", " + share.astype(int).astype(str) + "%"),
            title="A smaller shadow data set",
            xlabel="AUC",
        ),
        "data_size",
        "Section 3.5: a smaller shadow data set",
        "Share of the shadow's members and non-members that is kept; the target stays whole.",
        SOURCE,
        "Data size",
    )


def _defence(figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy) -> None:
    rows = _of(table, "Figure 12", *SWEPT)
    paper = rows[rows.paper_value.notna()]
    names = {
        UNDEFENDED: "no defence",
        defended(settings.defence_ratio): "with the defence, the attacker knows",
        defended(settings.defence_ratio, False): "with the defence, the attacker does not know",
    }
    shown = rows[rows.condition.isin(list(names))]
    shown = shown.assign(panel=shown.series, series=shown.condition.map(names))
    theirs = paper[paper.condition == defended(settings.defence_ratio)]
    theirs = theirs.assign(
        panel=theirs.series, series="paper", value=theirs.paper_value, ci_low=np.nan, ci_high=np.nan
    )
    figures.add(
        grid_plots.dots_with_intervals(
            pd.concat([shown, theirs]),
            title=f"Popularity Randomization, ratio {settings.defence_ratio:g}",
            xlabel="AUC",
        ),
        "figure12",
        "Figure 12: the attack before and after the defence",
        "Non-members get a random part of more popular items. The paper's diamonds are with the "
        "defence, where its text gives them.",
        SOURCE,
        "Figure 12",
    )
    ratio = rows.condition.str.extract(r"ratio ([\d.]+)", expand=False).astype(float)
    curve = rows.assign(
        x=ratio.where(rows.condition != UNDEFENDED, 1.0),
        panel=rows.dataset,
        series=rows.setting.map(_recommender),
        style=rows.series,
    )
    curve = curve[~rows.condition.str.endswith("not know")]
    figures.add(
        grid_plots.sweep_curves(
            curve,
            title="The attack against the ratio of the defence",
            xlabel="recommendations / candidates",
            ylabel="AUC",
            log=True,
        ),
        "figure12_ratio",
        "The defence's ratio",
        "The smaller the ratio, the more candidates; 1 is no defence. The attacker knows.",
        SOURCE,
        "Figure 12",
    )


def _ranking_with_defence(
    figures: FigureSet, table: pd.DataFrame, settings: BiasedMIAStudy
) -> None:
    rows = table[table.artefact == "Figure 14"]
    parts = rows.condition.str.rsplit("; ", n=1, expand=True)
    kept = parts[0].isin([UNDEFENDED, f"defence, ratio {settings.defence_ratio:g}"])
    figures.add(
        grid_plots.dots_with_intervals(
            rows[kept].assign(series=parts[0], panel=parts[1]),
            title="Ranking before and after the defence",
            xlabel=f"HR@{settings.top_k}",
            chance=None,
        ),
        "figure14",
        "Figure 14: ranking before and after the defence",
        "Members get the recommender's lists, non-members popular items; only the latter change.",
        SOURCE,
        "Figure 14",
    )
