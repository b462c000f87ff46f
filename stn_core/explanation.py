"""What a page draws and says of a transformer's answer: curves of the sampling grid, and what theta says, as figures and facts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core.sampler import Kernel, sample
from stn_core.transforms import Affine, Size, ThinPlateSpline, Transform, regular_points

FAR = 20.0  # curves are cut off here, normalised; far outside every picture


def to_pixels(points: Tensor, size: Size) -> Tensor:
    """Normalised points (..., 2) as pixels of an image of ``size`` (H, W): pixel j has its centre at j, the edge lies at -0.5."""
    extent = torch.tensor((size[1], size[0]), dtype=points.dtype)
    return ((points + 1) * extent - 1) / 2


@dataclass(frozen=True)
class GridCurves:
    """The sampling grid as curves over the transformer's input, in its pixels. Each curve is (N, 2) points (x, y)."""

    mesh: list[Tensor]  # the images of equidistant lines of the output, across and down
    border: Tensor  # the image of the output's frame, closed, from the top left corner clockwise
    top: Tensor  # the side of the frame that is the output's upper edge
    control: Tensor | None = None  # a spline's control points, (K, 2)


def grid_curves(transform: Transform, theta: Tensor, size: Size, lines: int = 9) -> GridCurves:
    """T_theta of ``lines`` lines each way and of the frame of the output, for one theta (P,), in pixels of an input of ``size``."""
    points = 2 if isinstance(transform, Affine) else 25  # straight lines stay straight, and need but their ends
    along, across = torch.linspace(-1, 1, points), torch.linspace(-1, 1, lines)
    rows = torch.stack(torch.meshgrid(across, along, indexing="ij")[::-1], dim=-1)  # (lines, points, 2), constant y
    target = torch.cat((rows, rows.flip(-1)))  # the same the other way round: constant x
    source = transform.warp(theta[None].float(), target.flatten(0, 1))[0].clamp(-FAR, FAR)
    curves = to_pixels(source, size).view(2, lines, points, 2)
    top, bottom, left, right = curves[0, 0], curves[0, -1], curves[1, 0], curves[1, -1]
    border = torch.cat((top, right[1:], bottom.flip(0)[1:], left.flip(0)[1:]))
    control = None
    if isinstance(transform, ThinPlateSpline):
        control = to_pixels(theta.float().view(-1, 2).clamp(-FAR, FAR), size)
    return GridCurves([*curves[0, 1:-1], *curves[1, 1:-1]], border, top, control)


@dataclass(frozen=True)
class Reading:
    """One line of what theta says: a name, the figure with its unit, and what is worth a word of it, for any language to say.

    The ``facts`` and their figures: clockwise or anticlockwise {degrees} · mirrored · sized {factor} · sheared · moved {right or
    left, down or up: pixels} · perspective · bent {pixels}.
    """

    name: str
    figure: str
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def readings(transform: Transform, theta: Tensor, size: Size) -> list[Reading]:
    """theta (P,) of one image in quantities of the family, for an input of ``size``: degrees, factors and pixels of the input.

    Everything describes the window that the grid cuts out of the input, since T_theta maps output to input.
    """
    parts: dict[str, Any] = {name: value[0].tolist() for name, value in transform.decompose(theta[None].float()).items()}
    lines = []
    if "rotation" in parts:
        degrees = math.degrees(parts["rotation"])
        turn = {"clockwise" if degrees > 0 else "anticlockwise": {"degrees": f"{abs(degrees):.0f}"}} if round(abs(degrees)) else {}
        lines.append(Reading("rotation", signed(degrees, 1) + "°", turn))
    if "scale" in parts:
        factors = parts["scale"] if isinstance(parts["scale"], list) else [parts["scale"]] * 2
        figure = " × ".join(dict.fromkeys(f"{f:.2f}" for f in factors))
        area = math.sqrt(abs(factors[0] * factors[1]))
        facts: dict[str, dict[str, str]] = {"mirrored": {}} if factors[0] * factors[1] < 0 else {}
        facts |= {"sized": {"factor": f"{area:.2f}"}} if abs(area - 1) >= 0.02 else {}
        lines.append(Reading("scale", figure.replace("-", "−"), facts))
    if "shear" in parts:
        lines.append(Reading("shear", signed(parts["shear"], 2), {"sheared": {}} if abs(parts["shear"]) >= 0.1 else {}))
    if "translation" in parts:
        x, y = (shift * side / 2 for shift, side in zip(parts["translation"], (size[1], size[0]), strict=True))
        moves = {"right" if x > 0 else "left": f"{abs(x):.0f}"} if round(abs(x)) else {}
        moves |= {"down" if y > 0 else "up": f"{abs(y):.0f}"} if round(abs(y)) else {}
        lines.append(Reading("shift", f"{signed(x, 1)}, {signed(y, 1)} px", {"moved": moves} if moves else {}))
    if "perspective" in parts:
        x, y = parts["perspective"]
        seen: dict[str, dict[str, str]] = {"perspective": {}} if max(abs(x), abs(y)) >= 0.05 else {}
        lines.append(Reading("perspective", f"{signed(x, 2)}, {signed(y, 2)}", seen))
    if "bending" in parts:
        pixels = parts["bending"] * size[1] / 2
        lines.append(Reading("bending", f"{pixels:.1f} px", {"bent": {"pixels": f"{pixels:.1f}"}} if pixels >= 0.2 else {}))
    return lines


