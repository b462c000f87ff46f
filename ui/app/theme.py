"""How the app looks: light or dark, as the browser or the menu chooses, and for a projector either
of them at its strongest."""

from pathlib import Path

import streamlit as st

from ui.app.i18n import texts

HERE = Path(__file__).parent


def choose_theme() -> None:
    """The switch, which the address keeps."""
    say = texts("app")
    if st.toggle(
        say("projector"), key="projector", bind="query-params", help=say("projector_help")
    ):
        st.html(HERE / "projector.css")
