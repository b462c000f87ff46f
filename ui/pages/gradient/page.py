"""Exhibit 4, the gradient: where the loss pulls each grid point and theta, step by step. The
browser goes down it while one drags and plays; PyTorch's figure follows."""

import math
from functools import lru_cache, partial
from typing import Any, NamedTuple

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
Path = tuple[tuple[tuple[float, ...], float, tuple[float, ...]], ...]


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
    pose = tuple(values[f"g_{name}"] for name in ("x", "y", "angle", "scale"))
    theta = TRANSFORMS[family].identity().tolist() if start is None else start
    task = Task(model, digit.numpy().tobytes(), label, pose, family)
    path = descend(task, tuple(theta), values["g_rate"], values["g_steps"])
    answers = gradient_at(task, path[-1][0]), gradient_at(task, path[0][0], "nearest")
    return *draw(image_of(task), label, family, answers, path, say), path


class Task(NamedTuple):
    """What is to be read, and by whom."""

    model: DigitModel
    digit: bytes  # uint8 (28, 28)
    label: int
    pose: tuple[float, ...]  # x and y in pixels, angle in degrees, scale
    family: str


# what follows is computed once for all visitors; Streamlit's own cache takes longer than it saves


@lru_cache(maxsize=200)
def image_of(task: Task) -> Tensor:
    """(1, 28, 28)"""
    x, y, angle, scale = task.pose
    digit = torch.frombuffer(bytearray(task.digit), dtype=torch.uint8).view(SIZE)
    return moved(digit, SIZE, x, y, math.radians(angle), scale)[0]


@lru_cache(maxsize=200)
def gradient_at(task: Task, theta: tuple[float, ...], kernel: Kernel = "bilinear") -> LossGradient:
    transform, at = TRANSFORMS[task.family], torch.tensor(theta)
    return loss_gradient(
        task.model.classify, image_of(task), task.label, transform, at, SIZE, kernel
    )


@lru_cache(maxsize=4000)
def descend(task: Task, start: tuple[float, ...], rate: float, steps: int) -> Path:
    """theta after 0, 1, ... ``steps`` steps."""
    path = descend(task, start, rate, steps - 1) if steps else ()
    theta = start
    if path:
        at, _, slope = path[-1]
        theta = tuple(step(torch.tensor(at), torch.tensor(slope), rate).tolist())
    answer = gradient_at(task, theta)
    return *path, (theta, answer.loss, tuple(answer.of_theta.tolist()))


def draw(
    image: Tensor,
    label: int,
    family: str,
    answers: tuple[LossGradient, LossGradient],
    path: Path,
    say: Translator,
) -> tuple[Figure, str]:
    """The bilinear kernel at the path's end, the integer one at its start, and what both show."""
    kernels: tuple[Kernel, Kernel] = ("bilinear", "nearest")
    sides = []
    for kernel, theta, answer in zip(kernels, (path[-1][0], path[0][0]), answers, strict=True):
        slope = sampler_gradient(image[None], answer.grid[None], kernel)[0, 0]
        title = say(
            "figure_bilinear" if kernel == "bilinear" else "figure_integer",
            loss=f"{answer.loss:.2f}",
        )
        curves = grid_curves(TRANSFORMS[family], torch.tensor(theta), SIZE)
        sides.append(Side(title, answer, slope, curves, kernel == "bilinear"))
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
