"""Trained models, recordings and measurements: loaded once, shared, never changed."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st
import torch

from stn_core import (
    EXPERIMENTS,
    Checkpoint,
    CheckpointError,
    Experiment,
    files,
    load_checkpoint,
)
from stn_core.evaluation.report import (
    ModelResult,
    Report,
    ReportError,
    digest,
    read_report,
    report_place,
)
from stn_core.experiments.checkpoints import SHIPPED, find_checkpoint, read_metrics
from stn_core.experiments.seeds import PLACE as SEEDS
from stn_core.experiments.seeds import SeedErrors, read_seeds
from stn_core.models.digits import DigitModel
from stn_core.places import ASSETS, ROOT, named
from stn_core.training.recording import (
    FOLDER,
    Recording,
    RecordingError,
    load_recording,
    record_command,
)
from ui.app.i18n import Translator, in_markdown, language, texts
from ui.app.outside import Markdown, number

CHECKPOINTS = SHIPPED  # behind your own, in the folder that STN_CHECKPOINTS names
RECORDINGS = named("STN_RECORDINGS") or ROOT / FOLDER
ORACLE = ASSETS / "oracle.json"
REPORT = report_place()
# how a cache tells paths apart: Streamlit's own way fails for names that are no text
PATHS: dict[Any, Callable[[Any], bytes]] = {type(Path()): os.fsencode}

Found = TypeVar("Found")
NAMES = {"st-cnn-affine-map": "ST-CNN affine (map)", "2st-cnn-affine": "2×ST-CNN affine"}
BIRD_NAMES = {
    "cnn": "CNN 224 px",
    "cnn-448": "CNN 448 px",
    "2st-cnn": "2×ST-CNN",
    "4st-cnn": "4×ST-CNN",
}


@dataclass(frozen=True)
class Missing:
    """A model without a usable checkpoint or recording, and why."""

    experiment: Experiment
    reason: Markdown


def experiments(kind: str) -> dict[str, Experiment]:
    """The experiments on one kind of data, by the name that the pages show."""
    return {name(e): e for e in EXPERIMENTS.values() if e.data == kind}


def on_images(kind: str) -> dict[str, Experiment]:
    """Those of them whose transformers, if any, warp the image itself, so that grid and output can
    be shown on it."""
    return {name: e for name, e in experiments(kind).items() if not e.warps_maps}


def name(experiment: Experiment) -> str:
    """A model's name as the pages show it."""
    if experiment.birds:
        return BIRD_NAMES.get(experiment.model, experiment.model) + (
            ", 200 species" if experiment.data == "cub200" else ""
        )
    return model_name(experiment.title)


def model_name(model: str) -> str:
    """A digit model's name as the pages show it: "ST-CNN affine" for "st-cnn-affine"."""
    if model in NAMES:
        return NAMES[model]
    network, *words = model.removeprefix("st-").split("-")
    network = network.upper() if network in ("fcn", "cnn") else network
    return " ".join((f"ST-{network}" if model.startswith("st-") else network, *words)).replace(
        " tps", " TPS"
    )


def checkpoint_path(experiment: Experiment) -> Path:
    """Where the checkpoint lies, or would lie."""
    return find_checkpoint(experiment, CHECKPOINTS)


def version(experiment: Experiment) -> tuple[Path, int]:
    """What changes with the checkpoint: its place, and when it was written."""
    path = checkpoint_path(experiment)
    return path, files.changed(path)


def is_there(experiment: Experiment) -> bool:
    return files.is_there(checkpoint_path(experiment))


def load(experiment: Experiment) -> Checkpoint | Missing:
    """The trained model, or why there is none. A file that changes is read again."""
    path, command = checkpoint_path(experiment), experiment.command
    return _read_or_missing(experiment, path, _load, "untrained", command)


def _read_or_missing(
    experiment: Experiment,
    path: Path,
    read: Callable[[Path, int], Found],
    absent: str,
    command: str,
) -> Found | Missing:
    """What ``read`` makes of a file and of when it changed; if there is none, the text ``absent``
    with the command that makes one."""
    changed = files.changed(path)
    if not changed and not files.is_there(path):
        return Missing(experiment, texts("controls").markdown(absent, command=command))
    try:
        return read(path, changed)
    except (CheckpointError, RecordingError) as error:
        return Missing(experiment, in_markdown(error.sentence))


