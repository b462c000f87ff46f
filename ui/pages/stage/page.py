"""The live stage: the networks answer while the hand moves; torch's answer follows when it rests."""

import streamlit as st
import torch

from stn_core import Checkpoint
from ui.app import loading
from ui.app.i18n import texts
from ui.components.messages import is_new
from ui.controls import state
from ui.controls.digit_controls import choose_digit, choose_distortion, choose_kind, choose_models, note
from ui.pages.digits import page as digits
from ui.pages.digits.answers import show, take_home_answers
from ui.pages.stage.component import KERNELS, MODES, Hand, hand_of, settled, stage

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
    image = state.distorted(digit, kind, values)
    hands = by_hand(hand, checkpoints, say("by_hand"))
    show(image, label, loaded, hands)
    note(kind, values)
    address = {name: value for name, value in st.query_params.to_dict().items() if name not in ("mode", "kernel", "hand", "theta")}
    st.page_link(st.Page(digits.main, default=True), label=say("to_digits"), icon=":material/crop_rotate:", query_params=address)
    take_home_answers("stage", digit, label, kind, values, loaded, hands)


def used() -> tuple[str, str, Hand | None]:
    """From the address: what the hand does, the kernel that is looked at, and a theta by hand."""
    mode, kernel = st.query_params.get("mode"), st.query_params.get("kernel")
    mode = mode if mode in MODES else MODES[0]
    theta = st.query_params.get("theta")
    hand = hand_of(st.query_params.get("hand"), theta.split(",") if theta else None) if mode == "grid" else None
    return mode, kernel if kernel in KERNELS else KERNELS[0], hand


def by_hand(hand: Hand | None, checkpoints: list[Checkpoint], name: str) -> dict[str, tuple[str, torch.Tensor]]:
    """The row that the visitor's theta gets in the figure."""
    if hand is None or hand.theta is None:
        return {}
    names = {checkpoint.experiment.title: loading.name(checkpoint.experiment) for checkpoint in checkpoints}
    return {model: (f"{title}, {name}", torch.tensor(hand.theta)) for model, title in names.items() if model == hand.model}


def take() -> None:
    """What has settled on the stage since the last run, into the sliders and the address, before any of them is shown."""
    if not is_new(KEY):
        return
    said = settled(st.session_state[KEY]["said"])
    if said is None:
        return
    st.session_state.update(said.sliders)
    address = said.by_hand | {
        "mode": said.mode if said.mode != MODES[0] else None,
        "kernel": said.kernel if said.kernel != KERNELS[0] else None,
        "hand": said.hand.model if said.hand else None,
        "theta": ",".join(f"{number:g}" for number in said.hand.theta) if said.hand and said.hand.theta else None,
    }
    if said.own is not None:
        address |= {"from": "Upload", "own": state.digit_to_text(said.own)}
    for name, value in address.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
