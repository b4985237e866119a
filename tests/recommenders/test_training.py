"""Batches, identity, resume and the pool of workers."""

from __future__ import annotations

import gzip
from itertools import islice

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from recmia.errors import ArtifactError, RecmiaError
from recmia.recommenders import training
from recmia.recommenders.epochs import load_record
from recmia.recommenders.scoring import position_scores, score_features
from recmia.recommenders.settings import Target
from recmia.recommenders.training import train
from recmia.sessions import Sessions

VOCABULARY = 30


def target(**changes) -> Target:
    values = {
        "d_model": 8,
        "layers": 1,
        "heads": 2,
        "dropout": 0.1,
        "batch_size": 8,
        "learning_rate": 5e-3,
        "epochs": 4,
        "recorded_epochs": (0, 2, 4),
    }
    return Target(**{**values, **changes})


def sessions(n: int = 40, width: int = 6, seed: int = 0) -> Sessions:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, width + 1, n)
    clicks = rng.integers(3, VOCABULARY, (n, width))
    clicks[np.arange(width) >= lengths[:, None]] = 0
    return Sessions(clicks, lengths, np.arange(n))


class Killed(Exception):
    pass


def kill_after(epochs: int):
    done = []

    def progress(n: int) -> None:
        done.append(n)
        if sum(done) >= epochs * len(sessions()):
            raise Killed

    return progress


@pytest.mark.parametrize("architecture", ["gpt2", "xlnet"])
@pytest.mark.parametrize("killed_after", [1, 3])
def test_resumed_equals_uninterrupted(tmp_path, architecture, killed_after):
    settings, data = target(architecture=architecture), sessions()
    arguments = {"seed": 5, "validation": sessions(10, seed=1)}
    whole = train(settings, VOCABULARY, data, tmp_path / "whole", **arguments)
    with pytest.raises(Killed):
        train(
            settings,
            VOCABULARY,
            data,
            tmp_path / "cut",
            progress=kill_after(killed_after),
            **arguments,
        )
    assert (tmp_path / "cut" / "state.safetensors").exists()
    torch.manual_seed(999)  # whatever happened in between does not matter
    resumed = train(settings, VOCABULARY, data, tmp_path / "cut", **arguments)
    assert resumed.curve == whole.curve
    for epoch in settings.recorded_epochs:
        assert resumed.weights(epoch).read_bytes() == whole.weights(epoch).read_bytes()
    assert not (tmp_path / "cut" / "state.safetensors").exists()


def test_result_does_not_depend_on_the_number_of_threads(tmp_path):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        two = train(target(d_model=64), VOCABULARY, sessions(), tmp_path / "two", seed=5)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        one = train(target(d_model=64), VOCABULARY, sessions(), tmp_path / "one", seed=5)
    finally:
        torch.set_num_threads(before)
    assert one.weights(4).read_bytes() == two.weights(4).read_bytes()


def test_finished_training_is_returned(tmp_path):
    first = train(target(), VOCABULARY, sessions(), tmp_path, seed=5)
    written = first.weights(4).stat().st_mtime_ns
    again = train(target(), VOCABULARY, sessions(), tmp_path, seed=5)
    assert again.curve == first.curve
    assert again.weights(4).stat().st_mtime_ns == written


@pytest.mark.parametrize("what", ["seed", "sessions", "vocabulary", "settings", "validation"])
def test_another_training_is_never_taken_for_this_one(tmp_path, what):
    arguments = {"target": target(epochs=1, recorded_epochs=(1,)), "vocabulary_size": VOCABULARY}
    arguments |= {"sessions": sessions(), "seed": 1, "validation": None, "folder": tmp_path}
    weights = train(**arguments).weights(1).read_bytes()
    changed = {
        "seed": {"seed": 2},
        "sessions": {"sessions": sessions(seed=3)},
        "vocabulary": {"vocabulary_size": VOCABULARY + 1},
        "settings": {"target": target(epochs=1, recorded_epochs=(1,), learning_rate=1e-3)},
        "validation": {"validation": sessions(5)},
    }[what]
    with pytest.raises(ArtifactError, match="another training"):
        train(**{**arguments, **changed})
    assert load_record(tmp_path).weights(1).read_bytes() == weights


