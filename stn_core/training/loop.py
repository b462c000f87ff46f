"""One training loop, on accelerate: a CPU, a GPU, or several processes of either; on one GPU digits have faster steps
(device_steps.py).

What step t sees is a pure function of the seed and t: the order of the digits, their distortions, the learning rate. So a run can
be killed at any moment and resumed from its last saved state, and it ends with the same weights.
"""

import copy
import os
import pickle
import time
from dataclasses import asdict
from math import cos, pi
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stn_core.allocator import keep_freed_memory
from stn_core.data.mnist import Digits, gallery, mnist, training_digits
from stn_core.evaluation.digit_metrics import error, validation_answers, validation_error
from stn_core.experiments.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from stn_core.experiments.provenance import origin
from stn_core.experiments.registry import BirdRecipe, Experiment, Recipe
from stn_core.training.bird_task import BirdTask
from stn_core.training.calibration import rescale, temperature
from stn_core.training.device_steps import DeviceSteps
from stn_core.training.digit_batches import digit_batch
from stn_core.training.muon import Muon
from stn_core.training.recording import Recorder
from stn_core.transformer.spatial_transformer import ExplainableModel

TEST_SEED = 0  # of the distortions of the test digits in the error that a checkpoint carries
VALIDATIONS = 20  # how often a run looks at the validation digits
SAVE_EVERY = 10.0  # seconds between the states that a run can be resumed from, at the least; the first epoch's is always saved


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
        return torch.optim.SGD(described, lr=recipe.rate, weight_decay=recipe.weight_decay, fused=True)
    kind = Muon if recipe.optimiser == "muon" else torch.optim.AdamW
    return kind(described, lr=recipe.rate, weight_decay=recipe.weight_decay, fused=True)


