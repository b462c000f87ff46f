"""Where the data sets lie."""

import os
from pathlib import Path


class DataError(RuntimeError):
    """Data that is not there and could not be fetched; the message says what to do."""


def data_root(path: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the data sets: ``path``, else the environment variable STN_DATA, else a folder
    in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stn"
    return Path(path or os.environ.get("STN_DATA") or cache).expanduser()