def signed(value: float, decimals: int) -> str:
    """A figure with a typographic sign; no sign at zero."""
    text = f"{abs(value):.{decimals}f}"
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


PROPERTIES = ("size", "direction", "angles", "parallels", "lines")  # what a transformation may keep, from the weakest family on
KEEPS = {  # what every member of a family keeps; each family keeps less than the one before it
    "translation": frozenset(PROPERTIES),
    "attention": frozenset(PROPERTIES[1:]),
    "similarity": frozenset(PROPERTIES[2:]),
    "affine": frozenset(PROPERTIES[3:]),
    "projective": frozenset(PROPERTIES[4:]),
    "tps": frozenset(),
}
CONTAINS = {  # the families whose every member is also a member of this one
    "translation": (),
    "attention": ("translation",),
    "similarity": ("translation", "attention"),
    "affine": ("translation", "attention", "similarity"),
    "projective": ("translation", "attention", "similarity", "affine"),
    "tps": ("translation", "attention", "similarity", "affine"),
}


def distortion_of(transform: Transform, theta: Tensor, cells: int = 12) -> dict[str, float]:
    """By how much T_theta breaks each of ``PROPERTIES``, measured on a net of ``cells`` x ``cells`` squares; theta (P,).

    size: the largest factor by which a side of a cell grows or shrinks, at least 1 · direction: the largest angle by which a side
    turns, degrees · angles: the largest departure of a cell's corner from 90 degrees · parallels: the largest angle between two
    sides that were parallel, degrees · lines: the largest distance of a point of a line of the net from the straight line through
    its ends, normalised.
    """
    side = torch.linspace(-1, 1, cells + 1, dtype=torch.float64)
    net = torch.stack(torch.meshgrid(side, side, indexing="ij")[::-1], dim=-1)  # (rows, columns, 2)
    source = transform.warp(theta[None].double(), net.flatten(0, 1))[0].clamp(-FAR, FAR).view_as(net)
    across, down = source[:, 1:] - source[:, :-1], source[1:] - source[:-1]  # sides (rows, cells, 2), (cells, columns, 2)
    lengths = torch.cat((across.flatten(0, 1), down.flatten(0, 1))).norm(dim=-1).clamp_min(1e-9) * cells / 2
    turned = torch.cat((_angle(across).flatten(), _angle(down.flip(-1) * torch.tensor((1.0, -1.0))).flatten()))
    corner = _between(across[:-1], down[:, :-1])
    spread = [_between(sides.flatten(0, 1), sides[0, 0].expand(cells * (cells + 1), 2)) for sides in (across, down)]
    chords = [_off_chord(source), _off_chord(source.transpose(0, 1))]
    return {
        "size": torch.maximum(lengths, 1 / lengths).max().item(),
        "direction": turned.abs().max().item(),
        "angles": (corner - 90).abs().max().item(),
        "parallels": torch.cat(spread).max().item(),
        "lines": torch.cat(chords).max().item(),
    }


