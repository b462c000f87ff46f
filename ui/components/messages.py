"""What components send from the browser: a numbered message under "said" in their state, which a
run takes once. Nothing in it is trusted."""

import math
from typing import Any

import streamlit as st


def message_id(component: Any) -> int:
    """The number of the last message in the component's state; 0 before the first."""
    try:
        return int(component["said"]["id"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0


def is_new(key: str) -> bool:
    """Whether the component called ``key`` has said something since this was last asked."""
    number = message_id(st.session_state.get(key))
    if number in (0, st.session_state.get(f"{key}_taken")):
        return False
    st.session_state[f"{key}_taken"] = number
    return True


def finite(value: Any) -> float:
    """A number. ValueError or TypeError if it is none."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number; got {value!r}")
    return number
