"""The figures of the exhibit "why": what moves inside a CNN, and what max-pools forgive."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ui.app.i18n import Translator, percent
from ui.drawing.canvas import CORRECT, INCORRECT, INPUT, QUIET, Figure, rectangle
from ui.drawing.pixel_canvas import Board, Box
from ui.drawing.tint import coloured


@dataclass(frozen=True)
class Seen:
    """A CNN's feature maps of one image, (C, h, w) a layer, and its class probabilities."""

    image: Tensor  # (H, W)
    maps: list[Tensor]
    probabilities: list[float]


@dataclass(frozen=True)
class ConfidenceCurve:
    """How sure the model is of the right class if one slider alone moves the digit from where it
    was; the other sliders do not count."""

    label: str
    values: list[float]
    sure: list[float]
    now: float
    ticks: tuple[float, ...]


def cnn_figure(
    before: Seen,
    after: Seen,
    kept: Sequence[float],
    label: int,
    curves: Sequence[ConfidenceCurve],
    say: Translator,
) -> Figure:
    """Two rows, the digit as it was and moved, through the layers to the answer; below it, how far
    each slider may go."""
    height = 530
    board = Board(height)
    tops, side = (34, 204), 142
    columns = (78, 258, 508, 786)
    board.label(say("figure_input"), columns[0] + side / 2, 0, bold=True, anchor=("center", "top"))
    board.label(say("figure_answer"), columns[3] + 107, 0, bold=True, anchor=("center", "top"))
    for row, seen in enumerate((before, after)):
        name, color = (say("figure_learned"), QUIET) if row == 0 else (say("figure_moved"), INPUT)
        board.label(
            name,
            68,
            tops[row] + side / 2,
            bold=True,
            anchor=("right", "middle"),
            mark=color if row else None,
        )
        board.image(Box(columns[0], tops[row], side, side), seen.image, seen.image.shape, color)
        answer = int(np.argmax(seen.probabilities))
        good = CORRECT if answer == label else INCORRECT
        bottom = tops[row] + side
        heights = (
            1 - (bottom + 4) / height,
            1 - (tops[row] + 26) / height,
        )  # below the answer in words
        board.bars((columns[3] / 1000, 1.0), heights, seen.probabilities, answer, good)
        mark = "✓" if answer == label else "✗"
        text = f"{answer} {mark}  {percent(seen.probabilities[answer])}"
        board.label(text, 1000, tops[row], size=17, bold=True, anchor=("right", "top"), color=good)
    for layer, (one, other) in enumerate(zip(before.maps, after.maps, strict=True)):
        strongest = one.flatten(1).sum(1).topk(6).indices
        top = one[strongest].amax().clamp_min(1e-9)
        heading = say("figure_layer", number=layer + 1, side=one.shape[-1])
        x = columns[1 + layer]
        board.label(heading, x + 115, 0, bold=True, anchor=("center", "top"))
        for row, maps in enumerate((one, other)):
            mosaic = _mosaic(maps[strongest] / top)
            size = (mosaic.shape[0], mosaic.shape[1])
            board.image(
                Box(x, tops[row], 230, side), mosaic, size, INPUT if row else QUIET, margin=0.01
            )
        share = say("figure_kept", kept=percent(kept[layer]))
        board.label(share, x + 115, tops[1] - 1, size=14, bold=True, anchor=("center", "bottom"))
    board.label(say("figure_sure", label=label), 0, 387, size=15, bold=True)
    width = (1000 - 46 * len(curves)) / len(curves)
    for i, curve in enumerate(curves):
        _confidence(board, Box(46 + i * (width + 46), 413, width - 8, 74), curve)
    return board.figure()


