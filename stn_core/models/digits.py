"""The eight models of distorted MNIST (appendix A.4): FCN, CNN, and both behind a transformer."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.models.one_channel_conv import OneChannelConv2d
from stn_core.tensor_cache import at_least_float32
from stn_core.transformer.localisation import (
    convolutional,
    fully_connected,
    on_map,
    pooled,
    stage,
)
from stn_core.transformer.spatial_transformer import (
    ExplainableModel,
    Explanation,
    SpatialTransformer,
)
from stn_core.transformer.transforms import TRANSFORMS, Size, Transform

DIGIT_MODELS = (
    "fcn",
    "cnn",
    *(f"st-{net}-{t}" for net in ("fcn", "cnn") for t in ("affine", "projective", "tps")),
)
MAP_MODEL = "st-cnn-affine-map"  # ST-CNN affine with its transformer behind the first convolution

LOCALISERS: dict[str, Callable[[Size, Transform], nn.Module]] = {
    "fcn": fully_connected,
    "cnn": convolutional,
}  # may grow: plugins.py
CLASSIFIED = (28, 28)  # what the classifier behind a transformer sees, of whatever canvas


class DigitModel(ExplainableModel):
    """images (B, 1, H, W) in [0, 1] -> logits (B, 10), with or without a transformer.

    A ``stem`` stands before the transformer, which then warps its maps (B, C, h, w) in place of the
    images.
    """

    def __init__(
        self,
        classifier: nn.Module,
        transformer: SpatialTransformer | None = None,
        pool: int = 1,
        stem: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.stem = nn.Identity() if stem is None else stem
        self.transformer = transformer
        self.pool = pool
        self.classifier = classifier

    @property
    def warps_maps(self) -> bool:
        """Whether the transformer stands behind a stem."""
        return not isinstance(self.stem, nn.Identity)

    def explain(self, images: Tensor, theta: Tensor | None = None) -> Explanation:
        """The logits for images (B, 1, H, W), with the transformer's theta, grid and output (at its
        full size) if there is one; a theta (B, P) from elsewhere takes the localisation network's
        place."""
        images = self.stem(images)
        transformers = () if self.transformer is None else (self.transformer(images, theta),)
        for trace in transformers:
            images = trace.output
        return Explanation(self.classify(images), transformers)

    def classify(self, images: Tensor) -> Tensor:
        """The logits for what the transformer, if any, has made of the images, or of the stem's
        maps."""
        return at_least_float32(self.classifier(self.pooled(images)))

    def pooled(self, images: Tensor) -> Tensor:
        """What the classifier's first layer sees."""
        return F.avg_pool2d(images, self.pool) if self.pool > 1 else images


def fcn_classifier(inputs: int, width: int, classes: int = 10) -> nn.Module:
    """Two fully connected hidden layers of ``width`` units, on ``inputs`` pixels."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(inputs, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, classes),
    )


def cnn_classifier(size: Size, filters: int) -> nn.Sequential:
    """Convolutions of 9x9 and 7x7 without padding, each with a 2x2 max-pool; the classifier.

    ``ceil_mode`` keeps a 1x1 map alive where a 42x42 canvas is pooled to 21x21.
    """
    return nn.Sequential(
        *stage(OneChannelConv2d(filters, 9)),
        *stage(nn.Conv2d(filters, filters, 7)),
        nn.Flatten(),
        nn.Linear(filters * after_stages(size), 10),
    )


def after_stages(size: Size) -> int:
    """How many places the maps of the CNN's two stages have."""
    height, width = (pooled(pooled(side - 8) - 6) for side in size)
    return height * width


def map_model(size: Size, filters: int) -> DigitModel:
    """ST-CNN affine whose transformer warps what the first convolution, max-pool and ReLU make of
    the image: the map of a canvas of 28x28 as it is, a larger one at twice the side of what the
    second convolution sees, 2x average-pooled, as ``create_digit_model`` does with images."""
    layers, transform = cnn_classifier(CLASSIFIED, filters), TRANSFORMS["affine"]
    seen, mapped = ((pooled(h - 8), pooled(w - 8)) for h, w in (CLASSIFIED, size))
    pool = 2 if size[0] > CLASSIFIED[0] else 1
    localisation = on_map(filters, mapped, transform)
    transformer = SpatialTransformer(localisation, transform, (pool * seen[0], pool * seen[1]))
    return DigitModel(layers[3:], transformer, pool, layers[:3])


def create_digit_model(
    name: str, size: Size, filters: int = 64, width: int | None = None
) -> DigitModel:
    """One of ``DIGIT_MODELS`` for images of ``size``, at identity; or st-<network>-<family> for any
    other of ``LOCALISERS`` and ``TRANSFORMS``, behind networks but fcn with the CNN as classifier;
    or ``MAP_MODEL``.
    ``filters`` is the CNN's, ``width`` the FCN's.

    On canvases larger than 28x28 a transformer samples 56x56 points, which are 2x average-pooled: a
    grid as coarse as the classifier's input would skip pixels. So the classifier behind it sees
    28x28 in any case. A plain CNN sees the whole canvas. A plain FCN sees it in 160 units on 42x42
    and 2x average-pooled on 60x60: more would not fit into 400 000 parameters.
    """
    if name == MAP_MODEL:
        return map_model(size, filters)
    network, _, family = name.removeprefix("st-").partition("-")
    if name not in DIGIT_MODELS and not (
        name.startswith("st-") and network in LOCALISERS and family in TRANSFORMS
    ):
        others = f"st-<{', '.join(LOCALISERS)}>-<{', '.join(TRANSFORMS)}>"
        raise ValueError(
            f"no digit model {name!r}; there are {', '.join((*DIGIT_MODELS, MAP_MODEL))}, or any "
            f"{others}"
        )
    transformer, pool, seen = None, 1, size
    if family:
        transform = TRANSFORMS[family]
        if size[0] > CLASSIFIED[0]:
            pool, seen = 2, CLASSIFIED
        transformer = SpatialTransformer(
            LOCALISERS[network](size, transform), transform, (pool * seen[0], pool * seen[1])
        )
    elif network == "fcn" and size[0] > 42:
        pool, seen = 2, (size[0] // 2, size[1] // 2)
    if network == "fcn":
        # a large first layer leaves fewer units for all
        crowded = {42: 160} if transformer is None else {60: 224}
        classifier = fcn_classifier(seen[0] * seen[1], width or crowded.get(size[0], 256))
    else:
        classifier = cnn_classifier(seen, filters)
    return DigitModel(classifier, transformer, pool)
