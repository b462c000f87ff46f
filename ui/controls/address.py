"""What keeps a value in the address, where Streamlit's own binding of widgets does not.

An option has the same name in the address in every language; a bound widget would write it there as
it is shown.
"""

from collections.abc import Mapping

import streamlit as st

from ui.controls.spec import Choice


def write(name: str, text: str | list[str] | None) -> None:
    """Write a name into the address, unless it says the same already; None takes it out."""
    if text is None:
        st.query_params.pop(name, None)
    elif st.query_params.get_all(name) != ([text] if isinstance(text, str) else text):
        st.query_params[name] = text


def option_in_address(choice: Choice, former: Mapping[str, str] | None = None) -> str:
    """The option that the address names; the default where it names none.

    ``former`` has the options of other names, which addresses of earlier versions have; such a name
    is replaced in the address.
    """
    asked = st.query_params.get(choice.key)
    if asked and former and asked in former:
        asked = former[asked]
        write_option(choice, asked)
    return choice.fitted(asked)


def write_option(choice: Choice, option: str) -> None:
    """Keep an option in the address, which leaves out the default."""
    write(choice.key, None if option == choice.default else option)


def keep_option(choice: Choice) -> None:
    """The visitor has chosen an option: keep it."""
    write_option(choice, st.session_state[choice.key] or choice.default)
