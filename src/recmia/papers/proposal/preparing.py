"""Notebook 01: clicks to sessions, and the proposal's Table 1 beside ours."""

from __future__ import annotations

import pandas as pd

from recmia.experiments.results import join_paper_values, write_results
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.proposal.names import STUDY
from recmia.papers.proposal.paper import PAPER
from recmia.preprocess import PreprocessReport, preprocess
from recmia.sessions import END, FIRST_ITEM, START, Sessions, load_sessions
from recmia.storage import read_json

STEP = "01_preprocess"
TABLE_1 = {
    "days": "days",
    "items": "items",
    "sessions": "sessions",
    "interactions": "interactions",
    "mean_length": "mean session length",
    "gini": "Gini index",
}


def preprocess_clicks(study: Study) -> PreprocessReport:
    """Clean the profile's click log into ``01_preprocess/``; see :func:`preprocess`."""
    return preprocess(
        study.settings.data,
        study.settings.preprocess,
        study.paths.data,
        study.folder(STEP),
        seed=study.settings.root_seed,
        device=study.device,
    )


def cleaning(report: PreprocessReport) -> pd.DataFrame:
    """What the log held, what each cleaning step dropped, and how it read, one row a count."""
    counts = report.statistics["raw"] | report.statistics["dropped"] | report.statistics["reading"]
    return pd.DataFrame(
        [
            {
                "count": name.replace("_", " "),
                "value": value,
                "dropped": name in (*report.statistics["dropped"], "placeholder_clicks"),
            }
            for name, value in counts.items()
        ]
    )


def table1(study: Study) -> pd.DataFrame:
    """Table 1, the proposal's numbers beside ours; writes result rows."""
    statistics = read_json(study.need(f"{STEP}/statistics.json"))["table_1"]
    rows = [
        Row(
            study=STUDY,
            artefact="Table 1",
            dataset=study.settings.dataset,
            metric=metric,
            value=statistics[name],
            note="the log has no times" if statistics[name] is None else "",
        )
        for name, metric in TABLE_1.items()
    ]
    write_results(rows, study.folder(STEP))
    return pd.DataFrame(
        [
            {"": row.metric, "ours": row.value, "proposal": row.paper_value}
            for row in join_paper_values(rows, [PAPER])
        ]
    ).set_index("")


def check(study: Study) -> Sessions:
    """Read the sessions back and hold them to what later notebooks rely on.

    Raises:
        AssertionError: ids not continuous from 3 by falling frequency, a consecutive repeat, a
            session too short, or tokens out of place.
    """
    sessions = load_sessions(study.need(f"{STEP}/sessions.parquet"))
    clicks, lengths = sessions.clicks, sessions.lengths
    counts = pd.Series(clicks[clicks > 0]).value_counts().sort_index()
    assert counts.index.tolist() == list(range(FIRST_ITEM, FIRST_ITEM + len(counts)))
    assert counts.is_monotonic_decreasing, "ids must follow falling frequency"
    assert not ((clicks[:, 1:] == clicks[:, :-1]) & (clicks[:, 1:] > 0)).any()
    assert lengths.min() >= study.settings.preprocess.min_length
    assert ((clicks > 0).sum(axis=1) == lengths).all()
    tokens = sessions[:1000].tokens()
    assert (tokens[:, 0] == START).all() and ((tokens == END).sum(axis=1) == 1).all()
    return sessions
