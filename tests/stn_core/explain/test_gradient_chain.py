"""The gradient link by link, against autograd, finite differences and the paper's formulas."""

import pytest
import torch
import torch.nn.functional as F

from stn_core import TRANSFORMS, create_model, sample
from stn_core.data.mnist import gallery
from stn_core.explain.gradient_chain import (
    loss_along,
    loss_gradient,
    pixel_scale,
    sampler_gradient,
    step,
    theta_gradient,
)
from stn_core.explain.readings import to_pixels

FAMILIES = list(TRANSFORMS)
SIZE, OUT = (9, 12), (5, 7)  # neither square nor of the same size


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, *SIZE, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def classify():
    torch.manual_seed(0)
    weights = torch.randn(3, OUT[0] * OUT[1]) * 2
    return lambda values: values.flatten(1) @ weights.T


def off_the_grid(name, seed=0):
    """A theta near the identity with no sampling point on a pixel's centre or the edge."""
    generator = torch.Generator().manual_seed(seed)
    identity = TRANSFORMS[name].identity()
    return 0.9 * identity + 0.05 * torch.randn(len(identity), generator=generator)


def test_the_sampler_gradient_is_equation_7(image):
    grid = TRANSFORMS["affine"].grid(off_the_grid("affine")[None], OUT)
    points = to_pixels(grid[0], SIZE)
    expected = torch.zeros(*OUT, 2)
    for i in range(OUT[0]):
        for j in range(OUT[1]):
            x, y = points[i, j].tolist()
            for n in range(SIZE[0]):
                for m in range(SIZE[1]):
                    u = image[0, n, m].item()

                    def sign(p, q):
                        return 0 if abs(q - p) >= 1 else 1 if q >= p else -1

                    expected[i, j, 0] += u * max(0, 1 - abs(y - n)) * sign(x, m)
                    expected[i, j, 1] += u * max(0, 1 - abs(x - m)) * sign(y, n)
    torch.testing.assert_close(
        sampler_gradient(image[None], grid)[0, 0], expected, atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_the_sampler_gradient_is_a_difference_per_pixel(image, kernel):
    images, grid = (
        image[None].double(),
        TRANSFORMS["affine"].grid(off_the_grid("affine")[None].double(), OUT),
    )
    slope = sampler_gradient(images, grid, kernel)
    for axis in range(2):
        move = torch.zeros(2, dtype=torch.float64)
        move[axis] = 1e-5 * pixel_scale(SIZE)[axis]
        difference = (
            sample(images, grid + move, kernel) - sample(images, grid - move, kernel)
        ) / 2e-5
        torch.testing.assert_close(slope[..., axis], difference, atol=1e-6, rtol=1e-4)


def test_the_integer_kernel_has_no_gradient(image, classify):
    theta = off_the_grid("affine")
    grid = TRANSFORMS["affine"].grid(theta[None], OUT)
    assert not sampler_gradient(image[None], grid, "nearest").any()
    answer = loss_gradient(classify, image, 1, TRANSFORMS["affine"], theta, OUT, "nearest")
    assert not answer.of_points.any() and not answer.of_theta.any()
    assert answer.of_output.any()  # the loss has a wish, but nobody passes it on


@pytest.mark.parametrize("name", FAMILIES)
def test_the_gradient_of_theta_is_that_of_autograd_and_of_finite_differences(image, classify, name):
    transform, theta = TRANSFORMS[name], off_the_grid(name)
    answer = loss_gradient(classify, image, 2, transform, theta, OUT)
    leaf = theta.clone().requires_grad_()
    loss = F.cross_entropy(
        classify(sample(image[None], transform.grid(leaf[None], OUT))), torch.tensor([2])
    )
    (expected,) = torch.autograd.grad(loss, leaf)
    assert answer.loss == pytest.approx(loss.item(), rel=1e-5)
    torch.testing.assert_close(answer.of_theta, expected, atol=1e-4, rtol=1e-4)

    def exactly(value):
        logits = (
            sample(image[None].double(), transform.grid(value[None], OUT)).flatten(1)
            @ weights(classify).T
        )
        return F.cross_entropy(logits, torch.tensor([2]))

    for i in range(0, len(theta), max(len(theta) // 6, 1)):
        move = torch.zeros(len(theta), dtype=torch.float64)
        move[i] = 1e-6
        difference = (exactly(theta.double() + move) - exactly(theta.double() - move)) / 2e-6
        assert answer.of_theta[i].item() == pytest.approx(difference.item(), rel=1e-2, abs=1e-3)


def weights(classify):
    return classify(torch.eye(OUT[0] * OUT[1]).view(-1, 1, *OUT)).T.double()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_pulls_on_the_points_sum_up_to_the_gradient_of_theta(image, classify, name):
    transform, theta = TRANSFORMS[name], off_the_grid(name)
    answer = loss_gradient(classify, image, 0, transform, theta, OUT)
    torch.testing.assert_close(
        theta_gradient(transform, theta, answer.of_points, SIZE),
        answer.of_theta,
        atol=1e-4,
        rtol=1e-4,
    )


def test_the_chain_rule_link_by_link(image, classify):
    answer = loss_gradient(classify, image, 0, TRANSFORMS["affine"], off_the_grid("affine"), OUT)
    slope = sampler_gradient(image[None], answer.grid[None])[0, 0]
    torch.testing.assert_close(
        answer.of_points, answer.of_output[0, ..., None] * slope, atol=1e-5, rtol=1e-4
    )


def test_a_translation_gathers_the_pulls(image, classify):
    answer = loss_gradient(
        classify, image, 0, TRANSFORMS["translation"], torch.tensor([0.03, -0.02]), OUT
    )
    expected = answer.of_points.sum((0, 1)) / pixel_scale(SIZE)
    torch.testing.assert_close(answer.of_theta, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("gradient", "moved"),
    [((3.0, 4.0), (-0.06, -0.08)), ((0.3, 0.4), (-0.03, -0.04)), ((0.0, 0.0), (0, 0))],
)
def test_a_step_goes_against_the_gradient_and_no_further_than_the_rate(gradient, moved):
    torch.testing.assert_close(
        step(torch.ones(2), torch.tensor(gradient), 0.1),
        1 + torch.tensor(moved, dtype=torch.float32),
    )


def test_small_steps_make_the_loss_smaller(image, classify):
    transform, theta = TRANSFORMS["affine"], off_the_grid("affine")
    losses = []
    for _ in range(5):
        answer = loss_gradient(classify, image, 0, transform, theta, OUT)
        losses.append(answer.loss)
        theta = step(theta, answer.of_theta, 0.002)
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


def test_many_theta_at_once_are_the_same_as_one_by_one(image, classify):
    transform = TRANSFORMS["attention"]
    theta = torch.stack([off_the_grid("attention", seed) for seed in range(4)])

    def penalty(grid):
        return grid.square().sum((1, 2, 3))

    losses, gradient = loss_along(classify, image, 1, transform, theta, OUT)
    held, pulled = loss_along(classify, image, 1, transform, theta, OUT, penalty)
    for i in range(4):
        answer = loss_gradient(classify, image, 1, transform, theta[i], OUT)
        assert losses[i].item() == pytest.approx(answer.loss, rel=1e-5)
        torch.testing.assert_close(gradient[i], answer.of_theta, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        held - losses, penalty(transform.grid(theta, OUT)), atol=1e-4, rtol=1e-4
    )
    assert (pulled != gradient).any()


def test_a_model_that_everybody_uses_is_left_as_it_is():
    torch.manual_seed(0)
    model = create_model("cnn", filters=4).eval()
    image = gallery().images[0][None].float() / 255
    with torch.inference_mode():  # as on a page
        answer = loss_gradient(
            model.classify,
            image,
            0,
            TRANSFORMS["affine"],
            TRANSFORMS["affine"].identity(),
            (28, 28),
        )
    assert answer.of_theta.any() and all(parameter.grad is None for parameter in model.parameters())
