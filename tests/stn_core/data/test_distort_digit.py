"""One digit distorted by given amounts: the same as the distortion's parameters say, and clear
about amounts that do not fit."""

import math

import pytest
import torch

from stn_core import DISTORTIONS
from stn_core.data.distort_digit import distort_digit, distractors, elastic_directions
from stn_core.data.distortions import PATCH
from stn_core.data.mnist import gallery

DIGIT = gallery().images[2000]
MOVES = torch.linspace(-3, 3, 32).view(16, 2)
AMOUNTS = [  # and the same as the distortion's parameters
    ("r", {"angle": math.pi / 6}, {"angle": torch.tensor([math.pi / 6])}),
    (
        "rts",
        {"angle": -1, "scale": 0.5, "shift": (3, -8)},
        {
            "angle": torch.tensor([-1.0]),
            "scale": torch.tensor([0.5]),
            "shift": torch.tensor([[3.0, -8.0]]),
        },
    ),
    (
        "p",
        {"scale": 1, "moves": [(1, 2), (3, 4), (-5, -6), (7, -8)]},
        {
            "scale": torch.ones(1),
            "moves": torch.tensor([[[1.0, 2.0], [3.0, 4.0], [-5.0, -6.0], [7.0, -8.0]]]),
        },
    ),
    ("e", {"scale": 0.75, "moves": MOVES}, {"scale": torch.tensor([0.75]), "moves": MOVES[None]}),
    (
        "pxy",
        {"scale": 0.8, "moves": torch.ones(4, 2)},
        {"scale": torch.tensor([0.8]), "moves": torch.ones(1, 4, 2)},
    ),
    (
        "tc",
        {"place": (2, 31), "count": 0, "seed": 5},
        DISTORTIONS["tc"].identity() | {"place": torch.tensor([[2, 31]])},
    ),
]


@pytest.mark.parametrize(
    ("kind", "amounts", "parameters"), AMOUNTS, ids=[kind for kind, *_ in AMOUNTS]
)
def test_amounts_are_the_distortion_s_parameters(kind, amounts, parameters):
    assert torch.equal(
        distort_digit(DIGIT, kind, **amounts), DISTORTIONS[kind].apply(DIGIT[None], parameters)
    )


def test_a_distractor_is_its_patch_of_its_digit_where_it_is_dropped():
    others, parameters = distractors(7)
    x, y = parameters["cuts"][0, 3].tolist()
    drops = [[0, 0]] * 3 + [[50, 40]] + [[-1, -1]] * 12
    image = distort_digit(
        torch.zeros_like(DIGIT), "tc", place=(0, 0), count=4, seed=7, drops=drops
    )[0, 0]
    assert torch.equal(
        image[40 : 40 + PATCH, 50 : 50 + PATCH], others[3, y : y + PATCH, x : x + PATCH] / 255
    )
    fallen = distort_digit(torch.zeros_like(DIGIT), "tc", place=(0, 0), count=16, seed=7)
    untouched = distort_digit(
        torch.zeros_like(DIGIT), "tc", place=(0, 0), count=16, seed=7, drops=[[-1, -1]] * 16
    )
    assert fallen.any() and torch.equal(fallen, untouched)


def test_a_seed_gives_the_same_directions_again_and_another_one_others():
    assert torch.equal(elastic_directions(3), elastic_directions(3)) and elastic_directions(
        3
    ).shape == (16, 2)
    assert not torch.equal(elastic_directions(3), elastic_directions(4))


@pytest.mark.parametrize(
    ("digit", "kind", "amounts", "error"),
    [
        (DIGIT, "xy", {}, ValueError),
        (DIGIT[:27], "r", {"angle": 0}, ValueError),
        (DIGIT, "p", {"scale": 1, "moves": [(1, 2)]}, ValueError),
        (DIGIT, "r", {"angle": 0, "scale": 1}, TypeError),
        (DIGIT, "rts", {"angle": 0}, TypeError),
    ],
)
def test_what_does_not_fit_is_an_error(digit, kind, amounts, error):
    with pytest.raises(error):
        distort_digit(digit, kind, **amounts)
