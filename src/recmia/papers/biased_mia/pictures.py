"""The paper's t-SNE pictures of difference vectors (figures 4, 5, 7 and 13), from saved lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recmia import plots
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.letters import cell_of, letter_of
from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.lists.serving import STEP
from recmia.lists.views import View, features
from recmia.papers.biased_mia.attacking import view_identity
from recmia.seeds import child_seed, generator
from recmia.storage import content_hash, read_arrays, write_arrays


@dataclass(frozen=True)
class Picture:
    """One t-SNE of several sides.

    Attributes:
        name: file name.
        artefact: the paper's figure.
        title: of the picture.
        caption: what it shows.
        panels: title of each panel to a view and a side.
    """

    name: str
    artefact: str
    title: str
    caption: str
    panels: dict[str, tuple[View, str]]


def draw_pictures(figures: FigureSet, study: Study) -> None:
    """Draw every picture; finished embeddings are kept."""
    found = pictures(study)
    jobs = [(study, picture) for picture in found]
    frames = run_jobs(
        _embedding, jobs, workers=study.workers, total=len(jobs), label="t-SNE pictures"
    )
    for picture, frame in zip(found, frames, strict=True):
        figures.add(
            plots.tsne_scatter(frame, title=picture.title, panel="panel"),
            picture.name,
            f"{picture.artefact}: {picture.title}",
            f"{picture.caption} Difference vectors of the first seed, one t-SNE for all panels.",
            ["saved lists of notebook 11"],
            picture.artefact,
        )


def pictures(study: Study) -> list[Picture]:
    """The paper's pictures, on the first, second and last data set of the profile."""
    settings = study.settings.biased_mia
    letters = list(settings.datasets)
    algorithms = [letter_of(algorithm) for algorithm in settings.algorithms]
    first, second, last = letters[0], letters[min(1, len(letters) - 1)], letters[-1]

    def panel(name: str, side: str, **more) -> tuple[View, str]:
        return View(*cell_of(name), k=settings.top_k, l=settings.vector_dim, **more), side

    def both(name: str) -> dict[str, tuple[View, str]]:
        return {f"{name} {side}": panel(name, side) for side in ("shadow", "target")}

    made = [
        Picture(
            f"figure4{part}", "Figure 4", f"{name}, shadow and target",
            "Popularity lists for non-members.", both(name),
        )
        for part, name in zip(
            "abcd", (f"{first}N", f"{first}L", f"{second}I", f"{second}L"), strict=True
        )
        if name[1] in algorithms
    ]  # fmt: skip
    if not {"I", "L"} <= set(algorithms):
        return made
    item = f"{second}I"
    made.append(
        Picture(
            "figure5", "Figure 5", f"{second}L and {item}", "Assumption II.",
            both(f"{second}L") | {f"{item} shadow": panel(item, "shadow")},
        )
    )  # fmt: skip
    for shadow, target in ((f"{last}L", f"{first}I"), (f"{first}L", item)):
        made.append(
            Picture(
                f"figure7_{shadow}{target}", "Figure 7", f"{shadow}{target}",
                "Shadow and target of other data: vectors of two spaces, as the attack sees them.",
                {f"{shadow} shadow": panel(shadow, "shadow"),
                 f"{target} target": panel(target, "target")},
            )
        )  # fmt: skip
    for name in (f"{first}I", f"{first}L"):
        defended = {
            f"{name} {side}, defence": panel(name, side, defence=settings.defence_ratio)
            for side in ("shadow", "target")
        }
        made.append(
            Picture(
                f"figure13_{name}", "Figure 13", f"{name} without and with the defence",
                f"Popularity Randomization with ratio {settings.defence_ratio:g}.",
                both(name) | defended,
            )
        )  # fmt: skip
    return made


def _embedding(job: tuple[Study, Picture], progress: Callable[[float], None]) -> pd.DataFrame:
    study, picture = job
    name, panels = picture.name, picture.panels
    settings = study.settings
    path = study.folder(STEP) / "tsne" / f"{name}.npz"
    identity = content_hash(
        [view_identity(study, view, side, 0) for view, side in panels.values()],
        list(panels),
        [settings.biased_mia.tsne_users, settings.biased_mia.perplexity, settings.root_seed],
    )

    def make() -> None:
        parts, membership, panel = [], [], []
        for number, (view, side) in enumerate(panels.values()):
            made, seen = features(study, view, side, 0)
            draw = generator(settings.root_seed, "biased-mia", "tsne", name, number)
            rows = draw.permutation(len(made))[: settings.biased_mia.tsne_users]
            parts.append(made[rows])
            membership.append(seen.membership[rows])
            panel.append(np.full(len(rows), number))
        points = plots.tsne_embedding(
            np.concatenate(parts),
            perplexity=settings.biased_mia.perplexity,
            seed=child_seed(settings.root_seed, "biased-mia", "tsne", name),
        )
        write_arrays(
            path,
            points=points,
            membership=np.concatenate(membership),
            panel=np.concatenate(panel),
        )

    stamped(path, identity, make)
    saved = read_arrays(path)
    progress(1)
    return pd.DataFrame(
        {
            "x": saved["points"][:, 0],
            "y": saved["points"][:, 1],
            "membership": saved["membership"],
            "panel": np.array(list(panels))[saved["panel"]],
        }
    )
