"""A transformer's answer to draw: curves of the sampling grid, and theta in figures and facts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from stn_core.transformer.transforms import Affine, Size, ThinPlateSpline, Transform

FAR = 20.0  # curves are cut off here, normalised; far outside every picture


def to_pixels(points: Tensor, size: Size) -> Tensor:
    """Normalised points (..., 2) as pixels of an image of ``size`` (H, W): pixel j has its centre
    at j, the edge lies at -0.5."""
    extent = torch.tensor((size[1], size[0]), dtype=points.dtype)
    return ((points + 1) * extent - 1) / 2


@dataclass(frozen=True)
class GridCurves:
    """The sampling grid as curves of points (N, 2), (x, y) in pixels of the transformer's input."""

    mesh: list[Tensor]  # the images of equidistant lines of the output, across and down
    border: Tensor  # the image of the output's frame, closed, from the top left corner clockwise
    top: Tensor  # the side of the frame that is the output's upper edge
    control: Tensor | None = None  # a spline's control points, (K, 2)


def grid_curves(transform: Transform, theta: Tensor, size: Size, lines: int = 9) -> GridCurves:
    """T_theta of ``lines`` lines each way and of the frame of the output, for one theta (P,), in
    pixels of an input of ``size``."""
    # straight lines stay straight, and need but their ends
    points = 2 if isinstance(transform, Affine) else 25
    along, across = torch.linspace(-1, 1, points), torch.linspace(-1, 1, lines)
    # (lines, points, 2), constant y
    rows = torch.stack(torch.meshgrid(across, along, indexing="ij")[::-1], dim=-1)
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
    """One line of what theta says: a name, the figure with its unit, and what is worth a word of
    it, for any language to say.

    The ``facts`` and their figures: clockwise or anticlockwise {degrees} · mirrored · sized
    {factor} · sheared · moved {right or left, down or up: pixels} · perspective · bent {pixels}.
    """

    name: str
    figure: str
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def readings(transform: Transform, theta: Tensor, size: Size) -> list[Reading]:
    """theta (P,) of one image in quantities of the family, for an input of ``size``: degrees,
    factors and pixels of the input.

    Everything describes the window that the grid cuts out of the input, since T_theta maps output
    to input.
    """
    parts: dict[str, Any] = {
        name: value[0].tolist() for name, value in transform.decompose(theta[None].float()).items()
    }
    lines = []
    if "rotation" in parts:
        degrees = math.degrees(parts["rotation"])
        turn = (
            {"clockwise" if degrees > 0 else "anticlockwise": {"degrees": f"{abs(degrees):.0f}"}}
            if round(abs(degrees))
            else {}
        )
        lines.append(Reading("rotation", signed(degrees, 1) + "°", turn))
    if "scale" in parts:
        factors = parts["scale"] if isinstance(parts["scale"], list) else [parts["scale"]] * 2
        figure = " × ".join(dict.fromkeys(signed(factor, 2, plus="") for factor in factors))
        area = math.sqrt(abs(factors[0] * factors[1]))
        facts: dict[str, dict[str, str]] = {"mirrored": {}} if factors[0] * factors[1] < 0 else {}
        facts |= {"sized": {"factor": f"{area:.2f}"}} if abs(area - 1) >= 0.02 else {}
        lines.append(Reading("scale", figure, facts))
    if "shear" in parts:
        lines.append(
            Reading(
                "shear",
                signed(parts["shear"], 2),
                {"sheared": {}} if abs(parts["shear"]) >= 0.1 else {},
            )
        )
    if "translation" in parts:
        x, y = (
            shift * side / 2
            for shift, side in zip(parts["translation"], (size[1], size[0]), strict=True)
        )
        moves = {"right" if x > 0 else "left": f"{abs(x):.0f}"} if round(abs(x)) else {}
        moves |= {"down" if y > 0 else "up": f"{abs(y):.0f}"} if round(abs(y)) else {}
        lines.append(
            Reading(
                "shift", f"{signed(x, 1)}, {signed(y, 1)} px", {"moved": moves} if moves else {}
            )
        )
    if "perspective" in parts:
        x, y = parts["perspective"]
        seen: dict[str, dict[str, str]] = {"perspective": {}} if max(abs(x), abs(y)) >= 0.05 else {}
        lines.append(Reading("perspective", f"{signed(x, 2)}, {signed(y, 2)}", seen))
    if "bending" in parts:
        pixels = parts["bending"] * size[1] / 2
        lines.append(
            Reading(
                "bending",
                f"{pixels:.1f} px",
                {"bent": {"pixels": f"{pixels:.1f}"}} if pixels >= 0.2 else {},
            )
        )
    return lines


def signed(value: float, decimals: int, plus: str = "+") -> str:
    """A figure with a typographic minus, or with ``plus``; no sign at zero."""
    text = f"{abs(value):.{decimals}f}"
    return text if float(text) == 0 else (plus if value > 0 else "−") + text


def matrix_lines(matrix: Sequence[Sequence[float]]) -> list[str]:
    """A matrix (2 or 3, 3) in lines of figures between brackets."""
    rows = [
        " ".join(signed(value, 2, plus="").rjust(5, "\u2007") for value in row) for row in matrix
    ]
    left, right = ("⎡⎣", "⎤⎦") if len(rows) == 2 else ("⎡⎢⎣", "⎤⎥⎦")
    return [f"{left[i]}{row} {right[i]}" for i, row in enumerate(rows)]
