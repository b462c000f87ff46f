"""On what a checkpoint was made: device, versions, commit, date."""

import datetime
import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch


def origin(device: torch.device, processes: int, precision: str) -> dict[str, Any]:
    """A run's device, processes, precision ("bf16" or "no"), versions, commit and date."""
    return {
        "device": torch.cuda.get_device_name()
        if device.type == "cuda"
        else f"CPU, {torch.get_num_threads()} threads",
        "processes": processes,
        "precision": precision,
        "versions": {
            name: version(name) for name in ("torch", "torchvision", "accelerate", "safetensors")
        },
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
    }


def commit() -> str:
    """The commit of this source, with "+" if it was changed since; "unknown" where git does not
    keep it, as in an environment inside another project's repository.

    The environment variable STN_COMMIT says it where the source was copied to, such as a worker of
    training/ray_queue.py.
    """
    if told := os.environ.get("STN_COMMIT"):
        return told

    def git(*arguments: str) -> str:
        here = Path(__file__).parents[1]
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")
        return git("rev-parse", "--short=12", "HEAD") + (
            "+" if git("status", "--porcelain", "--", ".") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
