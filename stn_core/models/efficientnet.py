"""EfficientNet-Lite (Tan and Le, ICML 2019; TensorFlow's variant with ReLU6 and without squeeze and
excitation): the streams' own backbone.

timm has it as well. Importing timm, and with it torchvision and torch._dynamo, takes some 190 MB of
a process and seconds of its start; one that only shows these models does without. Weights have
the names and the order that they have in timm.
"""

import math

import torch.nn.functional as F
from torch import Tensor, nn

# of a stage of Lite0: expansion, kernel, stride, channels, how many blocks
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM, HEAD = 32, 1280  # channels


class Conv(nn.Conv2d):
    """A convolution that pads as TensorFlow does: no more than is needed, what is odd to the right
    and below."""

    def __init__(
        self, channels: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(channels, out, kernel, stride, padding, groups=groups, bias=False)
        nn.init.normal_(self.weight, 0, math.sqrt(2 * groups / (out * kernel**2)))

    def forward(self, input: Tensor) -> Tensor:
        if self.stride[0] > 1:
            high, wide = (self._missing(size) for size in input.shape[2:])
            input = F.pad(input, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
        return super().forward(input)

    def _missing(self, size: int) -> int:
        step, kernel = self.stride[0], self.kernel_size[0]
        return max((-(-size // step) - 1) * step + kernel - size, 0)


class Norm(nn.BatchNorm2d):
    """Batch normalisation, and ReLU6 with ``relu6``."""

    def __init__(self, channels: int, relu6: bool = True) -> None:
        super().__init__(channels, eps=1e-3)
        self.relu6 = relu6

    def forward(self, input: Tensor) -> Tensor:
        found = super().forward(input)
        return F.relu6(found, inplace=True) if self.relu6 else found


class Block(nn.Sequential):
    """An inverted residual: a depthwise convolution between 1x1 ones, with a skip connection where
    the shapes allow it. ``expansion`` is what the channels are multiplied by in between."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        depthwise = Conv(hidden, hidden, kernel, stride, groups=hidden)
        if expansion == 1:
            layers = {"conv_dw": depthwise, "bn1": Norm(hidden), "conv_pw": Conv(hidden, out)}
        else:
            layers = {"conv_pw": Conv(channels, hidden), "bn1": Norm(hidden), "conv_dw": depthwise}
            layers |= {"bn2": Norm(hidden), "conv_pwl": Conv(hidden, out)}
        last = "bn2" if expansion == 1 else "bn3"
        for name, layer in {**layers, last: Norm(out, relu6=False)}.items():
            self.add_module(name, layer)
        self.skip = stride == 1 and channels == out

    def forward(self, input: Tensor) -> Tensor:
        found = input
        for layer in self:
            found = layer(found)
        return found + input if self.skip else found


class EfficientNetLite(nn.Module):
    """The network without its classifier, in the parts that timm gives it.

    ``width_coefficient`` and ``depth_coefficient`` scale the channels and the number of blocks: 1
    and 1 for Lite0, 1.1 and 1.2 for Lite2. Stem and head, and the number of blocks of the first and
    the last stage, stay.
    """

    num_features = HEAD

    def __init__(self, width_coefficient: float = 1.0, depth_coefficient: float = 1.0) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = Conv(3, STEM, 3, 2), Norm(STEM)
        self.blocks = nn.Sequential()
        channels = STEM
        for number, (expansion, kernel, stride, lite0, count) in enumerate(STAGES):
            out = scaled_channels(lite0, width_coefficient)
            if 0 < number < len(STAGES) - 1:
                count = math.ceil(depth_coefficient * count)
            stage = nn.Sequential(Block(channels, out, kernel, stride, expansion))
            stage.extend(Block(out, out, kernel, 1, expansion) for _ in range(count - 1))
            self.blocks.append(stage)
            channels = out
        self.conv_head, self.bn2 = Conv(channels, HEAD), Norm(HEAD)

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, h, w), normalised -> the last feature map (B, 1280, h / 32, w / 32)."""
        return self.bn2(self.conv_head(self.blocks(self.bn1(self.conv_stem(pixels)))))

    def forward_head(self, maps: Tensor, pre_logits: bool = True) -> Tensor:
        """The features (B, 1280) of feature maps (B, 1280, h, w)."""
        return F.adaptive_avg_pool2d(maps, 1).flatten(1)


def scaled_channels(channels: int, width_coefficient: float) -> int:
    """A multiple of 8, the nearest unless that is a tenth too few.

    >>> [scaled_channels(channels, 1.1) for channels in (16, 40, 112)]
    [16, 48, 120]
    """
    scaled = width_coefficient * channels
    nearest = int(scaled + 4) // 8 * 8
    return nearest + 8 * (nearest < 0.9 * scaled)
