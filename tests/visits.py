"""The app's pages without a browser: opened at an address, and what components were sent."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from ui.controls.distortion_state import BY_HAND, undistorted
from ui.pages.registry import PAGES

ROOT = Path(__file__).parent.parent


def visited(page="", session=None, /, **address):
    """The page of that name, else the first; ``session`` is the state it begins with."""
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page not in ("", next(iter(PAGES))):
        # as the browser asks for it; switch_page needs a run of another page before
        test._page_hash = calc_hash(page)
    for key, value in (session or {}).items():
        test.session_state[key] = value
    for key, value in address.items():
        test.query_params[key] = value
    return working(test.run())


def working(page):
    assert not page.exception
    return page


def components(page):
    """What each component of the main part was sent."""
    return [json.loads(each.proto.json)[0] for each in page.main.get("bidi_component")]


def settled(page, kind, number=1, **said):
    """The page after the hand has let go: the browser's message about that kind of distortion, with
    ``values`` where they are not undistorted."""
    by_hand = BY_HAND.get(kind)
    rest = undistorted(kind) | ({by_hand.key: by_hand.untouched} if by_hand else {})
    values = rest | said.pop("values", {})
    message = {"id": number, "kind": kind, "own": None, "hand": None, "mode": "digit"}
    message |= {"kernel": "bilinear", "values": values, "wish": ""} | said
    page.session_state["stage"] = {"said": message}
    return working(page.run())


def sent(page, key):
    """What that component was sent whose message has ``key``."""
    return next(data for data in components(page) if key in data)


def let_go(page, key, **values):
    """The page after a hand has let go of its live figure ``key`` at other values."""
    figure = sent(page, "echo")
    message = {"id": figure["echo"] + 1, "values": figure["values"] | values}
    page.session_state[key] = {"said": message}
    return working(page.run())
