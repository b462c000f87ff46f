"""The figure of the exhibit "gradient": what the loss says to V, to the grid and to theta, with two
kernels side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stn_core.explain.gradient_chain import LossGradient
from stn_core.explain.readings import GridCurves, signed, to_pixels
from ui.app.i18n import Translator
from ui.drawing.canvas import CORRECT, GRID, INPUT, QUIET, UP, Figure
from ui.drawing.pixel_canvas import Board, Box

BIG, SMALL = 268, 98  # pixels
MARGIN = 0.14  # around the image, of its side
LONGEST, LONGEST_SUM = (
    4.5,
    8.0,
)  # pixels of the image: an arrow, and that of their sum, on the scale
MOST, MOST_BAR = 2.0, 1.4  # times as long, at most
SUM, SUM_HEAD = "#56B4E9", 0.3


@dataclass(frozen=True)
class Side:
    """What happens with one kernel."""

    title: str
    gradient: LossGradient
    slope: Tensor  # dV/d(x, y) per pixel, (h, w, 2)
    curves: GridCurves
    learns: bool


@dataclass(frozen=True)
class Scale:
    """What is drawn at full size: a pixel of dL/dV, the pull on a point, the sum of all pulls, an
    entry of dL/dtheta, and a slope of the sampler."""

    of_output: float
    of_point: float
    of_sum: float
    of_theta: float
    slope: float


# one for all digits and steps, so that what dies away is seen to: about what a wrong answer gives
SCALE = Scale(of_output=3.0, of_point=1.6, of_sum=1.6, of_theta=30.0, slope=1.0)


def names_of(family: str) -> tuple[str, ...]:
    """The names of theta's entries."""
    return {
        "translation": ("tx", "ty"),
        "similarity": ("a", "b", "tx", "ty"),
        "affine": ("θ₁₁", "θ₁₂", "θ₁₃", "θ₂₁", "θ₂₂", "θ₂₃"),
    }[family]


def gradient_figure(
    image: Tensor,
    sides: Sequence[Side],
    names: Sequence[str],
    losses: Sequence[float],
    flat: float,
    total: int,
    say: Translator,
) -> Figure:
    """image (H, W) with both kernels; the losses so far with the first of them, and the constant
    one of the second."""
    board = Board(500)
    for i, side in enumerate(sides):
        _side(board, 512 * i, image, side, say)
    top = 352
    board.label(say("figure_theta"), 0, top - 26, size=15, bold=True)
    _bars(board, Box(8, top + 24, 352, 80), sides[0].gradient.of_theta, names)
    board.label(say("figure_loss"), 440, top - 26, size=15, bold=True)
    highest = max(*losses, flat, 0.1) * 1.08
    axes = board.chart(
        Box(472, top + 6, 520, 96),
        (-0.8, total),
        (0, highest),
        range(0, total + 1, 10),
        (0, flat),
        ytext=("0", f"{flat:.1f}"),
    )
    board.curve(axes, [0, total], [flat, flat], QUIET, 3, dash="dash")
    board.curve(axes, range(len(losses)), losses, CORRECT, 5)
    board.marks(axes, torch.tensor([[len(losses) - 1.0, losses[-1]]]), CORRECT, 15)
    board.annotate(
        axes,
        say("figure_integer", loss=f"{flat:.2f}"),
        total,
        flat,
        size=13,
        anchor=("right", "top"),
    )
    board.label(say("figure_step"), 732, top + 122, size=14, anchor=("center", "top"))
    return board.figure()


def _side(
    board: Board,
    left: float,
    image: Tensor,
    side: Side,
    say: Translator,
) -> None:
    size = (image.shape[0], image.shape[1])
    board.label(side.title, left, 0, size=17, bold=True, mark=CORRECT if side.learns else QUIET)
    axes = board.image(Box(left, 32, BIG, BIG), image, size, INPUT, MARGIN)
    board.lines(axes, [side.curves.border], GRID, 3)
    board.lines(axes, [side.curves.top], UP, 5)
    points = to_pixels(side.gradient.grid, size).flatten(0, 1)
    reach = MARGIN * max(size)
    shown = ((points + 0.5 > -reach) & (points + 0.5 < max(size) + reach)).all(1)
    board.small_dots(axes, points[shown], GRID, 0.34, size, MARGIN)
    pull = -side.gradient.of_points.flatten(0, 1)
    arrows = LONGEST * shortened(pull / SCALE.of_point)
    strong = shown & (arrows.norm(dim=1) > 0.04 * LONGEST)
    if strong.any():
        board.arrows(axes, points[strong], points[strong] + arrows[strong], CORRECT, 2)
    centre = side.curves.border[:-1].mean(0, keepdim=True)
    total = LONGEST_SUM * shortened(pull.sum(0, keepdim=True) / SCALE.of_sum)
    if total.norm() > 0.02 * LONGEST_SUM:
        board.arrows(axes, centre, centre + total, "#000000", 11, SUM_HEAD)
        board.arrows(axes, centre, centre + total, SUM, 6, SUM_HEAD)
    signs = (
        (side.gradient.of_output[0], SCALE.of_output),
        (side.slope[..., 0], SCALE.slope),
        (side.slope[..., 1], SCALE.slope),
    )
    small = [side.gradient.output[0], *(signed_picture(numbers, limit) for numbers, limit in signs)]
    titles = [say(f"figure_{name}") for name in ("output", "of_output", "dx", "dy")]
    board.mosaic(left + BIG + 8, 58, SMALL, small, (GRID, QUIET, QUIET, QUIET), titles)


def shortened(vectors: Tensor) -> Tensor:
    """Vectors (N, 2) in parts of the scale, none longer than ``MOST`` of them."""
    return vectors * (MOST / vectors.norm(dim=1, keepdim=True).clamp_min(MOST))


def signed_picture(image: Tensor, limit: float) -> Tensor:
    """Numbers from -limit (black) over 0 (grey) to limit (white)."""
    return image / (2 * max(limit, 1e-12)) + 0.5


def _bars(board: Board, box: Box, gradient: Tensor, names: Sequence[str]) -> None:
    values, limit = gradient.tolist(), SCALE.of_theta
    axes = board.chart(
        box, (-0.6, len(values) - 0.4), (-1.9 * limit, 1.9 * limit), range(len(names)), xtext=names
    )
    heights = gradient.clamp(-MOST_BAR * limit, MOST_BAR * limit).tolist()
    board.bar(axes, range(len(values)), heights, [CORRECT] * len(values), 0.55)
    board.curve(axes, [-0.6, len(values) - 0.4], [0, 0], QUIET, 1.5)
    for i, value in enumerate(values):
        decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        board.annotate(
            axes,
            signed(value, decimals),
            i,
            heights[i],
            size=13,
            bold=True,
            anchor=("center", "bottom" if value >= 0 else "top"),
        )
