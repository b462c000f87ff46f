"""What the networks answer to a bird, the likeliest species of each: a plain Plotly dict."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.app.outside import in_figure
from ui.drawing.canvas import CORRECT, FAINT, INCORRECT, QUIET, UNKNOWN, Canvas, Figure

WIDTH = 300  # the figure stands in a narrow column
HEAD, BAR, GAP = 30, 29, 12  # pixels: a model's name, a species, the room below a model


@dataclass(frozen=True)
class Guesses:
    """A model's likeliest species, and which of them is right: None if nobody knows."""

    model: str
    names: Sequence[str]
    probabilities: Sequence[float]
    truth: str | None


def guesses_figure(models: Sequence[Guesses]) -> Figure:
    heights = [HEAD + BAR * len(each.names) + GAP for each in models]
    height = max(sum(heights), 1)
    figure = Canvas(height)
    figure.layout["width"] = WIDTH
    top = 0
    for each, extent in zip(models, heights, strict=True):
        _block(figure, each, top, height)
        top += extent
    return figure.figure()


def _block(figure: Canvas, each: Guesses, top: int, height: int) -> None:
    def at(pixel: float) -> float:
        return 1 - pixel / height

    figure.write(in_figure(each.model), 0, at(top + 4), size=18, bold=True)
    bottom = top + HEAD + BAR * len(each.names)
    axes = figure.add_axes(
        (0, 1),
        (max(at(bottom), 0.0), at(top + HEAD)),
        {"visible": False, "range": [0, 1]},
        {"visible": False, "range": [len(each.names) - 0.5, -0.5]},
    )
    colors = [_color(each, i) for i in range(len(each.names))]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [round(p, 4) for p in each.probabilities],
        "y": list(range(len(each.names))),
    }
    marker = {"color": colors, "opacity": 0.5}
    figure.traces.append(bars | {"marker": marker, "width": 0.86, "hoverinfo": "skip"} | axes)
    figure.traces.append(
        {
            "type": "bar",
            "orientation": "h",
            "x": [1] * len(each.names),
            "y": bars["y"],
            "marker": {"color": FAINT},
            "width": 0.86,
        }
        | {"hoverinfo": "skip"}
        | axes
    )
    figure.layout["barmode"] = "overlay"
    for i, (name, probability) in enumerate(zip(each.names, each.probabilities, strict=True)):
        middle = at(top + HEAD + BAR * (i + 0.5))
        figure.write(in_figure(name), 0.02, middle, size=16, bold=i == 0, anchor=("left", "middle"))
        figure.write(
            percent(probability), 0.985, middle, size=16, bold=i == 0, anchor=("right", "middle")
        )


def _color(each: Guesses, i: int) -> str:
    if each.truth is not None and each.names[i] == each.truth:
        return CORRECT
    if i == 0:
        return UNKNOWN if each.truth is None else INCORRECT
    return QUIET


def percent(probability: float) -> str:
    shown = f"{100 * probability:.0f} %" if probability >= 0.01 or probability == 0 else "< 1 %"
    return shown.replace(" ", "\N{NO-BREAK SPACE}")
