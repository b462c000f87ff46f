"""The state of an interrupted run, and whether a run has ended."""

import io
import json
from pathlib import Path
from typing import Any

import torch

from stn_core.experiments.checkpoints import CheckpointError, load_checkpoint
from stn_core.experiments.recipes import with_present_names
from stn_core.files import why_unreadable, write_file


def is_result(path: Path, run: dict[str, Any]) -> bool:
    """Whether the checkpoint at ``path`` is what this run ends with."""
    known = json.loads(json.dumps(run))  # as a checkpoint has it: tuples as lists
    try:
        return known.items() <= with_present_names(load_checkpoint(path).provenance).items()
    except CheckpointError:
        return False


def load_state(path: Path, *parts: str) -> dict[str, Any]:
    """A state that ``save_state`` wrote, with at least its ``parts``. ValueError if the file is
    another one."""
    if why_unreadable(path):
        raise no_state(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)  # what takes it moves it
    except Exception as error:  # what torch and its unpickler raise for damaged files is anything
        raise no_state(path) from error
    if not isinstance(state, dict) or any(part not in state for part in parts):
        raise no_state(path)
    return state


def no_state(path: Path) -> ValueError:
    """The error for a file that is no state."""
    return ValueError(
        f"{path} can't be read as the state of a training run; delete it to start anew"
    )


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a state: whenever the run is killed, there is a whole one."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_file(path, buffer.getvalue())
