"""The models of the fine-grained birds experiment: CNN, 2xST-CNN, 4xST-CNN on a pre-trained
backbone (section 4.3, table 3).

photograph (3, 448, 448) -> down-sampled to 224 -> one localisation network -> N thetas -> N crops
(3, 224, 224) of the full photograph -> a stream each -> concatenated features -> one softmax. The
plain CNN is one stream on the whole photograph.

A photograph is squeezed into a square, so normalised points of the one are points of the other.
Pixels stay in [0, 1] with background 0 up to the streams, which normalise them: what lies outside
the photograph is black, not grey.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from stn_core.models.backbone import BACKBONE, CELL, CROP, SIDE, BatchNorm, Stream, shrunk
from stn_core.models.window_localisation import BirdLocalisation
from stn_core.tensor_cache import at_least_float32
from stn_core.transformer.spatial_transformer import (
    ExplainableModel,
    Explanation,
    SpatialTransformer,
    Trace,
)
from stn_core.transformer.transforms import TRANSFORMS, Transform

BIRD_MODELS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "cnn": MappingProxyType({"whole": CROP}),
        "cnn-448": MappingProxyType({"whole": SIDE}),  # the control: resolution without attention
        "2st-cnn": MappingProxyType({"transformers": 2}),
        "4st-cnn": MappingProxyType({"transformers": 4}),
    }
)


class BirdModel(ExplainableModel):
    """photographs (B, 3, H, W) in [0, 1] -> logits (B, classes).

    Args:
        classes: how many species.
        transformers: N; 0 for the plain CNN.
        whole: pixels of the square on which a stream of its own sees the whole photograph; 0 for
            none. Beside windows it is our own: the paper's models see through their windows only.
        backbone: any convolutional model of timm's, by name.
        family: "attention" (the paper's), "similarity", "affine" or "projective".
        scale: of the windows: 0.5 is half the photograph each way.
        fixed_scale: whether the transformers choose translations only, as in the paper, where
            learning more over-fitted.
        heat: whether they choose by heat maps; if not, by the paper's regression, as they do where
            they choose more.
        layout: of the windows before they learn: "stacked", one above the other in the middle, so
            that none is nearer to one side than to the other; or the paper's "tiled".
        fixed_at: centres of windows that choose nothing, "x,y" for one after the other, such as
            "0,-0.3,0,0.1": a control without a localisation network; "" for windows that choose.
        crop: pixels of the square that a window's stream sees.
        close_up: which share of a window's side, about its centre, the stream sees a second time,
            at as many pixels, so larger; its features are the mean of both. 0 for none, as in the
            paper.
        root: whether the last layer sees the square roots of the features, which are sums of what
            was found: large ones then differ less.
        pretrained: whether the backbones start with ImageNet weights.
        dropout: of the streams' features while it trains; ``absent`` of whole streams.

    Batch normalisation keeps the statistics of ImageNet: a batch of a few birds has none of its
    own.
    """

    def __init__(
        self,
        classes: int,
        transformers: int = 0,
        whole: int = 0,
        backbone: str = BACKBONE,
        family: str = "attention",
        scale: float = 0.5,
        fixed_scale: bool = True,
        heat: bool = True,
        layout: str = "stacked",
        fixed_at: str = "",
        crop: int = CROP,
        close_up: float = 0.0,
        root: bool = False,
        pretrained: bool = False,
        dropout: float = 0.0,
        absent: float = 0.0,
    ) -> None:
        super().__init__()
        # windows stay within the photograph up to +-reach
        self.whole, self.scale, self.reach = whole, scale, 1 - scale
        if not 0 <= whole <= SIDE or not (whole or transformers):
            raise ValueError(
                f"whole must lie between 1 and {SIDE} pixels, or be 0 beside windows; got {whole}"
            )
        if not CELL <= crop <= SIDE:
            raise ValueError(f"crop must lie between {CELL} and {SIDE} pixels; got {crop}")
        if not 0 <= close_up < 1:
            raise ValueError(f"close_up must lie in [0, 1); got {close_up}")
        self.root, self.close_up = root, close_up
        # those of the windows come first
        streams = [Stream(backbone, pretrained) for _ in range(transformers + bool(whole))]
        self.streams = nn.ModuleList(streams)
        self.dropout = nn.Sequential(StreamDropout(len(streams), absent), nn.Dropout(dropout))
        self.classifier = nn.Linear(sum(stream.width for stream in streams), classes)
        self.transformers = nn.ModuleList()
        self.localisation: BirdLocalisation | None = None
        if transformers:
            centres = (
                fixed_places(fixed_at, transformers) if fixed_at else starts(layout, transformers)
            )
            transform, start, places = windows(family, scale, centres)
            self.shift_indices: tuple[int, ...] = places
            self.start: Tensor
            self.register_buffer("start", start, persistent=False)  # (N, P)
            self.free: tuple[int, ...] = (
                places if fixed_scale else tuple(range(transform.num_params))
            )
            if not fixed_at:
                self.localisation = BirdLocalisation(
                    start[:, list(self.free)], heat and fixed_scale, backbone, pretrained
                )
            self.transformers.extend(
                SpatialTransformer(None, transform, (crop, crop)) for _ in range(transformers)
            )

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
        """What the localisation chose (B, N, F) as whole parameter vectors (B, N, P), float32;
        crops stay within the photograph."""
        if self.free == self.shift_indices:
            free = free.clamp(-self.reach, self.reach)
        theta = at_least_float32(self.start).expand(free.shape[0], -1, -1).clone()
        theta[:, :, list(self.free)] = free.to(theta)
        return theta

    def chosen(self, images: Tensor) -> Tensor:
        """Where the windows lie on photographs (B, 3, H, W): thetas (B, N, P)."""
        if self.localisation is None:
            return at_least_float32(self.start).expand(len(images), -1, -1)
        return self.thetas(self.localisation(images))

    def forward(
        self, images: Tensor, shifts: Tensor | None = None, learns: Tensor | None = None
    ) -> Tensor:
        """The logits (B, classes). In training each window is first moved by ``shifts`` (B, N, 2),
        and theta has a gradient only for the photographs that ``learns`` (B,) says; without any the
        backward pass ends at the crops, which saves half of it."""
        if shifts is None or not self.transformers:
            return self.explain(images).logits
        thetas = self.chosen(images)
        if learns is not None:
            still = thetas.detach()
            thetas = torch.where(learns[:, None, None], thetas, still) if learns.any() else still
        moves = torch.zeros_like(thetas)
        moves[:, :, list(self.shift_indices)] = shifts
        return self.explain(images, thetas + moves).logits

    def explain(self, images: Tensor, thetas: Tensor | None = None) -> Explanation:
        """Photographs (B, 3, H, W) -> the logits, and each transformer's theta, grid and crop.

        ``thetas`` (B, N, P) from elsewhere take the localisation network's place: somebody drags a
        window.
        """
        traces = self.run_transformers(images, thetas)
        return Explanation(
            self.classify(torch.cat(self.stream_features(images, traces), dim=1)), traces
        )

    def stream_features(self, images: Tensor, traces: tuple[Trace, ...]) -> list[Tensor]:
        """The features (B, C) of each stream: those of the windows, then that of the whole."""
        features = [self.window_features(i, images, trace) for i, trace in enumerate(traces)]
        if self.whole:
            features.append(self.rooted(self.streams[-1](shrunk(images, self.whole))))
        return features

    def window_features(self, which: int, images: Tensor, trace: Trace) -> Tensor:
        """The features (B, C) that the stream of window ``which`` has of images (B, 3, H, W)."""
        features = self.streams[which](trace.output)
        if self.close_up:
            inner = self.resized(trace.theta, self.close_up)
            closer = self.streams[which](self.transformers[which](images, inner).output)
            features = (features + closer) / 2
        return self.rooted(features)

    def rooted(self, features: Tensor) -> Tensor:
        # of 0 the root has no slope
        return features.clamp(min=1e-6).sqrt() if self.root else features

    def resized(self, thetas: Tensor, factor: float) -> Tensor:
        """Thetas (..., P) of windows with ``factor`` times the side about the same centres."""
        linear = [i for i in range(thetas.shape[-1]) if i not in self.shift_indices]
        changed = thetas.clone()
        changed[..., linear] *= factor
        return changed

    def run_transformers(self, images: Tensor, thetas: Tensor | None = None) -> tuple[Trace, ...]:
        """The transformers' part of ``explain``."""
        if not self.transformers:
            return ()
        if thetas is None:
            thetas = self.chosen(images)
        return tuple(
            transformer(images, theta)
            for transformer, theta in zip(self.transformers, thetas.unbind(1), strict=True)
        )

    def classify(self, features: Tensor) -> Tensor:
        """The streams' features, concatenated (B, N * C), as logits (B, classes) in float32."""
        return at_least_float32(self.classifier(self.dropout(features)))

    def scan(
        self, image: Tensor, which: int, thetas: Tensor, others: Tensor, batch: int = 2
    ) -> Iterator[Tensor]:
        """What the model answers for one photograph (3, H, W) with transformer ``which`` at each of
        thetas (M, P) in turn.

        The other transformers stay where ``others`` (N, P) has them, for example where the
        localisation network put them. Yields the logits in batches, (b, classes), so that a page
        can show how far it is; they have a gradient by ``thetas`` if that asks for one.
        """
        with torch.no_grad():
            traces = self.run_transformers(image[None], others[None])
            features = self.stream_features(image[None], traces)
        for theta in thetas.split(batch):
            row = [feature.expand(len(theta), -1) for feature in features]
            images = image.expand(len(theta), -1, -1, -1)
            trace = self.transformers[which](images, theta)
            row[which] = self.window_features(which, images, trace)
            yield self.classify(torch.cat(row, dim=1))


class StreamDropout(nn.Module):
    """Leaves whole streams out while it trains, each with probability ``absent`` but never all; the
    others are scaled up.

    So each stream has to know the species by itself: together they know the training photographs by
    heart too soon.
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
        return (features.unflatten(1, (self.streams, -1)) * scale[:, :, None].to(features)).flatten(
            1
        )


def starts(layout: str, count: int) -> Tensor:
    """The centres (N, 2), normalised (x, y), of windows before they learn: "stacked", one above
    the other in the middle; or "tiled", two abreast, rows of two for more, all over the photograph.

    >>> starts("stacked", 2).tolist(), starts("tiled", 2).tolist()
    ([[0.0, -0.25], [0.0, 0.25]], [[-0.5, 0.0], [0.5, 0.0]])
    """
    if layout not in ("stacked", "tiled"):
        raise ValueError(f"the layout of windows must be stacked or tiled; got {layout!r}")
    if layout == "stacked":
        y = torch.linspace(-0.25, 0.25, count) if count > 1 else torch.zeros(1)
        return torch.stack((torch.zeros(count), y), dim=1)
    rows = -(-count // 2)
    y = (2 * torch.arange(rows) + 1) / rows - 1
    x = torch.tensor([-0.5, 0.5]) if count > 1 else torch.zeros(1)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).reshape(-1, 2)[:count]


def fixed_places(text: str, count: int) -> Tensor:
    """The centres (N, 2) in the text of the option ``fixed_at``."""
    try:
        places = torch.tensor([float(number) for number in text.split(",")]).view(count, 2)
    except (ValueError, RuntimeError):
        places = torch.full((1, 2), torch.nan)
    if not (places.abs() <= 1).all():  # as of what is no number
        raise ValueError(
            f"fixed_at must have x,y from -1 to 1 for each of {count} windows, such as "
            f"0,-0.3,0,0.1 for two; got {text!r}"
        )
    return places


def windows(
    family: str, scale: float, centres: Tensor
) -> tuple[Transform, Tensor, tuple[int, int]]:
    """The family, the theta of each of the windows at ``centres`` (N, 2) at the start (N, P), and
    where tx and ty stand in theta."""
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
    theta = torch.tensor(centre).repeat(len(centres), 1)
    theta[:, list(places)] = centres
    return TRANSFORMS[family], theta, places


def create_bird_model(name: str, classes: int, **options: Any) -> BirdModel:
    """One of ``BIRD_MODELS``; ``options`` are ``BirdModel``'s."""
    if name not in BIRD_MODELS:
        raise ValueError(f"no bird model {name!r}; there are {', '.join(BIRD_MODELS)}")
    return BirdModel(classes, **{**BIRD_MODELS[name], **options})
