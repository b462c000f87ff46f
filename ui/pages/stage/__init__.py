"""The page "stage": what shows it, and its controls."""

from ui.pages.stage.controls import table
from ui.pages.stage.page import main

__all__ = ["main", "table"]
