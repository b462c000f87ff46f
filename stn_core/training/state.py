"""The state of an interrupted run, and whether a run has ended."""

import pickle
from pathlib import Path
from typing import Any

import torch

from stn_core.experiments.checkpoints import CheckpointError, load_checkpoint
from stn_core.experiments.recipes import with_present_names


def is_result(path: Path, run: dict[str, Any]) -> bool:
    """Whether the checkpoint at ``path`` is what this run ends with."""
    try:
        return run.items() <= with_present_names(load_checkpoint(path).provenance).items()
    except CheckpointError:
        return False


def load_state(path: Path) -> dict[str, Any]:
    """A state that ``save_state`` wrote. ValueError if the file is another one."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)  # what takes it moves it
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} can't be read as the state of a training run; delete it to start anew"
        ) from error


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a state in one go: whenever the run is killed, there is a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    torch.save(state, unfinished)
    unfinished.replace(path)
