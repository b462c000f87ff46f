"""The queue of run_queue.py on the machines of a Ray cluster, which need not share a disk.

Each experiment is an actor, ``Cell``, with cores or a share of a GPU. It runs ``python -m stn_core
train NAME --resume`` in a process of its own, as the queue on one machine does, in a temporary
folder that is made from what it is sent: this code, MNIST's files and the state that an earlier run
left. Whoever started the queue asks each cell again and again what is new, prints the lines of its
log and keeps its last training state beside where its checkpoint will be. So when a worker is lost,
its experiment goes on from there elsewhere, and when the queue itself is interrupted, the same
command goes on, with Ray or without.

A worker needs what this machine has installed: the same versions of Python and Ray, and
requirements.txt. ``Cell`` gets there by value and needs the standard library alone, so the workers
need no copy of this code. A killed worker leaves its folder behind, 55 MB in that machine's folder
of temporary files.
"""

import logging
import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

ANSWER, CONNECTION = 5, 20  # seconds that an address has to answer, and Ray to connect
STATES = 10  # seconds between two training states on their way here, at least
LOSSES = 3  # how many workers in a row an experiment may lose without a new state
CHILD = """
import os, runpy, threading
def end_with_the_worker():  # even with a killed one
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=end_with_the_worker, daemon=True).start()
runpy.run_module("stn_core", run_name="__main__", alter_sys=True)
"""
Files = dict[str, bytes]  # by their paths in a folder, with slashes


class Cell:
    """On a worker: one experiment in training."""

    def start(
        self, words: list[str], environment: dict[str, str], shared: Files, files: Files, out: str
    ) -> str:
        """Begin, or go on from the state in ``files``; returns the host and the worker's process.

        What is sent is written by hand, since there is no ``stn_core.files`` before it: into a new
        folder that nobody else reads, and a worker that ends meanwhile begins again in another.

        Args:
            words: of the command line after ``python -m stn_core``, without the folders.
            environment: what is added to the worker's own.
            shared: what all cells have in common, in the folders code, data and own.
            files: what is there already of this cell, in the folder out.
            out: what that folder is called where the queue was started, for the log.
        """
        self.temporary = tempfile.TemporaryDirectory(prefix="stn-")
        self.folder = Path(self.temporary.name)
        for name, content in (shared | files).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.out, self.read, self.sent, self.last = (
            out,
            0,
            files_in(self.folder, "out/**/*.state.pt"),
            -math.inf,
        )
        environment = os.environ | environment | {"PYTHONPATH": str(self.folder / "code")}
        environment["STN_CHECKPOINTS"] = (
            str(self.folder / "own") if (self.folder / "own").is_dir() else ""
        )
        places = [
            word for place in ("data", "out") for word in (f"--{place}", str(self.folder / place))
        ]
        if "--record" in words:
            places += ["--record", str(self.folder / "record")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CHILD, *words, *places],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        return f"{socket.gethostname()}, process {os.getpid()}"

    def news(self, patience: float = 0.5) -> tuple[list[str], Files, int | None]:
        """What happened since the last call, after at most ``patience`` seconds.

        Returns the new lines of the log; the training state, if there is a newer one and the last
        is some seconds old; and None or, once the training has ended, its exit code. With the exit
        code come all files that it leaves, and the folder is gone.
        """
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            code = None
        with (self.folder / "log").open("rb") as log:
            log.seek(self.read)
            text = log.read()
        if code is None:
            text = text[: text.rfind(b"\n") + 1]  # whole lines
        self.read += len(text)
        lines = (
            text.decode(errors="replace").replace(str(self.folder / "out"), self.out).splitlines()
        )
        files: Files = {}
        if code is not None:
            files = files_in(
                self.folder, "out/**/*.safetensors", "out/**/*.state.pt", "record/**/*.safetensors"
            )
            self.temporary.cleanup()
        elif time.monotonic() - self.last > STATES:
            states = files_in(self.folder, "out/**/*.state.pt")
            if states != self.sent:
                files = self.sent = states
                self.last = time.monotonic()
        return lines, files, code


def files_in(folder: Path, *patterns: str) -> Files:
    """The files of a folder that match one of the patterns."""
    paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@dataclass
