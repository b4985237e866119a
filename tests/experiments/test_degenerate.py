"""A classifier that said the same of everybody is named in rows and tables, and decides nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recmia.evaluation.measurement import Measurement, ScoredUnits
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments import lines
from recmia.experiments.claim_tables import claims
from recmia.experiments.lines import Line, claim_rows
from recmia.experiments.measuring import _measurements
from recmia.experiments.rows import AS_RELEASED, CORRECTED, numbers_of
from recmia.experiments.scores import arrays_of, keep_differences, keep_metrics
from recmia.experiments.verdicts import verdict
from recmia.experiments.words import Words


def test_the_share_goes_from_scores_on_disk_to_the_row(tmp_path: Path) -> None:
    membership, units = np.arange(6) < 3, np.arange(6)
    places = []
    for seed, scores in enumerate((np.full(6, 0.9), np.arange(6.0), np.arange(6.0))):
        path = tmp_path / f"{seed}.npz"
        np.savez(path, **arrays_of("a", ScoredUnits(scores, membership, units, 0.5)))
        places.append((path, "a", None, "", ""))
    how = {"repeats": 50, "level": 0.95, "seed": 1}
    keep_metrics(tmp_path / "metrics.json", places, **how)
    keep_differences(tmp_path / "differences.json", places, places[::-1], **how)
    for name, share in (("metrics", 1 / 3), ("differences", 2 / 3)):
        found = {m.metric: m for m in _measurements(tmp_path / f"{name}.json")}
        assert numbers_of(found[ROC_AUC])["degenerate"] == pytest.approx(share)
        assert numbers_of(found[HARD_LABEL_AUC])["n_seeds"] == 3
    assert numbers_of(Measurement("m", 0.5, 0.4, 0.6, 3))["degenerate"] is None


def test_no_verdict_is_drawn_where_a_side_is_degenerate_in_some_seed(monkeypatch) -> None:
    assert verdict(0.1, 0.2) == "confirmed" and verdict(0.1, 0.2, degenerate=0.0) == "confirmed"
    assert verdict(0.1, 0.2, degenerate=1 / 3) == "degenerate"
    assert verdict(None, None, degenerate=1.0) == "degenerate"

    measured = {  # constant at its threshold in every seed, but not in its scores
        HARD_LABEL_AUC: Measurement(HARD_LABEL_AUC, 0.4, 0.3, 0.5, 3, 1.0),
        ROC_AUC: Measurement(ROC_AUC, 0.4, 0.3, 0.5, 3),
    }
    monkeypatch.setattr(lines, "differences", lambda study, folder, pairs: [measured] * len(pairs))
    shown = [
        Line({"study": "s", "artefact": "Figure 3", "attack": attack, "reading": reading}, ())
        for attack in ("ours", "theirs")
        for reading in (AS_RELEASED, CORRECTED)
    ]
    claim = {"artefact": "Figure 3", "says": "more", "differs": "attack"}
    claim |= {"first": {"attack": "ours"}, "second": {"attack": "theirs"}}
    rows = claim_rows(None, Path(), shown, {"better": claim})
    assert [(row.reading, row.metric, row.verdict, row.degenerate) for row in rows] == [
        ("as released", "difference of hard-label AUC", "degenerate", 1),
        ("corrected", "difference of ROC AUC", "confirmed", None),
    ]
    table = claims("s", rows, Words())
    assert table.columns[-4:] == ("Confirmed", "Refuted", "Open", "Degenerate")
    assert [line[-4:] for line in table.rows] == [
        ("–", "–", "–", "overall"),
        ("overall", "–", "–", "–"),
    ]
