"""The sampler against the paper's equations, written out slowly, and against torch."""

from math import floor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from stn_core import TRANSFORMS, kernel_weights, sample

KERNELS = ("nearest", "bilinear", "bicubic")
PADDINGS = ("zeros", "border")
SIZES = [(5, 7), (6, 4), (7, 7), (1, 3), (8, 8)]

every_kernel = pytest.mark.parametrize("kernel", KERNELS)
every_padding = pytest.mark.parametrize("padding", PADDINGS)
every_size = pytest.mark.parametrize("size", SIZES)


def regular_grid(size, count=1):
    return TRANSFORMS["affine"].grid(TRANSFORMS["affine"].identity().expand(count, 6), size)


def random(*shape, seed=0, dtype=torch.float32):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def normalised(points, size):
    """Pixel coordinates (..., 2), each (x, y), in [-1, 1]."""
    return (2 * points + 1) / torch.tensor((size[1], size[0]), dtype=points.dtype) - 1


def integer(distance):  # equation (4)
    return float(floor(distance + 0.5) == 0)


def bilinear(distance):  # equation (5)
    return max(0.0, 1 - abs(distance))


def keys(distance, a=-0.75):  # Keys 1981, with the constant of torch and OpenCV
    d = abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


REFERENCE = {"nearest": integer, "bilinear": bilinear, "bicubic": keys}


def slowly(image, x, y, kernel, padding):
    """Equation (3) for an image (C, H, W) at pixel (x, y), with zeros or the edge outside."""
    k = REFERENCE[kernel]
    _, height, width = image.shape
    total = np.zeros(len(image))
    for n in range(floor(y) - 3, floor(y) + 5):
        for m in range(floor(x) - 3, floor(x) + 5):
            if padding == "border" or (0 <= n < height and 0 <= m < width):
                total += (
                    image[:, min(max(n, 0), height - 1), min(max(m, 0), width - 1)]
                    * k(x - m)
                    * k(y - n)
                )
    return total


@every_size
@every_kernel
@every_padding
def test_identity_returns_the_input(size, kernel, padding):
    images = random(2, 3, *size)
    torch.testing.assert_close(
        sample(images, regular_grid(size, 2), kernel, padding), images, atol=2e-6, rtol=0
    )


@every_size
@every_kernel
@every_padding
def test_values_follow_the_paper_s_equations(size, kernel, padding):
    images = random(1, 2, *size, dtype=torch.float64)
    extent = torch.tensor((size[1], size[0]), dtype=torch.float64)
    # from two pixels outside to two pixels outside
    points = random(4, 5, 2, seed=1, dtype=torch.float64) * (extent + 4) - 2.5
    output = sample(images, normalised(points, size)[None], kernel, padding)
    expected = [
        [slowly(images[0].numpy(), x, y, kernel, padding) for x, y in row]
        for row in points.tolist()
    ]
    np.testing.assert_allclose(output[0].permute(1, 2, 0), expected, atol=1e-9)


@every_kernel
@every_padding
def test_float32_values_follow_the_equations_too(kernel, padding):
    images = random(1, 1, 28, 28)
    points = random(8, 8, 2, seed=2) * 30 - 1.5
    output = sample(images, normalised(points, (28, 28))[None], kernel, padding)
    expected = [
        [slowly(images[0].numpy(), x, y, kernel, padding)[0] for x, y in row]
        for row in points.tolist()
    ]
    np.testing.assert_allclose(output[0, 0], expected, atol=2e-5)


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@every_padding
def test_nearest_breaks_exact_ties_upwards(width, padding):
    """Half-way between two columns floor(x + 0.5) takes the right one; on the image's right edge
    that is the outside."""
    images = torch.arange(1.0, width + 1).view(1, 1, 1, width)
    ties = torch.arange(-1, width) + 0.5
    grid = torch.stack(
        (normalised(torch.stack((ties, ties), dim=-1), (1, width))[:, 0], torch.zeros(width + 1)),
        dim=-1,
    )
    expected = [*range(1, width + 1), 0 if padding == "zeros" else width]
    assert sample(images, grid[None, None], "nearest", padding).flatten().tolist() == expected