class Job:
    """Where the queue was started: an experiment to train, its files, and how often its worker was
    lost since the last state."""

    name: str
    out: Path
    path: Path  # of the checkpoint
    losses: int = 0
    actor: Any = None

    @property
    def state_path(self) -> Path:
        return self.path.with_suffix(".state.pt")

    def files(self) -> Files:
        """What is there already, by the names of ``Cell.start``."""
        there = [path for path in (self.path, self.state_path) if path.is_file()]
        return {f"out/{path.relative_to(self.out).as_posix()}": path.read_bytes() for path in there}

    def keep(self, files: Files, record: Path | None) -> None:
        """Write what a worker sent, each file in one go. ValueError if one can't be written."""
        from stn_core.files import FileError, write_file

        folders = {"out": self.out, "record": record or self.out}
        for name, content in files.items():
            folder, _, rest = name.partition("/")
            path = folders[folder] / rest
            if path.is_file() and path.read_bytes() == content:
                continue
            try:
                write_file(path, content)
            except FileError as error:
                goes_on = "the same command goes on from what is done"
                raise ValueError(f"{error}; {goes_on}") from error


def run_queue(
    names: Sequence[str],
    options: Iterable[str],
    jobs: int | None,
    console: Console,
    *,
    address: str,
    device: str = "auto",
    data: Path | None = None,
    out: Path | None = None,
    record: Path | None = None,
) -> list[str]:
    """Train each on a worker of the Ray cluster; returns the names of those that failed.

    As with ``run_queue.run_queue`` what is done is skipped, what was interrupted goes on, one that
    fails does not stop the others, and what the runs report is printed as it comes. Checkpoints,
    states and recordings are written here.

    Args:
        names: of experiments on digits.
        options: of ``python -m stn_core train``; those that name folders are put right on each
            worker.
        jobs: how many side by side at most; None for one a core of the cluster or, where it has
            GPUs, one a GPU.
        address: of the cluster, as ``ray.init`` takes it: "auto", "host:6379" or
            "ray://host:10001".
        device, data, out, record: as ``loop.train`` has them.

    ValueError in one sentence without Ray, without a cluster at the address, for experiments on
    birds, and if the cluster is lost. DataError if MNIST is not to be had here.
    """
    from stn_core.experiments.checkpoints import own_folder
    from stn_core.experiments.plugins import is_own
    from stn_core.experiments.registry import EXPERIMENTS

    chosen = [EXPERIMENTS[name] for name in names]
    birds = [experiment.name for experiment in chosen if experiment.birds]
    if birds:
        raise ValueError(
            "--ray sends digits to its workers, no photographs of birds: train "
            f"{', '.join(birds)} without it"
        )
    own = own_folder()
    folders = [
        out or (own if own and is_own(experiment) else Path("checkpoints")) for experiment in chosen
    ]
    queue = deque(
        Job(e.name, folder, folder / e.path) for e, folder in zip(chosen, folders, strict=True)
    )
    ray = connect(address)
    try:
        shared = shared_files(data, own)
        try:
            return _run(ray, queue, list(options), jobs or 0, console, device, shared, record)
        except (ray.exceptions.RaySystemError, OSError) as error:
            reason = " ".join(str(error).split())
            goes_on = "the same command goes on from what is done"
            raise ValueError(
                f"the Ray cluster at {address} was lost ({reason}); {goes_on}"
            ) from error
    finally:
        ray.shutdown()


