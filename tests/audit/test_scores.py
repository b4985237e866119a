"""An audit of scores finds planted memory, finds nothing where nothing is, and needs little."""

from __future__ import annotations

import csv
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from recmia.audit.guesses import hard_guesses
from recmia.audit.score_example import write_score_example
from recmia.audit.score_thresholds import others, shadow_scores
from recmia.audit.scores import FILES, ScoreSettings, audit_scores
from recmia.cli import app
from recmia.errors import ArtifactError, DataError, SettingsError
from recmia.evaluation.metrics import roc_auc
from recmia.likelihood_ratio.evidence import Target
from recmia.likelihood_ratio.scores import SOURCES, ShadowSignals, score_all
from recmia.likelihood_ratio.shadow_thresholds import BALANCED, shadow_thresholds
from recmia.likelihood_ratio.signals import log_sigmoid

SETTINGS = ScoreSettings()


@pytest.fixture(scope="module")
def made_up(tmp_path_factory) -> Path:
    """Not to be changed."""
    return write_score_example(tmp_path_factory.mktemp("scores") / "example")


@pytest.fixture(scope="module")
def audited(made_up: Path, tmp_path_factory) -> Path:
    """The case with memory, drawn."""
    out = tmp_path_factory.mktemp("audited") / "out"
    audit_scores(made_up / "memory", out, SETTINGS)
    return out


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Without the pictures: drawing takes longer than the rest."""
    for name, stem in (
        ("draw_curves", "roc"),
        ("draw_areas", "areas"),
        ("draw_histogram", "histogram"),
    ):
        monkeypatch.setattr(
            f"recmia.audit.scores.{name}",
            lambda folder, *found, stem=stem: (folder / f"{stem}.png").write_bytes(b""),
        )


@pytest.fixture
def copy(made_up: Path, tmp_path: Path) -> Path:
    """The case with memory, to be spoilt."""
    return Path(shutil.copytree(made_up / "memory", tmp_path / "copy"))


def rows_of(path: Path) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def told(out: Path) -> dict:
    return json.loads((out / "metrics.json").read_text())


def test_planted_memory_is_found(audited: Path) -> None:
    assert sorted(path.name for path in audited.iterdir()) == sorted(FILES)
    found = told(audited)
    assert set(found["attacks"]) == set(SOURCES) and found["skipped"]["attacks"] == {}
    main = found["attacks"][found["verdict_attack"]]
    low, high = main["intervals"]["roc_auc"]
    assert 0.95 < low < main["roc_auc"] < high
    assert main["tpr_at_fpr"]["0.01"] > 0.5 and main["tpr_at_fpr"]["0.001"] is None
    assert main["tpr_at_fpr_reason"] == {"0.001": "812 non-members; a claim at 0.1% needs 3,000"}
    assert main["roc_auc"] > found["attacks"]["loss"]["roc_auc"] + 0.1
    assert all(one["interval"][0] < 0.5 < one["interval"][1] for one in found["baselines"].values())
    assert found["users"]["users"] == 400 and found["users"]["with_records_of_both_kinds"] > 300
    # Longer records are remembered better: their signals are means of more steps.
    short, middling, long = found["by_steps"]
    assert [one["steps"] for one in found["by_steps"]] == [
        {"least": 1, "most": 2}, {"least": 3, "most": 4}, {"least": 5, "most": 6},
    ]  # fmt: skip
    assert short["records"] + middling["records"] + long["records"] == 1600
    assert short["roc_auc"] < long["roc_auc"]
    page = (audited / "index.html").read_text()
    assert '<h2 id="verdict">It leaks</h2>' in page and "differ by themselves" not in page
    assert found["answer"]["verdict"] == "It leaks"
    assert found["command"].startswith("recmia audit scores") and found["date"] in page


def test_thresholds_of_the_shadows_keep_their_rate_on_the_target(audited: Path) -> None:
    found = told(audited)
    for name in ("lira_online", "lira_offline", "bavaria_t_online", "base1_online"):
        hard = found["attacks"][name]["hard"]
        assert hard["0.01"]["fpr_as_aimed"], name
        assert hard[BALANCED]["balanced_accuracy"] > 0.9, name
        worth = [one["value"] for one in hard["0.01"]["predictive_value"].values()]
        assert worth == sorted(worth) and worth[0] < 0.7 < worth[2]


@pytest.mark.usefixtures("undrawn")
def test_nothing_is_found_where_nothing_is(made_up: Path, tmp_path: Path) -> None:
    found = audit_scores(made_up / "no-memory", tmp_path / "out", SETTINGS)
    for name, one in found["attacks"].items():
        low, high = one["intervals"]["roc_auc"]
        assert low < 0.5 < high, name
    assert found["answer"]["verdict"] == "No leak found"
    high = found["attacks"][found["verdict_attack"]]["intervals"]["roc_auc"][1]
    assert f"up to {high:.3f} would look the same" in (tmp_path / "out" / "index.html").read_text()


def test_the_metrics_are_those_of_scores_csv(audited: Path, made_up: Path) -> None:
    found = told(audited)["attacks"]
    header, *rows = rows_of(audited / "scores.csv")
    assert header == ["record_id", "user_id", "membership", *SOURCES]
    labels = {row[0]: row[2] for row in rows_of(made_up / "memory" / "membership.csv")[1:]}
    assert [row[2] for row in rows] == [labels[row[0]] for row in rows]
    member = np.array([row[2] == "1" for row in rows])
    risk = [float(row[header.index(told(audited)["verdict_attack"])]) for row in rows]
    assert risk == sorted(risk, reverse=True)
    for name in ("loss", "lira_online", "rmia_offline"):
        place = header.index(name)
        seen = np.array([row[place] != "" for row in rows])
        scores = np.array([float(row[place]) for row in rows if row[place]])
        assert found[name]["roc_auc"] == roc_auc(scores, member[seen])
        assert (found[name]["records"], found[name]["members"]) == (sum(seen), sum(member[seen]))
    # The loss is the same however many shadows there are, so its hard guesses can be counted.
    loss = np.array([float(row[header.index("loss")]) for row in rows])
    for hard in found["loss"]["hard"].values():
        assert hard["called_members"] == (loss >= hard["threshold"]).sum()


def test_users_are_the_mean_and_the_largest_of_their_records(audited: Path) -> None:
    header, *rows = rows_of(audited / "scores.csv")
    place = header.index("bavaria_t_online")
    of_user = [float(row[place]) for row in rows if int(row[0][-4:]) % 400 == 7]
    users = {row[0]: row for row in rows_of(audited / "users.csv")}
    own = dict(zip(users["user_id"], users["user-007"], strict=True))
    assert own["records"] == "4" and len(of_user) == 4
    assert float(own["bavaria_t_online_mean"]) == pytest.approx(np.mean(of_user))
    assert float(own["bavaria_t_online_largest"]) == max(of_user)


@pytest.mark.usefixtures("undrawn")
def test_without_the_targets_labels_the_same_scores(audited, copy, tmp_path) -> None:
    labels = pl.read_csv(copy / "membership.csv", infer_schema=False).drop("target")
    labels.write_csv(copy / "membership.csv")
    found = audit_scores(copy, tmp_path / "out", SETTINGS)
    assert (
        "attacks" not in found and "baselines" not in found and found["counts"]["members"] is None
    )
    before, after = (pl.read_csv(out / "scores.csv") for out in (audited, tmp_path / "out"))
    assert after.equals(before.drop("membership"))
    assert found["thresholds"] == told(audited)["thresholds"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "histogram.png", "index.html", "metrics.json", "scores.csv", "users.csv",
    ]  # fmt: skip
    assert "has no column &#39;target&#39;" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_one_shadow_and_none(copy: Path, tmp_path: Path) -> None:
    for number in range(1, 8):
        (copy / f"shadow-{number}.csv").unlink()
    found = audit_scores(copy, tmp_path / "one", SETTINGS)
    assert {"lira_online", "base2_online", "base3_online", "base4_online"} == set(
        found["skipped"]["attacks"]
    )
    assert found["skipped"]["columns"] == {"membership.csv": [str(n) for n in range(1, 8)]}
    assert found["attacks"]["bavaria_t_online"]["roc_auc"] > 0.85
    assert found["attacks"]["loss"]["hard"] and not found["attacks"]["lira_offline"]["hard"]
    assert "With one shadow" in (tmp_path / "one" / "index.html").read_text()
    # Those that it was not trained on have a reference, the others have none.
    scored = pl.read_csv(tmp_path / "one" / "scores.csv").sort("record_id")
    labels = pl.read_csv(copy / "membership.csv")
    assert (scored["lira_offline"].is_null() == (labels["0"] == 1)).all()

    (copy / "shadow-0.csv").unlink()
    found = audit_scores(copy, tmp_path / "none", SETTINGS)
    assert list(found["attacks"]) == ["loss"] and found["verdict_attack"] == "loss"
    assert 0.7 < found["attacks"]["loss"]["roc_auc"] < 0.9
    assert found["attacks"]["loss"]["hard"] == {}
    page = (tmp_path / "none" / "index.html").read_text()
    assert "There is no shadow" in page and "no shadow to fix a threshold on" in page

    (copy / "membership.csv").unlink()
    found = audit_scores(copy, tmp_path / "alone", SETTINGS)
    assert "attacks" not in found and not (tmp_path / "alone" / "users.csv").exists()


@pytest.mark.usefixtures("undrawn")
def test_neither_order_nor_format_shows(audited, copy, tmp_path) -> None:
    """Rows in any order, shadows under other names, Parquet, packed and cut: the same scores."""
    draw = np.random.default_rng(0)
    labels = pl.read_csv(copy / "membership.csv", infer_schema=False)
    names = {str(n): f"m {draw.integers(1000)} v1.{n}" for n in range(8)}
    for path in sorted(copy.glob("*.csv")):
        frame = pl.read_csv(path) if path.name != "membership.csv" else labels.rename(names)
        frame = frame[draw.permutation(len(frame))]
        stem = path.stem
        if stem.startswith("shadow-"):
            stem = f"shadow-{names[stem.removeprefix('shadow-')]}"
        path.unlink()
        if stem == "target":
            frame.write_parquet(copy / "target.parquet")
        elif stem.endswith("v1.3"):
            (copy / stem).mkdir()
            frame[:1000].write_csv(copy / stem / "a.csv")
            frame[1000:].write_parquet(copy / stem / "b.parquet")
        else:
            frame.write_csv(copy / f"{stem}.csv")
    audit_scores(copy, tmp_path / "out", SETTINGS)
    before, after = (
        pl.read_csv(out / "scores.csv").drop("quantile", "user_id").sort("record_id")
        for out in (audited, tmp_path / "out")
    )
    assert before["record_id"].equals(after["record_id"])
    assert np.allclose(before[:, 1:].to_numpy(), after[:, 1:].to_numpy(), atol=1e-9, equal_nan=True)


@pytest.mark.usefixtures("undrawn")
def test_ids_stay_as_they_were_given(tmp_path: Path) -> None:
    for kind, ids in {
        "text": ["007", "7", 'Doe, "J"', " padded ", "caf\u00e9", "-3", "1e3", "9" * 30],
        "signed": [-(2**63), 2**63 - 1, 0, 7, -1, 2**53 + 1, 2**53, 5],
        "unsigned": [2**64 - 1, 2**64 - 2, 0, 7, 2**53 + 1, 2**53, 5, 6],
    }.items():
        dtype = {"text": pl.String, "signed": pl.Int64, "unsigned": pl.UInt64}[kind]
        record = pl.Series("record_id", ids, dtype=dtype)
        folder = tmp_path / kind
        folder.mkdir()
        low = np.linspace(-3, -1, 8)
        scored = pl.DataFrame({"record_id": record, "step": 0, "log_probability": low})
        labels = pl.DataFrame(
            {"record_id": record, "user_id": record, "target": [0, 1] * 4, "a": [0, 0, 1, 1] * 2}
        )
        if kind == "text":
            scored.write_csv(folder / "target.csv")
            scored.write_csv(folder / "shadow-a.csv")
            labels.write_csv(folder / "membership.csv")
        else:
            scored.write_parquet(folder / "target.parquet")
            scored.write_parquet(folder / "shadow-a.parquet")
            labels.write_parquet(folder / "membership.parquet")
        audit_scores(folder, folder / "out", SETTINGS)
        for name in ("scores.csv", "users.csv"):
            written = [row[0] for row in rows_of(folder / "out" / name)[1:]]
            assert sorted(written) == sorted(map(str, ids))


@pytest.mark.usefixtures("undrawn")
def test_degenerate_scores_are_said(copy: Path, tmp_path: Path) -> None:
    for path in [copy / "target.csv", *copy.glob("shadow-*.csv")]:
        pl.read_csv(path).with_columns(pl.lit(-1.5).alias("log_probability")).write_csv(path)
    found = audit_scores(copy, tmp_path / "out", SETTINGS)
    assert found["attacks"]["loss"]["degenerate"] and found["attacks"]["loss"]["roc_auc"] == 0.5
    page = (tmp_path / "out" / "index.html").read_text()
    assert found["degenerate"] == {"most_common_share": 1.0, "degenerate": True}
    assert found["answer"]["verdict"] == "Open" and found["riskiest"] is None
    assert "Degenerate: 100% of the records have one and the same score" in page


@pytest.mark.usefixtures("undrawn")
def test_almost_all_alike_is_degenerate_too(copy: Path, tmp_path: Path) -> None:
    """95% of the records are alike under every model, the others as they were."""
    for path in [copy / "target.csv", *copy.glob("shadow-*.csv")]:
        alike = pl.col("record_id") >= "session-0080"
        flat = pl.when(alike).then(-1.5).otherwise("log_probability").alias("log_probability")
        pl.read_csv(path).with_columns(flat).write_csv(path)
    found = audit_scores(copy, tmp_path / "out", SETTINGS)
    assert found["attacks"]["loss"]["degenerate"]
    assert found["attacks"]["loss"]["most_common_share"] == 0.95


@pytest.mark.usefixtures("undrawn")
def test_a_twin_of_the_target_is_told(copy: Path, tmp_path: Path) -> None:
    labels = pl.read_csv(copy / "membership.csv").with_columns((1 - pl.col("target")).alias("3"))
    labels.write_csv(copy / "membership.csv")
    found = audit_scores(copy, tmp_path / "out", SETTINGS)
    assert found["memberships_alike"] == ["3"]
    assert "The membership of 3 is exactly" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_members_that_differ_by_themselves_are_told(copy: Path, tmp_path: Path) -> None:
    """Members of the target are the longer records."""
    steps = pl.read_csv(copy / "target.csv").group_by("record_id").len()
    labels = pl.read_csv(copy / "membership.csv").join(steps, "record_id", maintain_order="left")
    longer = (pl.col("len") > 3).cast(pl.Int64).alias("target")
    labels.with_columns(longer).drop("len").write_csv(copy / "membership.csv")
    found = audit_scores(copy, tmp_path / "out", SETTINGS)
    assert found["baselines"]["steps"]["roc_auc"] == 1
    page = (tmp_path / "out" / "index.html").read_text()
    assert '<h2 id="verdict">The cohorts differ by themselves</h2>' in page
    assert "(which no model is needed for) has a ROC AUC of 1.000" in page


@pytest.mark.usefixtures("undrawn")
def test_the_confounded_example_is_not_called_memory(made_up: Path, tmp_path: Path) -> None:
    found = audit_scores(made_up / "confounded", tmp_path / "out", SETTINGS)
    assert found["attacks"][found["verdict_attack"]]["roc_auc"] > 0.8
    assert found["answer"]["verdict"] == "The cohorts differ by themselves"
    assert found["answer"]["baseline"] == "steps"
    # The riskiest are old records, and those are longer.
    assert found["riskiest"]["traits"]["steps"]["direction"] == "higher"
    assert found["riskiest"]["members"]["value"] > 0.8


@pytest.mark.parametrize("antithetic", [False, True])
def test_a_planted_rate_is_measured_within_its_interval(monkeypatch, antithetic: bool) -> None:
    """1% aimed at on the shadows: the target's interval holds it in 90 of 100 draws at least."""
    n, models = 1500, 4
    monkeypatch.setattr(
        "recmia.likelihood_ratio.scores.quantile",
        lambda *evidence, **options: np.full(n, np.nan),
    )
    held: dict[str, list[bool]] = {}
    for number in range(100):
        draw = np.random.default_rng(number)
        member = draw.random((n, models + 1)) < 0.5
        if antithetic:
            member[:, 2::2] = ~member[:, 1::2]
        signal = draw.normal(size=(n, 1)) + draw.normal(size=(n, models + 1)) + member
        low = log_sigmoid(signal)
        target = Target(low[:, 0], signal[:, 0])
        known = ShadowSignals(low[:, 1:], signal[:, 1:], member[:, 1:], np.ones((n, 1)))
        judged = score_all(target, known, models=others(known, 0))
        for name, turns in shadow_scores(known, seed=0).items():
            threshold = shadow_thresholds(turns, (0.01,))["0.01"]
            seen = ~np.isnan(judged[name])
            if threshold is None or seen.sum() < 500:
                continue
            accused = judged[name][seen] >= threshold
            found = hard_guesses(accused, member[seen, 0], "0.01", threshold, 0.95)
            held.setdefault(name, []).append(found["fpr_as_aimed"])
    shares = {name: np.mean(each) for name, each in held.items()}
    assert len(shares) >= 12 and min(shares.values()) >= 0.9, shares