def metrics(experiment: Experiment) -> dict[str, Any]:
    """What was measured of a trained model, without reading its weights; nothing if there is no
    usable checkpoint."""
    path = checkpoint_path(experiment)
    try:
        return _metrics(path, files.changed(path))
    except CheckpointError:
        return {}


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=PATHS)
def _metrics(path: Path, changed: int) -> dict[str, Any]:
    return read_metrics(path)


def digit_model(experiment: Experiment, say: Translator) -> DigitModel | None:
    """The trained model of an exhibit about digits; None, with a sentence, if there is none."""
    checkpoint = load(experiment)
    if isinstance(checkpoint, Missing):
        st.warning(
            say.markdown("missing", model=experiment.name, reason=checkpoint.reason),
            icon=":material/model_training:",
        )
        return None
    assert isinstance(checkpoint.model, DigitModel)
    return checkpoint.model


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=PATHS)
def _load(path: Path, changed: int) -> Checkpoint:
    # whatever the page that asks first is doing: others want gradients
    with torch.inference_mode(False):
        return load_checkpoint(path)


def code_of(path: Path) -> str:
    """A path as Python, for a program that runs anywhere; one from outside the product is named by
    its variable alone."""
    if path.is_relative_to(ROOT):
        return f"str(ROOT / {path.relative_to(ROOT).as_posix()!r})"
    if path == REPORT:
        return 'os.environ["STN_REPORT"]'
    return f'os.environ["STN_RECORDINGS"] + {"/" + path.name!r}'


def recording_path(experiment: Experiment) -> Path:
    return RECORDINGS / ("birds" if experiment.birds else "") / f"{experiment.name}.safetensors"


def recording(experiment: Experiment) -> Recording | Missing:
    """The recording of a training, or why there is none. A file that changes is read again."""
    path, command = recording_path(experiment), record_command(experiment)
    return _read_or_missing(experiment, path, _recording, "unrecorded", command)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=PATHS)
def _recording(path: Path, changed: int) -> Recording:
    return load_recording(path)


def digits_link(experiment: Experiment) -> str:
    """The digits page's address on one model, from any page, in the visitor's language."""
    address = {"kind": experiment.data.upper(), f"models_{experiment.data}": name(experiment)}
    return "./?" + urlencode(address | ({} if language() == "en" else {"lang": language()}))


def report() -> Report | Markdown:
    """What was measured of the models, or why there is nothing, in one sentence. A file that
    changes is read again."""
    try:
        return _report(REPORT, files.changed(REPORT))
    except ReportError as error:
        return in_markdown(error.sentence)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=PATHS)
def _report(path: Path, changed: int) -> Report:
    return read_report(path)


def oracle() -> dict[str, float]:
    """The error in per cent of a CNN behind the true inverse map, by kind, as ``benchmarks.oracle``
    measured it; what can't be read is left out."""
    try:
        found = json.loads(ORACLE.read_text("utf-8"))
        errors = {kind: number(about["errors"][0]) for kind, about in found.items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return {}
    return {
        kind: error for kind, error in errors.items() if error is not None and 0 <= error <= 100
    }


def training_seeds() -> dict[str, SeedErrors]:
    """What several trainings of an experiment came to; nothing if the file can't be read. A file
    that changes is read again."""
    try:
        return _training_seeds(SEEDS, files.changed(SEEDS))
    except ValueError:
        return {}


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=PATHS)
def _training_seeds(path: Path, changed: int) -> dict[str, SeedErrors]:
    return read_seeds(path)


def has_changed(measured: ModelResult) -> bool:
    """Whether the checkpoint is another one than the one that was measured."""
    path = checkpoint_path(measured.experiment)
    if files.why_unreadable(path):
        return False
    return _digest(path, files.changed(path)) != measured.sha256


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs=PATHS)
def _digest(path: Path, changed: int) -> str:
    return digest(path.read_bytes())
