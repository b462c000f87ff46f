"""A Plotly figure that is updated in place: it neither flickers nor loses its zoom, and it is scaled like a picture.

``st.plotly_chart`` builds the whole chart anew at every change, which takes twice as long. The script is Plotly's own build for
flat figures (``npm pack plotly.js-cartesian-dist-min``): the one in the plotly package has maps and solids as well, and takes a
browser three times as long to read. Streamlit serves it from ``static/``, where the first start puts it.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import streamlit as st

from ui.language import texts

HERE = Path(__file__).parent
STATIC = HERE.parent.parent / "static"
PLOTLY = HERE / "plotly-cartesian.min.js"
SCRIPT = f"plotly-{hashlib.sha256(PLOTLY.read_bytes()).hexdigest()[:16]}.min.js"


def serve(name: str, content: bytes) -> None:
    """Put a file where Streamlit serves it from; there is never half of one."""
    target = STATIC / name
    if target.is_file() and target.stat().st_size == len(content):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(target)


serve(SCRIPT, PLOTLY.read_bytes())
_component = st.components.v2.component(
    "plot", js=(HERE / "plot.js").read_text(), css=(HERE / "plot.css").read_text(), isolate_styles=False
)


def plot(figure: dict[str, Any], key: str, alt: str) -> None:
    """Show a figure dict that was laid out for a width of ``figures.WIDTH`` pixels; ``alt`` says it in words for screen readers."""
    _component(data={"figure": figure, "alt": alt, "script": SCRIPT, "failed": texts("app")("no_figure")}, key=key)