def test_thresholds_by_hand() -> None:
    scores = np.arange(1000.0)
    member = np.zeros(1000, dtype=bool)
    member[500:700] = True
    found = shadow_thresholds([(scores, member)], (0.01, 0.001))
    # 8 of the 800 non-members may be accused: those from 992 on.
    assert (scores[~member] >= found["0.01"]).sum() == 8
    assert found["0.001"] is None  # needs 3,000
    assert found[BALANCED] == 499.5


def test_worth_of_an_accusation_by_hand() -> None:
    """TPR 1/2 and FPR 1/10: at a prior of 1%, 0.005 / (0.005 + 0.099)."""
    member = np.arange(120) < 20
    guessed = np.r_[np.arange(20) < 10, np.arange(100) < 10]
    found = hard_guesses(guessed, member, "0.01", 0.0, 0.95)
    assert (found["tpr"], found["fpr"], found["precision"]) == (0.5, 0.1, 0.5)
    worth = {prior: one["value"] for prior, one in found["predictive_value"].items()}
    assert worth == pytest.approx({"0.01": 0.005 / 0.104, "0.1": 0.05 / 0.14, "0.5": 0.5 / 0.6})
    assert not found["fpr_as_aimed"]
    nobody = hard_guesses(np.zeros(120, bool), member, BALANCED, 0.0, 0.95)
    assert nobody["precision"] is None and nobody["fpr_as_aimed"] is None
    assert nobody["predictive_value"]["0.5"] == {"value": None, "interval": [0.0, 1.0]}


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Four records, five steps, two shadows and an earlier result, to be spoilt by hand."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    steps = [("r0", 0), ("r0", 1), ("r1", 0), ("r2", 5), ("r3", 0)]
    for number, name in enumerate(("target", "shadow-a", "shadow-b")):
        (folder / f"{name}.csv").write_text(
            "record_id,step,log_probability\n"
            + "".join(f"{r},{s},-{s + 1}.{number}\n" for r, s in steps)
        )
    (folder / "membership.csv").write_text(
        "record_id,user_id,target,a,b\nr0,u0,1,0,1\nr1,u0,0,1,1\nr2,u1,1,0,0\nr3,u1,0,1,0\n"
    )
    (tmp_path / "out").mkdir()
    return folder


