"""What a transformer can undo behind a convolution (Finnveden, Jansson and Lindeberg,
"Understanding when spatial transformer networks do not support invariance", ICPR 2020).

Filters do not turn with the picture. A map of a turned digit, warped back, has its values in the
right places, but they are what upright filters make of turned strokes.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from stn_core.explain.cnn_invariance import feature_maps, moved
from stn_core.models.digits import DigitModel
from stn_core.transformer.sampler import sample
from stn_core.transformer.transforms import TRANSFORMS

SIMILARITY = TRANSFORMS["similarity"]


class Undone(NamedTuple):
    """A digit turned and shifted in B ways, each undone by its true inverse in two places."""

    turned: Tensor  # (B, 1, H, W)
    restored: Tensor  # (B, 1, H, W), the turned digit warped back
    upright_map: Tensor  # (1, C, h, w), of the digit as it is
    turned_map: Tensor  # (B, C, h, w)
    restored_map: Tensor  # (B, C, h, w), of the digit warped back
    warped_map: Tensor  # (B, C, h, w), the turned digit's map, warped back
    inside: Tensor  # (B, 1, h, w) bool: cells that the map's warp reads from inside the map
    blank_map: Tensor  # (1, C, h, w), of an empty image

    def error(self, maps: Tensor) -> Tensor:
        """How far maps (B, C, h, w) are from the upright digit's, as a share of what the digit
        itself makes of its map: root mean squares over the cells ``inside``, (B,)."""
        wrong, digit = (
            ((one - self.upright_map) * self.inside).flatten(1).norm(dim=1)
            for one in (maps, self.blank_map.expand_as(maps))
        )
        return wrong / digit.clamp_min(1e-6)


def first_map(model: DigitModel, images: Tensor) -> Tensor:
    """What a CNN's first convolution, max-pool and ReLU make of images (B, 1, H, W): (B, C, h, w);
    of a model with ``warps_maps``, what its transformer warps."""
    return model.stem(images) if model.warps_maps else feature_maps(model, images)[0]


def undo(
    first: Callable[[Tensor], Tensor], stride: int, digit: Tensor, angles: Tensor, x: float = 0.0
) -> Undone:
    """A digit uint8 (H, H), turned clockwise by angles (B,) in radians and shifted right by x
    pixels, undone before ``first`` and behind it.

    ``first`` makes maps (B, C, h, w) of images; a cell of them is ``stride`` pixels wide, and they
    have the image's centre in their middle.

    >>> digit = torch.zeros(28, 28, dtype=torch.uint8)
    >>> digit[10:18, 13:15] = 255
    >>> sharpen = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False)
    >>> found = undo(sharpen, 1, digit, torch.zeros(1), x=3.0)
    >>> found.error(found.warped_map) < 1e-3
    tensor([True])
    """
    side = digit.shape[0]
    turned = moved(digit, (side, side), x, 0.0, angles)
    upright, blank = digit[None, None].float() / 255, torch.zeros(1, 1, side, side)
    with torch.inference_mode():
        turned_map, upright_map, blank_map = first(turned), first(upright), first(blank)
    restored = sample(turned, _inverse(angles, x, side, (side, side)))
    cells = (turned_map.shape[2], turned_map.shape[3])
    grid = _inverse(angles, x, stride * cells[1], cells)
    with torch.inference_mode():
        restored_map = first(restored)
    return Undone(
        turned,
        restored,
        upright_map,
        turned_map,
        restored_map,
        sample(turned_map, grid),
        # half a cell from the edge all that is read lies inside
        (grid.abs() <= 1 - 1 / cells[1] + 1e-4).all(-1)[:, None],
        blank_map,
    )


def _inverse(angles: Tensor, x: float, side: int, size: tuple[int, int]) -> Tensor:
    """The grid (B, h, w, 2) that undoes them on a picture that is ``side`` pixels wide."""
    shift = torch.full_like(angles, 2 * x / side)
    theta = torch.stack((angles.cos(), angles.sin(), shift, torch.zeros_like(shift)), dim=1)
    return SIMILARITY.grid(theta, size)
