"""What variants of the detector flag: honest users, the attack's malicious ones, crude bots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.inversion import bots
from recmia.inversion.attack import Attacker, draw_decoys
from recmia.inversion.detector import Detector, UnusualCount
from recmia.inversion.poisoning import linked_start
from recmia.papers.model_inversion.worlds import read_world
from recmia.seeds import generator
from recmia.storage import read_json, write_json

HELD_OUT = 0.2  # of the honest users, for the false-positive rate

HONEST, LINKS = "honest users, held out", "malicious users: links alone, rated highest"
FILLED = "malicious users: links and items at random, rated highest"
EVERYTHING, AT_RANDOM = "bots: every item rated highest", "bots: items at random, rated highest"
AVERAGE, BANDWAGON = "bots: average attack", "bots: bandwagon attack"

DESCRIBED = "as described"
STATED_GAMMA = "γ as the paper states"
SEES_ALL = "PCA of honest and malicious users"
SEES_ALL_STATED = "PCA of honest and malicious users, γ as the paper states"
ALL_RATINGS = "no PCA"
STANDARDISED = "items standardised"
COUNT = "rule: number of ratings unlike any honest user's"


@dataclass(frozen=True)
class Detections:
    """What one seed's detectors flag.

    Attributes:
        gamma: γ by the rule, of the detector as described.
        flagged: flagged users and all users, by whom they are and by variant.
    """

    gamma: float
    flagged: dict[str, dict[str, list[int]]]


def keep_detections(
    path: Path,
    world: Path,
    *,
    components: int,
    stated_gamma: float | None,
    share: float,
    decoys: int,
    seed: int,
) -> None:
    """Train every variant on honest users but for a fifth, and write what it flags.

    Args:
        path: of the result.
        world: kept data set.
        components: principal components, k.
        stated_gamma: γ that the paper states; None where it states none.
        share: α.
        decoys: |Y|.
        seed: of decoys, of bots and of who is held out.
    """
    known = read_world(world, zeros_observed=False)
    ratings = known.training
    m, n = ratings.shape
    order = generator(seed, "held out of the detector").permutation(m)
    out = np.zeros(m, dtype=bool)
    out[order[: round(HELD_OUT * m)]] = True
    honest = ratings.of_users(~out)
    links = np.append(known.sensitive[:1], draw_decoys(n, known.barred, decoys, seed))
    most = max(round(ratings.mean_items()), len(links))
    users = Attacker(share, most).users(m)
    bare = linked_start(users, n, links, ratings.scale.highest)
    filling = bots.at_random(ratings, users, most - len(links), seed)
    people = {
        HONEST: ratings.of_users(out).matrix.toarray(),
        LINKS: bare,
        FILLED: np.maximum(bare, filling),
        EVERYTHING: bots.everything(ratings, users),
        AT_RANDOM: bots.at_random(ratings, users, most, seed),
        AVERAGE: bots.average_attack(honest, users, links, most, seed),
        BANDWAGON: bots.bandwagon(honest, users, links, most),
    }
    described = Detector(honest, components, seed)
    alone: dict[str, Detector | UnusualCount] = {
        DESCRIBED: described,
        ALL_RATINGS: Detector(honest, None, seed),
        STANDARDISED: Detector(honest, components, seed, standardised=True),
        COUNT: UnusualCount(honest),
    }
    if stated_gamma is not None:
        alone[STATED_GAMMA] = Detector(honest, components, seed, gamma=stated_gamma)
    found: dict[str, dict[str, list[int]]] = {who: {} for who in people}

    def note(who: str, name: str, detector: Detector | UnusualCount) -> None:
        flags = detector.flagged(people[who])
        found[who][name] = [int(flags.sum()), len(flags)]

    for who, rows in people.items():
        for name, detector in alone.items():
            note(who, name, detector)
        # What the PCA sees depends on who is there; honest users stand beside the attack's.
        others = people[LINKS] if who == HONEST else rows
        note(who, SEES_ALL, Detector(honest, components, seed, others=others))
        if stated_gamma is not None:
            sees_all = Detector(honest, components, seed, others=others, gamma=stated_gamma)
            note(who, SEES_ALL_STATED, sees_all)
    write_json(path, {"gamma": described.gamma, "flagged": found})


def read_detections(path: Path) -> Detections:
    """What `keep_detections` wrote."""
    return Detections(**read_json(path))
