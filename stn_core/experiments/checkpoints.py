"""Checkpoints: one safetensors file a model, which says what it holds and where it comes from.

The tensors are the model's weights; the header's metadata has one JSON object under "stn":
experiment, metrics, provenance. Loading never unpickles anything and trusts nothing: every field is
checked before a model is built from it.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from stn_core.experiments.registry import EXPERIMENTS, SPECIES, Experiment
from stn_core.messages import NOTHING, StnError, about_file
from stn_core.places import CHECKPOINTS
from stn_core.transformer.spatial_transformer import ExplainableModel

FORMAT = 1
SHIPPED = CHECKPOINTS


class CheckpointError(StnError):
    """A file that is no usable checkpoint; the message names the file, what was expected and the
    command that makes a good one."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and what is known about it.

    Attributes:
        model: ready to use: float32, on the CPU, in evaluation mode.
        experiment: what it was trained for, with the class names.
        metrics: what was measured at the end of training, in per cent, with the seeds.
        provenance: samples, seconds, device, versions, seed, commit, date, recipe.
    """

    model: ExplainableModel
    experiment: Experiment
    metrics: dict[str, Any]
    provenance: dict[str, Any]


def own_folder() -> Path | None:
    """The folder of your own models, named by the environment variable STN_CHECKPOINTS, if any.

    >>> os.environ["STN_CHECKPOINTS"] = "my-models"
    >>> own_folder().name
    'my-models'
    """
    named = os.environ.get("STN_CHECKPOINTS")
    return Path(named).expanduser() if named else None


def find_checkpoint(experiment: Experiment, shipped: Path = SHIPPED) -> Path:
    """The file of an experiment, there or not: in your own folder, else among the shipped ones."""
    own = own_folder()
    places = [own / experiment.path, own / Path(experiment.path).name] if own else []
    return next((path for path in places if path.is_file()), shipped / experiment.path)


def save_checkpoint(
    path: str | os.PathLike[str],
    model: nn.Module,
    experiment: Experiment,
    metrics: dict[str, Any],
    provenance: dict[str, Any],
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Write a checkpoint, never half a file. ``dtype`` is the precision on disk."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "format": FORMAT,
        "experiment": {
            "data": experiment.data,
            "model": experiment.model,
            "classes": list(experiment.classes),
            **({"options": dict(experiment.options)} if experiment.options else {}),
        },
        "metrics": metrics,
        "provenance": provenance,
    }
    tensors = {
        name: value.detach().to("cpu", dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    unfinished = path.with_suffix(".partial")
    save_file(tensors, unfinished, metadata={"stn": json.dumps(about)})
    return unfinished.replace(path)


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint, from a path or of an experiment such as "r-cnn".

    Raises:
        CheckpointError: it is missing, truncated, foreign, or does not fit the model it names.

    >>> checkpoint = load_checkpoint("r-st-cnn-affine")
    >>> checkpoint.model(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    >>> load_checkpoint("nowhere.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    stn_core.experiments.checkpoints.CheckpointError: ...
    """
    path = (
        find_checkpoint(EXPERIMENTS[path])
        if isinstance(path, str) and path in EXPERIMENTS
        else Path(path)
    )
    fail = _complaints(path)
    if not path.is_file():
        raise fail("no_checkpoint", "there is no such checkpoint")
    metadata, tensors = read_safetensors(path, fail)
    experiment, metrics, provenance = _read_about(metadata, fail)
    named = EXPERIMENTS.get(path.stem)
    if named and named.variant and (named.data, named.model) == (experiment.data, experiment.model):
        experiment = named
    try:
        model = experiment.create_model()
    except (ValueError, TypeError) as error:
        raise fail(
            "not_buildable", "expected a model that can be built, but {error}", error=str(error)
        ) from error
    _fill(model, tensors, experiment, fail)
    # in which CPUs convolve up to three times as fast
    model.eval().to(memory_format=torch.channels_last)
    return Checkpoint(model, experiment, metrics, provenance)


def read_header(path: Path) -> Experiment:
    """The experiment that a checkpoint's header names. CheckpointError if it has no such header."""
    fail = _complaints(path)
    return _read_about(read_safetensors(path, fail, only_header=True)[0], fail)[0]


def read_metrics(path: Path) -> dict[str, Any]:
    """What was measured of a checkpoint, from its header. CheckpointError if it has no such
    header."""
    fail = _complaints(path)
    return _read_about(read_safetensors(path, fail, only_header=True)[0], fail)[1]


def read_safetensors(
    path: Path, fail: Any, only_header: bool = False
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata and the tensors of a file; ``fail`` (sentences.about_file) makes the error if it
    is truncated or foreign."""
    try:
        with safe_open(path, framework="pt") as file:
            names = [] if only_header else file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise fail(
            "truncated",
            "expected a safetensors file, but it is truncated or foreign ({why})",
            why=str(error),
        ) from error


def _complaints(path: Path) -> Any:
    return about_file(
        CheckpointError, path, EXPERIMENTS.get(path.stem, next(iter(EXPERIMENTS.values()))).command
    )


def _read_about(
    metadata: dict[str, str], fail: Any
) -> tuple[Experiment, dict[str, Any], dict[str, Any]]:
    try:
        about = json.loads(metadata["stn"])
        data, model, classes = (about["experiment"][key] for key in ("data", "model", "classes"))
        options = tuple(sorted(dict(about["experiment"].get("options", {})).items()))
        metrics, provenance = dict(about["metrics"]), dict(about["provenance"])
        version = about["format"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise fail(
            "no_checkpoint_header",
            "expected a header 'stn' with experiment, metrics and provenance, as stn_core writes "
            "it",
        ) from error
    if version != FORMAT:
        raise fail(
            "other_format",
            "expected format {expected}, it has {found!r}: it was written by another version of "
            "stn_core",
            expected=FORMAT,
            found=version,
        )
    known = EXPERIMENTS.get(f"{data}-{model}")
    if known is None:
        raise fail(
            "other_model",
            "it holds the model {model!r} for {data!r}, expected one of {known}",
            model=model,
            data=data,
            known=", ".join(EXPERIMENTS),
        )
    if known.birds:
        if (
            not isinstance(classes, list)
            or len(classes) != SPECIES[data]
            or not all(isinstance(name, str) for name in classes)
        ):
            raise fail(
                "other_species",
                "expected the names of {count} species, it has {found}",
                count=SPECIES[data],
                found=str(classes)[:80],
            )
        return replace(known, classes=tuple(classes), options=options), metrics, provenance
    if list(known.classes) != classes:
        raise fail(
            "other_classes",
            "expected the classes {expected}, it has {found!r}",
            expected=", ".join(known.classes),
            found=classes,
        )
    return known, metrics, provenance


def _fill(model: nn.Module, tensors: dict[str, Tensor], experiment: Experiment, fail: Any) -> None:
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    actual = {name: tuple(value.shape) for name, value in tensors.items()}
    for name in sorted(expected.keys() | actual.keys()):
        if expected.get(name) != actual.get(name):
            wanted, found = expected.get(name, NOTHING), actual.get(name, NOTHING)
            raise fail(
                "other_weights",
                "its weights do not fit the model {model}: for {name} expected {expected}, it has "
                "{found}",
                model=experiment.name,
                name=name,
                expected=wanted,
                found=found,
            )
    for name, value in tensors.items():
        if not value.is_floating_point() or not value.float().isfinite().all():
            raise fail("not_finite", "expected finite numbers, but {name} has others", name=name)
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
