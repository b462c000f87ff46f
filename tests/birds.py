"""Small models for birds, and photographs of noise."""

import torch

from stn_core import create_model

SMALL = {"backbone": "test_efficientnet", "classes": 7}  # timm's smallest, without weights


def new(name, **options):
    torch.manual_seed(0)
    return create_model(name, "cub50", **{**SMALL, **options}).eval()


def photographs(count=2, seed=0):
    return torch.rand(count, 3, 448, 448, generator=torch.Generator().manual_seed(seed))