CASES = {
    "positive": ("shadow-a", "r1,0,-1.1", "r1,0,0.2", 4, "log_probability", "0.2 is positive"),
    "not a number": ("target", "r1,0,-1.0", "r1,0,nan", 4, "log_probability", "not a finite"),
    "minus infinity": ("target", "r1,0,-1.0", "r1,0,-inf", 4, "log_probability", "log-softmax"),
    "a word": ("shadow-b", "r0,1,-2.2", "r0,1,low", 3, "log_probability", "'low' is not"),
    "empty": ("shadow-b", "r0,1,-2.2", "r0,1,", 3, "log_probability", "'' is not"),
    "step no number": ("shadow-b", "r0,1,", "r0,one,", 3, "step", "'one' is not a whole number"),
    "twice": ("shadow-a", "r0,1,", "r0,0,", 3, "step", "step 0 of record 'r0' is there twice"),
    "twice in target": ("target", "r0,1,", "r0,0,", 3, "step", "is there twice"),
    "missing step": ("shadow-a", "r0,1,-2.1\n", "", 2, "step", "step 1 of record 'r0', which"),
    "another step": ("shadow-a", "r2,5,", "r2,4,", 5, "step", "step 4 of record 'r2' is not in"),
    "extra step": (
        "shadow-a", "r3,0,-1.1\n", "r3,0,-1.1\nr3,1,-1\n", 7, "step", "step 1 of record 'r3'",
    ),
    "unknown record": ("shadow-b", "r1,0,", "r9,0,", 4, "record_id", "'r9' is not in target.csv"),
    "missing record": ("shadow-b", "r3,0,-1.2\n", "", None, "record_id", "are missing: 'r3'"),
    "no such column": ("shadow-a", "log_prob", "logprob", 1, "log_probability", "missing"),
    "no membership": ("membership", ",a,b", ",a,c", 1, "b", "shadow-b.csv has no column"),
    "neither 0 nor 1": ("membership", "r1,u0,0,1,1", "r1,u0,0,2,1", 3, "a", "'2' is neither"),
    "unlabelled": ("membership", "r1,u0,0,1,1", "r1,u0,,1,1", 3, "target", "'' is neither"),
    "label twice": ("membership", "r1,", "r0,", 3, "record_id", "record 'r0' is there twice"),
    "label of nobody": ("membership", "r1,", "r7,", 3, "record_id", "'r7' is not in target.csv"),
    "no label": ("membership", "r3,u1,0,1,0\n", "", None, "record_id", "are missing: 'r3'"),
    "no user": ("membership", "r1,u0,", "r1,,", 3, "user_id", "the id is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_place_and_remedy(tiny: Path, case: str) -> None:
    name, old, new, line, column, problem = CASES[case]
    path = tiny / f"{name}.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    out = tiny.parent / "out"
    before = {one.name: one.read_bytes() for one in out.iterdir()}
    with pytest.raises(DataError) as caught:
        audit_scores(tiny, out, SETTINGS)
    error = caught.value
    assert problem in str(error) and "Remedy: " in str(error)
    assert (error.file, error.line, error.column) == (path, line, column)
    assert {one.name: one.read_bytes() for one in out.iterdir()} == before


@pytest.mark.usefixtures("undrawn")
def test_the_tiny_case_is_good_and_replaces_an_earlier_one_if_forced(tiny: Path) -> None:
    audit_scores(tiny, tiny.parent / "out", ScoreSettings(seed=1))
    before = {one.name: one.read_bytes() for one in (tiny.parent / "out").iterdir()}
    with pytest.raises(ArtifactError, match="holds an audit already.*--force"):
        audit_scores(tiny, tiny.parent / "out", SETTINGS)
    assert {one.name: one.read_bytes() for one in (tiny.parent / "out").iterdir()} == before
    found = audit_scores(tiny, tiny.parent / "out", SETTINGS, force=True)
    assert told(tiny.parent / "out")["settings"]["seed"] == 0
    assert found["counts"]["records"] == 4 and found["counts"]["rows"] == 5
    header, *rows = rows_of(tiny.parent / "out" / "scores.csv")
    assert {row[0]: row[header.index("loss")] for row in rows}["r0"] == "-1.5"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the file is empty"),
        ("record_id,step,log_probability\n", "the file holds no rows"),
        ("record_id;step;log_probability\nr0;0;-1\n", "separated by commas"),
    ],
)
@pytest.mark.parametrize("name", ["target.csv", "shadow-a.csv"])
def test_files_that_are_no_table(tiny: Path, name: str, content: str, problem: str) -> None:
    (tiny / name).write_text(content)
    with pytest.raises(DataError, match=problem) as caught:
        audit_scores(tiny, tiny.parent / "out", SETTINGS)
    assert caught.value.file == tiny / name


