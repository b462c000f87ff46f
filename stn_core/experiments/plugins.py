"""Your own models: the folder STN_CHECKPOINTS, which ``load_plugins`` reads.

    *.py                             localisation networks and transforms: each file calls
                                     ``add_transform`` or ``add_localisation``
    <experiment>.safetensors         a checkpoint, here or in ``digits/``, that takes the place of
                                     the shipped one
    <experiment>-<word>.safetensors  one beside it, with a name of its own

The Python files are run: they are code that whoever sets the variable chose to run. Importing
``stn_core`` runs none of them; the app and the command line ask for them. Checkpoints never run
anything. A file that can't be used is a sentence in ``PROBLEMS``, and leaves no trace elsewhere.
"""

import importlib.util
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from stn_core.data.distortions import DISTORTIONS, TABLE_KINDS
from stn_core.experiments import registry as experiments
from stn_core.experiments.checkpoints import own_folder, read_header
from stn_core.experiments.registry import Experiment
from stn_core.files import visible, why_unreadable
from stn_core.messages import Message, StnError
from stn_core.models import digits
from stn_core.models.pairs import PAIR_MODELS
from stn_core.transformer import transforms
from stn_core.transformer.transforms import Size, Transform, regular_points

PROBLEMS: list[Message] = []  # a sentence for each file that could not be used
WORD = re.compile(r"[a-z][a-z0-9_]*")
# what ``Transform.decompose`` may say
READINGS = {"rotation", "scale", "shear", "translation", "perspective", "bending"}
TRANSFORM, LOCALISATION = (
    Message("a_transform", "a transform"),
    Message("a_localisation", "a localisation network"),
)
_REGISTRIES: tuple[dict, ...] = (transforms.FAMILIES, digits.LOCALISERS, experiments.RUNS)  # type: ignore[type-arg]
_SHIPPED = [dict(registry) for registry in _REGISTRIES]


def add_transform(transform: Transform) -> None:
    """A new family: a key of ``TRANSFORMS``, and models st-fcn-<name> and st-cnn-<name>.

    Raises:
        StnError: a ValueError in one sentence, if it does not do what ``Transform`` promises.

    >>> from stn_core.transformer.transforms import Affine
    >>> class Linear(Affine):
    ...     name = "linear"
    >>> add_transform(Linear())
    >>> list_models("*-linear")
    ['st-fcn-linear', 'st-cnn-linear']
    """
    name = getattr(transform, "name", None)
    _check_word(name, TRANSFORM, transforms.FAMILIES)
    _check_transform(transform)
    transforms.FAMILIES[transform.name] = transform
    _add_models(f"st-fcn-{name}", f"st-cnn-{name}")


def add_localisation(
    name: str, build: Callable[[Size, Transform], nn.Module], family: str = "affine"
) -> None:
    """A new localisation network before the paper's CNN: models st-<name>-<family>.

    ``build(size, transform)`` makes a module that takes images (B, 1, H, W) of ``size`` to theta
    (B, P), best a ``Localisation``, which starts at the identity.

    Raises:
        StnError: a ValueError in one sentence, if the module does something else.

    >>> from stn_core.transformer.localisation import fully_connected
    >>> add_localisation("two", fully_connected, "similarity")
    >>> list_models("st-two-*")
    ['st-two-similarity']
    """
    _check_word(name, LOCALISATION, digits.LOCALISERS)
    if family not in transforms.FAMILIES:
        raise StnError(
            "no_family",
            "no transform {name!r}; there are {known}",
            name=family,
            known=", ".join(transforms.FAMILIES),
        )
    transform = transforms.FAMILIES[family]
    for size in sorted({distortion.size for distortion in DISTORTIONS.values()}):
        with torch.no_grad():
            theta = build(size, transform).eval()(torch.zeros(2, 1, *size))
        if (
            not isinstance(theta, torch.Tensor)
            or theta.shape != (2, transform.num_params)
            or not theta.isfinite().all()
        ):
            found = tuple(theta.shape) if isinstance(theta, torch.Tensor) else type(theta).__name__
            raise StnError(
                "no_theta",
                "the localisation network {name!r} must take images {images} to finite numbers "
                "{theta}; it gives {found}",
                name=name,
                images=(2, 1, *size),
                theta=(2, transform.num_params),
                found=found,
            )
    digits.LOCALISERS[name] = build
    _add_models(f"st-{name}-{family}")


def _add_models(*models: str) -> None:
    for data in TABLE_KINDS:
        for model in models:
            experiment = Experiment(data, model)
            experiments.RUNS[experiment.name] = experiment


def _check_word(name: object, what: Message, taken: dict) -> None:  # type: ignore[type-arg]
    if not isinstance(name, str) or not WORD.fullmatch(name):
        raise StnError(
            "no_word",
            "the name of {what} must be a word of small letters, digits and _; got {name!r}",
            what=what,
            name=name,
        )
    if name in taken:
        raise StnError(
            "taken",
            "there is already {what} called {name!r}; choose another name",
            what=what,
            name=name,
        )


