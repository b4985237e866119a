"""Figures of notebook 13, drawn from its result rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from recmia.experiments.figure_set import FigureSet
from recmia.experiments.results import ResultRow
from recmia.experiments.study import Study
from recmia.papers.model_inversion import pictures
from recmia.papers.model_inversion.claims import STATED
from recmia.papers.model_inversion.maps import read_map
from recmia.papers.model_inversion.measuring import PRECISION, RECALL
from recmia.papers.model_inversion.preparing import STEP
from recmia.papers.model_inversion.reporting import STUDY, mains, thresholds
from recmia.papers.model_inversion.trials import (
    DEFENCE,
    DESCENT_PATH,
    ITEMS,
    REASONS,
)

KINDS = ("other item", "decoy", "sensitive item")
EXACT = "Bands are exact binomial intervals of one attack."


def draw_all(study: Study, rows: list[ResultRow]) -> list[dict]:
    """Draw every figure and list them in ``figures.json``."""
    figures = FigureSet(study, STUDY)
    for draw in (_maps, _poisoning, _camouflage, _knowledge, _items, _defence, _reasons, _descent):
        draw(study, figures, rows)
    return figures.close()


def frame_of(study: Study, rows: Iterable[ResultRow], artefact: str) -> pd.DataFrame:
    """Rows of an artefact with a value, the facts of their condition as columns, and a panel."""
    records = []
    for row in rows:
        if row.artefact == artefact and row.value is not None:
            facts = dict(re.fullmatch(r"(\S+) = (\S+)", f).groups() for f in _facts(row))
            words = {f"fact {name}": value for name, value in facts.items()}
            panel = f"{row.dataset.split(',')[0]}:\n{row.setting}"
            records.append(vars(row) | words | {"panel": panel})
    return pd.DataFrame(records)


def _facts(row: ResultRow) -> list[str]:
    return [fact for fact in row.facts if " = " in fact]


def _maps(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    settings = study.settings.model_inversion
    for system in mains(study):
        arrays, about = read_map(study, system), settings.systems[system]
        title = f"{settings.datasets[about.data].title}: {about.title}"
        figure = pictures.item_maps(
            arrays["before"], arrays["after"], [KINDS[kind] for kind in arrays["kinds"]],
            title=title,
        )  # fmt: skip
        figures.add(
            figure, f"figure3-{system}", f"Figure 3. {title}",
            "Items by their predicted rating, averaged over everybody and over the sensitive users,"
            " before poisoning and after the attack with links held at the highest α; a sample of"
            " the other items. Dashed: the links.",
            [STEP], "Figure 3",
        )  # fmt: skip


def _poisoning(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    settings = study.settings.model_inversion
    frame = frame_of(study, rows, "Figure 5")
    for name, data in settings.datasets.items():
        part = frame[(frame["dataset"] == data.title) & ~frame["attack"].str.contains("random")]
        part = part.assign(x=part["fact α"].astype(float), threshold="l' = " + part["fact l'"])
        systems = [s for s, about in settings.systems.items() if about.data == name]
        most, least = max(settings.shares), thresholds(study, systems[0])[-1]
        stated = STATED.get(data.source, {})
        paper = pd.DataFrame(
            [
                {"x": most, "value": value, "metric": metric, "panel": panel}
                for metric, value in stated.items()
                for panel in part["panel"].unique()
            ],
            columns=["x", "value", "metric", "panel"],
        )
        figure = pictures.curves(
            part, title=f"Leakage against poisoning: {data.title}", xlabel="poisoning rate α",
            line="threshold", style="attack", paper=paper if len(paper) else None,
        )  # fmt: skip
        star = f" The star is what the paper states for l' = {least}." if len(paper) else ""
        figures.add(
            figure, f"figure5-{name}", f"Figure 5. {data.title}",
            f"MIPre and MIRec against α, without camouflage. {EXACT}{star} MIPre is not drawn where"
            " nobody is listed.",
            [STEP], "Figure 5",
        )  # fmt: skip


def _camouflage(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    frame = frame_of(study, rows, "Figure 6")
    ends = frame["fact l'"].isna() | (frame["fact l'"] == "1") | (frame["fact l'"] == "3")
    frame = frame[ends].assign(
        x=frame["fact μ"].astype(object),
        threshold=("l' = " + frame["fact l'"]).fillna("malicious users"),
    )
    for name, data in study.settings.model_inversion.datasets.items():
        part = frame[frame["dataset"] == data.title]
        if part.empty:
            continue
        figure = pictures.curves(
            part, title="Leakage and detection against camouflage",
            xlabel="weight of camouflage μ", line="threshold", style="attack",
        )  # fmt: skip
        figures.add(
            figure, f"figure6-{name}", f"Figure 6. {data.title}",
            f"MIPre, MIRec, and the share of malicious users that the detector finds, against μ at"
            f" the highest α. {EXACT}",
            [STEP], "Figure 6",
        )  # fmt: skip


def _knowledge(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    frame = frame_of(study, rows, "Figure 7")
    frame = frame[frame["fact l'"].isin(["1", "2", "3"])]
    frame = frame.assign(
        x=frame["fact β"].fillna("V").astype(object),
        threshold="l' = " + frame["fact l'"],
        poisoning="α = " + frame["fact α"],
    )
    figure = pictures.curves(
        frame, title="Leakage against what the adversary knows",
        xlabel="share β of users whose ratings are known; V itself",
        line="threshold", style="poisoning",
    )  # fmt: skip
    figures.add(
        figure, "figure7", "Figure 7",
        "MIPre and MIRec of Algorithm 2, descended, with an item profile made from the ratings of"
        f" some users; with β = 0 nothing can be optimised and the links stay. {EXACT}",
        [STEP], "Figure 7",
    )  # fmt: skip


def _at_highest(study: Study, rows: list[ResultRow], artefact: str) -> pd.DataFrame:
    """Rows of an artefact at each system's highest l', labelled by attack."""
    frame = frame_of(study, rows, artefact)
    last = {s.title: str(thresholds(study, n)[-1]) for n, s in _systems(study)}
    return frame[frame["fact l'"] == frame["setting"].map(last)].assign(label=frame["attack"])


def _items(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    frame = _at_highest(study, rows, ITEMS)
    figure = pictures.ranges(frame, title="One sensitive item after another", xlabel="share")
    figures.add(
        figure, "items", "Several sensitive items",
        "Each item of the sensitive kind attacked by itself, links held, at the highest α and l'."
        " Exact binomial intervals of one attack.",
        [STEP], ITEMS,
    )  # fmt: skip


def _defence(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    frame = frame_of(study, rows, DEFENCE)
    first = frame["fact l'"].isna() | (frame["fact l'"] == "1")
    frame = frame[first & (frame["attack"] != "least squares")]
    frame = frame.assign(
        x=frame["attack"].str.removeprefix("ε = ").astype(float), line="l' = 1", style=""
    )
    order = [RECALL, PRECISION, "RSPre@l"]
    frame = frame[frame["metric"].isin(order)].sort_values(
        "metric", key=lambda m: m.map(order.index), kind="stable"
    )
    figure = pictures.curves(
        frame, title="Posterior sampling as a defence", xlabel="nominal ε, one release",
        line="line", style="style", log=True,
    )  # fmt: skip
    figures.add(
        figure, "defence", "Leakage and ranking quality against ε",
        "The system factorises by one posterior sample; links held at the highest α, l' = 1."
        " Bands: exact intervals of one attack; for RSPre@l the range over trainings.",
        [STEP], DEFENCE,
    )  # fmt: skip


def _reasons(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    frame = _at_highest(study, rows, REASONS)
    figure = pictures.ranges(frame, title="What leakage depends on", xlabel="share")
    figures.add(
        figure, "reasons", "What leakage depends on",
        "Links held, the highest l'. Shuffled: the sensitive item's ratings handed to users drawn"
        " at random, so that it has nothing to do with taste; highest only: no others rated it.",
        [STEP], REASONS,
    )  # fmt: skip


def _descent(study: Study, figures: FigureSet, rows: list[ResultRow]) -> None:
    frame = frame_of(study, rows, DESCENT_PATH)
    left = "R left, of what it was"
    frame = frame[(frame["metric"] == left) | (frame["fact l'"] == "1")].assign(
        x=frame["attack"].str.removesuffix(" steps").astype(object), line="l' = 1", style=""
    )
    frame = frame.fillna({"ci_low": frame["value"], "ci_high": frame["value"]})
    order = [left, PRECISION, RECALL]
    frame = frame[frame["metric"].isin(order)]
    frame = frame.assign(steps=frame["x"].astype(int), place=frame["metric"].map(order.index))
    frame = frame.sort_values(["place", "steps"], kind="stable")
    figure = pictures.curves(
        frame, title="Along the descent of Algorithm 2", xlabel="short steps",
        line="line", style="style",
    )  # fmt: skip
    figures.add(
        figure, "descent", "The utility falls, and with it the leakage",
        "Algorithm 2 without camouflage, stopped after so many short steps, each attack rounded and"
        " carried out: R (equation 5) as a share of what it was, MIPre and MIRec.",
        [STEP], DESCENT_PATH,
    )  # fmt: skip


def _systems(study: Study):
    return study.settings.model_inversion.systems.items()
