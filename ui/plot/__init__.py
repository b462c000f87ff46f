"""A Plotly figure that is updated in place: it neither flickers nor loses its zoom, and it is scaled like a picture.

``st.plotly_chart`` builds the whole chart anew at every change, which takes twice as long. Plotly's script comes out of the plotly
package; Streamlit serves it from ``static/``, where the first start puts it.
"""

import os
from pathlib import Path
from typing import Any

import plotly
import streamlit as st

from ui.language import texts

HERE = Path(__file__).parent
STATIC = HERE.parent.parent / "static"
SCRIPT = f"plotly-{plotly.__version__}.min.js"


def serve(name: str, content: bytes) -> None:
    """Put a file where Streamlit serves it from; there is never half of one."""
    target = STATIC / name
    if target.is_file() and target.stat().st_size == len(content):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(target)


serve(SCRIPT, (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes())
_component = st.components.v2.component(
    "plot", js=(HERE / "plot.js").read_text(), css=(HERE / "plot.css").read_text(), isolate_styles=False
)


def plot(figure: dict[str, Any], key: str, alt: str) -> None:
    """Show a figure dict that was laid out for a width of ``figures.WIDTH`` pixels; ``alt`` says it in words for screen readers."""
    _component(data={"figure": figure, "alt": alt, "script": SCRIPT, "failed": texts("app")("no_figure")}, key=key)
