"""The last layer, fitted to frozen features."""

import pytest
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from torch import nn
from torch.nn import functional as F

from stn_core.training.linear_probe import FOLDS, fit, folds, regression, stacking, whitening


def test_the_last_layer_is_the_minimum_that_another_solver_finds():
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    inputs = (
        5
        + 0.2 * torch.randn(60, 4, generator=draw)
        + 0.2 * labels[:, None] * torch.tensor([1.0, 0, -1, 0])
    )
    layer = nn.Linear(4, 3)
    fit(layer, inputs[None], labels, decay=0.05)
    units = (inputs / inputs.std()).double().numpy()

    def objective(flat):  # without the mean taken off: the bias makes up for it
        scores = units @ flat[:12].reshape(4, 3) + flat[12:]
        return (logsumexp(scores, axis=1) - scores[range(60), labels]).mean() + 0.025 * (
            flat[:12] ** 2
        ).sum()

    judge = minimize(objective, [0.0] * 15, method="BFGS", options={"gtol": 1e-7}).x
    with torch.no_grad():
        expected = softmax(units @ judge[:12].reshape(4, 3) + judge[12:], axis=1)
        assert layer(inputs).softmax(1).numpy() == pytest.approx(expected, abs=2e-4)


def test_features_are_measured_by_the_scatter_within_each_species():
    """A channel that tells the species apart, and a louder one that says nothing."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(400) % 2
    quiet = labels + 0.1 * torch.randn(400, generator=draw)
    features = torch.stack((quiet, 30 * torch.randn(400, generator=draw), quiet), dim=1)
    scatter = torch.stack([features[labels == i].T.cov(correction=0) for i in (0, 1)]).mean(0)
    measure = whitening(features.double(), labels, 1e-9)
    assert torch.allclose(
        (measure @ measure.T)[1, 1].float(), torch.linalg.pinv(scatter)[1, 1], rtol=1e-2
    )
    sure = {}
    for shrinkage in (1.0, 0.01):
        layer = nn.Linear(3, 2)
        fit(layer, features[None], labels, 0.1, shrinkage)
        sure[shrinkage] = layer(features).softmax(1)[range(400), labels].mean().item()
    assert sure[0.01] > sure[1.0] + 0.2


@pytest.mark.parametrize("shrinkage", [1.0, 0.5])
def test_streams_are_added_by_what_they_say_of_photographs_that_they_have_not_seen(shrinkage):
    """One that tells the species apart, and one with so much noise that it knows the photographs it
    learns from by heart; more of one species than of others, and features far from 0."""
    draw = torch.Generator().manual_seed(0)
    labels = (torch.arange(200) % 5).clamp(max=3)
    telling = F.one_hot(labels, 4) + 0.4 * torch.randn(2, 200, 4, generator=draw)
    telling = 7 + torch.cat((telling, 0.01 * torch.randn(2, 200, 196, generator=draw)), dim=2)
    noise = 3 + torch.randn(1, 200, 200, generator=draw).expand(2, -1, -1)
    layer, parts = nn.Linear(400, 4), [telling.double(), noise.double()]
    fit(layer, torch.cat(parts, dim=2), labels, 1e-3, shrinkage, streams=2)
    each = [regression(part.flatten(0, 1), labels.repeat(2), 4, 1e-3, shrinkage) for part in parts]
    assert (each[1].of(parts[1][0]).argmax(1) == labels).all()
    judge = torch.zeros(2, 200, 4).double()
    fold = folds(labels)
    for i, part in enumerate(parts):
        for k in range(FOLDS):
            left = fold != k
            known = part[:, left].flatten(0, 1), labels[left].repeat(2)
            judge[i, ~left] = regression(*known, 4, 1e-3, shrinkage).of(part[0, ~left])
    counts = stacking(judge, labels)
    assert counts[1] < 0.2 * counts[0]
    scores = torch.stack([one.of(part[0]) for one, part in zip(each, parts, strict=True)])
    expected = torch.tensordot(counts, scores, dims=1)
    with torch.no_grad():
        found = layer(torch.cat(parts, dim=2)[0].float())
    torch.testing.assert_close(found, expected.float(), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("shrinkage", [1.0, 0.5])
def test_few_photographs_of_a_species_still_give_a_layer(each, shrinkage):
    labels = torch.arange(3).repeat(each)
    features = torch.randn(2, 3 * each, 8, generator=torch.Generator().manual_seed(0))
    layer = nn.Linear(8, 3)
    fit(layer, features, labels, 0.1, shrinkage, streams=2)
    assert all(parameter.isfinite().all() for parameter in layer.parameters())


def test_weights_of_streams_are_those_that_another_solver_finds():
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(300) % 5
    right = F.one_hot(labels, 5).double()
    scores = torch.stack(
        [strength * right + torch.randn(300, 5, generator=draw) for strength in (1.5, 0.8, 0.2)]
    )

    def loss(counts):
        mixed = torch.tensordot(torch.tensor(counts), scores, dims=1)
        return F.cross_entropy(mixed, labels).item()

    judge = minimize(loss, [1.0] * 3, method="Nelder-Mead", options={"xatol": 1e-6}).x
    assert stacking(scores, labels).numpy() == pytest.approx(judge, abs=1e-3)


def test_folds_have_as_many_of_each_species():
    labels = torch.tensor([0] * 10 + [1] * 12 + [2] * 3)
    part = folds(labels)
    assert all((part[:10] == k).sum() == 2 for k in range(FOLDS))
    assert sorted((part[10:22] == k).sum().item() for k in range(FOLDS)) == [2, 2, 2, 3, 3]
    assert part[22:].tolist() == [0, 1, 2]
    assert folds(torch.tensor([5, 4, 5])).tolist() == [0, -1, 1]
