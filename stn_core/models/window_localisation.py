"""Localisation networks of the bird models: from a photograph to where the windows lie."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from stn_core.models.backbone import BACKBONE, CROP, Stream, shrunk
from stn_core.tensor_cache import at_least_float32


class BirdLocalisation(nn.Module):
    """Photographs (B, 3, H, W) -> what the N transformers are free to choose, (B, N, F).

    A trunk, shared by all transformers: a backbone without its last pooling, on the down-sampled
    photograph. Layers ``above`` it turn its maps into theta in float32, whatever autocast says;
    they start so that the answer is ``start`` for every photograph.
    """

    def __init__(
        self, start: Tensor, heat: bool, backbone: str = BACKBONE, pretrained: bool = False
    ) -> None:
        super().__init__()
        self.windows = len(start)
        self.trunk = Stream(backbone, pretrained)
        self.above = (
            HeatMaps(self.trunk.width, start) if heat else Regression(self.trunk.width, start)
        )

    def maps(self, images: Tensor) -> Tensor:
        """The trunk's feature map (B, C, 7, 7) of photographs (B, 3, H, W)."""
        return self.trunk.maps(shrunk(images, CROP))

    def regress(self, maps: Tensor) -> Tensor:
        """The trunk's maps (B, C, 7, 7) -> (B, N, F) float32."""
        with torch.autocast(maps.device.type, enabled=False):
            maps = at_least_float32(maps)
            numbers = (*self.above.named_parameters(), *self.above.named_buffers())
            in_full = {name: value.to(maps) for name, value in numbers}
            return functional_call(self.above, in_full, (maps,))

    def forward(self, images: Tensor) -> Tensor:
        return self.regress(self.maps(images))


class Regression(nn.Module):
    """The paper's: a 1x1 convolution to 128 maps, 128 fully connected units, and a layer with zero
    weights and ``start`` (N, F) as its bias."""

    def __init__(self, channels: int, start: Tensor, width: int = 128) -> None:
        super().__init__()
        side = CROP // 32
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(width * side * side, width),
            nn.ReLU(),
        )
        self.regression = nn.Linear(width, start.numel())
        nn.init.zeros_(self.regression.weight)
        with torch.no_grad():
            self.regression.bias.copy_(start.flatten())
        self.shape = tuple(start.shape)

    def forward(self, maps: Tensor) -> Tensor:
        return self.regression(self.features(maps)).unflatten(1, self.shape)


class HeatMaps(nn.Module):
    """Ours: a 1x1 convolution to 128 maps, one heat map for each transformer, and its centre of
    mass as the window's: a position then is where something was seen, and need not be computed from
    it. Far fewer parameters over-fit later.

    Heat maps start with zero weights and a slope that puts their centres of mass at ``start`` (N,
    2).
    """

    def __init__(self, channels: int, start: Tensor, width: int = 128) -> None:
        super().__init__()
        side = CROP // 32
        self.features = nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU())
        self.heat = nn.Conv2d(width, len(start), 1, bias=False)
        nn.init.zeros_(self.heat.weight)
        # so that a window gets to the edge without all its heat in one cell
        reach = 1.6 * max(start.abs().max().item(), 0.5)
        line = reach * ((2 * torch.arange(side) + 1) / side - 1)
        y, x = torch.meshgrid(line, line, indexing="ij")
        self.places: Tensor
        # (49, 2)
        self.register_buffer("places", torch.stack((x, y), dim=-1).view(-1, 2), persistent=False)
        self.slope = nn.Parameter(slopes(self.places, start) @ self.places.T)  # (N, 49)

    def maps(self, maps: Tensor) -> Tensor:
        """The heat maps themselves: (B, C, 7, 7) -> (B, N, 49), each with sum 1."""
        return (self.heat(self.features(maps)).flatten(2) + self.slope).softmax(2)

    def forward(self, maps: Tensor) -> Tensor:
        return self.maps(maps) @ self.places


def slopes(places: Tensor, start: Tensor) -> Tensor:
    """The g (N, 2) for which the mean of places (M, 2), weighted by softmax(g . place), is
    ``start`` (N, 2); by Newton's method."""
    slope = torch.zeros_like(start)
    for _ in range(50):
        weights = (slope @ places.T).softmax(1)  # (N, M)
        mean = weights @ places
        apart = places - mean[:, None]  # (N, M, 2)
        covariance = torch.einsum("nm,nmi,nmj->nij", weights, apart, apart)
        slope = slope + torch.linalg.solve(covariance, start - mean).clamp(-2, 2)
    return slope
