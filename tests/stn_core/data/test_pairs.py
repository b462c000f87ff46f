"""Two digits in two channels."""

from dataclasses import replace

import torch

from stn_core import DISTORTIONS
from stn_core.data.mnist import Digits, gallery
from stn_core.data.pairs import draw_pairs
from stn_core.experiments.recipes import RECIPES
from stn_core.training.digit_batches import digit_batch

RECIPE = replace(RECIPES["ours"], epochs=1, batch_size=64, elastic_sigma_px=0.0)


def some(step):
    images, labels = gallery()
    return Digits(images[::step], labels[::step])


def test_each_channel_is_its_digit_distorted_as_its_parameters_say():
    digits = some(100)
    pairs = draw_pairs(digits, "rts2", seed=3)
    assert pairs.images.shape == (50, 2, 42, 42)
    assert torch.equal(pairs.digits[:, 0], digits.labels)
    first = {name: value[:, 0] for name, value in pairs.parameters.items()}
    assert torch.equal(DISTORTIONS["rts"].apply(digits.images, first)[:, 0], pairs.images[:, 0])
    # of the second channel the digits are the same, in another order
    second = {name: value[:, 1] for name, value in pairs.parameters.items()}
    order = torch.randperm(50, generator=torch.Generator().manual_seed(3))
    placed = DISTORTIONS["rts"].apply(digits.images[order], second)[:, 0]
    assert torch.equal(placed, pairs.images[:, 1])
    assert torch.equal(pairs.sums, digits.labels + digits.labels[order])


def test_the_two_are_turned_apart_and_fixed_by_the_seed():
    pairs, again, other = (draw_pairs(some(10), "r2", seed) for seed in (1, 1, 2))
    assert torch.equal(pairs.images, again.images) and not torch.equal(pairs.images, other.images)
    first, second = pairs.parameters["angle"].unbind(1)
    correlation = torch.corrcoef(torch.stack((first, second)))[0, 1]
    assert abs(correlation) < 0.15


def test_training_draws_pairs_afresh_and_asks_for_their_sum():
    # a digit's image says its class, so that the sum can be read off the pixels
    labels = torch.arange(10).repeat(20)
    images = labels.to(torch.uint8)[:, None, None].expand(-1, 28, 28).contiguous()
    seen = []
    for step in (0, 1, 2, 3):
        images_of_step, sums = digit_batch(Digits(images, labels), "r2", RECIPE, 0, step)
        assert images_of_step.shape == (64, 2, 28, 28) and sums.shape == (64,)
        values = (images_of_step[:, :, 13:15, 13:15].mean((2, 3)) * 255).round().long()
        assert torch.equal(values.sum(1), sums)
        seen.append(values)
    # an epoch has three batches: the fourth begins another one
    firsts = torch.cat([values[:, 0] for values in seen[:3]])
    assert (firsts.bincount(minlength=10) <= 20).all()
    assert not torch.equal(seen[0], seen[3])
    agreeing = (torch.cat(seen)[:, 0] == torch.cat(seen)[:, 1]).double().mean()
    assert 0.03 < agreeing < 0.2  # a tenth by chance


def test_every_pair_of_a_batch_is_distorted_on_its_own():
    images, _ = digit_batch(
        some(100)._replace(images=some(100).images[:1].expand(50, -1, -1)),
        "r2",
        replace(RECIPE, batch_size=32),
        0,
        0,
    )
    assert len(images.flatten(0, 1).flatten(1).unique(dim=0)) == 64
