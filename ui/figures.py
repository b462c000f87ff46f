"""Arrays in, plain Plotly figure dicts out. No Streamlit, no widget, no model; the colours mean the same on every page.

Plain dicts, since Plotly's own figure objects cost a hundred times more to build, and a class of 300 shares one interpreter.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from stn_core.explanation import GridCurves, Reading

Figure = dict[str, Any]

# Okabe and Ito's palette, which colour-blind people can tell apart
INPUT = "#0072B2"  # the frame of the input
GRID = "#E69F00"  # the sampling grid, and the frame of what it cuts out
UP = "#CC79A7"  # the side of the grid, and of the output, that is up
RIGHT, WRONG = "#009E73", "#D55E00"  # the answer
QUIET = "#8A929E"  # everything else, legible on light and on dark
TEXT = "rgb(1, 2, 3)"  # the theme's colour for text, put in by the page

WIDTH = 1000  # a figure is laid out for this width and scaled to the page
ROW, HEAD, GAP = 205, 30, 34  # a row of pictures, the headings above all, the caption above each row
COLUMNS = ((0.0, 0.193), (0.212, 0.385), (0.39, 0.61), (0.622, 0.815), (0.84, 1.0))
HEADINGS = ("Input", "Localisation: θ", "Sampling grid", "Output", "Probabilities")
HEADING_COLORS = (INPUT, None, GRID, GRID, None)


@dataclass(frozen=True)
class Row:
    """What one model did: ``curves``, ``matrix``, ``readings`` and ``output`` are None for a model without a transformer."""

    name: str
    probabilities: Sequence[float]
    label: int | None = None
    curves: GridCurves | None = None
    matrix: Sequence[Sequence[float]] | None = None
    readings: Sequence[Reading] = ()
    output: Tensor | None = None


def digits_figure(image: Tensor, rows: Sequence[Row]) -> Figure:
    """The digits page's figure: the input (H, W) in [0, 1], and a row a model with theta, grid, output and probabilities."""
    count = max(len(rows), 1)
    height = HEAD + count * (ROW + GAP)
    figure = _Canvas(height)
    picture = _picture(image)
    for (left, right), heading, color in zip(COLUMNS, HEADINGS, HEADING_COLORS, strict=True):
        if color:
            heading = f'<span style="color:{color}">■</span> {heading}'
        figure.write(heading, (left + right) / 2, 1, size=15, bold=True, anchor=("center", "top"))
    for i in range(count):
        top = 1 - (HEAD + i * (ROW + GAP) + GAP) / height
        domain = (max(top - ROW / height, 0.0), top)
        if i == 0:
            figure.panel(COLUMNS[0], domain, picture, image.shape, INPUT)
        if i < len(rows):
            _model_row(figure, rows[i], image, picture, domain)
    return figure.figure()


def _model_row(figure: "_Canvas", row: Row, image: Tensor, picture: str, domain: tuple[float, float]) -> None:
    middle = sum(domain) / 2
    answer = int(np.argmax(row.probabilities))
    good = row.label is None or answer == row.label
    figure.write(row.name, COLUMNS[1][0], domain[1] + 0.004, size=16, bold=True, anchor=("left", "bottom"))
    if row.curves is None:
        figure.write(
            "<i>No transformer:<br>the classifier sees<br>the input as it is.</i>", COLUMNS[1][0], middle, anchor=("left", "middle")
        )
        seen, frame = image, INPUT
    else:
        figure.write(_theta_text(row), COLUMNS[1][0], domain[1] - 0.01, anchor=("left", "top"), mono=True)
        axes = figure.panel(COLUMNS[2], domain, picture, image.shape, INPUT, margin=0.28)
        figure.lines(axes, row.curves.mesh, GRID, 1.3)
        figure.lines(axes, [row.curves.border], GRID, 3.5)
        figure.lines(axes, [row.curves.top], UP, 6)
        if row.curves.control is not None:
            figure.dots(axes, row.curves.control, GRID)
        figure.write_up(axes, row.curves, max(image.shape))
        seen, frame = row.output if row.output is not None else image, GRID
    axes = figure.panel(COLUMNS[3], domain, picture if seen is image else _picture(seen), seen.shape, frame)
    if row.curves is not None:
        figure.traces.append(_line([-0.5, seen.shape[1] - 0.5], [-0.5, -0.5], UP, 6) | axes)
    figure.bars(COLUMNS[4], domain, row.probabilities, answer, RIGHT if good else WRONG)
    mark = "" if row.label is None else (" ✓" if good else " ✗")
    text = f"{answer}{mark}  {100 * row.probabilities[answer]:.0f} %"
    middle_of_bars, above = sum(COLUMNS[4]) / 2, domain[1] + 0.004
    figure.write(text, middle_of_bars, above, size=18, bold=True, anchor=("center", "bottom"), color=RIGHT if good else WRONG)


def _theta_text(row: Row) -> str:
    lines = []
    if row.matrix is not None:
        cells = [[f"{value:+.2f}".replace("-", "−").replace("+", "\u2007") for value in line] for line in row.matrix]
        left, right = ("⎡⎣", "⎤⎦") if len(cells) == 2 else ("⎡⎢⎣", "⎤⎥⎦")
        lines = [f"{left[i]}{' '.join(line)} {right[i]}" for i, line in enumerate(cells)]
        lines.append("")
    elif row.curves is not None and row.curves.control is not None:
        lines = [f"where the {len(row.curves.control)} control", "points ● come from", ""]
    width = max((len(reading.name) for reading in row.readings), default=0)
    lines += [f"{reading.name.ljust(width)}  <b>{reading.figure}</b>" for reading in row.readings]
    return "<br>".join(lines).replace("  ", "\u2007 ")


