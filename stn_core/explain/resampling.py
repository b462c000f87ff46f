"""What resampling does to pixels: forward warping, the kernels' weights, and aliasing."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core.data.mnist import gallery
from stn_core.explain.gradient_chain import sampler_gradient
from stn_core.explain.readings import to_pixels
from stn_core.transformer.sampler import Kernel, sample
from stn_core.transformer.transforms import Size, regular_points


def forward_warp(image: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """The map used the wrong way round: every *input* pixel of image (H, W) is carried to where
    grid (H, W, 2) says, rounded to a whole pixel of an output of that size.

    Returns the output (H, W) and how many input pixels landed on each of its pixels (H, W); where
    none did is a hole.
    """
    height, width = image.shape
    column, row = (
        to_pixels(grid, (height, width)).add(0.5).floor().clamp(-1e6, 1e6).long().unbind(-1)
    )
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    place = (row * width + column)[inside]
    output = torch.zeros(height * width).scatter_reduce(0, place, image[inside].float(), "amax")
    landed = torch.zeros(height * width).scatter_add(0, place, torch.ones(len(place)))
    return output.view(height, width), landed.view(height, width)


def kernel_profile(kernel: Kernel, distances: Tensor) -> Tensor:
    """k(d): the weight of a pixel whose centre lies d pixels from the sampling point along x;
    distances (N,) -> (N,), up to 4.

    Read off ``sample`` itself: what it makes of an image with one white pixel.
    """
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4, 4] = 1
    # the white pixel's centre is the origin
    points = torch.stack((distances.float() * 2 / 9, torch.zeros(len(distances))), dim=1)
    return sample(image, points.view(1, 1, -1, 2), kernel)[0, 0, 0]


def read_pixels(size: Size, grid: Tensor, kernel: Kernel) -> Tensor:
    """Which pixels of an image (H, W) have any weight in any output pixel of grid (h, w, 2): (H, W)
    bool. The others are never looked at, and the loss says nothing to them."""
    with torch.inference_mode(False), torch.enable_grad():
        image = torch.zeros(1, 1, *size, requires_grad=True)
        values = sample(image, grid.clone()[None], kernel)
        # so that no weights cancel
        some = torch.rand(values.shape, generator=torch.Generator().manual_seed(0)) + 1
        (weights,) = torch.autograd.grad((some * values).sum(), image)
    return weights[0, 0] != 0


def slope_at(image: Tensor, point: tuple[float, float], kernel: Kernel) -> tuple[float, float]:
    """dV/dx and dV/dy of an image (H, W) read at a normalised point (x, y): how much brighter V
    gets if the point moves right, or down, by a pixel (equation 7)."""
    at = torch.tensor(point).view(1, 1, 1, 2)
    dx, dy = sampler_gradient(image[None, None], at, kernel).flatten().tolist()
    return dx, dy


def zone_plate(side: int) -> Tensor:
    """A zone plate (side, side) in [0, 1]: rings that grow finer outwards, up to one pixel light
    and one dark in the middle of each edge, so that every frequency that an image of this size can
    hold is somewhere in it."""
    x, y = regular_points((side, side)).view(side, side, 2).unbind(-1)
    return 0.5 + 0.5 * torch.cos(math.pi * side / 4 * (x.square() + y.square()))


def digit_sheet() -> Tensor:
    """Sixteen gallery digits of all classes on one picture (128, 128) in [0, 1]."""
    digits = F.pad(gallery().images[7:8000:311][:16].float() / 255, (2, 2, 2, 2))  # (16, 32, 32)
    return digits.view(4, 4, 32, 32).permute(0, 2, 1, 3).reshape(128, 128)


@dataclass(frozen=True)
class Shrunk:
    """A picture made smaller by a factor: what the sampler alone does, and what it should be."""

    grid: Tensor  # (h, w, 2), the identity at the output's size
    sampled: Tensor  # (h, w)
    averaged: Tensor  # (h, w), the mean of the area behind each output pixel
    error: float  # root mean square difference of the two


def shrunk(image: Tensor, factor: float, kernel: Kernel) -> Shrunk:
    """image (H, W) down-scaled through the identity grid of a smaller output, as a transformer of
    smaller output size does it."""
    size = (max(round(image.shape[0] / factor), 1), max(round(image.shape[1] / factor), 1))
    grid = regular_points(size).view(1, *size, 2)
    sampled = sample(image[None, None], grid, kernel)[0, 0]
    averaged = F.interpolate(image[None, None], size=size, mode="area")[0, 0]
    return Shrunk(grid[0], sampled, averaged, (sampled - averaged).square().mean().sqrt().item())
