"""What the pages about one digit have in common beside the picture: which digit, which distortion, which models."""

from typing import Any

import streamlit as st
import torch

from stn_core import Experiment
from stn_core.data.distortions import TABLE_KINDS
from stn_core.data.mnist import gallery
from stn_core.data.uploads import PictureError, read_digit
from stn_core.experiments.plugins import PROBLEMS
from ui.app import loading
from ui.app.i18n import texts, translated
from ui.controls import state
from ui.controls.address import choose


def choose_digit() -> tuple[torch.Tensor, int | None]:
    """A digit of the gallery, or the visitor's own: uint8 (28, 28), with its class if that is known."""
    say = texts("controls")
    st.markdown(f"**{say('digit')}**")
    digits = gallery()
    place = choose("from", say("from"), state.PLACES, state.PLACES[0], lambda place: say(f"from_{place}"))
    if place == "Upload":
        own = choose_upload()
        if own is not None:
            return own, None
    label = st.pills(
        say("class"), list(range(10)), key="digit", default=state.DIGIT, required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    label = state.DIGIT if label is None else label  # an empty class in the address
    left, right = st.columns(2, vertical_alignment="bottom")
    number = left.number_input(say("number"), 0, 499, state.NUMBER, key="number", bind="query-params", label_visibility="collapsed")
    right.button(say("shuffle"), on_click=shuffle, width="stretch", icon=":material/shuffle:")
    return digits.images[500 * label + number], label


def shuffle() -> None:
    st.session_state["number"] = int(torch.randint(500, (1,)))


def choose_upload() -> torch.Tensor | None:
    say = texts("controls")
    file = st.file_uploader(say("photograph"), key="file", on_change=take_upload, max_upload_size=10)
    if "upload_error" in st.session_state and file is not None:
        st.error(translated(st.session_state["upload_error"]))
    text = st.query_params.get("own")
    if text is None:
        return None
    own = state.digit_from_text(text)
    if own is None:
        st.error(say("unreadable"))
    return own


def take_upload() -> None:
    """Bring the uploaded picture to MNIST's form and keep it in the URL, so that a link shows the same."""
    st.session_state.pop("upload_error", None)
    file = st.session_state["file"]
    if file is None:
        st.query_params.pop("own", None)
        return
    try:
        st.query_params["own"] = state.digit_to_text(read_digit(file.getvalue()))
    except PictureError as error:
        st.session_state["upload_error"] = error.sentence


def choose_kind() -> str:
    say = texts("controls")
    st.markdown(f"**{say('distortion')}**")
    kinds = [kind.upper() for kind in TABLE_KINDS]
    chosen = st.segmented_control(
        say("distortion"), kinds, key="kind", default="R", required=True, bind="query-params", label_visibility="collapsed"
    )
    return (chosen or "R").lower()  # an empty name in the address chooses nothing


def choose_distortion(kind: str) -> state.Values:
    """The sliders of one kind, and what was moved by hand on the live stage."""
    say = texts("controls")
    values: state.Values = {}
    pair: list[Any] = []
    for slider in state.SLIDERS[kind]:
        label = say(slider.label)
        label = f"{label} ({slider.unit})" if slider.unit else label
        if slider.half:
            pair = pair or list(st.columns(2))
            place = pair.pop(0)
        else:
            place = st.container()
            if slider.trained:
                label += say("trained", range=state.in_figures(slider.trained).replace(" to ", say("to")))
        values[slider.key] = place.slider(
            label, slider.low, slider.high, slider.default, slider.step, format="%g", key=slider.key, bind="query-params"
        )
    left, right = st.columns(2)
    left.button(say("draw"), on_click=draw, args=(kind,), width="stretch", icon=":material/casino:", help=say("draw_help"))
    right.button(say("reset"), on_click=reset, args=(kind,), width="stretch", icon=":material/undo:")
    if kind in state.BY_HAND:
        by_hand = state.BY_HAND[kind]
        values[by_hand.key] = by_hand.from_text(st.query_params.get(by_hand.key))
    return values


def draw(kind: str) -> None:
    forget_hand(kind)
    st.session_state.update(state.drawn(kind, torch.Generator().manual_seed(torch.seed() % 2**31)))


def reset(kind: str) -> None:
    forget_hand(kind)
    st.session_state.update(state.undistorted(kind))


def forget_hand(kind: str) -> None:
    if kind in state.BY_HAND:
        st.query_params.pop(state.BY_HAND[kind].key, None)


def choose_models(kind: str) -> list[Experiment]:
    say = texts("controls")
    available = loading.experiments(kind)
    names = st.pills(
        say("models"), list(available), selection_mode="multi", default=["CNN", "ST-CNN affine"], key=f"models_{kind}",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    for problem in PROBLEMS:
        st.warning(translated(problem), icon=":material/extension_off:")
    missing = [name for name, experiment in available.items() if name not in names and not loading.is_there(experiment)]
    if missing:
        st.caption(say("missing", names=", ".join(missing)))
    return [experiment for name, experiment in available.items() if name in names]


def note(kind: str, values: state.Values) -> None:
    """Say so where a slider stands outside what training saw."""
    say = texts("controls")
    outside = [say(label[0].upper() + label[1:]) for label in state.outside_training(kind, values)]
    if outside:
        st.warning(say("outside", names=", ".join(name[0].lower() + name[1:] for name in outside)))
