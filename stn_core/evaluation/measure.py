"""What ``python -m stn_core report`` measures of every checkpoint on the official test digits.

Three things of each model: its test error over ten seeds, beside the paper's; its error against
rotation, scale and shift, one of them varied and everything else at identity; and, of a model with
a transformer, how different the digits of a class are after it. A model is measured again only if
its checkpoint's bytes changed.
"""

import datetime
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stn_core.allocator import keep_freed_memory
from stn_core.data.distortions import (
    DISTORTIONS,
    RotationScaleTranslation,
    TranslationClutter,
    distort,
)
from stn_core.data.mnist import Digits, mnist
from stn_core.evaluation.digit_metrics import BATCH, error, error_rate_on
from stn_core.evaluation.pair_metrics import measure_straightening
from stn_core.evaluation.report import (
    ABOUT,
    COMMAND,
    ClassVariance,
    Measured,
    ModelResult,
    PairResult,
    Report,
    ReportError,
    digest,
    fits,
    read_report,
    report_place,
    write_report,
)
from stn_core.experiments.checkpoints import (
    SHIPPED,
    Checkpoint,
    CheckpointError,
    find_checkpoint,
    load_checkpoint,
)
from stn_core.experiments.provenance import commit
from stn_core.experiments.registry import EXPERIMENTS, Experiment
from stn_core.files import check_writable, is_there, why_unreadable
from stn_core.messages import about_file

# of the distortions of the test digits; the first one also draws the digits of before and after
SEEDS = tuple(range(10))
EVERY = 5  # the curves take every fifth test digit, from the first
CLUTTER_SEED = 2015  # of the distractors in TC's curves


def sweep(kind: str) -> dict[str, list[float]]:
    """The values of each parameter at which a kind's curves are measured, beyond training's."""
    step = DISTORTIONS[kind].size[1] // 14
    return {
        "rotation": [float(angle) for angle in range(-180, 181, 15)],
        "scale": [round(0.4 + 0.1 * i, 1) for i in range(13)],
        "shift": [float(step * i) for i in range(-7, 8)],
    }


def moved(
    images: Tensor, kind: str, rotation: float = 0.0, scale: float = 1.0, shift: float = 0.0
) -> Tensor:
    """Digits (N, 28, 28) in the canvas of a kind, turned by ``rotation`` degrees clockwise and
    scaled about their centre, then moved by ``shift`` pixels to the right of the canvas's middle:
    float32 (N, 1, H, W). One bilinear warp with zeros outside; in TC with distractors as in
    training, the same ones for every rotation, scale and shift."""
    canvas = RotationScaleTranslation(DISTORTIONS[kind].size)
    parameters = canvas.identity(len(images))
    parameters["angle"] += math.radians(rotation)
    parameters["scale"] *= scale
    parameters["shift"][:, 0] += shift
    placed = canvas.apply(images, parameters)
    return torch.maximum(placed, clutter(images)) if kind == "tc" else placed


def clutter(images: Tensor) -> Tensor:
    """TC without its digits: distractors (N, 1, 60, 60) for digits (N, 28, 28), out of others."""
    count, drawer = len(images), TranslationClutter()
    parameters = drawer.draw(count, torch.Generator().manual_seed(CLUTTER_SEED))
    index = torch.arange(count)[:, None]
    # the digits follow N blank ones
    parameters["sources"] = count + (index + parameters["sources"]) % count - index
    doubled = {name: torch.cat((value, value)) for name, value in parameters.items()}
    return drawer.apply(torch.cat((torch.zeros_like(images), images)), doubled)[:count]


def curves(model: torch.nn.Module, digits: Digits, kind: str) -> dict[str, tuple[float, ...]]:
    """The error in per cent on digits for each value of the sweep of one parameter."""
    return {
        parameter: tuple(
            round(
                error_rate_on(
                    model, moved(digits.images, kind, **{parameter: value}), digits.labels
                ),
                4,
            )
            for value in values
        )
        for parameter, values in sweep(kind).items()
    }


def class_variance(images: Tensor, labels: Tensor) -> ClassVariance:
    """How alike images (N, 1, h, w) of one class are; every class of labels (N,) must occur."""
    unit = images.flatten(1) / images.flatten(1).norm(dim=1, keepdim=True).clamp_min(1e-6)
    directions = torch.stack([unit[labels == label].mean(0) for label in range(10)])  # (10, h * w)
    cosines = directions @ directions.T  # mean cosine of a pair, by its two classes
    within = cosines.diagonal().mean().item()
    between = (cosines.sum() - cosines.trace()).item() / 90
    means = torch.stack([images[labels == label, 0].mean(0) for label in range(10)])
    return ClassVariance(
        round(1 - within, 4), round(1 - between, 4), means.clamp(0, 1).mul(255).round().div(255)
    )


@torch.inference_mode()
def outputs(checkpoint: Checkpoint, images: Tensor) -> Tensor:
    """What the model's transformer makes of images (N, 1, H, W): (N, 1, h, w)."""
    return torch.cat(
        [checkpoint.model.explain(batch).transformers[0].output for batch in images.split(BATCH)]
    )


def measure(
    checkpoint: Checkpoint, sha256: str, digits: Digits, origin: Mapping[str, str]
) -> ModelResult:
    """Everything that the report has of one checkpoint of single digits."""
    experiment = checkpoint.experiment
    model = checkpoint.model
    after = None
    if experiment.warps_images:
        after = class_variance(
            outputs(checkpoint, distort(digits.images, experiment.data, SEEDS[0])), digits.labels
        )
    return ModelResult(
        **measure_errors(checkpoint, sha256, digits, origin),
        curves=curves(
            model, Digits(digits.images[::EVERY], digits.labels[::EVERY]), experiment.data
        ),
        after=after,
    )