def test_text_in_a_number_column_of_parquet(tiny: Path) -> None:
    frame = pl.read_csv(tiny / "shadow-b.csv").with_columns(pl.col("log_probability").cast(str))
    (tiny / "shadow-b.csv").unlink()
    frame.write_parquet(tiny / "shadow-b.parquet")
    with pytest.raises(DataError, match="log_probability.*values of type.*string") as caught:
        audit_scores(tiny, tiny.parent / "out", SETTINGS)
    assert caught.value.file == tiny / "shadow-b.parquet"


def test_missing_files_and_names(tiny: Path) -> None:
    out = tiny.parent / "out"
    with pytest.raises(DataError, match="no such folder"):
        audit_scores(tiny / "nowhere", out, SETTINGS)
    (tiny / "shadow-target.csv").write_text((tiny / "shadow-a.csv").read_text())
    with pytest.raises(DataError, match="cannot be called 'target'"):
        audit_scores(tiny, out, SETTINGS)
    (tiny / "shadow-target.csv").rename(tiny / "shadow-a.csv.gz")
    with pytest.raises(DataError, match="there is shadow-a.csv.gz as well"):
        audit_scores(tiny, out, SETTINGS)
    (tiny / "shadow-a.csv.gz").unlink()
    labels = (tiny / "membership.csv").read_text()
    (tiny / "membership.csv").write_text(labels.replace("u0,0", "u0,1").replace("u1,0", "u1,1"))
    with pytest.raises(DataError, match="4 members and 0 non-members"):
        audit_scores(tiny, out, SETTINGS)
    (tiny / "membership.csv").unlink()
    with pytest.raises(DataError, match=r"membership\.csv: there is no such file, and 2 shadows"):
        audit_scores(tiny, out, SETTINGS)
    for name in ("shadow-a.csv", "shadow-b.csv", "target.csv"):
        (tiny / name).unlink()
    with pytest.raises(DataError, match=r"target\.csv: there is no such file.*audit scores --help"):
        audit_scores(tiny, out, SETTINGS)
    (out / "metrics.json").write_text('{"kind": "recmia audit scores"}')
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(ArtifactError, match="which no audit wrote"):
        audit_scores(tiny, out, SETTINGS, force=True)
    with pytest.raises(SettingsError, match="--level"):
        ScoreSettings(level=1.0)


