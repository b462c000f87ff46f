"""What components send from the browser: a numbered message under "said" in their state, which a
run takes once. Nothing in it is trusted."""

from typing import Any

import streamlit as st

from ui.app.outside import number, whole

MOST_MESSAGES = 2**53


def last_message(key: str) -> int:
    """The number of the last message of the component called ``key``; 0 before the first."""
    return _number(_said(key))


def unread(key: str) -> Any | None:
    """What the component called ``key`` has said and no run has taken; None if there is nothing."""
    said = _said(key)
    return said if _number(said) not in (0, st.session_state.get(f"{key}_taken")) else None


def mark_read(key: str, said: Any) -> None:
    """This message of the component called ``key`` has been taken."""
    st.session_state[f"{key}_taken"] = _number(said)


def new_message(key: str) -> Any | None:
    """What the component called ``key`` has said since this was last asked; None if nothing."""
    said = unread(key)
    if said is not None:
        mark_read(key, said)
    return said


def _said(key: str) -> Any:
    try:
        return st.session_state[key]["said"]
    except (KeyError, TypeError):
        return None


def _number(said: Any) -> int:
    try:
        return whole(said["id"], 0, MOST_MESSAGES)
    except (KeyError, TypeError):
        return 0


def finite(value: Any) -> float:
    """A number. ValueError if it is none."""
    found = number(value)
    if found is None:
        raise ValueError("expected a finite number")  # what else it is may be beyond words
    return found
