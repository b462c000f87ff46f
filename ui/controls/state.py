"""Every control of the pages once: its type, bounds, default, and its name in the URL, which is also its widget's key.

Streamlit keeps bound widgets and the URL in step and drops values that do not fit; what is no widget is checked here.
"""

import base64
import binascii
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stn_core.data.distortions import DISTORTIONS, TABLE_KINDS, TranslationClutter
from stn_core.data.mnist import gallery

Values = dict[str, Any]
DIGIT, NUMBER = 3, 155  # the gallery's digit at the start: turned by 60 degrees, the CNN takes it for a 4
PLACES = ("Gallery", "Upload")  # where a digit is from
SEEDS = 10_000
REPLAYED = ("rts-cnn", "rts-st-cnn-affine")  # the experiments side by side at the start of the replay
NOTHING = "-"  # in place of the right one
DOZENS = (1, 2, 3, 4, 5)  # of the 64 recorded digits, twelve are shown
DISTRACTORS = 16  # at most


@dataclass(frozen=True)
class Slider:
    """A number the user sets; ``trained`` is the range that training draws from. Two ``half`` sliders in a row share a line."""

    key: str
    label: str
    low: float
    high: float
    default: float
    step: float
    trained: tuple[float, float] | None = None
    unit: str = ""
    half: bool = False
    neutral: float | None = None  # where it changes nothing, if that is not the default

    def fitted(self, value: float) -> float:
        """The nearest value that the slider can take."""
        steps = round((min(max(value, self.low), self.high) - self.low) / self.step)
        value = round(self.low + steps * self.step, 6)
        return type(self.step)(value)


@dataclass(frozen=True)
class Choice:
    """Some of a few names, which the user picks; without ``options`` they depend on the data, whose kind then follows the key."""

    key: str
    defaults: tuple[str, ...]
    options: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        return self.defaults[0]


RESULTS = {  # the results page's
    "show": Choice("show", ("error",), ("error", "seeds", "parameters", "samples", "time", "date")),
    "kind": Choice("data", ("R",), tuple(kind.upper() for kind in TABLE_KINDS)),
    "curves": Choice("curves", ("FCN", "CNN", "ST-FCN affine", "ST-CNN affine")),
    "means": Choice("means", ("ST-CNN affine",)),
}

CORNERS = ("Top left", "Top right", "Bottom right", "Bottom left")  # in the order of Projection's parameters

SLIDERS: dict[str, tuple[Slider, ...]] = {
    "r": (Slider("r_angle", "Rotation", -180, 180, 60, 1, (-90, 90), "°", neutral=0),),
    "rts": (
        Slider("rts_angle", "Rotation", -180, 180, 0, 1, (-45, 45), "°"),
        Slider("rts_scale", "Scale", 0.4, 1.6, 1.0, 0.05, (0.7, 1.2), "×"),
        Slider("rts_x", "Shift →", -18.0, 18.0, 0.0, 0.5, (-11.2, 11.2), "px", half=True),
        Slider("rts_y", "Shift ↓", -18.0, 18.0, 0.0, 0.5, (-11.2, 11.2), "px", half=True),
    ),
    "p": (
        Slider("p_scale", "Scale", 0.5, 1.25, 1.0, 0.05, (0.75, 1.0), "×"),
        *(
            Slider(f"p_{axis}{i}", f"{corner} {'→' if axis == 'x' else '↓'}", -16.0, 16.0, 0.0, 0.5, None, "px", half=True)
            for i, corner in enumerate(CORNERS)
            for axis in "xy"
        ),
    ),
    "e": (
        Slider("e_scale", "Scale", 0.5, 1.25, 1.0, 0.05, (0.75, 1.0), "×"),
        Slider("e_strength", "Strength", 0.0, 4.0, 0.0, 0.1, (0.0, 1.5), "px"),
        Slider("e_seed", "Seed", 0, SEEDS - 1, 0, 1),
    ),
    "tc": (
        Slider("tc_x", "Place →", 0, 32, 16, 1, (0, 32), "px", half=True),
        Slider("tc_y", "Place ↓", 0, 32, 16, 1, (0, 32), "px", half=True),
        Slider("tc_clutter", "Distractors", 0, 16, 6, 1, (6, 6), neutral=0),
        Slider("tc_seed", "Seed", 0, SEEDS - 1, 0, 1),
    ),
}


def drawn(kind: str, generator: torch.Generator) -> Values:
    """Slider values of one distortion from the training distribution."""
    parameters = {name: value[0] for name, value in DISTORTIONS[kind].draw(1, generator).items()}
    seed = int(torch.randint(SEEDS, (1,), generator=generator))
    if kind in ("r", "rts"):
        values = {f"{kind}_angle": parameters["angle"].rad2deg().item()}
        if kind == "rts":
            x, y = parameters["shift"].tolist()
            values |= {"rts_scale": parameters["scale"].item(), "rts_x": x, "rts_y": y}
    elif kind == "p":
        values = {"p_scale": parameters["scale"].item()}
        values |= {f"p_{axis}{i}": parameters["moves"][i, j].item() for i in range(4) for j, axis in enumerate("xy")}
    elif kind == "e":
        values = {"e_scale": parameters["scale"].item(), "e_strength": 1.5, "e_seed": seed}
    else:
        x, y = parameters["place"].tolist()
        values = {"tc_x": x, "tc_y": y, "tc_clutter": 6, "tc_seed": seed}
    return {slider.key: slider.fitted(values[slider.key]) for slider in SLIDERS[kind]}


def undistorted(kind: str) -> Values:
    """Slider values that leave the digit as it is."""
    return {slider.key: slider.default if slider.neutral is None else slider.neutral for slider in SLIDERS[kind]}


