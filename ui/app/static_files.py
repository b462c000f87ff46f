"""Files for the browser, served from memory below ``app/static/`` under names with the hash of
their content: a browser fetches each of them once, and never an old one. Nothing is written, so the
laboratory may lie where only others can write."""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".bin": "application/octet-stream",
}
YEAR = 365 * 24 * 3600  # seconds
_files: dict[str, bytes] = {}  # compressed, once for everybody


def serve(name: str, content: bytes) -> str:
    """Serve a file; ``{}`` in ``name`` is its hash. Returns the name below ``app/static/``."""
    name = name.format(_hash(content))
    _put(name, content)
    return name


def serve_folder(name: str, files: Mapping[str, bytes]) -> str:
    """The same for files that import each other: the folder has the hash of them all."""
    name = name.format(_hash(b"".join(files.values())))
    for file, content in files.items():
        _put(f"{name}/{file}", content)
    return name


def served(name: str) -> bytes:
    """The content of a file. KeyError if there is none of that name."""
    return gzip.decompress(_files[name])


def answer(request: Request) -> Response:
    """The server's answer to a browser that asks for ``app/static/{path}``."""
    name = request.path_params["path"]
    if name not in _files:
        raise HTTPException(404)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "Cache-Control": f"public, max-age={YEAR}, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(
        _files[name] if packed else served(name),
        media_type=KINDS[PurePosixPath(name).suffix],
        headers=headers | ({"Content-Encoding": "gzip"} if packed else {}),
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _put(name: str, content: bytes) -> None:
    if name not in _files:
        _files[name] = gzip.compress(content, 6, mtime=0)
