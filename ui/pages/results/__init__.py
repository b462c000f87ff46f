"""The page "results": what shows it, and its controls."""

from ui.pages.results.controls import table
from ui.pages.results.page import main

__all__ = ["main", "table"]
