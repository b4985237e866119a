"""Result rows of notebook 11."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.lines import Line, claim_rows, line_rows
from recmia.experiments.measuring import bootstrap
from recmia.experiments.rows import CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict
from recmia.lists.cohorts import SIDES, load_cohorts
from recmia.lists.serving import Model
from recmia.lists.views import ONE_MODEL, View, view_of
from recmia.lists.world import ListWorld
from recmia.papers.biased_mia.ablation import Ablation
from recmia.papers.biased_mia.as_released import AsReleased
from recmia.papers.biased_mia.attacking import run
from recmia.papers.biased_mia.claims import claims
from recmia.papers.biased_mia.grid import cells, everything
from recmia.papers.biased_mia.paper import PAPER
from recmia.papers.biased_mia.proofs import Proofs
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import hit_rate
from recmia.storage import read_arrays

# Artefacts whose every metric is kept; the others keep the two that are called AUC.
WHOLE = {"Figure 3", "Serving", "Controls", "Figure 11"}
OVERLAP = "share of a member's list among the popular items"
Runs = Sequence[tuple[np.ndarray, np.ndarray]]  # values and row ids, a pair a seed


def world_of(study: Study) -> ListWorld:
    """The paper's world of lists."""
    return ListWorld(study, study.settings.biased_mia, study.folder(PAPER.steps[0].name))


def models(world: ListWorld) -> list[Model]:
    """Every recommender of the study."""
    settings = world.settings
    found = [(view, SIDES) for view in cells(settings)]
    if settings.content_based:
        found.append((view_of(settings, settings.content_based, "content-based"), SIDES))
    for name in settings.algorithms:
        parts = [
            view_of(settings, settings.size_dataset, name, share=x) for x in settings.shadow_shares
        ]
        found += [(view, SIDES[:1]) for view in parts]
    for data, tried in settings.longer_lfm.items():
        found += [(view_of(world.settings, data, "lfm", epochs=epochs), SIDES) for epochs in tried]
    return [view.model(s, seed) for view, sides in found for s in sides for seed in world.seeds]


def vector_lengths(world: ListWorld) -> list[int]:
    """Every length l that some figure asks for."""
    settings = world.settings
    return sorted({settings.vector_dim, *settings.vector_lengths, *settings.crossed_vector_lengths})


def attack_rows(world: ListWorld) -> list[Row]:
    """Rows of every table and figure about attacks, and of the claims about them."""
    shown = everything(world.settings)
    runs = run(world, [line.attempt for line in shown])
    lines = [
        Line({"study": PAPER.name, **_titled(world, line.columns)}, runs[line.attempt])
        for line in shown
    ]
    metrics, kept = world.folder / "metrics", (ROC_AUC, HARD_LABEL_AUC)
    return [
        row
        for row in line_rows(world.study, metrics, lines)
        if row.metric in kept or row.artefact in WHOLE
    ] + claim_rows(world.study, world.folder / "differences", lines, claims(world.settings))


def _titled(world: ListWorld, columns: dict[str, Any]) -> dict[str, Any]:
    return {"dataset": world.settings.datasets[columns["target_data"]].title} | columns


def _row(world: ListWorld, **columns: Any) -> Row:
    return Row(study=PAPER.name, **_titled(world, columns))


def _mean_row(world: ListWorld, runs: Runs, says: str | None = None, **columns: Any) -> Row:
    """A mean over users with its interval, and where something is said of it, the verdict."""
    found = evaluate_mean(columns["metric"], runs, **bootstrap(world.study))
    if says:
        columns["verdict"] = verdict(found.ci_low, found.ci_high, says)
    return _row(world, **columns, **numbers_of(found))


def draw_all(world: ListWorld) -> list[Row]:
    """Draw the reading as released, the ablation and the authors' files; their rows."""
    released = AsReleased(world)
    parts = released, Ablation(released), Proofs(released)
    for part in parts:
        part.make()
    return [row for part in parts for row in part.rows()]


def cohort_rows(world: ListWorld) -> list[Row]:
    """Who and what was used: means over seeds."""
    rows = []
    for data in world.settings.datasets:
        facts = [load_cohorts(world.split(data, seed).ensure()).facts for seed in world.seeds]
        rows += [
            _row(
                world,
                artefact="Cohorts",
                target_data=data,
                metric=fact,
                value=float(np.mean([of_seed[fact] for of_seed in facts])),
                n_seeds=len(facts),
            )
            for fact in facts[0]
        ]
    return rows


def _hits(world: ListWorld, view: View, side: str, name: str) -> list[tuple]:
    """For each seed a saved array of the lists, and the users of the side."""
    found = [view.model(side, seed) for seed in world.seeds]
    return [(read_arrays(world.lists(m).ensure(), [name])[name], world.side(m)) for m in found]


