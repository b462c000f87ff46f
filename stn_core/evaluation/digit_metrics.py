"""Errors on distorted digits, computed now from a model's answers."""

import torch
from torch import Tensor, nn

from stn_core.data.distortions import distort
from stn_core.data.mnist import Digits
from stn_core.data.pairs import PAIRS, draw_pairs

# the first of the seeds of the validation digits' distortions, the same for every recipe and every
# run
VALIDATION_SEED = 2015
BATCH = 250


def error(
    model: nn.Module, digits: Digits, kind: str, seed: int, device: torch.device | str = "cpu"
) -> float:
    """The per cent of digits that ``model`` gets wrong, each distorted once from ``seed``; for a
    kind of pairs, of as many pairs as there are digits."""
    return error_rate_on(model, *distorted(digits, kind, seed, device), device)


def distorted(
    digits: Digits, kind: str, seed: int, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """The images (N, C, H, W) that a model of a kind of data is judged on, and their labels
    (N,)."""
    if kind in PAIRS:
        pairs = draw_pairs(digits, kind, seed)
        return pairs.images, pairs.sums
    return distort(digits.images.to(device), kind, seed), digits.labels


def error_rate_on(
    model: nn.Module, images: Tensor, labels: Tensor, device: torch.device | str = "cpu"
) -> float:
    """The share of distorted images (N, C, H, W), in per cent, that ``model`` takes for another
    class than labels (N,) say."""
    return 100 * (predict_logits(model, images, device).argmax(1) != labels).double().mean().item()


@torch.inference_mode()
def predict_logits(model: nn.Module, images: Tensor, device: torch.device | str = "cpu") -> Tensor:
    """What ``model`` answers to images (N, C, H, W), in batches: (N, classes), on the CPU."""
    was_training = model.training
    model.eval()
    logits = torch.cat([model(batch.to(device)).cpu() for batch in images.split(BATCH)])
    model.train(was_training)
    return logits


def validation_error(
    model: nn.Module,
    digits: Digits,
    kind: str,
    device: torch.device | str = "cpu",
    repeats: int = 1,
) -> float:
    """The error in per cent on validation digits, on which recipes and epochs are chosen.

    With ``repeats`` every digit is distorted that often, for a steadier figure.
    """
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + repeats)
    return sum(error(model, digits, kind, seed, device) for seed in seeds) / repeats


def validation_answers(
    model: nn.Module, digits: Digits, kind: str, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """What the model answers to validation digits, each distorted once: (N, classes); and their
    labels (N,)."""
    images, labels = distorted(digits, kind, VALIDATION_SEED, device)
    return predict_logits(model, images, device), labels
