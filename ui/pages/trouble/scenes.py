"""The figure of each trap, and the sentence that says what it shows."""

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core import TRANSFORMS, sample
from stn_core.explain.gradient_chain import loss_along
from stn_core.explain.map_alignment import first_map, undo
from stn_core.explain.pitfalls import (
    corner_error,
    out_of_bounds_penalty,
    outside,
    repeated_identity,
    sample_mean_subtracted,
)
from stn_core.explain.readings import grid_curves, signed
from stn_core.models.digits import DigitModel
from ui.app.i18n import Translator, percent
from ui.drawing.canvas import CORRECT, GRID, INCORRECT, INPUT, Figure
from ui.pages.trouble import controls
from ui.pages.trouble.figure import Chart, Curve, Panel, rows_figure, trap_figure

SIZE = (28, 28)
ATTENTION = TRANSFORMS["attention"]
CELL = 2  # pixels, of the map behind the first max-pool
WINDOW = 0.9  # the size of the window that leaves the image


def answered(model: DigitModel, image: Tensor, say: Translator) -> str:
    probabilities = model.classify(image).softmax(1)[0]
    answer = int(probabilities.argmax())
    return say("answer", answer=answer, sure=percent(probabilities[answer].item()))


@torch.inference_mode()
def frame_scene(
    model: DigitModel, image: Tensor, label: int, zoom: float, mean: float, say: Translator
) -> tuple[Figure, str]:
    zooms = torch.linspace(controls.ZOOM.low, controls.ZOOM.high, 26)
    theta = torch.stack(
        (torch.cat((zooms, torch.tensor([zoom]))), torch.zeros(27), torch.zeros(27)), dim=1
    )
    grids = ATTENTION.grid(theta, SIZE)
    images = image.expand(27, -1, -1, -1)
    right, wrong = sample(images, grids), sample_mean_subtracted(images, grids, mean)
    losses = [
        F.cross_entropy(model.classify(views), torch.full((27,), label), reduction="none")
        for views in (right, wrong)
    ]
    share = outside(grids[-1:]).item()
    if share:
        loss = [f"{values[-1].item():.2f}" for values in losses]
        sentence = say(
            "frame", zoom=f"{zoom:.2f}", share=percent(share), right=loss[0], wrong=loss[1]
        )
    else:
        sentence = say("frame_inside")
    panels = [
        Panel(
            say("figure_input"), image[0, 0], INPUT, curves=grid_curves(ATTENTION, theta[-1], SIZE)
        ),
        Panel(
            say("figure_right", answer=say("frame_after")),
            right[-1, 0],
            CORRECT,
            answered(model, right[-1:], say),
        ),
        Panel(
            say("figure_wrong", answer=say("frame_before")),
            wrong[-1, 0],
            INCORRECT,
            answered(model, wrong[-1:], say),
        ),
    ]
    highest = max(max(values.max().item() for values in losses), 1.0)
    order = zooms.tolist()
    curves = [
        Curve(_inserted(order, values[:-1].tolist(), zoom, values[-1].item()), color)
        for values, color in zip(losses, (CORRECT, INCORRECT), strict=True)
    ]
    x = sorted([*order, zoom])
    chart = Chart(
        x,
        zoom,
        curves,
        say("figure_loss"),
        say("frame_axis"),
        (0.5, 1, 1.5, 2, 2.5, 3),
        (0, round(highest)),
        ("0", str(round(highest))),
        (-0.05 * highest, 1.05 * highest),
    )
    return trap_figure(panels, [chart]), sentence


def _inserted(x: list[float], y: list[float], at: float, value: float) -> list[float]:
    """A curve's values with one more, where x puts it."""
    return [v for _, v in sorted([*zip(x, y, strict=True), (at, value)])]


@torch.inference_mode()
def align_scene(
    model: DigitModel, image: Tensor, label: int, made: bool, passes: int, say: Translator
) -> tuple[Figure, str]:
    most = int(controls.REPEATS.high)
    steps = {True: [image], False: [image]}
    for mixed, images in steps.items():
        for _ in range(most):
            images.append(
                repeated_identity(
                    images[-1], 1, made if mixed else False, not made if mixed else False
                )
            )
    sure = {
        mixed: model.classify(torch.cat(images)).softmax(1)[:, label].tolist()
        for mixed, images in steps.items()
    }
    x, y = corner_error(SIZE, made, not made)
    factor = ((SIZE[1] - 1) / SIZE[1]) ** (passes if made else -passes)
    sentence = (
        say("align", pixels=f"{max(abs(x), abs(y)):.2f}", passes=passes, size=percent(factor))
        if passes
        else say("align_start")
    )
    now = {mixed: images[passes] for mixed, images in steps.items()}
    panels = [
        Panel(say("align_input"), image[0, 0], INPUT),
        Panel(
            say("align_both", passes=passes),
            now[False][0, 0],
            CORRECT,
            answered(model, now[False], say),
        ),
        Panel(
            say("align_mixed", passes=passes),
            now[True][0, 0],
            INCORRECT,
            answered(model, now[True], say),
        ),
    ]
    curves = [Curve(sure[False], CORRECT), Curve(sure[True], INCORRECT)]
    ticks = range(0, most + 1, 10)
    title = say("align_sure", label=label)
    chart = Chart(
        list(range(most + 1)),
        passes,
        curves,
        title,
        say("align_axis"),
        ticks,
        (0, 1),
        ("0", "1"),
        (-0.05, 1.08),
    )
    return trap_figure(panels, [chart]), sentence


