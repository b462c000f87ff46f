"""Where a model's windows lie on all test photographs, in the coordinates of the bird's box: drawn
from figures in the checkpoint, so without any photograph. A plain Plotly figure dict."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageColor, ImageFilter

from stn_core.evaluation.bird_metrics import DENSITY, EXTENT
from ui.drawing.canvas import QUIET, Canvas, Figure, data_uri, line
from ui.pages.birds.component import WINDOWS

WIDTH, HEIGHT = 500, 316
SIDE = 312  # pixels of the picture
# the parts in the order in which they lie around a bird
OUTLINE = ("beak", "forehead", "crown", "nape", "back", "tail", "leg", "belly", "breast", "throat")
Part = tuple[float, float]


def overview_figure(
    densities: Sequence[Sequence[int]],
    labels: Sequence[str],
    parts: Mapping[str, Part],
    names: Mapping[str, str],
) -> Figure:
    """A panel with the density of each window's centres (``box_density``) in the window's colour,
    over an outline of the mean places of the ``parts``; beside it what each window is, ``labels``.
    ``names`` are words for some of the parts."""
    figure = Canvas(HEIGHT)
    figure.layout["width"] = WIDTH
    axes = figure.panel(
        (0, SIDE / WIDTH), (0, 1), densities_picture(densities), (SIDE, SIDE), None, margin=0.0
    )
    box = [pixel(v) for v in (-1, 1, 1, -1, -1)], [pixel(v) for v in (-1, -1, 1, 1, -1)]
    frame = line(*box, QUIET, 1.5) | axes
    frame["line"] |= {"dash": "dot"}
    figure.traces.append(frame)
    around = [parts[name] for name in OUTLINE if name in parts]
    if around:
        around.append(around[0])
        outline = line([pixel(x) for x, _ in around], [pixel(y) for _, y in around], QUIET, 2)
        outline["line"] |= {"shape": "spline"}
        figure.traces.append(outline | axes)
    for part, name in names.items():
        if part in parts:
            x, y = parts[part]
            middle = ("center", "middle")
            figure.write(name, pixel(x), pixel(y), 15, anchor=middle, axes=axes)
    for i, label in enumerate(labels):
        top = 1 - (14 + i * 62) / HEIGHT
        mark = f'<span style="color:{WINDOWS[i]}">■</span>'
        figure.write(f"{mark} {label}", SIDE / WIDTH + 0.03, top, 16)
    return figure.figure()


def pixel(value: float) -> float:
    """A coordinate of the box as one of the picture."""
    return round((value / EXTENT + 1) / 2 * SIDE - 0.5, 1)


def densities_picture(densities: Sequence[Sequence[int]]) -> str:
    """Each window's density in its colour, the denser the less transparent, one over the other; a
    PNG in a data URI."""
    whole = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    for density, color in zip(densities, WINDOWS, strict=False):
        cells = np.asarray(density, dtype=float).reshape(DENSITY, DENSITY)
        share = np.sqrt(cells / max(cells.max(), 1))  # a root shows the tails too
        alpha = Image.fromarray((255 * 0.85 * share).round().astype(np.uint8))
        alpha = alpha.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        layer = Image.new("RGBA", (SIDE, SIDE), ImageColor.getrgb(color))
        layer.putalpha(alpha.filter(ImageFilter.GaussianBlur(SIDE / DENSITY / 2)))
        whole = Image.alpha_composite(whole, layer)
    return data_uri(whole, compress_level=6)
