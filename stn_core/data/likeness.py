"""Whether a digit is like those that the networks were trained on: a network answers one of ten
classes whatever it is shown."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core.data.mnist import gallery
from stn_core.places import ASSETS

RATES = ASSETS / "likeness.json"  # by ``python -m benchmarks.likeness``
BLUR = torch.tensor([1.0, 8, 28, 56, 70, 56, 28, 8, 1]) / 256  # a Gaussian of 1.4 pixels
SAME = 0.99999  # cosine: the digit itself, which is no witness


@dataclass(frozen=True)
class Doubt:
    """That a picture is unlike every digit, and how far that can be relied on, in per cent."""

    false_alarms: float  # of real digits, how many are called unlike
    caught: float  # of letters, strokes and blots, how many are


def likeness(digits: Tensor) -> Tensor:
    """How like its most similar gallery digit each of digits uint8 (N, 28, 28) is: the cosine
    between both, slightly blurred, (N,) in [0, 1]. A gallery digit is compared with the others.

    >>> bool(likeness(gallery().images[:3]).min() > 0.7)
    True
    """
    found = _vectors(digits) @ _known().T
    return found.masked_fill(found > SAME, 0).amax(1)


def unsure_below() -> float:
    """The probability below which an answer is unsure: all but 2 % of the gallery's digits get a
    surer one from the CNN."""
    return float(_file()["unsure_below"])


def unlike(digit: Tensor) -> Doubt | None:
    """That a digit uint8 (28, 28) in MNIST's form is unlike any that a network was trained on; None
    if it is like one.

    The networks learn from other digits of the same writers' kind as the gallery's, so these stand
    for them.

    >>> unlike(gallery().images[0]) is None
    True
    """
    about = _file()
    if likeness(digit[None]).item() >= about["below"]:
        return None
    return Doubt(about["false_alarms"], float(np.mean([*about["caught"].values()])))


def _vectors(digits: Tensor) -> Tensor:
    images = digits.float()[:, None]
    images = F.conv2d(images, BLUR.view(1, 1, 9, 1), padding=(4, 0))
    images = F.conv2d(images, BLUR.view(1, 1, 1, 9), padding=(0, 4))
    return F.normalize(images.flatten(1))


@lru_cache(maxsize=1)
def _known() -> Tensor:
    with torch.inference_mode(False):
        return _vectors(gallery().images)


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    return json.loads(RATES.read_text("utf-8"))
