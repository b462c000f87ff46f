"""Errors on distorted digits, computed now, from the model's answers."""

import torch
from torch import Tensor, nn

from stn_core.datasets import Digits, gallery
from stn_core.distortions import distort

VALIDATION_SEED = 2015  # the first of the seeds of the gallery's distortions, the same for every recipe and every run
BATCH = 250


def error(model: nn.Module, digits: Digits, kind: str, seed: int, device: torch.device | str = "cpu") -> float:
    """The share of digits, in per cent, that ``model`` gets wrong when each is distorted once from ``seed``."""
    return error_on(model, distort(digits.images, kind, seed), digits.labels, device)


@torch.inference_mode()
def error_on(model: nn.Module, images: Tensor, labels: Tensor, device: torch.device | str = "cpu") -> float:
    """The share of distorted images (N, 1, H, W), in per cent, that ``model`` takes for another class than labels (N,) say."""
    was_training = model.training
    model.eval()
    answers = torch.cat([model(batch.to(device)).argmax(1).cpu() for batch in images.split(BATCH)])
    model.train(was_training)
    return 100 * (answers != labels).double().mean().item()


def validation_error(model: nn.Module, kind: str, device: torch.device | str = "cpu", repeats: int = 1) -> float:
    """The error in per cent on the gallery's 5 000 digits, which no training sees: what recipes and epochs are chosen on.

    With ``repeats`` every digit is distorted that often, for a steadier figure.
    """
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + repeats)
    return sum(error(model, gallery(), kind, seed, device) for seed in seeds) / repeats
