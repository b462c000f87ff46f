"""Muon: orthogonal updates for filters, AdamW for the rest."""

import torch
from torch import nn

from stn_core.training.muon import Muon, orthogonal


def groups(model):
    filters = [parameter for parameter in model.parameters() if parameter.ndim == 4]
    rest = [parameter for parameter in model.parameters() if parameter.ndim != 4]
    return [{"params": filters, "orthogonal": True}, {"params": rest}]


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Conv2d(6, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 20 * 20, 10)
    )


def loss(model, seed):
    generator = torch.Generator().manual_seed(seed)
    return nn.functional.cross_entropy(
        model(torch.rand(8, 1, 28, 28, generator=generator)), torch.arange(8)
    )


def test_every_direction_of_an_update_counts_alike():
    torch.manual_seed(0)
    for shape in ((16, 200), (200, 16), (8, 8)):
        u, _, v = torch.linalg.svd(torch.randn(shape), full_matrices=False)
        # the gradient is thirty times as steep one way as another
        scales = torch.logspace(0, -1.5, min(shape))
        (update,) = orthogonal([u * scales @ v])
        assert update.shape == shape
        size = torch.linalg.svdvals(update)
        assert size.min() > 0.5 and size.max() < 1.3
        torch.testing.assert_close(
            u.T @ update @ v.T, (u.T @ update @ v.T).diag().diag(), atol=1e-4, rtol=0
        )


def test_the_rest_moves_as_with_adamw():
    ours, plain = network(), network()
    muon = Muon(groups(ours), lr=0.01, weight_decay=0.1)
    adamw = torch.optim.AdamW(plain[-1].parameters(), lr=0.01, weight_decay=0.1)
    for model, optimiser in ((ours, muon), (plain, adamw)):
        loss(model, 0).backward()
        optimiser.step()
    torch.testing.assert_close(list(ours[-1].parameters()), list(plain[-1].parameters()))
    moved = (ours[1].weight - (1 - 0.01 * 0.1) * plain[1].weight).detach().flatten(1)
    assert (torch.linalg.svdvals(moved) < 0.01 * 1.3).all() and torch.linalg.svdvals(moved)[
        0
    ] > 0.005


def test_it_goes_on_from_its_state():
    def steps(model, optimiser, seeds):
        for seed in seeds:
            optimiser.zero_grad()
            loss(model, seed).backward()
            optimiser.step()

    whole, stopped = network(), network()
    optimiser = Muon(groups(whole), lr=0.01)
    steps(whole, optimiser, range(4))
    first = Muon(groups(stopped), lr=0.01)
    steps(stopped, first, range(2))
    second = Muon(groups(stopped), lr=0.01)
    second.load_state_dict(first.state_dict())
    steps(stopped, second, range(2, 4))
    assert all(
        torch.equal(a, b) for a, b in zip(whole.parameters(), stopped.parameters(), strict=True)
    )
