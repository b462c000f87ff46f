"""What every figure is drawn with: the colours, which mean the same on every page, and a canvas of
panels. Plain Plotly dicts.

Plain dicts, since Plotly's own figure objects cost a hundred times more to build, and a class of
300 shares one interpreter.
"""

import base64
import io
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from stn_core.explain.readings import GridCurves

Figure = dict[str, Any]

# Okabe and Ito's palette, which colour-blind people can tell apart
INPUT = "#0072B2"  # the frame of the input
GRID = "#E69F00"  # the sampling grid, and the frame of what it cuts out
UP = "#CC79A7"  # the side of the grid, and of the output, that is up
CORRECT, INCORRECT = "#009E73", "#D55E00"  # the answer
UNKNOWN = "#4C7DB8"  # an answer of which nobody knows whether it is right
QUIET = "#8A929E"  # everything else, legible on light and on dark
FAINT = "rgba(138, 146, 158, 0.22)"  # QUIET, to lie behind something
TEXT = "rgb(1, 2, 3)"  # the theme's colour for text, put in by the page
MODELS = {  # a model's colour says which transformer it has, ``model_line`` adds which network
    "plain": QUIET,
    "affine": "#8C6BE0",
    "projective": "#999933",
    "tps": "#1FA3B8",
}

CUSTOM = ("#B07A3C", "#56B4E9", "#C2477F")  # of your own models

WIDTH = 1000  # a figure is laid out for this width and scaled to the page


def picture(image: Tensor) -> str:
    """A grey image (H, W), or with alpha (H, W, 2), in [0, 1] as a PNG in a data URI."""
    return data_uri(Image.fromarray((image.clamp(0, 1) * 255).round().byte().numpy()))


