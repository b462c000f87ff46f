"""The eight models of the distorted MNIST experiments: FCN, CNN, and each of them behind a spatial transformer (appendix A.4)."""

import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.convolution import OneChannelConv2d
from stn_core.localisation import convolutional, fully_connected, pooled
from stn_core.spatial_transformer import ExplainableModel, Explanation, SpatialTransformer
from stn_core.transforms import TRANSFORMS, Size

DIGIT_MODELS = ("fcn", "cnn", *(f"st-{net}-{t}" for net in ("fcn", "cnn") for t in ("affine", "projective", "tps")))


class DigitModel(ExplainableModel):
    """images (B, 1, H, W) in [0, 1] -> logits (B, 10): a transformer if any, average pooling on large canvases, a classifier."""

    def __init__(self, classifier: nn.Module, transformer: SpatialTransformer | None = None, pool: int = 1) -> None:
        super().__init__()
        self.transformer = transformer
        self.pool = pool
        self.classifier = classifier

    def explain(self, images: Tensor, theta: Tensor | None = None) -> Explanation:
        """The logits for images (B, 1, H, W), with the transformer's theta, grid and output (at its full size) if there is one;
        a theta (B, P) from elsewhere takes the localisation network's place.
        """
        transformers = () if self.transformer is None else (self.transformer(images, theta),)
        for trace in transformers:
            images = trace.output
        if self.pool > 1:
            images = F.avg_pool2d(images, self.pool)
        return Explanation(self.classifier(images).float(), transformers)


def fcn_classifier(size: Size, width: int) -> nn.Module:
    """Two fully connected hidden layers of ``width`` units."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(size[0] * size[1], width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )


def cnn_classifier(size: Size, filters: int) -> nn.Module:
    """A 9x9 convolution, 2x2 max-pool, 7x7 convolution, 2x2 max-pool and the classifier, without padding.

    ``ceil_mode`` keeps a 1x1 map alive where a 42x42 canvas is pooled to 21x21.
    """
    height, width = (pooled(pooled(side - 8) - 6) for side in size)
    return nn.Sequential(
        OneChannelConv2d(filters, 9), nn.MaxPool2d(2, ceil_mode=True), nn.ReLU(),
        nn.Conv2d(filters, filters, 7), nn.MaxPool2d(2, ceil_mode=True), nn.ReLU(),
        nn.Flatten(), nn.Linear(filters * height * width, 10),
    )  # fmt: skip


def create_digit_model(name: str, size: Size, filters: int = 64, width: int = 256) -> DigitModel:
    """One of ``DIGIT_MODELS`` for images of ``size``, at identity. ``filters`` is the CNN's, ``width`` the FCN's.

    On canvases larger than 28x28 a transformer's output is 2x average-pooled; so is the input of a plain FCN, whose first layer
    would not fit into 400 000 parameters otherwise, and an ST-FCN gives an eighth of its units for its localiser.
    """
    if name not in DIGIT_MODELS:
        raise ValueError(f"no digit model {name!r}; there are {', '.join(DIGIT_MODELS)}")
    behind_transformer = name.startswith("st-")
    network, _, family = name.removeprefix("st-").partition("-")
    large = size[0] > 28
    pool = 2 if large and (behind_transformer or network == "fcn") else 1
    seen = (size[0] // pool, size[1] // pool)
    transformer = None
    if behind_transformer:
        transform = TRANSFORMS[family]
        localise = fully_connected if network == "fcn" else convolutional
        transformer = SpatialTransformer(localise(size, transform), transform, size)
    if network == "fcn":
        classifier = fcn_classifier(seen, width - width // 8 if large and behind_transformer else width)
    else:
        classifier = cnn_classifier(seen, filters)
    return DigitModel(classifier, transformer, pool)
