"""Result rows of notebook 11."""

from __future__ import annotations

import numpy as np

from recmia.evaluation.intervals import Measurement, evaluate_mean
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.results import ResultRow, numbers_of
from recmia.experiments.study import Study
from recmia.lists.cohorts import SIDES, Side
from recmia.lists.letters import cell_of, title_of
from recmia.lists.serving import Model, data_of, read_lists, side_of
from recmia.lists.views import View, unpersonalised
from recmia.papers.biased_mia.claims import (
    AS_PUBLISHED,
    CONTROL,
    CORRECTED,
    UNDEFENDED,
    Claim,
    cells,
    trained_for,
)
from recmia.papers.biased_mia.measuring import Contrast, bootstrap, measure_contrasts, read_cell
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import hit_rate

STUDY = "biased-mia"
# Artefacts whose every metric is kept; the others keep the two that are called AUC.
WHOLE = {"Figure 3", "Serving", "Controls", "Figure 11"}
# A difference smaller than this is none, where the paper says that there is none.
MARGIN = 0.02


def _row(study: Study, letter: str, **fields) -> ResultRow:
    title = study.settings.biased_mia.datasets[letter].title
    return ResultRow(study=STUDY, dataset=title, **{"reading": "", "condition": ""} | fields)


def attack_rows(study: Study, claims: list[Claim]) -> list[ResultRow]:
    """Rows of every table and figure about attacks, from the saved cells."""
    rows = []
    for claim in claims:
        for measured in read_cell(study, claim.attempt):
            if measured.metric not in (ROC_AUC, HARD_LABEL_AUC) and claim.artefact not in WHOLE:
                continue
            rows.append(
                _row(
                    study,
                    claim.attempt.target.letter,
                    artefact=claim.artefact,
                    setting=claim.attempt.setting,
                    attack=claim.attack,
                    reading=claim.reading,
                    condition=claim.condition,
                    metric=measured.metric,
                    note=claim.note,
                    **numbers_of(measured),
                )
            )
    return rows


def cohort_rows(study: Study) -> list[ResultRow]:
    """Who and what was used: means over seeds."""
    rows = []
    for letter in study.settings.biased_mia.datasets:
        facts = [data_of(study, letter, seed).facts for seed in study.seeds()]
        for fact in facts[0]:
            rows.append(
                _row(
                    study,
                    letter,
                    artefact="Cohorts",
                    setting=letter,
                    attack="",
                    metric=fact,
                    value=float(np.mean([of_seed[fact] for of_seed in facts])),
                    n_seeds=len(facts),
                )
            )
    return rows


def _mean(study: Study, metric: str, runs: list[tuple[np.ndarray, np.ndarray]]) -> Measurement:
    return evaluate_mean(metric, runs, **bootstrap(study))


def ranking_rows(study: Study) -> list[ResultRow]:
    """Table 2 (HR@k of shadow and target), with the controls: fold-in, popularity."""
    settings = study.settings.biased_mia
    rows = []
    found = [View(letter, algorithm) for letter, algorithm in _recommenders(study)]
    for cell in found:
        for side in SIDES:
            hits = [
                read_lists(study, Model(cell.letter, cell.algorithm, side, seed))
                for seed in study.seeds()
            ]
            users = [
                side_of(study, Model(cell.letter, cell.algorithm, side, seed))
                for seed in study.seeds()
            ]
            ids = [side_.seen.row_ids for side_ in users]
            kept = [slice(0, side_.n_members) for side_ in users]
            for reading, name, where, suffix, who in (
                (AS_PUBLISHED, "hit_any", kept, "", ""),
                (CORRECTED, "hit_next", kept, ", the next item", ""),
                (CONTROL, "folded_hit_any", kept, "", "members folded in"),
                (CONTROL, "folded_hit_any", None, "", "non-members folded in"),
            ):
                runs = []
                for number, saved in enumerate(hits):
                    chosen = kept[number] if where else slice(users[number].n_members, None)
                    runs.append((saved[name][chosen], ids[number][chosen]))
                metric = f"HR@{settings.top_k}{suffix}"
                rows.append(
                    _row(
                        study,
                        cell.letter,
                        artefact="Table 2",
                        setting=cell.name,
                        attack=title_of(cell.algorithm),
                        reading=reading,
                        condition="; ".join(part for part in (side, who) if part),
                        metric=metric,
                        **numbers_of(_mean(study, metric, runs)),
                    )
                )
    for letter in settings.datasets:
        for side in SIDES:
            runs = [_popular_hits(study, letter, side, seed) for seed in study.seeds()]
            metric = f"HR@{settings.top_k}"
            rows.append(
                _row(
                    study,
                    letter,
                    artefact="Table 2",
                    setting=letter,
                    attack="popularity",
                    reading=CONTROL,
                    condition=side,
                    metric=metric,
                    **numbers_of(_mean(study, metric, runs)),
                )
            )
    return rows


def _recommenders(study: Study) -> list[tuple[str, str]]:
    settings = study.settings.biased_mia
    pairs = [(view.letter, view.algorithm) for view in cells(settings)]
    return pairs + ([(settings.content_based, "content-based")] if settings.content_based else [])


