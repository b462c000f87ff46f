"""The page "why": what shows it, and its controls."""

from ui.pages.why.controls import table
from ui.pages.why.page import main

__all__ = ["main", "table"]
