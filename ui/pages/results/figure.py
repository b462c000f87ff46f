"""The results page's figures: the curves as a plain Plotly dict, the means of the classes as
another, the table as HTML."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from torch import Tensor

from ui.app.terms import explained
from ui.drawing.canvas import (
    CORRECT,
    FAINT,
    GRID,
    INCORRECT,
    INPUT,
    QUIET,
    Canvas,
    Figure,
    line,
    model_color,
    model_line,
    picture,
)

GUESSING = 90.0  # the error in per cent of somebody who guesses one of ten classes
LOWEST = 0.1  # the lower end of a logarithmic axis; an error of one digit in a thousand
LEFT, RIGHTMOST = 0.05, 0.975


Name = tuple[str, Sequence[str]]  # with what it means, in sentences


@dataclass(frozen=True)
class Cell:
    """One cell of the table: what stands in it, large and small, and where a click leads; ``meets``
    is None without a figure."""

    large: str
    small: str
    hint: str
    link: str | None = None
    meets: bool | None = None


@dataclass(frozen=True)
class CurvePanel:
    """A panel of curves: title, x values, range of training with a note, a curve a model."""

    title: str
    unit: str
    values: Sequence[float]
    trained: tuple[float, float] | None
    note: str
    errors: Mapping[str, Sequence[float]]  # by the model's name in stn_core


def table_html(
    corner: str,
    columns: Sequence[Name],
    rows: Sequence[tuple[Name, Sequence[Cell | None]]],
    below: tuple[str, str] | None = None,
) -> str:
    """The table: columns with a name, rows with a name and a cell for each column, None where the
    paper has none.

    ``below`` says under each column's name what stands large and small in its cells.
    """
    two = "" if below is None else "<small>{}<span>{}</span></small>".format(*map(escape, below))
    head = "".join(
        f'<th scope="col">{explained(escape(name), about)}{two}</th>' for name, about in columns
    )
    body = ""
    for (name, about), cells in rows:
        data = "".join(f"<td>{_cell_html(cell)}</td>" for cell in cells)
        body += f'<tr><th scope="row">{explained(escape(name), about)}</th>{data}</tr>'
    style = f"--right: {CORRECT}; --wrong: {INCORRECT}; --quiet: {QUIET}"
    head = f'<thead><tr><th scope="row">{escape(corner)}</th>{head}</tr></thead>'
    kind = "results" if below else "results details"
    return f'<table class="{kind}" style="{style}">{head}<tbody>{body}</tbody></table>'


def _cell_html(cell: Cell | None) -> str:
    if cell is None:
        return ""
    sign, kind = {True: ("✓", "right"), False: ("✗", "wrong"), None: ("", "empty")}[cell.meets]
    sign = f'<i aria-hidden="true">{sign}</i>' if sign else ""
    text = f"{sign}<b>{escape(cell.large)}</b><small>{escape(cell.small)}</small>"
    hint = f'class="{kind}" title="{escape(cell.hint)}" aria-label="{escape(cell.hint)}"'
    return (
        f'<a href="{escape(cell.link)}" {hint}>{text}</a>'
        if cell.link
        else f"<span {hint}>{text}</span>"
    )


def curves_figure(
    panels: Sequence[CurvePanel],
    names: Mapping[str, str],
    title: str,
    guessing: str,
    range_name: str,
    logarithmic: bool = True,
) -> Figure:
    """Error in per cent against each panel's parameter, the range of training shaded.

    Args:
        names: of the models that are shown, as the legend has them.
        title: of the vertical axis.
        guessing: what is written at the error of a guess.
        range_name: what is written in a shaded range.
    """
    legend_rows = -(-len(names) // 4)
    head = 30 + 26 * legend_rows
    height = head + 400
    figure = Canvas(height)
    figure.layout["shapes"] = []
    _legend(figure, names, height)
    gap = 0.05
    width = (RIGHTMOST - LEFT - gap * (len(panels) - 1)) / len(panels)
    bottom, top = 52 / height, 1 - (head + 22) / height
    figure.write(title, 0, top + 24 / height, size=14, anchor=("left", "middle"))
    ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] if logarithmic else [0, 20, 40, 60, 80, 100]
    for i, panel in enumerate(panels):
        left = LEFT + i * (width + gap)
        low, high = min(panel.values), max(panel.values)
        room = 0.02 * (high - low)
        xaxis = {"range": [low - room, high + room], **_ticks(low, high, panel.unit)}
        yaxis: dict[str, Any] = {
            "tickvals": ticks,
            "ticktext": [f"{tick:g}" for tick in ticks],
            "showticklabels": i == 0,
        }
        yaxis |= (
            {"type": "log", "range": [math.log10(LOWEST), 2.03]}
            if logarithmic
            else {"range": [0, 102]}
        )
        axes = figure.curve_axes((left, left + width), (bottom, top), xaxis, yaxis)
        _shade(figure, axes, panel, range_name)
        ends = line([low, high], [GUESSING, GUESSING], QUIET, 1.5) | axes
        figure.traces.append(ends | {"line": ends["line"] | {"dash": "dash"}})
        for model, errors in panel.errors.items():
            trace = {
                "type": "scatter",
                "mode": "lines+markers",
                "x": list(panel.values),
                "line": model_line(model),
                "y": [max(error, LOWEST) if logarithmic else error for error in errors],
                "text": [f"{error:.1f} %" for error in errors],
                "name": names[model],
                "cliponaxis": False,
                "marker": {"color": model_color(model), "size": 6},
                "hovertemplate": f"{names[model]}: %{{text}} (%{{x:g}} {panel.unit})"
                "<extra></extra>",
            }
            figure.traces.append(trace | axes)
        centre = left + width / 2
        figure.write(
            panel.title, centre, top + 24 / height, size=17, bold=True, anchor=("center", "middle")
        )
        figure.write(
            guessing,
            centre,
            _at(GUESSING, bottom, top, logarithmic) - 0.004,
            13,
            anchor=("center", "top"),
        )
        figure.write(panel.note, centre, 0, size=14, anchor=("center", "bottom"))
    return figure.figure()


def _at(error: float, bottom: float, top: float, logarithmic: bool) -> float:
    """The height of an error in the figure."""
    low = math.log10(LOWEST)
    share = (math.log10(error) - low) / (2.03 - low) if logarithmic else error / 102
    return bottom + share * (top - bottom)


def _ticks(low: float, high: float, unit: str) -> dict[str, object]:
    if unit == "°":
        values: list[float] = [-180, -90, 0, 90, 180]
    elif unit == "px":
        values = [low, low / 2, 0, high / 2, high]
    else:
        values = [low, 0.7, 1.0, 1.3, high]
    sign = "+" if low < 0 else ""
    return {
        "tickvals": values,
        "ticktext": [
            f"{value:{sign if value else ''}g}{unit}".replace("-", "−") for value in values
        ],
    }


def _shade(figure: Canvas, axes: dict[str, str], panel: CurvePanel, name: str) -> None:
    """The range of training as a band."""
    if panel.trained is None:
        return
    low, high = panel.trained
    refs = {"xref": axes["xaxis"], "yref": f"{axes['yaxis']} domain"}
    band = {
        "type": "rect",
        "x0": low,
        "x1": high,
        "y0": 0,
        "y1": 1,
        "fillcolor": FAINT,
        "layer": "below",
        "line": {"width": 0},
    }
    figure.layout["shapes"].append(band | refs)
    inside = {"xaxis": refs["xref"], "yaxis": refs["yref"]}
    figure.write(name, (low + high) / 2, 0.6, anchor=("center", "middle"), axes=inside)


def _legend(figure: Canvas, names: Mapping[str, str], height: int) -> None:
    """The models in rows of four, each with a piece of its line."""
    for i, (model, name) in enumerate(names.items()):
        row, column = divmod(i, 4)
        x, y = LEFT + 0.235 * column, 1 - (14 + 26 * row) / height
        stroke = "•••" if "fcn" in model else "━━"
        figure.write(
            f'<span style="color:{model_color(model)}"><b>{stroke}</b></span>  {name}',
            x,
            y,
            16,
            anchor=("left", "middle"),
        )


def means_figure(
    before: Tensor, after: Tensor, titles: tuple[str, str], figures: tuple[str, str], caption: str
) -> Figure:
    """The mean image of each class (10, h, w), before the transformer and after it, each row with
    its title and its figure.

    Both rows are brightened by the same factor, the one that makes the brightest pixel of all
    white.
    """
    height, strip = 286, 90
    figure = Canvas(height)
    bright = 1 / max(before.max().item(), after.max().item(), 1e-6)
    for i, (means, title, said, color) in enumerate(
        zip((before, after), titles, figures, (INPUT, GRID), strict=True)
    ):
        top = 1 - (30 + i * (strip + 66)) / height
        bottom = top - strip / height
        figure.write(
            f'<span style="color:{color}">■</span> {title}',
            0,
            top + 4 / height,
            17,
            bold=True,
            anchor=("left", "bottom"),
        )
        rows, columns = means.shape[1:]
        joined = torch.cat(list(means), dim=1) * bright
        axes = figure.panel(
            (0, 0.848), (bottom, top), picture(joined), joined.shape, color, margin=0.002
        )
        between = [
            torch.tensor([[x - 0.5, -0.5], [x - 0.5, rows - 0.5]])
            for x in range(columns, 10 * columns, columns)
        ]
        figure.lines(axes, between, color, 1.5)
        figure.write(said, 1, (top + bottom) / 2, 34, bold=True, anchor=("right", "middle"))
    figure.write(caption, 1, 1, 14, anchor=("right", "top"))
    return figure.figure()
