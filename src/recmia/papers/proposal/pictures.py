"""What the t-SNE pictures of notebook 06 show, and how far their colours mix."""

from __future__ import annotations

from dataclasses import dataclass

from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.measuring import Place
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.proposal.attacking import pictured, pictured_epochs
from recmia.papers.proposal.embedding import JUDGE, keep_embedding
from recmia.papers.proposal.names import (
    BEST,
    EARLY,
    HELDOUT,
    LAST,
    NEAR_MISS,
    PUBLISHED_READING,
    STUDY,
)

STEP = "06_figures"


@dataclass(frozen=True)
class Picture:
    """What a t-SNE of members and non-members shows, first seed."""

    artefact: str
    what: str  # "correlation", or the attack's "features"
    checkpoint: str
    nonmembers: str = HELDOUT


PICTURES = (
    Picture("Figure 1", "correlation", EARLY),
    Picture("Figure 1", "correlation", BEST),
    Picture("Figure 2", "correlation", LAST),
    Picture("Figure 4", "features", LAST, NEAR_MISS),
    Picture("Figure 4", "features", LAST, HELDOUT),
)
COHORTS = {HELDOUT: "heldout", NEAR_MISS: "near_misses"}


def pictures(study: Study, best: dict[str, int]) -> dict[Picture, Kept]:
    """Every picture, where it lies."""
    epochs = pictured_epochs(study, best)
    return {p: embedded(study, p, epochs[p.checkpoint]) for p in PICTURES}


def picture_rows(study: Study, best: dict[str, int]) -> list[Row]:
    """How well the neighbours of a point in a picture tell whose it is: do the colours mix?"""
    epochs = pictured_epochs(study, best)
    lines = [
        Line(
            {
                "study": STUDY,
                "artefact": picture.artefact,
                "dataset": study.settings.dataset,
                "attack": JUDGE,
                "features": picture.what,
                "nonmembers": picture.nonmembers,
                "checkpoint": picture.checkpoint,
                "epoch": epochs[picture.checkpoint],
            },
            (Place(kept, JUDGE),),
        )
        for picture, kept in pictures(study, best).items()
    ]
    return line_rows(study, study.folder(STEP) / "metrics", lines, [ROC_AUC])


def embedded(study: Study, picture: Picture, epoch: int) -> Kept:
    """A t-SNE of members and non-members of the first seed (`keep_embedding`)."""
    chosen = study.settings.figures
    name = f"{picture.artefact} {picture.nonmembers} {picture.checkpoint}".lower()
    return Kept(
        study.folder(STEP) / f"{name.replace(' ', '_')}.npz",
        keep_embedding,
        pictured(study, PUBLISHED_READING, epoch),
        what=picture.what,
        nonmembers=COHORTS[picture.nonmembers],
        sessions=chosen.tsne_sessions,
        perplexity=chosen.perplexity,
        root_seed=study.settings.root_seed,
        name=name,
    )
