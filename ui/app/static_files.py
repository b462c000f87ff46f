"""Files for the browser in ``static/``, where Streamlit serves them from, under names with the hash of their content: a browser
fetches each of them once, and never an old one.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

STATIC = Path(__file__).parents[2] / "static"


def serve(name: str, content: bytes) -> str:
    """Serve a file; ``{}`` in ``name`` stands for the hash. Back comes its whole name, below ``static/``."""
    name = name.format(_hash(content))
    _put(name, content)
    return name


def serve_folder(name: str, files: Mapping[str, bytes]) -> str:
    """The same for files that find each other by their names: the hash, of all of them, is the folder's."""
    name = name.format(_hash(b"".join(files.values())))
    for file, content in files.items():
        _put(f"{name}/{file}", content)
    return name


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _put(name: str, content: bytes) -> None:
    """There is never half of a file."""
    target = STATIC / name
    if target.is_file() and target.stat().st_size == len(content):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, prefix=f"{target.name}.", delete=False) as unfinished:
        unfinished.write(content)
    path = Path(unfinished.name)
    path.chmod(0o644)  # temporary files are their owner's alone
    path.replace(target)
