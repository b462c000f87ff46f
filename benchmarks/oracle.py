"""What a distortion leaves to be recognised: a CNN behind a transformer that knows the true map,
beside the trained models.

    python -m benchmarks.oracle [--kind p | pxy | r] [--epochs 80] [--to assets/oracle.json]

The best a spatial transformer can learn is to undo the distortion exactly. So a CNN is trained,
with the recipe of the table, on digits that were distorted and then warped back by the true map:
most of what it still gets wrong was squeezed to a speck or pushed out of the canvas. Test digits
are told apart by how much of them is left: the cosine between the digit and itself, distorted and
warped back. The results page reads what ``--to`` writes; other kinds in that file stay.
"""

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from benchmarks.command import options_parser
from stn_core import DISTORTIONS, EXPERIMENTS, TRANSFORMS, create_model, load_checkpoint, sample
from stn_core.allocator import keep_freed_memory
from stn_core.data.distortions import DIGIT, CornerNoise, Parameters, Projection
from stn_core.data.mnist import gallery, mnist, training_digits
from stn_core.evaluation.digit_metrics import VALIDATION_SEED, predict_logits
from stn_core.evaluation.measure import SEEDS
from stn_core.experiments.checkpoints import find_checkpoint
from stn_core.experiments.provenance import commit
from stn_core.experiments.recipes import RECIPES
from stn_core.files import write_file
from stn_core.training.digit_batches import augmented_batch
from stn_core.training.schedule import create_optimiser, rate_factor

SIZE = (DIGIT, DIGIT)
LEFT = (0.0, 0.8, 0.95, 1.01)  # of a digit, from one bin to the next
TRUTH = "the true inverse map"


def turned_back(images: Tensor, parameters: Parameters) -> Tensor:
    """R undone: distorted images (N, 1, 28, 28) turned back by their angles."""
    angle = parameters["angle"]
    zero = torch.zeros_like(angle)
    return sample(
        images,
        TRANSFORMS["similarity"].grid(
            torch.stack((angle.cos(), angle.sin(), zero, zero), dim=1), SIZE
        ),
    )


def straightened(distortion: Projection, images: Tensor, parameters: Parameters) -> Tensor:
    """P undone: images (N, 1, 28, 28), sampled where their maps have put the digits' pixels."""
    matrix = distortion.homography(parameters)
    theta = (matrix / matrix[:, 2:, 2:]).flatten(1)[:, :8].float()
    return sample(images, TRANSFORMS["projective"].grid(theta, SIZE))


UNDONE: dict[str, Callable[[Tensor, Parameters], Tensor]] = {
    "r": turned_back,
    "p": partial(straightened, Projection()),
    "pxy": partial(straightened, CornerNoise()),
}


def distorted_and_undone(digits: Tensor, kind: str, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Digits (N, 28, 28) distorted, and the same warped back: both (N, 1, 28, 28)."""
    parameters = DISTORTIONS[kind].draw(len(digits), draw)
    images = DISTORTIONS[kind].apply(digits, parameters)
    return images, UNDONE[kind](images, parameters)


def trained(kind: str, epochs: int) -> nn.Module:
    """The CNN of the table, trained as there, on undone digits."""
    torch.manual_seed(0)
    digits, recipe = (
        training_digits(),
        replace(EXPERIMENTS[f"{kind}-cnn"].recipe("ours"), epochs=epochs),
    )
    model = create_model("cnn", kind).to(memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay))
    optimiser = create_optimiser(model, recipe)
    total = epochs * (len(digits.labels) // recipe.batch_size)
    for step in track(
        range(total), "CNN behind the true inverse map", console=Console(stderr=True)
    ):
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * rate_factor(recipe, step / total)
        bent, labels, draw = augmented_batch(digits, recipe, 0, step)
        _, images = distorted_and_undone(bent, kind, draw)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(images)
        F.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing).backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.max_grad_norm)
        optimiser.step()
        optimiser.zero_grad()
        average.update_parameters(model)
    return average.module.eval()


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--kind", choices=list(UNDONE), default="p")
    parser.add_argument("--epochs", type=int, default=RECIPES["ours"].epochs)
    parser.add_argument("--to", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    keep_freed_memory()
    kind, oracle = options.kind, trained(options.kind, options.epochs)
    images, labels = gallery()
    _, undone = distorted_and_undone(images, kind, torch.Generator().manual_seed(VALIDATION_SEED))
    wrong = (predict_logits(oracle, undone).argmax(1) != labels).double()
    print(
        f"behind the true inverse map, {options.epochs} epochs: validation error "
        f"{100 * wrong.mean():.2f} %"
    )

    digits = mnist("test")
    paths = {
        name: find_checkpoint(e)
        for name, e in EXPERIMENTS.items()
        if e.data == kind and not e.variant
    }
    models = {name: load_checkpoint(path).model for name, path in paths.items() if path.is_file()}
    errors: dict[str, list[Tensor]] = {TRUTH: [], **{name: [] for name in models}}
    left = []
    for seed in SEEDS:
        distorted, undone = distorted_and_undone(
            digits.images, kind, torch.Generator().manual_seed(seed)
        )
        left.append(F.cosine_similarity(undone.flatten(1), digits.images.flatten(1).float()))
        errors[TRUTH].append(predict_logits(oracle, undone).argmax(1) != digits.labels)
        for name, model in models.items():
            errors[name].append(predict_logits(model, distorted).argmax(1) != digits.labels)
    kept = torch.cat(left)
    bins = [(kept >= low) & (kept < high) for low, high in pairwise(LEFT)]
    heads = [f"{low:g} to {min(high, 1):g}" for low, high in pairwise(LEFT)]
    shares = [round(100 * one.double().mean().item(), 2) for one in bins]
    table = Table(
        "behind", "error %", *heads, title=f"test error by what is left of the digit, seeds {SEEDS}"
    )
    table.add_row("(share of the digits, %)", "", *(f"{share:.1f}" for share in shares))
    figures = {}
    for name, wrongs in errors.items():
        each = torch.cat(wrongs).double()
        figures[name] = [
            round(100 * part.mean().item(), 2) for part in (each, *(each[one] for one in bins))
        ]
        table.add_row(
            name, f"{figures[name][0]:.2f}", *(f"{figure:.1f}" for figure in figures[name][1:])
        )
    Console().print(table)
    if options.to:
        about = {
            "command": f"python -m benchmarks.oracle --kind {kind} --epochs {options.epochs}",
            "commit": commit(),
        }
        about |= {
            "date": datetime.date.today().isoformat(),
            "left": LEFT,
            "shares": shares,
            "errors": figures[TRUTH],
        }
        others = json.loads(options.to.read_text()) if options.to.is_file() else {}
        write_file(options.to, json.dumps(others | {kind: about}, indent=1) + "\n")


if __name__ == "__main__":
    main()
