"""Images trained a second, ours against the usual way: python -m benchmarks.throughput

The usual way follows the method of PyTorch's tutorial on spatial transformers: torchvision's MNIST
as PIL images, torchvision's transforms on one image after the other in a DataLoader (with as many
workers as serve it best here), and its small network. Ours is ``stn_core.training.loop.train`` as
it is, with the same network made of stn_core's modules and the same optimiser; that both are the
same network is checked first. ``--network st-cnn-affine`` takes the network of our table in place
of the tutorial's. Both see MNIST's training digits, rotated by up to 90 degrees either way, afresh
every time (R), in equal batches.

A clock in the network notes when each training step begins, so everything that a step needs is
counted: reading, distorting, forward, backward, the optimiser's step. Each measurement has a
process of its own; the contestants take turns. Beside the time on the wall it says how much is done
in a second of CPU time, which holds on a busy machine too.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.browser import free_port
from benchmarks.command import options_parser
from stn_core import TRANSFORMS, Experiment, create_model
from stn_core.data.mnist import mnist
from stn_core.data.root import data_root
from stn_core.experiments.recipes import RECIPES
from stn_core.models.one_channel_conv import OneChannelConv2d
from stn_core.training.loop import train
from stn_core.transformer.localisation import Localisation
from stn_core.transformer.spatial_transformer import (
    ExplainableModel,
    Explanation,
    SpatialTransformer,
)

SIZE, WARM_UP, GOAL = (28, 28), 10, 3.0


class EnoughError(Exception):
    """The clock has seen all the steps that it was asked to time."""


class Parts(NamedTuple):
    """What is in a network apart from its transformer."""

    localiser: nn.Module
    width: int  # of what the localiser gives to the regression of theta
    classifier: nn.Module


# filters and side -> a convolution of one-channel images
Convolution = Callable[[int, int], nn.Module]


class Speed(NamedTuple):
    wall: float  # images a second
    work: float  # images a CPU second of the training process; a DataLoader's workers are not in it


class Clock:
    """Notes when steps begin; raises ``EnoughError`` when ``steps`` of them are over."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        # by the clock on the wall, and CPU seconds of this process
        self.times: list[tuple[float, float]] = []

    def tick(self) -> None:
        self.times.append((time.perf_counter(), time.process_time()))
        if len(self.times) > self.steps + WARM_UP:
            raise EnoughError

    def speed(self, batch_size: int) -> Speed:
        wall, work = (
            end - start for start, end in zip(self.times[WARM_UP], self.times[-1], strict=True)
        )
        images = batch_size * (len(self.times) - 1 - WARM_UP)
        return Speed(images / wall, images / work)


def tutorial_parts(convolution: Convolution) -> Parts:
    """The tutorial's localiser, (B, 1, 28, 28) -> (B, 32), and its classifier.

    ``convolution`` makes the classifier's first layer.
    """
    localiser = nn.Sequential(
        nn.Conv2d(1, 8, 7),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(8, 10, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(10 * 3 * 3, 32),
        nn.ReLU(),
    )
    classifier = nn.Sequential(
        convolution(10, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(10, 20, 5),
        nn.Dropout2d(),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(320, 50),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(50, 10),
    )
    return Parts(localiser, 32, classifier)


def table_parts(convolution: Convolution) -> Parts:
    """The same of our ST-CNN affine for distorted MNIST: 64 filters of 9x9 and of 7x7."""
    model = create_model("st-cnn-affine", "r")
    localisation, (first, *rest) = model.transformer.localisation, model.classifier
    width = localisation.regression.in_features
    return Parts(
        localisation.features,
        width,
        nn.Sequential(convolution(first.out_channels, first.kernel_size[0]), *rest),
    )


NETWORKS: dict[str, Callable[[Convolution], Parts]] = {
    "tutorial": tutorial_parts,
    "st-cnn-affine": table_parts,
}


class UsualNetwork(nn.Module):
    """A spatial transformer as the tutorial writes it: affine_grid and grid_sample."""

    def __init__(self, network: str, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock
        self.localise, width, self.classify = NETWORKS[network](
            lambda filters, side: nn.Conv2d(1, filters, side)
        )
        self.regression = nn.Linear(width, 6)
        nn.init.zeros_(self.regression.weight)
        self.regression.bias.data.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]))

    def forward(self, images: Tensor) -> Tensor:
        if self.clock and self.training:
            self.clock.tick()
        theta = self.regression(self.localise(images)).view(-1, 2, 3)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        return self.classify(F.grid_sample(images, grid, align_corners=False))


