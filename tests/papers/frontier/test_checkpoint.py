"""A made-up published network: read as tensors, asked as it was trained, judged beyond time."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import torch

from recmia.errors import DataError
from recmia.evaluation.metrics import roc_auc
from recmia.papers.frontier import names
from recmia.papers.frontier.checkpoint import interactions as asking
from recmia.papers.frontier.checkpoint import scoring
from recmia.papers.frontier.checkpoint.network import SASRec, load_network
from recmia.storage import read_arrays

ITEMS, DIM, WINDOW = 30, 8, 6


def saved(path, counts_from):
    torch.manual_seed(counts_from)
    network = SASRec(ITEMS, DIM, 2, WINDOW, counts_from).eval()
    torch.save(network.state_dict(), path)
    return network


def packed(path, lines):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(" ".join(map(str, line)) + "\n" for line in lines)
    return path


@pytest.fixture
def lines():
    draw = np.random.default_rng(0)
    return [draw.permutation(ITEMS)[: draw.integers(6, 12)] + 1 for _ in range(200)]


@pytest.mark.parametrize("counts_from", [0, 1])
def test_a_network_is_read_back_and_looks_at_what_came_before_alone(tmp_path, counts_from):
    network = saved(tmp_path / "weights.pth", counts_from)
    found = load_network(tmp_path / "weights.pth", window=WINDOW)
    windows = torch.tensor([[0, 0, 3, 4, 5, 6], [7, 8, 9, 1, 2, 3]])
    with torch.no_grad():
        states = found(windows)
        assert torch.equal(states, network(windows))
        changed = windows.clone()
        changed[:, -1] = 9
        assert torch.allclose(found(changed)[:, :-1], states[:, :-1], atol=1e-6)
        assert not torch.allclose(found(changed)[:, -1], states[:, -1], atol=1e-2)
    assert np.isfinite(states.numpy()).all()


def test_what_padding_holds_does_not_count_in_the_newer_version(tmp_path):
    """Its positions are those of the items, and a padded place has the position 0."""
    network = saved(tmp_path / "weights.pth", 1)
    assert network.pos_emb.num_embeddings == WINDOW + 1
    padded = torch.tensor([[0, 0, 0, 4, 5, 6]])
    with torch.no_grad():
        before = network(padded)
        network.pos_emb.weight[1:4] = 99
        assert torch.equal(network(padded), before)
        network.pos_emb.weight[4] += 1
        assert not torch.allclose(network(padded), before, atol=1e-3)


def test_files_of_anything_else_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"no weights")
    with pytest.raises(DataError, match="read as tensors alone"):
        load_network(path, window=WINDOW)
    torch.save({"network": SASRec(ITEMS, DIM, 1, WINDOW, 0)}, path)  # a module, not its tensors
    with pytest.raises(DataError, match="read as tensors alone"):
        load_network(path, window=WINDOW)
    network = saved(path, 0)
    with pytest.raises(DataError, match="6 positions in place of 9 or 10"):
        load_network(path, window=9)
    state = network.state_dict()
    del state["last_layernorm.bias"]
    torch.save(state, path)
    with pytest.raises(DataError, match="weights of another network"):
        load_network(path, window=WINDOW)


@pytest.mark.parametrize(
    ("line", "number"), [("1 2 3", 2), ("1 2 three 4 5 6 7", 2), ("1 2 3 4 5 0", 2)]
)
def test_lines_that_are_no_sequences_are_refused(tmp_path, line, number):
    path = packed(tmp_path / "sequences.txt.gz", [range(1, 8), line.split()])
    with pytest.raises(DataError, match="no sequence of at least 6 item ids") as caught:
        asking.read_sequences(path)
    assert f"line {number}" in str(caught.value)


def test_what_is_asked_of_a_user_by_hand(tmp_path):
    both = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 3, 2, 8, 7, 1]]
    path = packed(tmp_path / "sequences.txt.gz", both)
    asking.keep_interactions(tmp_path / "asked.npz", path, seed=1, window=4)
    asked = read_arrays(tmp_path / "asked.npz")
    assert asked["tail"].tolist() == [[4, 5, 6, 7, 8], [9, 3, 2, 8, 7]]
    assert asked["held_out"].tolist() == [9, 1]
    assert (asked["distance"][:, :3] == [0, 1, 2]).all()
    assert asked["distance"][0, 3] in (3, 4) and asked["distance"][1, 3] in (3, 4)
    assert (asked["distance"][:, 4:] == [0, 1, 2, 3, 4] + [-1] * 5).all()
    # The first user's: 9 was learned from by the other user at the very start; 8 and 7 as well,
    # at three and four quarters of that history.
    assert np.isclose(asked["features"][0, 0], [np.log1p(8), np.log1p(1), 0.0]).all()
    assert np.isclose(asked["features"][0, 1], [np.log1p(7), np.log1p(1), 0.75]).all()
    assert np.isclose(asked["features"][0, 2], [np.log1p(6), np.log1p(1), 1.0]).all()
    assert asked["popularity"][0, :3].tolist() == [1, 1, 1]


def test_log_probabilities_are_those_of_each_history_alone(tmp_path, lines):
    network = saved(tmp_path / "weights.pth", 1)
    asking.keep_interactions(
        tmp_path / "asked.npz", packed(tmp_path / "s.gz", lines), seed=1, window=WINDOW
    )
    asked = read_arrays(tmp_path / "asked.npz")
    low, logit = scoring.score_interactions(
        network, asked["tail"], asked["held_out"], asked["distance"]
    )
    assert (np.isnan(low) == (asked["distance"] == -1)).all()
    for user, distance in ((0, 0), (3, 1), (70, 2)):
        line = lines[user]
        window = line[:-1] if distance == 0 else line[:-2]  # as served, as trained
        window = window[-WINDOW:]
        window = np.concatenate([np.zeros(WINDOW - len(window), dtype=int), window])
        with torch.no_grad():
            states = network(torch.tensor(window)[None])[0, -1 if distance < 2 else -2]
            logits = (network.item_emb.weight @ states).double()
        true = line[-1 - distance]
        column = list(asked["distance"][user]).index(distance)
        assert np.isclose(logit[user, column], logits[true], atol=1e-5)
        expected = logits[true] - logits[1:].logsumexp(0)
        assert np.isclose(low[user, column], expected, atol=1e-5)


def test_memory_is_found_at_the_border_and_time_is_not(tmp_path, lines, monkeypatch):
    """Log-probabilities fall with time; with memory they fall once more where training ends."""
    asking.keep_interactions(
        tmp_path / "asked.npz", packed(tmp_path / "s.gz", lines), seed=1, window=WINDOW
    )
    saved(tmp_path / "weights.pth", 0)
    distance = read_arrays(tmp_path / "asked.npz")["distance"]
    beyond = {}
    for gain in (0.0, 2.0):
        noise = np.random.default_rng(3).normal(size=distance.shape)
        planted = 0.3 * distance + noise + gain * (distance > 0)
        monkeypatch.setattr(
            scoring, "score_interactions", lambda *_, planted=planted, **__: (planted, planted)
        )
        path = tmp_path / f"scores{gain}.npz"
        scoring.keep_scores(
            path, tmp_path / "asked.npz", tmp_path / "weights.pth", window=WINDOW, device="cpu"
        )
        kept = read_arrays(path)
        areas = [
            roc_auc(kept[f"{case}|{names.LOSS}|scores"], kept["membership"])
            for case in (scoring.AT_RANDOM, scoring.NEXT_TO_IT, scoring.BOTH_LEARNED)
        ]
        assert areas[0] > 0.7  # whatever the model remembers
        beyond[gain] = areas[1] - areas[2]
    assert abs(beyond[0.0]) < 0.1 < 0.25 < beyond[2.0]


def test_the_blind_rule_finds_what_users_show_by_themselves_and_nothing_else(tmp_path):
    """Late items are planted: held-out items are ones that others have late."""
    draw, areas = np.random.default_rng(5), {}
    for name, ordered in (("shuffled", list), ("late", sorted)):
        own = [ordered(draw.permutation(ITEMS)[: draw.integers(7, 14)] + 1) for _ in range(1000)]
        asking.keep_interactions(
            tmp_path / f"{name}.npz", packed(tmp_path / "s.gz", own), seed=1, window=WINDOW
        )
        path = tmp_path / f"{name}-blind.npz"
        scoring.keep_blind(path, tmp_path / f"{name}.npz", folds=3, seed=2)
        kept = read_arrays(path)
        for case in (scoring.AT_RANDOM, scoring.NEXT_TO_IT):
            for attack in (names.BLIND, scoring.LATE, scoring.PLACE):
                scores = kept[f"{case}|{attack}|scores"]
                areas[name, case, attack] = roc_auc(scores, kept["membership"])
    assert areas["late", scoring.AT_RANDOM, names.BLIND] > 0.75
    assert areas["late", scoring.AT_RANDOM, scoring.LATE] > 0.75
    # Where nothing is planted there is the place alone: an item's own sum must not give it away.
    place = areas["shuffled", scoring.NEXT_TO_IT, scoring.PLACE]
    assert abs(areas["shuffled", scoring.NEXT_TO_IT, names.BLIND] - place) < 0.04
    assert abs(areas["shuffled", scoring.NEXT_TO_IT, scoring.LATE] - 0.5) < 0.04
