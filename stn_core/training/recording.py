"""Recordings of training: what a model answers on a few fixed digits while it learns.

Only theta and logits are kept, in half precision; the digits and the warps are computed again from
the seed when they are shown.
"""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from stn_core.data.distortions import DIGIT, DISTORTIONS, Distortion, TranslationClutter, distort
from stn_core.data.mnist import Digits, gallery
from stn_core.data.pairs import PAIRS, Pairs, distortion_of, draw_pairs
from stn_core.evaluation.pair_metrics import Straightening, pose, straightening, with_shifts
from stn_core.experiments.checkpoints import read_safetensors
from stn_core.experiments.registry import EXPERIMENTS, Experiment
from stn_core.files import is_there, write_file
from stn_core.messages import NOTHING, StnError, about_file
from stn_core.transformer.sampler import sample
from stn_core.transformer.spatial_transformer import ExplainableModel, SpatialTransformer
from stn_core.transformer.transforms import TRANSFORMS, Size, Transform

DIGITS = 64
MOMENTS = 100
SEED = 64
FOLDER = Path("assets/recordings")  # where the command below puts them
MOST_MOMENTS, MOST_STEPS = 10_000, 1_000_000_000  # what a file may hold


def recorded_digits(kind: str) -> tuple[Tensor, Tensor]:
    """The digits of every recording: distorted images (64, C, H, W) and labels (64,)."""
    if kind in PAIRS:
        pairs = recorded_pairs(kind)
        return pairs.images, pairs.sums
    images, labels = _undistorted()
    return distort(images, kind, SEED), labels


def recorded_pairs(kind: str) -> Pairs:
    """The pairs of every recording of two digits: 64."""
    return draw_pairs(_undistorted(), kind, SEED)


def _undistorted() -> Digits:
    images, labels = gallery()
    chosen = torch.arange(DIGITS) % 10 * 500 + torch.arange(DIGITS) // 10  # the classes in turn
    return Digits(images[chosen], labels[chosen])


