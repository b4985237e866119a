"""DL-MIA's stages side by side, its variants, and the leak of its released code laid open."""

import inspect

import numpy as np
import pytest
import torch

from recmia.attacks.disentanglement import DisentangledAutoencoder, gaussian_divergence
from recmia.attacks.gaussian_autoencoders import BetaVAE, FactorVAE
from recmia.attacks.label_leak import LeakyDLMIA, SelfTrainedDLMIA
from recmia.attacks.stacked_dl_mia import ENCODERS, Schedule, StackedDLMIA
from recmia.attacks.stacked_layers import StackedLayers, apply_layers
from recmia.errors import DataError
from recmia.evaluation.metrics import hard_label_auc, roc_auc
from recmia.networks import torch_generator
from recmia.papers.dl_mia.planted_vectors import ON_SPHERE, planted, planted_on_sphere, separation

# Larger steps in the place of most of the paper's 300 epochs.
QUICK = {"learning_rate": 5e-3, "attack_learning_rate": 0.1, "decoder_hidden": 20, "latent_dim": 8}
SHORT = Schedule(pretrain_epochs=3, alternating_epochs=4, turn_epochs=2, **QUICK)
CPU = torch.device("cpu")


def pretrained(case, seeds, schedule=SHORT):
    stack = StackedDLMIA(seeds=seeds, schedule=schedule)
    return stack.pretrain(case.shadow, case.membership, case.target)


@pytest.fixture(scope="module")
def case():
    return planted(80, transfers=True, draws=3)


def test_stacked_layers_are_perceptrons_of_their_own():
    layers = StackedLayers([(4, 3), (3, 2)], [torch_generator(s, "x") for s in (1, 2)], CPU)
    x = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    found = apply_layers(x, layers.layers())
    for model in range(2):
        (w, b), (v, c) = [(p[model], q[model]) for p, q in layers.layers()]
        torch.testing.assert_close(found[model], torch.relu(x[model] @ w + b) @ v + c)
    alone = StackedLayers([(4, 3), (3, 2)], [torch_generator(2, "x")], CPU)
    assert torch.equal(alone.parameters[0], layers.parameters[1])


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_model_does_not_depend_on_its_neighbours(encoder, case):
    schedule = Schedule(encoder=encoder, pretrain_epochs=1, alternating_epochs=2, **QUICK)
    together = pretrained(case, [4, 5, 6], schedule).alternate().score(case.target)
    one = planted(80, transfers=True, draws=3)
    parts = {name: value[1:2] for name, value in vars(one).items()}
    alone = pretrained(type(one)(**parts), [5], schedule).alternate().score(case.target[1:2])
    np.testing.assert_allclose(together[1:2], alone, atol=2e-4)
    assert np.abs(together[0] - together[2]).max() > 0.01


def test_the_second_stage_leaves_the_first_as_it_was_and_starts_alike(case):
    first = pretrained(case, [4, 5, 6])
    before = first.score(case.target)
    one = first.alternate().score(case.target)
    assert np.array_equal(first.score(case.target), before)
    SelfTrainedDLMIA.after(first)
    LeakyDLMIA.after(first, case.truth)
    assert np.array_equal(first.alternate().score(case.target), one)
    assert not np.array_equal(before, one)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_scores_are_the_same_whatever_the_targets_labels_are(encoder, case):
    """Labels reach no method; to deal them anew beside a run, honest or not, changes nothing."""
    for method in (StackedDLMIA.__init__, StackedDLMIA.pretrain, StackedDLMIA.alternate):
        assert not {"truth", "labels", "target_membership"} & set(
            inspect.signature(method).parameters
        )
    schedule = Schedule(encoder=encoder, pretrain_epochs=1, alternating_epochs=2, **QUICK)
    truth, found = case.truth.copy(), []
    draw = np.random.default_rng(0)
    for _ in range(2):
        first = pretrained(case, [4, 5, 6], schedule)
        leaky = LeakyDLMIA.after(first, truth)
        found.append([first.alternate(), SelfTrainedDLMIA.after(first), leaky])
        truth = draw.permuted(truth, axis=1)
    one, two = ([stack.score(case.target) for stack in run] for run in found)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    assert np.array_equal(found[0][0].thresholds, found[1][0].thresholds)
    assert not np.array_equal(one[2], two[2])  # the control cheats, and the test can tell


def test_the_slip_is_an_equality_of_guess_and_truth(case):
    leaky = LeakyDLMIA.after(pretrained(case, [4, 5, 6]), case.truth)
    rows = torch.arange(80).expand(3, -1)
    guessed = torch.zeros(3, 80, dtype=torch.bool)
    guessed[:, ::3] = True
    leaked = leaky._pseudo_labels(guessed, rows).numpy()
    assert np.array_equal(leaked, guessed.numpy() == case.truth)
    kept = SelfTrainedDLMIA.after(pretrained(case, [4, 5, 6]))._pseudo_labels(guessed, rows)
    assert torch.equal(kept, guessed)


def test_the_best_checkpoint_is_chosen_on_the_targets_labels(case):
    schedule = Schedule(pretrain_epochs=2, alternating_epochs=12, turn_epochs=2, **QUICK)
    leaky = LeakyDLMIA.after(pretrained(case, [4, 5, 6], schedule), case.truth)
    assert leaky.checkpoint_auc.shape == (3, 3)  # turns 1, 3 and 5 of six
    for scores, chosen in (
        (leaky.score(case.target), leaky.checkpoint_auc[:, -1]),
        (leaky.score_best(case.target), leaky.checkpoint_auc.max(axis=1)),
    ):
        areas = [hard_label_auc(s > 0.5, t) for s, t in zip(scores, case.truth, strict=True)]
        np.testing.assert_allclose(areas, chosen)
    with pytest.raises(DataError, match="does not fit"):
        LeakyDLMIA.after(pretrained(case, [4, 5, 6]), case.truth[:, :-1])


