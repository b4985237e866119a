"""What study and audits do with what CONTRIBUTING's recipes add; run by `test_recipes`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from recmia.attacks.registry import ATTACKS
from recmia.audit.example import write_example
from recmia.audit.lists import audit_lists
from recmia.audit.scoring import AuditSettings
from recmia.cli import data_list
from recmia.cohorts import SIDES, CohortSet, save_cohorts
from recmia.experiments.letters import cell_of
from recmia.lists.serving import Model
from recmia.lists.world import ListWorld
from recmia.papers.proposal.list_attacks import keep_attack
from recmia.papers.proposal.models import keep_model
from recmia.papers.proposal.names import HELDOUT, SHADOW
from recmia.papers.proposal.preparing import preprocess_clicks
from recmia.papers.proposal.scoring import Case, keep_scores
from recmia.papers.proposal.served import ONE_MODEL, Serving, keep_lists
from recmia.run.workspace import open_study
from recmia.sessions import Sessions
from recmia.storage import read_arrays

LIST_ATTACK, SCORE_ATTACK, RECOMMENDER = "own-items", "least-expected", "markov"
READING, VOCABULARY = "augmented_as_nonmembers", 33


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("RECMIA_REPORTS", str(tmp_path / "reports"))

    def opened(**settings):
        return replace(open_study("tiny", settings), workers=1)

    return opened


def test_the_data_set_makes_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("RECMIA_DATA", str(tmp_path))
    start = 1_433_221_332_000
    events = [  # visitor, item, seconds
        (7, 50, 100),
        (7, 40, 0),
        (9, 40, 30),
        (7, 40, 101),
        (7, 60, 101 + 1801),  # the pause before it is a second too long
        (9, 60, 40),
        (7, 40, 101 + 1801 + 1800),  # and this one is not
        (8, 60, 0),  # one click only
        (9, 60, 50),  # a repeat
    ]
    lines = [f"{start + 1000 * at},{who},view,{item}," for who, item, at in events]
    text = "\n".join(["timestamp,visitorid,event,itemid,transactionid", *lines])
    (tmp_path / "retailrocket-events.csv").write_text(text)
    data_list()
    assert re.search("retailrocket-events +here +Retailrocket events", capsys.readouterr().out)

    report = preprocess_clicks(open_study("retailrocket-events"))
    table = pq.read_table(report.sessions).to_pydict()
    names = dict(pq.read_table(report.items, columns=["item_id", "item"]).to_pandas().values)
    assert names == {3: "40", 4: "60", 5: "50"}  # clicked 4, 2 and 1 times in what is kept
    assert table["session_id"] == ["7:1", "9:1", "7:2"]
    assert table["start_time"] == [start, start + 30_000, start + 1_902_000]
    found = [[names[token] for token in row if token in names] for row in table["item_id"]]
    assert found == [["40", "50", "40"], ["40", "60"], ["60", "40"]]


def test_the_recommender_serves_a_study_of_lists(study, tmp_path: Path) -> None:
    made = study(**{"biased_mia.algorithms": ["I", RECOMMENDER]})
    world = ListWorld(made, made.settings.biased_mia, tmp_path / "world")
    world.make_lists([Model("D", RECOMMENDER, side, 0) for side in SIDES])
    world.make_vectors([8])
    view = world.view(f"D{RECOMMENDER}", k=10, l=8)
    assert (view.data, view.recommender) == cell_of(f"D{RECOMMENDER}")
    scene = world.scene(view, "target", 0)
    vectors, seen = scene.features()
    assert vectors.shape == (len(seen.membership), 8) and seen.membership.any()
    served = read_arrays(scene.lists)
    assert served["served"].shape[1] == 20 and (served["folded"] > 2).any()


def test_the_attack_on_lists_audits(tmp_path: Path) -> None:
    example = write_example(tmp_path / "example") / "memory"
    settings = AuditSettings(LIST_ATTACK, dim=4, top_k=10)
    sides = example / "shadow", example / "target"
    vectors = example / "others.csv"
    found = audit_lists(*sides, tmp_path / "out", settings, vectors_from=vectors)
    assert found["settings"]["attack"] == LIST_ATTACK and 0 <= found["roc_auc"] <= 1


def drawn_cohorts(path: Path) -> Path:
    """Sessions of which each is another permutation of a few neighbouring items."""
    draw = np.random.default_rng(0)
    clicks = np.argsort(draw.random((400, VOCABULARY - 3)), axis=1)[:, :4] + 3
    sessions = Sessions(clicks, np.full(400, 4), np.arange(400))
    parts = iter(np.split(np.arange(400), 10))

    def by_side() -> dict[str, Sessions]:
        return {side: sessions[next(parts)] for side in SIDES}

    kinds = ("members", "heldout", "near_misses", "heldout_near_misses")
    rest = {"reference": sessions[next(parts)], "validation": sessions[next(parts)]}
    return save_cohorts(CohortSet(**{k: by_side() for k in kinds}, **rest, audit={}), path)


def test_both_attacks_run_in_the_main_study(study, tmp_path: Path) -> None:
    made = study(**{"attack.others": [SCORE_ATTACK], "baselines.others": [LIST_ATTACK]})
    target = made.settings.target.model_copy(update={"epochs": 1, "recorded_epochs": (0, 1)})
    cohorts = drawn_cohorts(tmp_path / "cohorts.npz")
    for side in SIDES:
        keep_model(
            tmp_path / side,
            cohorts,
            side=side,
            reading=READING,
            target=target,
            vocabulary_size=VOCABULARY,
            seed=0,
            device="cpu",
        )
    models = [tmp_path / side for side in SIDES]
    lists = tmp_path / "lists.npz"
    keep_lists(
        lists, cohorts, *models, epoch=1, top_k=5, vector_dim=4, vector_epochs=1,
        vocabulary_size=VOCABULARY, vector_seed=0, device="cpu",
    )  # fmt: skip
    (name,) = made.settings.baselines.others
    found = tmp_path / "baseline.npz"
    keep_attack(
        found,
        cohorts,
        lists,
        name=name,
        attack=ATTACKS[name],
        options=ATTACKS.arguments(name, seed=0),
        serving=Serving(ONE_MODEL, HELDOUT),
        vocabulary_size=VOCABULARY,
    )
    assert np.isfinite(read_arrays(found)[f"{name}|scores"]).all()
    others = {name: ATTACKS[name] for name in made.settings.attack.others}
    keep_scores(
        found, cohorts, *models, reading=READING, recorded=(0, 1),
        mlp={"hidden": (4,), "epochs": 1}, others=others, folds=2,
        vocabulary_size=VOCABULARY, names=(0,), device="cpu",
    )  # fmt: skip
    scores = read_arrays(found)[f"{Case(SCORE_ATTACK, HELDOUT, SHADOW, 1).name}|scores"]
    assert np.isfinite(scores).all()