class Recorder:
    """Collects logits (M, 64, classes) and, for a model with transformers, theta (M, 64, P) at M
    moments, denser at the start; of several transformers the thetas stand one after the other."""

    def __init__(self, experiment: Experiment, total: int, batch_size: int | None = None) -> None:
        self.experiment = experiment
        self.batch_size = batch_size
        self.images, self.labels = recorded_digits(experiment.data)
        spaced = torch.logspace(0, 1, MOMENTS, base=total + 1, dtype=torch.float64)
        self.moments = sorted({0, total, *(int(step) - 1 for step in spaced)})
        self.steps: list[int] = []
        self.logits: list[Tensor] = []
        self.theta: list[Tensor] = []

    @torch.inference_mode()
    def record(self, step: int, model: ExplainableModel) -> None:
        """Record ``model`` before step ``step``, if that is one of the moments."""
        if step not in self.moments or step in self.steps:
            return
        answer = model.explain(self.images.to(next(model.parameters()).device))
        self.steps.append(step)
        self.logits.append(answer.logits.half().cpu())
        if answer.transformers:
            thetas = [trace.theta for trace in answer.transformers]
            self.theta.append(torch.cat(thetas, dim=1).half().cpu())

    def state(self) -> dict[str, Tensor]:
        """What has been recorded; empty before the first moment of a run that is taken up again."""
        if not self.steps:
            return {}
        stacked = {"step": torch.tensor(self.steps), "logits": torch.stack(self.logits)}
        return stacked | ({"theta": torch.stack(self.theta)} if self.theta else {})

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a ``state``; an empty one, of a run that was not recorded until now, leaves
        the first moments out."""
        if not state:
            return
        self.steps, self.logits = state["step"].tolist(), list(state["logits"])
        self.theta = list(state.get("theta", ()))

    def save(self, folder: Path) -> None:
        about = {
            "experiment": self.experiment.name,
            "digits": DIGITS,
            "seed": SEED,
            "batch_size": self.batch_size,
        }
        content = save(self.state(), metadata={"stn": json.dumps(about)})
        write_file(folder / f"{self.experiment.name}.safetensors", content)


class RecordingError(StnError):
    """A file that is no usable recording; the message names the file, what was expected and the
    command that makes a good one."""


@dataclass(frozen=True)
class Recording:
    """What a model answered on the recorded digits while it learned.

    Attributes:
        experiment: what was trained.
        batch_size: training digits a step; None if the file does not say.
        steps: (M,) int64, the training steps done at each moment, increasing.
        logits: (M, 64, classes) float16.
        theta: (M, 64, P) float16, of several transformers one after the other; None for a model
            without a transformer.
        images: (64, C, H, W), the distorted digits, computed again from the seed, and their
            ``labels`` (64,).
    """

    experiment: Experiment
    batch_size: int | None
    steps: Tensor
    logits: Tensor
    theta: Tensor | None
    images: Tensor
    labels: Tensor

    @property
    def transform(self) -> Transform | None:
        transformer = transformer_of(self.experiment)
        return transformer.transform if transformer else None

    @property
    def output_size(self) -> Size:
        """(H, W) of the transformer's output, of the image without one."""
        transformer = transformer_of(self.experiment)
        return transformer.size if transformer else distortion_of(self.experiment.data).size

    @property
    def wrong(self) -> Tensor:
        """How many of the 64 digits were answered wrongly at each moment: (M,) int64."""
        return (self.logits.argmax(2) != self.labels).sum(1)

    @property
    def moved(self) -> Tensor:
        """How far the grids were from the identity: root mean square over the digits, pixels of the
        input, (M,); 0 without one. ValueError for a recording of pairs."""
        self._of_single_digits()
        transform, theta = self.transform, self.theta
        if transform is None or theta is None:
            return torch.zeros(len(self.steps))
        points = middle()
        half = self.images.shape[-1] / 2
        return torch.stack(
            [
                root_mean_square(half * (transform.warp(moment.float(), points) - points))
                for moment in theta
            ]
        )

    @property
    def misalignment(self) -> Tensor:
        """How differently the digits lay in the classifier's input, in 28x28 pixels: (M,).

        T_theta and then the distortion take each point of the transformer's output to a point of
        the upright digit. If all digits were brought to one pose, that point would be the same for
        all of them: this is the root mean square distance from its mean over the digits, for points
        over the middle of the output. Without a transformer it stays what the distortion made it.
        ValueError for a recording of pairs.
        """
        self._of_single_digits()
        canvas = canvas_to_digit(DISTORTIONS[self.experiment.data])  # (64, 2, H, W)
        transform = self.transform or TRANSFORMS["affine"]
        thetas = (
            self.theta if self.theta is not None else transform.identity().expand(1, DIGITS, -1)
        )
        values = []
        for theta in thetas:
            grid = transform.warp(theta.float(), middle())[:, :, None]
            points = DIGIT / 2 * sample(canvas, grid, padding="border")[..., 0]  # (64, 2, N)
            values.append(root_mean_square((points - points.mean(0)).transpose(1, 2)))
        return torch.stack(values).expand(len(self.steps))

    @property
    def straightening(self) -> list[Straightening]:
        """Which transformer turned with which digit of a pair, at each moment; none without
        transformers. ValueError for a recording of single digits."""
        if not self.experiment.pairs:
            raise ValueError(f"{self.experiment.name} is about single digits")
        if self.theta is None or self.transform is None:
            return []
        parameters = recorded_pairs(self.experiment.data).parameters
        thetas = self.theta.float().unflatten(2, (-1, self.transform.num_params))  # (M, 64, T, P)
        size = (self.images.shape[2], self.images.shape[3])
        turns, middles = pose(self.transform, thetas.flatten(0, 2), size)
        moments = zip(turns.view(thetas.shape[:3]), middles.view(*thetas.shape[:3], 2), strict=True)
        return [
            with_shifts(straightening(turned, parameters["angle"]), moved, parameters)
            for turned, moved in moments
        ]

    def _of_single_digits(self) -> None:
        if self.experiment.pairs:
            raise ValueError(f"{self.experiment.name} is about pairs of digits")


def middle() -> Tensor:
    """A 7x7 lattice of points (49, 2) where the digit is in a 28x28 image: its box of 20 pixels."""
    line = torch.linspace(-0.7, 0.7, 7)
    return torch.cartesian_prod(line, line).flip(1)


def root_mean_square(distances: Tensor) -> Tensor:
    """Of vectors (..., 2): a scalar. Those beyond 1 000 count as 1 000, so that one collapsed
    homography does not hide the rest."""
    return distances.clamp(-1000, 1000).square().sum(-1).mean().sqrt()


def canvas_to_digit(distortion: Distortion) -> Tensor:
    """Where each recorded pixel comes from in the upright digit, normalised: (64, 2, H, W)."""
    parameters = distortion.draw(DIGITS, torch.Generator().manual_seed(SEED))
    # which has no grid: the digit is put at whole pixels
    if isinstance(distortion, TranslationClutter):
        height, width = distortion.size
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        pixels = torch.stack((columns, rows)) - parameters["place"][:, :, None, None]
        return ((2 * pixels + 1) / DIGIT - 1).clamp(-2, 2)
    return distortion.grid(parameters).permute(0, 3, 1, 2).clamp(-2, 2)


def transformer_of(experiment: Experiment) -> SpatialTransformer | None:
    """The structure of the experiment's first transformer, without weights; None without one."""
    return next(iter(transformers_of(experiment)), None)


