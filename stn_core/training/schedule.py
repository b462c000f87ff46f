"""The optimiser, and how its learning rates go."""

from math import cos, pi
from typing import Any

import torch
from torch import nn

from stn_core.experiments.recipes import Recipe
from stn_core.training.muon import Muon


def rate_factor(recipe: Recipe, progress: float) -> float:
    """What the learning rate is multiplied by when ``progress`` in [0, 1] of the run is over."""
    if recipe.schedule == "steps":
        return 0.1 ** int(3 * progress)
    if progress < recipe.warmup_fraction:
        return 0.04 + 0.96 * progress / recipe.warmup_fraction
    return (1 + cos(pi * (progress - recipe.warmup_fraction) / (1 - recipe.warmup_fraction))) / 2


def create_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD, AdamW or Muon, localisation at its own rate; "peak" is a group's highest rate."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        filters = recipe.optimiser == "muon" and parameter.ndim == 4
        groups.setdefault(("localisation" in name, filters), []).append(parameter)
    described: list[dict[str, Any]] = []
    for (localisation, filters), parameters in groups.items():
        peak = (recipe.muon_lr if filters else recipe.lr) * (
            recipe.localisation_lr_scale if localisation else 1
        )
        described.append({"params": parameters, "peak": peak, "orthogonal": filters})
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            described, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
        )
    kind = Muon if recipe.optimiser == "muon" else torch.optim.AdamW
    return kind(described, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True)