def _run(
    ray: Any,
    queue: deque[Job],
    options: list[str],
    jobs: int,
    console: Console,
    device: str,
    shared: Files,
    record: Path | None,
) -> list[str]:
    from stn_core.experiments.provenance import commit

    resources = share([node["Resources"] for node in ray.nodes() if node["Alive"]], jobs, device)
    environment = {
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(resources["num_cpus"])),
        "STN_COMMIT": commit(),
    }
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    worker, common = ray.remote(Cell).options(**resources), ray.put(shared)
    # the answers on their way, and whether each is that of ``Cell.start``
    expected: dict[Any, tuple[Job, bool]] = {}
    failed, order = [], [job.name for job in queue]

    def fail(job: Job, why: str = "") -> None:
        console.print(f"{job.name} failed{why}", style="bold red", markup=False, highlight=False)
        failed.append(job.name)

    while queue or expected:
        while queue and len(expected) < (jobs or math.inf):
            job = queue.popleft()
            job.actor = worker.remote()
            words = ["train", job.name, "--resume", *options]
            expected[
                job.actor.start.remote(words, environment, common, job.files(), str(job.out))
            ] = job, True
        for answer in ray.wait(list(expected), timeout=1)[0]:
            job, starts = expected.pop(answer)
            try:
                result = ray.get(answer)
            except ray.exceptions.RayTaskError as error:  # its worker lives, and says what is wrong
                fail(job, f": {type(error.cause).__name__}: {' '.join(str(error.cause).split())}")
                continue
            except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError) as error:
                ray.kill(job.actor)  # should it live on where it can't be reached
                job.losses += 1
                if job.losses == LOSSES:
                    fail(
                        job,
                        f": {LOSSES} workers were lost one after the other, the last so: "
                        f"{' '.join(str(error).split())}",
                    )
                    continue
                goes_on = (
                    "goes on from its last state" if job.state_path.is_file() else "starts again"
                )
                console.print(
                    f"{job.name}: its worker was lost; it {goes_on}", markup=False, highlight=False
                )
                queue.appendleft(job)
                continue
            if starts:
                console.print(f"{job.name}: on {result}", markup=False, highlight=False)
            else:
                lines, files, code = result
                for line in lines:
                    console.print(line, markup=False, highlight=False)
                job.keep(files, record)
                if files:
                    job.losses = 0
                if code is not None:
                    if code:
                        fail(job)
                    else:
                        job.state_path.unlink(missing_ok=True)
                    ray.kill(job.actor)
                    continue
            expected[job.actor.news.remote()] = job, False
    return sorted(failed, key=order.index)


def connect(address: str) -> Any:
    """The module ``ray``, connected. ValueError in one sentence, after a bounded time, without Ray
    or without an answer."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ValueError("--ray needs Ray, here and on its workers: pip install ray") from error
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    remedy = (
        'name a running cluster, "auto" or host:6379 on one of its machines, '
        "ray://host:10001 on another; ray start makes one"
    )
    if colon and port.isdecimal():  # Ray itself tries for minutes
        try:
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
        except (OSError, OverflowError) as error:
            raise ValueError(f"no Ray cluster answers at {address} ({error}): {remedy}") from error
    problems: list[BaseException] = []

    def init() -> None:
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except BaseException as error:
            problems.append(error)

    connecting = threading.Thread(target=init, daemon=True)
    connecting.start()
    connecting.join(CONNECTION)
    if connecting.is_alive():
        raise ValueError(
            f"what answers at {address} did not take a connection within {CONNECTION} s: {remedy}"
        )
    if problems:
        reason = " ".join(str(problems[0]).split())
        raise ValueError(
            f"no connection to a Ray cluster at {address} ({reason}): {remedy}"
        ) from problems[0]
    return ray


def shared_files(data: Path | None, own: Path | None) -> Files:
    """What every cell needs: this code, MNIST's files and the modules of your own models.

    DataError if MNIST is neither here nor to be had.
    """
    from stn_core.data.mnist import mnist, mnist_files
    from stn_core.files import visible

    for split in ("train", "test"):
        mnist(split, data)  # is downloaded if it is missing
    code = Path(__file__).parents[1]
    paths = {
        f"code/stn_core/{path.relative_to(code).as_posix()}": path for path in code.rglob("*.py")
    }
    paths |= {f"data/MNIST/raw/{name}": path for name, path in mnist_files(data).items()}
    paths |= {f"own/{path.name}": path for path in visible(own, "*.py")} if own else {}
    return {name: path.read_bytes() for name, path in paths.items()}


def share(nodes: Iterable[Mapping[str, float]], jobs: int, device: str) -> dict[str, float]:
    """What each cell is given: cores and, where the cluster has GPUs and they may be used, a GPU or
    a share of one.

    Args:
        nodes: the resources of each machine, as Ray names them.
        jobs: how many cells are to run side by side; 0 for one a GPU or, without GPUs, one a core.
        device: "cpu" leaves the GPUs alone.
    """
    machines = [(int(node.get("CPU", 0)), int(node.get("GPU", 0))) for node in nodes]
    cores, gpus = (sum(numbers) for numbers in zip(*machines, strict=True)) if machines else (0, 0)
    if not cores:
        raise ValueError("the Ray cluster has no cores to train on")
    if gpus and device != "cpu":
        cells = max(1, math.ceil(jobs / gpus))  # a GPU
        beside = min(here // (cards * cells) for here, cards in machines if cards)
        # Ray counts in such steps
        return {"num_cpus": max(1, beside), "num_gpus": math.floor(10_000 / cells) / 10_000}
    return {
        "num_cpus": max(1, min(max(here for here, _ in machines), cores // jobs)) if jobs else 1
    }