@pytest.mark.usefixtures("undrawn")
def test_the_commands_write_and_tell(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    shown = runner.invoke(app, ["audit", "example", "scores", "made up"])
    assert shown.exit_code == 0, shown.output
    assert sorted(path.name for path in (tmp_path / "made up").iterdir()) == [
        "confounded", "memory", "no-memory",
    ]  # fmt: skip
    done = runner.invoke(app, ["audit", "scores", "made up/memory", "--out", "found"])
    assert done.exit_code == 0, done.output
    assert "1,600 records of 400 users (788 members, 812 non-members)" in done.output
    assert "LiRA, offline" in done.output and "Page: found/index.html" in done.output
    assert runner.invoke(app, ["audit", "example", "scores", "made up"]).exit_code == 1
    for words in (["scores"], ["shop", "x"], ["lists", "a", "b"]):
        wrong = runner.invoke(app, ["audit", "example", *words])
        assert wrong.exit_code == 1 and "then a folder" in wrong.output
    assert runner.invoke(app, ["audit", "example", "lists", "shop"]).exit_code == 0
    assert (tmp_path / "shop" / "memory" / "shadow" / "interactions.csv").exists()


class _Loaded(HTMLParser):
    """What a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attributes) -> None:
        for name, value in attributes:
            if name == "src" or (tag == "link" and name == "href"):
                self.loaded.append(value)


def test_the_page_needs_no_other_file(audited: Path) -> None:
    parser = _Loaded()
    parser.feed((audited / "index.html").read_text())
    assert len(parser.loaded) == 3
    assert all(one.startswith("data:image/png;base64,") for one in parser.loaded)