class OurNetwork(ExplainableModel):
    """The same network of stn_core's modules."""

    def __init__(self, network: str, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock
        localiser, width, self.classify = NETWORKS[network](OneChannelConv2d)
        affine = TRANSFORMS["affine"]
        self.transformer = SpatialTransformer(Localisation(localiser, width, affine), affine, SIZE)

    def explain(self, images: Tensor) -> Explanation:
        if self.clock and self.training:
            self.clock.tick()
        trace = self.transformer(images)
        return Explanation(self.classify(trace.output).float(), (trace,))


def check_equal(network: str) -> None:
    """The same weights give the same answers in both networks."""
    torch.manual_seed(0)
    usual, our = UsualNetwork(network).eval(), OurNetwork(network).eval()
    usual.regression.weight.data.normal_(std=0.05)
    our.transformer.localisation.features.load_state_dict(usual.localise.state_dict())
    our.transformer.localisation.regression.load_state_dict(usual.regression.state_dict())
    our.classify.load_state_dict(usual.classify.state_dict())
    images = torch.rand(8, 1, *SIZE)
    if not torch.allclose(usual(images), our(images), atol=1e-4):
        raise RuntimeError("the two networks differ")


@dataclass(frozen=True)
class Timed(Experiment):
    """The experiment that trains a network with a clock in our loop."""

    clock: Clock | None = None

    def create_model(self) -> ExplainableModel:
        return OurNetwork(self.model, self.clock)


def our_way(
    network: str,
    steps: int,
    batch_size: int,
    threads: int,
    precision: str,
    process: int = 0,
    processes: int = 1,
    port: int = 0,
    recipe: str = "paper",
) -> Speed:
    """``train`` on the CPU, alone or as one of several ``processes`` that share each batch, as with
    torchrun; with the tutorial's optimiser, which is also the paper's, unless another recipe is
    named."""
    torch.set_num_threads(threads)
    if processes > 1:
        os.environ |= {
            "RANK": f"{process}",
            "LOCAL_RANK": f"{process}",
            "WORLD_SIZE": f"{processes}",
        }
        os.environ |= {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": f"{port}",
            "OMP_NUM_THREADS": f"{threads}",
        }
    clock = Clock(steps)
    how = replace(RECIPES[recipe], batch_size=batch_size)
    with tempfile.TemporaryDirectory() as folder:
        try:
            train(
                Timed("r", network, clock=clock),
                how,
                device="cpu",
                precision=precision,
                out=Path(folder),
            )
        except EnoughError:
            return clock.speed(batch_size)
    raise RuntimeError("the training ended before the clock")


def usual_way(
    network: str, steps: int, batch_size: int, threads: int, workers: int, device: str = "cpu"
) -> Speed:
    from torchvision import datasets, transforms

    torch.set_num_threads(threads)
    turned = transforms.RandomRotation(90, interpolation=transforms.InterpolationMode.BILINEAR)
    each = transforms.Compose(
        [turned, transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    digits = datasets.MNIST(data_root(), train=True, transform=each)
    loader = torch.utils.data.DataLoader(
        digits, batch_size, shuffle=True, num_workers=workers, drop_last=True
    )
    clock = Clock(steps)
    model = UsualNetwork(network, clock).to(device).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    try:
        while True:
            for images, labels in loader:
                optimiser.zero_grad()
                F.cross_entropy(model(images.to(device)), labels.to(device)).backward()
                optimiser.step()
    except EnoughError:
        return clock.speed(batch_size)


def measured(way: Callable[..., Speed], *arguments: object) -> Speed:
    """What ``way`` measures, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        return alone.submit(way, *arguments).result()


def measured_together(
    network: str, processes: int, steps: int, batch_size: int, precision: str
) -> Speed:
    """Our way in several processes of one thread each."""
    port = free_port()
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as team:
        tasks = [
            team.submit(our_way, network, steps, batch_size, 1, precision, rank, processes, port)
            for rank in range(processes)
        ]
        speeds = [task.result() for task in tasks]
    return Speed(min(speed.wall for speed in speeds), 1 / sum(1 / speed.work for speed in speeds))


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--network", choices=list(NETWORKS), default="tutorial")
    parser.add_argument("--steps", type=int, default=200, help="timed in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument(
        "--workers",
        type=int,
        help="of the usual way's DataLoader; without it those that serve it best are sought",
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    check_equal(options.network)
    mnist("train")  # downloaded before the clock starts
    network, shared = options.network, (options.batch_size, options.threads)

    workers = options.workers
    if workers is None:
        candidates = range(3 * multiprocessing.cpu_count() // 2 + 1)
        trials = {
            count: measured(usual_way, network, max(options.steps // 2, 20), *shared, count).wall
            for count in candidates
        }
        workers = max(trials, key=trials.__getitem__)
        print(
            "usual way, images/s by workers: "
            + ", ".join(f"{count}: {speed:.0f}" for count, speed in trials.items())
        )

    cores, steps = multiprocessing.cpu_count(), options.steps
    ways: dict[str, Callable[[], Speed]] = {
        f"usual way, {workers} workers": lambda: measured(
            usual_way, network, steps, *shared, workers
        ),
        "usual way, 0 workers": lambda: measured(usual_way, network, steps, *shared, 0),
        "ours, float32": lambda: measured(our_way, network, steps, *shared, "float32"),
        "ours": lambda: measured(our_way, network, steps, *shared, "auto"),
        f"ours, {cores} processes": lambda: measured_together(
            network, cores, steps, options.batch_size, "auto"
        ),
    }
    speeds: dict[str, list[Speed]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            speeds[name].append(way())
    medians = {
        name: Speed(*map(statistics.median, zip(*values, strict=True)))
        for name, values in speeds.items()
    }
    usual, alone = next(iter(medians.values())), medians["usual way, 0 workers"]
    for name, speed in medians.items():
        line = f"{name}: {speed.wall:.0f} images/s"
        if name == "usual way, 0 workers" or name.startswith("ours"):
            line += f", {speed.work:.0f} images a CPU second"
        if name.startswith("ours"):
            ratio = speed.wall / usual.wall
            verdict = "met" if ratio >= GOAL else "missed"
            line += f": {ratio:.1f} times the usual way (goal {GOAL:g}: {verdict})"
            line += f", {speed.work / alone.work:.1f} times by CPU time"
        print(line)


if __name__ == "__main__":
    main()
