"""Checkpoints: one safetensors file a model, which says what it holds and where it comes from.

The tensors are the model's weights; the header's metadata has one JSON object under "stn":
experiment, metrics, provenance, and under "weights" how the weights are stored. Of tensors that are
the same, as of the frozen layers of a bird model's streams, one is stored: "same" has the names of
the others, each with the name of that one. Loading never unpickles anything and trusts nothing:
every field is checked before a model is built from it.
"""

import copy
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from stn_core.experiments.registry import BIRD_OPTIONS, EXPERIMENTS, SPECIES, Experiment
from stn_core.files import is_there, reason, why_unreadable, write_file
from stn_core.messages import NOTHING, Message, StnError, about_file
from stn_core.places import CHECKPOINTS, named
from stn_core.transformer.spatial_transformer import ExplainableModel

PLAIN, SHARING = 1, 2  # the formats: every tensor is stored, or of the same ones only the first
WORTH_SHARING = 256  # numbers, fewer than which take no more room than a name
SHIPPED = CHECKPOINTS
LARGEST_NUMBER = 1e12  # in weights, logits and theta; trained models stay below 1 000


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
    return named("STN_CHECKPOINTS")


def find_checkpoint(experiment: Experiment, shipped: Path = SHIPPED) -> Path:
    """The file of an experiment, there or not: in your own folder, else among the shipped ones.

    What lies in your own folder under that name is taken even if it is no file: loading says so.
    """
    own = own_folder()
    places = [own / experiment.path, own / Path(experiment.path).name] if own else []
    return next(filter(is_there, places), shipped / experiment.path)