def _angle(vectors: Tensor) -> Tensor:
    """Degrees of vectors (..., 2) from the x axis."""
    return torch.atan2(vectors[..., 1], vectors[..., 0]).rad2deg()


def _between(one: Tensor, other: Tensor) -> Tensor:
    """The angle between vectors (..., 2), 0 to 180 degrees."""
    cross = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return torch.atan2(cross.abs(), (one * other).sum(-1)).rad2deg()


def _off_chord(lines: Tensor) -> Tensor:
    """How far the points of lines (L, N, 2) lie from the straight lines through their ends: (L, N)."""
    chord = lines[:, -1:] - lines[:, :1]
    offset = lines - lines[:, :1]
    cross = chord[..., 0] * offset[..., 1] - chord[..., 1] * offset[..., 0]
    return cross.abs() / chord.norm(dim=-1).clamp_min(1e-9)


def pushed(image: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """The map used the wrong way round: every *input* pixel of image (H, W) is carried to where grid (H, W, 2) says, rounded to a
    whole pixel of an output of that size.

    Returns the output (H, W) and how many input pixels landed on each of its pixels (H, W); where none did is a hole.
    """
    height, width = image.shape
    column, row = to_pixels(grid, (height, width)).add(0.5).floor().clamp(-1e6, 1e6).long().unbind(-1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    place = (row * width + column)[inside]
    output = torch.zeros(height * width).scatter_reduce(0, place, image[inside].float(), "amax")
    landed = torch.zeros(height * width).scatter_add(0, place, torch.ones(len(place)))
    return output.view(height, width), landed.view(height, width)


def kernel_profile(kernel: Kernel, distances: Tensor) -> Tensor:
    """k(d): the weight of a pixel whose centre lies d pixels from the sampling point along x; distances (N,) -> (N,), up to 4.

    Read off ``sample`` itself: what it makes of an image with one white pixel.
    """
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4, 4] = 1
    points = torch.stack((distances.float() * 2 / 9, torch.zeros(len(distances))), dim=1)  # the white pixel's centre is the origin
    return sample(image, points.view(1, 1, -1, 2), kernel)[0, 0, 0]


def read_pixels(size: Size, grid: Tensor, kernel: Kernel) -> Tensor:
    """Which pixels of an image (H, W) have any weight in any output pixel of grid (h, w, 2): (H, W) bool. The others are never
    looked at, and the loss says nothing to them.
    """
    with torch.inference_mode(False), torch.enable_grad():
        image = torch.zeros(1, 1, *size, requires_grad=True)
        values = sample(image, grid.clone()[None], kernel)
        some = torch.rand(values.shape, generator=torch.Generator().manual_seed(0)) + 1  # so that no weights cancel
        (weights,) = torch.autograd.grad((some * values).sum(), image)
    return weights[0, 0] != 0


def rings(side: int) -> Tensor:
    """A zone plate (side, side) in [0, 1]: rings that grow finer outwards, up to one pixel light and one dark in the middle of each
    edge, so that every frequency that an image of this size can hold is somewhere in it.
    """
    x, y = regular_points((side, side)).view(side, side, 2).unbind(-1)
    return 0.5 + 0.5 * torch.cos(math.pi * side / 4 * (x.square() + y.square()))


@dataclass(frozen=True)
class Shrunk:
    """A picture made smaller by a factor: what the sampler alone does, and what it should be."""

    grid: Tensor  # (h, w, 2), the identity at the output's size
    sampled: Tensor  # (h, w)
    averaged: Tensor  # (h, w), the mean of the area behind each output pixel
    error: float  # root mean square difference of the two


def shrunk(image: Tensor, factor: float, kernel: Kernel) -> Shrunk:
    """image (H, W) down-scaled through the identity grid of a smaller output, as a transformer of smaller output size does it."""
    size = (max(round(image.shape[0] / factor), 1), max(round(image.shape[1] / factor), 1))
    grid = regular_points(size).view(1, *size, 2)
    sampled = sample(image[None, None], grid, kernel)[0, 0]
    averaged = F.interpolate(image[None, None], size=size, mode="area")[0, 0]
    return Shrunk(grid[0], sampled, averaged, (sampled - averaged).square().mean().sqrt().item())
