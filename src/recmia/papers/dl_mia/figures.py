"""Figures of notebook 12, drawn from its result rows; t-SNE pictures come from `pictures`."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from recmia import grid_plots, plots
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.results import ResultRow, join_paper_values
from recmia.experiments.study import Study
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.papers.dl_mia.claims import (
    DEFENCE,
    FIGURE_3,
    GUESSED,
    HELD_OUT,
    NO_DEFENCE,
    ONE_MODEL_CONDITION,
    RANDOM_LABELS,
    TAKE_PART,
)
from recmia.papers.dl_mia.fits import BIASED, DL_MIA
from recmia.papers.dl_mia.halves import HALVES
from recmia.papers.dl_mia.paper import PAPER
from recmia.papers.dl_mia.pictures import (
    AFTER,
    BEFORE,
    CLASSES,
    INVARIANT,
    RAW,
    SPECIFIC,
    points,
)
from recmia.papers.dl_mia.planted import FITTING, NOTHING, PARTS, PLANTED
from recmia.papers.dl_mia.reporting import GAINS, MEAN, STUDY

SOURCE = ["results of notebook 12"]
HARD, ROC = (AS_PUBLISHED, HARD_LABEL_AUC), (CORRECTED, ROC_AUC)
# What `reporting.GAINS` is called in a legend.
LEFT = (
    "as published: the leak, best checkpoint",
    "the leak, last checkpoint",
    "the same code without the leak",
    "corrected: the text's",
)
READINGS = {HARD: "as published (hard labels)", ROC: "corrected (ROC AUC)"}


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
    for half in HALVES:
        _grid(figures, table, study, half)
        _leak(figures, table, half)
    for draw in (_controls, _ablation, _described, _defended, _planted):
        draw(figures, table)
    _pictures(figures, study)
    return figures.close()


def _kinds(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in a reading's own metric, with the reading in words as ``series``."""
    key = list(zip(rows.reading, rows.metric, strict=True))
    kept = [pair in READINGS for pair in key]
    return rows[kept].assign(series=[READINGS[pair] for pair in key if pair in READINGS])


def _in_order(rows: pd.DataFrame, series: Iterable[str]) -> pd.DataFrame:
    """Rows by series in this order, which is that of the legend; otherwise as they were."""
    place = {name: number for number, name in enumerate(series)}
    return rows.iloc[rows.series.map(place).argsort(kind="stable")]


def _grid(figures: FigureSet, table: pd.DataFrame, study: Study, half: str) -> None:
    artefact = FIGURE_3[half]
    rows = table[table.artefact == artefact]
    names = getattr(study.settings.dl_mia, half).cells
    panels = (
        ("Biased-MIA, as published", BIASED, AS_PUBLISHED, "", HARD_LABEL_AUC),
        ("DL-MIA, as published: with the leak", DL_MIA, AS_PUBLISHED, "", HARD_LABEL_AUC),
        ("Biased-MIA, corrected", BIASED, CORRECTED, "", ROC_AUC),
        ("DL-MIA, corrected: without the leak", DL_MIA, CORRECTED, "", ROC_AUC),
        ("DL-MIA, control: released code, no leak", DL_MIA, CONTROL, GUESSED, ROC_AUC),
        ("DL-MIA, control: one model", DL_MIA, CONTROL, ONE_MODEL_CONDITION, ROC_AUC),
    )
    parts = []
    for panel, attack, reading, condition, metric in panels:
        own = rows[
            (rows.attack == attack)
            & (rows.reading == reading)
            & (rows.condition == condition)
            & (rows.metric == metric)
        ]
        parts.append(
            own.assign(panel=panel, shadow=own.setting.str[:2], target=own.setting.str[2:])
        )
    frame = pd.concat(parts)
    frame["order"] = frame.target.map(names.index)
    frame = frame.sort_values("order", kind="stable")
    frame["order"] = frame.panel.map([panel for panel, *_ in panels].index)
    frame = frame.sort_values("order", kind="stable")
    for part, chosen in (("", panels[:2]), ("_roc", panels[2:])):
        shown = frame[frame.panel.isin([panel for panel, *_ in chosen])]
        what = "hard-label AUC, as published" if not part else "ROC AUC, corrected and controls"
        figures.add(
            grid_plots.heat_maps(shown, title=f"{half.capitalize()} recommenders: {what}"),
            f"{artefact.lower().replace(' ', '')}{part}",
            f"{artefact}: {half} recommenders, {what}",
            "Means over seeds. The first letter is the data set, the second the algorithm; the "
            "rising diagonal is where both are known.",
            SOURCE,
            artefact,
        )


def _leak(figures: FigureSet, table: pd.DataFrame, half: str) -> None:
    rows = table[(table.artefact == "Leak") & (table.attack == FIGURE_3[half])]
    for metric, name in ((HARD_LABEL_AUC, ""), (ROC_AUC, "_roc")):
        pairs = zip(GAINS.values(), LEFT, strict=True)
        names = {f"{gain}, {metric}": words for (gain, _), words in pairs}
        own = rows[rows.metric.isin(names) & (rows.setting != MEAN)]
        figures.add(
            grid_plots.dots_with_intervals(
                _in_order(own.assign(series=own.metric.map(names), panel=own.dataset), LEFT),
                title=f"What DL-MIA gains over Biased-MIA, {half} recommenders",
                xlabel=f"gain in {metric}",
                chance=0.0,
                limits=(-1.0, 1.0),
            ),
            f"leak_{half}{name}",
            f"{FIGURE_3[half]}: the leak's share of the gain, {metric}",
            f"{metric} of DL-MIA less that of Biased-MIA, means over seeds. From the third mark to "
            "the second is what the target's labels in the training loss add, from the second to "
            "the first what the choice of the checkpoint by them adds; the last is the attack that "
            "the paper describes. Code is held against code, text against text.",
            SOURCE,
            "Leak",
        )


