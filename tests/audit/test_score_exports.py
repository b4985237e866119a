"""The recipes of docs/export-scores.md, run as they stand, give files that an audit takes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recmia.audit.scores import ScoreSettings, audit_scores

DOCS = Path(__file__).resolve().parents[2] / "docs" / "export-scores.md"
ITEMS = 12


def recipe(heading: str) -> str:
    """The Python block below a heading."""
    section = DOCS.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)


@pytest.mark.parametrize("system", ["Plain PyTorch", "Transformers4Rec", "RecBole", "RecTools"])
def test_a_recipe_is_ten_lines_that_end_in_an_export(system) -> None:
    lines = [line for line in recipe(system).splitlines() if line.strip()]
    compile("\n".join(lines), system, "exec")
    assert len(lines) <= 10 and lines[-1] == 'export("target.parquet", sessions, logits_of)'


@pytest.fixture
def sessions() -> dict[str, list[int]]:
    draw = np.random.default_rng(0)
    lengths = draw.integers(2, 6, 40)
    return {f"s{n:02d}": draw.integers(1, ITEMS + 1, k).tolist() for n, k in enumerate(lengths)}


def test_plain_pytorch_by_hand_and_audited(tmp_path, monkeypatch, sessions) -> None:
    """Logits that grow with the last item: log p = x_true - log of the sum over items 1 to 12."""
    monkeypatch.chdir(tmp_path)
    import torch

    class Model(torch.nn.Module):
        def forward(self, padded):
            items = torch.arange(ITEMS + 1, dtype=torch.float32)
            return padded[:, :, None] * items / 50

    names = {"sessions": sessions, "records": list(sessions), "model": Model()}
    exec(recipe("Who trains on what"), names)
    exec(recipe("What all exports have in common"), names)
    exec(recipe("Plain PyTorch"), names)
    found = pl.read_parquet("target.parquet")
    assert len(found) == sum(len(items) - 1 for items in sessions.values())
    name, step, low = found.row(3)
    last, true = sessions[name][step - 1], sessions[name][step]
    logits = last * np.arange(1, ITEMS + 1) / 50
    assert low == pytest.approx(logits[true - 1] - np.log(np.exp(logits).sum()), rel=1e-6)
    labels = pl.read_csv("membership.csv")
    assert labels.columns == ["record_id", "target", *map(str, range(8))]
    assert (labels["0"] + labels["1"] == 1).all()
    for shadow in range(8):
        names["model"] = Model()
        names["export"](f"shadow-{shadow}.parquet", sessions, names["logits_of"])
    labels.drop("target").write_csv("membership.csv")
    assert audit_scores(tmp_path, tmp_path / "out", ScoreSettings())["counts"]["records"] == 40


def test_transformers4rec_agrees_with_our_own_scoring(tmp_path, monkeypatch, sessions) -> None:
    monkeypatch.chdir(tmp_path)
    import torch

    from recmia.recommenders import transformer
    from recmia.recommenders.settings import Target

    target = Target(d_model=16, layers=1, heads=2, epochs=1, recorded_epochs=[0, 1])
    model = transformer.build_model(target, vocabulary_size=ITEMS + 1, max_tokens=8, seed=0)
    names = {"sessions": sessions, "model": model, "column": transformer.ITEM, "width": 8}
    exec(recipe("What all exports have in common"), names)
    exec(recipe("Transformers4Rec"), names)
    found = pl.read_parquet("target.parquet")
    for name, step, low in found.rows()[:10]:
        items = torch.tensor([sessions[name]])
        with torch.no_grad():
            states = transformer.hidden_states(model, items)[0, step - 1]
            logits = transformer.project(model, states[None])[0, 1:].double()
        expected = logits.log_softmax(0)[sessions[name][step] - 1].item()
        assert low == pytest.approx(expected, abs=1e-5)
