"""The optimiser: with Muon orthogonal updates for filters, AdamW for the rest."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from stn_core import EXPERIMENTS
from stn_core.experiments.recipes import RECIPES
from stn_core.training.schedule import create_optimiser

RECIPE = replace(RECIPES["ours"], lr=0.01, muon_lr=0.02, weight_decay=0.1)


def network():
    torch.manual_seed(0)
    return EXPERIMENTS["r-st-cnn-affine"].create_model()


def take_steps(model, optimiser, seeds):
    for seed in seeds:
        optimiser.zero_grad()
        generator = torch.Generator().manual_seed(seed)
        images = torch.rand(8, 1, 28, 28, generator=generator)
        nn.functional.cross_entropy(model(images), torch.arange(8)).backward()
        for group in optimiser.param_groups:
            group["lr"] = group["peak"]
        optimiser.step()


def moved(recipe):
    """A network and its weights by their names, before and after the first step."""
    model = network()
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    take_steps(model, create_optimiser(model, recipe), [0])
    return before, {name: weights.detach() for name, weights in model.named_parameters()}


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("classifier.0.weight", 0.02),  # of one channel
        ("classifier.3.weight", 0.02),
        ("transformer.localisation.features.4.weight", 0.02 / 3),
    ],
)
def test_muon_moves_filters_alike_in_every_direction(name, rate):
    model = network()
    weights = dict(model.named_parameters())[name]
    before = weights.detach().clone()
    u, _, v = torch.linalg.svd(torch.randn(before.flatten(1).shape), full_matrices=False)
    # the gradient is thirty times as steep one way as another
    weights.grad = (u * torch.logspace(0, -1.5, u.shape[1]) @ v).view(before.shape)
    optimiser = create_optimiser(model, RECIPE)
    for group in optimiser.param_groups:
        group["lr"] = group["peak"]
    optimiser.step()
    update = ((1 - 0.1 * rate) * before - weights.detach()).flatten(1) / rate
    along = u.T @ update @ v.T
    torch.testing.assert_close(along, along.diag().diag(), atol=0.02, rtol=0)  # in bfloat16
    assert along.diag().min() > 0.5 and along.diag().max() < 1.3


def test_muon_leaves_the_rest_to_adamw():
    (before, muon), (_, adamw) = (moved(RECIPE), moved(replace(RECIPE, optimiser="adamw")))
    rest = [name for name, weights in before.items() if weights.ndim != 4]
    assert len(rest) > 8
    for name in rest:
        torch.testing.assert_close(muon[name], adamw[name], msg=name)


@pytest.mark.parametrize("optimiser", ["muon", "adamw", "sgd"])
def test_an_optimiser_goes_on_from_its_state(optimiser):
    recipe = replace(RECIPE, optimiser=optimiser)
    whole, stopped = network(), network()
    take_steps(whole, create_optimiser(whole, recipe), range(4))
    first, second = (create_optimiser(stopped, recipe) for _ in range(2))
    take_steps(stopped, first, range(2))
    second.load_state_dict(first.state_dict())
    take_steps(stopped, second, range(2, 4))
    assert all(
        torch.equal(a, b) for a, b in zip(whole.parameters(), stopped.parameters(), strict=True)
    )
