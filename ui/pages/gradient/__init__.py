"""The page "gradient": what shows it, and its controls."""

from ui.pages.gradient.controls import table
from ui.pages.gradient.page import main

__all__ = ["main", "table"]
