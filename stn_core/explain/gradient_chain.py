"""The way of the gradient, link by link: from the loss to V, through the sampler to the grid, and
summed up into theta.

dL/dtheta = sum_i dL/dV_i (dV_i/dx_i dx_i/dtheta + dV_i/dy_i dy_i/dtheta), equations (6) and (7) of
the paper. Points are (x, y), y down, normalised to [-1, 1] with ``align_corners=False``; what is
said per pixel is per pixel of the sampler's input.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core.transformer.sampler import Kernel, sample
from stn_core.transformer.transforms import Size, Transform


def pixel_scale(size: Size) -> Tensor:
    """How many normalised units a pixel of an image (H, W) is, along x and y: (2,)."""
    return torch.tensor((2 / size[1], 2 / size[0]))


def sampler_gradient(images: Tensor, grid: Tensor, kernel: Kernel = "bilinear") -> Tensor:
    """dV/dx and dV/dy, equation (7): how much brighter an output pixel gets when its sampling point
    moves right or down by a pixel.

    images (B, C, H, W), grid (B, h, w, 2) -> (B, C, h, w, 2). Zero for the integer kernel
    ("nearest").
    """
    with torch.inference_mode(False), torch.enable_grad():
        images, grid = images.detach().clone(), grid.detach().clone()
        parts = []
        for channel in images.split(1, dim=1):
            points = grid.requires_grad_()
            # V_i depends on its own point alone
            (slope,) = torch.autograd.grad(sample(channel, points, kernel).sum(), points)
            parts.append(slope)
        return torch.stack(parts, dim=1) * pixel_scale((images.shape[2], images.shape[3])).to(grid)


class LossGradient(NamedTuple):
    """The gradient of one image's loss at each link of the chain, without batch dimension."""

    loss: float
    probabilities: Tensor  # (classes,)
    grid: Tensor  # (h, w, 2) normalised points
    output: Tensor  # V (C, h, w)
    of_output: Tensor  # dL/dV (C, h, w)
    of_points: Tensor  # dL/d(x, y) of each grid point, per pixel of the input: (h, w, 2)
    of_theta: Tensor  # dL/dtheta (P,)


def loss_gradient(
    classify: Callable[[Tensor], Tensor],
    image: Tensor,
    label: int,
    transform: Transform,
    theta: Tensor,
    size: Size,
    kernel: Kernel = "bilinear",
) -> LossGradient:
    """The cross-entropy of ``classify(V)`` for the class ``label``, V of ``size`` read from image
    (C, H, W) through T_theta, and its gradient at every link. ``classify`` takes (1, C, h, w) to
    logits (1, classes); theta is (P,)."""
    with torch.inference_mode(False), torch.enable_grad():
        image, theta = image.detach().clone()[None], theta.detach().clone().float().requires_grad_()
        grid = transform.grid(theta[None], size)
        output = sample(image, grid, kernel)
        logits = classify(output)
        loss = F.cross_entropy(logits, torch.tensor([label]))
        of_output, of_grid, of_theta = torch.autograd.grad(loss, (output, grid, theta))
    per_pixel = of_grid[0] * pixel_scale((image.shape[2], image.shape[3]))
    return LossGradient(
        loss.item(),
        logits.detach().softmax(1)[0],
        grid.detach()[0],
        output.detach()[0],
        of_output[0],
        per_pixel,
        of_theta,
    )


def theta_gradient(
    transform: Transform, theta: Tensor, of_points: Tensor, image_size: Size
) -> Tensor:
    """dL/dtheta (P,) from what the loss says to each grid point, per pixel of an input of
    ``image_size``: of_points (h, w, 2).

    The sum of equation (7)'s chain, through T_theta alone.
    """
    height, width = of_points.shape[:2]
    of_grid = of_points / pixel_scale(image_size)
    with torch.inference_mode(False), torch.enable_grad():
        theta = theta.detach().clone().requires_grad_()
        (total,) = torch.autograd.grad(
            transform.grid(theta[None], (height, width)), theta, of_grid.clone()[None]
        )
    return total


def step(theta: Tensor, gradient: Tensor, rate: float, clip: float = 1.0) -> Tensor:
    """One step of gradient descent on theta (P,), with gradients of at most length ``clip``."""
    return theta - rate * gradient * min(1.0, clip / max(gradient.norm().item(), 1e-12))


def loss_along(
    classify: Callable[[Tensor], Tensor],
    image: Tensor,
    label: int,
    transform: Transform,
    theta: Tensor,
    size: Size,
    penalty: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """The loss (N,) of one image (C, H, W) at many theta (N, P), and its gradients (N, P).

    ``penalty`` takes the grids (N, h, w, 2) to what is added to the losses, (N,).
    """
    with torch.inference_mode(False), torch.enable_grad():
        theta = theta.detach().clone().float().requires_grad_()
        grid = transform.grid(theta, size)
        images = image.detach().clone().expand(len(theta), -1, -1, -1)
        losses = F.cross_entropy(
            classify(sample(images, grid)), torch.full((len(theta),), label), reduction="none"
        )
        if penalty is not None:
            losses = losses + penalty(grid)
        (gradient,) = torch.autograd.grad(losses.sum(), theta)
    return losses.detach(), gradient
