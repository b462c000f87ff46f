"""The last layer fitted anew on streams at rest: multinomial logistic regression.

While the streams move, the layer above them follows, and ends with weights that suit photographs
known by heart. With features that stand still its best weights are a convex problem with one
solution, whatever it started from.

Of streams that have seen no birds yet most of the scatter within a species says nothing about it.
Features can therefore be measured by that scatter first, as in linear discriminant analysis: what
varies within a species anyway counts less.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ITERATIONS = 100


def fit(
    layer: nn.Linear,
    features: Tensor,
    labels: Tensor,
    decay: float,
    shrinkage: float = 1.0,
    streams: int = 1,
) -> None:
    """Fit ``layer``: W and b minimise the mean cross-entropy plus decay / 2 |W|^2.

    Args:
        features: (N, C); W is counted in units of their standard deviation, one for all channels,
            so that ``decay`` > 0 means the same for every backbone.
        labels: (N,) int64.
        shrinkage: in (0, 1]; below 1 each stream's features are measured by its scatter within a
            class (``whitening``).
        streams: how many parts of C / streams features each there are.
    """
    features, labels = features.double().cpu(), labels.cpu()
    measure = torch.block_diag(
        *(whitening(part, labels, shrinkage) for part in features.chunk(streams, dim=1))
    )
    mean = features.mean(0)
    inputs = (features - mean) @ measure
    scale = (inputs if shrinkage < 1 else features).std().clamp(min=1e-6)
    inputs /= scale
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
        weight = measure @ weight / scale
        layer.weight.copy_(weight.T)
        layer.bias.copy_(bias - mean @ weight)


def whitening(features: Tensor, labels: Tensor, shrinkage: float) -> Tensor:
    """The M (C, C) for which features (N, C) times M have the same scatter within the classes in
    all directions: M M^T = S^-1, where S is the covariance of the features about the means of their
    classes, drawn by ``shrinkage`` towards the mean of its diagonal (Ledoit and Wolf, 2004). With 1
    that is the identity, and it is not computed."""
    if shrinkage == 1:
        return torch.eye(features.shape[1], dtype=features.dtype)
    classes, numbers = labels.unique(return_inverse=True)
    means = torch.stack([features[labels == label].mean(0) for label in classes])
    apart = features - means[numbers]
    scatter = apart.T @ apart / len(apart)
    sphere = scatter.diagonal().mean().clamp(min=1e-12) * torch.eye(len(scatter)).to(scatter)
    factor = torch.linalg.cholesky((1 - shrinkage) * scatter + shrinkage * sphere)
    return torch.linalg.solve_triangular(factor.T, torch.eye(len(factor)).to(factor), upper=True)
