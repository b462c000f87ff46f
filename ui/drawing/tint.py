"""Pictures with colour where something is to be seen, as data URIs."""

import torch
from PIL import Image
from torch import Tensor

from ui.drawing.canvas import data_uri


def rgb(color: str) -> Tensor:
    """#RRGGBB as three numbers in [0, 1]."""
    return torch.tensor([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def coloured(image: Tensor, where: Tensor, color: str, least: float = 0.35) -> str:
    """A grey image (H, W) in [0, 1], coloured ``where`` a mask (H, W) is, to at least ``least``."""
    grey = image.clamp(0, 1)[..., None].expand(-1, -1, 3)
    tint = image.clamp(least, 1)[..., None] * rgb(color)
    pixels = (torch.where(where[..., None], tint, grey) * 255).round().byte().numpy()
    return data_uri(Image.fromarray(pixels))
