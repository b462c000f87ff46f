"""The controls of the digits page, which are those that all pages about one digit share."""

from ui.controls.digit_controls import table

__all__ = ["table"]
