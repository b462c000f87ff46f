"""Exhibit 4, the gradient: where the loss pulls each grid point and theta, step by step."""

import math
import time

import streamlit as st
import torch
from torch import Tensor

from stn_core import EXPERIMENTS, TRANSFORMS
from stn_core.explain.cnn_invariance import moved
from stn_core.explain.gradient_chain import LossGradient, loss_gradient, sampler_gradient, step
from stn_core.explain.readings import grid_curves
from stn_core.models.digits import DigitModel
from stn_core.transformer.sampler import Kernel
from ui.app import loading
from ui.app.i18n import Translator, texts
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit, draw_slider, draw_sliders
from ui.drawing.canvas import Figure
from ui.pages.gradient import controls
from ui.pages.gradient.figure import Scale, Side, gradient_figure
from ui.pages.gradient.snippet import snippet

MODEL = EXPERIMENTS["r-cnn"]
SIZE = (28, 28)
PLAYING, NEXT = "g_playing", "g_next"  # of the session
PAUSE = 0.15  # seconds between two steps, beside what they take


def main() -> None:
    say = texts("gradient")
    if st.session_state.pop(NEXT, False):  # before the slider is drawn
        go(1)
    with st.sidebar:
        family = draw_choice(controls.FAMILY, say, st.pills)
        digit, label = draw_gallery_digit(controls.DIGIT, say)
        values = draw_sliders((*controls.POSE, controls.RATE), say)
    model = loading.digit_model(MODEL, say)
    if model is None:
        return
    above = st.container()
    drawing = st.container()
    values[controls.STEPS.key] = draw_steps(say)
    number = int(st.session_state[controls.DIGIT.number_key])

    def scene(values):
        return descended(model, digit, label, number, family, values, say)

    figure, sentence = scene(values)
    above.markdown(f"#### {sentence}")
    with drawing:
        plot(figure, key="g_figure", alt=sentence)
    note = say("note", model=MODEL.name)
    st.caption(note)
    program = snippet(digit, label, MODEL.name, family, values)
    over = sweeps((controls.STEPS, *controls.POSE, controls.RATE), say)
    take_home("gradient", program, lambda values: scene(values)[0], values, over, [note])
    if st.session_state.get(PLAYING):
        play_on(values[controls.STEPS.key])


def descended(
    model: DigitModel,
    digit: Tensor,
    label: int,
    number: int,
    family: str,
    values: Values,
    say: Translator,
) -> tuple[Figure, str]:
    """The figure of the sliders, and what it shows; the digit is its class's ``number``-th."""
    x, y, angle, scale, rate = (
        values[f"g_{name}"] for name in ("x", "y", "angle", "scale", "rate")
    )
    image = moved(digit, SIZE, x, y, math.radians(angle), scale)[0]
    settings = (loading.version(MODEL), label, number, x, y, angle, scale, rate, family)
    path = descend(settings, values["g_steps"], model, image, label, family, rate)
    return draw(model, image, label, family, path, say)


def draw_steps(say: Translator) -> int:
    """Buttons for a step, ten, back to the start; the steps as a slider and in the address."""
    buttons = st.columns(5, vertical_alignment="bottom")
    playing = st.session_state.get(PLAYING, False)
    buttons[0].button(
        say("stop" if playing else "play"),
        on_click=play_or_stop,
        width="stretch",
        icon=":material/pause:" if playing else ":material/play_arrow:",
        type="primary",
        key="g_play",
    )
    buttons[1].button(
        say("step"),
        on_click=go,
        args=(1,),
        width="stretch",
        icon=":material/skip_next:",
    )
    buttons[2].button(
        say("steps"), on_click=go, args=(10,), width="stretch", icon=":material/fast_forward:"
    )
    buttons[3].button(
        say("start"),
        on_click=go,
        args=(-int(controls.STEPS.high),),
        width="stretch",
        icon=":material/undo:",
    )
    return draw_slider(controls.STEPS, say, buttons[4])


def play_or_stop() -> None:
    """Go on step by step, from the start if the end is reached; or stop."""
    st.session_state[PLAYING] = not st.session_state.get(PLAYING, False)
    if st.session_state[PLAYING] and st.session_state[controls.STEPS.key] >= controls.STEPS.high:
        go(-int(controls.STEPS.high))