def _popular_hits(study: Study, letter: str, side: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits of the most popular items among members, who are not offered what they have."""
    cohorts = data_of(study, letter, seed)
    users = cohorts.sides[side]
    server = Popularity(vocabulary_size=cohorts.vocabulary_size).fit(users.members)
    k = study.settings.biased_mia.top_k
    lists = server.recommend(users.members, k, exclude_seen=True)
    return hit_rate(lists, users.held_out[: users.n_members]), users.members.row_ids


def defence_rows(study: Study) -> list[ResultRow]:
    """Figure 14: HR@k of everybody, and of non-members alone, with and without the defence."""
    settings = study.settings.biased_mia
    metric = f"HR@{settings.top_k}"
    rows = []
    for cell in cells(settings):
        for ratio in (0.0, *settings.defence_ratios):
            everybody, others = [], []
            for seed in study.seeds():
                model = Model(cell.letter, cell.algorithm, "target", seed)
                users: Side = side_of(study, model)
                rest = users.seen[users.n_members :]
                view = View(cell.letter, cell.algorithm, defence=ratio)
                lists = unpersonalised(study, view, "target", seed, rest)
                hits = hit_rate(lists, users.held_out[users.n_members :])
                others.append((hits, rest.row_ids))
                both = np.concatenate([read_lists(study, model)["hit_any"], hits])
                everybody.append((both, users.seen.row_ids))
            condition = f"defence, ratio {ratio:g}" if ratio else UNDEFENDED
            for who, runs in (("everybody", everybody), ("non-members alone", others)):
                rows.append(
                    _row(
                        study,
                        cell.letter,
                        artefact="Figure 14",
                        setting=cell.name,
                        attack=title_of(cell.algorithm),
                        reading=AS_PUBLISHED,
                        condition=f"{condition}; {who}",
                        metric=metric,
                        **numbers_of(_mean(study, metric, runs)),
                    )
                )
    return rows


def overlap_rows(study: Study) -> list[ResultRow]:
    """How much of members' lists is popular anyway: where it is much, there is little to tell."""
    settings = study.settings.biased_mia
    found = cells(settings)
    for letter, tried in settings.longer_lfm.items():
        found += [View(letter, "lfm", epochs=epochs) for epochs in tried]
    rows = []
    for view in found:
        runs = []
        for seed in study.seeds():
            model = view.model("target", seed)
            members = side_of(study, model).members
            popular = unpersonalised(study, view, "target", seed, members[:1])[0]
            served = read_lists(study, model)["served"]
            runs.append((np.isin(served, popular).mean(axis=1), members.row_ids))
        epochs = view.epochs or (settings.lfm.epochs if view.algorithm == "lfm" else 0)
        metric = "share of a member's list among the popular items"
        rows.append(
            _row(
                study,
                view.letter,
                artefact="Overlap",
                setting=view.name * 2,
                attack=title_of(view.algorithm),
                reading=CONTROL,
                condition=trained_for(epochs) if epochs else "",
                metric=metric,
                **numbers_of(_mean(study, metric, runs)),
            )
        )
    return rows


def verdict(low: float, high: float, equal: bool) -> str:
    """What an interval of (what the paper calls better) - (the other) says of the claim."""
    if equal:
        if low >= -MARGIN and high <= MARGIN:
            return "confirmed"
        return "refuted" if low > MARGIN or high < -MARGIN else "open"
    return "confirmed" if low > 0 else "refuted" if high < 0 else "open"


def contrast_rows(study: Study, contrasts: list[Contrast]) -> list[ResultRow]:
    """Rows of the paper's claims about attacks, with their verdicts."""
    rows = []
    for contrast, measured in zip(contrasts, measure_contrasts(study, contrasts), strict=True):
        published = contrast.metric == HARD_LABEL_AUC
        rows.append(
            _row(
                study,
                contrast.first.target.letter,
                artefact="Claims",
                setting=contrast.claim,
                attack="",
                reading=AS_PUBLISHED if published else CORRECTED,
                condition=contrast.where,
                metric=f"difference of {contrast.metric}",
                note=verdict(measured.ci_low, measured.ci_high, contrast.equal),
                **numbers_of(measured),
            )
        )
    return rows


def ordering_rows(study: Study) -> list[ResultRow]:
    """The paper's order of the recommenders in HR@k (Table 2), on the target's members."""
    rows = []
    orders = {"A": "ILN", "L": "INL", "M": "ILN"}
    for letter in study.settings.biased_mia.datasets:
        order = [cell_of(letter + of)[1] for of in orders.get(letter, "ILN")]
        order = [name for name in order if name in study.settings.biased_mia.algorithms]
        for better, worse in zip(order, order[1:], strict=False):
            runs = []
            for seed in study.seeds():
                saved = [
                    read_lists(study, Model(letter, algorithm, "target", seed))["hit_any"]
                    for algorithm in (better, worse)
                ]
                users = side_of(study, Model(letter, better, "target", seed))
                runs.append((saved[0] - saved[1], users.members.row_ids))
            measured = _mean(study, "difference", runs)
            rows.append(
                _row(
                    study,
                    letter,
                    artefact="Claims",
                    setting="Table 2: the paper's order of recommenders in HR@100",
                    attack="",
                    reading=AS_PUBLISHED,
                    condition=f"{View(letter, better).name} above {View(letter, worse).name}",
                    metric=f"difference of HR@{study.settings.biased_mia.top_k}",
                    note=verdict(measured.ci_low, measured.ci_high, equal=False),
                    **numbers_of(measured),
                )
            )
    return rows
