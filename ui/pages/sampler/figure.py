"""The figures of the exhibit "sampler": one output pixel's sum, and a picture made smaller."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from stn_core.explain.readings import signed
from stn_core.explain.resampling import Shrunk, kernel_profile
from stn_core.transformer.sampler import KERNELS, Kernel, KernelWeights
from ui.app.i18n import Translator
from ui.drawing.canvas import GRID, INPUT, QUIET, UP, Figure
from ui.drawing.pixel_canvas import Axes, Board, Box
from ui.drawing.tint import coloured

PATCH = 7  # pixels on a side of what is shown around the point
MIDDLE = 0.46  # the grey on which black and white stand out alike


def pixel_figure(
    image: Tensor,
    x: float,
    y: float,
    kernel: Kernel,
    weights: KernelWeights,
    slope: tuple[float, float],
    say: Translator,
) -> Figure:
    """The pixels around the sampling point (x, y), in pixels of image (H, W), with their weights,
    the kernel, the sum, and its slope for each pixel that the point moves."""
    board = Board(500)
    height, width = image.shape
    corner = [round(x) - PATCH // 2, round(y) - PATCH // 2]
    board.label(say("figure_input"), 85, 0, size=16, bold=True, anchor=("center", "top"))
    axes = board.image(Box(0, 30, 170, 170), image, (height, width), INPUT, margin=0.1)
    board.square(axes, corner[0] + PATCH // 2, corner[1] + PATCH // 2, GRID, 3, PATCH)
    value = sum(
        image[n, m].item() * w
        for (m, n), w in zip(weights.pixels.tolist(), weights.weights.tolist(), strict=True)
    )
    board.image(Box(35, 262, 100, 100), torch.tensor([[value]]), (1, 1), GRID)
    board.label(
        f"V = {_number(value).strip(chr(0x2007))}",
        85,
        236,
        size=16,
        bold=True,
        anchor=("center", "top"),
        mark=GRID,
    )
    board.label(say("figure_patch"), 390, 0, size=16, bold=True, anchor=("center", "top"))
    _patch(board, Box(200, 30, 380, 380), image, corner, x, y, weights, slope)
    board.label(say("figure_kernel"), 815, 0, size=16, bold=True, anchor=("center", "top"))
    _kernels(board, Box(650, 36, 340, 170), kernel, x, y, weights)
    board.label(say("figure_sum"), 640, 252, size=18, bold=True, mark=GRID)
    board.label("<br>".join(_terms(image, weights, say)), 640, 282, size=16, mono=True)
    board.label(say("figure_slope"), 640, 424, size=16, bold=True, mark=UP)
    slopes = (f"∂V/∂{axis} = {_number(value, 3)}" for axis, value in zip("xy", slope, strict=True))
    board.label("<br>".join(slopes), 640, 450, size=16, mono=True)
    return board.figure()


def _patch(
    board: Board,
    box: Box,
    image: Tensor,
    corner: Sequence[int],
    x: float,
    y: float,
    weights: KernelWeights,
    slope: tuple[float, float],
) -> None:
    height, width = image.shape
    shown = torch.zeros(PATCH, PATCH)
    for row in range(PATCH):
        for column in range(PATCH):
            m, n = corner[0] + column, corner[1] + row
            if 0 <= m < width and 0 <= n < height:
                shown[row, column] = image[n, m]
    axes = board.image(box, shown, (PATCH, PATCH), QUIET, margin=0.01)
    share = {
        (m, n): weight
        for (m, n), weight in zip(weights.pixels.tolist(), weights.weights.tolist(), strict=True)
    }
    for row in range(PATCH):
        for column in range(PATCH):
            m, n = corner[0] + column, corner[1] + row
            inside = 0 <= m < width and 0 <= n < height
            dark = shown[row, column] < MIDDLE
            color = ("#FFFFFF" if dark else "#000000") if inside else QUIET
            board.annotate(
                axes,
                f"{shown[row, column]:.2f}" if inside else "·",
                column,
                row - 0.2,
                size=14,
                color=color,
            )
    for (m, n), weight in share.items():
        column, row = m - corner[0], n - corner[1]
        board.square(axes, column, row, GRID, 2 + 5 * abs(weight), 0.92)
        color = "#FFFFFF" if shown[row, column] < MIDDLE else "#000000"
        board.annotate(
            axes,
            f"×{signed(weight, 2, plus='')}",
            column,
            row + 0.22,
            size=14,
            color=color,
            bold=True,
        )
    at = torch.tensor([[x - corner[0], y - corner[1]]])
    if max(map(abs, slope)) > 0.005:
        board.arrows(axes, at, at + 2.5 * torch.tensor([slope]), UP, 5)
    board.marks(axes, at, GRID, 17)


def _kernels(
    board: Board, box: Box, kernel: Kernel, x: float, y: float, weights: KernelWeights
) -> None:
    axes = board.chart(box, (-2.6, 2.6), (-0.22, 1.1), (-2, -1, 0, 1, 2), (0, 1))
    distances = torch.linspace(-2.6, 2.6, 209) + 1e-4
    curves = {
        name: torch.stack((distances, kernel_profile(name, distances)), dim=1) for name in KERNELS
    }
    chosen = curves.pop(kernel)
    board.lines(axes, list(curves.values()), QUIET, 1.5, decimals=4)
    board.lines(axes, [chosen], GRID, 5, decimals=4)
    if len(weights.pixels):
        columns, rows = (
            weights.pixels[:, 0].unique().double(),
            weights.pixels[:, 1].unique().double(),
        )
        for letter, away in (("x", columns - x), ("y", rows - y)):
            heights = kernel_profile(kernel, -away)
            board.marks(axes, torch.stack((away, heights.double()), dim=1), "#FFFFFF", 17)
            for d, k in zip(away.tolist(), heights.tolist(), strict=True):
                board.annotate(axes, letter, d, k, size=12, color="#000000", bold=True)


def _terms(image: Tensor, weights: KernelWeights, say: Translator) -> list[str]:
    """The sum written out, the weightiest terms first."""
    values = [
        (image[n, m].item(), w)
        for (m, n), w in zip(weights.pixels.tolist(), weights.weights.tolist(), strict=True)
    ]
    values.sort(key=lambda term: -abs(term[1]))
    shown = values if len(values) <= 5 else values[:4]
    lines = [f"{u:.2f} × {_number(w)} = {_number(u * w, 3)}" for u, w in shown]
    rest = values[len(shown) :]
    if rest:
        lines.append(
            f"{say('figure_more', count=len(rest))}: {_number(sum(u * w for u, w in rest), 3)}"
        )
    return [*lines, f"<b>V = {_number(sum(u * w for u, w in values), 3)}</b>"]


def _number(value: float, decimals: int = 2) -> str:
    return signed(value, decimals, plus="").rjust(decimals + 3, "\u2007")


def down_figure(
    image: Tensor,
    small: Shrunk,
    read: Tensor,
    factor: int,
    kernel: Kernel,
    shares: Mapping[str, Sequence[float]],
    say: Translator,
) -> Figure:
    """A picture, the pixels that are read, what the sampler makes of it, what it should be."""
    board = Board(500)
    side, step = 238, 254
    detail = slice(image.shape[0] // 2 - 12, image.shape[0] // 2 + 12)
    colored = coloured(image[detail, detail], read[detail, detail], GRID, least=0.45)
    pictures: tuple[tuple[str, Tensor | str, Sequence[int], str], ...] = (
        (say("figure_picture", side=image.shape[0]), image, image.shape, INPUT),
        (say("figure_read"), colored, (24, 24), GRID),
        (
            say("figure_sampled", side=small.sampled.shape[0]),
            small.sampled,
            small.sampled.shape,
            GRID,
        ),
        (say("figure_averaged"), small.averaged, small.averaged.shape, QUIET),
    )
    for i, (heading, picture, size, frame) in enumerate(pictures):
        board.label(heading, i * step + side / 2, 0, size=15, bold=True, anchor=("center", "top"))
        axes = board.image(Box(i * step, 28, side, side), picture, (size[0], size[1]), frame)
        if i == 1:
            _points(board, axes, small.grid, image.shape[0], detail.start)
    error = say("figure_error", error=f"{small.error:.2f}")
    board.label(
        error,
        2 * step + side / 2,
        28 + side + 6,
        size=15,
        bold=True,
        anchor=("center", "top"),
        mark=GRID,
    )
    factors = range(1, len(shares[kernel]) + 1)
    bounds = (factors[0] - 0.1, factors[-1] + 0.1)
    axes = board.chart(
        Box(330, 330, 560, 112),
        bounds,
        (-0.02, 1.08),
        factors,
        (0, 0.5, 1),
        ytext=("0", "50 %", "100 %"),
    )
    curves = {
        name: torch.tensor([*zip(factors, shares[name], strict=True)], dtype=torch.float)
        for name in KERNELS
    }
    chosen = curves.pop(kernel)
    board.lines(axes, list(curves.values()), QUIET, 1.5, decimals=4)
    board.lines(axes, [chosen], GRID, 5, decimals=4)
    board.marks(axes, torch.tensor([[factor, shares[kernel][factor - 1]]]), GRID, 17)
    board.label(say("figure_share"), 270, 386, size=15, bold=True, anchor=("right", "middle"))
    board.label(say("figure_factor"), 610, 474, size=14, anchor=("center", "top"))
    return board.figure()


def _points(board: Board, axes: Axes, grid: Tensor, side: int, start: int) -> None:
    """The sampling points inside the detail."""
    points = ((grid.flatten(0, 1) + 1) * side - 1) / 2 - start
    inside = ((points > -0.5) & (points < 23.5)).all(1)
    board.marks(axes, points[inside], "#FFFFFF", 7 if inside.sum() < 200 else 4)
