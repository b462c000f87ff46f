"""Exhibit 3, the sampler: one output pixel is a weighted sum of a few input pixels; and what
follows for making things smaller."""

from functools import partial
from typing import Any, NamedTuple, cast

import streamlit as st
import torch
from torch import Tensor

from stn_core import kernel_weights, sample
from stn_core.explain.readings import signed
from stn_core.explain.resampling import digit_sheet, read_pixels, shrunk, slope_at, zone_plate
from stn_core.transformer.sampler import KERNELS, Kernel, KernelWeights
from stn_core.transformer.transforms import regular_points
from ui.app.i18n import Translator, percent, texts, unbroken
from ui.components import live
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.address import values_in_address
from ui.controls.spec import Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit, draw_sliders
from ui.drawing.canvas import Figure
from ui.pages.sampler import controls, snippet
from ui.pages.sampler.component import sampler
from ui.pages.sampler.figure import down_figure, pixel_figure

KEY = "s_live"
LEAST = 1e-4  # a weight below it is none: a point on a pixel's centre, in single precision
SIDE = 128  # of the picture that is made smaller


def main() -> None:
    say = texts("sampler")
    with st.sidebar:
        view = draw_choice(controls.VIEW, say)
        kernel = cast(Kernel, draw_choice(controls.KERNEL, say))
        if view == "down":
            picture = draw_choice(controls.PICTURE, say)
            values = draw_sliders([controls.FACTOR], say)
        else:
            digit, label = draw_gallery_digit(controls.DIGIT, say)
    if view == "down":
        show_down(picture, kernel, values)
    else:
        st.markdown(f"#### {say('lead')}")
        live.live_part(KEY, take, partial(show_pixel, digit, label, kernel))


def show_pixel(digit: Tensor, label: int, kernel: Kernel) -> None:
    """The live figure of one output pixel, and PyTorch's of what has settled."""
    say = texts("sampler")
    values, image = values_in_address(controls.POINT), digit.float() / 255
    found = pixel_scene(image, kernel, say, values)
    sampler(digit, kernel, values, found.answer, say, KEY)
    st.caption(texts("browser")("record"))
    plot(found.figure, key="s_figure", alt=found.sentence)
    st.markdown(unbroken(found.sentence))
    st.caption(say("pixel_note"))
    take_home(
        "sampler",
        snippet.pixel(digit, label, values, kernel),
        lambda values: pixel_scene(image, kernel, say, values).figure,
        values,
        sweeps(controls.POINT, say),
        [say("lead"), say("pixel_note")],
    )


def show_down(picture: str, kernel: Kernel, values: Values) -> None:
    say = texts("sampler")
    figure, sentence = down_scene(picture, kernel, say, values)
    st.markdown(f"#### {unbroken(sentence)}")
    plot(figure, key="s_figure", alt=sentence)
    st.caption(say("down_note"))
    take_home(
        "sampler",
        snippet.down(picture, SIDE, values, kernel),
        lambda values: down_scene(picture, kernel, say, values)[0],
        values,
        sweeps([controls.FACTOR], say),
        [say("down_note")],
    )


def take(said: Any) -> None:
    """Where the point has settled, into the address."""
    live.keep_settled(said, controls.POINT)


class PixelScene(NamedTuple):
    """A figure, what it shows in a sentence, and V with its slopes along x and y."""

    figure: Figure
    sentence: str
    answer: tuple[float, float, float]


@torch.inference_mode()
def pixel_scene(image: Tensor, kernel: Kernel, say: Translator, values: Values) -> PixelScene:
    """One output pixel read from an image (28, 28) at the sliders."""
    x, y = values["s_x"], values["s_y"]
    height, width = image.shape
    point = ((2 * x + 1) / width - 1, (2 * y + 1) / height - 1)
    weights = kernel_weights(point, (height, width), kernel)
    some = weights.weights.abs() > LEAST
    weights = KernelWeights(weights.pixels[some], weights.weights[some])
    value = sample(image[None, None], torch.tensor(point).view(1, 1, 1, 2), kernel).item()
    slope = slope_at(image, point, kernel)
    total, count = weights.weights.sum().item(), len(weights.weights)
    key = (
        "nothing"
        if not count
        else "edge"
        if abs(total - 1) > 0.005
        else "many"
        if count > 1
        else "one"
        if kernel == "nearest"
        else "centre"
    )
    most = percent(weights.weights.max().item()) if count else ""
    sentence = say(
        key, value=signed(value, 2, plus=""), count=count, most=most, total=percent(total)
    )
    figure = pixel_figure(image, x, y, kernel, weights, slope, say)
    return PixelScene(figure, sentence, (value, *slope))


@torch.inference_mode()
def down_scene(picture: str, kernel: Kernel, say: Translator, values: Values) -> tuple[Figure, str]:
    """A picture sampled at as few points as a smaller output has pixels."""
    factor = values["s_factor"]
    image = zone_plate(SIDE) if picture == "rings" else digit_sheet()
    small = shrunk(image, factor, kernel)
    shares = share_read()
    share = shares[kernel][factor - 1]
    name = say(controls.KERNEL.option_key(kernel)).lower()
    sentence = say(
        "shrink" if share < 0.999 else "shrink_all",
        factor=factor,
        kernel=name,
        share=percent(share),
    )
    read = read_pixels((SIDE, SIDE), small.grid, kernel)
    return down_figure(image, small, read, factor, kernel, shares, say), sentence


@st.cache_data(show_spinner=False)
def share_read() -> dict[str, list[float]]:
    """The share of the picture's pixels that are read, for each kernel and each factor."""
    shares: dict[str, list[float]] = {}
    for kernel in KERNELS:
        for factor in controls.FACTOR.every_value():
            side = round(SIDE / factor)
            grid = regular_points((side, side)).view(side, side, 2)
            shares.setdefault(kernel, []).append(
                read_pixels((SIDE, SIDE), grid, kernel).float().mean().item()
            )
    return shares
