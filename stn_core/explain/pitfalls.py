"""What goes wrong with spatial transformers, made on purpose: each trap as a few lines to compare
with doing it right.

Points are (x, y) in [-1, 1], ``align_corners=False`` unless the mistake lies just there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.data.distortions import RotationScaleTranslation, uniform
from stn_core.data.mnist import gallery
from stn_core.models.digits import DigitModel
from stn_core.tensor_cache import tensor_cache
from stn_core.transformer.localisation import fully_connected
from stn_core.transformer.sampler import sample
from stn_core.transformer.spatial_transformer import SpatialTransformer
from stn_core.transformer.transforms import TRANSFORMS, Size


def sample_mean_subtracted(images: Tensor, grid: Tensor, mean: float) -> Tensor:
    """Sampling after the data set's mean was subtracted, zeros outside: what the classifier then
    sees, with the mean added again.

    images (B, C, H, W), grid (B, h, w, 2) -> (B, C, h, w): outside the image lies no longer black
    but ``mean``, a grey frame.
    """
    return sample(images - mean, grid) + mean


def repeated_identity(images: Tensor, times: int, made: bool, read: bool) -> Tensor:
    """Images (B, C, H, W) after ``times`` passes through the identity: a grid made with
    ``align_corners=made``, read with ``read``.

    Where the two agree nothing changes. (True, False) shrinks the image by (W - 1)/W a pass,
    (False, True) magnifies it by as much.
    """
    identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]).expand(len(images), -1, -1)
    grid = F.affine_grid(identity, list(images.shape), align_corners=made)
    for _ in range(times):
        images = F.grid_sample(
            images, grid, mode="bilinear", padding_mode="zeros", align_corners=read
        )
    return images


def corner_error(size: Size, made: bool, read: bool) -> tuple[float, float]:
    """How far off, (x, y) in pixels, the identity reads the top left pixel of an image (H, W)."""
    identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    x, y = F.affine_grid(identity, [1, 1, *size], align_corners=made)[0, 0, 0].tolist()
    at = [
        ((p + 1) / 2 * (n - 1)) if read else ((p + 1) * n - 1) / 2
        for p, n in ((x, size[1]), (y, size[0]))
    ]
    return at[0], at[1]


def outside(grid: Tensor) -> Tensor:
    """The share of each grid's points (B, h, w, 2) that lie outside the image: (B,) in [0, 1]."""
    return (grid.abs() > 1).any(-1).float().flatten(1).mean(1)


def out_of_bounds_penalty(grid: Tensor) -> Tensor:
    """A penalty on what leaves the image, and on that alone: the mean squared distance (normalised)
    beyond the edge, (B,)."""
    return (grid.abs() - 1).clamp_min(0).square().sum(-1).flatten(1).mean(1)


@dataclass(frozen=True)
class TrainingSnapshot:
    """How a small training run stands after some steps."""

    step: int
    loss: float  # on the last batch; inf or nan where the run has blown up
    error: float  # per cent, on 500 held-out digits
    outside: float  # the share of the grid points of those digits that lie outside the image
    theta: Tensor  # (SHOWN, 6), of the digits shown
    outputs: Tensor  # (SHOWN, 14, 14): what the transformer makes of them


SIDE, BATCH, HELD_OUT, SHOWN = 14, 64, 500, 6
RATE = 0.003  # of the classifier


def train_tiny_stn(
    localisation_rate: float, steps: int = 600, every: int = 20, seed: int = 0
) -> Iterator[TrainingSnapshot]:
    """A short, real training of a small ST-FCN on gallery digits, 0.6 times as large and moved by
    up to 6 pixels both ways, 14 x 14: yields where it stands every so many steps.

    The classifier learns with AdamW at ``RATE``, the localisation network at ``localisation_rate``
    times that. Everything else, the digits and their places included, is fixed by the seed. It ends
    early when the loss is no longer finite. Stop it by dropping the iterator: between two snapshots
    it computes nothing.
    """
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False):
        torch.manual_seed(seed)
        model = _small_model()
    assert model.transformer is not None
    groups: list[dict[str, Any]] = [{"params": model.classifier.parameters()}]
    groups.append({"params": model.transformer.parameters(), "lr": RATE * localisation_rate})
    optimiser = torch.optim.AdamW(groups, lr=RATE, weight_decay=1e-3)
    images, labels, held_out, held_out_labels = _small_data()
    generator = torch.Generator().manual_seed(seed)
    loss = torch.tensor(float("nan"))
    for done in range(steps + 1):
        if done % every == 0 or not loss.isfinite():
            with torch.no_grad():
                answer = model.explain(held_out)
            (trace,) = answer.transformers
            wrong = 100 * (answer.logits.argmax(1) != held_out_labels).float().mean().item()
            if done == 0:
                loss = F.cross_entropy(answer.logits, held_out_labels)
            yield TrainingSnapshot(
                done,
                loss.item(),
                wrong,
                outside(trace.grid).mean().item(),
                trace.theta[:SHOWN].clone(),
                trace.output[:SHOWN, 0].clone(),
            )
        if done == steps or not loss.isfinite():
            return
        chosen = torch.randint(len(labels), (BATCH,), generator=generator)
        with torch.inference_mode(False), torch.enable_grad():
            loss = F.cross_entropy(model(images[chosen]), labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        loss = loss.detach()


def _small_model() -> DigitModel:
    size, transform = (SIDE, SIDE), TRANSFORMS["affine"]
    transformer = SpatialTransformer(fully_connected(size, transform), transform, size)
    classifier = nn.Sequential(
        nn.Flatten(), nn.Linear(SIDE * SIDE, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    return DigitModel(classifier, transformer)


@tensor_cache(maxsize=1)
def _small_data() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """4 500 small, shifted digits and 500 held out: images (N, 1, 14, 14), labels (N,)."""
    digits = gallery()
    count = len(digits.labels)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(count, generator=generator)
    places = {
        "angle": torch.zeros(count),
        "scale": torch.full((count,), 0.6),
        "shift": uniform(-6, 6, (count, 2), generator),
    }
    placed = RotationScaleTranslation((28, 28)).apply(digits.images[order], places)
    images, labels = F.avg_pool2d(placed, 2), digits.labels[order]
    return images[HELD_OUT:], labels[HELD_OUT:], images[:HELD_OUT], labels[:HELD_OUT]


def small_samples() -> Tensor:
    """The held-out digits that ``TrainingSnapshot`` shows: (SHOWN, 14, 14)."""
    return _small_data()[2][:SHOWN, 0]


def small_model_size() -> int:
    """How many numbers the small model learns."""
    return sum(parameter.numel() for parameter in _small_model().parameters())
