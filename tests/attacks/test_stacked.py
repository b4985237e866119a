"""Stacked training is ordinary SGD: compared with autograd and torch.optim, step by step."""

import numpy as np
import pytest
import torch

from recmia.attacks.stacked import StackedPerceptrons, train_stacked
from recmia.errors import DataError
from recmia.networks import Perceptron, torch_generator


def data(n_models, n=24, width=7):
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(n_models, n, width, generator=draw)
    return features, (features[:, :, 0] + features[:, :, 1] ** 2 > 0.7).long()


def with_autograd(features, labels, seed, epochs, batch_size):
    """The same schedule with torch.nn, torch.optim.SGD and cross_entropy."""
    start = StackedPerceptrons.start((features.shape[1], 32, 8, 2), [seed], torch.device("cpu"))
    network = Perceptron(start.sizes, torch.Generator())
    with torch.no_grad():
        for layer, w in zip(network.layers, start.layers(start.parameters), strict=True):
            layer.weight.copy_(w[0, :-1].T)
            layer.bias.copy_(w[0, -1])
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.7)
    order = torch_generator(seed, "stacked", "order")
    for _ in range(epochs):
        for batch in torch.randperm(len(features), generator=order).split(batch_size):
            loss = torch.nn.functional.cross_entropy(network(features[batch]), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return torch.softmax(network(features), dim=1).detach()


@pytest.mark.parametrize("batch_size", [1, 5, 24])
def test_written_gradients_equal_autograd(batch_size):
    features, labels = data(3)
    stack = train_stacked(features, labels, epochs=4, batch_size=batch_size, seeds=[4, 5, 6])
    for i, seed in enumerate([4, 5, 6]):
        expected = with_autograd(features[i], labels[i], seed, 4, batch_size)
        torch.testing.assert_close(stack.probabilities(features)[i], expected, rtol=1e-4, atol=1e-5)


def test_the_released_schedule_equals_autograd():
    """Momentum 0.9, in the order given, cross-entropy of a softmax of the softmax."""
    features, labels = data(2)
    stack = train_stacked(
        features, labels, epochs=4, momentum=0.9, shuffle=False, softmax_twice=True, seeds=[4, 5]
    )
    for i, seed in enumerate([4, 5]):
        network = Perceptron(stack.sizes, torch.Generator())
        start = StackedPerceptrons.start(stack.sizes, [seed], torch.device("cpu"))
        with torch.no_grad():
            for layer, w in zip(network.layers, start.layers(start.parameters), strict=True):
                layer.weight.copy_(w[0, :-1].T)
                layer.bias.copy_(w[0, -1])
        optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
        for _ in range(4):
            for x, y in zip(features[i].split(1), labels[i].split(1), strict=True):
                probabilities = torch.softmax(network(x), dim=1)
                optimiser.zero_grad()
                torch.nn.functional.cross_entropy(probabilities, y).backward()
                optimiser.step()
        expected = torch.softmax(network(features[i]), dim=1).detach()
        torch.testing.assert_close(stack.probabilities(features)[i], expected, rtol=1e-4, atol=1e-5)


def test_a_model_does_not_depend_on_its_neighbours():
    features, labels = data(3)
    together = train_stacked(features, labels, epochs=3, seeds=[4, 5, 6]).parameters
    alone = train_stacked(features[1:2], labels[1:2], epochs=3, seeds=[5]).parameters
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(together[0], together[2])


def test_training_learns_and_leaves_the_global_generator_alone():
    features, labels = data(2, n=300)
    before = torch.random.get_rng_state()
    stack = train_stacked(features, labels, seeds=[1, 2])
    assert torch.equal(before, torch.random.get_rng_state())
    predicted = stack.probabilities(features).argmax(2)
    assert (predicted == labels).float().mean() > 0.95
    again = train_stacked(features, labels, seeds=[1, 2])
    assert torch.equal(stack.parameters, again.parameters)


def test_shapes_that_do_not_fit_are_refused():
    features, labels = data(2)
    with pytest.raises(DataError, match="do not fit"):
        train_stacked(features, labels, seeds=[1])
    with pytest.raises(DataError, match="do not fit"):
        train_stacked(features, torch.from_numpy(np.ones((2, 3))), seeds=[1, 2])
