"""Why a plain CNN equals ST-CNN affine on TC: errors with the learned and with the true window.

    python -m benchmarks.clutter [--seeds 10]

The true window has the learned windows' mean size and lies where the digit is. What it gets wrong,
no better localisation network would mend. The digit's side in what the classifier sees, in pixels,
is 28 times how much the window magnifies it.
"""

import statistics

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.command import options_parser
from stn_core import DISTORTIONS, TRANSFORMS, load_checkpoint
from stn_core.data.distortions import DIGIT
from stn_core.data.mnist import mnist
from stn_core.evaluation.digit_metrics import BATCH, error_rate_on

SIDE = DISTORTIONS["tc"].size[0]


def true_windows(thetas: Tensor, places: Tensor) -> Tensor:
    """The learned windows (N, 6) with their mean linear part and mean offset, around digits whose
    top left corners are ``places`` (N, 2), pixels: (N, 6)."""
    centres = (places + DIGIT / 2) * 2 / SIDE - 1
    windows = thetas.mean(0).expand_as(thetas).clone()
    for axis, column in enumerate((2, 5)):
        windows[:, column] = centres[:, axis] + (thetas[:, column] - centres[:, axis]).mean()
    return windows


@torch.inference_mode()
def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    digits, tc = mnist("test"), DISTORTIONS["tc"]
    cnn, st_cnn = (load_checkpoint(f"tc-{name}").model for name in ("cnn", "st-cnn-affine"))
    errors: dict[str, list[float]] = {}
    sizes, distances = [], []
    for seed in range(options.seeds):
        parameters = tc.draw(len(digits.labels), torch.Generator().manual_seed(seed))
        for case, sources in (
            ("with distractors", parameters["sources"]),
            ("without", torch.zeros_like(parameters["sources"])),
        ):
            images = tc.apply(digits.images, parameters | {"sources": sources})
            thetas = torch.cat(
                [st_cnn.explain(batch).transformers[0].theta for batch in images.split(BATCH)]
            )
            windows = true_windows(thetas, parameters["place"])
            given = zip(images.split(BATCH), windows.split(BATCH), strict=True)
            logits = torch.cat([st_cnn.explain(batch, theta).logits for batch, theta in given])
            wrong = 100 * (logits.argmax(1) != digits.labels).double().mean().item()
            errors.setdefault(f"CNN, {case}", []).append(error_rate_on(cnn, images, digits.labels))
            errors.setdefault(f"ST-CNN affine, {case}", []).append(
                error_rate_on(st_cnn, images, digits.labels)
            )
            errors.setdefault(f"ST-CNN affine, true window, {case}", []).append(wrong)
            if case == "with distractors":
                scale = TRANSFORMS["affine"].decompose(thetas)["scale"].prod(1).abs().sqrt()
                sizes.append(28 / (scale.mean().item() * SIDE / DIGIT))
                distances.append(
                    (thetas - windows)[:, [2, 5]].mul(SIDE / 2).norm(dim=1).mean().item()
                )
    table = Table(
        "",
        "test error %",
        "standard error",
        title=f"{len(digits.labels)} test digits, {options.seeds} seeds",
    )
    for name, found in errors.items():
        spread = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0.0
        table.add_row(name, f"{statistics.fmean(found):.2f}", f"{spread:.2f}")
    console = Console()
    console.print(table)
    console.print(
        "side of the digit that the classifier behind the transformer sees: "
        f"{statistics.fmean(sizes):.1f} of 28 pixels"
    )
    console.print(
        f"distance of a learned window from the true one: {statistics.fmean(distances):.2f} "
        "pixels of the canvas"
    )


if __name__ == "__main__":
    main()
