"""The figures of the exhibit "what goes wrong": each trap beside doing it right, and a curve that
shows what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stn_core.explain.pitfalls import TrainingSnapshot
from stn_core.explain.readings import GridCurves
from ui.app.i18n import Translator
from ui.drawing.canvas import CORRECT, GRID, INCORRECT, INPUT, QUIET, UP, Figure
from ui.drawing.pixel_canvas import Axes, Board, Box

SIDE = 230


@dataclass(frozen=True)
class Curve:
    """A curve with a dot where the slider stands."""

    y: Sequence[float]
    color: str
    name: str = ""
    width: float = 4


@dataclass(frozen=True)
class Chart:
    """Curves over one slider's range."""

    x: Sequence[float]
    now: float
    curves: Sequence[Curve]
    title: str
    axis: str
    xticks: Sequence[float]
    yticks: Sequence[float]
    ytext: Sequence[str]
    span: tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """A picture with its heading, the frame's colour, perhaps with a grid over it."""

    title: str
    image: Tensor
    color: str
    note: str = ""
    curves: GridCurves | None = None
    wide: bool = False  # with room for a grid far to the left and right


def trap_figure(panels: Sequence[Panel], charts: Sequence[Chart]) -> Figure:
    """Pictures in a row, and below them one chart or two."""
    board = Board(500)
    step = 1000 / len(panels)
    for i, panel in enumerate(panels):
        middle = (i + 0.5) * step
        board.label(
            panel.title, middle, 0, size=16, bold=True, anchor=("center", "top"), mark=panel.color
        )
        size = (panel.image.shape[0], panel.image.shape[1])
        width = 2.0 * SIDE if panel.wide else SIDE
        box = Box(middle - width / 2, 28, width, SIDE)
        axes = board.image(
            box, panel.image, size, panel.color, margin=0.5 if panel.curves else 0.02
        )
        if panel.wide:  # the panel's range across is the height's, twice
            room = size[0]
            board.layout["xaxis" + axes["xaxis"][1:]]["range"] = [
                -0.5 - 1.5 * room,
                size[1] - 0.5 + 1.5 * room,
            ]
        if panel.curves:
            grid(board, axes, panel.curves)
        board.label(panel.note, middle, 28 + SIDE + 4, size=15, anchor=("center", "top"))
    share = 1000 / len(charts)
    for i, chart in enumerate(charts):
        draw_chart(board, Box(i * share + 60, 336, share - 80, 108), chart)
    return board.figure()


def rows_figure(rows: Sequence[tuple[str, str, Sequence[Panel]]], chart: Chart) -> Figure:
    """Rows of small pictures, each under its heading with its colour, and below them a chart."""
    side, step = 150, 1000 / max(len(panels) for _, _, panels in rows)
    high = side + 76
    board = Board(len(rows) * high + 200)
    for row, (heading, color, panels) in enumerate(rows):
        top = row * high
        board.label(heading, 8, top, size=16, bold=True, mark=color)
        for i, panel in enumerate(panels):
            middle = (i + 0.5) * step
            board.label(panel.title, middle, top + 26, size=15, anchor=("center", "top"))
            box = Box(middle - side / 2, top + 50, side, side)
            board.image(box, panel.image, panel.image.shape, panel.color)
    draw_chart(board, Box(60, len(rows) * high + 36, 920, 108), chart)
    return board.figure()


def grid(board: Board, axes: Axes, curves: GridCurves) -> None:
    board.lines(axes, curves.mesh, GRID, 1.3)
    board.lines(axes, [curves.border], GRID, 3.5)
    board.lines(axes, [curves.top], UP, 6)


def draw_chart(board: Board, box: Box, chart: Chart) -> None:
    board.label(chart.title, box.x - 50, box.y - 32, size=15, bold=True)
    axes = board.chart(
        box, (chart.x[0], chart.x[-1]), chart.span, chart.xticks, chart.yticks, ytext=chart.ytext
    )
    for curve in chart.curves:
        board.curve(axes, chart.x, curve.y, curve.color, curve.width)
    board.curve(axes, [chart.now, chart.now], chart.span, INPUT, 1.5, dash="dot")
    at = min(range(len(chart.x)), key=lambda i: abs(chart.x[i] - chart.now))
    for i, curve in enumerate(chart.curves):
        board.marks(axes, torch.tensor([[chart.now, curve.y[at]]]), curve.color, 13)
        if curve.name:
            board.label(
                curve.name,
                box.x + 0.42 * box.width + i * 250,
                box.y - 32,
                size=15,
                bold=True,
                mark=curve.color,
            )
    board.label(
        chart.axis,
        box.x + box.width / 2,
        box.y + box.height + 24,
        size=14,
        anchor=("center", "top"),
    )


def run_figure(
    inputs: Tensor,
    moments: Sequence[TrainingSnapshot],
    others: Sequence[Sequence[TrainingSnapshot]],
    lost: bool,
    say: Translator,
) -> Figure:
    """A training run: some inputs (N, H, W) with what the transformer makes of them now, and two
    curves; other runs in grey."""
    board = Board(470)
    color = INCORRECT if lost else CORRECT
    side = 118
    now = moments[-1] if moments else None
    for i, image in enumerate(inputs):
        x = 100 + i * (side + 32)
        board.image(Box(x, 0, side, side), image, image.shape, INPUT)
        if now is not None:
            output = now.outputs[i].nan_to_num(0)
            board.image(Box(x, side + 8, side, side), output, output.shape, GRID)
    board.label(say("rate_inputs"), 84, side / 2, size=16, bold=True, anchor=("right", "middle"))
    board.label(
        say("rate_outputs"), 84, 1.5 * side + 8, size=16, bold=True, anchor=("right", "middle")
    )
    last = 600
    for i, (name, field, limit) in enumerate(
        (("rate_error", "error", 100.0), ("rate_outside", "outside", 1.0))
    ):
        box = Box(60 + i * 510, 306, 420, 108)
        board.label(say(name), box.x - 50, box.y - 32, size=15, bold=True)
        axes = board.chart(
            box,
            (0, last),
            (-0.03 * limit, 1.03 * limit),
            range(0, last + 1, 100),
            (0, limit / 2, limit),
            ytext=("0", "50 %", "100 %"),
        )
        board.curve(axes, [0], [0], QUIET)  # nothing to be seen, but axes where nothing has run
        for other in others:
            board.curve(axes, [m.step for m in other], [getattr(m, field) for m in other], QUIET, 2)
        if now is not None:
            board.curve(
                axes, [m.step for m in moments], [getattr(m, field) for m in moments], color, 5
            )
            board.marks(axes, torch.tensor([[float(now.step), getattr(now, field)]]), color, 14)
        board.label(
            say("rate_steps"),
            box.x + box.width / 2,
            box.y + box.height + 24,
            size=14,
            anchor=("center", "top"),
        )
    return board.figure()
