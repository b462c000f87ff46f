"""The page "trouble": what shows it, and its controls."""

from ui.pages.trouble.controls import table
from ui.pages.trouble.page import main

__all__ = ["main", "table"]
