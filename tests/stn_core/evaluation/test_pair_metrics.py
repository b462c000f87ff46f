"""Which transformer straightens which digit, on answers that are known."""

import math

import pytest
import torch
from torch import nn

from stn_core import EXPERIMENTS, TRANSFORMS
from stn_core.data.mnist import Digits, gallery
from stn_core.data.pairs import draw_pairs
from stn_core.evaluation.pair_metrics import (
    followed,
    measure_straightening,
    poses,
    straightening,
    untransformed,
)

ANGLES = torch.linspace(-math.pi / 2, math.pi / 2, 1801)
# every angle of one channel beside another one of the other
SHUFFLED = torch.randperm(1801, generator=torch.Generator().manual_seed(0))
TWO = torch.stack((ANGLES, ANGLES[SHUFFLED]), dim=1)


def test_each_follows_its_own_wherever_it_rests():
    turns = TWO + torch.tensor([0.4, 3.0])
    found = straightening(turns, TWO)
    (own, other), (other_of_second, own_of_second) = found.shares
    assert own == own_of_second == found.both == 100
    assert (found.undone[0][0], found.undone[1][1]) == pytest.approx((100, 100), abs=0.01)
    assert abs(found.undone[0][1]) < 10 and abs(found.undone[1][0]) < 10
    assert max(other, other_of_second) < 25  # where it was, by chance


def test_crossed_over_is_a_pair_as_well_and_twice_the_same_is_none():
    assert straightening(TWO.flip(1), TWO).both == 100
    twice = straightening(TWO[:, :1].expand(-1, 2), TWO)
    assert [row[0] for row in twice.shares] == [100, 100] and twice.both < 25


def test_without_turning_a_sixth_of_all_angles_is_within_fifteen_degrees():
    still = straightening(torch.zeros(1801, 1), TWO)
    assert still.both is None
    assert still.shares == (pytest.approx([100 / 6, 100 / 6], abs=0.2),)
    assert still.undone == ((0, 0),)


def test_half_of_the_way_is_no_straightening():
    half = straightening(TWO[:, :1] / 2, TWO)
    assert half.undone[0][0] == pytest.approx(50, abs=0.01)
    assert half.shares[0][0] == pytest.approx(100 / 3, abs=0.2)


def test_angles_are_read_all_the_way_round():
    wrapped = (TWO[:, :1] + math.pi).remainder(2 * math.pi)  # some near 0, some near 2 pi
    found = straightening(wrapped, TWO)
    assert found.shares[0][0] == 100 and found.undone[0][0] == pytest.approx(100, abs=0.01)


def test_a_grid_turned_as_the_digit_is_straightens_it():
    """A model that is told the angles, through the images."""
    images, labels = gallery()
    digits = Digits(images[::50], labels[::50])
    angles = draw_pairs(digits, "r2", 5).parameters["angle"]

    class Told(nn.Module):
        def __init__(self, channel):
            super().__init__()
            self.channel, self.seen = channel, 0

        def forward(self, images):
            turn = angles[self.seen : self.seen + len(images), self.channel]
            self.seen += len(images)
            zero = torch.zeros_like(turn)
            cos, sin = turn.cos(), turn.sin()
            return torch.stack((cos, -sin, zero, sin, cos, zero), dim=1)

    model = EXPERIMENTS["r2-2st-cnn-affine"].create_model().eval()
    for transformer, channel in zip(model.transformers, (1, 0), strict=True):
        transformer.localisation = Told(channel)
    found = measure_straightening(model, digits, "r2", 5)
    assert found.both == found.shares[0][1] == found.shares[1][0] == 100
    assert max(untransformed(digits, "r2", 5).shares[0]) < 40


def test_a_grid_goes_along_with_the_shift_that_it_follows():
    generator = torch.Generator().manual_seed(0)
    shifts = 20 * torch.rand(4000, 2, 2, generator=generator) - 10
    moved = torch.stack((shifts[:, 1] + 5, shifts.mean(1), torch.zeros(4000, 2)), dim=1)
    first, compromise, still = followed(moved, shifts)
    assert first == pytest.approx((0, 100), abs=4)
    assert compromise == pytest.approx((50, 50), abs=4) and still == (0, 0)


def test_what_is_followed_is_measured_where_digits_are_shifted():
    images, labels = gallery()
    digits = Digits(images[::50], labels[::50])
    model = EXPERIMENTS["rts2-st-cnn-affine"].create_model().eval()  # at identity
    assert measure_straightening(model, digits, "rts2", 0).followed == ((0, 0),)
    assert untransformed(digits, "rts2", 0).followed == ((0, 0),)
    assert untransformed(digits, "r2", 0).followed is None


def test_the_grid_s_turn_and_middle_are_theta_s():
    model = EXPERIMENTS["rts2-st-cnn-affine"].create_model().eval()
    regression = model.transformers[0].localisation.regression
    with torch.no_grad():
        regression.bias.copy_(torch.tensor([0.0, -2.0, 0.3, 2.0, 0.0, 0.0]))
    turn, middle = poses(model, torch.rand(3, 2, 42, 42))
    assert torch.allclose(turn, torch.full((3, 1), math.pi / 2))
    assert torch.allclose(middle, torch.tensor([0.3 * 21, 0.0]).expand(3, 1, 2))
    assert model.transforms == (TRANSFORMS["affine"],)
