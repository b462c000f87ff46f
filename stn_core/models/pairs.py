"""The models for two digits in two channels (appendix A.1): FCN, CNN, and the CNN behind one
transformer or behind two in parallel, all with about 250 000 parameters."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.data.pairs import SUMS
from stn_core.models.digits import CLASSIFIED, after_stages, fcn_classifier
from stn_core.tensor_cache import at_least_float32
from stn_core.transformer.localisation import convolutional, stage
from stn_core.transformer.spatial_transformer import (
    ExplainableModel,
    Explanation,
    SpatialTransformer,
)
from stn_core.transformer.transforms import TRANSFORMS, Size

# how many there are, in parallel
TRANSFORMERS = {"fcn": 0, "cnn": 0, "st-cnn-affine": 1, "2st-cnn-affine": 2}
PAIR_MODELS = tuple(TRANSFORMERS)
# how many filters keep the parameters of all models about equal
FILTERS = {"cnn": 64, "st-cnn-affine": 62, "2st-cnn-affine": 60}


class PairModel(ExplainableModel):
    """images (B, 2, H, W) in [0, 1] -> logits (B, 19) for the sum of two digits.

    Every transformer sees both channels and moves both by one theta; the outputs of several are
    concatenated, two channels of each.
    """

    def __init__(
        self, classifier: nn.Module, transformers: Sequence[SpatialTransformer] = (), pool: int = 1
    ) -> None:
        super().__init__()
        self.transformers = nn.ModuleList(transformers)
        self.pool = pool
        self.classifier = classifier

    def explain(self, images: Tensor) -> Explanation:
        """The logits for images (B, 2, H, W), and of each transformer theta, grid and output
        (B, 2, h, w)."""
        traces = tuple(transformer(images) for transformer in self.transformers)
        if traces:
            images = torch.cat([trace.output for trace in traces], dim=1)
        if self.pool > 1:
            images = F.avg_pool2d(images, self.pool)
        return Explanation(at_least_float32(self.classifier(images)), traces)


def create_pair_model(name: str, size: Size) -> PairModel:
    """One of ``PAIR_MODELS`` for pairs of digits of ``size``, its transformers at identity.

    As with single digits, transformers on canvases larger than 28x28 sample 56x56 points, which are
    2x average-pooled. The sum of two classes is no linear function of where a filter fires, so the
    CNNs have one fully connected hidden layer before the last.
    """
    if name not in PAIR_MODELS:
        raise ValueError(f"no model {name!r} for two digits; there are {', '.join(PAIR_MODELS)}")
    large = size[0] > CLASSIFIED[0]
    if name == "fcn":
        return PairModel(fcn_classifier(2 * size[0] * size[1], 68 if large else 144, len(SUMS)))
    if name == "cnn":
        filters, hidden = (48, 72) if large else (FILTERS[name], 128)
        return PairModel(_cnn_classifier(size, 2, filters, hidden))
    count, pool = TRANSFORMERS[name], 2 if large else 1
    family = TRANSFORMS["affine"]
    sampled = (pool * CLASSIFIED[0], pool * CLASSIFIED[1])
    transformers = [
        SpatialTransformer(convolutional(size, family, channels=2), family, sampled)
        for _ in range(count)
    ]
    classifier = _cnn_classifier(CLASSIFIED, 2 * count, FILTERS[name], 128)
    return PairModel(classifier, transformers, pool)


def _cnn_classifier(size: Size, channels: int, filters: int, hidden: int) -> nn.Module:
    """The CNN of single digits, for more channels and with a hidden layer."""
    return nn.Sequential(
        *stage(nn.Conv2d(channels, filters, 9)),
        *stage(nn.Conv2d(filters, filters, 7)),
        nn.Flatten(),
        nn.Linear(filters * after_stages(size), hidden),
        nn.ReLU(),
        nn.Linear(hidden, len(SUMS)),
    )
