"""Exhibit 8, what goes wrong: the traps of spatial transformers, to switch on and see."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st
import torch
import torch.nn.functional as F
from streamlit.runtime.scriptrunner import get_script_run_ctx
from torch import Tensor

from stn_core import EXPERIMENTS, TRANSFORMS, sample
from stn_core.evaluation.report import Report
from stn_core.explain.gradient_chain import loss_along
from stn_core.explain.map_alignment import first_map, undo
from stn_core.explain.pitfalls import (
    TrainingSnapshot,
    corner_error,
    out_of_bounds_penalty,
    outside,
    repeated_identity,
    sample_mean_subtracted,
    small_model_size,
    small_samples,
)
from stn_core.explain.readings import grid_curves, signed
from stn_core.models.digits import DigitModel
from ui.app import loading
from ui.app.i18n import Translator, percent, texts, unbroken
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import Slider, Sweep, Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit, draw_slider
from ui.drawing.canvas import CORRECT, GRID, INCORRECT, INPUT, Figure
from ui.pages.trouble import controls, snippet
from ui.pages.trouble.figure import Chart, Curve, Panel, rows_figure, run_figure, trap_figure
from ui.pages.trouble.live_training import SECONDS, Run, training_service

MODEL = EXPERIMENTS["r-cnn"]
TRAINED = ("r-st-cnn-affine", "rts-st-cnn-affine")  # each beside its like on the map
SIZE = (28, 28)
ATTENTION = TRANSFORMS["attention"]
Scene = Callable[[Values], tuple[Figure, str]]  # the sliders' values to a figure and what it shows
CELL = 2  # pixels, of the map behind the first max-pool
WINDOW = 0.9  # the size of the window that leaves the image


def main() -> None:
    say = texts("trouble")
    trap = draw_choice(controls.TRAP, say, st.pills)
    if trap == "rate":
        rate(say)
        return
    model = loading.digit_model(MODEL, say)
    if model is None:
        return
    {"frame": frame, "align": align, "leave": leave, "map": on_map}[trap](model, say)


def as_image(digit: Tensor) -> Tensor:
    """A digit uint8 (28, 28) as (1, 1, 28, 28) in [0, 1]."""
    return digit[None, None].float() / 255


def answered(model: DigitModel, image: Tensor, say: Translator) -> str:
    probabilities = model.classify(image).softmax(1)[0]
    answer = int(probabilities.argmax())
    return say("answer", answer=answer, sure=percent(probabilities[answer].item()))


def draw_side_by_side(sliders: Sequence[Slider], places: Sequence[Any], say: Translator) -> Values:
    """Sliders above the figure, in sight also in a lecture: their values by their keys."""
    return {
        slider.key: draw_slider(slider, say, place)
        for slider, place in zip(sliders, places, strict=True)
    }


def show_trap(
    scene: Scene,
    sliders: Sequence[Slider],
    values: Values,
    note: str,
    program: str,
    say: Translator,
) -> None:
    """A trap as ``scene`` shows it for the ``values`` of its sliders, and the same to take home."""
    figure, sentence = scene(values)
    st.markdown(f"#### {unbroken(sentence)}")
    plot(figure, key="w_figure", alt=sentence)
    st.caption(note)
    take_home(
        "trouble", program, lambda values: scene(values)[0], values, sweeps(sliders, say), [note]
    )


def frame(model: DigitModel, say: Translator) -> None:
    """Zero padding on an image whose mean was subtracted: a grey frame."""
    values = draw_side_by_side(controls.FRAME, st.columns(len(controls.FRAME)), say)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return frame_scene(model, as_image(digit), label, values["w_zoom"], values["w_mean"], say)

    program = snippet.frame(digit, label, MODEL.name, values)
    show_trap(scene, controls.FRAME, values, say("frame_note", model=MODEL.name), program, say)


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


def align(model: DigitModel, say: Translator) -> None:
    """A grid made with one meaning of +-1, read with the other."""
    left, right = st.columns(2)
    with left:
        made = draw_choice(controls.MISMATCH, say, show_label=True) == "shrink"
    values = draw_side_by_side([controls.REPEATS], [right], say)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return align_scene(model, as_image(digit), label, made, values["w_repeats"], say)

    program = snippet.align(digit, label, MODEL.name, values, made=made)
    show_trap(scene, [controls.REPEATS], values, say("align_note"), program, say)


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


def leave(model: DigitModel, say: Translator) -> None:
    """A window that leaves the image sees black, and no gradient brings it back."""
    left, right = st.columns(2, vertical_alignment="bottom")
    values = draw_side_by_side([controls.SHIFT], [left], say)
    with right:
        penalised = draw_choice(controls.LEASH, say) == "on"
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return leave_scene(model, as_image(digit), label, values["w_x"], penalised, say)

    program = snippet.leave(digit, label, MODEL.name, WINDOW, values, penalised=penalised)
    show_trap(scene, [controls.SHIFT], values, say("leave_note", model=MODEL.name), program, say)


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


def on_map(model: DigitModel, say: Translator) -> None:
    """A distortion undone behind the first convolution, and before it."""
    values = draw_side_by_side(controls.MAP, st.columns(len(controls.MAP)), say)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return map_scene(model, digit, values["w_turn"], values["w_move"], say)

    note = say("map_note", model=MODEL.name) + " " + unbroken(trained_errors(say))
    program = snippet.on_map(digit, label, MODEL.name, CELL, values)
    show_trap(scene, controls.MAP, values, note, program, say)


def trained_errors(say: Translator) -> str:
    """The errors of the trained networks, as far as they were measured."""
    report = loading.report()
    models = report.models if isinstance(report, Report) else {}
    pairs = [(on_image, on_image.replace("affine", "affine-map")) for on_image in TRAINED]
    return " ".join(
        say(
            "map_errors" if on_map in models else "map_untrained",
            data=EXPERIMENTS[on_map].data.upper(),
            image=f"{models[on_image].error:.2f} %",
            map=f"{models[on_map].error:.2f} %" if on_map in models else "",
            command=EXPERIMENTS[on_map].command,
        )
        for on_image, on_map in pairs
        if on_image in models
    )


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


def rate(say: Translator) -> None:
    """A real training run with the localiser's rate as chosen, watched while it runs."""
    chosen = float(draw_choice(controls.RATE, say, st.pills, show_label=True))
    left, right, _ = st.columns((1, 1, 3))
    left.button(
        say("train"), on_click=begin, type="primary", width="stretch", icon=":material/play_arrow:"
    )
    right.button(say("stop"), on_click=stop, width="stretch", icon=":material/stop:")
    run: Run | None = st.session_state.get("w_run")
    if run is not None and run.rate != chosen:
        stop()
        run = None
    active = run is not None and not run.done and not st.session_state.get("w_stopped_at")
    st.fragment(watch, run_every=0.5 if active else None)(run, chosen, active, say)
    note = say("rate_note", parameters=f"{small_model_size():,}", seconds=f"{SECONDS:.0f}")
    st.caption(note)
    moments = seen_moments(run)
    others = other_runs(run)
    over = (
        [Sweep("moment", say("rate_steps"), tuple(moment.step for moment in moments))]
        if moments
        else []
    )

    def scene(values: Values) -> Figure:
        return training_figure([m for m in moments if m.step <= values["moment"]], others, say)

    take_home(
        "trouble",
        snippet.rate(chosen, moments[-1].step if moments else 600),
        scene,
        {},
        over,
        [note],
    )


