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


@dataclass(frozen=True)
class Side:
    """What happens with one kernel."""

    title: str
    gradient: LossGradient
    slope: Tensor  # dV/d(x, y) per pixel, (h, w, 2)
    curves: GridCurves
    learns: bool


def gradient_figure(
    image: Tensor,
    sides: Sequence[Side],
    losses: Sequence[float],
    flat: float,
    total: int,
    say: Translator,
) -> Figure:
    """image (H, W) with both kernels; the losses so far with the first of them, and the constant
    one of the second."""
    board = Board(500)
    limits = [
        max(side.gradient.of_output.abs().max().item() for side in sides),
        max(s.slope.abs().max().item() for s in sides),
    ]
    for i, side in enumerate(sides):
        _side(board, 512 * i, image, side, limits, say)
    top = 352
    board.label(say("figure_theta"), 0, top - 20, size=15, bold=True)
    _bars(board, Box(8, top + 24, 352, 80), sides[0].gradient.of_theta)
    board.label(say("figure_loss"), 440, top - 20, size=15, bold=True)
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
    board.at(
        axes,
        say("figure_integer", loss=f"{flat:.2f}"),
        total,
        flat,
        size=13,
        anchor=("right", "bottom"),
    )
    board.label(say("figure_step"), 732, top + 122, size=14, anchor=("center", "top"))
    return board.figure()


def _side(
    board: Board, left: float, image: Tensor, side: Side, limits: Sequence[float], say: Translator
) -> None:
    size = (image.shape[0], image.shape[1])
    board.label(side.title, left, 0, size=17, bold=True, mark=CORRECT if side.learns else QUIET)
    axes = board.image(Box(left, 32, BIG, BIG), image, size, INPUT, MARGIN)
    board.lines(axes, [side.curves.border], GRID, 3)
    board.lines(axes, [side.curves.top], UP, 5)
    points = to_pixels(side.gradient.grid, size).flatten(0, 1)
    reach = MARGIN * max(size)
    shown = ((points + 0.5 > -reach) & (points + 0.5 < max(size) + reach)).all(1)
    board.dust(axes, points[shown], GRID, 0.34, size, MARGIN)
    pull = -side.gradient.of_points.flatten(0, 1)
    length = pull.norm(dim=1)
    if length.max() > 0:
        strong = shown & (length > 0.04 * length.max())
        board.arrows(
            axes, points[strong], points[strong] + 4.5 * pull[strong] / length.max(), CORRECT, 2
        )
    signs = (
        (side.gradient.of_output[0], limits[0]),
        (side.slope[..., 0], limits[1]),
        (side.slope[..., 1], limits[1]),
    )
    small = [side.gradient.output[0], *(signed_picture(numbers, limit) for numbers, limit in signs)]
    titles = [say(f"figure_{name}") for name in ("output", "of_output", "dx", "dy")]
    board.mosaic(left + BIG + 8, 52, SMALL, small, (GRID, QUIET, QUIET, QUIET), titles)


def signed_picture(image: Tensor, limit: float) -> Tensor:
    """Numbers from -limit (black) over 0 (grey) to limit (white)."""
    return image / (2 * max(limit, 1e-12)) + 0.5


def _bars(board: Board, box: Box, gradient: Tensor) -> None:
    values = gradient.tolist()
    limit = max(*(abs(value) for value in values), 1e-6)
    names = {
        2: ("tx", "ty"),
        4: ("a", "b", "tx", "ty"),
        6: ("θ₁₁", "θ₁₂", "θ₁₃", "θ₂₁", "θ₂₂", "θ₂₃"),
    }[len(values)]
    axes = board.chart(box, (-0.6, len(values) - 0.4), (-1.9 * limit, 1.9 * limit))
    board.bar(axes, range(len(values)), values, [CORRECT] * len(values), 0.55)
    board.curve(axes, [-0.6, len(values) - 0.4], [0, 0], QUIET, 1.5)
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        board.at(
            axes,
            signed(value, decimals),
            i,
            value,
            size=13,
            bold=True,
            anchor=("center", "bottom" if value >= 0 else "top"),
        )
        board.label(
            name,
            box.x + (i + 0.6) / len(values) * box.width,
            box.y + box.height + 22,
            size=15,
            anchor=("center", "middle"),
        )
