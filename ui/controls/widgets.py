"""A widget for every control: each function draws what the control's statement (spec.py) says, and
gives its value back.

``say`` gives the page's texts; a control's label is among them. What the page itself keeps in the
address goes there by its name (address.py), the rest is bound to it by Streamlit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st
from torch import Tensor

from stn_core.data.mnist import gallery
from ui.app.i18n import Translator, texts
from ui.controls.address import keep_option, option_in_address
from ui.controls.spec import Choice, Choices, GalleryDigit, Number, Slider, Switch, Values, rows


def draw_slider(slider: Slider, say: Translator, place: Any = st) -> Any:
    """A slider, in ``place``."""
    return place.slider(
        label_of(slider, say),
        slider.low,
        slider.high,
        slider.default,
        slider.step,
        format="%g",
        key=slider.key,
        bind="query-params",
    )


def label_of(slider: Slider, say: Translator) -> str:
    """A slider's label, with its unit, and with the range of training if there is room."""
    label = say(slider.label_key)
    label = f"{label} ({slider.unit})" if slider.unit else label
    if slider.trained and not slider.half:
        label += say("trained", range=describe_range(slider.trained, say))
    return label


def draw_sliders(sliders: Sequence[Slider], say: Translator) -> Values:
    """Sliders one below the other, two half ones in a line: their values by their keys."""
    values: Values = {}
    for row in rows(sliders):
        places = st.columns(2) if row[0].half else [st]
        values |= {
            slider.key: draw_slider(slider, say, place)
            for slider, place in zip(row, places, strict=False)
        }
    return values


def describe_range(bounds: tuple[float, float], say: Translator) -> str:
    """A range of training as one reads it."""
    low, high = (f"{bound:g}".replace("-", "−") for bound in bounds)
    return low if low == high else f"{low}{say('to')}{high}"


def draw_number(
    number: Number,
    say: Translator,
    place: Any = st,
    *,
    show_label: bool = True,
    blanks: Mapping[str, Any] | None = None,
) -> int:
    """A field for a whole number; ``blanks`` fills those of its label."""
    return place.number_input(
        say(number.label_key, **(blanks or {})),
        number.low,
        number.high,
        number.default,
        key=number.key,
        bind="query-params",
        label_visibility=_visibility(show_label),
    )


def draw_choice(
    choice: Choice,
    say: Translator,
    widget: Callable[..., Any] = st.segmented_control,
    *,
    show_label: bool = False,
    former: Mapping[str, str] | None = None,
) -> str:
    """Buttons for the options of a choice. Options that the page keeps in the address are said in
    the visitor's language; the others are names in themselves. ``former``: see
    ``option_in_address``."""
    label, visibility = say(choice.label_key), _visibility(show_label)
    if not choice.kept_by_page:
        chosen = widget(
            label,
            choice.options,
            default=choice.default,
            key=choice.key,
            required=True,
            bind="query-params",
            label_visibility=visibility,
        )
        return chosen or choice.default  # an empty name in the address chooses nothing
    st.session_state[choice.key] = option_in_address(choice, former)
    widget(
        label,
        choice.options,
        key=choice.key,
        required=True,
        on_change=keep_option,
        args=(choice,),
        format_func=lambda option: say(choice.option_key(option)),
        label_visibility=visibility,
    )
    return st.session_state[choice.key]


def draw_select(
    choice: Choice,
    say: Translator,
    options: Sequence[str] | None = None,
    *,
    show_label: bool = True,
    help_text: str | None = None,
) -> str:
    """A list of the options of a choice to pick from; ``options`` has them in another order."""
    shown = list(choice.options if options is None else options)
    return st.selectbox(
        say(choice.label_key),
        shown,
        shown.index(choice.default),
        key=choice.key,
        bind="query-params",
        help=help_text,
        label_visibility=_visibility(show_label),
    )


def draw_choices(
    choices: Choices, say: Translator, offered: Sequence[str] | None = None
) -> list[str]:
    """Buttons for several options at once, of those ``offered``, by default all."""
    return st.pills(
        say(choices.label_key),
        choices.options if offered is None else offered,
        selection_mode="multi",
        default=choices.default,
        key=choices.key,
        bind="query-params",
        label_visibility="collapsed",
    )


def draw_switch(switch: Switch, say: Translator, *, disabled: bool = False) -> bool:
    """A switch."""
    return st.toggle(
        say(switch.label_key),
        switch.default,
        key=switch.key,
        bind="query-params",
        disabled=disabled,
    )


def draw_number_buttons(
    number: Number, label: str, *, show_label: bool = False, help_text: str | None = None
) -> int:
    """A button for each whole number, as the address has it: the one chosen."""
    chosen = st.pills(
        label,
        number.every_value(),
        key=number.key,
        default=int(number.default),
        required=True,
        bind="query-params",
        format_func=number.text,
        help=help_text,
        label_visibility=_visibility(show_label),
    )
    return int(number.default) if chosen is None else chosen  # nothing, or nonsense, in the address


def draw_gallery_digit(digit: GalleryDigit, say: Translator) -> tuple[Tensor, int]:
    """A class and a number in it: the digit uint8 (28, 28) and its class."""
    label = draw_number_buttons(digit.class_control(), say(digit.key))
    number = draw_number(digit.number_control(), say)
    return gallery().images[digit.place(label, number)], label


def draw_upload(
    label: str, key: str, take: Callable[[str], None], *, several: bool = False
) -> None:
    """A field for photographs, as files or from the camera of the phone or computer; ``take`` gets
    the key under which what has come stands in the session."""
    say = texts("controls")
    if st.toggle(say("camera"), key="camera_on", help=say("camera_help")):
        key = f"{key}_camera"
        st.camera_input(label, key=key, on_change=take, args=(key,), label_visibility="collapsed")
    else:
        st.file_uploader(
            label,
            key=key,
            on_change=take,
            args=(key,),
            accept_multiple_files=several,
            max_upload_size=10,
        )


def _visibility(show_label: bool) -> Literal["visible", "collapsed"]:
    return "visible" if show_label else "collapsed"
