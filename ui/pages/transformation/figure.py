"""The figure of the exhibit "transformation": G on the output, T_theta(G) on the input, linked."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stn_core.explain.readings import GridCurves, to_pixels
from stn_core.transformer.transforms import TRANSFORMS
from ui.app.i18n import Translator
from ui.drawing.canvas import GRID, INPUT, QUIET, UP, Figure, rounded
from ui.drawing.pixel_canvas import Axes, Board, Box

SIDE, TOP, MARGIN = 236, 30, 0.28
WIDE = SIDE * 1.14  # a picture with room around it, where the grid may leave it


@dataclass(frozen=True)
class Warp:
    """One transformation of one image: theta applied to it, and the points that are followed."""

    family: str
    image: Tensor  # the input (H, W)
    output: Tensor | str  # (H, W), or a picture as a data URI
    curves: GridCurves
    theta_text: str
    targets: Tensor  # (N, 2) points of the output, normalised
    sources: Tensor  # (N, 2) where they come from
    follow: int  # which of them, from 0
    pushed: bool


def transformation_figure(warp: Warp, say: Translator) -> Figure:
    """``warp`` from right to left, output to input; if it was pushed, the other way."""
    board = Board(305)
    size = (warp.image.shape[0], warp.image.shape[1])
    # the panel that the regular grid lies on, and the one that T_theta leads to
    asking, asked = (0, 1) if warp.pushed else (1, 0)
    boxes, margins = [Box(0, TOP, WIDE, WIDE), Box(1000 - WIDE, TOP, WIDE, WIDE)], [MARGIN, MARGIN]
    x = boxes[asking].x + (WIDE - SIDE) * asking
    boxes[asking], margins[asking] = Box(x, TOP + 0.07 * SIDE, SIDE, SIDE), 0.02
    frames, pictures = (INPUT, GRID), (warp.image, warp.output)
    axes = [
        board.image(boxes[i], pictures[i], size, frames[i], margin=margins[i]) for i in range(2)
    ]
    _regular(board, axes[asking], size)
    board.lines(axes[asked], warp.curves.mesh, GRID, 1.3)
    board.lines(axes[asked], [warp.curves.border], GRID, 3.5)
    board.lines(axes[asked], [warp.curves.top], UP, 6)
    if warp.curves.control is not None:
        board.marks(axes[asked], warp.curves.control, "#FFFFFF", 7)
    starts = _placed(warp.targets, boxes[asking], margins[asking], size)
    _links(
        board,
        starts,
        _placed(warp.sources, boxes[asked], margins[asked], size),
        boxes[asked],
        warp.follow,
    )
    for i, points in ((asked, warp.sources), (asking, warp.targets)):
        _numbered(board, axes[i], to_pixels(points, size), size, warp.follow)
    names = (
        ("figure_input_pushed", "figure_pushed")
        if warp.pushed
        else ("figure_input", "figure_output")
    )
    for box, name in zip(boxes, names, strict=True):
        board.label(
            say(name), box.x + box.width / 2, 0, bold=True, size=16, anchor=("center", "top")
        )
    count = TRANSFORMS[warp.family].num_params
    board.label(
        say("figure_theta", count=count), 500, 0, size=16, bold=True, anchor=("center", "top")
    )
    board.label(warp.theta_text, 500, 28, size=14, anchor=("center", "top"), mono=True)
    text = say("figure_pushes") if warp.pushed else say("figure_asks")
    board.label(
        f"T<sub>θ</sub> {text}", 500, 268, size=16, bold=True, anchor=("center", "top"), mark=GRID
    )
    return board.figure()


def _regular(board: Board, axes: Axes, size: Sequence[int]) -> None:
    height, width = size
    xs, ys = torch.linspace(-0.5, width - 0.5, 9)[1:-1], torch.linspace(-0.5, height - 0.5, 9)[1:-1]

    def ends(a: float, b: float, c: float, d: float) -> Tensor:
        return torch.tensor([[a, b], [c, d]])

    columns = [ends(x, -0.5, x, height - 0.5) for x in xs.tolist()]
    rows = [ends(-0.5, y, width - 0.5, y) for y in ys.tolist()]
    board.lines(axes, columns + rows, GRID, 1.0)
    board.lines(axes, [ends(-0.5, -0.5, width - 0.5, -0.5)], UP, 6)


def _numbered(board: Board, axes: Axes, points: Tensor, size: Sequence[int], follow: int) -> None:
    reach = MARGIN * max(size) - 1
    near = ((points >= -reach) & (points <= torch.tensor(size).flip(0) + reach)).all(1)
    chosen = torch.arange(len(points)) == follow
    board.marks(axes, points[near & ~chosen], "#F2F4F7", 18)
    board.marks(axes, points[near & chosen], GRID, 27)
    for number in near.nonzero().flatten().tolist():
        x, y = rounded(points[number].tolist())
        middle, larger = ("center", "middle"), 17 if number == follow else 12
        board.write(str(number + 1), x, y, larger, True, middle, "#000000", axes=axes)


def _links(board: Board, starts: Tensor, ends: Tensor, box: Box, follow: int) -> None:
    """A line from each numbered point to where T_theta leads, if that lies in the other panel; an
    arrow for the one followed."""
    axes = board.overlay()
    low, high = torch.tensor((box.x, box.y)), torch.tensor((box.x + box.width, box.y + box.height))
    inside = ((ends >= low) & (ends <= high)).all(1)
    board.lines(
        axes,
        [
            torch.stack((start, end))
            for start, end, shown in zip(starts, ends, inside, strict=True)
            if shown
        ],
        QUIET,
        0.8,
    )
    start, end = starts[follow], ends[follow]
    if not inside[follow]:  # the arrow goes as far as the panel does
        reach = torch.where(end > start, high - start, low - start) / (end - start)
        end = start + (end - start) * torch.nan_to_num(reach, nan=1.0).clamp(0, 1).min()
    along = (end - start) / (end - start).norm().clamp_min(1e-6)
    tip, tail = end - 15 * along, start + 14 * along
    across = torch.stack((-along[1], along[0]))
    head = torch.stack((tip - 16 * along + 9 * across, tip, tip - 16 * along - 9 * across))
    board.lines(axes, [torch.stack((tail, tip)), head], GRID, 4)


def _placed(points: Tensor, box: Box, margin: float, size: Sequence[int]) -> Tensor:
    """Normalised points as pixels of the figure."""
    pixels = to_pixels(points, (size[0], size[1])).double()
    room, side = margin * max(size), max(size)
    return torch.tensor((box.x, box.y)) + (pixels + 0.5 + room) / (side + 2 * room) * box.width