def _check_transform(transform: Transform) -> None:
    if not isinstance(transform, Transform):
        raise StnError(
            "no_transform",
            "a transform must be a stn_core.Transform; got {found}",
            found=type(transform).__name__,
        )
    count, identity = transform.num_params, transform.identity()
    if identity.shape != (count,) or identity.dtype != torch.float32:
        raise StnError(
            "no_identity",
            "identity() of {name!r} must be float32 ({count},); got {dtype} {shape}",
            name=transform.name,
            count=count,
            dtype=identity.dtype,
            shape=tuple(identity.shape),
        )
    points = regular_points((5, 4))
    if not torch.allclose(transform.warp(identity[None], points)[0], points, atol=1e-4):
        raise StnError(
            "moving_identity",
            "the transform {name!r} moves points at its own identity()",
            name=transform.name,
        )
    theta = identity + 0.1 * torch.randn(3, count, generator=torch.Generator().manual_seed(0))
    grid = transform.grid(theta.requires_grad_(), (5, 4))
    if grid.shape != (3, 5, 4, 2) or not grid.isfinite().all() or not grid.requires_grad:
        raise StnError(
            "no_grid",
            "the grid of {name!r} must be finite, (B, H, W, 2) and differentiable; got {shape}",
            name=transform.name,
            shape=tuple(grid.shape),
        )
    parts = transform.decompose(theta.detach())
    if (
        not isinstance(parts, dict)
        or not parts.keys() <= READINGS
        or any(len(part) != 3 for part in parts.values())
    ):
        raise StnError(
            "no_readings",
            "decompose() of {name!r} must give some of {known}, each (B, ...)",
            name=transform.name,
            known=", ".join(sorted(READINGS)),
        )


def is_own(experiment: Experiment) -> bool:
    """Whether it comes from such a folder."""
    return not experiment.birds and (
        bool(experiment.variant)
        or experiment.model not in (*digits.DIGIT_MODELS, digits.MAP_MODEL, *PAIR_MODELS)
    )


def load_plugins() -> None:
    """Read the folder that STN_CHECKPOINTS names, unless it was the last one read.

    What can't be used is in ``PROBLEMS``.

    >>> from stn_core.experiments.plugins import PROBLEMS
    >>> os.environ["STN_CHECKPOINTS"] = "nowhere"
    >>> load_plugins()
    >>> print(PROBLEMS[0])
    STN_CHECKPOINTS names nowhere, which is no folder: make it, or name another.
    """
    with _reading:
        if own_folder() != _last_read[0]:
            load(own_folder())


_reading = threading.Lock()
_last_read: list[Path | None] = [None]


def load(folder: Path | None) -> None:
    """Read a folder, in place of one that was read before: its Python files by name, then its
    checkpoints. What can't be used becomes a sentence in ``PROBLEMS``."""
    _last_read[0] = folder
    PROBLEMS.clear()
    _set_registries(_SHIPPED)
    if folder is None:
        return
    if not os.path.isdir(folder):  # noqa: PTH112 - which never raises
        PROBLEMS.append(
            Message(
                "no_folder",
                "STN_CHECKPOINTS names {folder}, which is no folder: make it, or name another.",
                folder=folder,
            )
        )
        return
    for path in visible(folder, "*.py"):
        try:
            if why := why_unreadable(path):
                raise ValueError(why)
            with _all_or_nothing():
                _run(path)
        except (Exception, SystemExit) as error:
            PROBLEMS.append(_problem(error, path))
    for path in visible(folder, "*.safetensors", "digits/*.safetensors"):
        try:
            _add_checkpoint(path)
        except StnError as error:
            PROBLEMS.append(error.sentence)


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    before = [dict(registry) for registry in _REGISTRIES]
    try:
        yield
    except BaseException:
        _set_registries(before)
        raise


def _set_registries(contents: list[dict]) -> None:  # type: ignore[type-arg]
    for registry, content in zip(_REGISTRIES, contents, strict=True):
        registry.clear()
        registry.update(content)


def _run(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(f"stn_own_models_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)


def _problem(error: BaseException, path: Path) -> Message:
    """What is wrong with a Python file, and in which line."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = Message("in_line", ", line {line}", line=line) if line else ""
    return Message(
        "no_module",
        "{file}{where}: {error}. Mend it or take it out; everything else works.",
        file=path.name,
        where=where,
        error=_said(error),
    )


def _said(error: BaseException) -> str:
    if isinstance(error, StnError):
        return error.sentence
    message = " ".join(str(error).split()).rstrip(".")
    return (
        message
        if isinstance(error, ValueError) and message
        else f"{type(error).__name__}: {message}".rstrip(": ")
    )


def _add_checkpoint(path: Path) -> None:
    """One with a word after its experiment's name is an experiment of its own."""
    if path.stem in experiments.RUNS:
        return
    experiment = read_header(path)
    word = path.stem.removeprefix(f"{experiment.name}-")
    if word == path.stem or not WORD.fullmatch(word):
        raise StnError(
            "other_name",
            "{file}: name it {name}-<word>.safetensors, after what it holds, and it is found; the "
            "word has small letters from a to z, digits and _, and begins with a letter.",
            file=path.name,
            name=experiment.name,
        )
    variant = replace(experiment, variant=word, paper_error=None)
    experiments.RUNS[variant.name] = variant
