"""Trainings that a whole class may start: one at a time, shared, stopped, bounded."""

import threading

import pytest

from ui.pages.trouble import live_training as module
from ui.pages.trouble.live_training import WAITING, TrainingService


class Training:
    """Makes moments only when it is told to."""

    def __init__(self):
        self.started, self.go, self.running, self.most = [], threading.Semaphore(0), 0, 0

    def __call__(self, rate):
        self.started.append(rate)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for moment in range(3):
                assert self.go.acquire(timeout=20)
                yield moment
        finally:
            self.running -= 1


@pytest.fixture
def training():
    return Training()


@pytest.fixture
def service(training):
    return TrainingService(training)


def ended(service):
    worker = service.worker
    if worker:
        worker.join(20)
    return service.worker is None


def test_visitors_with_the_same_rate_watch_one_run(service, training):
    runs = [service.watch(3.0, f"visitor {i}") for i in range(300)]
    training.go.release(3)
    assert ended(service) and training.started == [3.0]
    assert all(run is runs[0] for run in runs) and runs[0].moments == [0, 1, 2] and runs[0].done
    assert service.finished() == [runs[0]] and service.watch(3.0, "late") is runs[0]


def test_one_run_at_a_time_and_only_a_few_wait(service, training):
    runs = [service.watch(float(rate), "visitor") for rate in range(WAITING + 3)]
    assert runs[WAITING:] == [None, None, None]
    assert [service.ahead(run) for run in runs[:3]] == [0, 1, 2]
    training.go.release(100)
    assert (
        ended(service)
        and training.most == 1
        and training.started == [float(rate) for rate in range(WAITING)]
    )


def test_the_last_one_to_leave_stops_the_run(service, training):
    run = service.watch(1.0, "a")
    service.watch(1.0, "b")
    service.leave(run, "a")
    assert not run.stopped
    service.leave(run, "b")
    training.go.release(3)
    assert ended(service) and run.stopped and len(run.moments) <= 1 and service.finished() == []
    again = service.watch(1.0, "a")
    training.go.release(3)
    assert ended(service) and again is not run and again.moments == [0, 1, 2]


def test_a_run_that_nobody_waits_for_any_more_takes_no_place(service, training):
    first = service.watch(0.0, "a")
    for rate in range(1, 3 * WAITING):  # one visitor goes through all rates
        run = service.watch(float(rate), "b")
        service.leave(run, "b")
        assert run.done and run.stopped
    last = service.watch(1.0, "c")
    assert service.ahead(last) == 1
    training.go.release(100)
    assert ended(service) and service.finished() == [first, last]


def test_a_run_that_takes_too_long_ends(service, training, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.0)
    training.go.release(3)
    run = service.watch(1.0, "a")
    assert ended(service) and run.moments == [0] and run.done and run.stopped


def test_a_run_that_fails_does_not_block_the_next(training):
    def fail(rate):
        if rate == 1.0:
            raise RuntimeError("broken")
        yield 7

    service = TrainingService(fail)
    broken = service.watch(1.0, "a")
    ended(service)
    assert broken.done and broken.stopped
    fine = service.watch(2.0, "a")
    assert ended(service) and fine.moments == [7]
