"""How far a CNN and max-pools alone forgive a digit that moves (the paper's introduction).

Nothing here knows of transformers: it is what they are needed for.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.data.distortions import RotationScaleTranslation
from stn_core.data.mnist import gallery
from stn_core.models.digits import DigitModel
from stn_core.transformer.transforms import Size


def moved(
    digit: Tensor,
    size: Size,
    x: Tensor | float = 0.0,
    y: Tensor | float = 0.0,
    angle: Tensor | float = 0.0,
    scale: Tensor | float = 1.0,
) -> Tensor:
    """A digit uint8 (28, 28) on a canvas of ``size``, shifted by (x, y) pixels, turned clockwise by
    ``angle`` radians, scaled: (B, 1, H, W) in [0, 1], as many as the longest argument has numbers.
    """
    parts = torch.broadcast_tensors(
        *(torch.as_tensor(part, dtype=torch.float32).flatten() for part in (x, y, angle, scale))
    )
    parameters = {
        "angle": parts[2].clone(),
        "scale": parts[3].clone(),
        "shift": torch.stack(parts[:2], dim=1),
    }
    return RotationScaleTranslation(size).apply(digit.expand(len(parts[0]), -1, -1), parameters)


def feature_maps(model: DigitModel, images: Tensor) -> list[Tensor]:
    """The maps (B, C, h, w) after each stage of convolution, max-pool and ReLU.

    The images are what the classifier sees, (B, 1, H, W). An FCN has no stages: the list is empty.
    """
    maps: list[Tensor] = []
    values, convolved = model.pooled(images), False
    for layer in model.classifier.children():
        if isinstance(layer, nn.Conv2d | nn.Flatten) and convolved:
            maps.append(values)
            convolved = False
        convolved |= isinstance(layer, nn.Conv2d)
        values = layer(values)
    return maps


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """How much of two stacks of non-negative maps (B, ...) lies in the same places: sum of minima
    over sum of maxima, (B,).

    1 for equal maps, 0 for maps that share no cell; 1 for two empty ones.
    """
    together, either = (
        function(one, other).flatten(1).sum(1) for function in (torch.minimum, torch.maximum)
    )
    return torch.where(either > 0, together / either.clamp_min(1e-12), 1.0)


def pool_stack(images: Tensor, depth: int) -> list[Tensor]:
    """The images (B, C, H, W) after 0, 1, ... ``depth`` 2x2 max-pools."""
    maps = [images]
    for _ in range(depth):
        maps.append(F.max_pool2d(maps[-1], 2, ceil_mode=True))
    return maps


def shifted(image: Tensor, pixels: int) -> Tensor:
    """Images (..., H, W) moved right by whole pixels; black comes in from the left."""
    return F.pad(image, (pixels, -pixels)) if pixels else image


def on_canvas(digits: Tensor, side: int = 32) -> Tensor:
    """Digits uint8 (N, 28, 28) at the left of a black canvas, whose side is a power of two: (N, 1,
    side, side) in [0, 1]."""
    room = side - 28
    return F.pad(digits[:, None].float() / 255, (0, room, room // 2, room - room // 2))


def pooling_shift_tolerance(shifts: Sequence[int], depth: int, count: int = 100) -> Tensor:
    """How much of a digit's map survives a shift: the mean overlap, over ``count`` gallery digits
    of all classes, of the map of the digit and of the digit moved right by n pixels, after k 2x2
    max-pools: (depth + 1, len(shifts)) in [0, 1]."""
    digits = on_canvas(gallery().images[:: 5000 // count])
    table = [
        [
            overlap(before, after).mean()
            for before, after in zip(
                pool_stack(digits, depth), pool_stack(moved_, depth), strict=True
            )
        ]
        for moved_ in (shifted(digits, n) for n in shifts)
    ]
    return torch.tensor(table).T


def pools_needed(forgiveness: Tensor, threshold: float) -> list[int | None]:
    """For each shift of a table (depth + 1, shifts), the fewest max-pools after which at least
    ``threshold`` of the map survives; None if not even the deepest stack is enough."""
    return [
        next((k for k, kept in enumerate(column) if kept >= threshold), None)
        for column in forgiveness.T.tolist()
    ]
