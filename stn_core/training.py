"""One training loop, on accelerate: a CPU, a GPU, or several processes of either.

What step t sees is a pure function of the seed and t: the order of the digits, their distortions, the learning rate. So a run can
be killed at any moment and resumed from its last saved state, and it ends with the same weights.
"""

import ctypes
import datetime
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stn_core.checkpoints import save_checkpoint
from stn_core.datasets import Digits, mnist, training_digits
from stn_core.distortions import distort
from stn_core.evaluation import error, validation_error
from stn_core.experiments import Experiment, Recipe
from stn_core.recording import Recorder

TEST_SEED = 0  # of the distortions of the test digits in the error that a checkpoint carries
VALIDATIONS = 20  # how often a run looks at the validation digits


def rate_factor(recipe: Recipe, progress: float) -> float:
    """What the learning rate is multiplied by when ``progress`` in [0, 1] of the run is over."""
    if recipe.schedule == "steps":
        return 0.1 ** int(3 * progress)
    if progress < recipe.warm_up:
        return 0.04 + 0.96 * progress / recipe.warm_up
    return (1 + cos(pi * (progress - recipe.warm_up) / (1 - recipe.warm_up))) / 2


def create_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD or AdamW with two groups, the localisation networks at their own rate; each group keeps its highest rate as "peak"."""
    localisation, rest = [], []
    for name, parameter in model.named_parameters():
        (localisation if "localisation" in name else rest).append(parameter)
    groups = [{"params": rest, "peak": recipe.rate}, {"params": localisation, "peak": recipe.rate * recipe.localisation_rate}]
    groups = [group for group in groups if group["params"]]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.rate, weight_decay=recipe.weight_decay)
    return torch.optim.AdamW(groups, lr=recipe.rate, weight_decay=recipe.weight_decay, fused=True)


def digit_batch(digits: Digits, kind: str, batch_size: int, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """What step ``step`` of a run trains on: images (batch_size, 1, H, W), distorted afresh, and labels (batch_size,)."""
    steps = len(digits.labels) // batch_size
    epoch, position = divmod(step, steps)
    order = torch.randperm(len(digits.labels), generator=_generator(seed, epoch, 0))
    chosen = order[position * batch_size : (position + 1) * batch_size]
    return distort(digits.images[chosen], kind, _generator(seed, step, 1)), digits.labels[chosen]


def _generator(seed: int, count: int, purpose: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 2 + purpose) * 1_000_003 + count)


def batches(
    digits: Digits, kind: str, recipe: Recipe, seed: int, steps: range, rank: int, world: int
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """(step, images, labels) for this process: its share of each global batch."""
    share = slice(rank, None, world)
    for step in steps:
        images, labels = digit_batch(digits, kind, recipe.batch_size, seed, step)
        yield step, images[share], labels[share]


def train(
    experiment: Experiment,
    recipe: Recipe,
    *,
    device: str = "auto",
    precision: str = "auto",
    data: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "checkpoints",
    resume: bool = False,
    seed: int = 0,
    record: str | os.PathLike[str] | None = None,
    limit: int | None = None,
) -> Path:
    """Train one experiment and write its checkpoint; returns the checkpoint's path.

    Args:
        device: "auto" (a GPU if there is one), "cpu" or "cuda".
        precision: of convolutions and linear layers: "auto" (bfloat16 where the hardware has it), "float32" or "bfloat16".
            theta and grids are float32 in any case.
        resume: go on from the state that an interrupted run of the same experiment left beside its checkpoint.
        record: a folder for a recording of what the transformers did while they learned; None for no recording.
        limit: train on the first so many digits only, for trials and tests.

    ValueError if a state to resume from belongs to another run. DataError if the data is not to be had.
    """
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision=mixed_precision(precision, device))
    if device == "cuda" and accelerator.device.type != "cuda":
        raise ValueError("no CUDA device was found; use --device cpu or auto")
    if recipe.batch_size % accelerator.num_processes:
        raise ValueError(f"{accelerator.num_processes} processes can't share a batch of {recipe.batch_size} evenly")
    digits = training_digits(data)
    digits = Digits(digits.images[:limit], digits.labels[:limit])
    steps_an_epoch = len(digits.labels) // recipe.batch_size
    total = recipe.epochs * steps_an_epoch
    path = Path(out) / experiment.path
    state_path = path.with_suffix(".state.pt")

    keep_freed_memory()
    torch.manual_seed(seed)
    plain = experiment.create_model().to(accelerator.device, memory_format=torch.channels_last)
    average = AveragedModel(plain, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
    recorder = Recorder(experiment, total) if record else None
    model, optimiser = accelerator.prepare(plain, create_optimiser(plain, recipe))
    run = {"experiment": experiment.name, "recipe": asdict(recipe), "seed": seed, "digits": len(digits.labels)}
    start, seconds = 0, 0.0
    if resume and state_path.is_file():
        state = torch.load(state_path, map_location=accelerator.device, weights_only=True)
        if state["run"] != run:
            raise ValueError(f"{state_path} belongs to another run ({state['run']}); delete it or leave out --resume")
        plain.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        if recorder:
            recorder.load(state["recording"])
        start, seconds = state["step"], state["seconds"]

    def save_state(step: int) -> None:
        unfinished = state_path.with_suffix(".partial")
        state_path.parent.mkdir(parents=True, exist_ok=True)
        state = {"run": run, "step": step, "seconds": seconds + time.monotonic() - began}
        state |= {"model": plain.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        torch.save(state | {"recording": recorder.state() if recorder else {}}, unfinished)
        os.replace(unfinished, state_path)

    kept = average.module if recipe.average else plain
    validate_every = max(1, recipe.epochs // VALIDATIONS)
    console = Console(stderr=True)
    began = time.monotonic()
    model.train()
    with progress_bar(console, disable=not accelerator.is_main_process) as bar:
        task = bar.add_task(experiment.name, total=total, completed=start, loss=0.0, error=0.0, speed=0.0)
        stream = batches(
            digits, experiment.data, recipe, seed, range(start, total), accelerator.process_index, accelerator.num_processes
        )
        for step, images, labels in stream:
            if recorder and accelerator.is_main_process:
                recorder.record(step, kept)
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * rate_factor(recipe, step / total)
            labels = labels.to(accelerator.device)
            logits = model(images.to(accelerator.device, memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), labels)
            accelerator.backward(loss)
            if recipe.clip:
                accelerator.clip_grad_norm_(model.parameters(), recipe.clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            if recipe.average:
                average.update_parameters(plain)
            done = step + 1
            if done % 20 == 0:
                wrong = 100 * (logits.argmax(1) != labels).float().mean().item()
                speed = (done - start) * recipe.batch_size / (time.monotonic() - began)
                bar.update(task, completed=done, loss=loss.item(), error=wrong, speed=speed)
            if done % steps_an_epoch == 0 and accelerator.is_main_process:
                save_state(done)
                epoch = done // steps_an_epoch
                if epoch % validate_every == 0 or done == total:
                    wrong = validation_error(kept, experiment.data, accelerator.device)
                    clock = seconds + time.monotonic() - began
                    console.print(f"{experiment.name} epoch {epoch}/{recipe.epochs}: validation error {wrong:.2f} %, {clock:.0f} s", soft_wrap=True)

    if accelerator.is_main_process:
        if recorder:
            recorder.record(total, kept)
            recorder.save(Path(record or ""))
        metrics = {
            "validation_error": validation_error(kept, experiment.data, accelerator.device, repeats=4),
            "test_error": error(kept, mnist("test", data), experiment.data, TEST_SEED, accelerator.device),
            "test_seed": TEST_SEED,
        }
        seconds += time.monotonic() - began
        provenance = provenance_of(accelerator, recipe, seed, samples=total * recipe.batch_size, seconds=seconds)
        save_checkpoint(path, kept, experiment, metrics, provenance)
        state_path.unlink(missing_ok=True)
        console.print(f"{path}: validation error {metrics['validation_error']:.2f} %, {seconds:.0f} s", soft_wrap=True)
    accelerator.wait_for_everyone()
    return path


def keep_freed_memory() -> None:
    """Let glibc keep the memory that a step frees for the next one: fetching it from the kernel anew costs a third of the step."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(-4, 0)  # M_MMAP_MAX: no separate mappings for large blocks
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: give nothing back