def _controls(figures: FigureSet, table: pd.DataFrame) -> None:
    rows = table[table.artefact == "Controls"]
    labels = rows[(rows.condition == RANDOM_LABELS) & (rows.metric == HARD_LABEL_AUC)]
    figures.add(
        grid_plots.dots_with_intervals(
            labels.assign(series=labels.attack, panel=labels.dataset),
            title="Random cohort labels",
            xlabel="hard-label AUC",
        ),
        "controls",
        "Controls: random cohort labels",
        "There is nothing to find: what the leak shows above one half has been told, and the best "
        "checkpoint may be above it by choice alone.",
        SOURCE,
        "Controls",
    )
    held = rows[rows.condition.isin([TAKE_PART, HELD_OUT]) & (rows.metric == ROC_AUC)]
    figures.add(
        grid_plots.dots_with_intervals(
            _in_order(held.assign(series=held.condition, panel=held.attack), (TAKE_PART, HELD_OUT)),
            title="Users of the target that take part in training, and others",
            xlabel="ROC AUC",
        ),
        "held_out",
        "Controls: scored users held out",
        "DL-MIA trains on the target's lists. Where half of its users are held out and scored, the "
        "leak tells of the other half only; what it teaches carries over to them.",
        SOURCE,
        "Controls",
    )


def _ablation(figures: FigureSet, table: pd.DataFrame) -> None:
    rows = _kinds(table[table.artefact == "Table 2"])
    figures.add(
        grid_plots.dots_with_intervals(
            grid_plots.with_paper(rows.assign(panel=rows.attack)),
            title="Ablations and variants",
            xlabel="AUC",
        ),
        "table2",
        "Table 2: ablations and variants",
        "A panel a variant. Hard labels with the leak as published, ROC AUC without it.",
        SOURCE,
        "Table 2",
    )  # fmt: skip


def _described(figures: FigureSet, table: pd.DataFrame) -> None:
    rows = _kinds(table[table.artefact == "Table 3"])
    figures.add(
        grid_plots.dots_with_intervals(
            grid_plots.with_paper(rows.assign(panel=rows.attack + ": " + rows.condition)),
            title="Ways to make difference vectors", xlabel="AUC",
        ),
        "table3",
        "Table 3: difference vectors from factors and from texts",
        "Where items have no texts at hand there is no second line.",
        SOURCE,
        "Table 3",
    )  # fmt: skip


def _defended(figures: FigureSet, table: pd.DataFrame) -> None:
    rows = _kinds(table[table.artefact == "Figure 4"])
    names = {NO_DEFENCE: "without", DEFENCE: "with the defence"}
    figures.add(
        grid_plots.dots_with_intervals(
            _in_order(
                rows.assign(
                    panel=rows.attack + ", " + rows.series, series=rows.condition.map(names)
                ),
                names.values(),
            ),
            title="Popularity Randomization", xlabel="AUC",
        ),
        "figure4",
        "Figure 4: before and after the defence",
        "The attacker knows of the defence.",
        SOURCE,
        "Figure 4",
    )  # fmt: skip


def _planted(figures: FigureSet, table: pd.DataFrame) -> None:
    rows = table[table.artefact == PLANTED]
    for name, setting, title, caption in (
        ("planted_parts", PARTS, "Parts that are known, read from both kinds of features",
         "Made-up vectors with an invariant and a specific part. Were the parts apart, one could "
         "be read from its own features only, and the side from specific features only."),
        ("planted_fitting", FITTING, "Parts that fit one kind of features each",
         "The invariant part has a length, the specific one is a direction, and each kind of "
         "features has room for one of them. Apart, each would be read from its own only."),
        ("planted_leak", NOTHING, "Where nothing carries over from shadow to target",
         "Made-up vectors whose membership shows otherwise on the target. Above one half, the "
         "attack has been told."),
    ):  # fmt: skip
        own = rows[rows.setting == setting]
        figures.add(
            grid_plots.dots_with_intervals(
                own.assign(
                    setting=own.condition if setting == NOTHING else own.metric,
                    series=own.reading if setting == NOTHING else own.condition,
                ),
                title=title,
                xlabel="ROC AUC" if setting == NOTHING else "ROC AUC, or R²",
            ),
            name,
            title,
            caption,
            SOURCE,
            PLANTED,
        )


def _pictures(figures: FigureSet, study: Study) -> None:
    """Figures 1 and 5, of the first seed."""
    setting = study.settings.dl_mia.pictured
    apart = (
        "Two factorisations share no axes, so vectors made from them lie apart whatever they say."
    )
    taken = "The encoder learned from the attacker's vectors alone; each kind is put in its scale."
    for name, artefact, what, panels, title, caption in (
        ("figure1a", "Figure 1", "sides", (RAW,), "shadow and target", ""),
        ("figure1b", "Figure 1", "kinds", (BEFORE,), "its target's vectors", apart),
        ("figure5ab", "Figure 5", "sides", (INVARIANT, SPECIFIC), "latents", ""),
        ("figure5cd", "Figure 5", "kinds", (BEFORE, AFTER), "debiasing", f"{apart} {taken}"),
    ):
        figures.add(
            plots.tsne_scatter(
                points(study, what, panels),
                title=f"{setting}: {title}",
                panel="panel",
                classes=CLASSES[what],
            ),
            name,
            f"{artefact}: {setting}: {title}",
            "Colours are named below. The table has the ROC AUC of telling the two apart by their "
            f"neighbours. First seed. {caption}".strip(),
            ["saved lists and fits of notebook 12"],
            artefact,
        )
