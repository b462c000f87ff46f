"""The page "transformation": what shows it, and its controls."""

from ui.pages.transformation.controls import table
from ui.pages.transformation.page import main

__all__ = ["main", "table"]
