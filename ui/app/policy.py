"""What a browser may do with the app's answers: it runs and shows what this server sent, and asks
nobody else.

Streamlit hands the scripts of components on as texts, which the page imports as blobs, and its
styles are made in the page; so blobs and inline styles are allowed, and inline scripts are not, but
for those that stand in Streamlit's own page.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir

INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Guarded:
    """An app whose answers have these headers; where one has such a header itself, that stays."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", policy())
                    headers.setdefault("Referrer-Policy", "same-origin")
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


@cache
def policy() -> str:
    """The content security policy of Streamlit's page."""
    html = (Path(get_static_dir()) / "index.html").read_text("utf-8")
    inline = " ".join(map(digest, INLINE.findall(html)))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {inline}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def digest(script: str) -> str:
    """An inline script as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
