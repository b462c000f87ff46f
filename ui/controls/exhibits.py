"""Every control of the exhibits once, in the manner of ``state.py``: its bounds, its default and its name in the URL.

A control's label is the text of the same name in the page's file of texts, an option's is ``<control>_<option>``. The first letters
name the page: ``why``, ``t`` (transformation), ``s`` (sampler), ``g`` (gradient), ``b`` (birds), ``w`` (what goes wrong).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from torch import Tensor

from stn_core.data.mnist import gallery
from ui.app.i18n import Texts
from ui.components.take_home import Sweep, sweeps
from ui.controls.address import choose as choose_named
from ui.controls.state import Slider


@dataclass(frozen=True)
class Choice:
    """One of several named options."""

    key: str
    options: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Digit:
    """A gallery digit: its class under ``key``, its number in the class under ``key`` + "_number"."""

    key: str
    label: int
    number: int


def _slider(key: str, low: float, high: float, default: float, step: float, unit: str = "", half: bool = False) -> Slider:
    return Slider(key, key, low, high, default, step, unit=unit, half=half)


FAMILIES = ("translation", "attention", "similarity", "affine", "projective", "tps")

CONTROLS: dict[str, tuple[Slider | Choice | Digit, ...]] = {
    "why": (
        Choice("why_view", ("cnn", "pools"), "cnn"),
        Digit("why_digit", 4, 408),
        _slider("why_x", -10.0, 10.0, 4.0, 0.5, "px", half=True),
        _slider("why_y", -10.0, 10.0, 0.0, 0.5, "px", half=True),
        _slider("why_angle", -180, 180, 0, 5, "°"),
        _slider("why_scale", 0.5, 1.5, 1.0, 0.05, "×"),
        _slider("why_shift", 0, 8, 2, 1, "px"),
    ),
    "t": (
        Choice("t_family", FAMILIES, "affine"),
        Digit("t_digit", 5, 64),
        _slider("t_scale", 0.3, 2.0, 0.7, 0.05, "×"),
        _slider("t_angle", -180, 180, 30, 5, "°"),
        _slider("t_x", -1.0, 1.0, 0.15, 0.05, half=True),
        _slider("t_y", -1.0, 1.0, 0.0, 0.05, half=True),
        _slider("t_stretch", 0.3, 2.0, 1.0, 0.05, "×", half=True),
        _slider("t_shear", -1.0, 1.0, 0.0, 0.05, half=True),
        _slider("t_px", -0.6, 0.6, 0.0, 0.05, half=True),
        _slider("t_py", -0.6, 0.6, 0.0, 0.05, half=True),
        _slider("t_bulge", -0.5, 0.5, 0.0, 0.05, half=True),
        _slider("t_wave", -0.4, 0.4, 0.0, 0.05, half=True),
        _slider("t_follow", 1, 9, 1, 1),
        Choice("t_way", ("pull", "push"), "pull"),
    ),
    "s": (
        Choice("s_view", ("pixel", "down"), "pixel"),
        Choice("s_kernel", ("nearest", "bilinear", "bicubic"), "bilinear"),
        Digit("s_digit", 3, 64),
        _slider("s_x", -1.0, 28.0, 11.7, 0.1, "px"),
        _slider("s_y", -1.0, 28.0, 16.4, 0.1, "px"),
        Choice("s_picture", ("rings", "digits"), "rings"),
        _slider("s_factor", 1, 8, 4, 1, "×"),
    ),
    "g": (
        Choice("g_family", ("translation", "similarity", "affine"), "affine"),
        Digit("g_digit", 4, 55),
        _slider("g_x", -8.0, 8.0, -4.0, 0.5, "px", half=True),
        _slider("g_y", -8.0, 8.0, -4.0, 0.5, "px", half=True),
        _slider("g_angle", -180, 180, 0, 5, "°", half=True),
        _slider("g_scale", 0.5, 1.5, 1.0, 0.05, "×", half=True),
        _slider("g_rate", 0.01, 0.2, 0.03, 0.01),
        _slider("g_steps", 0, 60, 0, 1),
    ),
    "b": (
        Choice("b_from", ("drawn", "cub", "upload"), "drawn"),
        Choice("b_heat", ("off", "1", "2", "3", "4"), "off"),
    ),
    "w": (
        Choice("w_trap", ("frame", "align", "rate", "leave"), "frame"),
        Digit("w_digit", 2, 151),
        _slider("w_zoom", 0.5, 3.0, 1.4, 0.05, "×"),
        _slider("w_mean", 0.0, 0.8, 0.45, 0.05),
        Choice("w_mismatch", ("shrink", "grow"), "shrink"),
        _slider("w_repeats", 0, 40, 10, 1),
        Choice("w_rate", ("0", "0.1", "0.3", "1", "3", "10", "30"), "10"),
        _slider("w_x", -2.5, 2.5, 1.9, 0.05),
        Choice("w_leash", ("off", "on"), "off"),
    ),
}
_BY_KEY = {control.key: control for controls in CONTROLS.values() for control in controls}


def slide(key: str, say: Texts, place: Any = st) -> Any:
    """The slider of that name: its value."""
    slider = _BY_KEY[key]
    assert isinstance(slider, Slider)
    label = f"{say(key)} ({slider.unit})" if slider.unit else say(key)
    return place.slider(label, slider.low, slider.high, slider.default, slider.step, format="%g", key=key, bind="query-params")


def slides(keys: Sequence[str], say: Texts) -> dict[str, Any]:
    """Sliders one below the other, two half ones in a line: their values by name."""
    values: dict[str, Any] = {}
    pair: list[Any] = []
    for key in keys:
        slider = _BY_KEY[key]
        assert isinstance(slider, Slider)
        if slider.half:
            pair = pair or list(st.columns(2))
        values[key] = slide(key, say, pair.pop(0) if slider.half else st)
    return values


def swept(keys: Sequence[str], say: Texts) -> list[Sweep]:
    """The ranges of sliders, for an animation."""
    return sweeps([slider for slider in map(_BY_KEY.__getitem__, keys) if isinstance(slider, Slider)], say)


def choose(key: str, say: Texts, widget: Callable[..., Any] = st.segmented_control, label: bool = False) -> str:
    """The option chosen, with the control's ``label`` shown or not."""
    choice = _BY_KEY[key]
    assert isinstance(choice, Choice)
    return choose_named(key, say(key), choice.options, choice.default, lambda option: say(f"{key}_{option}"), widget, label)


def choose_digit(key: str, say: Texts) -> tuple[Tensor, int]:
    """A gallery digit uint8 (28, 28) and its class."""
    start = _BY_KEY[key]
    assert isinstance(start, Digit)
    label = st.pills(
        say(key), list(range(10)), key=key, default=start.label, required=True, bind="query-params", label_visibility="collapsed"
    )
    label = start.label if label is None else label
    number = st.number_input(say(f"{key}_number"), 0, 499, start.number, key=f"{key}_number", bind="query-params")
    return gallery().images[500 * label + number], label


def reset(*keys: str) -> None:
    """Put sliders back to their defaults; to be called before they are shown, as from a button."""
    for key in keys:
        slider = _BY_KEY[key]
        assert isinstance(slider, Slider)
        st.session_state[key] = slider.default


def maximum(key: str) -> Any:
    """The highest value of a slider."""
    slider = _BY_KEY[key]
    assert isinstance(slider, Slider)
    return slider.high