def _mosaic(maps: Tensor) -> Tensor:
    """Six maps (6, h, w) as two rows of three with a gap of grey."""
    gap = max(1, maps.shape[-1] // 8)
    padded = torch.nn.functional.pad(maps.clamp(0, 1), (0, gap, 0, gap), value=0.45)
    rows = [torch.cat(list(row), dim=1) for row in padded.view(2, 3, *padded.shape[1:])]
    return torch.cat(rows)[:-gap, :-gap]


def _confidence(board: Board, box: Box, curve: ConfidenceCurve) -> None:
    axes = board.chart(
        box,
        (curve.values[0], curve.values[-1]),
        (-0.04, 1.06),
        curve.ticks,
        (0, 1),
        ytext=("0", "1"),
    )
    board.curve(axes, curve.values, curve.sure, QUIET, 3)
    board.curve(axes, [curve.now, curve.now], [0, 1], INPUT, 1.5, dash="dot")
    here = float(np.interp(curve.now, curve.values, curve.sure))
    board.marks(axes, torch.tensor([[curve.now, here]]), INPUT, 13)
    board.label(
        curve.label,
        box.x + box.width / 2,
        box.y + box.height + 23,
        size=14,
        anchor=("center", "top"),
    )


def pools_figure(
    one: Sequence[Tensor],
    other: Sequence[Tensor],
    shift: int,
    table: Tensor,
    needed: Sequence[int | None],
    count: int,
    say: Translator,
) -> Figure:
    """A digit and its shifted copy through max-pools, changes in colour; what survives."""
    board = Board(520)
    depth = len(one) - 1
    step = (1000 - 78) / (depth + 1)
    side = step - 14
    for k, (before, after) in enumerate(zip(one, other, strict=True)):
        x = 78 + k * step
        heading = (
            say("figure_pools", number=k, side=before.shape[-1])
            if k
            else f"{say('figure_input')}: {before.shape[-1]} × {before.shape[-1]}"
        )
        board.label(heading, x + side / 2, 0, size=14, bold=True, anchor=("center", "top"))
        changed = (before - after).abs() > 0.02
        board.image(Box(x, 24, side, side), before, before.shape, QUIET)
        board.image(
            Box(x, 30 + side, side, side), coloured(after, changed, INCORRECT), after.shape, INPUT
        )
    board.label(say("figure_learned"), 68, 24 + side / 2, bold=True, anchor=("right", "middle"))
    board.label(
        say("figure_moved"), 68, 30 + 1.5 * side, bold=True, anchor=("right", "middle"), mark=INPUT
    )
    top = 30 + 2 * side + 14
    _table(board, Box(150, top + 26, 840, 520 - top - 26 - 42), table, shift, needed, say)
    board.label(say("figure_table", count=count), 570, top, bold=True, anchor=("center", "top"))
    return board.figure()


def _table(
    board: Board, box: Box, table: Tensor, shift: int, needed: Sequence[int | None], say: Translator
) -> None:
    rows, columns = table.shape
    pools = [str(k) for k in range(rows)]
    axes = board.chart(
        box, (-0.5, columns - 0.5), (rows - 0.5, -0.5), range(columns), range(rows), ytext=pools
    )
    shade = [[0, "#14171C"], [1, "#6B7380"]]
    cells = {
        "type": "heatmap",
        "z": table.tolist(),
        "zmin": 0,
        "zmax": 1,
        "colorscale": shade,
        "showscale": False,
        "hoverinfo": "skip",
    }
    board.traces.append(cells | axes)
    for k in range(rows):
        for n in range(columns):
            enough = needed[n]
            forgiven = enough is not None and k >= enough
            text = f"{100 * table[k, n].item():.0f}"
            board.annotate(
                axes, text, n, k, size=14 if n == shift else 12, color="#FFFFFF", bold=forgiven
            )
    stairs = [
        (n + side, (rows if k is None else k) - 0.5)
        for n, k in enumerate(needed)
        for side in (-0.5, 0.5)
    ]
    board.curve(axes, [x for x, _ in stairs], [y for _, y in stairs], CORRECT, 5)
    column = rectangle((shift - 0.5, shift + 0.5), (-0.5, rows - 0.5))
    board.curve(axes, *column, INPUT, 4)
    board.label(
        say("figure_table_pools"),
        box.x - 28,
        box.y + box.height / 2,
        size=14,
        anchor=("right", "middle"),
    )
    board.label(
        say("figure_table_shift"),
        box.x + box.width / 2,
        box.y + box.height + 22,
        size=14,
        anchor=("center", "top"),
    )
