"""Would a bird model answer the same in bfloat16, and how much sooner?

    python -m benchmarks.bfloat16 [checkpoints/birds/cub50-2st-cnn.safetensors] [--every 5]

Every fifth of the official test photographs is answered twice, one at a time, as a page does it:
in float32, and with convolutions and linear layers in bfloat16. Prints how many answers differ, how
far probabilities and windows do, and the ratio of the times.
"""

import time
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from benchmarks.command import options_parser, spread
from stn_core import load_checkpoint
from stn_core.data.cub import cub
from stn_core.experiments.registry import SPECIES
from stn_core.models.backbone import SIDE
from stn_core.training.precision import cpu_has_bfloat16


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument(
        "checkpoint", nargs="?", default="checkpoints/birds/cub50-2st-cnn.safetensors"
    )
    parser.add_argument("--every", type=int, default=5)
    options = parser.parse_args()
    checkpoint = load_checkpoint(options.checkpoint)
    model: Any = checkpoint.model.eval()
    birds = cub("test", None, SPECIES[checkpoint.experiment.data])
    chosen = range(0, len(birds.labels), options.every)

    seconds = [0.0, 0.0]
    probabilities: list[list[Tensor]] = [[], []]
    thetas: list[list[Tensor]] = [[], []]
    for i in track(chosen, "photographs", console=Console(stderr=True)):
        image = birds.photograph(i, SIDE)[None]
        for coarse in (0, 1):
            start = time.perf_counter()
            with (
                torch.inference_mode(),
                torch.autocast("cpu", torch.bfloat16, enabled=bool(coarse)),
            ):
                answer = model.explain(image)
            seconds[coarse] += time.perf_counter() - start
            probabilities[coarse].append(answer.logits.softmax(1))
            thetas[coarse].extend(trace.theta for trace in answer.transformers)

    exact, rough = (torch.cat(rows) for rows in probabilities)
    answers = exact.argmax(1, keepdim=True)
    differ = (rough.argmax(1, keepdim=True) != answers).sum().item()
    apart = 100 * (exact - rough).gather(1, answers).abs().flatten()
    print(f"this CPU has bfloat16: {cpu_has_bfloat16()}")
    print(f"{differ} of {len(exact)} answers differ")
    print(f"the answer's probability differs by {spread(apart.tolist(), ' points', 1)}")
    if thetas[0]:
        moved = (torch.cat(thetas[0]) - torch.cat(thetas[1])).abs().amax(1) * SIDE / 2
        print(f"windows differ by {spread(moved.tolist(), f' pixels of {SIDE}', 1)}")
    print(f"bfloat16 takes {seconds[1] / seconds[0]:.2f} of the time of float32")


if __name__ == "__main__":
    main()
