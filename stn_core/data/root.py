"""Where the data sets lie."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stn_core.places import at_home, home, named


class DataError(RuntimeError):
    """Data that is not there and could not be fetched, or is damaged; the message says what to do.

    ``why`` says in a few words, and without the server's folders, what is wrong with damaged data.
    """

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


def data_root(path: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the data sets: ``path``, else the environment variable STN_DATA, else a folder
    in the user's cache."""
    if path:
        return at_home(path)
    return named("STN_DATA") or (named("XDG_CACHE_HOME") or home() / ".cache") / "stn"


@contextmanager
def no_empty_folders(path: Path) -> Iterator[None]:
    """Make a folder to download into; after an error, those that were made for nothing are gone."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        with suppress(OSError):  # from the innermost on, as long as they are empty
            for each in missing:
                each.rmdir()
        raise