def test_where_nothing_carries_over_only_the_leak_finds_members():
    case = planted(300, transfers=False, draws=4, seed=1)
    schedule = Schedule(pretrain_epochs=40, alternating_epochs=60, **QUICK)
    first = pretrained(case, [0, 1, 2, 3], schedule)
    honest, leaky = first.alternate(), LeakyDLMIA.after(first, case.truth)
    areas = [
        np.mean([roc_auc(s, t) for s, t in zip(scores, case.truth, strict=True)])
        for scores in (honest.score(case.target), leaky.score_best(case.target))
    ]
    assert abs(areas[0] - 0.5) < 0.12
    assert areas[1] > areas[0] + 0.12


def test_known_parts_are_read_from_both_kinds_of_features():
    """With room for all in each kind nothing asks for separation, and none is found."""
    case = planted(200, transfers=True, draws=2)
    schedule = Schedule(pretrain_epochs=40, alternating_epochs=20, **QUICK)
    stack = pretrained(case, [0, 1], schedule).alternate()
    for scores, truth in zip(stack.score(case.target), case.truth, strict=True):
        assert roc_auc(scores, truth) > 0.85  # Phi(2 / sqrt 2) = 0.92 at best
    found = {key: values.mean() for key, values in separation(stack, case).items()}
    for kind in ("invariant", "specific"):
        assert found["R² of the invariant part", kind] > 0.6
        assert found["ROC AUC of the side", kind] > 0.8


def test_parts_that_fit_one_kind_of_features_each_are_taken_apart():
    """Where there is one way to keep all, the encoder goes there: each part to its own kind."""
    case = planted_on_sphere(400, draws=2)
    schedule = Schedule(
        pretrain_epochs=120, alternating_epochs=20, latent_dim=ON_SPHERE, batch_size=32
    )
    found = separation(pretrained(case, [0, 1], schedule).alternate(), case)
    own, other = "invariant", "specific"
    assert (found["R² of the invariant part", own] > 0.55).all()
    assert (found["R² of the invariant part", other] < 0.35).all()


def test_probes_tell_separated_features():
    """The probes themselves can tell: features that are the parts, apart."""

    class Separated:
        def features(self, vectors):
            return case.invariant, case.specific

    case = planted(400, transfers=True, draws=1)
    found = {key: values.item() for key, values in separation(Separated(), case).items()}
    assert found["R² of the invariant part", "invariant"] > 0.99
    assert abs(found["R² of the invariant part", "specific"]) < 0.05
    assert abs(found["ROC AUC of the side", "invariant"] - 0.5) < 0.08
    # Means two deviations apart: Phi(sqrt 2) = 0.921.
    assert abs(found["ROC AUC of the side", "specific"] - 0.921) < 0.04


def test_gaussian_divergence_is_equation_6():
    mean, variance = torch.tensor([[[0.5, -1.0]]]), torch.tensor([[[2.0, 0.25]]])
    by_hand = 0.5 * (-np.log(2) - np.log(0.25) + 2.25 + 1.25 - 2)
    assert gaussian_divergence(mean, variance.log()).item() == pytest.approx(by_hand, rel=1e-6)


def test_beta_weighs_the_divergence():
    draw = torch.Generator().manual_seed(0)
    encoder = BetaVAE(6, 2, 5, [draw], CPU)
    x = torch.randn(1, 7, 6, generator=draw)
    latents = encoder.encode(x)
    drawn = latents.sample([draw])
    difference = encoder.loss(x, latents, drawn) - encoder.reconstruction_error(x, drawn)
    torch.testing.assert_close(difference, 4 * latents.divergence())
    assert drawn.shape == (1, 7, 4)


def test_the_discriminator_finds_total_correlation():
    """Two Gaussian coordinates of correlation 0.9: total correlation -ln(1 - 0.81) / 2 = 0.83."""
    draw = torch.Generator().manual_seed(0)
    encoder = FactorVAE(6, 1, 5, [draw, draw], CPU)
    for group in encoder._optimiser.param_groups:
        group["lr"] = 5e-3

    def dependent(n):
        z = torch.randn(2, n, 2, generator=draw)
        z[0, :, 1] = 0.9 * z[0, :, 0] + np.sqrt(0.19) * z[0, :, 1]
        return z

    for _ in range(400):
        encoder.after_step(dependent(256), [draw, draw])
    estimate = encoder.logit(dependent(4000)).mean(1)
    assert estimate[0].item() == pytest.approx(0.83, abs=0.15)
    assert abs(estimate[1].item()) < 0.1


def test_the_encoders_join_as_many_latents():
    draw = torch.Generator().manual_seed(0)
    for kind in (DisentangledAutoencoder, BetaVAE, FactorVAE):
        latents = kind(6, 2, 5, [draw], CPU).encode(torch.randn(1, 7, 6, generator=draw))
        assert latents.centre.shape == latents.sample([draw]).shape == (1, 7, 4)


def test_what_cannot_be_is_refused(case):
    with pytest.raises(DataError, match="choose one of disentangled"):
        Schedule(encoder="vae")
    with pytest.raises(DataError, match="do not fit"):
        pretrained(case, [1, 2])
    with pytest.raises(DataError, match="diverged"):
        schedule = Schedule(pretrain_epochs=2, learning_rate=1e30, attack_learning_rate=1e30)
        pretrained(case, [1, 2, 3], schedule)