def visitor() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else "nobody"


def begin() -> None:
    """Train at the rate that is chosen now, even if the page has not been drawn since."""
    stop()
    run = training_service().watch(float(st.session_state[controls.RATE.key]), visitor())
    st.session_state["w_run"], st.session_state["w_full"] = run, run is None
    st.session_state["w_stopped_at"] = 0


def stop() -> None:
    """Watch no more, with what was seen kept; the run ends if nobody else watches it."""
    run: Run | None = st.session_state.get("w_run")
    if run is not None and not run.done:
        training_service().leave(run, visitor())
        st.session_state["w_stopped_at"] = max(len(run.moments), 1)


def watch(run: Run | None, chosen: float, active: bool, say: Translator) -> None:
    """The run as it stands; when it has ended, the page is told, which then asks no more."""
    until = st.session_state.get("w_stopped_at") or None
    moments = seen_moments(run)
    ended = run is not None and (run.done or until is not None)
    sentence = describe_run(run, moments, ended, is_lost(moments), chosen, say)
    st.markdown(f"#### {unbroken(sentence)}")
    plot(training_figure(moments, other_runs(run), say), key="w_figure", alt=sentence)
    if active and ended:
        st.rerun()


def seen_moments(run: Run | None) -> list[TrainingSnapshot]:
    """The moments of a run that the visitor has seen: up to where it was stopped."""
    return list(run.moments[: st.session_state.get("w_stopped_at") or None]) if run else []


def other_runs(run: Run | None) -> list[list[TrainingSnapshot]]:
    """The moments of the runs that went to their end, at other rates."""
    return [
        other.moments
        for other in training_service().finished()
        if run is None or other.rate != run.rate
    ]


def is_lost(moments: Sequence[TrainingSnapshot]) -> bool:
    return bool(moments) and not moments[-1].outside < 0.9


def training_figure(
    moments: Sequence[TrainingSnapshot],
    others: Sequence[Sequence[TrainingSnapshot]],
    say: Translator,
) -> Figure:
    return run_figure(small_samples(), moments, others, is_lost(moments), say)


def describe_run(
    run: Run | None,
    moments: Sequence[TrainingSnapshot],
    ended: bool,
    lost: bool,
    chosen: float,
    say: Translator,
) -> str:
    name = f"{chosen:g}"
    if run is None:
        return say("rate_full") if st.session_state.get("w_full") else say("rate_start", rate=name)
    if not moments:
        ahead = training_service().ahead(run)
        return say("rate_wait", ahead=ahead) if ahead else say("rate_begins", rate=name)
    now = moments[-1]
    values = {
        "rate": name,
        "step": now.step,
        "error": f"{now.error:.0f} %",
        "outside": percent(now.outside),
    }
    if not ended:
        return say("rate_running", **values)
    if lost:
        return say("rate_lost", **values)
    if now.step < 600:
        return say("rate_stopped", **values)
    return say("rate_none" if chosen == 0 else "rate_fine", **values)
