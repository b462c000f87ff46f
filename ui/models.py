"""The trained models and the recordings of their training, loaded once and shared by all visitors, never changed."""

import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from stn_core import EXPERIMENTS, Checkpoint, CheckpointError, Experiment, load_checkpoint
from stn_core.recording import FOLDER, Recording, RecordingError, load_recording, record_command

ROOT = Path(__file__).parent.parent
CHECKPOINTS = Path(os.environ.get("STN_CHECKPOINTS") or ROOT / "checkpoints")
RECORDINGS = Path(os.environ.get("STN_RECORDINGS") or ROOT / FOLDER)

NAMES = {
    "fcn": "FCN", "cnn": "CNN",
    "st-fcn-affine": "ST-FCN affine", "st-fcn-projective": "ST-FCN projective", "st-fcn-tps": "ST-FCN TPS",
    "st-cnn-affine": "ST-CNN affine", "st-cnn-projective": "ST-CNN projective", "st-cnn-tps": "ST-CNN TPS",
}  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """A model without a usable checkpoint or recording, and why."""

    experiment: Experiment
    reason: str


def experiments(kind: str) -> dict[str, Experiment]:
    """The experiments on one kind of data, by the name that the pages show."""
    return {name(e): e for e in EXPERIMENTS.values() if e.data == kind}


def name(experiment: Experiment) -> str:
    """A model's name as the pages show it."""
    return NAMES.get(experiment.model, experiment.model)


def is_there(experiment: Experiment) -> bool:
    return (CHECKPOINTS / experiment.path).is_file()


def load(experiment: Experiment) -> Checkpoint | Missing:
    """The trained model, or why there is none. A file that changes is read again."""
    path = CHECKPOINTS / experiment.path
    try:
        return _load(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return Missing(experiment, f"not trained yet. Make it with `{experiment.command}`")
    except CheckpointError as error:
        return Missing(experiment, str(error))


@st.cache_resource(max_entries=64, show_spinner=False)
def _load(path: Path, changed: int) -> Checkpoint:
    return load_checkpoint(path)


def recording_path(experiment: Experiment) -> Path:
    return RECORDINGS / f"{experiment.name}.safetensors"


def recording(experiment: Experiment) -> Recording | Missing:
    """The recording of a training, or why there is none. A file that changes is read again."""
    path = recording_path(experiment)
    try:
        return _recording(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return Missing(experiment, f"not recorded yet. Make it with `{record_command(experiment)}`")
    except RecordingError as error:
        return Missing(experiment, str(error))


@st.cache_resource(max_entries=64, show_spinner=False)
def _recording(path: Path, changed: int) -> Recording:
    return load_recording(path)
