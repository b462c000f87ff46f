"""The last layer fitted anew on streams at rest: multinomial logistic regression.

While the streams move, the layer above them follows, and ends with weights that suit photographs
known by heart. With features that stand still its best weights are a convex problem with one
solution, whatever it started from.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ITERATIONS = 100


def fit(layer: nn.Linear, features: Tensor, labels: Tensor, decay: float) -> None:
    """Fit ``layer``: W and b minimise the mean cross-entropy plus decay / 2 |W|^2.

    Args:
        features: (N, C); W is counted in units of their standard deviation, one for all channels,
            so that ``decay`` > 0 means the same for every backbone.
        labels: (N,) int64.
    """
    mean, scale = features.mean(0), features.std().clamp(min=1e-6)
    inputs, labels = ((features - mean) / scale).double().cpu(), labels.cpu()
    weight = torch.zeros(
        inputs.shape[1], layer.out_features, dtype=torch.double, requires_grad=True
    )
    bias = torch.zeros(layer.out_features, dtype=torch.double, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, tolerance_grad=1e-7, line_search_fn="strong_wolfe"
    )

    def objective() -> Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(inputs @ weight + bias, labels) + decay / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(objective)
    with torch.no_grad():
        weight /= scale.cpu()
        layer.weight.copy_(weight.T)
        layer.bias.copy_(bias - mean.double().cpu() @ weight)