def mixed_precision(precision: str, device: str) -> str:
    """accelerate's word for the precision of convolutions and linear layers: "bf16" or "no"."""
    if precision == "auto":
        on_gpu = device != "cpu" and torch.cuda.is_available()
        return "bf16" if (torch.cuda.is_bf16_supported() if on_gpu else cpu_has_bfloat16()) else "no"
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision must be auto, float32 or bfloat16; got {precision!r}")
    return "bf16" if precision == "bfloat16" else "no"


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 (AVX-512 BF16 or AMX); where it must emulate it, float32 is faster."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def progress_bar(console: Console, disable: bool = False) -> Progress:
    """Loss and error of the last batch, samples a second over all processes, and the time left."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(),
        TextColumn("{task.percentage:.0f} %  loss {task.fields[loss]:.3f}  error {task.fields[error]:.1f} %"),
        TextColumn("{task.fields[speed]:.0f} samples/s"), TimeRemainingColumn(), console=console, disable=disable,
    )  # fmt: skip


def provenance_of(accelerator: Accelerator, recipe: Recipe, seed: int, samples: int, seconds: float) -> dict[str, Any]:
    """What a checkpoint says of how it was made."""
    device = torch.cuda.get_device_name() if accelerator.device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return {
        "samples": samples,
        "seconds": round(seconds),
        "device": device,
        "processes": accelerator.num_processes,
        "precision": accelerator.mixed_precision,
        "versions": {name: version(name) for name in ("torch", "torchvision", "accelerate", "safetensors")},
        "seed": seed,
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "recipe": asdict(recipe),
    }


def commit() -> str:
    """The commit of this source, with "+" when it was changed since; "unknown" outside a git checkout."""

    def git(*arguments: str) -> str:
        here = Path(__file__).parent
        return subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
