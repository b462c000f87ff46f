"""theta from named quantities: ``decompose`` reads them back, and larger families agree."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stn_core import TRANSFORMS
from stn_core.explain.compose import compose_theta

POINTS = torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
shifts, scales, angles = st.floats(-1, 1), st.floats(0.3, 2), st.floats(-3, 3)


@pytest.mark.parametrize("family", TRANSFORMS)
def test_nothing_said_is_the_identity(family):
    torch.testing.assert_close(compose_theta(family), TRANSFORMS[family].identity())


@given(shifts, shifts, scales, angles, scales, shifts)
def test_decompose_reads_the_quantities_back(x, y, scale, angle, stretch, shear):
    theta = compose_theta(
        "affine", x=x, y=y, scale=scale, angle=angle, stretch=stretch, shear=shear
    )
    parts = TRANSFORMS["affine"].decompose(theta[None])
    assert parts["translation"][0].tolist() == pytest.approx([x, y], abs=1e-5)
    assert parts["rotation"].item() == pytest.approx(angle, abs=1e-4)
    assert parts["scale"][0].tolist() == pytest.approx([scale, scale * stretch], rel=1e-4)
    assert parts["shear"].item() == pytest.approx(shear, abs=1e-4)


@given(shifts, shifts, scales, angles)
def test_larger_families_agree_with_smaller_ones(x, y, scale, angle):
    quantities = {"x": x, "y": y, "scale": scale, "angle": angle}
    expected = TRANSFORMS["similarity"].warp(
        compose_theta("similarity", **quantities)[None], POINTS
    )
    for family in ("affine", "projective", "tps"):
        found = TRANSFORMS[family].warp(compose_theta(family, **quantities)[None], POINTS)
        torch.testing.assert_close(found, expected, atol=2e-5, rtol=0)


def test_perspective_and_bending_are_read_back():
    parts = TRANSFORMS["projective"].decompose(compose_theta("projective", px=0.3, py=-0.2)[None])
    assert parts["perspective"][0].tolist() == pytest.approx([0.3, -0.2])
    bending = [
        TRANSFORMS["tps"].decompose(compose_theta("tps", wave=wave)[None])["bending"].item()
        for wave in (0, 0.2, 0.4)
    ]
    assert (
        bending[0] == pytest.approx(0, abs=1e-6)
        and bending[2] == pytest.approx(2 * bending[1])
        and bending[1] > 0.02
    )


def test_another_family_is_an_error_that_names_ours():
    with pytest.raises(ValueError, match=r"translation, .*tps; got 'wobble'"):
        compose_theta("wobble")


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
