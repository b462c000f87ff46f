"""One training loop, on accelerate: a CPU, a GPU, or several processes of either; on one GPU digits
have faster steps (device_steps.py).

What step t sees is a pure function of the seed and t: the order of the digits, their distortions,
the learning rate. So a run can be killed at any moment and resumed from its last saved state, and
it ends with the same weights.
"""

import os
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator, DistributedDataParallelKwargs
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stn_core.allocator import keep_freed_memory
from stn_core.experiments.checkpoints import CheckpointError, save_checkpoint
from stn_core.experiments.provenance import origin
from stn_core.experiments.recipes import Recipe, with_present_names
from stn_core.experiments.registry import Experiment
from stn_core.files import check_writable, is_there, locked
from stn_core.training.device_steps import DeviceSteps, Result
from stn_core.training.digit_task import DigitTask
from stn_core.training.precision import mixed_precision
from stn_core.training.schedule import rate_factor
from stn_core.training.state import is_result, load_state, no_state, save_state
from stn_core.training.task import create_task
from stn_core.transformer.spatial_transformer import ExplainableModel

VALIDATIONS = 20  # how often a run looks at the validation digits
# seconds between the states that a run can be resumed from, at the least; the first epoch's is
# always saved
SAVE_EVERY = 10.0

LARGEST_LOSS = 1000.0  # guessing costs 2.3 with ten classes, 5.3 with 200


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
        precision: of convolutions and linear layers: "auto" (bfloat16 where the hardware has it),
            "float32" or "bfloat16". theta and grids are float32 in any case.
        resume: go on from the state that an interrupted run of the same experiment left beside its
            checkpoint; nothing is done if that run has ended.
        record: a folder for a recording of what the transformers did while they learned; None for
            no recording.
        limit: train on the first so many pictures only, and validate on about as many digits, for
            trials and tests.

    Raises:
        ValueError: the training diverges, which leaves the checkpoint that is there; or a state to
            resume from belongs to another run.
        DataError: the data is not to be had.
        FileError: a file can't be written, or another run is writing it; before the first step, as
            far as that can be known.
    """
    path = Path(out) / experiment.path
    for each in (path, path.with_suffix(".state.pt")):
        check_writable(each)
    if record is not None:
        check_writable(Path(record) / path.name)
    run = Run(experiment, recipe, device, precision, data, Path(out), seed, limit)
    with locked(run.path) if run.is_main else nullcontext():
        resume_from = run.state_path if resume and is_there(run.state_path) else None
        if resume and not resume_from and is_result(run.path, run.description):
            run.console.print(f"{run.path}: done already")
            return run.path
        run.set_up(fresh=resume_from is None, recording=record is not None)
        if resume_from:
            run.resume(resume_from)
        run.train()
        if run.is_main:
            run.finish(record)
        run.accelerator.wait_for_everyone()
    return run.path


class Run:
    """A training of one experiment: set up, resumed, stepped through, logged, saved and finished.
    The arguments are ``train``'s."""

    def __init__(
        self,
        experiment: Experiment,
        recipe: Recipe,
        device: str,
        precision: str,
        data: str | os.PathLike[str] | None,
        out: Path,
        seed: int,
        limit: int | None,
    ) -> None:
        if device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"device must be auto, cpu or cuda; got {device!r}")
        mixed = mixed_precision(precision, device)
        on_cpu = device == "cpu" or not torch.cuda.is_available()
        low_precision = experiment.birds and mixed == "bf16" and on_cpu
        # of convolutions and linear layers
        self.precision = "no" if low_precision and precision == "auto" else mixed
        # where theta does not learn yet
        unused = DistributedDataParallelKwargs(find_unused_parameters=experiment.birds)
        self.accelerator = Accelerator(
            cpu=device == "cpu", mixed_precision="no", kwargs_handlers=[unused]
        )
        self.device = self.accelerator.device
        if device == "cuda" and self.device.type != "cuda":
            raise ValueError("no CUDA device was found; use --device cpu or auto")
        self.rank, self.world = self.accelerator.process_index, self.accelerator.num_processes
        self.is_main = self.accelerator.is_main_process
        if recipe.batch_size % self.world:
            raise ValueError(
                f"{self.world} processes can't share a batch of {recipe.batch_size} evenly"
            )
        self.console = Console(stderr=True, soft_wrap=True)
        with self.accelerator.main_process_first():  # which downloads what is missing
            self.task = create_task(
                experiment, recipe, seed, data, out, limit, self.device, low_precision
            )
        self.experiment, self.recipe, self.seed = self.task.experiment, recipe, seed
        self.steps_per_epoch = self.task.count // recipe.batch_size
        self.total = recipe.epochs * self.steps_per_epoch
        what = "photographs" if experiment.birds else "digits"
        if self.steps_per_epoch == 0:
            few = f"{self.task.count} {what} do not fill one batch of {recipe.batch_size}"
            raise ValueError(f"{few}; use more {what} or a smaller batch")
        self.path = out / self.experiment.path
        self.state_path = self.path.with_suffix(".state.pt")
        self.description = {
            "experiment": self.experiment.name,
            **dict(self.experiment.options),
            "recipe": asdict(recipe),
            "seed": seed,
            what: self.task.count,
        }

    def set_up(self, fresh: bool, recording: bool) -> None:
        """Make the model, its averaged weights, the optimiser and, if asked for, the recorder."""
        keep_freed_memory()
        torch.manual_seed(self.seed)
        with self.accelerator.main_process_first():  # which computes what the others then find
            plain = (
                self.task.create_model(fresh=fresh)
                .to(self.device)
                .to(memory_format=torch.channels_last)
            )
        self.plain = plain
        self.ema_model = AveragedModel(
            plain, multi_avg_fn=get_ema_multi_avg_fn(self.recipe.ema_decay)
        )
        averaged: Any = self.ema_model.module
        self.saved_model: ExplainableModel = averaged if self.recipe.ema_decay else plain
        self.recorder = (
            self.task.create_recorder(self.total) if recording and self.is_main else None
        )
        self.model, self.optimiser = self.accelerator.prepare(
            plain, self.task.create_optimiser(plain)
        )
        self.origin = origin(self.device, self.world, self.precision)
        self.start, self.seconds = 0, 0.0

    def resume(self, path: Path) -> None:
        """Go on from a saved state. ValueError if it belongs to another run or is none."""
        state = load_state(path, "run")
        if not isinstance(state["run"], dict):
            raise no_state(path)
        if with_present_names(state["run"]) != self.description:
            raise ValueError(
                f"{path} belongs to another run ({state['run']}); delete it or leave out --resume"
            )
        settings = [set(group) for group in self.optimiser.param_groups]
        try:
            for part, name in (
                (self.plain, "model"),
                (self.ema_model, "average"),
                (self.optimiser, "optimiser"),
            ):
                part.load_state_dict(state[name])
            for group, names in zip(self.optimiser.param_groups, settings, strict=True):
                if names - group.keys():  # of another optimiser, as before Muon was timm's
                    raise KeyError("optimiser")
            if self.recorder:
                self.recorder.load(state["recording"])
            self.start, self.seconds = int(state["step"]), float(state["seconds"])
            if not 0 <= self.start <= self.total:
                raise KeyError("step")
        except Exception as error:  # whatever is not as it was written, parts of torch's among it
            raise no_state(path) from error

    def train(self) -> None:
        """Take all steps."""
        take = self.create_steps()
        self.began, self.saved = time.monotonic() - self.seconds, -SAVE_EVERY
        self.model.train()
        with progress_bar(self.console, disable=not self.is_main) as bar:
            line = bar.add_task(
                self.experiment.name,
                total=self.total,
                completed=self.start,
                loss=0.0,
                error=0.0,
                speed=0.0,
            )
            for step in range(self.start, self.total):
                if self.recorder:
                    self.recorder.record(step, self.saved_model)
                loss, logits, labels = take(step)
                done = step + 1
                if done % 20 == 0 or done == self.total:
                    wrong = 100 * (logits.argmax(1) != labels).float().mean().item()
                    speed = done * self.recipe.batch_size / self.elapsed()
                    bar.update(line, completed=done, loss=loss.item(), error=wrong, speed=speed)
                if done % self.steps_per_epoch == 0:
                    self.check(done, loss)
                if done % self.steps_per_epoch == 0 and self.is_main:
                    self.save(done)
                    self.log(done // self.steps_per_epoch, bar.console)

    def create_steps(self) -> Any:
        """What takes a step: step -> Result. On one GPU digits have their own."""
        if not (isinstance(self.task, DigitTask) and on_one_gpu(self.accelerator)):
            return self.step
        steps = DeviceSteps(
            digits=self.task.digits,
            kind=self.experiment.data,
            recipe=self.recipe,
            seed=self.seed,
            model=self.model,
            average=self.ema_model,
            optimiser=self.optimiser.optimizer,
            answer=self.answer,
            loss=self.loss,
            rates=self.rates,
            steps=range(self.start, self.total),
            block=self.steps_per_epoch,
            device=self.device,
            console=self.console,
        )
        return steps.take

    def step(self, step: int) -> Result:
        """A step of this process, on its share of the batch."""
        for group, rate in zip(self.optimiser.param_groups, self.rates(step), strict=True):
            group["lr"] = rate
        inputs, labels = self.task.batch(step)
        images, *others, labels = (
            part[self.rank :: self.world].to(self.device) for part in (*inputs, labels)
        )
        torch.manual_seed((self.seed * self.world + self.rank) * 1_000_003 + step)  # of dropout
        logits = self.answer(images.contiguous(memory_format=torch.channels_last), *others)
        loss = self.loss(logits, labels)
        self.accelerator.backward(loss)
        if self.recipe.max_grad_norm:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.recipe.max_grad_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.recipe.ema_decay:
            self.ema_model.update_parameters(self.plain)
        return loss, logits, labels

    def answer(self, *inputs: Tensor) -> Tensor:
        """The logits for the model's inputs, in the run's precision."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            return self.model(*inputs)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self.recipe.label_smoothing
        return F.cross_entropy(logits.float(), labels, label_smoothing=smoothing)

    def rates(self, step: int) -> list[float]:
        """The learning rate of each group of parameters."""
        factor = rate_factor(self.recipe, step / self.total)
        return [group["peak"] * factor for group in self.optimiser.param_groups]

    def elapsed(self) -> float:
        """Seconds that the run has taken, those before it was resumed among them."""
        return time.monotonic() - self.began

    def check(self, done: int, loss: Tensor) -> None:
        """ValueError if the training has diverged, before anything is saved."""
        if not loss.item() <= LARGEST_LOSS:  # nor NaN
            raise ValueError(
                f"{self.experiment.name} diverged, its loss is {loss.item():.3g} after {done} "
                f"steps: {self.path} is left as it is; train with a smaller lr or muon_lr"
            )

    def save(self, done: int) -> None:
        """Save the state after ``done`` steps, unless the last one is new."""
        elapsed = self.elapsed()
        if done < self.total and elapsed - self.saved < SAVE_EVERY:
            return
        self.saved = elapsed
        state = {
            "run": self.description,
            "step": done,
            "seconds": elapsed,
            "model": self.plain.state_dict(),
        }
        state |= {"average": self.ema_model.state_dict(), "optimiser": self.optimiser.state_dict()}
        save_state(
            state | {"recording": self.recorder.state() if self.recorder else {}}, self.state_path
        )

    def log(self, epoch: int, console: Console) -> None:
        """Now and then say the validation error."""
        if epoch % max(1, self.recipe.epochs // VALIDATIONS) == 0:
            error = self.task.validation_error(self.saved_model, self.device)
            at = f"{self.experiment.name} epoch {epoch}/{self.recipe.epochs}"
            console.print(f"{at}: validation error {error:.2f} %, {self.elapsed():.0f} s")

    def finish(self, record: str | os.PathLike[str] | None) -> None:
        """Write the checkpoint and the recording, if there is one."""
        if self.recorder:
            self.recorder.record(self.total, self.saved_model)
        dtype, metrics = self.task.finish(self.saved_model, self.device)
        seconds = self.elapsed()
        samples = {"samples": self.total * self.recipe.batch_size, "seconds": round(seconds)}
        try:
            save_checkpoint(
                self.path,
                self.saved_model,
                self.experiment,
                metrics,
                self.description | samples | self.origin,
                dtype,
            )
        except CheckpointError:
            self.state_path.unlink(missing_ok=True)  # nothing comes of going on from there
            raise
        if self.recorder:
            self.recorder.save(Path(record or ""))
        self.state_path.unlink(missing_ok=True)
        judged = "validation" if "validation_error" in metrics else "test"
        self.console.print(
            f"{self.path}: {judged} error {metrics[f'{judged}_error']:.2f} %, {seconds:.0f} s"
        )


def on_one_gpu(accelerator: Accelerator) -> bool:
    """Whether the run has a CUDA GPU and shares its batches with no other process."""
    return accelerator.device.type == "cuda" and accelerator.num_processes == 1


def progress_bar(console: Console, disable: bool = False) -> Progress:
    """Loss and error of the last batch, samples a second over all processes, and the time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(
            "{task.percentage:.0f} %  loss {task.fields[loss]:.3f}  error "
            "{task.fields[error]:.1f} %"
        ),
        TextColumn("{task.fields[speed]:.0f} samples/s"),
        TimeRemainingColumn(),
        console=console,
        disable=disable,
    )