def distorted(digit: Tensor, kind: str, values: Values) -> Tensor:
    """A digit uint8 (28, 28) distorted as the sliders, and what was moved by hand, say: float32 (1, 1, H, W)."""
    if kind == "tc":
        return _cluttered(digit, values)
    number = lambda key: torch.tensor([float(values[f"{kind}_{key}"])])
    if kind in ("r", "rts"):
        parameters = {"angle": number("angle").deg2rad()}
        if kind == "rts":
            parameters |= {"scale": number("scale"), "shift": torch.cat((number("x"), number("y")))[None]}
    elif kind == "p":
        moves = torch.cat([number(f"{axis}{i}") for i in range(4) for axis in "xy"])
        parameters = {"scale": number("scale"), "moves": moves.view(1, 4, 2)}
    else:
        moves = number("strength") * directions(int(values["e_seed"])) + torch.tensor(values.get("e_moves", UNMOVED)).view(16, 2)
        parameters = {"scale": number("scale"), "moves": moves[None]}
    return DISTORTIONS[kind].apply(digit[None], parameters)


def directions(seed: int) -> Tensor:
    """Where a seed pushes the 16 control points of E, in pixels at a strength of 1: (16, 2)."""
    return torch.randn(16, 2, generator=torch.Generator().manual_seed(seed))


def clutter(seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    """The 16 digits (16, 28, 28) that a seed of TC cuts distractors from, and ``TranslationClutter``'s parameters of one digit.

    More distractors leave the first ones where they are.
    """
    generator = torch.Generator().manual_seed(seed)
    others = gallery().images[torch.randint(5000, (DISTRACTORS,), generator=generator)]
    drawn = TranslationClutter(patches=DISTRACTORS).draw(DISTRACTORS + 1, generator)
    return others, {name: value[:1] for name, value in drawn.items()} | {"sources": torch.arange(1, DISTRACTORS + 1)[None]}


def _cluttered(digit: Tensor, values: Values) -> Tensor:
    others, parameters = clutter(int(values["tc_seed"]))
    parameters["place"] = torch.tensor([[int(values["tc_x"]), int(values["tc_y"])]])
    parameters["sources"] = parameters["sources"] * (torch.arange(DISTRACTORS) < int(values["tc_clutter"]))
    by_hand = torch.tensor(values.get("tc_drops", UNDROPPED)).view(1, DISTRACTORS, 2)
    parameters["drops"] = torch.where(by_hand < 0, parameters["drops"], by_hand)
    everywhere = {name: value.expand(DISTRACTORS + 1, *value.shape[1:]) for name, value in parameters.items()}
    return TranslationClutter(patches=DISTRACTORS).apply(torch.cat((digit[None], others)), everywhere)[:1]


def in_figures(trained: tuple[float, float]) -> str:
    """A training range as one reads it."""
    low, high = (f"{bound:g}".replace("-", "−") for bound in trained)
    return low if low == high else f"{low} to {high}"


def outside_training(kind: str, values: Values) -> list[str]:
    """The labels of the sliders that stand where training never went."""
    room = 21 - 14 * (values["rts_scale"] - 0.025) if kind == "rts" else 0.0  # how far a digit of that size may be from the centre
    outside = []
    for slider in SLIDERS[kind]:
        low, high = (-room, room) if slider.key in ("rts_x", "rts_y") else slider.trained or (slider.low, slider.high)
        if not low - slider.step / 2 <= values[slider.key] <= high + slider.step / 2:
            outside.append(slider.label[0].lower() + slider.label[1:])
    return outside


@dataclass(frozen=True)
class ByHand:
    """32 numbers that have no slider, since only a hand sets them: in the URL a byte each, ``offset`` + value / ``step``."""

    key: str
    low: float
    high: float
    step: float
    default: float

    @property
    def untouched(self) -> tuple[float, ...]:
        return (type(self.step)(self.default),) * 32

    def to_text(self, numbers: Sequence[float]) -> str | None:
        """The numbers for a URL; None if they are all untouched. ValueError if they are not 32 finite numbers."""
        if len(numbers) != 32 or not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"{self.key} must be 32 finite numbers; got {numbers!r}")
        steps = [round((min(max(number, self.low), self.high) - self.low) / self.step) for number in numbers]
        untouched = round((self.default - self.low) / self.step)
        return None if steps == [untouched] * 32 else base64.urlsafe_b64encode(bytes(steps)).decode().rstrip("=")

    def from_text(self, text: str | None) -> tuple[float, ...]:
        """The numbers in a URL's text; untouched ones if there are none in it."""
        try:
            steps = base64.urlsafe_b64decode((text or "")[:44] + "=")
        except (binascii.Error, ValueError):
            return self.untouched
        numbers = tuple(type(self.step)(round(self.low + step * self.step, 6)) for step in steps)
        return numbers if len(numbers) == 32 and max(numbers) <= self.high else self.untouched


BY_HAND = {
    "e": ByHand("e_moves", -12.0, 12.0, 0.1, 0.0),  # of the control points (x, y), in pixels, on top of the seed's
    "tc": ByHand("tc_drops", -1, 54, 1, -1),  # top left corners (x, y) of the distractors; -1 is where the seed drops them
}
UNMOVED, UNDROPPED = BY_HAND["e"].untouched, BY_HAND["tc"].untouched


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
    return torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(28, 28) if len(pixels) == 784 and unpacker.eof else None


def step_from_text(text: object, last: int) -> int:
    """The training step that a URL or a browser names, brought into 0 to ``last``; 0 if it is none."""
    try:
        return min(max(int(str(text)[:20]), 0), last)
    except ValueError:
        return 0
