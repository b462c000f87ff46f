"""What components send from the browser: a numbered message under "said" in their state, which a
run takes once. Nothing in it is trusted."""

from typing import Any

import streamlit as st

from ui.app.outside import number, whole

MOST_MESSAGES = 2**53


def message_id(component: Any) -> int:
    """The number of the last message in the component's state; 0 before the first."""
    try:
        return whole(component["said"]["id"], 0, MOST_MESSAGES)
    except (KeyError, TypeError):
        return 0


def is_unread(key: str) -> bool:
    """Whether the component called ``key`` has said something that no run has taken."""
    last = message_id(st.session_state.get(key))
    return last not in (0, st.session_state.get(f"{key}_taken"))


def is_new(key: str) -> bool:
    """Whether the component called ``key`` has said something since this was last asked."""
    if not is_unread(key):
        return False
    st.session_state[f"{key}_taken"] = message_id(st.session_state.get(key))
    return True


def finite(value: Any) -> float:
    """A number. ValueError if it is none."""
    found = number(value)
    if found is None:
        raise ValueError(f"expected a finite number; got {value!r}")
    return found
