"""Rows about what the attacks stand on: data sets, cohorts, and how well recommenders rank."""

from __future__ import annotations

from itertools import product

import numpy as np

from recmia.data.interactions import load_saved
from recmia.evaluation.intervals import evaluate_mean
from recmia.experiments.measuring import bootstrap
from recmia.experiments.rows import Row, numbers_of
from recmia.experiments.study import Study
from recmia.lists.cohorts import SIDES, load_cohorts
from recmia.lists.serving import Model
from recmia.papers.dl_mia.worlds import STUDY, worlds
from recmia.storage import read_arrays


def data_rows(study: Study) -> list[Row]:
    """Table 1, and who was used: means over seeds."""
    rows = []
    for half, world in worlds(study).items():
        for name, chosen in world.settings.datasets.items():
            about = {"study": STUDY, "dataset": chosen.title, "half": half, "target_data": name}
            known = load_saved(world.data(name).ensure())
            counts = {
                "#Users": known.n_users,
                "#Items": len(known.item_ids),
                "#Interactions": len(known),
            }
            rows += [
                Row(**about, artefact="Table 1", metric=metric, value=count)
                for metric, count in counts.items()
            ]
            facts = [load_cohorts(world.split(name, s).ensure()).facts for s in world.seeds]
            rows += [
                Row(
                    **about,
                    artefact="Cohorts",
                    metric=fact,
                    value=float(np.mean([of_seed[fact] for of_seed in facts])),
                    n_seeds=len(facts),
                )
                for fact in facts[0]
            ]
    return rows


def ranking_rows(study: Study) -> list[Row]:
    """How well the recommenders rank: any and the next of the held-out items in the list."""
    rows = []
    for half, world in worlds(study).items():
        chosen = world.settings
        for name, recommender, side in product(chosen.datasets, chosen.algorithms, SIDES):
            models = [Model(name, recommender, side, seed) for seed in world.seeds]
            users = [world.side(model).members.row_ids for model in models]
            hits = [read_arrays(world.lists(model).ensure()) for model in models]
            for array, what in (("hit_any", ""), ("hit_next", ", the next item")):
                metric = f"HR@{chosen.top_k}{what}"
                runs = [(h[array], ids) for h, ids in zip(hits, users, strict=True)]
                rows.append(
                    Row(
                        study=STUDY,
                        artefact="Recommenders",
                        dataset=chosen.datasets[name].title,
                        half=half,
                        target_data=name,
                        recommender=recommender,
                        side=side,
                        metric=metric,
                        **numbers_of(evaluate_mean(metric, runs, **bootstrap(study))),
                    )
                )
    return rows
