"""Take it home: the figures of a page as a picture, an animation, a page that opens offline, and
the Python behind them.

Nothing is made until it is asked for, and then by the browser, with modules that are fetched at the
first click: the server only sends the snippet with a run, and computes the figures of an animation,
``FRAMES`` at most, one visitor's after the other's.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ui.app.i18n import language, texts
from ui.app.outside import whole
from ui.browser.component import component
from ui.components.messages import MOST_MESSAGES
from ui.components.plot import SCRIPT
from ui.controls.spec import FRAMES, Sweep, Values
from ui.drawing.canvas import Figure

HERE = Path(__file__).parent
KEY = "take_home"
PAUSE = 0.01  # seconds after each frame, for the other visitors' pages
WORDS = (
    "title",
    "png",
    "gif",
    "gif_training",
    "html",
    "python",
    "copy",
    "copied",
    "marked",
    "link",
    "working",
    "progress",
    "done",
    "failed",
)
_component = component(HERE, "take_home", isolate_styles=False)
_turn = threading.Lock()


def take_home(
    page: str,
    snippet: str,
    scene: Callable[[Values], Figure] | None = None,
    values: Values | None = None,
    over: Sequence[Sweep] = (),
    notes: Sequence[str] = (),
    training: bool = False,
) -> None:
    """The menu, to be called once a page, at its end.

    Args:
        page: its name in the app's texts, such as "digits".
        snippet: Python that computes with ``stn_core`` what the page shows now (the page's
            snippet.py).
        scene: the page's main figure for other ``values`` than those of now, for animations over
            the sweeps ``over``.
        notes: texts of the page, besides the figures' own sentences, for the page that is taken
            home.
        training: there is a player of recordings on the page, which gives an animation.
    """
    say = texts("take_home")
    data: dict[str, Any] = {
        "script": SCRIPT,
        "name": f"spatial-transformer-{page}",
        "title": texts("app")(page),
        "snippet": snippet,
        "notes": [note.replace("`", "").replace("**", "") for note in notes],
        "training": training,
        "language": language(),
        "words": {word: say.template(word) for word in WORDS},
        "sweeps": [(sweep.key, sweep.label) for sweep in over],
    }
    number, key = _asked()
    chosen = next((sweep for sweep in over if sweep.key == key), None)
    asked = animation_is_asked() and chosen is not None and scene is not None
    if asked and chosen and scene:
        data["film"] = {"id": number, "frames": _film(chosen, scene, values or {})}
    _component(data, key=KEY, on_asked_change=lambda: None)
    if asked:  # not before: a run that is cut short leaves it to the next
        st.session_state["take_home_made"] = number


def animation_is_asked() -> bool:
    """Whether the browser waits for the figures of an animation."""
    number, _ = _asked()
    return number > 0 and number != st.session_state.get("take_home_made")


def _asked() -> tuple[int, str]:
    """The browser's last wish: its number, 0 if there is none, and the sweep's key."""
    try:
        wish = st.session_state[KEY]["asked"]
        return whole(wish["id"], 0, MOST_MESSAGES), str(wish["sweep"])
    except (KeyError, TypeError):
        return 0, ""


def _film(sweep: Sweep, scene: Callable[[Values], Figure], values: Values) -> list[dict[str, Any]]:
    frames = []
    with _turn:
        for value in sweep.values[:FRAMES]:
            frames.append(
                {"figure": scene({**values, sweep.key: value}), "text": sweep.text(value)}
            )
            time.sleep(PAUSE)
    return frames
