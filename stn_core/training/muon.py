"""Muon for the filters of convolutions, AdamW for everything else.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) moves a matrix by its momentum
made orthogonal: every direction of the update counts alike, also those in which the gradient is
small. torch's own takes matrices only; here a filter bank (F, C, h, w) is the matrix (F, C * h *
w).
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

MOMENTUM = 0.95


class Muon(torch.optim.AdamW):
    """AdamW, except for the parameter groups with ``"orthogonal": True``, which move by orthogonal
    updates at the group's rate."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        orthogonals = [group for group in self.param_groups if group.get("orthogonal")]
        moving = [
            (each, group)
            for group in orthogonals
            for each in group["params"]
            if each.grad is not None
        ]
        updates = orthogonal(
            [self._ahead(parameter, parameter.grad).flatten(1) for parameter, _ in moving]
        )
        for (parameter, group), update in zip(moving, updates, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(
                group["lr"] * update.view(parameter.shape)
            )
            parameter.grad = None  # AdamW passes it over
        return super().step(closure)

    def _ahead(self, parameter: Tensor, gradient: Tensor) -> Tensor:
        """Nesterov's momentum after the gradient of this step."""
        state = self.state[parameter]
        if not state:
            # AdamW expects one when a state is loaded
            state["step"] = torch.zeros((), device=parameter.device)
            state["momentum"] = torch.zeros_like(parameter)
        state["step"] += 1
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(state["momentum"], MOMENTUM)


def orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """Nearly the orthogonal matrix U V^T of each U S V^T (m, n): singular values around 1.

    Five Newton-Schulz steps X <- p(X X^T) X with the polynomial p(G) = 3.4445 - 4.7750 G + 2.0315
    G^2 of Jordan et al., which lifts small values fast and need not converge to 1. All its powers
    commute, so the steps are taken with the small Gram matrices G = X X^T alone, of all the
    matrices at once, and X is multiplied by the product of the five p(G).
    """
    if not matrices:
        return []
    wide = [matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T for matrix in matrices]
    wide = [each / (each.norm() + 1e-7) for each in wide]
    side = max(len(each) for each in wide)
    # (matrices, side, side)
    gram = torch.stack([F.pad(each @ each.T, (0, side - len(each)) * 2) for each in wide])
    product = None
    for _ in range(5):
        factor = torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315)
        factor.diagonal(dim1=1, dim2=2).add_(3.4445)
        product = factor if product is None else factor @ product
        gram = factor @ gram @ factor
    updates = [
        whole[: len(each), : len(each)] @ each
        for whole, each in zip(product, wide, strict=True)  # type: ignore[arg-type]
    ]
    return [
        u if u.shape == matrix.shape else u.T for u, matrix in zip(updates, matrices, strict=True)
    ]
