"""The optimiser, and how its learning rates go."""

from math import cos, pi
from typing import Any

import torch
from timm.optim.muon import Muon
from torch import nn

from stn_core.experiments.recipes import Recipe


def rate_factor(recipe: Recipe, progress: float) -> float:
    """What the learning rate is multiplied by when ``progress`` in [0, 1] of the run is over."""
    if recipe.schedule == "steps":
        return 0.1 ** int(3 * progress)
    if progress < recipe.warmup_fraction:
        return 0.04 + 0.96 * progress / recipe.warmup_fraction
    return (1 + cos(pi * (progress - recipe.warmup_fraction) / (1 - recipe.warmup_fraction))) / 2


def create_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD, AdamW or Muon, localisation at its own rate; "peak" is a group's highest rate.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) moves the filters of
    convolutions, as matrices (F, C * h * w), by orthogonal updates at ``muon_lr``; everything else
    moves as with torch's AdamW. timm's Muon leaves filters of one channel to AdamW unless
    ``use_muon`` says otherwise, its AdamW is NAdamW where ``nesterov`` is set, and the defaults of
    ``betas`` and ``eps`` are others.
    """
    muon = recipe.optimiser == "muon"
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        filters = muon and parameter.ndim == 4
        groups.setdefault(("localisation" in name, filters), []).append(parameter)
    described: list[dict[str, Any]] = []
    for (localisation, filters), parameters in groups.items():
        peak = (recipe.muon_lr if filters else recipe.lr) * (
            recipe.localisation_lr_scale if localisation else 1
        )
        described.append({"params": parameters, "peak": peak})
        if muon:
            described[-1] |= {"use_muon": filters, "nesterov": filters}
    if muon:
        return Muon(
            described,
            lr=recipe.lr,
            weight_decay=recipe.weight_decay,
            ns_coefficients="original",
            adjust_lr_fn=None,
            betas=(0.9, 0.999),
            eps=1e-8,
        )
    kind = torch.optim.SGD if recipe.optimiser == "sgd" else torch.optim.AdamW
    return kind(described, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True)
