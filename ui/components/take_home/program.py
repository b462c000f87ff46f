"""What the programs to take home are made of. A program needs ``stn_core`` alone, and prints the
numbers that its page shows.

Each page writes its own in ``ui/pages/<page>/snippet.py``: it calls what the page calls, with every
value written down that changes the result. The values of sliders stand at its top, under their
names (``assignments``).
"""

import base64
import zlib
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from stn_core.data.mnist import gallery
from ui.controls.spec import CLASS_SIZE, Slider, Values, rows

GALLERY = "from stn_core.data.mnist import gallery"
STANDARD = ("base64", "functools", "math", "os", "pathlib", "zlib")


def program(imports: Sequence[str], *blocks: str) -> str:
    """Imports in three groups, then the lines; math, os, torch and ROOT as the lines use them."""
    body = "\n".join(block.strip("\n") for block in blocks if block)
    used = [f"import {module}" for module in ("math", "os", "torch") if f"{module}." in body]
    used += ["from stn_core.places import ROOT"] if "ROOT /" in body else []
    lines = sorted({*imports, *used})
    standard = [line for line in lines if line.split()[1] in STANDARD]
    ours = [line for line in lines if line.startswith("from stn_core")]
    others = [line for line in lines if line not in standard + ours]
    return (
        "\n\n".join("\n".join(group) for group in (standard, others, ours, [body]) if group) + "\n"
    )


def digit_lines(digit: Tensor, label: int | None) -> tuple[Sequence[str], str]:
    """The imports and the line that make a digit uint8 (28, 28): one of the gallery's of that
    class, or else its pixels."""
    return _digit_lines(digit.numpy().tobytes(), label)


@lru_cache(maxsize=256)
def _digit_lines(pixels: bytes, label: int | None) -> tuple[Sequence[str], str]:
    if label is not None:
        digit = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(28, 28)
        images = gallery().images[CLASS_SIZE * label : CLASS_SIZE * (label + 1)]
        found = (images == digit).flatten(1).all(1).nonzero()
        if len(found):
            return (
                [GALLERY],
                f"digit = gallery().images[{CLASS_SIZE} * {label} + {int(found[0])}]  # uint8 "
                "(28, 28)",
            )
    packed = base64.b64encode(zlib.compress(pixels, 9)).decode()
    unpacked = f'zlib.decompress(base64.b64decode("{packed}"))'
    return [
        "import base64",
        "import zlib",
    ], f"digit = torch.frombuffer(bytearray({unpacked}), dtype=torch.uint8).view(28, 28)"


def assignments(sliders: Sequence[Slider], values: Values) -> str:
    """The values of sliders, by their names; those that share a line on the page share one here."""
    lines = []
    for row in rows(sliders):
        names = ", ".join(slider.name for slider in row)
        set_to = ", ".join(f"{values[slider.key]:g}" for slider in row)
        units = ", ".join(dict.fromkeys(slider.unit for slider in row if slider.unit))
        lines.append(f"{names} = {set_to}" + (f"  # {units}" if units else ""))
    return "\n".join(lines)


def keywords(sliders: Sequence[Slider]) -> str:
    """Sliders as a call's arguments below their ``assignments``; degrees become radians."""
    return ", ".join(
        f"{slider.name}=math.radians({slider.name})"
        if slider.unit == "°"
        else f"{slider.name}={slider.name}"
        for slider in sliders
    )


def numbers(values: Sequence[float]) -> str:
    """A list of numbers."""
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


def pairs(values: Sequence[float]) -> str:
    """A list of pairs of numbers, two by two."""
    return "[" + ", ".join(numbers(values[i : i + 2]) for i in range(0, len(values), 2)) + "]"