def save_checkpoint(
    path: str | os.PathLike[str],
    model: ExplainableModel,
    experiment: Experiment,
    metrics: dict[str, Any],
    provenance: dict[str, Any],
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Write a checkpoint; ``dtype`` is the precision on disk.

    Raises:
        CheckpointError: the model can't answer with numbers, as after a training that diverged.
        FileError: the file can't be written. Whatever lay there before then still does.
    """
    path = Path(path)
    tensors = {
        name: value.detach().to("cpu", dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    same = duplicates(tensors)
    about = {
        "format": SHARING if same else PLAIN,
        "experiment": {
            "data": experiment.data,
            "model": experiment.model,
            "classes": list(experiment.classes),
            **({"options": dict(experiment.options)} if experiment.options else {}),
        },
        "metrics": metrics,
        "provenance": provenance,
        "weights": {"precision": str(dtype).removeprefix("torch."), "same": same},
    }
    kept = copy.deepcopy(model).cpu().float()
    if why := _why_unusable(kept, tensors, experiment):
        raise CheckpointError(
            "diverged",
            "{path} is not written, since {why}: the training diverged. Train with a smaller lr",
            path=path,
            why=why,
        )
    stored = {name: value for name, value in tensors.items() if name not in same}
    return write_file(path, save(stored, metadata={"stn": json.dumps(about)}))


def duplicates(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """The names of tensors that another one before them is equal to, each with the first one's.

    >>> one = torch.ones(300)
    >>> duplicates({"a": one, "b": one + 1, "c": one.clone()})
    {'c': 'a'}
    """
    firsts: dict[tuple[torch.Size, bytes], str] = {}
    same = {}
    for name, value in tensors.items():
        if value.numel() >= WORTH_SHARING:
            content = hashlib.sha256(value.flatten().view(torch.uint8).numpy().data).digest()
            first = firsts.setdefault((value.shape, content), name)
            if first != name:
                same[name] = first
    return same


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
    fail = _errors_about(path)
    if not is_there(path):
        if path.stem in EXPERIMENTS:
            raise fail("no_checkpoint", "there is no such checkpoint")
        alike = get_close_matches(path.stem, EXPERIMENTS, cutoff=0)
        raise CheckpointError(
            "no_such_name",
            "{path} is neither a checkpoint file nor an experiment, such as {alike}. Train one of "
            "these with: {command}",
            path=path,
            alike=", ".join(alike),
            command=EXPERIMENTS[alike[0]].command,
        )
    metadata, tensors = read_safetensors(path, fail)
    experiment, metrics, provenance, same = _read_about(metadata, fail)
    tensors |= {name: tensors[first] for name, first in same.items() if first in tensors}
    named = EXPERIMENTS.get(path.stem)
    if named and named.variant and (named.data, named.model) == (experiment.data, experiment.model):
        experiment = named
    try:
        model = experiment.create_model()
    except Exception as error:  # a backbone or a part of your own may raise anything
        raise fail(
            "not_buildable", "expected a model that can be built, but {error}", error=reason(error)
        ) from error
    # in which CPUs convolve up to three times as fast
    model.eval().to(memory_format=torch.channels_last)
    _fill(model, tensors, experiment, fail)
    return Checkpoint(model, experiment, metrics, provenance)


def read_header(path: Path) -> Experiment:
    """The experiment that a checkpoint's header names. CheckpointError if it has no such header."""
    fail = _errors_about(path)
    return _read_about(read_safetensors(path, fail, only_header=True)[0], fail)[0]


def read_metrics(path: Path) -> dict[str, Any]:
    """What was measured of a checkpoint, from its header. CheckpointError if it has no such
    header."""
    fail = _errors_about(path)
    return _read_about(read_safetensors(path, fail, only_header=True)[0], fail)[1]


def read_safetensors(
    path: Path, fail: Any, only_header: bool = False
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata and the tensors of a file; ``fail`` (messages.about_file) makes the error if it
    is not there, can't be read, is truncated or foreign."""
    if why := why_unreadable(path):
        raise fail("no_usable_file", "expected a safetensors file, but {why}", why=why)
    try:
        with safe_open(path, framework="pt") as file:
            names = [] if only_header else file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, RuntimeError, MemoryError) as error:
        raise fail(
            "truncated",
            "expected a safetensors file, but it is truncated or foreign ({why})",
            why=reason(error),
        ) from error


def _errors_about(path: Path) -> Any:
    return about_file(
        CheckpointError, path, EXPERIMENTS.get(path.stem, next(iter(EXPERIMENTS.values()))).command
    )


def _read_about(
    metadata: dict[str, str], fail: Any
) -> tuple[Experiment, dict[str, Any], dict[str, Any], dict[str, str]]:
    try:
        about = json.loads(metadata["stn"])
        data, model, classes = (about["experiment"][key] for key in ("data", "model", "classes"))
        options = tuple(sorted(dict(about["experiment"].get("options", {})).items()))
        metrics, provenance = dict(about["metrics"]), dict(about["provenance"])
        version = about["format"]
        # files of before have no such field
        same = {str(k): str(v) for k, v in dict(about.get("weights", {}).get("same", {})).items()}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise fail(
            "no_checkpoint_header",
            "expected a header 'stn' with experiment, metrics and provenance, as stn_core writes "
            "it",
        ) from error
    if version not in (PLAIN, SHARING):
        raise fail(
            "other_format",
            "expected format {expected}, it has {found!r}: it was written by another version of "
            "stn_core",
            expected=f"{PLAIN} / {SHARING}",
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
    for name, value in options:
        kind = BIRD_OPTIONS.get(name) if known.birds else None
        if kind is None or not (type(value) is kind or (kind is float and type(value) is int)):
            raise fail(
                "other_options",
                "its model has the option {name} = {value}, which is none of {known}",
                name=name,
                value=str(value)[:80],
                known=", ".join(BIRD_OPTIONS) if known.birds else NOTHING,
            )
    if known.birds:
        if (
            not isinstance(classes, list)
            or len(classes) != SPECIES[data]
            or not all(isinstance(name, str) and name.isprintable() for name in classes)
        ):
            raise fail(
                "other_species",
                "expected the names of {count} species, it has {found}",
                count=SPECIES[data],
                found=str(classes)[:80],
            )
        return replace(known, classes=tuple(classes), options=options), metrics, provenance, same
    if list(known.classes) != classes:
        raise fail(
            "other_classes",
            "expected the classes {expected}, it has {found!r}",
            expected=", ".join(known.classes),
            found=classes,
        )
    return known, metrics, provenance, same


def _fill(
    model: ExplainableModel, tensors: dict[str, Tensor], experiment: Experiment, fail: Any
) -> None:
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
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    if why := _why_unusable(model, tensors, experiment):
        raise fail("no_answer", "expected a model that answers, but {why}", why=why)


def _why_unusable(
    model: ExplainableModel, tensors: dict[str, Tensor], experiment: Experiment
) -> Message | None:
    """Why a model, on the CPU and filled with these tensors, can't answer: numbers that are not
    finite, or so large that no answer comes out of them. None if it can."""
    for name, value in tensors.items():
        small = value.is_floating_point() and (value.float().abs() <= LARGEST_NUMBER).all()
        if not small:  # also where one is NaN
            return Message(
                "infinite_weights",
                "{name} has numbers that are not finite or beyond {most:g}",
                name=name,
                most=LARGEST_NUMBER,
            )
    noise = torch.rand(1, *experiment.input_shape, generator=torch.Generator().manual_seed(0))
    try:
        with torch.inference_mode():
            logits, transformers = model.eval().explain(noise)
    except Exception as error:  # a model of your own may raise anything
        return Message("failing_model", "it fails on a picture ({why})", why=reason(error))
    numbers = torch.cat([logits.flatten(), *(trace.theta.flatten() for trace in transformers)])
    if not (numbers.abs() <= LARGEST_NUMBER).all():  # nor NaN
        return Message(
            "infinite_logits", "its weights are so large that its answers are no numbers"
        )
    return None