def play_on(steps: int) -> None:
    """The next step, in a run of its own; none after the last."""
    if steps >= controls.STEPS.high:
        st.session_state[PLAYING] = False
    else:
        time.sleep(PAUSE)
        st.session_state[NEXT] = True
    st.rerun()


def go(steps: int) -> None:
    """So many steps on from here; backwards if there are fewer than 0."""
    key = controls.STEPS.key
    st.session_state[key] = controls.STEPS.fitted(st.session_state[key] + steps)


# theta, the loss there and dL/dtheta, from the start on
Path = list[tuple[list[float], float, list[float]]]


@st.cache_data(show_spinner=False, max_entries=4000)
def descend(
    settings: tuple,
    steps: int,
    _model: DigitModel,
    _image: Tensor,
    _label: int,
    _family: str,
    _rate: float,
) -> Path:
    """theta after 0, 1, ... ``steps`` steps, each computed once for all visitors."""
    path: Path = (
        descend(settings, steps - 1, _model, _image, _label, _family, _rate) if steps else []
    )
    theta = (
        step(torch.tensor(path[-1][0]), torch.tensor(path[-1][2]), _rate)
        if path
        else TRANSFORMS[_family].identity()
    )
    answer = gradient_at(_model, _image, _label, _family, theta)
    return [*path, (theta.tolist(), answer.loss, answer.of_theta.tolist())]


def gradient_at(
    model: DigitModel,
    image: Tensor,
    label: int,
    family: str,
    theta: Tensor,
    kernel: Kernel = "bilinear",
) -> LossGradient:
    return loss_gradient(model.classify, image, label, TRANSFORMS[family], theta, SIZE, kernel)


def draw(
    model: DigitModel, image: Tensor, label: int, family: str, path: Path, say: Translator
) -> tuple[Figure, str]:
    """Bilinear at the path's end, integer at its start, and what both show."""
    transform = TRANSFORMS[family]
    kernels: tuple[tuple[Kernel, Tensor], ...] = (
        ("bilinear", torch.tensor(path[-1][0])),
        ("nearest", transform.identity()),
    )
    sides = []
    for kernel, theta in kernels:
        gradient = gradient_at(model, image, label, family, theta, kernel)
        slope = sampler_gradient(image[None], gradient.grid[None], kernel)[0, 0]
        title = say(
            "figure_bilinear" if kernel == "bilinear" else "figure_integer",
            loss=f"{gradient.loss:.2f}",
        )
        sides.append(
            Side(title, gradient, slope, grid_curves(transform, theta, SIZE), kernel == "bilinear")
        )
    sentence = describe_gradient(sides[0].gradient, label, path, say)
    losses, flat = [loss for _, loss, _ in path], sides[1].gradient.loss
    start = gradient_at(model, image, label, family, transform.identity())
    scale = Scale.of(start)
    last = int(controls.STEPS.high)
    return gradient_figure(image[0], sides, scale, losses, flat, last, say), sentence


def describe_gradient(gradient: LossGradient, label: int, path: Path, say: Translator) -> str:
    answer = int(gradient.probabilities.argmax())
    loss, first = f"{gradient.loss:.2f}", f"{path[0][1]:.2f}"
    if len(path) > 1:
        steps = len(path) - 1
        key = "sentence_step" if steps == 1 else "sentence_steps"
        return say(key, steps=steps, first=first, loss=loss, answer=answer)
    key = "sentence_right_start" if answer == label else "sentence_start"
    return say(
        key,
        label=label,
        answer=answer,
        loss=loss,
        pull=direction(-gradient.of_points.flatten(0, 1).sum(0), say),
    )


def direction(pull: Tensor, say: Translator) -> str:
    """A vector (x, y) in words."""
    x, y = pull.tolist()
    longer = max(abs(x), abs(y))
    words = [say("right" if x > 0 else "left")] if abs(x) > 0.35 * longer else []
    words += [say("down" if y > 0 else "up")] if abs(y) > 0.35 * longer else []
    return say("and").join(words) if longer > 1e-6 else say("nowhere")
