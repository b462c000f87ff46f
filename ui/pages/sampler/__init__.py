"""The page "sampler": what shows it, and its controls."""

from ui.pages.sampler.controls import table
from ui.pages.sampler.page import main

__all__ = ["main", "table"]
