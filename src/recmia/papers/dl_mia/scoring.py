"""What trains the fits of notebook 12: difference vectors in, scores of every attack out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from recmia import networks
from recmia.attacks import (
    base,
    bessel,
    difference_vectors,
    disentanglement,
    gaussian_autoencoders,
    label_leak,
    stacked,
    stacked_dl_mia,
    stacked_layers,
    user_features,
    von_mises_fisher,
)
from recmia.attacks.label_leak import THRESHOLD, LeakyDLMIA, SelfTrainedDLMIA
from recmia.attacks.stacked import train_stacked
from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.experiments.study import Study
from recmia.lists import views
from recmia.lists.serving import side_of
from recmia.lists.views import Seen, View
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
    Fit,
)
from recmia.papers.dl_mia.halves import half_of
from recmia.papers.dl_mia.texts import text_vectors_of
from recmia.seeds import child_seed, generator

RELEASED_EPOCHS = 15  # of Biased-MIA in the released code of the sequential half
# Beside this module, those whose change makes saved scores stale.
DECISIVE = (
    base, bessel, difference_vectors, disentanglement, gaussian_autoencoders, label_leak, networks,
    stacked, stacked_dl_mia, stacked_layers, user_features, views, von_mises_fisher,
)  # fmt: skip


def features(
    study: Study, half: str, view: View, side: str, seed: int, texts: bool = False
) -> tuple[np.ndarray, Seen]:
    """Difference vectors float32 [n, l] of the users that a view shows, and the users.

    At most ``most_users`` of them, as many members as others: the same ones under every view of a
    side, for they are drawn by place and a view shows the users of its data set in one order.
    """
    lists = half_of(study, half)
    if texts:
        seen = views.observe(lists, view, side, seed)
        vectors = text_vectors_of(lists, view.letter, view.l)
        made = difference_vectors.difference_vectors(seen.histories.clicks, seen.lists, vectors)
    else:
        made, seen = views.features(lists, view, side, seed)
    most = getattr(study.settings.dl_mia, half).most_users
    if len(made) <= most:
        return made, seen
    draw = generator(study.settings.root_seed, "dl-mia", "users", half, view.letter, side, seed)
    members = side_of(lists, view.model(side, seed)).n_members
    rows = [draw.permutation(members), members + draw.permutation(len(made) - members)]
    rows = np.sort(np.concatenate([part[: most // 2] for part in rows]))
    return made[rows], Seen(seen.histories[rows], seen.lists[rows], seen.membership[rows])


def scores_of(study: Study, half: str, members: Sequence[tuple[Fit, int]]) -> dict[str, np.ndarray]:
    """Train fits of one shape and kind, with their seeds, side by side, by every attack.

    Returns:
        For each attack "<attack>|scores" float64 [M, n] and "<attack>|thresholds" float64 [M], with
        "membership" bool [M, n] and "row_ids" int64 [M, n]: a row a member, a column a scored user.
    """
    kind = members[0][0]
    seeds = [_model_seed(study, half, fit, seed) for fit, seed in members]
    shadows, targets = [], []
    for fit, seed in members:
        for into, view, side in ((shadows, fit.shadow, "shadow"), (targets, fit.target, "target")):
            into.append(features(study, half, view, side, seed, fit.texts))
    shadow, known = np.stack([x for x, _ in shadows]), np.stack([s.membership for _, s in shadows])
    target, truth = np.stack([x for x, _ in targets]), np.stack([s.membership for _, s in targets])
    ids = np.stack([seen.histories.row_ids for _, seen in targets])
    present = scored = target
    present_truth = truth
    if kind.held_out:
        rows = np.stack([_halves(study, half, f, s, target.shape[1]) for f, s in members])
        here, there = np.split(rows, [rows.shape[1] // 2], axis=1)
        present, scored = (np.take_along_axis(target, r[:, :, None], 1) for r in (here, there))
        present_truth = np.take_along_axis(truth, here, 1)
        truth, ids = (np.take_along_axis(x, there, 1) for x in (truth, ids))
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if kind.encoder == "disentangled" and not kind.held_out:
        for attack in (BIASED, BIASED_RELEASED):
            found[attack] = _biased(study, half, attack, shadow, known, scored, seeds)
    first = StackedDLMIA(
        seeds=seeds,
        schedule=schedule_of(study, kind.encoder),
        device=study.device,
    ).pretrain(shadow, known, present)
    found[PRETRAINED] = first.score(scored), first.thresholds
    after = first.alternate()
    found[DL_MIA] = after.score(scored), after.thresholds
    cut = np.full(len(seeds), THRESHOLD)
    if kind.leak and kind.encoder == "disentangled":
        found[SELF_TRAINED] = SelfTrainedDLMIA.after(first).score(scored), cut
    if kind.leak:
        leaky = LeakyDLMIA.after(first, present_truth)
        found[LEAKY] = leaky.score(scored), cut
        found[LEAKY_BEST] = leaky.score_best(scored), cut
    arrays = {"membership": truth, "row_ids": ids}
    for attack, (scores, thresholds) in found.items():
        arrays |= {f"{attack}|scores": scores, f"{attack}|thresholds": thresholds}
    return arrays


def schedule_of(study: Study, encoder: str = "disentangled") -> Schedule:
    """How DL-MIA is trained in this study."""
    settings = study.settings.dl_mia
    return Schedule(
        encoder=encoder,
        pretrain_epochs=settings.pretrain_epochs,
        alternating_epochs=settings.alternating_epochs,
        turn_epochs=settings.turn_epochs,
        steps=settings.steps,
    )


def _biased(
    study: Study, half: str, attack: str, shadow, known, scored, seeds
) -> tuple[np.ndarray, np.ndarray]:
    """Biased-MIA as its text trains it, or as the released code of the sequential half does."""
    choices = {"epochs": getattr(study.settings.dl_mia, half).attack_epochs}
    if attack == BIASED_RELEASED:
        choices = {"epochs": RELEASED_EPOCHS, "shuffle": False, "softmax_twice": True}
        # Its examples are shuffled once, before the first epoch.
        order = np.stack(
            [generator(seed, "biased-mia", "order").permutation(known.shape[1]) for seed in seeds]
        )
        known = np.take_along_axis(known, order, 1)
        shadow = np.take_along_axis(shadow, order[:, :, None], 1)
    features_, labels = torch.from_numpy(shadow), torch.from_numpy(known)
    trained = train_stacked(features_, labels, **choices, seeds=seeds, device=study.device)
    scores = trained.probabilities(torch.from_numpy(scored).to(study.device))[..., 1]
    return scores.double().cpu().numpy(), np.full(len(scored), THRESHOLD)


def _halves(study: Study, half: str, fit: Fit, seed: int, n: int) -> np.ndarray:
    """Order of a target's users whose first half takes part; the same for every shadow."""
    names = ("dl-mia", "held out", half, fit.target.name, seed)
    return generator(study.settings.root_seed, *names).permutation(n)


def _model_seed(study: Study, half: str, fit: Fit, seed: int) -> int:
    # Encoder and leak are left out: what is compared with each other starts from the same values.
    words = [*fit.shadow.seed_words, *fit.target.seed_words]
    return child_seed(study.settings.root_seed, "dl-mia", half, *words, str(fit.texts), seed)
