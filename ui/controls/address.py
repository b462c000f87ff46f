"""What an address says is brought into bounds before widgets read it, and what keeps a value in the
address where Streamlit's own binding of widgets does not.

An option has the same name in the address in every language; a bound widget would write it there as
it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st
from streamlit.errors import StreamlitAPIException

from ui.app.outside import LARGEST, number
from ui.controls.spec import Choice, Control, Number, Values


def tidy(controls: Iterable[Control]) -> None:
    """Bring what the address says of widgets' controls into bounds, and take out what is nonsense;
    the run then begins again. Streamlit's own reading ends in an error for some of it, such as an
    infinite number."""
    changed = False
    for control in controls:
        said = st.query_params.get_all(control.key)
        if control.kept_by_page or not said:
            continue
        value = control.read(said)
        text = None if value is None else control.text(value)
        if said in ([text], text or [""]):
            continue
        try:
            write(control.key, text)
            changed = True
        except StreamlitAPIException:  # a widget has it already, and with it a value
            if isinstance(control, Number) and number(said[-1]) in (None, LARGEST, -LARGEST):
                # an address that comes later is read by the widget, unless it is given a value
                st.session_state[control.key] = control.fitted(value)
    if changed:
        st.rerun()


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


def values_in_address(numbers: Sequence[Number]) -> Values:
    """The values that the address names, by their keys; the default for each that it does not."""
    found = {each.key: each.read(st.query_params.get_all(each.key)) for each in numbers}
    return {n.key: n.default if found[n.key] is None else found[n.key] for n in numbers}


def write_values(numbers: Sequence[Number], values: Values) -> None:
    """Keep values in the address, which leaves out the defaults."""
    for control in numbers:
        value = control.fitted(values[control.key])
        write(control.key, None if value == control.default else control.text(value))
