"""The first page: distort a digit and see what each network does about it. The browser answers
while the hand moves; PyTorch's answer follows when it rests."""

import streamlit as st
import torch
from torch import Tensor

from stn_core import Checkpoint, Experiment
from ui.app import loading
from ui.app.i18n import texts
from ui.components.messages import mark_read, new_message, unread
from ui.components.turns import turn
from ui.controls import address
from ui.controls.digit_controls import (
    SOURCE,
    choose_digit,
    choose_kind,
    choose_models,
    distortion_in_address,
    draw_at_random,
    note,
)
from ui.controls.distortion_state import SLIDERS, distorted
from ui.controls.photograph import OWN
from ui.controls.url_codec import digit_to_text
from ui.pages.digits.answers import ThetasByHand, answered, show, take_home_answers
from ui.pages.digits.component import Settled, settled, stage
from ui.pages.digits.controls import HAND, KERNEL, MODE, THETA, table
from ui.pages.digits.hand import Hand, hand_of

KEY = "stage"
LECTURE = {"lesson": "paper", "at": "1"}  # where "Start the lecture" leads
KEPT = {"lang", "projector"}  # of an address that says nothing of the page's state


def main() -> None:
    """The page. What settles on it runs only what depends on that; in a lecture, whose panel shows
    the state, and where the sidebar changes, all of it."""
    take(settled(new_message(KEY)))
    say = texts("digits")
    with st.sidebar:
        digit, label = choose_digit()
        kind = choose_kind()
        chosen = choose_models(kind)
    st.markdown(f"#### {say('app')}\n\n{say('sentence')}")
    arguments = (digit, label, kind, chosen)
    if "lecture_at" in st.session_state:
        answers(*arguments)
    else:
        st.fragment(answers_again)(*arguments)


def answers_again(digit: Tensor, label: int | None, kind: str, chosen: list[Experiment]) -> None:
    """``answers``, after what has settled since the last run."""
    message = unread(KEY)
    if message is not None:
        said = settled(message)
        if said and (said.wish or said.own is not None or said.kind != kind):
            st.rerun()  # the sidebar changes too
        mark_read(KEY, message)
        take(said)
    answers(digit, label, kind, chosen)


def answers(digit: Tensor, label: int | None, kind: str, chosen: list[Experiment]) -> None:
    """The live rows, PyTorch's answer below them, and what is to be said of both."""
    with turn():
        show_answers(digit, label, kind, chosen)


def show_answers(digit: Tensor, label: int | None, kind: str, chosen: list[Experiment]) -> None:
    """``answers``, when it is their turn."""
    say = texts("digits")
    values = distortion_in_address(kind)
    loaded = [loading.load(experiment) for experiment in chosen]
    checkpoints = [checkpoint for checkpoint in loaded if isinstance(checkpoint, Checkpoint)]
    mode, kernel, hand = used()
    hands = by_hand(hand, checkpoints, say("by_hand"))
    image = distorted(digit, kind, values)
    answer = answered(image, label, loaded, say, hands)
    refused = stage(
        digit,
        label,
        kind,
        values,
        checkpoints,
        mode,
        kernel,
        hand,
        answer.probabilities,
        say,
        KEY,
        opening=set(st.query_params) <= KEPT,
    )
    for sentence in refused:
        st.warning(sentence)
    st.caption(say("record"))
    show(answer, loaded)
    note(kind, values)
    take_home_answers("digits", digit, label, kind, values, loaded, hands)


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


def by_hand(hand: Hand | None, checkpoints: list[Checkpoint], name: str) -> ThetasByHand:
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


def take(said: Settled | None) -> None:
    """What has settled, or was wished for, into the address, before anything of it is shown."""
    if said is None:
        return
    if said.wish == "reset":
        return reset()
    if said.wish == "lecture":
        st.query_params.update(LECTURE)
        st.rerun()
    if said.wish == "random":
        return draw_at_random(said.kind)
    address.write_values(SLIDERS[said.kind], said.sliders)
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


def reset() -> None:
    """Back to the page as it opens; in a lecture, to its step."""
    if "lecture_at" in st.session_state:
        st.session_state["lecture_at"] = ("", 0)  # which arrives at the step anew
        st.rerun()
    for name, control in table().items():
        if control.kept_by_page:
            address.write(name, None)
        else:
            st.session_state[name] = control.default