def data_uri(image: Image.Image, compress_level: int = 1) -> str:
    """A picture as a PNG in a data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=compress_level)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def line(
    x: Sequence[float | None], y: Sequence[float | None], color: str, width: float
) -> dict[str, Any]:
    line = {"color": color, "width": width, "simplify": False}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def rectangle(x: tuple[float, float], y: tuple[float, float]) -> tuple[list[float], list[float]]:
    """The outline of a rectangle; its first side comes twice, so that its first corner is as sharp
    as the others."""
    (left, right), (top, bottom) = x, y
    return [left, right, right, left, left, right], [top, top, bottom, bottom, top, top]


def model_color(model: str) -> str:
    """The colour of a model such as "st-cnn-affine" on every page."""
    if model in ("fcn", "cnn"):
        return MODELS["plain"]
    network, _, family = model.removeprefix("st-").partition("-")
    return (
        MODELS[family]
        if network in ("fcn", "cnn") and family in MODELS
        else CUSTOM[zlib.crc32(model.encode()) % len(CUSTOM)]
    )


def model_line(model: str) -> dict[str, Any]:
    """How the curve of a model is drawn: its colour, dotted for an FCN and solid for a CNN."""
    return {"color": model_color(model), "width": 3, "dash": "dot" if "fcn" in model else "solid"}


class Canvas:
    """A figure in the making: panels with their own axes, texts in the figure's own coordinates (x
    and y from 0 to 1)."""

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

    def add_axes(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        xaxis: dict[str, Any],
        yaxis: dict[str, Any],
    ) -> dict[str, str]:
        """Axes over a part of the figure, for traces to be drawn on."""
        self.panels += 1
        number = "" if self.panels == 1 else str(self.panels)
        plain = {"showgrid": False, "zeroline": False, "fixedrange": True}
        self.layout[f"xaxis{number}"] = plain | {"domain": x, "anchor": f"y{number}"} | xaxis
        self.layout[f"yaxis{number}"] = plain | {"domain": y, "anchor": f"x{number}"} | yaxis
        return {"xaxis": f"x{number}", "yaxis": f"y{number}"}

    def curve_axes(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        xaxis: dict[str, Any],
        yaxis: dict[str, Any],
    ) -> dict[str, str]:
        """Axes with ticks and a light grid, for curves; ``xaxis`` and ``yaxis`` add to Plotly's,
        such as range and tickvals."""
        marked = {"tickfont": {"size": 14, "color": TEXT}, "showgrid": True, "gridcolor": FAINT}
        return self.add_axes(x, y, marked | xaxis, marked | yaxis)

    def panel(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        source: str,
        size: Sequence[int],
        frame: str | None,
        margin: float = 0.02,
    ) -> dict[str, str]:
        """A picture at equal aspect in its frame, if any, with room around it for what lies
        outside: ``margin`` of a side."""
        height, width = size
        room = margin * max(size)
        hidden = {"visible": False}
        number = "" if self.panels == 0 else str(self.panels + 1)
        axes = self.add_axes(
            x,
            y,
            hidden | {"range": [-0.5 - room, width - 0.5 + room], "constrain": "domain"},
            hidden
            | {
                "range": [height - 0.5 + room, -0.5 - room],
                "scaleanchor": f"x{number}",
                "constrain": "domain",
            },
        )
        self.traces.append(
            {"type": "image", "source": source, "zsmooth": False, "hoverinfo": "skip"} | axes
        )
        if frame is None:
            return axes
        outline = rectangle((-0.5, width - 0.5), (-0.5, height - 0.5))
        self.traces.append(line(*outline, frame, 3) | axes)
        return axes

    def lines(
        self,
        axes: dict[str, str],
        curves: Sequence[Tensor],
        color: str,
        width: float,
        decimals: int = 2,
    ) -> None:
        """Curves (N, 2) as one trace; two decimals are enough for pixels of an image."""
        x: list[float | None] = []
        y: list[float | None] = []
        for curve in curves:
            points = np.round(curve.numpy().astype(float), decimals)
            x += [*points[:, 0].tolist(), None]
            y += [*points[:, 1].tolist(), None]
        self.traces.append(line(x, y, color, width) | axes)

    def marks(
        self,
        axes: dict[str, str],
        points: Tensor,
        color: str,
        size: float = 10,
        edge: str = "#000000",
    ) -> None:
        """Dots at points (N, 2)."""
        x, y = points.double().T.tolist()
        marker = {"color": color, "size": size, "line": {"color": edge, "width": 1}}
        dots = {
            "type": "scatter",
            "mode": "markers",
            "x": rounded(x),
            "y": rounded(y),
            "marker": marker,
            "hoverinfo": "skip",
        }
        self.traces.append(dots | {"cliponaxis": False} | axes)

    def bars(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        values: Sequence[float],
        answer: int,
        color: str,
    ) -> None:
        """Class probabilities; the answer has its own colour."""
        axes = self.add_axes(
            x,
            (y[0] + 0.1 * (y[1] - y[0]), y[1] - 0.02 * (y[1] - y[0])),
            {
                "tickvals": list(range(10)),
                "tickfont": {"size": 14, "color": TEXT},
                "range": [-0.6, 9.6],
                "ticklabeloverflow": "allow",  # else Plotly measures each at every change
            },
            {"range": [0, 1.02], "visible": False},
        )
        colors = [color if i == answer else QUIET for i in range(len(values))]
        bars = {
            "type": "bar",
            "x": list(range(len(values))),
            "y": [round(float(v), 4) for v in values],
        }
        self.traces.append(
            bars
            | {"marker": {"color": colors}, "hovertemplate": "%{x}: %{y:.1%}<extra></extra>"}
            | axes
        )

    def label_upper_side(
        self, axes: dict[str, str], curves: GridCurves, size: int, word: str
    ) -> None:
        """The word for up outside the middle of the grid's upper side."""
        top, border = curves.top.numpy().astype(float), curves.border.numpy().astype(float)
        at = (top[(len(top) - 1) // 2] + top[len(top) // 2]) / 2
        outward = at - border.mean(0)
        across, down = outward / max(float(np.hypot(*outward)), 1e-6)
        x, y = (at + 0.11 * size * np.array((across, down))).round(2)
        side = "left" if across > 0.35 else "right" if across < -0.35 else "center"
        end = "bottom" if down < -0.35 else "top" if down > 0.35 else "middle"
        self.write(word, x, y, bold=True, anchor=(side, end), color=UP, axes=axes)

    def write(
        self,
        text: str,
        x: float,
        y: float,
        size: int = 13,
        bold: bool = False,
        anchor: tuple[str, str] = ("left", "top"),
        color: str | None = None,
        mono: bool = False,
        axes: Mapping[str, str] | None = None,
    ) -> None:
        """A text at (x, y) of the figure, or of a panel by its axes, above all else."""
        font: dict[str, Any] = {"size": size, "color": color or TEXT} | (
            {"family": "monospace"} if mono else {}
        )
        self.layout["annotations"].append(
            {
                "text": f"<b>{text}</b>" if bold else text,
                "x": x,
                "y": y,
                "xref": axes["xaxis"] if axes else "paper",
                "yref": axes["yaxis"] if axes else "paper",
                "showarrow": False,
                "xanchor": anchor[0],
                "yanchor": anchor[1],
                "font": font,
                "align": "left",
            }
        )


def rounded(values: Sequence[float]) -> list[float]:
    """Finite numbers of five decimals, as Plotly takes them."""
    return np.round(
        np.nan_to_num(np.asarray(values, dtype=float), posinf=1e6, neginf=-1e6), 5
    ).tolist()
