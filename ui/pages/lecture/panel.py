"""A lecture's panel: what a step says, large, and the keys that lead to the next one. It stands in
place of the controls."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ui.browser.component import component

HERE = Path(__file__).parent
_component = component(HERE, "panel", isolate_styles=False)


def panel(data: dict[str, Any], key: str, on_go: Callable[[], None]) -> None:
    """Show a step; ``on_go`` follows a wish for another, in ``st.session_state[key]["go"]``.

    data: ``lesson``, ``at`` and ``steps`` (a title and a link each), the page's ``heading`` to
    begin at, the texts ``title``, ``text``, ``try``, ``question`` and ``answer`` (empty: none), the
    link ``all``, the panel's ``words``. What the browser asks for is to be checked.
    """
    _component(data, key=key, on_go_change=on_go)
