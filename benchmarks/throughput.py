"""Training throughput in images a second, ours against the usual way of doing it: python -m benchmarks.throughput

The usual way follows the method of PyTorch's tutorial on spatial transformers: torchvision's MNIST as PIL images, torchvision's
transforms on one image after the other in a DataLoader (with as many workers as serve it best here), and its small network.
Ours is ``stn_core.training.train`` as it is, with the same network made of stn_core's modules; that both are the same network is
checked first. Both see MNIST's training digits, rotated by up to 90 degrees either way, afresh every time (R), in equal batches.

A clock in the network notes when each training step begins, so everything that a step needs is counted: reading, distorting,
forward, backward, the optimiser's step. Each measurement has a process of its own; the contestants take turns.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core import TRANSFORMS, Experiment
from stn_core.convolution import OneChannelConv2d
from stn_core.datasets import data_root, mnist
from stn_core.experiments import RECIPES
from stn_core.localisation import Localisation
from stn_core.spatial_transformer import ExplainableModel, Explanation, SpatialTransformer
from stn_core.training import train

SIZE, WARM_UP, GOAL = (28, 28), 10, 3.0


class EnoughError(Exception):
    """The clock has seen all the steps that it was asked to time."""


class Clock:
    """Notes when steps begin; raises ``EnoughError`` when ``steps`` of them are over."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.times: list[float] = []

    def tick(self) -> None:
        self.times.append(time.perf_counter())
        if len(self.times) > self.steps + WARM_UP:
            raise EnoughError

    def steps_a_second(self) -> float:
        return (len(self.times) - 1 - WARM_UP) / (self.times[-1] - self.times[WARM_UP])


def localiser() -> nn.Sequential:
    """Two convolutions with pooling, and a hidden layer of 32: (B, 1, 28, 28) -> (B, 32)."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 7), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(10 * 3 * 3, 32), nn.ReLU(),
    )  # fmt: skip


def classifier(first: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(
        first, nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(10, 20, 5), nn.Dropout2d(), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Dropout(), nn.Linear(50, 10),
    )  # fmt: skip


class UsualNetwork(nn.Module):
    """The tutorial's network, written as one writes it: affine_grid and grid_sample."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock
        self.localise, self.regression, self.classify = localiser(), nn.Linear(32, 6), classifier(nn.Conv2d(1, 10, 5))
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

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock = clock
        localisation = Localisation(localiser(), 32, TRANSFORMS["affine"])
        self.transformer = SpatialTransformer(localisation, TRANSFORMS["affine"], SIZE)
        self.classify = classifier(OneChannelConv2d(10, 5))

    def explain(self, images: Tensor) -> Explanation:
        if self.clock and self.training:
            self.clock.tick()
        trace = self.transformer(images)
        return Explanation(self.classify(trace.output).float(), (trace,))


def check_equal() -> None:
    """The same weights give the same answers in both networks."""
    torch.manual_seed(0)
    usual, our = UsualNetwork().eval(), OurNetwork().eval()
    usual.regression.weight.data.normal_(std=0.05)
    our.load_state_dict(dict(zip(our.state_dict(), usual.state_dict().values(), strict=True)))
    images = torch.rand(8, 1, *SIZE)
    if not torch.allclose(usual(images), our(images), atol=1e-4):
        raise RuntimeError("the two networks differ")


@dataclass(frozen=True)
class Tutorial(Experiment):
    """The experiment that trains the network of the tutorial in our loop."""

    clock: Clock | None = None

    def create_model(self) -> ExplainableModel:
        return OurNetwork(self.clock)


def our_way(steps: int, batch_size: int, threads: int, precision: str) -> float:
    torch.set_num_threads(threads)
    clock = Clock(steps)
    recipe = replace(RECIPES["ours"], batch_size=batch_size)
    with tempfile.TemporaryDirectory() as folder:
        try:
            train(Tutorial("r", "tutorial", clock=clock), recipe, device="cpu", precision=precision, out=Path(folder))
        except EnoughError:
            return batch_size * clock.steps_a_second()
    raise RuntimeError("the training ended before the clock")


def usual_way(steps: int, batch_size: int, threads: int, workers: int) -> float:
    from torchvision import datasets, transforms

    torch.set_num_threads(threads)
    turned = transforms.RandomRotation(90, interpolation=transforms.InterpolationMode.BILINEAR)
    each = transforms.Compose([turned, transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    digits = datasets.MNIST(data_root(), train=True, transform=each)
    loader = torch.utils.data.DataLoader(digits, batch_size, shuffle=True, num_workers=workers, drop_last=True)
    clock = Clock(steps)
    model = UsualNetwork(clock).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    try:
        while True:
            for images, labels in loader:
                optimiser.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimiser.step()
    except EnoughError:
        return batch_size * clock.steps_a_second()


def measured(way: Callable[..., float], *arguments: object) -> float:
    """What ``way`` measures, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        return alone.submit(way, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="timed in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    check_equal()
    mnist("train")  # downloaded before the clock starts
    shared = (options.batch_size, options.threads)

    candidates = range(3 * multiprocessing.cpu_count() // 2 + 1)
    trials = {workers: measured(usual_way, max(options.steps // 4, 10), *shared, workers) for workers in candidates}
    workers = max(trials, key=trials.__getitem__)
    print("usual way, images/s by workers: " + ", ".join(f"{count}: {speed:.0f}" for count, speed in trials.items()))

    ways = {
        f"usual way, {workers} workers": (usual_way, workers),
        "ours, float32": (our_way, "float32"),
        "ours": (our_way, "auto"),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, (way, choice) in ways.items():
            speeds[name].append(measured(way, options.steps, *shared, choice))
    usual, *others = ((name, statistics.median(values)) for name, values in speeds.items())
    print(f"{usual[0]}: {usual[1]:.0f} images/s")
    for name, speed in others:
        ratio = speed / usual[1]
        print(
            f"{name}: {speed:.0f} images/s, {ratio:.1f} times the usual way (goal {GOAL:g}: {'met' if ratio >= GOAL else 'missed'})"
        )


if __name__ == "__main__":
    main()
