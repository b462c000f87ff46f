"""Randomness that is a function of seed and step, so that a run can be killed and resumed, and
shared by several processes."""

import torch
from torch import Tensor

from stn_core.tensor_cache import tensor_cache


@tensor_cache(maxsize=2)
def epoch_permutation(count: int, seed: int, epoch: int) -> Tensor:
    """The order in which an epoch goes through ``count`` pictures: a permutation (count,)."""
    return torch.randperm(count, generator=step_generator(seed, epoch, 0))


def step_generator(seed: int, count: int, purpose: int) -> torch.Generator:
    """A generator for the ``count``-th draw of a kind: purpose 0 orders epochs, 1 changes the
    pictures of a step."""
    return torch.Generator().manual_seed((seed * 2 + purpose) * 1_000_003 + count)
