"""Digits, distorted afresh at every step."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from stn_core.data.mnist import Digits, gallery, mnist, training_digits
from stn_core.evaluation.digit_metrics import error, validation_answers, validation_error
from stn_core.experiments.recipes import Recipe
from stn_core.experiments.registry import Experiment
from stn_core.training.calibration import apply_temperature, fit_temperature
from stn_core.training.digit_batches import digit_batch
from stn_core.training.precision import round_weights
from stn_core.training.recording import Recorder
from stn_core.training.schedule import create_optimiser
from stn_core.transformer.spatial_transformer import ExplainableModel

TEST_SEED = 0  # of the distortions of the test digits in the error that a checkpoint carries


class DigitTask:
    """Digits, distorted afresh at every step."""

    def __init__(
        self, experiment: Experiment, recipe: Recipe, seed: int, data: Any, limit: int | None
    ) -> None:
        digits, shown = training_digits(data), gallery()
        self.digits, self.test = (
            Digits(digits.images[:limit], digits.labels[:limit]),
            mnist("test", data),
        )
        # they are sorted by class
        apart = max(1, len(shown.labels) // (limit or len(shown.labels)))
        self.validation = Digits(shown.images[::apart], shown.labels[::apart])
        self.experiment, self.recipe, self.seed = experiment, recipe, seed

    @property
    def count(self) -> int:
        return len(self.digits.labels)

    def create_model(self, fresh: bool) -> ExplainableModel:
        return self.experiment.create_model()

    def create_optimiser(self, model: nn.Module) -> torch.optim.Optimizer:
        return create_optimiser(model, self.recipe)

    def batch(self, step: int) -> tuple[tuple[Tensor, ...], Tensor]:
        images, labels = digit_batch(
            self.digits, self.experiment.data, self.recipe, self.seed, step
        )
        return (images,), labels

    def create_recorder(self, total: int) -> Recorder:
        return Recorder(self.experiment, total, self.recipe.batch_size)

    def validation_error(self, model: nn.Module, device: torch.device) -> float:
        return validation_error(model, self.validation, self.experiment.data, device)

    def finish(self, model: Any, device: torch.device) -> tuple[torch.dtype, dict[str, Any]]:
        """Half precision where that costs at most one error in 10 000 on the validation digits."""
        kind = self.experiment.data
        answered = validation_answers(model, self.validation, kind, device)
        apply_temperature(model.classifier[-1], fit_temperature(*answered))
        halved = copy.deepcopy(model)
        round_weights(halved, torch.float16)
        full, half = (
            validation_error(m, self.validation, kind, device, repeats=4) for m in (model, halved)
        )
        dtype, wrong = (torch.float16, half) if half <= full + 0.01 else (torch.float32, full)
        round_weights(model, dtype)  # what is measured is what is stored
        tested = error(model, self.test, kind, TEST_SEED, device)
        return dtype, {"validation_error": wrong, "test_error": tested, "test_seed": TEST_SEED}
