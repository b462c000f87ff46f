"""Components whose figure follows the hand (ui/browser/live_figure.js): what they are sent, and
what becomes of what they say."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from torch import Tensor

from ui.app.i18n import Translator, texts
from ui.app.outside import number
from ui.components.messages import finite, last_message, new_message
from ui.components.turns import turn
from ui.controls import address
from ui.controls.live import described
from ui.controls.spec import Number, Slider, Values
from ui.drawing.canvas import CORRECT, GRID, INCORRECT, INPUT, QUIET, UNKNOWN, UP

COLORS = {
    "input": INPUT,
    "grid": GRID,
    "up": UP,
    "right": CORRECT,
    "wrong": INCORRECT,
    "unknown": UNKNOWN,
    "quiet": QUIET,
}


WORDS = ("turn_handle", "control_point", "corners", "loading", "no_weights")  # of them all


def shared_words() -> dict[str, str]:
    """The texts of handles and networks."""
    say = texts("browser")
    return {word: say.template(word) for word in WORDS}


def pixels_text(pixels: Tensor) -> str:
    """The bytes of uint8 pixels, in base64."""
    return base64.b64encode(pixels.numpy().tobytes()).decode()


def given(
    key: str, sliders: Sequence[Slider], values: Values, words: Sequence[str], say: Translator
) -> dict[str, Any]:
    """What every live figure is sent: its sliders and their values, the texts called ``words``, the
    colours, and which message it answers."""
    return {
        "echo": last_message(key),
        "values": {slider.key: values[slider.key] for slider in sliders},
        "sliders": described(sliders, say),
        "words": shared_words() | {word: say.template(word) for word in words},
        "colors": COLORS,
    }


def settled_values(said: Any, numbers: Sequence[Number]) -> Values | None:
    """The values in a component's message, within their bounds; None if it is no message."""
    try:
        return {number.key: number.fitted(finite(said["values"][number.key])) for number in numbers}
    except (KeyError, TypeError, ValueError):
        return None


def keep_settled(said: Any, numbers: Sequence[Number]) -> None:
    """Keep the values in a component's message in the address; what is no message changes
    nothing."""
    values = settled_values(said, numbers)
    if values is not None:
        address.write_values(numbers, values)


def live_part(key: str, take: Callable[[Any], None], show: Callable[[], None]) -> None:
    """The part of a page that follows what settles on the component ``key``: ``take`` gets its
    message, once, and ``show`` shows the page's state. What has settled runs this part alone; in a
    lecture, whose panel shows the state, the whole page."""

    def part() -> None:
        said = new_message(key)
        if said is not None:
            take(said)
        with turn():
            show()

    if "lecture_at" in st.session_state:
        part()
    else:
        st.fragment(part)()


def values_in(said: Any, sliders: Sequence[Slider]) -> Values:
    """The values of sliders in a component's message, within their bounds; without those that are
    no numbers there."""
    values = said.get("values") if isinstance(said, dict) else None
    if not isinstance(values, dict):
        return {}
    return {
        slider.key: slider.fitted(values[slider.key])
        for slider in sliders
        if number(values.get(slider.key)) is not None
    }


def numbers_in(said: Any, key: str, count: int) -> list[float] | None:
    """So many numbers under one key of a component's values; None if that is not what they are."""
    values = said.get("values") if isinstance(said, dict) else None
    found = values.get(key) if isinstance(values, dict) else None
    if not isinstance(found, list) or len(found) != count:
        return None
    numbers = [number(value) for value in found]
    return [value for value in numbers if value is not None] if None not in numbers else None
