"""Result rows of notebook 24."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from recmia.evaluation.measurement import Measurement
from recmia.evaluation.metrics import ROC_AUC, tpr_at_fpr_name
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.measuring import Place, differences
from recmia.experiments.rows import CONFIRMED, CONTROL, CORRECTED, REFUTED, Row, numbers_of
from recmia.experiments.shared_scores import keep_shared_metrics
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict
from recmia.papers.frontier import names
from recmia.papers.frontier.defences import defences
from recmia.papers.frontier.defences.bounding import ANY, GAUSSIAN
from recmia.papers.frontier.defences.keeping import ATTACKS
from recmia.papers.frontier.defences.plans import RANDOMISED, STEP, Case, delta, mechanism
from recmia.papers.frontier.defences.unlearning import ASKED
from recmia.recommenders.privacy import PRV, RDP, spent
from recmia.storage import read_json

DEFENCES, BUDGET, UNLEARNING = "Defences", "Privacy budget", "Unlearning"
CONTROLS = "Defences, controls"
NDCG = "NDCG@20"
METRICS = (ROC_AUC, tpr_at_fpr_name(0.01))
SPENT = {RDP: f"ε by {RDP}", PRV: f"ε by {PRV}"}
BOUND, GAUSSIAN_BOUND = "lower bound on ε", "lower bound on ε if Gaussian"
NOISE, UNITS = "noise σ", "units, 1/δ"
LESS_CHANCE = f"{ROC_AUC} minus one half"
EXCESS = f"{BOUND} minus {SPENT[PRV]}"
LESS_ANEW = f"{ROC_AUC} minus that of {defences.RETRAINED}"


def defence_rows(study: Study, cases: Iterable[Case]) -> list[Row]:
    """How well each defence ranks, what attacks find, and both kinds of ε; controls."""
    folder, cases = study.folder(STEP), list(cases)
    lines = [line for case in cases for line in _lines(study, case)]
    attacked = line_rows(study, folder / "metrics", lines, METRICS, make=keep_shared_metrics)
    budgets = [row for case in cases for row in _budget_rows(study, case)]
    return [
        *(_ndcg_row(study, case) for case in cases),
        *attacked,
        *budgets,
        *controls(attacked, budgets),
    ]


def _columns(study: Study, case: Case, artefact: str) -> dict[str, Any]:
    return {
        "study": names.STUDY,
        "artefact": artefact,
        "dataset": study.settings.dataset,
        "reading": CONTROL if case.title == RANDOMISED else CORRECTED,
        "case": case.title,
        "serving": case.shown.serving,
        "checkpoint": case.checkpoint,
        "epoch": case.epoch,
    }


def _lines(study: Study, case: Case) -> Iterator[Line]:
    kept, targets = defences.scores(case), case.plan.game.targets
    for attack in ATTACKS:
        runs = tuple(Place(kept, attack, row) for row in range(len(targets)))
        yield Line(_columns(study, case, DEFENCES) | {"attack": attack}, runs)


def _ndcg_row(study: Study, case: Case) -> Row:
    found = Measurement(**read_json(defences.ndcg(case).path))
    return Row(**_columns(study, case, DEFENCES), metric=NDCG, **numbers_of(found))


def _budget_rows(study: Study, case: Case) -> Iterator[Row]:
    """What was proved of ε from above, for DP-SGD, and from below, for all."""
    columns = _columns(study, case, BUDGET)
    if case.plan.epsilon is not None:
        asked, at = mechanism(study, case.plan.epsilon), delta(study)
        for name, epsilon in spent(asked, at).items():
            yield Row(**columns, metric=SPENT[name], value=epsilon)
        yield Row(**columns, metric=NOISE, value=asked.noise)
        yield Row(**columns, metric=UNITS, value=round(1 / at))
    below = read_json(defences.bounds(case).path)
    columns |= {"attack": names.MAIN, "n_seeds": len(case.plan.game.targets)}
    for name, metric in ((ANY, BOUND), (GAUSSIAN, GAUSSIAN_BOUND)):
        yield Row(**columns, metric=metric, value=below[name])


def controls(attacked: Iterable[Row], budgets: Iterable[Row]) -> Iterator[Row]:
    """Random lists tell nothing, and no bound from below exceeds one from above."""
    for row in attacked:
        if row.case == RANDOMISED and row.metric == ROC_AUC and row.attack == names.MAIN:
            low, high = row.ci_low - 0.5, row.ci_high - 0.5
            said = verdict(low, high, "equal", row.degenerate)
            yield replace(
                row, artefact=CONTROLS, metric=LESS_CHANCE, value=row.value - 0.5, ci_low=low,
                ci_high=high, verdict=said, note=f"nothing is told by random lists: {said}",
            )  # fmt: skip
    above = {row.case: row for row in budgets if row.metric == SPENT[PRV]}
    for row in budgets:
        if row.metric == BOUND and row.case in above:
            excess = row.value - above[row.case].value
            said = CONFIRMED if excess <= 0 else REFUTED
            yield replace(
                row, artefact=CONTROLS, reading=CONTROL, metric=EXCESS, value=excess, verdict=said,
                note=f"the bound does not exceed the accountant's ε: {said}",
            )  # fmt: skip


def unlearning_rows(study: Study) -> list[Row]:
    """What attacks find of removed sessions, and whether that is more than of a model without them.

    Members are the removed sessions, the others those that a model was never trained on. The
    verdict, on fine-tuning leaving as much as training anew, comes from the paired interval.
    """
    folder, targets = study.folder(STEP), defences.removal_targets(study)
    about = {
        "study": names.STUDY,
        "artefact": UNLEARNING,
        "dataset": study.settings.dataset,
        "reading": CORRECTED,
        "serving": names.SCORES,
    }
    hows, runs, rows = (defences.BEFORE, defences.FINETUNED, defences.RETRAINED), {}, []
    for how in hows:
        found = Measurement(**read_json(defences.removed_ndcg(study, how).path))
        rows.append(Row(**about, case=how, metric=NDCG, **numbers_of(found)))
        kept = defences.removed_scores(study, how)
        for attack in ATTACKS:
            runs[how, attack] = tuple(
                Place(kept, attack, row, subset=ASKED) for row in range(len(targets))
            )
    lines = [
        Line(about | {"case": how, "attack": attack}, places)
        for (how, attack), places in runs.items()
    ]
    rows += line_rows(study, folder / "metrics", lines, METRICS, make=keep_shared_metrics)
    pairs = [(how, attack) for how in hows[:2] for attack in ATTACKS]
    against = [(runs[pair], runs[defences.RETRAINED, pair[1]]) for pair in pairs]
    found = differences(study, folder / "differences", against)
    for (how, attack), by_metric in zip(pairs, found, strict=True):
        measured = by_metric[ROC_AUC]
        said = verdict(measured.ci_low, measured.ci_high, "equal", measured.degenerate)
        columns = about | {"case": how, "attack": attack}
        columns |= {"verdict": said, "note": f"nothing is left of them: {said}"}
        rows.append(Row(**columns, metric=LESS_ANEW, **numbers_of(measured)))
    return rows
