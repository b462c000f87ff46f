"""The traps: each mistake does what it is said to do, and doing it right does not."""

from itertools import islice

import pytest
import torch
import torch.nn.functional as F

from stn_core import TRANSFORMS, sample
from stn_core.data.mnist import gallery
from stn_core.explain.pitfalls import (
    corner_error,
    out_of_bounds_penalty,
    outside,
    repeated_identity,
    sample_mean_subtracted,
    small_model_size,
    small_samples,
    train_tiny_stn,
)

DIGIT = gallery().images[2000][None, None].float() / 255
ATTENTION = TRANSFORMS["attention"]


def window(scale, tx=0.0, ty=0.0, size=(28, 28)):
    return ATTENTION.grid(torch.tensor([[scale, tx, ty]]), size)


def test_the_frame_is_as_grey_as_the_mean_and_only_outside():
    grid = window(2.0)
    right, wrong = sample(DIGIT, grid), sample_mean_subtracted(DIGIT, grid, 0.4)
    far = ((grid.abs() > 1 + 1 / 28).any(-1))[:, None]
    torch.testing.assert_close(wrong[far], torch.full_like(wrong[far], 0.4))
    assert not right[far].any()
    inside = (grid.abs() < 1 - 1 / 28).all(-1)[:, None]
    torch.testing.assert_close(wrong[inside], right[inside], atol=1e-5, rtol=0)


def test_no_mean_no_frame():
    torch.testing.assert_close(
        sample_mean_subtracted(DIGIT, window(2.0), 0.0), sample(DIGIT, window(2.0))
    )


@pytest.mark.parametrize("convention", [True, False])
@pytest.mark.parametrize("shape", [(28, 28), (5, 8), (7, 6)])
def test_one_convention_is_the_identity(shape, convention):
    image = torch.rand(2, 1, *shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        repeated_identity(image, 10, convention, convention), image, atol=1e-4, rtol=0
    )


@pytest.mark.parametrize(
    ("made", "read", "factor"), [(True, False, 27 / 28), (False, True, 28 / 27)]
)
def test_two_conventions_change_the_size_by_one_pixel_a_pass(made, read, factor):
    once = repeated_identity(DIGIT, 1, made, read)
    grid = F.affine_grid(
        torch.tensor([[[1 / factor, 0.0, 0.0], [0.0, 1 / factor, 0.0]]]),
        [1, 1, 28, 28],
        align_corners=False,
    )
    torch.testing.assert_close(once, sample(DIGIT, grid), atol=1e-4, rtol=0)
    spread = [width(repeated_identity(DIGIT, passes, made, read)) for passes in (0, 5, 10)]
    assert (spread[0] > spread[1] > spread[2]) if made else (spread[0] < spread[1] < spread[2])


def width(image):
    """The standard deviation of where the ink is, along x."""
    ink, x = image[0, 0].sum(0), torch.arange(28.0)
    mean = (ink * x).sum() / ink.sum()
    return ((ink * (x - mean).square()).sum() / ink.sum()).sqrt().item()


@pytest.mark.parametrize(
    ("made", "read", "error"),
    [(True, False, -0.5), (False, True, 0.5 - 0.5 / 28), (True, True, 0.0)],
)
def test_the_corner_is_read_beside_itself(made, read, error):
    assert corner_error((28, 28), made, read) == pytest.approx((error, error), abs=1e-5)


def test_outside_counts_the_points_beyond_the_edge():
    grid = torch.tensor([[[[0.0, 0.0], [1.0, -1.0], [1.01, 0.0], [0.0, -3.0]]]])
    assert outside(grid).item() == 0.5
    assert outside(window(1.0)).item() == 0 and outside(window(1.0, 9.0)).item() == 1


def test_the_leash_pulls_only_from_outside():
    theta = torch.tensor([[0.5, 0.2, 0.0], [0.5, 3.0, 0.0], [0.5, 0.0, -3.0]], requires_grad=True)
    values = out_of_bounds_penalty(ATTENTION.grid(theta, (7, 7)))
    (gradient,) = torch.autograd.grad(values.sum(), theta)
    assert values[0] == 0 and not gradient[0].any()
    assert gradient[1, 1] > 0 and gradient[2, 2] < 0  # against it leads back to the image
    grid = torch.tensor([[[[3.0, -1.5]]]])
    assert out_of_bounds_penalty(grid).item() == pytest.approx(2.0**2 + 0.5**2)


def test_a_small_run_learns_and_is_the_same_every_time():
    first, second = (list(train_tiny_stn(1.0, steps=60, every=20)) for _ in range(2))
    assert [moment.step for moment in first] == [0, 20, 40, 60]
    assert [m.error for m in first] == [m.error for m in second] and first[-1].loss == second[
        -1
    ].loss
    assert first[-1].error < first[0].error - 5
    identity = TRANSFORMS["affine"].identity()
    torch.testing.assert_close(first[0].theta, identity.expand_as(first[0].theta))
    torch.testing.assert_close(first[0].outputs, small_samples(), atol=1e-5, rtol=0)
    assert (first[-1].theta - identity).abs().max() > 0.01


def test_without_a_rate_the_localiser_stays_where_it_is():
    *_, last = train_tiny_stn(0.0, steps=20)
    torch.testing.assert_close(last.theta, TRANSFORMS["affine"].identity().expand_as(last.theta))


def test_a_rate_too_high_loses_the_image():
    *_, last = train_tiny_stn(100.0, steps=100, every=50)
    assert last.outside > 0.9 and last.error > 80


def test_a_run_that_nobody_watches_computes_nothing_and_leaves_the_seeds_alone():
    state = torch.random.get_rng_state()
    moments = list(islice(train_tiny_stn(1.0, steps=10_000_000), 2))
    assert [moment.step for moment in moments] == [0, 20]
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_run_within_inference_mode_is_a_run():
    with torch.inference_mode():
        *_, last = train_tiny_stn(1.0, steps=20)
    assert last.theta.shape == (6, 6) and small_model_size() > 10_000
