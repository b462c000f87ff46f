"""Exhibit 4, the gradient: where the loss pulls every grid point, summed up into theta, one step at a time."""

import math

import streamlit as st
import torch
from torch import Tensor

from stn_core import EXPERIMENTS, TRANSFORMS, Checkpoint
from stn_core.digits import DigitModel
from stn_core.explanation import grid_curves
from stn_core.features import moved
from stn_core.gradients import LossGradient, loss_gradient, sampler_gradient, step
from stn_core.sampler import Kernel
from ui import models
from ui.exhibits import choose, choose_digit, maximum, slide, slides
from ui.gradient_figure import Side, gradient_figure
from ui.language import Texts, texts
from ui.plot import plot

MODEL = EXPERIMENTS["r-cnn"]
SIZE = (28, 28)


def main() -> None:
    say = texts("gradient")
    with st.sidebar:
        family = choose("g_family", say, widget=st.pills)
        digit, label = choose_digit("g_digit", say)
        values = slides(("g_x", "g_y", "g_angle", "g_scale", "g_rate"), say)
    checkpoint = models.load(MODEL)
    if not isinstance(checkpoint, Checkpoint):
        st.warning(say("missing", model=MODEL.name, reason=checkpoint.reason), icon=":material/model_training:")
        return
    model = checkpoint.model
    assert isinstance(model, DigitModel)
    place = (values["g_x"], values["g_y"], math.radians(values["g_angle"]), values["g_scale"])
    above = st.container()
    figure = st.container()
    steps = controls(say)
    settings = (label, int(st.session_state["g_digit_number"]), *values.values(), family)
    image = moved(digit, SIZE, *place)[0]
    path = descend(settings, steps, model, image, label, family, values["g_rate"])
    with figure:
        sentence = show(model, image, label, family, path, say)
    above.markdown(f"#### {sentence}")
    st.caption(say("note", model=MODEL.name))


def controls(say: Texts) -> int:
    """One step, ten, back to the start; and the steps so far as a slider, which the address keeps."""
    buttons = st.columns(4, vertical_alignment="bottom")
    buttons[0].button(say("step"), on_click=go, args=(1,), width="stretch", icon=":material/skip_next:", type="primary")
    buttons[1].button(say("steps"), on_click=go, args=(10,), width="stretch", icon=":material/fast_forward:")
    buttons[2].button(say("start"), on_click=go, args=(-maximum("g_steps"),), width="stretch", icon=":material/undo:")
    return slide("g_steps", say, buttons[3])


def go(steps: int) -> None:
    st.session_state["g_steps"] = min(max(st.session_state["g_steps"] + steps, 0), maximum("g_steps"))


Path = list[tuple[list[float], float, list[float]]]  # theta, the loss there and dL/dtheta, from the start on


@st.cache_data(show_spinner=False, max_entries=4000)
def descend(settings: tuple, steps: int, _model: DigitModel, _image: Tensor, _label: int, _family: str, _rate: float) -> Path:
    """Where theta is after 0, 1, ... ``steps`` steps. One step is computed at a time, and kept for all visitors."""
    path: Path = descend(settings, steps - 1, _model, _image, _label, _family, _rate) if steps else []
    theta = step(torch.tensor(path[-1][0]), torch.tensor(path[-1][2]), _rate) if path else TRANSFORMS[_family].identity()
    answer = gradient_at(_model, _image, _label, _family, theta)
    return [*path, (theta.tolist(), answer.loss, answer.of_theta.tolist())]


def gradient_at(
    model: DigitModel, image: Tensor, label: int, family: str, theta: Tensor, kernel: Kernel = "bilinear"
) -> LossGradient:
    return loss_gradient(model.classify, image, label, TRANSFORMS[family], theta, SIZE, kernel)


def show(model: DigitModel, image: Tensor, label: int, family: str, path: Path, say: Texts) -> str:
    """Draw both kernels, the bilinear one where its path ends, the integer one where it started; returns the sentence."""
    transform = TRANSFORMS[family]
    kernels: tuple[tuple[Kernel, Tensor], ...] = (("bilinear", torch.tensor(path[-1][0])), ("nearest", transform.identity()))
    sides = []
    for kernel, theta in kernels:
        gradient = gradient_at(model, image, label, family, theta, kernel)
        slope = sampler_gradient(image[None], gradient.grid[None], kernel)[0, 0]
        title = say("figure_bilinear" if kernel == "bilinear" else "figure_integer", loss=f"{gradient.loss:.2f}")
        sides.append(Side(title, gradient, slope, grid_curves(transform, theta, SIZE), kernel == "bilinear"))
    sentence = in_words(sides[0].gradient, label, path, say)
    losses, flat = [loss for _, loss, _ in path], sides[1].gradient.loss
    plot(gradient_figure(image[0], sides, losses, flat, maximum("g_steps"), say), key="g_figure", alt=sentence)
    return sentence


def in_words(gradient: LossGradient, label: int, path: Path, say: Texts) -> str:
    answer = int(gradient.probabilities.argmax())
    loss, first = f"{gradient.loss:.2f}", f"{path[0][1]:.2f}"
    if len(path) > 1:
        return say("sentence_steps", steps=len(path) - 1, first=first, loss=loss, answer=answer)
    key = "sentence_right_start" if answer == label else "sentence_start"
    return say(key, label=label, answer=answer, loss=loss, pull=direction(-gradient.of_points.flatten(0, 1).sum(0), say))


def direction(pull: Tensor, say: Texts) -> str:
    """A vector (x, y) in words."""
    x, y = pull.tolist()
    longer = max(abs(x), abs(y))
    words = [say("right" if x > 0 else "left")] if abs(x) > 0.35 * longer else []
    words += [say("down" if y > 0 else "up")] if abs(y) > 0.35 * longer else []
    return say("and").join(words) if longer > 1e-6 else say("nowhere")


main()
