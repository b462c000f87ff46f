"""The page "replay": what shows it, and its controls."""

from ui.pages.replay.controls import table
from ui.pages.replay.page import main

__all__ = ["main", "table"]
