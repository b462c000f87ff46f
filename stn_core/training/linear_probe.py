"""The last layer fitted anew on streams at rest: multinomial logistic regression.

While the streams move, the layer above them follows, and ends with weights that suit photographs
known by heart. With features that stand still its best weights are a convex problem with one
solution, whatever it started from.

Of streams that have seen no birds yet most of the scatter within a species says nothing about it.
Features can therefore be measured by that scatter first, as in linear discriminant analysis: what
varies within a species anyway counts less.

Several streams at rest have a regression each, and how much each one's scores count is found by
cross-validation (stacked generalisation, Wolpert 1992): a stream that adds little to the others
counts less. The sum of their scores is one linear layer again.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.data.cub import rank_within_class

ITERATIONS = 100
FOLDS = 5


class Scores(NamedTuple):
    """Scores for K classes that are linear in C features."""

    weight: Tensor  # (C, K)
    bias: Tensor  # (K,)

    def of(self, features: Tensor) -> Tensor:
        """Features (N, C) -> (N, K)."""
        return features @ self.weight + self.bias


def fit(
    layer: nn.Linear,
    features: Tensor,
    labels: Tensor,
    decay: float,
    shrinkage: float = 1.0,
    streams: int = 1,
) -> None:
    """Fit ``layer``, stream by stream (``regression``), and weigh the streams (``stacking``).

    Weights need streams that have not learned from these photographs: those that have are sure of
    each of them. They are fitted as one (``streams`` = 1).

    Args:
        features: (V, N, C), V views of N photographs, the first as they are; of all streams, one
            after the other.
        labels: (N,) int64.
        decay: see ``regression``.
        shrinkage: see ``regression``.
        streams: how many parts of C / streams features each there are.
    """
    labels = labels.cpu()
    parts = features.double().cpu().chunk(streams, dim=2)
    classes = layer.out_features

    views = labels.repeat(features.shape[0])
    scores = [regression(part.flatten(0, 1), views, classes, decay, shrinkage) for part in parts]
    counts = torch.ones(streams, dtype=torch.double)
    judged = folds(labels) >= 0
    if streams > 1 and judged.any():
        unseen = [unseen_scores(part, labels, classes, decay, shrinkage) for part in parts]
        counts = stacking(torch.stack(unseen)[:, judged], labels[judged])
    with torch.no_grad():
        weights = [count * one.weight for count, one in zip(counts, scores, strict=True)]
        layer.weight.copy_(torch.cat(weights).T)
        layer.bias.copy_(counts @ torch.stack([one.bias for one in scores]))


def regression(
    features: Tensor, labels: Tensor, classes: int, decay: float, shrinkage: float = 1.0
) -> Scores:
    """The W and b that minimise the mean cross-entropy plus decay / 2 |W|^2.

    Args:
        features: (N, C) float64; W is counted in units of their standard deviation, once they are
            measured, one for all channels, so that ``decay`` > 0 means the same for every backbone.
        labels: (N,) int64.
        shrinkage: in (0, 1]; below 1 the features are measured by their scatter within a class
            (``whitening``).
    """
    mean = features.mean(0)
    measure = whitening(features, labels, shrinkage) if shrinkage < 1 else None
    inputs = features - mean if measure is None else (features - mean) @ measure
    scale = (features if measure is None else inputs).std().clamp(min=1e-6)
    inputs = inputs / scale
    weight = torch.zeros(inputs.shape[1], classes, dtype=torch.double, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.double, requires_grad=True)
    minimise(
        [weight, bias],
        lambda: F.cross_entropy(inputs @ weight + bias, labels) + decay / 2 * weight.square().sum(),
    )
    with torch.no_grad():
        weight = (weight if measure is None else measure @ weight) / scale
        return Scores(weight, bias - mean @ weight)


def unseen_scores(
    features: Tensor, labels: Tensor, classes: int, decay: float, shrinkage: float
) -> Tensor:
    """The scores (N, K) of photographs as they are, each by a ``regression`` on views (V, N, C) of
    those in other folds (``folds``); 0 for one in none."""
    fold = folds(labels)
    scores = torch.zeros(len(labels), classes, dtype=features.dtype)
    for k in fold[fold >= 0].unique():
        seen = features[:, fold != k]
        known = labels[fold != k].repeat(len(seen))
        fitted = regression(seen.flatten(0, 1), known, classes, decay, shrinkage)
        scores[fold == k] = fitted.of(features[0, fold == k])
    return scores


def whitening(features: Tensor, labels: Tensor, shrinkage: float) -> Tensor:
    """The M (C, C) for which features (N, C) times M have the same scatter within the classes in
    all directions: M M^T = S^-1, where S is the covariance of the features about the means of their
    classes, drawn by ``shrinkage`` towards the mean of its diagonal (Ledoit and Wolf, 2004)."""
    classes, numbers = labels.unique(return_inverse=True)
    means = torch.stack([features[labels == label].mean(0) for label in classes])
    apart = features - means[numbers]
    scatter = apart.T @ apart / len(apart)
    sphere = scatter.diagonal().mean().clamp(min=1e-12) * torch.eye(len(scatter)).to(scatter)
    factor = torch.linalg.cholesky((1 - shrinkage) * scatter + shrinkage * sphere)
    return torch.linalg.solve_triangular(factor.T, torch.eye(len(factor)).to(factor), upper=True)


def folds(labels: Tensor) -> Tensor:
    """Which of ``FOLDS`` parts each of N photographs is in, (N,): each class is spread evenly. −1
    for the only one of its class, which no other photograph could teach."""
    alone = labels.bincount()[labels] == 1
    return (rank_within_class(labels) % FOLDS).where(~alone, -1)


def stacking(scores: Tensor, labels: Tensor) -> Tensor:
    """How much the scores (M, N, K) of M streams count, (M,) positive: the weights whose weighted
    sum has the least cross-entropy with labels (N,).

    The scores have to be for photographs that the streams' regressions have not seen: of those they
    have, every stream is sure.
    """
    logarithms = torch.zeros(len(scores), dtype=torch.double, requires_grad=True)
    minimise(
        [logarithms],
        lambda: F.cross_entropy(torch.tensordot(logarithms.exp(), scores, dims=1), labels),
    )
    return logarithms.detach().exp()


def minimise(parameters: list[Tensor], loss: Callable[[], Tensor]) -> None:
    """Change the parameters by L-BFGS until the loss is least."""
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=ITERATIONS, tolerance_grad=1e-7, line_search_fn="strong_wolfe"
    )

    def step() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(step)
