"""How well a bird model's last layer does, by cross-validation on the training photographs.

    python -m benchmarks.last_layer [checkpoints/birds/cub50-2st-cnn.safetensors]

For models whose streams keep their ImageNet weights (``--epochs 0``): others know the photographs.
The layer is fitted anew, five times without a fifth of the photographs, on which it is then judged:
on each stream alone, as one regression on all streams, and as one for each stream, whose scores are
added with weights, as a training does it (linear_probe.py). The weights for a fifth come from
the others; the temperature, at which the cross-entropy is taken, from all.
"""

from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.command import options_parser
from stn_core import EXPERIMENTS, load_checkpoint
from stn_core.evaluation.bird_metrics import wilson_interval
from stn_core.experiments.recipes import BirdRecipe
from stn_core.training.bird_task import BirdTask
from stn_core.training.calibration import fit_temperature
from stn_core.training.linear_probe import FOLDS, folds, stacking, unseen_scores


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument(
        "checkpoint", nargs="?", default="checkpoints/birds/cub50-2st-cnn.safetensors"
    )
    checkpoint = load_checkpoint(parser.parse_args().checkpoint)
    model: Any = checkpoint.model
    run = checkpoint.provenance
    if run["recipe"]["epochs"]:
        parser.error("the model's streams have learned from these photographs")
    settings = [f"{name}={run['recipe'][name]}" for name in ("last_layer", "shrinkage")]
    recipe = EXPERIMENTS[checkpoint.experiment.name].recipe("ours")
    recipe = recipe.changed([*settings, "val_every=0"])
    assert isinstance(recipe, BirdRecipe)
    task = BirdTask(checkpoint.experiment, recipe, 0, low_precision=run["precision"] == "bf16")
    features = task.features(model, task.birds, torch.device("cpu")).double()
    labels, fold = task.birds.labels, folds(task.birds.labels)

    def unseen(part: Tensor) -> Tensor:
        classes = len(task.birds.classes)
        return unseen_scores(part, labels, classes, recipe.last_layer, recipe.shrinkage)

    def weighed(scores: Tensor) -> Tensor:
        """The sum of the streams' scores (M, N, K), by weights from the other folds."""
        mixed = torch.zeros_like(scores[0])
        for k in range(FOLDS):
            counts = stacking(scores[:, fold != k], labels[fold != k])
            mixed[fold == k] = torch.tensordot(counts, scores[:, fold == k], dims=1)
        return mixed

    count = len(model.streams)
    names = [f"window {i + 1}" for i in range(len(model.transformers))]
    names += ["the whole photograph"] if model.whole else []
    each = torch.stack([unseen(part) for part in features.chunk(count, dim=2)])
    rows = dict(zip(names, each, strict=True))
    if count > 1:
        rows |= {"one regression on all": unseen(features), "one for each, weighed": weighed(each)}
    table = Table("the last layer sees", "accuracy %", "cross-entropy")
    for name, scores in rows.items():
        right = "{:.1f} ({:.1f} to {:.1f})".format(*wilson_interval(scores.argmax(1) == labels))
        table.add_row(name, right, f"{losses(scores, labels).mean():.3f}")
    console = Console(width=120)
    console.print(table)
    if count > 1:
        console.print(f"weights: {', '.join(f'{by:.2f}' for by in stacking(each, labels))}")
        one, other = (losses(scores, labels) for scores in list(rows.values())[-2:])
        error = (one - other).std() / len(labels) ** 0.5
        difference = f"{(one - other).mean():.3f} ± {error:.3f}"
        console.print(f"cross-entropy, one regression minus weighed: {difference} (standard error)")


def losses(scores: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each photograph (N,)."""
    return F.cross_entropy(scores / fit_temperature(scores, labels), labels, reduction="none")


if __name__ == "__main__":
    main()
