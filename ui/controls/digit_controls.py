"""What the pages about one digit have in common: which digit, which distortion, which models."""

import streamlit as st
import torch

from stn_core import Experiment
from stn_core.data.distortions import TABLE_KINDS
from stn_core.data.mnist import gallery
from stn_core.experiments.plugins import PROBLEMS
from stn_core.messages import Message
from ui.app import loading
from ui.app.i18n import in_markdown, texts
from ui.app.terms import NETWORKS, in_lines
from ui.controls.address import values_in_address, write, write_values
from ui.controls.distortion_state import BY_HAND, SLIDERS, drawn, outside_training
from ui.controls.photograph import OWN, choose_own
from ui.controls.spec import Choice, Choices, Control, GalleryDigit, Text, Values, by_name
from ui.controls.widgets import (
    draw_choice,
    draw_choices,
    draw_number,
    draw_number_buttons,
)

SOURCE = Choice("from", ("Gallery", "Upload"), "Gallery", kept_by_page=True)
# turned by 40 degrees, as the slider has it, the CNN takes it for a 6; the ST-CNN reads it at every
# angle of training
DIGIT = GalleryDigit("digit", "number", 9, 136)
KIND = Choice("kind", tuple(kind.upper() for kind in SLIDERS), "R", label="distortion")


def models(kind: str) -> Choices:
    """The models for one kind of data."""
    return Choices(
        f"models_{kind}", tuple(loading.on_images(kind)), ("CNN", "ST-CNN affine"), label="models"
    )


def table() -> dict[str, Control]:
    """The controls that these pages share, by their names."""
    of_kinds = [
        control for kind, sliders in SLIDERS.items() for control in (*sliders, models(kind))
    ]
    moves = Message("own_moves", "32 numbers, as the address holds them")
    by_hand = [Text(by_hand.key, by_hand.moves_something, moves) for by_hand in BY_HAND.values()]
    return by_name(SOURCE, OWN, DIGIT, KIND, *of_kinds, *by_hand)


def choose_digit() -> tuple[torch.Tensor, int | None]:
    """A digit of the gallery or the visitor's own: uint8 (28, 28), and its class if known."""
    say = texts("controls")
    st.markdown(f"**{say('digit')}**")
    digits = gallery()
    if draw_choice(SOURCE, say) == "Upload":
        own = choose_own()
        if own is not None:
            return own, None
    label = draw_number_buttons(DIGIT.class_control(), say("class"))
    left, right = st.columns(2, vertical_alignment="bottom")
    number = draw_number(DIGIT.number_control(), say, left, show_label=False)
    right.button(say("shuffle"), on_click=shuffle, width="stretch", icon=":material/shuffle:")
    return digits.images[DIGIT.place(label, number)], label


def shuffle() -> None:
    """Another digit of the same class."""
    number = DIGIT.number_control()
    st.session_state[number.key] = int(torch.randint(int(number.high) + 1, (1,)))


def choose_kind() -> str:
    """The kind of distortion."""
    say = texts("controls")
    st.markdown(f"**{say('distortion')}**", help=in_lines(TABLE_KINDS))
    kind = draw_choice(KIND, say).lower()
    st.caption(say(f"kind_{kind}"))
    return kind


def distortion_in_address(kind: str) -> Values:
    """What the address says of one kind: the sliders' values, and what was moved by hand."""
    values = values_in_address(SLIDERS[kind])
    if kind in BY_HAND:
        by_hand = BY_HAND[kind]
        values[by_hand.key] = by_hand.from_text(st.query_params.get(by_hand.key))
    return values


def draw_at_random(kind: str) -> None:
    """Set the sliders to a distortion drawn as in training."""
    if kind in BY_HAND:
        write(BY_HAND[kind].key, None)
    generator = torch.Generator().manual_seed(torch.seed() % 2**31)
    write_values(SLIDERS[kind], drawn(kind, generator))


def choose_models(kind: str) -> list[Experiment]:
    """The models to show."""
    say = texts("controls")
    available = loading.on_images(kind)
    st.markdown(f"**{say('models')}**", help=in_lines(NETWORKS))
    with st.expander(say("more_models")):
        names = draw_choices(models(kind), say)
    for problem in PROBLEMS:
        st.warning(in_markdown(problem), icon=":material/extension_off:")
    missing = [
        name
        for name, experiment in available.items()
        if name not in names and not loading.is_there(experiment)
    ]
    if missing:
        st.caption(say.markdown("missing", names=", ".join(missing)))
    return [experiment for name, experiment in available.items() if name in names]


def note(kind: str, values: Values) -> None:
    """Say so where a slider stands outside what training saw."""
    say = texts("controls")
    outside = [say(label[0].upper() + label[1:]) for label in outside_training(kind, values)]
    if outside:
        st.warning(say("outside", names=", ".join(name[0].lower() + name[1:] for name in outside)))
