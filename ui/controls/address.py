"""A choice among options that are said in the visitor's language and have the same names in the address in every language.

Streamlit's own binding would write an option into the address as it is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st


def choose(
    key: str, label: str, options: Sequence[str], default: str, shown: Callable[[str], str],
    widget: Callable[..., Any] = st.segmented_control, visible: bool = False, former: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """The option chosen: by its name under ``key`` in the address, the default's left out.

    ``shown`` gives an option's text, and ``former`` the options of other names, which old addresses have.
    """
    asked = st.query_params.get(key)
    if asked and former and asked in former:
        asked = former[asked]
        _write(key, asked, default)
    st.session_state[key] = asked if asked in options else default
    widget(
        label, options, key=key, required=True, on_change=_keep, args=(key, default), format_func=shown,
        label_visibility="visible" if visible else "collapsed",
    )  # fmt: skip
    return st.session_state[key]


def _keep(key: str, default: str) -> None:
    _write(key, st.session_state[key] or default, default)


def _write(key: str, option: str, default: str) -> None:
    if option == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = option
