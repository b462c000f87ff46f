"""Exhibit 4, the gradient: where the loss pulls each grid point and theta, step by step. The
browser goes down it while one drags and plays; PyTorch's figure follows."""

import math
from functools import partial
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from stn_core import EXPERIMENTS, TRANSFORMS, Checkpoint
from stn_core.explain.cnn_invariance import moved
from stn_core.explain.gradient_chain import LossGradient, loss_gradient, sampler_gradient, step
from stn_core.explain.readings import grid_curves
from stn_core.models.digits import DigitModel
from stn_core.transformer.sampler import Kernel
from ui.app import loading
from ui.app.i18n import Translator, texts
from ui.app.outside import number
from ui.components import live
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls import address
from ui.controls.spec import Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit
from ui.drawing.canvas import Figure
from ui.pages.gradient import controls
from ui.pages.gradient.component import gradient
from ui.pages.gradient.figure import Side, gradient_figure, names_of
from ui.pages.gradient.snippet import snippet

MODEL = EXPERIMENTS["r-cnn"]
SIZE = (28, 28)
KEY = "g_live"

# theta, the loss there and dL/dtheta, from the start on
Path = list[tuple[list[float], float, list[float]]]


def main() -> None:
    say = texts("gradient")
    family = draw_choice(controls.FAMILY, say, st.pills)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)
    if loading.digit_model(MODEL, say) is None:
        return
    st.markdown(f"#### {say('lead')}")
    live.live_part(KEY, partial(take, family), partial(show, family, digit, label))


def take(family: str, said: Any) -> None:
    """What has settled on the live figure, into the address."""
    if live.settled_values(said, controls.SLIDERS) is None:
        return
    live.keep_settled(said, controls.SLIDERS)
    theta = said.get("theta")
    numbers = [number(each) for each in theta] if isinstance(theta, list) else []
    text = None if None in numbers else ",".join(map(str, numbers))
    found = controls.theta_in(text, family)
    kept = None if found is None else ",".join(f"{each:g}" for each in found)
    address.write(controls.THETA.key, kept)


def show(family: str, digit: Tensor, label: int) -> None:
    """The live figure, and PyTorch's of what has settled."""
    say = texts("gradient")
    checkpoint = loading.load(MODEL)
    assert isinstance(checkpoint, Checkpoint) and isinstance(checkpoint.model, DigitModel)
    model = checkpoint.model
    values = address.values_in_address(controls.SLIDERS)
    theta = controls.theta_in(st.query_params.get(controls.THETA.key), family)

    def scene(values: Values) -> tuple[Figure, str, Path]:
        return descent_scene(model, digit, label, family, theta, values, say)

    figure, sentence, path = scene(values)
    losses = [loss for _, loss, _ in path]
    gradient(digit, label, family, values, theta, losses, checkpoint, say, KEY)
    st.caption(texts("browser")("record"))
    plot(figure, key="g_figure", alt=sentence)
    st.markdown(sentence)
    note = say("note", model=MODEL.name)
    st.caption(note)
    program = snippet(digit, label, MODEL.name, family, theta, values)
    over = sweeps((controls.STEPS, *controls.POSE, controls.RATE), say)
    take_home("gradient", program, lambda values: scene(values)[0], values, over, [note])


def descent_scene(
    model: DigitModel,
    digit: Tensor,
    label: int,
    family: str,
    start: tuple[float, ...] | None,
    values: Values,
    say: Translator,
) -> tuple[Figure, str, Path]:
    """The figure of the sliders, what it shows, and the way to there from the theta ``start``."""
    x, y, angle, scale, rate = (
        values[f"g_{name}"] for name in ("x", "y", "angle", "scale", "rate")
    )
    image = moved(digit, SIZE, x, y, math.radians(angle), scale)[0]
    key = (digit.numpy().tobytes(), label, x, y, angle, scale, rate, family, start)
    settings = (loading.version(MODEL), *key)
    path = descend(settings, values["g_steps"], model, image, label, family, start, rate)
    return *draw(model, image, label, family, path, say), path


@st.cache_data(show_spinner=False, max_entries=4000)
def descend(
    settings: tuple[object, ...],
    steps: int,
    _model: DigitModel,
    _image: Tensor,
    _label: int,
    _family: str,
    _start: tuple[float, ...] | None,
    _rate: float,
) -> Path:
    """theta after 0, 1, ... ``steps`` steps, each computed once for all visitors."""
    path: Path = (
        descend(settings, steps - 1, _model, _image, _label, _family, _start, _rate)
        if steps
        else []
    )
    theta = (
        step(torch.tensor(path[-1][0]), torch.tensor(path[-1][2]), _rate)
        if path
        else at_start(_family, _start)
    )
    answer = gradient_at(_model, _image, _label, _family, theta)
    return [*path, (theta.tolist(), answer.loss, answer.of_theta.tolist())]


def at_start(family: str, start: tuple[float, ...] | None) -> Tensor:
    """theta (P,) before the first step."""
    return TRANSFORMS[family].identity() if start is None else torch.tensor(start)


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
        ("nearest", torch.tensor(path[0][0])),
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
    last = int(controls.STEPS.high)
    figure = gradient_figure(image[0], sides, names_of(family), losses, flat, last, say)
    return figure, sentence


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
