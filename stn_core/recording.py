"""Recordings of training: what a model answers on a few fixed digits while it learns.

Only theta and logits are kept, in half precision; the digits and the warps are computed again from the seed when they are shown.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from stn_core.datasets import gallery
from stn_core.distortions import distort
from stn_core.experiments import Experiment
from stn_core.spatial_transformer import ExplainableModel

DIGITS = 64
MOMENTS = 100
SEED = 64


def recorded_digits(kind: str) -> tuple[Tensor, Tensor]:
    """The digits of every recording: distorted gallery images (64, 1, H, W) and their labels (64,)."""
    images, labels = gallery()
    chosen = torch.arange(DIGITS) % 10 * 500 + torch.arange(DIGITS) // 10  # the classes in turn
    return distort(images[chosen], kind, SEED), labels[chosen]


class Recorder:
    """Collects logits (M, 64, 10) and, for a model with a transformer, theta (M, 64, P) at M moments, denser at the start."""

    def __init__(self, experiment: Experiment, total: int) -> None:
        self.experiment = experiment
        self.images, self.labels = recorded_digits(experiment.data)
        spaced = torch.logspace(0, 1, MOMENTS, base=total + 1, dtype=torch.float64)
        self.moments = sorted({0, total, *(int(step) - 1 for step in spaced)})
        self.steps: list[int] = []
        self.logits: list[Tensor] = []
        self.theta: list[Tensor] = []

    @torch.inference_mode()
    def record(self, step: int, model: ExplainableModel) -> None:
        """Record ``model`` before step ``step``, if that is one of the moments."""
        if step not in self.moments or step in self.steps:
            return
        answer = model.explain(self.images.to(next(model.parameters()).device))
        self.steps.append(step)
        self.logits.append(answer.logits.half().cpu())
        self.theta += [trace.theta.half().cpu() for trace in answer.transformers]

    def state(self) -> dict[str, Tensor]:
        stacked = {"step": torch.tensor(self.steps), "logits": torch.stack(self.logits)}
        return stacked | ({"theta": torch.stack(self.theta)} if self.theta else {})

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a ``state``; an empty one, of a run that was not recorded until now, leaves the first moments out."""
        if not state:
            return
        self.steps, self.logits = state["step"].tolist(), list(state["logits"])
        self.theta = list(state.get("theta", ()))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        about = {"experiment": self.experiment.name, "digits": DIGITS, "seed": SEED}
        save_file(self.state(), folder / f"{self.experiment.name}.safetensors", metadata={"stn": json.dumps(about)})
