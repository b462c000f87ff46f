"""A Plotly figure that is updated in place: it neither flickers nor loses its zoom, and it is
scaled like a picture.

``st.plotly_chart`` builds the whole chart anew at every change, which takes twice as long. The
script is Plotly's own build for flat figures (``npm pack plotly.js-cartesian-dist-min``): the one
in the plotly package has maps and solids as well, and takes a browser three times as long to read.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from ui.app.i18n import texts
from ui.app.static_files import serve
from ui.browser.component import plainly

HERE = Path(__file__).parent
PLOTLY = HERE / "plotly-cartesian.min.js"
STACK = serve("stack-{}.js", (HERE / "stack.js").read_bytes())
SCRIPT = serve("plotly-{}.min.js", PLOTLY.read_bytes())
_component = st.components.v2.component(
    "plot",
    js=(HERE / "plot.js").read_text(),
    css=(HERE / "plot.css").read_text(),
    isolate_styles=False,
)


def plot(figure: dict[str, Any], key: str, alt: str) -> None:
    """Show a figure dict that was laid out for a width of ``canvas.WIDTH`` pixels; ``alt`` says it
    in words for screen readers."""
    _component(
        data=plainly(
            {
                "figure": figure,
                "alt": alt,
                "script": SCRIPT,
                "stack": STACK,
                "failed": texts("app")("no_figure"),
            }
        ),
        key=key,
    )
