"""The page "digits": what shows it, and its controls."""

from ui.pages.digits.controls import table
from ui.pages.digits.page import main

__all__ = ["main", "table"]
