"""Localisation networks: from a feature map U to theta = f_loc(U) (section 3.1 of the paper).

Each ends in a regression layer with zero weights and the identity as its bias, so a new transformer
passes its input through. The regression runs in float32 whatever autocast says, and in a model in
half precision too: rounding theta to bfloat16 would move the grid by half a pixel.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.tensor_cache import at_least_float32
from stn_core.transformer.transforms import Size, Transform


class Localisation(nn.Module):
    """Images (B, C, H, W) -> ``features`` (B, width) -> theta (B, P) by one linear layer."""

    def __init__(self, features: nn.Module, width: int, transform: Transform) -> None:
        super().__init__()
        self.features = features
        self.regression = nn.Linear(width, transform.num_params)
        nn.init.zeros_(self.regression.weight)
        with torch.no_grad():
            self.regression.bias.copy_(transform.identity())

    def forward(self, images: Tensor) -> Tensor:
        features = self.features(images)  # (B, width)
        with torch.autocast(images.device.type, enabled=False):
            features = at_least_float32(features)
            weight, bias = self.regression.weight.to(features), self.regression.bias.to(features)
            return F.linear(features, weight, bias)  # (B, P)


def fully_connected(size: Size, transform: Transform, width: int = 32) -> Localisation:
    """The localiser of ST-FCN: three fully connected layers of 32 units, then the regression;
    one-channel images of ``size``."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in (size[0] * size[1], width, width):
        layers += [nn.Linear(inputs, width), nn.ReLU()]
    return Localisation(nn.Sequential(*layers), width, transform)


def convolutional(
    size: Size, transform: Transform, filters: int = 20, channels: int = 1
) -> Localisation:
    """The localiser of ST-CNN: on the 2x down-sampled image, two 5x5 convolutions of 20 filters,
    each with a 2x2 max-pool, then 20 fully connected units and the regression; images of
    ``channels`` and of ``size``, at least 28 on a side."""
    after = [pooled(pooled(side // 2 - 4) - 4) for side in size]
    layers = nn.Sequential(
        nn.AvgPool2d(2),
        *stage(nn.Conv2d(channels, filters, 5)),
        *stage(nn.Conv2d(filters, filters, 5)),
        nn.Flatten(),
        nn.Linear(filters * after[0] * after[1], filters),
        nn.ReLU(),
    )
    return Localisation(layers, filters, transform)


def on_map(channels: int, size: Size, transform: Transform, filters: int = 20) -> Localisation:
    """A localiser of maps of ``channels`` and ``size``, at least 9 on a side, such as those of a
    CNN's first stage: mixed down to 12 channels, a 5x5 and a 3x3 convolution of 20 filters, each
    with a 2x2 max-pool, then 20 fully connected units and the regression. On 64 channels it has 120
    numbers fewer than ``convolutional`` has on the images that they are made of."""
    after = [pooled(pooled(side - 4) - 2) for side in size]
    layers = nn.Sequential(
        nn.Conv2d(channels, 12, 1),
        *stage(nn.Conv2d(12, filters, 5)),
        *stage(nn.Conv2d(filters, filters, 3)),
        nn.Flatten(),
        nn.Linear(filters * after[0] * after[1], filters),
        nn.ReLU(),
    )
    return Localisation(layers, filters, transform)


def stage(convolution: nn.Module) -> tuple[nn.Module, nn.Module, nn.Module]:
    """The convolution, a 2x2 max-pool and ReLU."""
    return convolution, nn.MaxPool2d(2, ceil_mode=True), nn.ReLU()


def pooled(side: int) -> int:
    """The side of a map of ``side`` pixels after a stage's max-pool: half, rounded up."""
    return -(-side // 2)
