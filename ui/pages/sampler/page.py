"""Exhibit 3, the sampler: one output pixel is a weighted sum of a few input pixels; and what follows for making things smaller."""

from typing import cast

import streamlit as st
import torch
from torch import Tensor

from stn_core import kernel_weights
from stn_core.data.mnist import gallery
from stn_core.explain.resampling import read_pixels, rings, shrunk
from stn_core.transformer.sampler import KERNELS, Kernel
from stn_core.transformer.transforms import regular_points
from ui.app.i18n import Texts, texts
from ui.components import snippets
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit, draw_slider, draw_sliders
from ui.drawing.canvas import Figure
from ui.pages.sampler import controls
from ui.pages.sampler.figure import down_figure, pixel_figure

SIDE = 128  # of the picture that is made smaller


def main() -> None:
    say = texts("sampler")
    with st.sidebar:
        view = draw_choice(controls.VIEW, say)
        kernel = cast(Kernel, draw_choice(controls.KERNEL, say))
        if view == "down":
            picture, factor = draw_choice(controls.PICTURE, say), draw_slider(controls.FACTOR, say)
        else:
            values = draw_sliders(controls.POINT, say)
            digit, label = draw_gallery_digit(controls.DIGIT, say)
    if view == "down":
        figure, sentence = down(picture, factor, kernel, say)
        snippet, note = snippets.sampler_down(picture, SIDE, factor, kernel), say("down_note")
        scene = lambda values: down(picture, values[controls.FACTOR.key], kernel, say)[0]
        sliders, values = [controls.FACTOR], {controls.FACTOR.key: factor}
    else:
        sliders, image = [*controls.POINT], digit.float() / 255
        figure, sentence = pixel(image, values["s_x"], values["s_y"], kernel, say)
        snippet, note = snippets.sampler_pixel(digit, label, values["s_x"], values["s_y"], kernel), say("pixel_note")
        scene = lambda values: pixel(image, values["s_x"], values["s_y"], kernel, say)[0]
    st.markdown(f"#### {sentence}")
    plot(figure, key="s_figure", alt=sentence)
    st.caption(note)
    take_home("sampler", snippet, scene, values, sweeps(sliders, say), [note])


@torch.inference_mode()
def pixel(image: Tensor, x: float, y: float, kernel: Kernel, say: Texts) -> tuple[Figure, str]:
    """One output pixel, whose sampling point lies at (x, y), in pixels of the input: the figure, and what it shows."""
    height, width = image.shape
    weights = kernel_weights(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), (height, width), kernel)
    columns, rows = weights.pixels.unbind(1)
    value = (image[rows, columns] * weights.weights).sum().item()
    total, count = weights.weights.sum().item(), len(weights.weights)
    key = "nothing" if not count else "edge" if abs(total - 1) > 0.005 else "one" if count == 1 else "many"
    most = _percent(weights.weights.max().item()) if count else ""
    sentence = say(key, value=f"{value:.2f}".replace("-", "−"), count=count, most=most, total=_percent(total))
    return pixel_figure(image, x, y, kernel, weights, say), sentence


@torch.inference_mode()
def down(picture: str, factor: int, kernel: Kernel, say: Texts) -> tuple[Figure, str]:
    """A picture made ``factor`` times smaller by sampling it at as many points as the output has pixels."""
    image = rings(SIDE) if picture == "rings" else sheet()
    small = shrunk(image, factor, kernel)
    shares = share_read()
    share = shares[kernel][factor - 1]
    name = say(controls.KERNEL.option_key(kernel)).lower()
    sentence = say("shrink" if share < 0.999 else "shrink_all", factor=factor, kernel=name, share=_percent(share))
    read = read_pixels((SIDE, SIDE), small.grid, kernel)
    return down_figure(image, small, read, factor, kernel, shares, say), sentence


def sheet() -> Tensor:
    """Sixteen digits on one picture (128, 128) in [0, 1]."""
    digits = torch.nn.functional.pad(gallery().images[7:8000:311][:16].float() / 255, (2, 2, 2, 2))
    return digits.view(4, 4, 32, 32).permute(0, 2, 1, 3).reshape(SIDE, SIDE)


@st.cache_data(show_spinner=False)
def share_read() -> dict[str, list[float]]:
    """The share of the picture's pixels that are read, for each kernel and each factor."""
    grid = lambda factor: regular_points((round(SIDE / factor),) * 2).view(round(SIDE / factor), -1, 2)
    mean = lambda factor, kernel: read_pixels((SIDE, SIDE), grid(factor), kernel).float().mean().item()
    return {kernel: [mean(factor, kernel) for factor in range(1, 9)] for kernel in KERNELS}


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