class Task(Protocol):
    """What a run learns from and is judged by: digits, or birds (bird_training.py)."""

    experiment: Experiment

    @property
    def count(self) -> int:
        """How many pictures there are to train on."""

    def create_model(self, fresh: bool) -> ExplainableModel:
        """The model; if ``fresh``, ready for the first step, else to be filled from a saved state."""

    def create_optimiser(self, model: Any) -> torch.optim.Optimizer: ...

    def batch(self, step: int) -> tuple[tuple[Tensor, ...], Tensor]:
        """What step ``step`` trains on: the model's inputs (batch_size, ...), the pictures first, and labels (batch_size,)."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor: ...

    def create_recorder(self, total: int) -> Any:
        """What records a run of ``total`` steps."""

    def validation_error(self, model: Any, device: torch.device) -> float:
        """In per cent."""

    def finish(self, model: Any, device: torch.device) -> tuple[torch.dtype, dict[str, Any]]:
        """Bring a trained model's probabilities in line with how often it is right, without another answer, and round its weights
        to the precision of its checkpoint. Back come that precision and what the checkpoint says of the model: with a "test_error"
        and, if there are pictures for it, a "validation_error", both in per cent.
        """


class DigitTask:
    """Digits, distorted afresh at every step."""

    def __init__(self, experiment: Experiment, recipe: Recipe, seed: int, data: Any, limit: int | None) -> None:
        digits, shown = training_digits(data), gallery()
        self.digits, self.test = Digits(digits.images[:limit], digits.labels[:limit]), mnist("test", data)
        apart = max(1, len(shown.labels) // (limit or len(shown.labels)))  # they are sorted by class
        self.validation = Digits(shown.images[::apart], shown.labels[::apart])
        self.experiment, self.recipe, self.seed = experiment, recipe, seed

    @property
    def count(self) -> int:
        return len(self.digits.labels)

    def create_model(self, fresh: bool) -> ExplainableModel:
        return self.experiment.create_model()

    def create_optimiser(self, model: nn.Module) -> torch.optim.Optimizer:
        return create_optimiser(model, self.recipe)

    def batch(self, step: int) -> tuple[tuple[Tensor, ...], Tensor]:
        images, labels = digit_batch(self.digits, self.experiment.data, self.recipe, self.seed, step)
        return (images,), labels

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits.float(), labels, label_smoothing=self.recipe.smoothing)

    def create_recorder(self, total: int) -> Recorder:
        return Recorder(self.experiment, total, self.recipe.batch_size)

    def validation_error(self, model: nn.Module, device: torch.device) -> float:
        return validation_error(model, self.validation, self.experiment.data, device)

    def finish(self, model: Any, device: torch.device) -> tuple[torch.dtype, dict[str, Any]]:
        """Half precision where that costs at most one error in 10 000 on the validation digits."""
        kind = self.experiment.data
        logits = validation_answers(model, self.validation, kind, device)
        rescale(model.classifier[-1], temperature(logits, self.validation.labels))
        halved = copy.deepcopy(model).half().float()
        full, half = (validation_error(m, self.validation, kind, device, repeats=4) for m in (model, halved))
        dtype, wrong = (torch.float16, half) if half <= full + 0.01 else (torch.float32, full)
        model.to(dtype).float()  # what is measured is what is stored
        tested = error(model, self.test, kind, TEST_SEED, device)
        return dtype, {"validation_error": wrong, "test_error": tested, "test_seed": TEST_SEED}


def create_task(
    experiment: Experiment, recipe: Recipe, seed: int, data: Any, out: Any, limit: int | None, device: Any, coarse: bool
) -> Task:
    """Digits or birds. DataError if the data is not to be had."""
    if not experiment.birds:
        return DigitTask(experiment, recipe, seed, data, limit)
    if not isinstance(recipe, BirdRecipe):
        raise ValueError(f"{experiment.name} needs a recipe for birds, such as EXPERIMENTS[{experiment.name!r}].recipe('ours')")
    return BirdTask(experiment, recipe, seed, data, out, limit, device, coarse)


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
        limit: train on the first so many pictures only, and validate on about as many digits, for trials and tests.

    ValueError if a state to resume from belongs to another run. DataError if the data is not to be had.
    """
    mixed = mixed_precision(precision, device)
    coarse = experiment.birds and precision == "auto" and mixed == "bf16" and (device == "cpu" or not torch.cuda.is_available())
    unused = DistributedDataParallelKwargs(find_unused_parameters=experiment.birds)  # where theta does not learn yet
    AcceleratorState._reset_state()  # an earlier run in this process may have had another precision
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision="no" if coarse else mixed, kwargs_handlers=[unused])
    if device == "cuda" and accelerator.device.type != "cuda":
        raise ValueError("no CUDA device was found; use --device cpu or auto")
    rank, world, main = accelerator.process_index, accelerator.num_processes, accelerator.is_main_process
    if recipe.batch_size % world:
        raise ValueError(f"{world} processes can't share a batch of {recipe.batch_size} evenly")
    console = Console(stderr=True, soft_wrap=True)
    with accelerator.main_process_first():  # which downloads what is missing
        task = create_task(experiment, recipe, seed, data, out, limit, accelerator.device, coarse)
    experiment = task.experiment
    what = "photographs" if experiment.birds else "digits"
    steps_an_epoch = task.count // recipe.batch_size
    total = recipe.epochs * steps_an_epoch
    path = Path(out) / experiment.path
    state_path = path.with_suffix(".state.pt")
    run = {"experiment": experiment.name, **dict(experiment.options), "recipe": asdict(recipe), "seed": seed, what: task.count}
    if total == 0:
        raise ValueError(f"{task.count} {what} do not fill one batch of {recipe.batch_size}; use more {what} or a smaller batch")
    if resume and not state_path.is_file() and is_result(path, run):
        console.print(f"{path}: done already")
        return path

    keep_freed_memory()
    torch.manual_seed(seed)
    resuming = resume and state_path.is_file()
    with accelerator.main_process_first():  # which computes what the others then find
        plain = task.create_model(fresh=not resuming).to(accelerator.device).to(memory_format=torch.channels_last)
    average = AveragedModel(plain, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
    kept: ExplainableModel = average.module if recipe.average else plain  # type: ignore[assignment]
    recorder = task.create_recorder(total) if record and main else None
    model, optimiser = accelerator.prepare(plain, task.create_optimiser(plain))
    source = origin(accelerator)
    start, seconds = 0, 0.0
    if resuming:
        state = load_state(state_path)
        if state["run"] != run:
            raise ValueError(f"{state_path} belongs to another run ({state['run']}); delete it or leave out --resume")
        for part, name in ((plain, "model"), (average, "average"), (optimiser, "optimiser")):
            part.load_state_dict(state[name])
        if recorder:
            recorder.load(state["recording"])
        start, seconds = state["step"], state["seconds"]

    def rates(step: int) -> list[float]:
        return [group["peak"] * rate_factor(recipe, step / total) for group in optimiser.param_groups]

    def accelerated_step(step: int) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, the logits and the labels of a step of this process."""
        for group, rate in zip(optimiser.param_groups, rates(step), strict=True):
            group["lr"] = rate
        inputs, labels = task.batch(step)
        images, *others, labels = (part[rank::world].to(accelerator.device) for part in (*inputs, labels))  # this one's share
        torch.manual_seed((seed * world + rank) * 1_000_003 + step)  # of dropout
        logits = model(images.contiguous(memory_format=torch.channels_last), *others)
        loss = task.loss(logits, labels)
        accelerator.backward(loss)
        if recipe.clip:
            accelerator.clip_grad_norm_(model.parameters(), recipe.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if recipe.average:
            average.update_parameters(plain)
        return loss, logits, labels

    take = accelerated_step
    if isinstance(task, DigitTask) and on_one_gpu(accelerator):
        how = (task.loss, rates, range(start, total), steps_an_epoch, accelerator.device, console)
        take = DeviceSteps(task.digits, experiment.data, recipe, seed, model, average, optimiser.optimizer, *how).take

    began, saved = time.monotonic() - seconds, -SAVE_EVERY
    model.train()
    with progress_bar(console, disable=not main) as bar:
        line = bar.add_task(experiment.name, total=total, completed=start, loss=0.0, error=0.0, speed=0.0)
        for step in range(start, total):
            if recorder:
                recorder.record(step, kept)
            loss, logits, labels = take(step)

            done = step + 1
            if done % 20 == 0 or done == total:
                wrong = 100 * (logits.argmax(1) != labels).float().mean().item()
                speed = done * recipe.batch_size / (time.monotonic() - began)
                bar.update(line, completed=done, loss=loss.item(), error=wrong, speed=speed)
            if done % steps_an_epoch == 0 and main:
                elapsed = time.monotonic() - began
                if done == total or elapsed - saved >= SAVE_EVERY:
                    saved = elapsed
                    state = {"run": run, "step": done, "seconds": elapsed, "model": plain.state_dict()}
                    state |= {"average": average.state_dict(), "optimiser": optimiser.state_dict()}
                    save_state(state | {"recording": recorder.state() if recorder else {}}, state_path)
                epoch = done // steps_an_epoch
                if epoch % max(1, recipe.epochs // VALIDATIONS) == 0:
                    wrong = task.validation_error(kept, accelerator.device)
                    clock = f"{time.monotonic() - began:.0f} s"
                    bar.console.print(f"{experiment.name} epoch {epoch}/{recipe.epochs}: validation error {wrong:.2f} %, {clock}")

    if main:
        if recorder:
            recorder.record(total, kept)
            recorder.save(Path(record or ""))
        dtype, metrics = task.finish(kept, accelerator.device)
        seconds = time.monotonic() - began
        provenance = run | {"samples": total * recipe.batch_size, "seconds": round(seconds)} | source
        save_checkpoint(path, kept, experiment, metrics, provenance, dtype)
        state_path.unlink(missing_ok=True)
        judged = "validation" if "validation_error" in metrics else "test"
        console.print(f"{path}: {judged} error {metrics[f'{judged}_error']:.2f} %, {seconds:.0f} s")
    accelerator.wait_for_everyone()
    return path


def on_one_gpu(accelerator: Accelerator) -> bool:
    """Whether the run has a CUDA GPU and shares its batches with no other process."""
    return accelerator.device.type == "cuda" and accelerator.num_processes == 1


def is_result(path: Path, run: dict[str, Any]) -> bool:
    """Whether the checkpoint at ``path`` is what this run ends with."""
    try:
        return run.items() <= load_checkpoint(path).provenance.items()
    except CheckpointError:
        return False


def load_state(path: Path) -> dict[str, Any]:
    """A state that ``save_state`` wrote. ValueError if the file is another one."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)  # what takes it moves it
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise ValueError(f"{path} can't be read as the state of a training run; delete it to start anew") from error


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a state in one go: whenever the run is killed, there is a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    torch.save(state, unfinished)
    unfinished.replace(path)


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
