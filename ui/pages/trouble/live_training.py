"""Small trainings on the spot, shared by everybody who watches: one runs at a time, a few may wait,
each is bounded in time.

A run is fixed by its rate, so a class that presses "train" at the same rate starts one run and
watches it together, and a rate that has been tried is there at once. Nobody can occupy more than
one core, nor that one for longer than ``SECONDS``.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

import streamlit as st

from stn_core.explain.pitfalls import TrainingSnapshot, train_tiny_stn

log = logging.getLogger(__name__)
SECONDS = 30.0  # a run ends then, finished or not
WAITING = 6  # runs that may be unfinished: one at work, the others waiting
KEPT = 24  # finished runs that are remembered
PAUSE = 0.002  # after each moment, for the other visitors' pages


class Run:
    """One training: its moments so far, and who watches it; it ends with the last of them."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.moments: list[TrainingSnapshot] = []
        self.done = False
        self.stopped = False
        self.watchers: set[str] = set()


class TrainingService:
    """All runs of the server. ``train`` makes the moments of a run from its rate."""

    def __init__(
        self, train: Callable[[float], Iterable[TrainingSnapshot]] = train_tiny_stn
    ) -> None:
        self.train = train
        self.runs: OrderedDict[float, Run] = OrderedDict()
        self.queue: list[Run] = []
        self.lock = threading.Lock()
        self.worker: threading.Thread | None = None

    def watch(self, rate: float, visitor: str) -> Run | None:
        """The run of that rate, begun if it was not; None if too many wait already."""
        with self.lock:
            run = self.runs.get(rate)
            if run is None or run.stopped:
                if len(self.queue) >= WAITING:
                    return None
                run = self.runs[rate] = Run(rate)
                self.queue.append(run)
                self._forget()
                if self.worker is None:
                    self.worker = threading.Thread(target=self._work, daemon=True)
                    self.worker.start()
            run.watchers.add(visitor)
            return run

    def leave(self, run: Run, visitor: str) -> None:
        """Watch no more; the last one to leave stops it."""
        with self.lock:
            run.watchers.discard(visitor)
            if not run.watchers and not run.done:
                run.stopped = True
                if run in self.queue[1:]:  # the first one is at work, and ends of itself
                    self.queue.remove(run)
                    run.done = True

    def finished(self) -> list[Run]:
        """The runs that went to their end."""
        with self.lock:
            return [run for run in self.runs.values() if run.done and not run.stopped]

    def ahead(self, run: Run) -> int:
        """How many runs come before this one."""
        with self.lock:
            return self.queue.index(run) if run in self.queue else 0

    def _forget(self) -> None:
        for rate in [rate for rate, run in self.runs.items() if run.done or run.stopped]:
            if len(self.runs) <= KEPT:
                return
            del self.runs[rate]

    def _work(self) -> None:
        while True:
            with self.lock:
                if not self.queue:
                    self.worker = None
                    return
                run = self.queue[0]
            self._train(run)
            with self.lock:
                self.queue.pop(0)

    def _train(self, run: Run) -> None:
        end = time.monotonic() + SECONDS
        try:
            for moment in () if run.stopped else self.train(run.rate):
                run.moments.append(moment)
                time.sleep(PAUSE)
                if run.stopped or time.monotonic() > end:
                    run.stopped = True
                    break
        except Exception:
            log.exception("A small training at rate %g failed", run.rate)
            run.stopped = True
        finally:
            run.done = True


@st.cache_resource(show_spinner=False)
def training_service() -> TrainingService:
    """The server's one training service."""
    return TrainingService()
