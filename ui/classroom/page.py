"""The phone page: an empty page, its texts in every language, and the modules that fill it.

Nothing here imports what takes seconds: the server reads it before it answers at all.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

from starlette.responses import Response

from ui.app.static_files import serve_folder
from ui.browser.modules import with_imports

HERE = Path(__file__).parent
BROWSER = HERE.parent / "browser"
A_DAY = "public, max-age=86400"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
SAFE = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def modules() -> dict[str, bytes]:
    """What the page loads, by its path."""
    paths = [*HERE.glob("*.js"), *HERE.glob("*.css")]
    paths += [*BROWSER.glob("*.js"), *BROWSER.glob("*.wasm")]
    return {path.relative_to(HERE.parent).as_posix(): path.read_bytes() for path in sorted(paths)}


def words() -> dict[str, dict[str, str]]:
    """The texts by language and key."""
    table = tomllib.loads((HERE / "texts.toml").read_text("utf-8"))
    said: dict[str, dict[str, str]] = {}
    for key, by_language in table.items():
        for code, text in by_language.items():
            said.setdefault(code, {})[key] = text
    return said


def html(files: str, given: dict[str, Any]) -> str:
    """The page, with the address of its files and what its script is given."""
    # in a script only this could end it
    text = json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    early = [f'<link rel="modulepreload" href="{files}/{name}" />' for name in MODULES]
    shell = (HERE / "phone.html").read_text("utf-8").replace("{early}", "\n    ".join(early))
    return shell.replace("{policy}", POLICY).replace("{files}", files).replace("{given}", text)


MODULES = with_imports(["classroom/phone.js"])
FILES = serve_folder("class-{}", modules())


def answer(room: str, status: int = 200) -> Response:
    """The page of a room; without one it asks for a code, and says why if it was refused."""
    given = {"room": room, "status": status, "words": words(), "models": "models/"}
    # the address of this page ends in /class or in /class/ROOM: both lie below the app's root
    up = "../app/static" if room or status != 200 else "app/static"
    return Response(html(f"{up}/{FILES}", given), status, media_type="text/html", headers=SAFE)