@lru_cache
def transformers_of(experiment: Experiment) -> tuple[SpatialTransformer, ...]:
    """The structure of the experiment's transformers, without weights."""
    with torch.device("meta"):
        modules = experiment.create_model().modules()
        return tuple(module for module in modules if isinstance(module, SpatialTransformer))


def record_command(experiment: Experiment) -> str:
    """The command that makes an experiment's recording."""
    return f"{experiment.command} --record {FOLDER / 'birds' if experiment.birds else FOLDER}"


def load_recording(path: str | os.PathLike[str]) -> Recording:
    """Read a recording. RecordingError for a missing, truncated, foreign or misnamed file."""
    path = Path(path)
    known = EXPERIMENTS.get(path.stem)
    fail = about_file(
        RecordingError, path, record_command(known or next(iter(EXPERIMENTS.values())))
    )
    if not is_there(path):
        raise fail("no_recording", "there is no such recording")
    metadata, tensors = read_safetensors(path, fail)
    experiment, batch_size = _read_about(metadata, fail)
    if known not in (None, experiment):
        raise fail(
            "misnamed",
            "it is of the experiment {found}, expected {expected} as its name says",
            found=experiment.name,
            expected=path.stem,
        )
    _check(tensors, experiment, fail)
    images, labels = recorded_digits(experiment.data)
    return Recording(
        experiment,
        batch_size,
        tensors["step"],
        tensors["logits"],
        tensors.get("theta"),
        images,
        labels,
    )


def _read_about(metadata: dict[str, str], fail: Any) -> tuple[Experiment, int | None]:
    try:
        about = json.loads(metadata["stn"])
        name, digits, seed, batch_size = (
            about["experiment"],
            about["digits"],
            about["seed"],
            about.get("batch_size"),
        )
        experiment = EXPERIMENTS.get(name)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise fail(
            "no_recording_header",
            "expected a header 'stn' with experiment, digits and seed, as stn_core writes it",
        ) from error
    if experiment is None:
        raise fail(
            "other_experiment",
            "it is of the experiment {found!r}, expected one of {known}",
            found=name,
            known=", ".join(EXPERIMENTS),
        )
    if (digits, seed) != (DIGITS, SEED):
        raise fail(
            "other_digits",
            "expected {expected} digits of the seed {expected_seed}, it has {digits!r} of "
            "{seed!r}: another version wrote it",
            expected=DIGITS,
            expected_seed=SEED,
            digits=digits,
            seed=seed,
        )
    if batch_size is not None and (type(batch_size) is not int or not 0 < batch_size <= MOST_STEPS):
        raise fail(
            "batch_size",
            "expected a batch size that is a positive whole number, it has {found!r}",
            found=batch_size,
        )
    return experiment, batch_size


def _check(tensors: dict[str, Tensor], experiment: Experiment, fail: Any) -> None:
    transformers = transformers_of(experiment)
    moments = len(tensors["step"]) if "step" in tensors and tensors["step"].ndim == 1 else 0
    expected = {
        "step": ((moments,), torch.int64),
        "logits": ((moments, DIGITS, len(experiment.classes)), torch.float16),
    }
    if transformers:
        parameters = sum(each.transform.num_params for each in transformers)
        expected["theta"] = ((moments, DIGITS, parameters), torch.float16)
    check_tensors(tensors, expected, experiment.name, fail)
    steps = tensors["step"]
    if (
        not 1 <= moments <= MOST_MOMENTS
        or steps[0] < 0
        or steps[-1] > MOST_STEPS
        or not (steps.diff() > 0).all()
    ):
        raise fail(
            "moments",
            "expected 1 to {moments:,} moments at increasing steps from 0 to {steps:,}",
            moments=MOST_MOMENTS,
            steps=MOST_STEPS,
        )


def check_tensors(
    tensors: dict[str, Tensor],
    expected: dict[str, tuple[Any, torch.dtype]],
    experiment: str,
    fail: Any,
) -> None:
    """Raise what ``fail`` makes if a recording's tensors are not of the shapes and types
    ``expected``, or not finite."""
    actual = {name: (tuple(value.shape), value.dtype) for name, value in tensors.items()}
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) != actual.get(name):
            wanted, found = (
                " ".join(map(str, them[name])) if name in them else NOTHING
                for them in (expected, actual)
            )
            raise fail(
                "other_tensors",
                "it does not fit {experiment}: for {name} expected {expected}, it has {found}",
                experiment=experiment,
                name=name,
                expected=wanted,
                found=found,
            )
    for name, value in tensors.items():
        if not value.float().isfinite().all():
            raise fail("not_finite", "expected finite numbers, but {name} has others", name=name)
