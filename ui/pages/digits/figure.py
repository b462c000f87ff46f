"""The digits page's figure: arrays in, a plain Plotly figure dict out; no Streamlit, no model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stn_core.explain.readings import GridCurves, Reading, matrix_lines
from ui.app.i18n import Translator
from ui.drawing.canvas import (
    CORRECT,
    GRID,
    INCORRECT,
    INPUT,
    UNKNOWN,
    UP,
    Canvas,
    Figure,
    line,
    picture,
)

# a row of pictures, the headings above all, the caption above each row
ROW, HEAD, GAP = 190, 30, 34
COLUMNS = ((0.0, 0.18), (0.188, 0.43), (0.43, 0.655), (0.66, 0.84), (0.86, 1.0))
ROOM = (0.45, 0.9)  # around the picture under a grid, in parts of its side: at least, at most
HEADINGS = ("input", "localisation", "grid", "output", "probabilities")  # names of texts
HEADING_COLORS = (INPUT, None, GRID, GRID, None)


@dataclass(frozen=True)
class Row:
    """What one model did; without a transformer all from ``curves`` to ``output`` are None."""

    name: str
    probabilities: Sequence[float]
    label: int | None = None
    curves: GridCurves | None = None
    matrix: Sequence[Sequence[float]] | None = None
    readings: Sequence[Reading] = ()
    output: Tensor | None = None


def digits_figure(image: Tensor, rows: Sequence[Row], say: Translator) -> Figure:
    """The input (H, W) in [0, 1], and a row a model with theta, grid, output, probabilities."""
    count = max(len(rows), 1)
    height = HEAD + count * (ROW + GAP) + GAP // 2
    figure = Canvas(height)
    source = picture(image)
    for (left, right), heading, color in zip(COLUMNS, HEADINGS, HEADING_COLORS, strict=True):
        text = f'<span style="color:{color}">■</span> {say(heading)}' if color else say(heading)
        figure.write(text, (left + right) / 2, 1, size=15, bold=True, anchor=("center", "top"))
    for i in range(count):
        top = 1 - (HEAD + i * (ROW + GAP) + GAP) / height
        domain = (max(top - ROW / height, 0.0), top)
        if i == 0:
            figure.panel(COLUMNS[0], domain, source, image.shape, INPUT)
        if i < len(rows):
            _model_row(figure, rows[i], image, source, domain, say)
    return figure.figure()


def _model_row(
    figure: Canvas,
    row: Row,
    image: Tensor,
    source: str,
    domain: tuple[float, float],
    say: Translator,
) -> None:
    middle = sum(domain) / 2
    answer = int(np.argmax(row.probabilities))
    good = answer == row.label
    color = UNKNOWN if row.label is None else CORRECT if good else INCORRECT
    figure.write(
        row.name, COLUMNS[1][0], domain[1] + 0.004, size=16, bold=True, anchor=("left", "bottom")
    )
    if row.curves is None:
        figure.write(f"<i>{say('plain')}</i>", COLUMNS[1][0], middle, anchor=("left", "middle"))
        seen, frame = image, INPUT
    else:
        figure.write(
            _theta_text(row, say),
            COLUMNS[1][0],
            domain[1] - 0.01,
            anchor=("left", "top"),
            mono=True,
        )
        # half of the gap above the row, and of the one below
        more = GAP / 2 / ROW * (domain[1] - domain[0])
        taller = (max(domain[0] - more, 0.0), domain[1] + more)
        axes = figure.panel(
            COLUMNS[2], taller, source, image.shape, INPUT, margin=_room(row.curves, image.shape)
        )
        figure.lines(axes, row.curves.mesh, GRID, 1.3)
        figure.lines(axes, [row.curves.border], GRID, 3.5)
        figure.lines(axes, [row.curves.top], UP, 6)
        if row.curves.control is not None:
            figure.marks(axes, row.curves.control, GRID, 9)
        figure.label_upper_side(axes, row.curves, max(image.shape), say("up_side"))
        seen, frame = row.output if row.output is not None else image, GRID
    axes = figure.panel(
        COLUMNS[3], domain, source if seen is image else picture(seen), seen.shape, frame
    )
    if row.curves is not None:
        figure.traces.append(line([-0.5, seen.shape[1] - 0.5], [-0.5, -0.5], UP, 6) | axes)
    figure.bars(COLUMNS[4], domain, row.probabilities, answer, color)
    mark = "" if row.label is None else (" ✓" if good else " ✗")
    text = f"{answer}{mark}  {100 * row.probabilities[answer]:.0f} %"
    middle_of_bars, above = sum(COLUMNS[4]) / 2, domain[1] + 0.004
    figure.write(
        text,
        middle_of_bars,
        above,
        size=18,
        bold=True,
        anchor=("center", "bottom"),
        color=color,
    )


def _room(curves: GridCurves, size: Sequence[int]) -> float:
    """As much room around a picture (H, W) as shows the whole grid, within ``ROOM``; in parts of
    the picture's longer side."""
    border = curves.border.double().nan_to_num(posinf=1e6, neginf=-1e6)
    beyond = (
        torch.maximum(-0.5 - border, border + 0.5 - torch.tensor([size[1], size[0]])).max().item()
    )
    return min(max(ROOM[0], beyond / max(size) + 0.03), ROOM[1])


def _theta_text(row: Row, say: Translator) -> str:
    lines = []
    if row.matrix is not None:
        lines = [*matrix_lines(row.matrix), ""]
    elif row.curves is not None and row.curves.control is not None:
        lines = [say("control_points", count=len(row.curves.control)), ""]
    names = [say(f"reading_{reading.name}") for reading in row.readings]
    width = max(map(len, names), default=0)
    lines += [
        f"{name.ljust(width)} <b>{reading.figure}</b>"
        for name, reading in zip(names, row.readings, strict=True)
    ]
    return "<br>".join(lines).replace("  ", "\u2007 ")
