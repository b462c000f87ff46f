"""What a browser loads first, at every page's address: Streamlit's page, with history.js,
links.js and ui/browser/notes.js before everything else on it."""

from functools import cache
from pathlib import Path

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from streamlit.file_util import get_static_dir

from ui.app.static_files import serve

# its names, the second of them from earlier versions; the pages are not imported for every answer
FIRST_PAGE = ("digits", "stage")
HERE = Path(__file__).parent
SCRIPTS = [
    serve(f"{path.stem}-{{}}.js", path.read_bytes())
    for path in (HERE / "history.js", HERE / "links.js", HERE.parent / "browser" / "notes.js")
]


class PageName(StringConvertor):
    """One part of an address that may name a page: it has no dot, and begins with a letter."""

    regex = "[A-Za-z][A-Za-z0-9_-]*"


register_url_convertor("page_name", PageName())


def answer(request: Request) -> Response:
    """The server's answer to a browser that asks for ``{page}``, whether there is one or not: who
    asks for the first page by its name is sent to the bare address, which is its own."""
    if request.path_params.get("page") in FIRST_PAGE:
        return RedirectResponse(f"./?{request.url.query}".rstrip("?"))
    return HTMLResponse(_html(), headers={"Cache-Control": "no-cache"})


@cache
def _html() -> str:
    html = (Path(get_static_dir()) / "index.html").read_text("utf-8")
    scripts = "".join(f'\n    <script src="./app/static/{name}"></script>' for name in SCRIPTS)
    return html.replace("<head>", f"<head>{scripts}", 1)