def _picture(image: Tensor) -> str:
    """A grey image (H, W) in [0, 1] as a PNG in a data URI, a few hundred bytes."""
    pixels = (image.clamp(0, 1) * 255).round().byte().numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _line(x: Sequence[float | None], y: Sequence[float | None], color: str, width: float) -> dict[str, Any]:
    line = {"color": color, "width": width, "simplify": False}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip", "cliponaxis": False}


class _Canvas:
    """A figure in the making: panels with their own axes, texts in the figure's own coordinates (x and y from 0 to 1)."""

    def __init__(self, height: int) -> None:
        self.traces: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {
            "width": WIDTH,
            "height": height,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "font": {"family": "Source Sans, sans-serif"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "annotations": [],
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
        }
        self.panels = 0

    def figure(self) -> Figure:
        return {"data": self.traces, "layout": self.layout}

    def _axes(self, x: tuple[float, float], y: tuple[float, float], xaxis: dict[str, Any], yaxis: dict[str, Any]) -> dict[str, str]:
        self.panels += 1
        number = "" if self.panels == 1 else str(self.panels)
        plain = {"showgrid": False, "zeroline": False, "fixedrange": True}
        self.layout[f"xaxis{number}"] = plain | {"domain": x, "anchor": f"y{number}"} | xaxis
        self.layout[f"yaxis{number}"] = plain | {"domain": y, "anchor": f"x{number}"} | yaxis
        return {"xaxis": f"x{number}", "yaxis": f"y{number}"}

    def panel(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        source: str,
        size: Sequence[int],
        frame: str,
        margin: float = 0.02,
    ) -> dict[str, str]:
        """A picture at equal aspect in its frame, with room around it for what lies outside: ``margin`` of a side."""
        height, width = size
        room = margin * max(size)
        hidden = {"visible": False}
        number = "" if self.panels == 0 else str(self.panels + 1)
        axes = self._axes(
            x,
            y,
            hidden | {"range": [-0.5 - room, width - 0.5 + room], "constrain": "domain"},
            hidden | {"range": [height - 0.5 + room, -0.5 - room], "scaleanchor": f"x{number}", "constrain": "domain"},
        )
        self.traces.append({"type": "image", "source": source, "zsmooth": False, "hoverinfo": "skip"} | axes)
        edge = [-0.5, width - 0.5, width - 0.5, -0.5, -0.5], [-0.5, -0.5, height - 0.5, height - 0.5, -0.5]
        self.traces.append(_line(*edge, frame, 3) | axes)
        return axes

    def lines(self, axes: dict[str, str], curves: Sequence[Tensor], color: str, width: float) -> None:
        """Curves (N, 2) as one trace."""
        x: list[float | None] = []
        y: list[float | None] = []
        for curve in curves:
            points = np.round(curve.numpy().astype(float), 2)
            x += [*points[:, 0].tolist(), None]
            y += [*points[:, 1].tolist(), None]
        self.traces.append(_line(x, y, color, width) | axes)

    def dots(self, axes: dict[str, str], points: Tensor, color: str) -> None:
        """Points (N, 2)."""
        x, y = np.round(points.numpy().astype(float), 2).T.tolist()
        marker = {"color": color, "size": 9, "line": {"color": "#000000", "width": 1}}
        dots = {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, "hoverinfo": "skip", "cliponaxis": False}
        self.traces.append(dots | axes)

    def bars(self, x: tuple[float, float], y: tuple[float, float], values: Sequence[float], answer: int, color: str) -> None:
        """Class probabilities; the answer has its own colour."""
        axes = self._axes(
            x,
            (y[0] + 0.1 * (y[1] - y[0]), y[1] - 0.02 * (y[1] - y[0])),
            {"tickvals": list(range(10)), "tickfont": {"size": 14, "color": TEXT}, "range": [-0.6, 9.6]},
            {"range": [0, 1.02], "visible": False},
        )
        colors = [color if i == answer else QUIET for i in range(len(values))]
        bars = {"type": "bar", "x": list(range(len(values))), "y": [round(float(v), 4) for v in values]}
        self.traces.append(bars | {"marker": {"color": colors}, "hovertemplate": "%{x}: %{y:.1%}<extra></extra>"} | axes)

    def write_up(self, axes: dict[str, str], curves: GridCurves, size: int) -> None:
        """The word "up" outside the middle of the grid's upper side."""
        top, border = curves.top.numpy().astype(float), curves.border.numpy().astype(float)
        at = (top[(len(top) - 1) // 2] + top[len(top) // 2]) / 2
        outward = at - border.mean(0)
        across, down = outward / max(float(np.hypot(*outward)), 1e-6)
        x, y = (at + 0.11 * size * np.array((across, down))).round(2)
        side = "left" if across > 0.35 else "right" if across < -0.35 else "center"
        end = "bottom" if down < -0.35 else "top" if down > 0.35 else "middle"
        place = {"x": x, "y": y, "xref": axes["xaxis"], "yref": axes["yaxis"], "xanchor": side, "yanchor": end, "showarrow": False}
        self.layout["annotations"].append({"text": "<b>up</b>", "font": {"size": 13, "color": UP}} | place)

    def write(
        self, text: str, x: float, y: float, size: int = 13, bold: bool = False, anchor: tuple[str, str] = ("left", "top"),
        color: str | None = None, mono: bool = False,
    ) -> None:  # fmt: skip
        """A text at (x, y) of the figure."""
        font: dict[str, Any] = {"size": size, "color": color or TEXT} | ({"family": "monospace"} if mono else {})
        self.layout["annotations"].append(
            {
                "text": f"<b>{text}</b>" if bold else text, "x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False,
                "xanchor": anchor[0], "yanchor": anchor[1], "font": font, "align": "left",
            }
        )  # fmt: skip
