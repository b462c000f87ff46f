"""Muon for the filters of convolutions, AdamW for everything else.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) moves a matrix by its momentum made orthogonal: every direction
of the update counts alike, also those in which the gradient is small. torch's own takes matrices only; here a filter bank
(F, C, h, w) is the matrix (F, C * h * w).
"""

from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95


class Muon(torch.optim.AdamW):
    """AdamW, except for the parameter groups with ``"orthogonal": True``, which move by orthogonal updates at the group's rate."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            if group.get("orthogonal"):
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._move(parameter, parameter.grad, group["lr"], group["weight_decay"])
                        parameter.grad = None  # AdamW passes it over
        return super().step(closure)

    def _move(self, parameter: Tensor, gradient: Tensor, rate: float, weight_decay: float) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())  # AdamW expects one when a state is loaded
            state["momentum"] = torch.zeros_like(parameter)
        state["step"] += 1
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(state["momentum"], MOMENTUM)  # Nesterov's momentum
        update = orthogonal(ahead.flatten(1)).view(parameter.shape)
        parameter.mul_(1 - rate * weight_decay).add_(update, alpha=-rate)


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly the orthogonal matrix U V^T of a matrix U S V^T (m, n): its singular values come to lie around 1.

    Five Newton-Schulz steps with the polynomial of Jordan et al., which lifts small values fast and need not converge to 1.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(5):
        gram = wide @ wide.T
        wide = 3.4445 * wide + (2.0315 * gram @ gram - 4.7750 * gram) @ wide
    return wide if matrix.shape[0] <= matrix.shape[1] else wide.T
