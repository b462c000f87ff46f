"""Honest probabilities: one temperature for all logits, fitted on digits or birds that no training
saw (Guo et al. 2017).

Smoothed labels teach a network to be less sure than it may be, many epochs teach it to be too sure.
Dividing the logits by one number mends both and changes no answer; here the last layer takes it in,
so that a model stays what it was.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TEMPERATURES = torch.logspace(-1, 1, 201)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """What logits (N, classes) are to be divided by for the largest likelihood of labels (N,):
    between 0.1 and 10."""
    losses = torch.stack([F.cross_entropy(logits / t, labels) for t in TEMPERATURES])
    return TEMPERATURES[losses.argmin()].item()


@torch.no_grad()
def apply_temperature(layer: nn.Linear, temperature: float) -> None:
    """Divide what the layer puts out by a temperature."""
    for parameter in layer.parameters():
        parameter.div_(temperature)
