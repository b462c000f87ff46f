"""What has no widget, as text for a URL and back: numbers that a hand sets, a digit. A URL may say
anything."""

import base64
import binascii
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ui.app.outside import number


def numbers_of(text: str | None, count: int, bound: float) -> tuple[float, ...] | None:
    """``count`` numbers with commas between them, brought within ``bound`` of 0; None for any other
    text."""
    found = [number(part) for part in text.split(",")] if text else []
    numbers = tuple(min(max(value, -bound), bound) for value in found if value is not None)
    return numbers if len(numbers) == len(found) == count else None


@dataclass(frozen=True)
class ByHand:
    """32 numbers that only a hand sets: in the URL a byte each, the steps from ``low``."""

    key: str
    low: float
    high: float
    step: float
    default: float

    @property
    def untouched(self) -> tuple[float, ...]:
        return (type(self.step)(self.default),) * 32

    def to_text(self, numbers: Sequence[float]) -> str | None:
        """The numbers for a URL; None if all are untouched. ValueError if not 32 finite ones."""
        if len(numbers) != 32 or not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"{self.key} must be 32 finite numbers; got {numbers!r}")
        steps = [
            round((min(max(number, self.low), self.high) - self.low) / self.step)
            for number in numbers
        ]
        untouched = round((self.default - self.low) / self.step)
        return (
            None
            if steps == [untouched] * 32
            else base64.urlsafe_b64encode(bytes(steps)).decode().rstrip("=")
        )

    def from_text(self, text: str | None) -> tuple[float, ...]:
        """The numbers in a URL's text; untouched ones if there are none in it."""
        try:
            steps = base64.urlsafe_b64decode((text or "")[:44] + "=")
        except (binascii.Error, ValueError):
            return self.untouched
        numbers = tuple(type(self.step)(round(self.low + step * self.step, 6)) for step in steps)
        return numbers if len(numbers) == 32 and max(numbers) <= self.high else self.untouched

    def moves_something(self, text: str) -> bool:
        """Whether a URL's text has numbers in it that are not untouched."""
        return self.from_text(text) != self.untouched


def digit_to_text(digit: Tensor) -> str:
    """A digit uint8 (28, 28) as text for a URL."""
    return base64.urlsafe_b64encode(zlib.compress(digit.numpy().tobytes(), 9)).decode().rstrip("=")


def digit_from_text(text: str) -> Tensor | None:
    """The digit in a URL's text, or None if there is none in it."""
    try:
        packed = base64.urlsafe_b64decode(text[:2000] + "=" * (-len(text[:2000]) % 4))
        unpacker = zlib.decompressobj()
        pixels = unpacker.decompress(packed, 785)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return (
        torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(28, 28)
        if len(pixels) == 784 and unpacker.eof
        else None
    )


def is_digit(text: str) -> bool:
    """Whether there is a digit in a URL's text."""
    return digit_from_text(text) is not None