def ranking_rows(world: ListWorld) -> list[Row]:
    """Table 2 (HR@k of shadow and target), with the controls: fold-in, popularity."""
    metric, rows = f"HR@{world.settings.top_k}", []
    found = cells(world.settings)
    if world.settings.content_based:
        found.append(view_of(world.settings, world.settings.content_based, "content-based"))
    for view in found:
        for side in SIDES:
            about = dict(artefact="Table 2", target_data=view.data, side=side)
            about["recommender"] = view.recommender
            for name, what in (("hit_any", metric), ("hit_next", f"{metric}, the next item")):
                runs = [(x, u.members.row_ids) for x, u in _hits(world, view, side, name)]
                about |= {"reading": CORRECTED, "metric": what, "users": "members"}
                rows.append(_mean_row(world, runs, **about))
            about |= {"reading": CONTROL, "metric": metric, "serving": ONE_MODEL}
            folded = _hits(world, view, side, "folded_hit_any")
            members = [(x[: u.n_members], u.members.row_ids) for x, u in folded]
            others = [(x[u.n_members :], u.seen.row_ids[u.n_members :]) for x, u in folded]
            for who, runs in (("members", members), ("non-members", others)):
                rows.append(_mean_row(world, runs, **about | {"users": who}))
    for data in world.settings.datasets:
        for side in SIDES:
            about = dict(artefact="Table 2", target_data=data, recommender="popularity", side=side)
            runs = [_popular_hits(world, data, side, seed) for seed in world.seeds]
            about |= {"reading": CONTROL, "metric": metric, "users": "members"}
            rows.append(_mean_row(world, runs, **about))
    return rows


def _popular_hits(world: ListWorld, data: str, side: str, seed: int) -> tuple:
    """Hits of the most popular items among members, who are not offered what they have."""
    cohorts = load_cohorts(world.split(data, seed).ensure())
    users = cohorts.sides[side]
    server = Popularity(vocabulary_size=cohorts.vocabulary_size).fit(users.members)
    lists = server.recommend(users.members, world.settings.top_k, exclude_seen=True)
    return hit_rate(lists, users.held_out[: users.n_members]), users.members.row_ids


def defence_rows(world: ListWorld) -> list[Row]:
    """Figure 14: HR@k of everybody, and of non-members alone, with and without the defence."""
    rows = []
    for cell in cells(world.settings):
        saved = _hits(world, cell, "target", "hit_any")
        for ratio in (None, *world.settings.defence_ratios):
            everybody, others = [], []
            for seed, (hits, users) in enumerate(saved):
                view = replace(cell, defence=ratio or 0.0)
                rest = users.seen[users.n_members :]
                lists = world.scene(view, "target", seed).unpersonalised(rest)
                of_rest = hit_rate(lists, users.held_out[users.n_members :])
                others.append((of_rest, rest.row_ids))
                everybody.append((np.concatenate([hits, of_rest]), users.seen.row_ids))
            about = dict(artefact="Figure 14", target_data=cell.data, side="target", ratio=ratio)
            about |= {"recommender": cell.recommender, "reading": CORRECTED}
            about["metric"] = f"HR@{world.settings.top_k}"
            rows.append(_mean_row(world, everybody, **about, users="everybody"))
            rows.append(_mean_row(world, others, **about, users="non-members"))
    return rows


def overlap_rows(world: ListWorld) -> list[Row]:
    """How much of members' lists is popular anyway, where recommenders are trained."""
    settings = world.settings
    longer = [
        view_of(world.settings, d, "lfm", epochs=e)
        for d, tried in settings.longer_lfm.items()
        for e in tried
    ]
    rows = []
    for view in [*cells(settings), *longer]:
        runs = []
        for seed, (served, users) in enumerate(_hits(world, view, "target", "served")):
            popular = world.scene(view, "target", seed).unpersonalised(users.members[:1])[0]
            runs.append((np.isin(served, popular).mean(axis=1), users.members.row_ids))
        epochs = settings.lfm.epochs if view.recommender == "lfm" else None
        about = dict(artefact="Overlap", reading=CONTROL, target_data=view.data, side="target")
        about |= {"recommender": view.recommender, "recommender_epochs": view.epochs or epochs}
        rows.append(_mean_row(world, runs, **about, users="members", metric=OVERLAP))
    return rows


def ordering_rows(world: ListWorld) -> list[Row]:
    """The paper's order of the recommenders in HR@k (Table 2), on the target's members."""
    key, rows = "ranking-order", []
    claim = PAPER.claims[key]
    for data in world.settings.datasets:
        order = claim["other_orders"].get(data, claim["order"])
        order = [name for name in order if name in world.settings.algorithms]
        for better, worse in zip(order, order[1:], strict=False):
            hits = [
                _hits(world, view_of(world.settings, data, n), "target", "hit_any")
                for n in (better, worse)
            ]
            runs = [
                (a - b, users.members.row_ids) for (a, users), (b, _) in zip(*hits, strict=True)
            ]
            about = dict(artefact="Claims", claim=key, reading=CORRECTED, target_data=data)
            about |= {"side": "target", "users": "members", "recommender": better, "against": worse}
            metric = f"difference of HR@{world.settings.top_k}"
            rows.append(_mean_row(world, runs, claim["says"], **about, metric=metric))
    return rows
