"""Where the laboratory's own files lie: beside the packages in a clone; in an installation, in the
folder ``stn_laboratory`` beside them, where the wheel has them (pyproject.toml). And where somebody
else's lie, whose places environment variables name."""

import os
import tempfile
from pathlib import Path

PACKAGES = Path(__file__).parents[1]
INSTALLED = PACKAGES / "stn_laboratory"
ROOT = INSTALLED if INSTALLED.is_dir() else PACKAGES
CHECKPOINTS = ROOT / "checkpoints"
ASSETS = ROOT / "assets"


def named(variable: str) -> Path | None:
    """What an environment variable names, if it names anything; ~ is a home."""
    path = os.environ.get(variable)
    return at_home(path) if path else None


def at_home(path: str | os.PathLike[str]) -> Path:
    """A path in which ~ is a home; as it is where there is no such home, and so no such file."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def home() -> Path:
    """The user's home; a folder for what is temporary where the user has none, as in a container
    that runs under any number."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir())