def measure_pairs(
    checkpoint: Checkpoint, sha256: str, digits: Digits, origin: Mapping[str, str]
) -> PairResult:
    """Everything that the report has of one checkpoint of two digits."""
    model, kind = checkpoint.model, checkpoint.experiment.data
    found = measure_straightening(model, digits, kind, SEEDS[0]) if model.transforms else None
    return PairResult(
        **measure_errors(checkpoint, sha256, digits, origin),
        straightening=found,
    )


def measure_errors(
    checkpoint: Checkpoint, sha256: str, digits: Digits, origin: Mapping[str, str]
) -> dict[str, Any]:
    """What the report has of every checkpoint: the fields of ``Measured``."""
    experiment, model = checkpoint.experiment, checkpoint.model
    return {
        "experiment": experiment,
        "sha256": sha256,
        "errors": tuple(round(error(model, digits, experiment.data, seed), 4) for seed in SEEDS),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "about": about_training(checkpoint.provenance),
        "evaluated": {key: origin[key] for key in ("date", "commit")},
    }


def about_training(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """``ABOUT`` out of a checkpoint's header; None for what is missing there or makes no sense."""
    recipe = provenance.get("recipe")
    said = {**(recipe if isinstance(recipe, dict) else {}), **provenance}
    return {name: said[name] if fits(name, said.get(name)) else None for name in ABOUT}


def make_report(
    out: str | os.PathLike[str] | None = None,
    data: str | os.PathLike[str] | None = None,
    to: str | os.PathLike[str] | None = None,
    say: Callable[[str], None] = print,
) -> Report:
    """Measure every checkpoint below ``out``, the shipped ones and your own by default, and write
    the report to ``to``; what it has of unchanged checkpoints is kept.

    It is written after every checkpoint, so an interrupted run goes on where it was. A broken
    checkpoint is said and left out. ValueError if there is no checkpoint at all, DataError if the
    test digits are not to be had.
    """
    to = Path(to or report_place())
    check_writable(to)

    def place(experiment: Experiment) -> Path:
        return find_checkpoint(experiment) if out is None else Path(out) / experiment.path

    there = [e for e in EXPERIMENTS.values() if not e.birds and is_there(place(e))]
    if not there:
        raise ValueError(
            f"no checkpoint in {Path(out or SHIPPED) / 'digits'}; make one with "
            f"{next(iter(EXPERIMENTS.values())).command}"
        )
    keep_freed_memory()
    digits = mnist("test", data)
    origin = {"command": COMMAND, "date": datetime.date.today().isoformat(), "commit": commit()}
    settings: dict[str, Any] = {
        "seeds": list(SEEDS),
        "digits": len(digits.labels),
        "curve_digits": len(digits.labels[::EVERY]),
        "digest": digest(digits.images.numpy().tobytes()),
        "sweeps": {kind: sweep(kind) for kind in DISTORTIONS},
        "trained": {
            kind: {name: list(bounds) for name, bounds in DISTORTIONS[kind].trained.items()}
            for kind in DISTORTIONS
        },
    }
    old = _reusable(to, settings)
    if old:
        undistorted, before = old.undistorted, dict(old.before)
    else:
        undistorted = class_variance(digits.images[:, None] / 255, digits.labels)
        before = {
            kind: class_variance(distort(digits.images, kind, SEEDS[0]), digits.labels)
            for kind in DISTORTIONS
        }

    def report_of(measured: Mapping[str, Measured]) -> Report:
        models = {name: each for name, each in measured.items() if isinstance(each, ModelResult)}
        pairs = {name: each for name, each in measured.items() if isinstance(each, PairResult)}
        return Report(settings, undistorted, before, models, origin, pairs)

    known: dict[str, Measured] = {**old.models, **old.pairs} if old else {}
    results: dict[str, Measured] = {}
    for experiment in there:
        path = place(experiment)
        sha256 = "" if why_unreadable(path) else digest(path.read_bytes())
        kept = known.get(experiment.name)
        if kept and kept.sha256 == sha256:
            results[experiment.name] = kept
            continue
        try:
            checkpoint = load_checkpoint(path)
            if checkpoint.experiment != experiment:
                fail = about_file(CheckpointError, path, experiment.command)
                raise fail("misplaced", "it holds {found}", found=checkpoint.experiment.name)
        except CheckpointError as failure:
            say(f"left out: {failure}")
            continue
        measured = measure_pairs if experiment.pairs else measure
        results[experiment.name] = found = measured(checkpoint, sha256, digits, origin)
        beside = (
            f" {'<=' if found.meets_paper else '>'} {experiment.paper_error} of the paper"
            if experiment.paper_error and isinstance(found, ModelResult)
            else ""
        )
        say(f"{experiment.name}: {found.error:.2f} % ± {found.standard_error:.2f}{beside}")
        write_report(report_of(known | results), to)
    report = report_of(results)
    write_report(report, to)
    return report


def _reusable(path: Path, settings: Mapping[str, Any]) -> Report | None:
    """The report at ``path`` if it was measured on the same digits in the same way."""
    try:
        report = read_report(path)
    except ReportError:
        return None
    return report if report.settings == settings else None
