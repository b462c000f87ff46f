"""The live stage: networks answer while the hand moves, PyTorch when it rests."""

import streamlit as st
import torch

from stn_core import Checkpoint
from ui.app import loading
from ui.app.i18n import texts
from ui.components.messages import is_new
from ui.controls import address
from ui.controls.digit_controls import (
    OWN,
    SOURCE,
    choose_digit,
    choose_distortion,
    choose_kind,
    choose_models,
    note,
)
from ui.controls.distortion_state import distorted
from ui.controls.url_codec import digit_to_text
from ui.pages.digits import page as digits
from ui.pages.digits.answers import show, take_home_answers
from ui.pages.stage.component import settled, stage
from ui.pages.stage.controls import HAND, KERNEL, MODE, OF_STAGE, THETA
from ui.pages.stage.hand import Hand, hand_of

KEY = "stage"


def main() -> None:
    take()
    say = texts("stage")
    with st.sidebar:
        digit, label = choose_digit()
        kind = choose_kind()
        values = choose_distortion(kind)
    st.markdown(f"#### {say('title', kind=texts('controls')(f'kind_{kind}'))}")
    loaded = [loading.load(experiment) for experiment in choose_models(kind)]
    checkpoints = [checkpoint for checkpoint in loaded if isinstance(checkpoint, Checkpoint)]
    mode, kernel, hand = used()
    refused = stage(digit, label, kind, values, checkpoints, mode, kernel, hand, say, KEY)
    for sentence in refused:
        st.warning(sentence)
    st.caption(say("record"))
    image = distorted(digit, kind, values)
    hands = by_hand(hand, checkpoints, say("by_hand"))
    show(image, label, loaded, hands)
    note(kind, values)
    of_stage = [control.key for control in OF_STAGE]
    shared = {
        name: value for name, value in st.query_params.to_dict().items() if name not in of_stage
    }
    st.page_link(
        st.Page(digits.main, default=True),
        label=say("to_digits"),
        icon=":material/crop_rotate:",
        query_params=shared,
    )
    take_home_answers("stage", digit, label, kind, values, loaded, hands)


def used() -> tuple[str, str, Hand | None]:
    """From the address: what the hand does, the kernel that is looked at, and a theta by hand."""
    mode = address.option_in_address(MODE)
    theta = st.query_params.get(THETA.key)
    hand = (
        hand_of(st.query_params.get(HAND.key), theta.split(",") if theta else None)
        if mode == "grid"
        else None
    )
    return mode, address.option_in_address(KERNEL), hand


def by_hand(
    hand: Hand | None, checkpoints: list[Checkpoint], name: str
) -> dict[str, tuple[str, torch.Tensor]]:
    """The row that the visitor's theta gets in the figure."""
    if hand is None or hand.theta is None:
        return {}
    names = {
        checkpoint.experiment.title: loading.name(checkpoint.experiment)
        for checkpoint in checkpoints
    }
    return {
        model: (f"{title}, {name}", torch.tensor(hand.theta))
        for model, title in names.items()
        if model == hand.model
    }


def take() -> None:
    """What has settled on the stage since the last run, into the sliders and the address, before
    any of them is shown."""
    if not is_new(KEY):
        return
    said = settled(st.session_state[KEY]["said"])
    if said is None:
        return
    st.session_state.update(said.sliders)
    address.write_option(MODE, said.mode)
    address.write_option(KERNEL, said.kernel)
    address.write(HAND.key, said.hand.model if said.hand else None)
    address.write(
        THETA.key,
        ",".join(f"{number:g}" for number in said.hand.theta)
        if said.hand and said.hand.theta
        else None,
    )
    for name, text in said.by_hand.items():
        address.write(name, text)
    if said.own is not None:
        address.write_option(SOURCE, "Upload")
        address.write(OWN.key, digit_to_text(said.own))
