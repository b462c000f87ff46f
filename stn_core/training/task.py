"""What a run learns from and is judged by."""

from typing import Any, Protocol

import torch
from torch import Tensor

from stn_core.experiments.recipes import BirdRecipe, Recipe
from stn_core.experiments.registry import Experiment
from stn_core.training.bird_task import BirdTask
from stn_core.training.digit_task import DigitTask
from stn_core.transformer.spatial_transformer import ExplainableModel


class Task(Protocol):
    """What a run learns from and is judged by: digits, or birds (bird_task.py)."""

    experiment: Experiment

    @property
    def count(self) -> int:
        """How many pictures there are to train on."""

    def create_model(self, fresh: bool) -> ExplainableModel:
        """The model: if ``fresh``, for the first step, else to be filled from a saved state."""

    def create_optimiser(self, model: Any) -> torch.optim.Optimizer: ...

    def batch(self, step: int) -> tuple[tuple[Tensor, ...], Tensor]:
        """Step ``step``'s inputs (batch_size, ...), pictures first, and labels (batch_size,)."""

    def create_recorder(self, total: int) -> Any:
        """What records a run of ``total`` steps."""

    def validation_error(self, model: Any, device: torch.device) -> float:
        """In per cent."""

    def finish(self, model: Any, device: torch.device) -> tuple[torch.dtype, dict[str, Any]]:
        """Bring a trained model's probabilities in line with how often it is right, without another
        answer, and round its weights to the precision of its checkpoint. Back come that precision
        and what the checkpoint says of the model: with a "test_error" and, if there are pictures
        for it, a "validation_error", both in per cent."""


def create_task(
    experiment: Experiment,
    recipe: Recipe,
    seed: int,
    data: Any,
    out: Any,
    limit: int | None,
    device: Any,
    low_precision: bool,
) -> Task:
    """Digits or birds. DataError if the data is not to be had."""
    if not experiment.birds:
        return DigitTask(experiment, recipe, seed, data, limit)
    if not isinstance(recipe, BirdRecipe):
        raise ValueError(
            f"{experiment.name} needs a recipe for birds, such as "
            f"EXPERIMENTS[{experiment.name!r}].recipe('ours')"
        )
    return BirdTask(experiment, recipe, seed, data, out, limit, device, low_precision)
