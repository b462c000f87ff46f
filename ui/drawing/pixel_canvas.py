"""A canvas laid out in pixels from the figure's top left corner, with charts, arrows and squares:
what the exhibits draw on."""

import base64
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ui.drawing.canvas import QUIET, TEXT, WIDTH, Canvas, Figure, line, picture, rectangle, rounded

Axes = dict[str, str]
# an anchor is a place of the text, Plotly's position of it one around the point
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
OPPOSITE |= {"center": "center", "middle": "middle"}
GAP = 5  # pixels between a text and the point that it stands above or below
TITLE = 20  # pixels for one


class Box(NamedTuple):
    """A place in a figure, in pixels of its design size."""

    x: float
    y: float
    width: float
    height: float


class Board(Canvas):
    """A figure of ``WIDTH`` x ``height`` pixels."""

    def __init__(self, height: int) -> None:
        super().__init__(height)
        self.height = height
        self.texts: dict[tuple[str, str], dict[str, Any]] = {}  # in the panels, by their axes

    def figure(self) -> Figure:
        self.traces += self.texts.values()
        self.texts = {}
        return super().figure()

    def _domain(self, box: Box) -> tuple[tuple[float, float], tuple[float, float]]:
        x, y = (
            (box.x / WIDTH, (box.x + box.width) / WIDTH),
            (1 - (box.y + box.height) / self.height, 1 - box.y / self.height),
        )
        return (max(x[0], 0.0), min(x[1], 1.0)), (max(y[0], 0.0), min(y[1], 1.0))

    def image(
        self, box: Box, image: Tensor | str, size: Sequence[int], frame: str, margin: float = 0.02
    ) -> Axes:
        """A picture (H, W) in [0, 1], or a data URI of that size, framed; axes in its pixels."""
        return self.panel(
            *self._domain(box),
            image if isinstance(image, str) else picture(image),
            size,
            frame,
            margin,
        )

    def mosaic(
        self,
        x: float,
        y: float,
        side: float,
        images: Sequence[Tensor],
        frames: Sequence[str],
        titles: Sequence[str],
        columns: int = 2,
        gap: tuple[int, int] = (2, 10),
    ) -> None:
        """Equal pictures (H, W) in [0, 1] in rows under their titles, ``side`` wide each and
        ``gap`` of their pixels apart.

        They are one image with one pair of axes, since every further pair costs Plotly time at
        every change.
        """
        height, width = images[0].shape
        pixel = side / width
        across, down, head = width + gap[0], height + gap[1], math.ceil(TITLE / pixel)
        rows = -(-len(images) // columns)
        size = (head + rows * down - gap[1], columns * across - gap[0])
        whole = torch.zeros(*size, 2)  # grey and alpha
        corners = [
            (head + down * (i // columns), across * (i % columns)) for i in range(len(images))
        ]
        for image, (top, left) in zip(images, corners, strict=True):
            whole[top : top + height, left : left + width] = torch.stack(
                (image, torch.ones_like(image)), dim=2
            )
        box = Box(x, y - pixel * head, pixel * size[1], pixel * size[0])
        axes = self.panel(*self._domain(box), picture(whole), size, None, margin=0)
        square = torch.tensor([(0, 0), (width, 0), (width, height), (0, height), (0, 0)]) - 0.5
        for color in dict.fromkeys(frames):
            own = [corner for frame, corner in zip(frames, corners, strict=True) if frame == color]
            self.lines(axes, [square + torch.tensor((left, top)) for top, left in own], color, 3)
        for title, (top, left) in zip(titles, corners, strict=True):
            middle = (left + (width - 1) / 2, top - 0.5)
            self.annotate(axes, title, *middle, size=14, bold=True, anchor=("center", "bottom"))

    def chart(
        self,
        box: Box,
        x: tuple[float, float],
        y: tuple[float, float],
        xticks: Sequence[float] = (),
        yticks: Sequence[float] = (),
        xtext: Sequence[str] | None = None,
        ytext: Sequence[str] | None = None,
    ) -> Axes:
        """Axes for curves, with few ticks, whose texts lie outside the box, and a line at 0. They
        are drawn once there is a trace on them."""
        shared = {
            "tickfont": {"size": 13, "color": TEXT},
            "showline": True,
            "linecolor": QUIET,
            "ticks": "",
        }
        return self.add_axes(
            *self._domain(box),
            shared
            | {"range": list(x), "tickvals": list(xticks), "ticktext": _ticks(xticks, xtext)},
            shared
            | {"range": list(y), "tickvals": list(yticks), "ticktext": _ticks(yticks, ytext)},
        )

    def overlay(self) -> Axes:
        """Axes over the whole figure, in its pixels."""
        hidden = {"visible": False}
        return self.add_axes(
            (0, 1), (0, 1), hidden | {"range": [0, WIDTH]}, hidden | {"range": [self.height, 0]}
        )

    def curve(
        self,
        axes: Axes,
        x: Sequence[float],
        y: Sequence[float],
        color: str,
        width: float = 3,
        dash: str = "solid",
    ) -> None:
        trace = line(rounded(x), rounded(y), color, width)
        trace["line"]["dash"] = dash
        self.traces.append(trace | axes)

    def bar(
        self,
        axes: Axes,
        x: Sequence[float],
        y: Sequence[float],
        colors: Sequence[str],
        width: float = 0.8,
    ) -> None:
        bars = {
            "type": "bar",
            "x": list(x),
            "y": rounded(y),
            "width": width,
            "marker": {"color": list(colors)},
            "hoverinfo": "skip",
        }
        self.traces.append(bars | axes)

    def small_dots(
        self,
        axes: Axes,
        points: Tensor,
        color: str,
        diameter: float,
        size: Sequence[int],
        margin: float,
    ) -> None:
        """Many small dots at points (N, 2) of an image of ``size`` and with ``margin`` around it,
        as one drawing over it: a marker each takes Plotly longer than all the rest of a figure."""
        height, width = size
        left = -0.5 - margin * max(size)
        box = {"x": left, "y": left, "sizex": width - 1 - 2 * left, "sizey": height - 1 - 2 * left}
        path = "".join(f"M{x:.2f} {y:.2f}h0" for x, y in points.tolist())
        view = f"{left} {left} {box['sizex']} {box['sizey']}"
        tall = 1000 * box["sizey"] / box["sizex"]
        drawing = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" '
            f'width="1000" height="{tall}">'
            f'<path d="{path}" stroke="{color}" stroke-width="{diameter}" '
            'stroke-linecap="round" fill="none"/></svg>'
        )
        source = "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()
        place = {
            "xref": axes["xaxis"],
            "yref": axes["yaxis"],
            "layer": "above",
            "sizing": "stretch",
        }
        self.layout.setdefault("images", []).append({"source": source} | box | place)

    def arrows(
        self,
        axes: Axes,
        tails: Tensor,
        heads: Tensor,
        color: str,
        width: float = 2,
        head: float = 0.35,
    ) -> None:
        """Arrows between points (N, 2) in one trace; a head is ``head`` of the arrow's length."""
        along = heads - tails
        across = torch.stack((-along[:, 1], along[:, 0]), dim=1)
        left, right = (
            heads - head * along + 0.6 * head * across,
            heads - head * along - 0.6 * head * across,
        )
        self.lines(axes, list(torch.stack((tails, heads, left, heads, right), dim=1)), color, width)

    def square(
        self, axes: Axes, x: float, y: float, color: str, width: float = 3, side: float = 1
    ) -> None:
        """The outline of a pixel."""
        outline = rectangle((x - side / 2, x + side / 2), (y - side / 2, y + side / 2))
        self.traces.append(line(*outline, color, width) | axes)

    def label(
        self,
        text: str,
        x: float,
        y: float,
        size: float = 15,
        bold: bool = False,
        anchor: tuple[str, str] = ("left", "top"),
        mono: bool = False,
        color: str | None = None,
        mark: str | None = None,
    ) -> None:
        """A text at pixel (x, y) of the figure, after a square of the colour ``mark`` if given."""
        text = f'<span style="color:{mark}">■</span> {text}' if mark else text
        self.write(
            text,
            x / WIDTH,
            1 - y / self.height,
            size=size,  # type: ignore[arg-type]
            bold=bold,
            anchor=anchor,
            color=color,
            mono=mono,
        )

    def annotate(
        self,
        axes: Axes,
        text: str,
        x: float,
        y: float,
        size: float = 14,
        color: str | None = None,
        bold: bool = False,
        anchor: tuple[str, str] = ("center", "middle"),
    ) -> None:
        """A text at a point of a panel, above all else there; ``write`` puts one above an
        ``overlay`` too. If its anchor is its top or bottom, there is a gap of ``GAP`` between.

        A panel's texts are one trace: each as an annotation of its own takes Plotly 0.7 ms at every
        change.
        """
        low, high = self.layout["yaxis" + axes["yaxis"][1:]]["range"]
        bottom, top = self.layout["yaxis" + axes["yaxis"][1:]]["domain"]
        down = (low - high) / ((top - bottom) * self.height)  # of one of the figure's pixels
        y += down * GAP * {"top": 1, "middle": 0, "bottom": -1}[anchor[1]]
        plain = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "cliponaxis": False}
        empty: dict[str, list[Any]] = {"x": [], "y": [], "text": [], "textposition": []}
        trace = self.texts.setdefault(
            (axes["xaxis"], axes["yaxis"]),
            plain | empty | {"textfont": {"size": [], "color": []}} | axes,
        )
        trace["x"].append(round(x, 4))
        trace["y"].append(round(y, 4))
        trace["text"].append(f"<b>{text}</b>" if bold else text)
        trace["textposition"].append(f"{OPPOSITE[anchor[1]]} {OPPOSITE[anchor[0]]}")
        trace["textfont"]["size"].append(size)
        trace["textfont"]["color"].append(color or TEXT)


def _ticks(values: Sequence[float], texts: Sequence[str] | None) -> list[str]:
    return (
        list(texts) if texts is not None else [f"{value:g}".replace("-", "−") for value in values]
    )
