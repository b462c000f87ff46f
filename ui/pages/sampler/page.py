"""Exhibit 3, the sampler: one output pixel is a weighted sum of a few input pixels; and what
follows for making things smaller."""

from functools import partial
from typing import cast

import streamlit as st
import torch
from torch import Tensor

from stn_core import kernel_weights
from stn_core.explain.resampling import digit_sheet, read_pixels, shrunk, zone_plate
from stn_core.transformer.sampler import KERNELS, Kernel
from stn_core.transformer.transforms import regular_points
from ui.app.i18n import Translator, texts
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit, draw_sliders
from ui.drawing.canvas import Figure
from ui.pages.sampler import controls, snippet
from ui.pages.sampler.figure import down_figure, pixel_figure

SIDE = 128  # of the picture that is made smaller


def main() -> None:
    say = texts("sampler")
    with st.sidebar:
        view = draw_choice(controls.VIEW, say)
        kernel = cast(Kernel, draw_choice(controls.KERNEL, say))
        if view == "down":
            picture, sliders = draw_choice(controls.PICTURE, say), [controls.FACTOR]
            values = draw_sliders(sliders, say)
        else:
            sliders = [*controls.POINT]
            values = draw_sliders(sliders, say)
            digit, label = draw_gallery_digit(controls.DIGIT, say)
    if view == "down":
        scene = partial(down, picture, kernel, say)
        program, note = snippet.down(picture, SIDE, values, kernel), say("down_note")
    else:
        scene = partial(pixel, digit.float() / 255, kernel, say)
        program, note = snippet.pixel(digit, label, values, kernel), say("pixel_note")
    figure, sentence = scene(values)
    st.markdown(f"#### {sentence}")
    plot(figure, key="s_figure", alt=sentence)
    st.caption(note)
    take_home(
        "sampler", program, lambda values: scene(values)[0], values, sweeps(sliders, say), [note]
    )


@torch.inference_mode()
def pixel(image: Tensor, kernel: Kernel, say: Translator, values: Values) -> tuple[Figure, str]:
    """One output pixel read from an image (28, 28) at the sliders: the figure, and its words."""
    x, y = values["s_x"], values["s_y"]
    height, width = image.shape
    weights = kernel_weights(
        ((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), (height, width), kernel
    )
    columns, rows = weights.pixels.unbind(1)
    value = (image[rows, columns] * weights.weights).sum().item()
    total, count = weights.weights.sum().item(), len(weights.weights)
    key = (
        "nothing"
        if not count
        else "edge"
        if abs(total - 1) > 0.005
        else "one"
        if count == 1
        else "many"
    )
    most = _percent(weights.weights.max().item()) if count else ""
    sentence = say(
        key, value=f"{value:.2f}".replace("-", "−"), count=count, most=most, total=_percent(total)
    )
    return pixel_figure(image, x, y, kernel, weights, say), sentence


@torch.inference_mode()
def down(picture: str, kernel: Kernel, say: Translator, values: Values) -> tuple[Figure, str]:
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
        share=_percent(share),
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


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
