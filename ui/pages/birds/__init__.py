"""The page "birds": what shows it, and its controls."""

from ui.pages.birds.controls import table
from ui.pages.birds.page import main

__all__ = ["main", "table"]
