"""Components whose script is a module that imports its neighbours and those of ui/browser.

Streamlit hands a component's script to the browser as a text, from where nothing can be imported.
So the text is ``start.js``, which fetches the module; the module and whatever it may import are
served together, in folders as here, under one hash.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from ui.app.i18n import texts
from ui.app.static_files import serve_folder

UI = Path(__file__).parents[1]
BROWSER = UI / "browser"
TERMS = (BROWSER / "terms.css").read_text()
LIVE = (BROWSER / "live.css").read_text() + TERMS
START = (BROWSER / "start.js").read_text()


def component(
    folder: Path, name: str, *, live: bool = False, style: str = "", **options: Any
) -> Callable[..., Any]:
    """The component ``name`` of a folder below ui/: its module ``name.js`` exports ``show``, which
    gets what Streamlit gives to a component at every run; ``name.css`` is its style,
    after ``style``. A ``live`` one, which takes hands, has that of ``live.css`` as well.

    Called with ``data`` and Streamlit's other arguments of a component, it shows the component.
    ``failed`` is said where the module does not arrive.
    """
    module = f"{serve_modules(folder)}/{folder.relative_to(UI).as_posix()}/{name}.js"
    css = (LIVE if live else "") + style + (folder / f"{name}.css").read_text()
    mount = st.components.v2.component(name, js=START, css=css, **options)

    def show(data: dict[str, Any], failed: str = "", **arguments: Any) -> Any:
        sent = {"module": module, "failed": failed or texts("app")("no_part"), **data}
        return mount(data=plainly(sent), **arguments)

    return show


def plainly(data: dict[str, Any]) -> tuple[dict[str, Any]]:
    """Data for a component so that Streamlit looks for no tables in it, for which it would import
    pandas and pyarrow, 80 MB; the script gets a list with the data in it."""
    return (data,)


def serve_modules(folder: Path) -> str:
    """Serve the modules of a folder of ui/ and of ui/browser; returns where, below ``static/``."""
    paths = sorted((*folder.glob("*.js"), *BROWSER.glob("*.js"), *BROWSER.glob("*.wasm")))
    return serve_folder(
        f"{folder.name}-{{}}",
        {path.relative_to(UI).as_posix(): path.read_bytes() for path in paths},
    )