def leave_scene(
    model: DigitModel, image: Tensor, label: int, shift: float, penalised: bool, say: Translator
) -> tuple[Figure, str]:
    shifts = sorted(
        {*torch.linspace(controls.SHIFT.low, controls.SHIFT.high, 51).tolist(), float(shift)}
    )
    theta = torch.stack(
        (torch.full((len(shifts),), WINDOW), torch.tensor(shifts), torch.zeros(len(shifts))), dim=1
    )
    losses, gradient = loss_along(
        model.classify,
        image[0],
        label,
        ATTENTION,
        theta,
        SIZE,
        out_of_bounds_penalty if penalised else None,
    )
    at = shifts.index(float(shift))
    grid = ATTENTION.grid(theta[at : at + 1], SIZE)
    output = sample(image, grid)
    share, pull = outside(grid).item(), -gradient[at, 1].item()
    if penalised:
        key = "leave_leash"
    elif share == 1 or output.max() == 0:
        key = "leave_out"
    else:
        key = "leave_away" if pull * shift > 0 and share > 0 else "leave_in"
    sentence = say(key, share=percent(share), pull=signed(pull, 1), loss=f"{losses[at].item():.2f}")
    with torch.inference_mode():
        note = answered(model, output, say)
    panels = [
        Panel(
            say("figure_input"),
            image[0, 0],
            INPUT,
            curves=grid_curves(ATTENTION, theta[at], SIZE),
            wide=True,
        ),
        Panel(say("leave_output"), output[0, 0], GRID, note),
    ]
    color = CORRECT if penalised else INCORRECT
    highest = max(losses.max().item(), 1.0)
    pulls = (gradient[:, 1].abs().log1p() / math.log(10) * -gradient[:, 1].sign()).tolist()
    decade = math.log10(11)  # where a pull of 10 lies
    ticks = (-2, -1, 0, 1, 2)
    top, bounds = round(highest), (-0.05 * highest, 1.05 * highest)
    charts = [
        Chart(
            shifts,
            shift,
            [Curve(losses.tolist(), color)],
            say("leave_loss"),
            "tx",
            ticks,
            (0, top),
            ("0", str(top)),
            bounds,
        ),
        Chart(
            shifts,
            shift,
            [Curve(pulls, color)],
            say("leave_pull"),
            "tx",
            ticks,
            (-decade, 0, decade),
            ("−10", "0", "10"),
            (-2, 2),
        ),
    ]
    return trap_figure(panels, charts), sentence


def map_scene(
    model: DigitModel, digit: Tensor, turn: float, move: float, say: Translator
) -> tuple[Figure, str]:
    degrees = sorted({*range(-90, 91, 5), turn})
    at = degrees.index(turn)
    angles = torch.tensor(degrees, dtype=torch.float32).deg2rad()
    found = undo(partial(first_map, model), CELL, digit, angles, move)
    image, map_ = (100 * found.error(maps) for maps in (found.restored_map, found.warped_map))
    on_image, on_map = image[at].item(), map_[at].item()
    said = {"image": f"{on_image:.0f} %", "map": f"{on_map:.0f} %"}
    if turn:
        sentence = say("map_turned", angle=f"{turn:.0f}°", **said)
    else:
        sentence = say("map_moved", pixels=abs(int(move)), **said) if move else say("map_start")
    # the filter that says most about the upright digit
    shown = (found.upright_map - found.blank_map).flatten(2).norm(dim=2).argmax().item()
    brightest = max(found.upright_map[0, shown].max().item(), 1e-6)

    def channel(maps: Tensor, which: int = at) -> Tensor:
        return (maps[which, shown] / brightest).clamp(0, 1)

    def difference(maps: Tensor) -> Tensor:
        wrong = (maps - found.upright_map).abs() * found.inside
        return channel(wrong)

    turned = Panel(say("map_turned_digit"), found.turned[at, 0], INPUT)
    upright = Panel(say("map_upright"), channel(found.upright_map, 0), GRID)
    rows = [
        (
            say("map_on_image"),
            CORRECT,
            [
                turned,
                Panel(say("map_digit_back"), found.restored[at, 0], CORRECT),
                Panel(say("map_of_that"), channel(found.restored_map), CORRECT),
                upright,
                Panel(
                    say("map_difference", error=said["image"]),
                    difference(found.restored_map),
                    CORRECT,
                ),
            ],
        ),
        (
            say("map_on_map"),
            INCORRECT,
            [
                turned,
                Panel(say("map_of_that"), channel(found.turned_map), INCORRECT),
                Panel(say("map_back"), channel(found.warped_map), INCORRECT),
                upright,
                Panel(
                    say("map_difference", error=said["map"]),
                    difference(found.warped_map),
                    INCORRECT,
                ),
            ],
        ),
    ]
    chart = Chart(
        degrees,
        turn,
        [
            Curve(image.tolist(), CORRECT, say("map_on_image")),
            Curve(map_.tolist(), INCORRECT, say("map_on_map")),
        ],
        say("map_chart"),
        say("map_axis"),
        range(-90, 91, 30),
        (0, 50, 100, 150),
        ("0", "50 %", "100 %", "150 %"),
        (-8, 165),
    )
    return rows_figure(rows, chart), sentence
