"""Disjoint cohorts of sessions: who is trained on, who is held out, what the adversary knows.

The unit of membership is the session. Identical sessions are one group and never straddle
cohorts: a "non-member" that is equal to a trained session is a member by content.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recmia.augment import Replaced, SimilarItems, replace_one_item
from recmia.errors import DataError
from recmia.seeds import generator
from recmia.sessions import Sessions, concatenate
from recmia.storage import read_arrays, write_arrays

if TYPE_CHECKING:
    from recmia.data.settings import CohortSizes

SIDES = ("target", "shadow")


@dataclass(frozen=True)
class CohortSet:
    """The cohorts of one seed.

    Attributes:
        members: side ("target", "shadow") to the sessions that its model learns from.
        heldout: side to real sessions that neither model sees.
        near_misses: side to its members with one click replaced.
        heldout_near_misses: side to its held-out sessions with one click replaced.
        reference: population that the adversary knows.
        validation: unseen sessions that judge ranking quality.
        audit: counts of the replacement, for the report.
    """

    members: dict[str, Sessions]
    heldout: dict[str, Sessions]
    near_misses: dict[str, Sessions]
    heldout_near_misses: dict[str, Sessions]
    reference: Sessions
    validation: Sessions
    audit: dict[str, float]

    def named(self) -> dict[str, Sessions]:
        """Every cohort under one flat name, such as ``target_members``."""
        cohorts = {"reference": self.reference, "validation": self.validation}
        for side in SIDES:
            cohorts[f"{side}_members"] = self.members[side]
            cohorts[f"{side}_heldout"] = self.heldout[side]
            cohorts[f"{side}_near_misses"] = self.near_misses[side]
            cohorts[f"{side}_heldout_near_misses"] = self.heldout_near_misses[side]
        return cohorts

    def trained_on(self, side: str, reading: str) -> Sessions:
        """Training sessions of a side's model under a reading of the proposal.

        Args:
            side: "target" or "shadow".
            reading: "augmented_as_nonmembers" (members alone) or "augmented_trained" (members
                and their replaced copies).
        """
        if reading == "augmented_trained":
            return concatenate(self.members[side], self.near_misses[side])
        return self.members[side]

    def nonmembers(self, side: str, reading: str) -> dict[str, Sessions]:
        """Non-member cohorts of a side by condition, under a reading of the proposal."""
        if reading == "augmented_trained":
            return {"held-out": self.heldout[side]}
        return {"held-out": self.heldout[side], "near-miss": self.near_misses[side]}


def draw_rows(
    hashes: np.ndarray, sizes: dict[str, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw disjoint random cohorts of exact size, identical sessions kept in one cohort.

    Args:
        hashes: uint64 [n], equal where sessions are identical.
        sizes: sessions for each cohort, in drawing order.
        rng: source of the random choices.

    Returns:
        int64 row positions of each cohort, ascending.

    Raises:
        DataError: the cohorts do not fit into the data.
    """
    wanted = sum(sizes.values())
    if wanted > len(hashes):
        raise DataError(
            f"The cohorts need {wanted:,} sessions and the data has {len(hashes):,} after "
            "cleaning.",
            remedy="use more data, or lower cohorts.members, .nonmembers, .reference or "
            ".validation in the profile",
        )
    _, group, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    order = rng.permutation(len(counts))
    # int16 would do for names; -1 is "in no cohort".
    cohort_of_group = np.full(len(counts), -1, dtype=np.int16)
    for number, (name, size) in enumerate(sizes.items()):
        free = order[cohort_of_group[order] == -1]
        fitting = free[np.cumsum(counts[free]) <= size]
        missing = size - int(counts[fitting].sum())
        # The group that would overflow is left for a later cohort; single sessions fill the rest.
        rest = free[len(fitting) :]
        singles = rest[counts[rest] == 1][:missing]
        if len(singles) < missing:
            raise DataError(
                f"Cohort '{name}' lacks {missing - len(singles):,} of {size:,} sessions once "
                "identical sessions are kept together.",
                remedy="use more data, or lower the cohort sizes in the profile",
            )
        cohort_of_group[fitting] = number
        cohort_of_group[singles] = number
    cohort = cohort_of_group[group]
    return {name: np.flatnonzero(cohort == number) for number, name in enumerate(sizes)}


