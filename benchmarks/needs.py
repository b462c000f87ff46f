"""What training a bird model needs, from its measured operations and what its backward pass keeps.

    python -m benchmarks.needs [--model 4st-cnn] [--data cub200] [--photographs 5994] [--teraflops
    5]

Hours are an estimate: the operations of the forward pass, three times for the backward pass with
it, at a speed that a GPU reaches with such networks, a tenth or so of what its maker says.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.command import options_parser
from stn_core import EXPERIMENTS

PHOTOGRAPHS = 4  # measured at once


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--model", default="4st-cnn")
    parser.add_argument("--data", default="cub200", choices=["cub50", "cub200"])
    parser.add_argument("--recipe", default="paper", choices=["paper", "ours"])
    parser.add_argument("--photographs", type=int, default=5994, help="in the training split")
    parser.add_argument("--teraflops", type=float, default=5.0, help="that the GPU reaches")
    options = parser.parse_args()
    experiment = EXPERIMENTS[f"{options.data}-{options.model}"]
    recipe, model = experiment.recipe(options.recipe), experiment.create_model().train()
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    images = torch.rand(PHOTOGRAPHS, 3, 448, 448)
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        FlopCounterMode(display=False) as counter,
    ):
        model(images)
    activations = sum(kept.values()) / PHOTOGRAPHS
    operations = 3 * counter.get_total_flops() / PHOTOGRAPHS
    weights = sum(parameter.numel() for parameter in model.parameters())
    # weights, gradients, momentum, average; float32
    memory = 4 * 4 * weights + recipe.batch_size * activations
    total = operations * options.photographs * recipe.epochs
    print(f"{experiment.name}, recipe {options.recipe}: {weights / 1e6:.1f} million parameters")
    print(
        f"a photograph, forward and backward: {operations / 1e9:.1f} GFLOP, "
        f"{activations / 1e6:.0f} MB kept for the backward pass"
    )
    print(f"memory for batches of {recipe.batch_size}: about {memory / 1e9:.1f} GB in float32")
    print(
        f"{recipe.epochs} epochs of {options.photographs} photographs: {total / 1e15:.1f} PFLOP, "
        f"{total / options.teraflops / 1e12 / 3600:.1f} h at {options.teraflops:g} TFLOP/s"
    )


if __name__ == "__main__":
    main()
