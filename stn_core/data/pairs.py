"""Two digits at once (appendix A.1): each in a channel of its own, each distorted on its own; what
is asked for is their sum."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from stn_core.data.distortions import DISTORTIONS, Distortion, Parameters
from stn_core.data.mnist import Digits

# how both digits are distorted, by the name of the kind of data
PAIRS: Mapping[str, str] = MappingProxyType({"r2": "r", "rts2": "rts"})
SUMS = tuple(str(total) for total in range(19))  # the classes


class Pairs(NamedTuple):
    """Pairs of digits."""

    images: Tensor  # (N, 2, H, W) float32 in [0, 1]
    digits: Tensor  # (N, 2) int64, the class of each channel's digit
    parameters: Parameters  # of the distortions: (N, 2, ...) each

    @property
    def sums(self) -> Tensor:
        """The classes of the pairs: (N,), 0 to 18."""
        return self.digits.sum(1)


def distortion_of(kind: str) -> Distortion:
    """What distorts each digit, of a kind of pairs or of single digits."""
    return DISTORTIONS[PAIRS.get(kind, kind)]


def draw_pairs(digits: Digits, kind: str, seed: int) -> Pairs:
    """As many pairs as there are digits, fixed by the seed: each digit is in the first channel
    once, in its order, and in the second once.

    >>> from stn_core.data.mnist import gallery
    >>> pairs = draw_pairs(gallery(), "rts2", seed=0)
    >>> pairs.images.shape, pairs.digits[0].tolist(), pairs.sums[0].item()
    (torch.Size([5000, 2, 42, 42]), [0, 7], 7)
    """
    generator = torch.Generator().manual_seed(seed)
    count = len(digits.labels)
    chosen = torch.stack((torch.arange(count), torch.randperm(count, generator=generator)), dim=1)
    distortion = distortion_of(kind)
    drawn = distortion.draw(2 * count, generator)
    images = distortion.apply(digits.images[chosen.flatten()], drawn)
    return Pairs(
        two_channels(images),
        digits.labels[chosen],
        {name: value.unflatten(0, (count, 2)) for name, value in drawn.items()},
    )


def two_channels(images: Tensor) -> Tensor:
    """Digits (2N, 1, H, W), those of a pair one after the other -> pairs (N, 2, H, W)."""
    return images.unflatten(0, (-1, 2)).flatten(1, 2)
