"""Distort a digit and see what each network does about it."""

import streamlit as st

from ui.app import loading
from ui.app.i18n import texts
from ui.controls.digit_controls import (
    choose_digit,
    choose_distortion,
    choose_kind,
    choose_models,
    note,
)
from ui.controls.distortion_state import distorted
from ui.pages.digits.answers import show, take_home_answers


def main() -> None:
    with st.sidebar:
        digit, label = choose_digit()
        kind = choose_kind()
        values = choose_distortion(kind)
    st.markdown(f"#### {texts('digits')('title', kind=texts('controls')(f'kind_{kind}'))}")
    chosen = choose_models(kind)
    image = distorted(digit, kind, values)
    loaded = [loading.load(experiment) for experiment in chosen]
    show(image, label, loaded)
    note(kind, values)
    take_home_answers("digits", digit, label, kind, values, loaded)
