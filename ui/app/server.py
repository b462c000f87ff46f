"""The server around the pages, and the command ``stn-lab`` that starts it from any folder."""

import asyncio
import importlib
import runpy
import signal
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import FrameType

import streamlit as st
from starlette.routing import Route
from streamlit.web import cli

from ui.app import opening, static_files

PACKAGES = Path(__file__).parents[2]


def routes() -> list[Route]:
    """What the server has besides Streamlit's own: the files for the browser, and the page that it
    loads first."""
    return [
        Route(f"{base()}/app/static/{{path:path}}", static_files.answer),
        Route(f"{base()}/", opening.answer),
        Route(f"{base()}/{{page:page_name}}", opening.answer),
    ]


def lifespan(
    last: Callable[[], Coroutine[None, None, None]],
) -> Callable[[st.App], AbstractAsyncContextManager[None]]:
    """What the server does at its beginning and when it is told to end; ``last`` closes what would
    keep it from ending."""

    @asynccontextmanager
    async def running(app: st.App) -> AsyncIterator[None]:
        _before_the_end(last)
        _begin()
        yield

    return running


def _before_the_end(last: Callable[[], Coroutine[None, None, None]]) -> None:
    """Call ``last`` as soon as a signal ends the server, which else waits for all streams."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals are not ours
    loop = asyncio.get_running_loop()

    def listen(number: int) -> None:
        end = signal.getsignal(number)

        def told(number: int, frame: FrameType | None) -> None:
            asyncio.run_coroutine_threadsafe(last(), loop)
            if callable(end):
                end(number, frame)

        signal.signal(number, told)

    for number in (signal.SIGINT, signal.SIGTERM):
        listen(number)


def _begin() -> None:
    """Open the first page, as ``streamlit run`` does for a script without a server of its own;
    prepare the pages meanwhile, so that the first visitor does not wait for all of it."""
    threading.Thread(target=_prepare, daemon=True).start()
    if not st.get_option("server.headless"):
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        host, port = st.get_option("browser.serverAddress"), st.get_option("server.port")
        asyncio.get_running_loop().run_in_executor(
            None, webbrowser.open, f"{scheme}://{host}:{port}{base()}/"
        )


def _prepare() -> None:
    """Import the pages, and start the processes that decode uploaded pictures."""
    importlib.import_module("ui.pages.laboratory")
    importlib.import_module("stn_core.data.decoding").DECODERS.start()


def base() -> str:
    """The path below which the server answers, without a slash at its end."""
    path = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{path}" if path else ""


def main() -> None:
    """Start the laboratory; arguments go to Streamlit: ``stn-lab --server.port 8502``."""
    # by itself: importing stn_core takes seconds
    places = runpy.run_path(str(PACKAGES / "stn_core" / "places.py"))
    sys.argv = ["streamlit", "run", str(places["ROOT"] / "app.py"), *sys.argv[1:]]
    cli.main(prog_name="streamlit")
