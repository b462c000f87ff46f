"""What the app's pages send to a browser, without a browser: their components, with data, style and
module."""

import json
from dataclasses import dataclass
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from stn_core.places import ROOT
from ui.app.i18n import Translator
from ui.pages.registry import path_of

PATIENCE = 600  # seconds of a page
HEADING = "#### "


@dataclass(frozen=True)
class Component:
    """``module`` is its script's path below ui/; ``lead`` is the page's first heading, and ``note``
    what the page says below a live figure and PyTorch's; both are Markdown, and may be empty."""

    module: str
    data: dict[str, Any]
    html: str
    css: str
    lead: str
    note: str


def components(page: str, **address: Any) -> list[Component]:
    """The components of a page's main part, at an address, that are modules."""
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    if path_of(page):
        test._page_hash = calc_hash(path_of(page))  # as the browser asks for it
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    if test.exception:
        raise RuntimeError(f"the page {page} does not work: {test.exception[0].message}")
    texts = [each.value for each in test.main.markdown]
    lead = next((text for text in texts if text.startswith(HEADING)), "").removeprefix(HEADING)
    captions = [each.value for each in test.main.caption]
    record = Translator("browser", address.get("lang", "en"))("record")
    note = captions[captions.index(record) + 1] if record in captions[:-1] else ""
    found = []
    for element in test.main.get("bidi_component"):
        (data,) = json.loads(element.proto.json)
        module = str(data.get("module", "")).partition("/")[2]
        if module:
            proto = element.proto
            found.append(Component(module, data, proto.html_content, proto.css_content, lead, note))
    return found


def component(page: str, key: str, **address: Any) -> Component:
    """The component of a page whose data has ``key``."""
    return next(each for each in components(page, **address) if key in each.data)