@pytest.mark.parametrize("size", [(6, 28), (28, 42), (60, 6)])
def test_nearest_takes_the_lower_right_pixel_at_the_centre_of_an_even_image(size):
    images = random(1, 1, *size)
    assert (
        sample(images, torch.zeros(1, 1, 1, 2), "nearest").item()
        == images[0, 0, size[0] // 2, size[1] // 2]
    )


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_enlarging_agrees_with_torch_interpolate(kernel, factor):
    images = random(2, 3, 6, 5)
    size = (6 * factor, 5 * factor)
    expected = F.interpolate(images, size, mode=kernel, align_corners=False)
    torch.testing.assert_close(
        sample(images, regular_grid(size, 2), kernel, "border"), expected, atol=1e-5, rtol=0
    )


@every_kernel
def test_outside_lie_zeros_or_the_edge(kernel):
    images = 1 + random(1, 1, 5, 6)
    corners = 3 * torch.tensor([[[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]]])
    assert sample(images, corners, kernel, "zeros").flatten().tolist() == [0, 0, 0, 0]
    edge = torch.stack(
        (images[0, 0, 0, 0], images[0, 0, 0, -1], images[0, 0, -1, -1], images[0, 0, -1, 0])
    )
    torch.testing.assert_close(sample(images, corners, kernel, "border").flatten(), edge)


def points_off_the_kinks(size, count):
    """Pixel points inside the image whose fractional parts lie in [0.2, 0.8]."""
    whole = torch.stack([torch.arange(count) % (side - 1) for side in (size[1], size[0])], dim=-1)
    return whole + 0.2 + 0.6 * random(count, 2, seed=3, dtype=torch.float64)


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@every_padding
def test_gradients_agree_with_finite_differences(kernel, padding):
    images = random(1, 2, 5, 4, dtype=torch.float64).requires_grad_()
    grid = normalised(points_off_the_kinks((5, 4), 6), (5, 4)).view(1, 2, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda u, g: sample(u, g, kernel, padding), (images, grid))


def test_bilinear_gradients_are_equations_6_and_7():
    height, width = size = (5, 6)
    images = random(1, 1, *size, dtype=torch.float64).requires_grad_()
    for x, y in points_off_the_kinks(size, 8).tolist():
        grid = (
            normalised(torch.tensor([x, y], dtype=torch.float64), size)
            .view(1, 1, 1, 2)
            .requires_grad_()
        )
        by_pixel, by_grid = torch.autograd.grad(sample(images, grid).sum(), (images, grid))
        expected = [
            [bilinear(x - m) * bilinear(y - n) for m in range(width)] for n in range(height)
        ]
        np.testing.assert_allclose(by_pixel[0, 0], expected, atol=1e-12)

        def side(m, at):
            return 0 if abs(m - at) >= 1 else 1 if m >= at else -1

        u = images.detach()[0, 0].numpy()
        pixels = [(n, m) for n in range(height) for m in range(width)]
        by_x = sum(u[n, m] * bilinear(y - n) * side(m, x) for n, m in pixels)
        by_y = sum(u[n, m] * bilinear(x - m) * side(n, y) for n, m in pixels)
        np.testing.assert_allclose(
            by_grid.flatten(), [by_x * width / 2, by_y * height / 2], atol=1e-12
        )


def test_nearest_passes_no_gradient_to_the_grid_but_one_to_the_image():
    images, grid = random(1, 1, 5, 6).requires_grad_(), (random(1, 3, 4, 2) - 0.5).requires_grad_()
    by_pixel, by_grid = torch.autograd.grad(
        sample(images, grid, "nearest").sum(), (images, grid), allow_unused=True
    )
    assert by_grid is None or not by_grid.any()
    assert by_pixel.sum() == 12


sizes = st.tuples(st.integers(1, 6), st.integers(1, 6))
points = st.tuples(st.floats(-1.5, 1.5, width=32), st.floats(-1.5, 1.5, width=32))


@given(points, sizes, st.sampled_from(KERNELS), st.sampled_from(PADDINGS))
def test_kernel_weights_add_up_to_the_sample(point, size, kernel, padding):
    images = random(1, 1, *size)
    pixels, weights = kernel_weights(point, size, kernel, padding)
    assert pixels.shape == (len(weights), 2) and pixels.dtype == torch.int64
    x, y = pixels.unbind(1)
    assert ((x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])).all() and (weights != 0).all()
    assert len(pixels.unique(dim=0)) == len(pixels)
    value = sample(images, torch.tensor(point).view(1, 1, 1, 2), kernel, padding).item()
    assert (weights * images[0, 0, y, x]).sum().item() == pytest.approx(value, abs=1e-5)


