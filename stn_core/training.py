"""One training loop, on accelerate: a CPU, a GPU, or several processes of either.

What step t sees is a pure function of the seed and t: the order of the digits, their distortions, the learning rate. So a run can
be killed at any moment and resumed from its last saved state, and it ends with the same weights.
"""

import copy
import ctypes
import datetime
import os
import pickle
import subprocess
import time
from dataclasses import asdict
from functools import lru_cache
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

from stn_core.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from stn_core.datasets import Digits, mnist, training_digits
from stn_core.distortions import DISTORTIONS, distort
from stn_core.evaluation import error, validation_error
from stn_core.experiments import Experiment, Recipe
from stn_core.muon import Muon
from stn_core.recording import Recorder
from stn_core.spatial_transformer import ExplainableModel

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
    """SGD, AdamW or Muon, the localisation networks at their own rate; each group keeps its highest rate as "peak"."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        filters = recipe.optimiser == "muon" and parameter.ndim == 4
        groups.setdefault(("localisation" in name, filters), []).append(parameter)
    described: list[dict[str, Any]] = []
    for (localisation, filters), parameters in groups.items():
        peak = (recipe.filter_rate if filters else recipe.rate) * (recipe.localisation_rate if localisation else 1)
        described.append({"params": parameters, "peak": peak, "orthogonal": filters})
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(described, lr=recipe.rate, weight_decay=recipe.weight_decay)
    kind = Muon if recipe.optimiser == "muon" else torch.optim.AdamW
    return kind(described, lr=recipe.rate, weight_decay=recipe.weight_decay, fused=True)


def digit_batch(digits: Digits, kind: str, recipe: Recipe, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """What step ``step`` of a run trains on: images (batch_size, 1, H, W), distorted afresh, and labels (batch_size,)."""
    size = recipe.batch_size
    epoch, position = divmod(step, len(digits.labels) // size)
    chosen = _order(len(digits.labels), seed, epoch)[position * size : (position + 1) * size]
    images, generator = digits.images[chosen], _generator(seed, step, 1)
    if recipe.bend:
        moves = recipe.bend * torch.randn(size, 16, 2, generator=generator)
        images = DISTORTIONS["e"].apply(images, {"scale": torch.ones(size), "moves": moves})[:, 0]
    return distort(images, kind, generator), digits.labels[chosen]


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=_generator(seed, epoch, 0))


def _generator(seed: int, count: int, purpose: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 2 + purpose) * 1_000_003 + count)


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
        resume: go on from the state that an interrupted run of the same experiment left beside its checkpoint; nothing is done
            if that run has ended.
        record: a folder for a recording of what the transformers did while they learned; None for no recording.
        limit: train on the first so many digits only, for trials and tests.

    ValueError if a state to resume from belongs to another run. DataError if the data is not to be had.
    """
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision=mixed_precision(precision, device))
    if device == "cuda" and accelerator.device.type != "cuda":
        raise ValueError("no CUDA device was found; use --device cpu or auto")
    rank, world, main = accelerator.process_index, accelerator.num_processes, accelerator.is_main_process
    if recipe.batch_size % world:
        raise ValueError(f"{world} processes can't share a batch of {recipe.batch_size} evenly")
    console = Console(stderr=True, soft_wrap=True)
    with accelerator.main_process_first():  # which downloads what is missing
        digits, test = training_digits(data), mnist("test", data)
    digits = Digits(digits.images[:limit], digits.labels[:limit])
    steps_an_epoch = len(digits.labels) // recipe.batch_size
    total = recipe.epochs * steps_an_epoch
    path = Path(out) / experiment.path
    state_path = path.with_suffix(".state.pt")
    run = {"experiment": experiment.name, "recipe": asdict(recipe), "seed": seed, "digits": len(digits.labels)}
    if total == 0:
        raise ValueError(
            f"{len(digits.labels)} digits do not fill one batch of {recipe.batch_size}; use more digits or a smaller batch"
        )
    if resume and not state_path.is_file() and is_result(path, run):
        console.print(f"{path}: done already")
        return path

    keep_freed_memory()
    torch.manual_seed(seed)
    plain = experiment.create_model().to(accelerator.device).to(memory_format=torch.channels_last)
    average = AveragedModel(plain, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
    kept: ExplainableModel = average.module if recipe.average else plain  # type: ignore[assignment]
    recorder = Recorder(experiment, total, recipe.batch_size) if record and main else None
    model, optimiser = accelerator.prepare(plain, create_optimiser(plain, recipe))
    source = origin(accelerator)
    start, seconds = 0, 0.0
    if resume and state_path.is_file():
        state = load_state(state_path, accelerator.device)
        if state["run"] != run:
            raise ValueError(f"{state_path} belongs to another run ({state['run']}); delete it or leave out --resume")
        for part, name in ((plain, "model"), (average, "average"), (optimiser, "optimiser")):
            part.load_state_dict(state[name])
        if recorder:
            recorder.load(state["recording"])
        start, seconds = state["step"], state["seconds"]

    began = time.monotonic() - seconds
    model.train()
    with progress_bar(console, disable=not main) as bar:
        task = bar.add_task(experiment.name, total=total, completed=start, loss=0.0, error=0.0, speed=0.0)
        for step in range(start, total):
            if recorder:
                recorder.record(step, kept)
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * rate_factor(recipe, step / total)
            images, labels = digit_batch(digits, experiment.data, recipe, seed, step)
            images, labels = (part[rank::world].to(accelerator.device) for part in (images, labels))  # this process's share
            logits = model(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), labels)
            accelerator.backward(loss)
            if recipe.clip:
                accelerator.clip_grad_norm_(model.parameters(), recipe.clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            if recipe.average:
                average.update_parameters(plain)

            done = step + 1
            if done % 20 == 0 or done == total:
                wrong = 100 * (logits.argmax(1) != labels).float().mean().item()
                speed = done * recipe.batch_size / (time.monotonic() - began)
                bar.update(task, completed=done, loss=loss.item(), error=wrong, speed=speed)
            if done % steps_an_epoch == 0 and main:
                state = {"run": run, "step": done, "seconds": time.monotonic() - began}
                state |= {"model": plain.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
                save_state(state | {"recording": recorder.state() if recorder else {}}, state_path)
                epoch = done // steps_an_epoch
                if epoch % max(1, recipe.epochs // VALIDATIONS) == 0:
                    wrong = validation_error(kept, experiment.data, accelerator.device)
                    clock = f"{time.monotonic() - began:.0f} s"
                    bar.console.print(f"{experiment.name} epoch {epoch}/{recipe.epochs}: validation error {wrong:.2f} %, {clock}")

    if main:
        if recorder:
            recorder.record(total, kept)
            recorder.save(Path(record or ""))
        dtype = storage(kept, experiment.data, accelerator.device)
        kept.to(dtype).float()  # what is measured is what is stored
        metrics = {
            "validation_error": validation_error(kept, experiment.data, accelerator.device, repeats=4),
            "test_error": error(kept, test, experiment.data, TEST_SEED, accelerator.device),
            "test_seed": TEST_SEED,
        }
        seconds = time.monotonic() - began
        provenance = run | {"samples": total * recipe.batch_size, "seconds": round(seconds)} | source
        save_checkpoint(path, kept, experiment, metrics, provenance, dtype)
        state_path.unlink(missing_ok=True)
        console.print(f"{path}: validation error {metrics['validation_error']:.2f} %, {seconds:.0f} s")
    accelerator.wait_for_everyone()
    return path


def storage(model: ExplainableModel, kind: str, device: torch.device) -> torch.dtype:
    """How a checkpoint is stored: in half precision where that costs at most one error in 10 000 on the validation digits."""
    halved = copy.deepcopy(model).half().float()
    full, half = (validation_error(m, kind, device, repeats=4) for m in (model, halved))
    return torch.float16 if half <= full + 0.01 else torch.float32


def is_result(path: Path, run: dict[str, Any]) -> bool:
    """Whether the checkpoint at ``path`` is what this run ends with."""
    try:
        return run.items() <= load_checkpoint(path).provenance.items()
    except CheckpointError:
        return False


def load_state(path: Path, device: torch.device) -> dict[str, Any]:
    """A state that ``save_state`` wrote. ValueError if the file is another one."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise ValueError(f"{path} can't be read as the state of a training run; delete it to start anew") from error


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a state in one go: whenever the run is killed, there is a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    torch.save(state, unfinished)
    unfinished.replace(path)


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


def origin(accelerator: Accelerator) -> dict[str, Any]:
    """On what a checkpoint was made: device, processes, precision, versions, commit, date."""
    device = torch.cuda.get_device_name() if accelerator.device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return {
        "device": device,
        "processes": accelerator.num_processes,
        "precision": accelerator.mixed_precision,
        "versions": {name: version(name) for name in ("torch", "torchvision", "accelerate", "safetensors")},
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
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
