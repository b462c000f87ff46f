"""What the exhibits compute: what the families keep, the map used the wrong way round, kernels as
functions, what is read."""

import math

import pytest
import torch

from stn_core import TRANSFORMS, sample
from stn_core.explain.invariants import CONTAINS, KEEPS, PROPERTIES, broken_invariants
from stn_core.explain.resampling import (
    forward_warp,
    kernel_profile,
    read_pixels,
    shrunk,
    zone_plate,
)
from stn_core.transformer.transforms import regular_points

# above it a property is broken
BROKEN = {"size": 1.01, "direction": 0.1, "angles": 0.1, "parallels": 0.1, "lines": 1e-4}


def random_theta(name, seed):
    generator = torch.Generator().manual_seed(seed)
    identity = TRANSFORMS[name].identity()
    strength = 0.02 if name == "projective" else 0.15
    theta = identity + strength * torch.randn(len(identity), generator=generator)
    if name == "projective":
        theta[6:] += 0.1
    return theta


@pytest.mark.parametrize("name", KEEPS)
def test_the_families_keep_what_they_are_said_to_keep_and_nothing_else(name):
    for seed in range(5):
        measured = broken_invariants(TRANSFORMS[name], random_theta(name, seed))
        assert measured.keys() == set(PROPERTIES)
        assert {key for key in PROPERTIES if measured[key] <= BROKEN[key]} == KEEPS[name]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_identity_keeps_everything(name):
    measured = broken_invariants(TRANSFORMS[name], TRANSFORMS[name].identity())
    assert (
        measured["size"] == pytest.approx(1, abs=1e-4)
        and max(measured[key] for key in PROPERTIES[1:]) < 1e-3
    )


def test_how_much_is_broken_is_measured():
    cos, sin = math.cos(0.5), math.sin(0.5)
    turned = broken_invariants(
        TRANSFORMS["affine"], torch.tensor([0.5 * cos, -0.5 * sin, 0.3, 0.5 * sin, 0.5 * cos, 0])
    )
    assert turned["size"] == pytest.approx(2, rel=1e-4) and turned["direction"] == pytest.approx(
        math.degrees(0.5), abs=1e-3
    )
    sheared = broken_invariants(TRANSFORMS["affine"], torch.tensor([1.0, 1.0, 0, 0, 1, 0]))
    assert sheared["angles"] == pytest.approx(45, abs=1e-3) and sheared["parallels"] < 1e-3


def test_sides_are_compared_each_with_each():
    """A spline whose rows go up and down: no side of a row turns more than 20 degrees."""
    waved = TRANSFORMS["tps"].identity().view(4, 4, 2).clone()
    waved[..., 1] += torch.tensor([0.0, 0.1, -0.1, 0.0])
    theta, line = waved.flatten(), torch.linspace(-1, 1, 13)
    rows = torch.cartesian_prod(line, line).flip(1)
    sides = TRANSFORMS["tps"].warp(theta[None], rows).view(13, 13, 2).diff(dim=1)
    turned = torch.atan2(sides[..., 1], sides[..., 0]).rad2deg()
    measured = broken_invariants(TRANSFORMS["tps"], theta)
    assert measured["parallels"] == pytest.approx((turned.max() - turned.min()).item(), abs=1e-3)
    assert measured["parallels"] > 30 > 20 > measured["direction"]


def test_the_wildest_theta_gives_finite_numbers():
    for transform in TRANSFORMS.values():
        for value in (0.0, 1e30, -5.0):
            measured = broken_invariants(transform, torch.full((transform.num_params,), value))
            assert all(math.isfinite(number) for number in measured.values())


@pytest.mark.parametrize(
    ("larger", "smaller"), [(a, b) for a, names in CONTAINS.items() for b in names]
)
def test_a_smaller_family_is_part_of_a_larger_one(larger, smaller):
    theta = random_theta(smaller, 7)
    points = regular_points((6, 6))
    wanted = TRANSFORMS[smaller].warp(theta[None], points)[0]
    features = TRANSFORMS[larger].features(points.double())
    if larger == "projective":  # linear with h31 = h32 = 0
        features = features[:, :3]
    fit = torch.linalg.lstsq(features.double(), wanted.double()).solution
    torch.testing.assert_close(features @ fit, wanted.double(), atol=1e-5, rtol=0)
    assert KEEPS[larger] < KEEPS[smaller]


def test_pushing_by_the_identity_fills_every_pixel_once():
    image = torch.rand(5, 7)
    output, landed = forward_warp(
        image, TRANSFORMS["affine"].grid(TRANSFORMS["affine"].identity()[None], (5, 7))[0]
    )
    torch.testing.assert_close(output, image)
    assert (landed == 1).all()


def test_pushing_does_the_opposite_of_sampling_and_leaves_holes():
    image = torch.zeros(8, 8)
    image[2:6, 2:6] = 1
    grid = TRANSFORMS["attention"].grid(torch.tensor([[2.0, 0.0, 0.0]]), (8, 8))
    output, landed = forward_warp(image, grid[0])
    # a quarter of the pixels stays inside, twice as far apart
    assert landed.sum() == 16 and (landed == 0).sum() == 48
    assert sample(image[None, None], grid).sum() < image.sum() == output.sum()
    shift = TRANSFORMS["translation"].grid(torch.tensor([[0.5, 0.0]]), (8, 8))  # two pixels
    torch.testing.assert_close(forward_warp(image, shift[0])[0], image.roll(2, 1))
    torch.testing.assert_close(sample(image[None, None], shift)[0, 0], image.roll(-2, 1))


def test_nothing_lands_from_far_away():
    output, landed = forward_warp(torch.ones(4, 4), torch.full((4, 4, 2), 1e9))
    assert not output.any() and not landed.any()


def test_kernels_as_functions():
    d = torch.tensor([-1.5, -1.0, -0.6, -0.25, 0.0, 0.25, 0.49, 0.75, 1.0, 1.5, 3.0])
    torch.testing.assert_close(
        kernel_profile("bilinear", d), (1 - d.abs()).clamp_min(0), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(kernel_profile("nearest", d), (d.abs() < 0.5).float())
    a, x = -0.75, d.abs()
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    keys = torch.where(x <= 1, near, torch.where(x < 2, far, 0.0))
    torch.testing.assert_close(kernel_profile("bicubic", d), keys, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("kernel", "factor", "share"),
    [
        ("nearest", 4, 1 / 16),
        ("bilinear", 2, 1.0),
        ("bilinear", 4, 1 / 4),
        ("bilinear", 8, 1 / 16),
        ("bicubic", 8, 1 / 4),
    ],
)
def test_what_is_read_when_a_picture_is_made_smaller(kernel, factor, share):
    grid = regular_points((64 // factor,) * 2).view(64 // factor, -1, 2)
    assert read_pixels((64, 64), grid, kernel).float().mean().item() == share


def test_twice_as_small_by_bilinear_is_the_average():
    small = shrunk(zone_plate(32), 2, "bilinear")
    assert small.sampled.shape == (16, 16) and small.error < 1e-5
    assert shrunk(zone_plate(32), 4, "bilinear").error > 0.05


def test_rings_are_a_picture_with_all_frequencies():
    image = zone_plate(64)
    assert image.min() >= 0 and image.max() <= 1
    torch.testing.assert_close(image, image.T)
    middle, edge = image[32, 32:38].diff().abs().max(), image[32, -8:].diff().abs().max()
    assert middle < 0.3 < 0.9 < edge
