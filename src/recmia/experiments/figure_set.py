"""The figures of one study in a report: files, and what each shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.plots import save_figure
from recmia.storage import write_json


class FigureSet:
    """Figures saved as PNG and SVG below ``figures/<name>``, with captions in ``figures.json``.

    Args:
        study: the run.
        name: "proposal" or a paper's name, see ``artefacts.yaml``.
    """

    def __init__(self, study: Study, name: str) -> None:
        self.study = study
        self.folder: Path = study.paths.reports / "figures" / name
        self.entries: list[dict] = []
        self._drawn: list[tuple[Figure, Path, str]] = []

    def add(
        self,
        figure: Figure,
        name: str,
        title: str,
        caption: str,
        source: list[str],
        artefact: str = "",
    ) -> None:
        """Take a figure and remember what it shows; `close` saves it.

        Args:
            figure: the figure; it must be picklable, for other processes save it.
            name: file name without suffix.
            title: heading.
            caption: what is drawn and from what.
            source: steps or modules that it is drawn from.
            artefact: the paper's table or figure that it stands beside in the report.
        """
        self._drawn.append((figure, self.folder, name))
        entry = {"file": f"{name}.png", "title": title, "caption": caption, "source": source}
        self.entries.append(entry | ({"artefact": artefact} if artefact else {}))

    def close(self) -> list[dict]:
        """Save the figures, side by side, and ``figures.json``; remove what is no longer drawn."""
        workers, count = self.study.workers, len(self._drawn)
        run_jobs(_save, self._drawn, workers=workers, total=count, label="figures")
        self._drawn.clear()
        names = {Path(entry["file"]).stem for entry in self.entries}
        for path in self.folder.glob("*.*"):
            if path.suffix != ".json" and path.stem not in names:
                path.unlink()
        write_json(self.folder / "figures.json", self.entries)
        return self.entries


def _save(job: tuple[Figure, Path, str], progress: Callable[[float], None]) -> None:
    save_figure(*job)
    progress(1)
