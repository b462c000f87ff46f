"""Many experiments, one after the other or several side by side: each in a process of its own, with
its share of the cores."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from rich.console import Console

# small models that share a GPU; each also keeps a core busy with launching and one with drawing
GPU_JOBS = 6


def default_jobs(device: str = "auto", small: bool = True) -> int:
    """How many experiments train fastest side by side: one a CPU core, since one thread is used
    best; on a GPU a few, if they are small."""
    if device == "cpu" or not torch.cuda.is_available():
        return cores()
    return min(GPU_JOBS, max(1, cores() // 2)) if small else 1


def cores() -> int:
    """The CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_queue(
    names: Sequence[str], options: Iterable[str], jobs: int, console: Console
) -> list[str]:
    """Train each with ``python -m stn_core train NAME --resume`` and the options; returns the names
    of those that failed. A name may bring options of its own, as in "r-cnn --seeds 1".

    What is done is skipped, what was interrupted goes on, and one that fails does not stop the
    others. Whatever the runs report is printed as it comes.
    """
    environment = {"OMP_NUM_THREADS": str(max(1, cores() // jobs))} | os.environ

    def run(name: str) -> int:
        command = [sys.executable, "-m", "stn_core", "train", *name.split(), "--resume", *options]
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True
        ) as process:
            for line in process.stderr or ():
                console.print(line.rstrip(), highlight=False, markup=False)
        if process.returncode:
            console.print(f"{name} failed", style="bold red")
        return process.returncode

    pool = ThreadPoolExecutor(jobs)
    try:
        codes = list(pool.map(run, names))
    finally:
        pool.shutdown(cancel_futures=True)  # after an interruption nothing new starts
    return [name for name, code in zip(names, codes, strict=True) if code]
