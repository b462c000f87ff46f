"""theta from quantities that a lecturer can name."""

import pytest
import torch

from stn_core import TRANSFORMS
from stn_core.explain.compose import compose_theta


def test_a_moved_control_point_goes_along_with_the_matrix():
    moves = [0.0] * 32
    moves[10] = 0.25  # x of the sixth point
    plain, moved = (compose_theta("tps", angle=torch.pi / 2, moves=m) for m in ((), moves))
    expected = torch.zeros(16, 2)
    expected[5, 1] = 0.25  # turned by a quarter, x is y
    assert torch.allclose((moved - plain).view(16, 2), expected, atol=1e-6)
    assert plain.shape == TRANSFORMS["tps"].identity().shape


def test_another_number_of_moves_is_refused():
    with pytest.raises(ValueError, match="moves must be 32 numbers"):
        compose_theta("tps", moves=[0.1])
