"""Notebook 02: similar items, near-misses and the cohorts of every seed, with their audit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recmia.augment import SimilarItems, similar_items
from recmia.cohorts import (
    SIDES,
    CohortSet,
    assert_untrained,
    draw_cohorts,
    save_cohorts,
)
from recmia.evaluation.neighbours import neighbour_kinds
from recmia.experiments.results import write_results
from recmia.experiments.rows import CONTROL, Row
from recmia.experiments.study import Study
from recmia.papers.proposal.names import STUDY
from recmia.sessions import Sessions, load_sessions
from recmia.storage import write_arrays

STEP = "02_augment"


def vocabulary_size(sessions: Sessions) -> int:
    """Rows of the item embedding: items, and the three ids for padding, start and end."""
    return int(sessions.clicks.max()) + 1


def find_similar_items(study: Study, sessions: Sessions) -> SimilarItems:
    """Nearest items from the whole session-item matrix, as the proposal does; saved."""
    similar = similar_items(
        sessions, vocabulary_size(sessions), study.settings.cohorts.similar_items
    )
    write_arrays(
        study.folder(STEP) / "similar_items.npz",
        neighbours=similar.neighbours,
        similarity=similar.similarity,
    )
    return similar


def make_cohorts(study: Study, sessions: Sessions, similar: SimilarItems) -> list[CohortSet]:
    """Draw and save the cohorts of every seed; each set is proved disjoint by content.

    Raises:
        DataError: the cohorts do not fit into the data.
        AssertionError: two cohorts share a session, or a non-member would be trained on.
    """
    cohort_sets = []
    for seed in study.seeds():
        cohorts = draw_cohorts(
            sessions, study.settings.cohorts, similar, study.settings.root_seed, seed
        )
        for reading in study.settings.readings:
            for side in SIDES:
                assert_untrained(
                    cohorts.trained_on(side, reading), cohorts.nonmembers(side, reading)
                )
        save_cohorts(cohorts, study.folder(STEP) / f"seed{seed}.npz")
        cohort_sets.append(cohorts)
    return cohort_sets


def audit(study: Study, sessions: Sessions, cohort_sets: list[CohortSet]) -> pd.DataFrame:
    """Count duplicates and neighbours across the target's cohorts; write them as result rows.

    Returns:
        One row a fact: ``fact``, ``mean`` over seeds, ``low`` and ``high`` among the seeds.
    """
    _, counts = np.unique(sessions.hashes(), return_counts=True)
    facts: dict[str, list[float]] = {
        "share of all sessions that have an identical one": [
            float(counts[counts > 1].sum() / counts.sum())
        ],
        "share of all sessions of two clicks": [float((sessions.lengths == 2).mean())],
    }
    for cohorts in cohort_sets:
        heldout, members = cohorts.heldout["target"], cohorts.members["target"]
        kinds = neighbour_kinds(heldout, members)
        near = neighbour_kinds(cohorts.near_misses["target"], members)
        known = np.union1d(members.clicks, 0)
        seen = {
            "held-out sessions identical to a member": kinds.identical.sum(),
            "near-misses identical to a member": near.identical.sum(),
            "share of held-out sessions that are a prefix or extension of a member": (
                kinds.prefix.mean()
            ),
            "share of held-out sessions one edit from a member": kinds.one_edit.mean(),
            "share of held-out sessions with neither": (~(kinds.prefix | kinds.one_edit)).mean(),
            "share of held-out sessions with an item that no member clicked": (
                ~np.isin(heldout.clicks, known)
            )
            .any(axis=1)
            .mean(),
            **cohorts.audit,
        }
        for fact, value in seen.items():
            facts.setdefault(fact, []).append(float(value))
    table = pd.DataFrame(
        [
            {"fact": fact, "mean": np.mean(values), "low": min(values), "high": max(values)}
            for fact, values in facts.items()
        ]
    )
    rows = [
        Row(
            study=STUDY,
            artefact="Cohort audit",
            dataset=study.settings.dataset,
            reading=CONTROL,
            metric=fact,
            value=float(np.mean(values)),
            n_seeds=len(values),
        )
        for fact, values in facts.items()
    ]
    write_results(rows, study.folder(STEP))
    return table


def examples(cohorts: CohortSet, count: int = 5) -> pd.DataFrame:
    """How near-misses differ from their originals, by position and length only.

    Item ids are left out on purpose: executed notebooks are published, sessions are not.
    """
    near, members = cohorts.near_misses["target"], cohorts.members["target"]
    order = np.argsort(members.row_ids)
    original = members[order[np.searchsorted(members.row_ids[order], near.row_ids)]]
    changed = near.clicks != original.clicks
    return pd.DataFrame(
        {"clicks": near.lengths, "replaced click": changed.argmax(1) + 1, "edits": changed.sum(1)}
    ).head(count)


def open_sessions(study: Study) -> Sessions:
    """The cleaned sessions that notebook 01 saved."""
    return load_sessions(study.need("01_preprocess/sessions.parquet"))
