"""The page "pairs", two digits: what shows it, and its controls."""

from ui.pages.pairs.controls import table
from ui.pages.pairs.page import main

__all__ = ["main", "table"]