@given(
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.integers(5, 9), st.integers(5, 9)),
    st.sampled_from(KERNELS),
)
def test_weights_sum_to_one_inside(fraction, size, kernel):
    margin = 1 if kernel == "bicubic" else 0  # pixels that the kernel wants around the point
    pixel = [
        margin + f * (side - 1 - 2 * margin)
        for f, side in zip(fraction, (size[1], size[0]), strict=True)
    ]
    point = tuple(normalised(torch.tensor(pixel), size).tolist())
    for padding in PADDINGS:
        assert kernel_weights(point, size, kernel, padding).weights.sum().item() == pytest.approx(
            1, abs=1e-5
        )


@given(points, sizes, st.sampled_from(KERNELS))
def test_weights_always_sum_to_one_with_border_padding(point, size, kernel):
    assert kernel_weights(point, size, kernel, "border").weights.sum().item() == pytest.approx(
        1, abs=1e-5
    )


def test_known_weights():
    pixels, weights = kernel_weights((0.0, 0.0), (2, 2))
    assert (
        sorted(pixels.tolist()) == [[0, 0], [0, 1], [1, 0], [1, 1]]
        and weights.tolist() == [0.25] * 4
    )
    # the centre of column 1, row 1
    pixels, weights = kernel_weights((-0.25, 0.5), (2, 4), "nearest")
    assert pixels.tolist() == [[1, 1]] and weights.tolist() == [1]
    # on the edge half the weight lies outside
    assert kernel_weights((-1.0, 0.0), (1, 2)).weights.tolist() == [0.5]
    assert len(kernel_weights((5.0, 0.0), (4, 4)).pixels) == 0


@every_kernel
@every_padding
@pytest.mark.parametrize("far", [1e4, 1e9, 1e18, -1e18, 3e18])
def test_far_away_points_give_finite_values(kernel, padding, far):
    images = random(1, 1, 5, 6)
    grid = torch.tensor([[[[far, 0.0], [0.0, far], [far, -far]]]])
    output = sample(images, grid, kernel, padding)
    assert output.isfinite().all()
    assert padding == "border" or not output.any()


@pytest.mark.parametrize(
    ("images", "grid", "words"),
    [
        ((3, 4, 4), (1, 2, 2, 2), ["(B, C, H, W)", "(3, 4, 4)"]),
        ((2, 1, 4, 4), (2, 2, 2), ["(2, h, w, 2)", "(2, 1, 4, 4)", "(2, 2, 2)"]),
        ((2, 1, 4, 4), (3, 2, 2, 2), ["(2, h, w, 2)", "(3, 2, 2, 2)"]),
        ((2, 1, 4, 4), (2, 2, 2, 3), ["(2, h, w, 2)", "(2, 2, 2, 3)"]),
    ],
)
def test_shapes_that_do_not_fit_are_refused(images, grid, words):
    with pytest.raises(ValueError) as error:
        sample(torch.zeros(images), torch.zeros(grid))
    assert all(word in str(error.value) for word in words)


def test_unknown_kernels_and_paddings_are_refused():
    images, grid = torch.zeros(1, 1, 4, 4), torch.zeros(1, 2, 2, 2)
    with pytest.raises(ValueError, match=r"nearest, bilinear, bicubic.*'lanczos'"):
        sample(images, grid, "lanczos")
    with pytest.raises(ValueError, match=r"zeros or border.*'wrap'"):
        sample(images, grid, "bilinear", "wrap")


@every_kernel
def test_works_in_inference_mode(kernel):
    images, grid = random(1, 1, 5, 6), random(1, 3, 3, 2) - 0.5
    with torch.inference_mode():
        inside, weights = sample(images, grid, kernel), kernel_weights((0.1, 0.2), (5, 6), kernel)
    assert torch.equal(inside, sample(images, grid, kernel))
    assert torch.equal(weights.weights, kernel_weights((0.1, 0.2), (5, 6), kernel).weights)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_output_has_the_images_dtype_and_the_grid_s_precision(dtype):
    images, grid = random(1, 1, 28, 28).to(dtype), random(1, 9, 9, 2) - 0.5
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = sample(images, grid)
    assert output.dtype == dtype
    assert torch.equal(output, sample(images.float(), grid).to(dtype))


def test_an_empty_batch_gives_an_empty_batch():
    assert sample(torch.zeros(0, 1, 4, 4), torch.zeros(0, 3, 5, 2)).shape == (0, 1, 3, 5)