def draw_cohorts(
    sessions: Sessions, sizes: CohortSizes, similar: SimilarItems, root_seed: int, seed: int
) -> CohortSet:
    """Draw the cohorts of one seed and make the near-misses.

    Raises:
        DataError: the cohorts do not fit into the data.
    """
    rows = draw_rows(
        sessions.hashes(),
        {
            "target_members": sizes.members,
            "target_heldout": sizes.nonmembers,
            "shadow_members": sizes.members,
            "shadow_heldout": sizes.nonmembers,
            "validation": sizes.validation,
            "reference": sizes.reference,
        },
        generator(root_seed, "cohorts", seed),
    )
    cohorts = {name: sessions[index] for name, index in rows.items()}
    existing = np.concatenate([cohort.hashes() for cohort in cohorts.values()])
    replaced: dict[str, Replaced] = {}
    audit: dict[str, float] = {}
    for name in ("target_members", "shadow_members", "target_heldout", "shadow_heldout"):
        replaced[name] = replace_one_item(
            cohorts[name],
            similar,
            generator(root_seed, "augment", seed, name),
            forbidden=existing,
        )
        existing = np.union1d(existing, replaced[name].sessions.hashes())
        audit[f"{name}: first draws that are existing sessions"] = replaced[
            name
        ].first_draw_forbidden
        audit[f"{name}: sessions without an admissible replacement"] = replaced[name].dropped
    result = CohortSet(
        members={side: cohorts[f"{side}_members"] for side in SIDES},
        heldout={side: cohorts[f"{side}_heldout"] for side in SIDES},
        near_misses={side: replaced[f"{side}_members"].sessions for side in SIDES},
        heldout_near_misses={side: replaced[f"{side}_heldout"].sessions for side in SIDES},
        reference=cohorts["reference"],
        validation=cohorts["validation"],
        audit=audit,
    )
    assert_disjoint(result)
    return result


def assert_disjoint(cohorts: CohortSet) -> None:
    """Prove by content that no session is in two cohorts, near-misses included.

    Raises:
        AssertionError: two cohorts share a session; the message names them.
    """
    names, hashes = zip(
        *((name, np.unique(cohort.hashes())) for name, cohort in cohorts.named().items()),
        strict=True,
    )
    together = np.concatenate(hashes)
    if len(np.unique(together)) == len(together):
        return
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            shared = len(np.intersect1d(hashes[i], hashes[j]))
            assert not shared, f"{a} and {names[j]} share {shared} sessions"


def assert_untrained(trained: Sessions, nonmembers: dict[str, Sessions]) -> None:
    """Prove by hash that no non-member was trained on.

    Raises:
        AssertionError: a non-member equals a training session.
    """
    seen = trained.hashes()
    for name, cohort in nonmembers.items():
        shared = int(np.isin(cohort.hashes(), seen).sum())
        assert not shared, f"{shared} {name} sessions were trained on"


def save_cohorts(cohorts: CohortSet, path: str | Path) -> Path:
    """Write every cohort into one ``.npz``, atomically."""
    arrays = {"audit_names": np.array(list(cohorts.audit), dtype=np.str_)}
    arrays["audit_values"] = np.array(list(cohorts.audit.values()), dtype=np.float64)
    for name, sessions in cohorts.named().items():
        for field in ("clicks", "lengths", "row_ids"):
            arrays[f"{name}.{field}"] = getattr(sessions, field)
    return write_arrays(path, **arrays)


def load_cohorts(path: str | Path) -> CohortSet:
    """Read cohorts written by :func:`save_cohorts`."""
    arrays = read_arrays(path)

    def cohort(name: str) -> Sessions:
        return Sessions(*(arrays[f"{name}.{field}"] for field in ("clicks", "lengths", "row_ids")))

    def by_side(kind: str) -> dict[str, Sessions]:
        return {side: cohort(f"{side}_{kind}") for side in SIDES}

    return CohortSet(
        members=by_side("members"),
        heldout=by_side("heldout"),
        near_misses=by_side("near_misses"),
        heldout_near_misses=by_side("heldout_near_misses"),
        reference=cohort("reference"),
        validation=cohort("validation"),
        audit=dict(
            zip(arrays["audit_names"].tolist(), arrays["audit_values"].tolist(), strict=True)
        ),
    )