def test_a_model_learns_what_always_follows(tmp_path):
    # 3 -> 4 -> 5 -> 3: the next item is certain, so the ranking must be perfect.
    rows = np.array([[3, 4, 5, 3, 4], [4, 5, 3, 4, 5], [5, 3, 4, 5, 3]] * 10)
    data = Sessions(rows, np.full(30, 5), np.arange(30))
    settings = target(
        d_model=16, dropout=0.0, learning_rate=2e-2, epochs=60, recorded_epochs=(0, 60)
    )
    record = train(settings, VOCABULARY, data, tmp_path, seed=1, validation=data)
    assert record.curve[-1]["validation_ndcg_20"] == 1.0
    # Nothing is left to learn but the first item: log(3) nats over 6 tokens.
    assert record.curve[-1]["train_loss"] == pytest.approx(np.log(3) / 6, abs=0.05)
    assert record.load(60).training is False


def test_missing_results_are_named(tmp_path):
    with pytest.raises(ArtifactError, match="03_train"):
        load_record(tmp_path)
    record = train(target(), VOCABULARY, sessions(), tmp_path, seed=1)
    with pytest.raises(ArtifactError, match="epoch_003"):
        record.load(3)


def test_divergence_is_an_error(tmp_path):
    settings = target(learning_rate=1e30)
    with pytest.raises(RecmiaError, match="learning_rate"):
        train(settings, VOCABULARY, sessions(), tmp_path, seed=1)


def test_real_sessions_are_memorised(real_data, tmp_path):
    """A handful of real sessions, learned by heart, are told from others of the same log."""
    with gzip.open(real_data / "yoochoose1_64_train_sessions.txt.gz", "rt") as file:
        rows = [line.replace(",", " ").split()[:6] for line in islice(file, 400)]
    rows = [np.array(row, dtype=np.int64) for row in rows if len(row) >= 2]
    catalogue, ids = np.unique(np.concatenate(rows), return_inverse=True)
    lengths = np.array([len(row) for row in rows])
    clicks = np.zeros((len(rows), 6), dtype=np.int64)
    clicks[np.arange(6) < lengths[:, None]] = ids + 3
    data = Sessions(clicks, lengths, np.arange(len(rows)))
    member = np.arange(len(data)) % 2 == 0
    settings = target(
        d_model=32, dropout=0.0, learning_rate=1e-2, batch_size=32, epochs=40, recorded_epochs=(40,)
    )
    model = train(settings, len(catalogue) + 3, data[member], tmp_path, seed=1).load(40)
    features, _ = score_features(position_scores(model, data), data.lengths)
    assert roc_auc_score(member, features[:, 0]) > 0.9


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bfloat16"},
        {"label_smoothing": 0.1},
        {"sampled_negatives": 8},
        {"sampled_negatives": 8, "label_smoothing": 0.1, "architecture": "xlnet"},
    ],
    ids=str,
)
def test_other_losses_learn_and_resume(tmp_path, changes):
    settings = target(**changes, learning_rate=2e-2, epochs=8, recorded_epochs=(8,))
    whole = train(settings, VOCABULARY, sessions(), tmp_path / "whole", seed=5)
    if settings.architecture == "gpt2":  # XLNet's loss is of a few positions drawn each time
        assert whole.curve[-1]["train_loss"] < 0.9 * whole.curve[1]["train_loss"]
    with pytest.raises(Killed):
        train(settings, VOCABULARY, sessions(), tmp_path / "cut", seed=5, progress=kill_after(3))
    resumed = train(settings, VOCABULARY, sessions(), tmp_path / "cut", seed=5)
    assert resumed.weights(8).read_bytes() == whole.weights(8).read_bytes()


def test_half_precision_is_another_training_and_close(tmp_path):
    full = train(target(), VOCABULARY, sessions(), tmp_path / "full", seed=5)
    half = train(target(precision="bfloat16"), VOCABULARY, sessions(), tmp_path / "half", seed=5)
    losses = [[e["train_loss"] for e in record.curve[1:]] for record in (full, half)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_smoothed_loss_is_the_library_s_for_either_architecture(tmp_path):
    """The task that Transformers4Rec is given smooths as much as the loss without logits."""
    from recmia.recommenders import transformer

    model = transformer.build_model(target(label_smoothing=0.3, dropout=0.0), VOCABULARY, 8, 1)
    tokens = torch.from_numpy(sessions().tokens())
    ours, count = training.batch_loss(model.eval(), tokens)
    theirs = model({transformer.ITEM: tokens}, training=True)
    assert count == theirs["labels"].numel()
    assert float(ours.detach()) == pytest.approx(float(theirs["loss"].detach()), rel=1e-5)
