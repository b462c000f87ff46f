"""Pages whose figure a component draws while the hand moves (ui/browser/live_figure.js). What has
settled goes into the address, and then PyTorch's answer is shown, without a run of the rest of the
page."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ui.app.i18n import Translator
from ui.app.outside import number
from ui.components.messages import is_new, message_id
from ui.controls.live import described
from ui.controls.spec import Slider, Values
from ui.controls.url_codec import ByHand
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


def settling(key: str, take: Callable[[Any], None], show: Callable[[], None]) -> None:
    """Show a part of a page, and run that part alone whenever its component ``key`` says something,
    which ``take`` gets first and which is not to be trusted. In a lecture, whose panel shows the
    state, the whole page is run."""
    if is_new(key):
        take(st.session_state[key]["said"])
    if "lecture_at" in st.session_state:
        show()
    else:
        st.fragment(_once_more)(key, take, show)


def _once_more(key: str, take: Callable[[Any], None], show: Callable[[], None]) -> None:
    if is_new(key):
        take(st.session_state[key]["said"])
    show()


def state(
    key: str,
    sliders: Sequence[Slider],
    values: Values,
    say: Translator,
    by_hand: Sequence[ByHand] = (),
) -> dict[str, Any]:
    """What every live figure is sent: the last message of component ``key`` that this answers, the
    sliders with their values and bounds, those of what else a hand moves, colours."""
    controls: list[Slider | ByHand] = [*sliders, *by_hand]
    return {
        "echo": message_id(st.session_state.get(key)),
        "values": values,
        "bounds": {control.key: (control.low, control.high, control.step) for control in controls},
        "sliders": described(sliders, say),
        "colors": COLORS,
    }


def values_in(said: Any, sliders: Sequence[Slider]) -> Values:
    """The values of sliders in a component's message, within their bounds; a value that is no
    number is left out."""
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
