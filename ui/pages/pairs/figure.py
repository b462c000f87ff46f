"""The figure of how two transformers share two digits out while they learn: a plain Plotly dict."""

from collections.abc import Sequence

from ui.drawing.canvas import FAINT, GRID, INPUT, TEXT, Canvas, Figure

COLORS = (INPUT, GRID)  # of the digits' lines
DASHES = ("solid", "dot")  # of the transformers' lines
HEIGHT = 400


def learning_figure(
    steps: Sequence[int],
    shares: Sequence[Sequence[Sequence[float]]],
    names: Sequence[str],
    digits: Sequence[str],
    transformers: Sequence[str],
    title: str,
    below: str,
) -> Figure:
    """How much of each digit's turn or shift each transformer follows, in per cent, over the
    training steps.

    Args:
        shares: a table (T, 2) for each of the steps.
        names: of the lines, transformer by transformer.
        digits: what the legend calls the lines of a colour.
        transformers: and those of a dash.
        title: of the vertical axis.
        below: of the horizontal one.
    """
    figure = Canvas(HEIGHT)
    last = max(steps[-1], 1)
    axes = figure.curve_axes(
        (0.06, 0.985),
        (56 / HEIGHT, 1 - 72 / HEIGHT),
        {"range": [0, 1.02 * last], "tickformat": ",d"},
        {"range": [-22, 108], "tickvals": [0, 25, 50, 75, 100], "ticksuffix": " %"},
    )
    ends = {"type": "scatter", "mode": "lines", "x": [0, last], "hoverinfo": "skip"}
    figure.traces.append({**ends, "y": [0, 0], "line": {"color": FAINT, "width": 2}} | axes)
    for i, name in enumerate(names):
        transformer, digit = divmod(i, 2)
        color, dash = COLORS[digit], DASHES[transformer]
        trace = {
            "type": "scatter",
            "mode": "lines",
            "x": list(steps),
            "y": [moment[transformer][digit] for moment in shares],
            "line": {"color": color, "width": 3.5, "dash": dash},
            "name": name,
            "hovertemplate": f"{name}: %{{y:.0f}} %<extra></extra>",
        }
        figure.traces.append(trace | axes)
    for i in range(2):
        keys = (("━━", COLORS[i], digits[i]), ("•••" if i else "━━", TEXT, transformers[i]))
        for row, (stroke, color, name) in enumerate(keys):
            figure.write(
                f'<span style="color:{color}"><b>{stroke}</b></span>  {name}',
                0.06 + 0.47 * i,
                1 - (12 + 24 * row) / HEIGHT,
                15,
                anchor=("left", "middle"),
            )
    figure.write(title, 0, 1 - 58 / HEIGHT, 14, anchor=("left", "middle"))
    figure.write(below, 0.985, 0, 14, anchor=("right", "bottom"), color=TEXT)
    return figure.figure()
