"""Files are written whole or not at all; what is no file is said in one sentence."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stn_core import EXPERIMENTS
from stn_core.evaluation.report import read_report, write_report
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.experiments.seeds import collect_seeds
from stn_core.files import (
    FileError,
    check_writable,
    locked,
    visible,
    why_unreadable,
    write_file,
)
from stn_core.training.bird_recording import WindowRecorder
from stn_core.training.ray_queue import Job
from stn_core.training.recording import Recorder
from stn_core.training.state import save_state

ROOT = Path(__file__).parents[2]
EXPERIMENT = EXPERIMENTS["r-fcn"]


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def alone(path):
    """The file is all that lies in its folder."""
    return list(path.parent.iterdir()) == [path]


def test_what_is_written_is_what_is_there(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    assert write_file(path, "größer") == path and path.read_text("utf-8") == "größer"
    assert write_file(str(path), b"\0").read_bytes() == b"\0" and alone(path)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        path = write_file(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_link_stays_one_and_what_it_names_is_written(tmp_path, old):
    link = tmp_path / "link"
    link.symlink_to(old)
    write_file(link, b"new")
    assert link.is_symlink() and old.read_bytes() == b"new"


def test_a_stream_is_written_into(tmp_path):
    assert Path(write_file("/dev/null", b"x")).is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError):  # at once, although nobody reads
        write_file(pipe, b"x")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, b"x")
    assert os.read(reader, 9) == b"x" and alone(pipe)
    os.close(reader)


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_file_and_nothing_else(old, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(FileError, match="file can't be written: the disk is full"):
            write_file(old, b"new")
    assert old.read_bytes() == b"old" and alone(old)
    with pytest.raises(FileError, match="/dev/full can't be written: the disk is full"):
        write_file("/dev/full", bytes(100_000))


def test_a_limit_of_the_size_of_files_is_one_sentence(old):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(FileError, match="file can't be written"):
            write_file(old, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert old.read_bytes() == b"old" and alone(old)


@pytest.mark.parametrize("ask", [check_writable, lambda path: write_file(path, b"new")])
def test_what_can_t_be_written_is_said_before_and_then(tmp_path, old, ask):
    folder = tmp_path / "folder"
    folder.mkdir()
    for path, why in (
        (old / "below", "a file lies where its folder should be"),
        (folder, "a folder lies in its place"),
        (Path("/proc/nothing"), "can't be written"),
        (Path("/proc/1/nothing/file"), "can't be written"),
        (tmp_path / ("x" * 300), "can't be written"),
        (tmp_path / "a\0b", "can't be written"),
    ):
        with pytest.raises(FileError, match=why) as error:
            ask(path)
        assert "\n" not in str(error.value) and str(path) in str(error.value)
    assert sorted(tmp_path.iterdir()) == [old, folder] and old.read_bytes() == b"old"


def test_asking_changes_nothing(old):
    check_writable(old)
    check_writable(old.with_name("other"))
    check_writable("/dev/null")
    assert old.read_bytes() == b"old" and alone(old)


def test_many_writers_at_once_never_meet(tmp_path):
    path, contents = tmp_path / "file", [bytes([i]) * 50_000 for i in range(8)]
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            if path.exists():
                seen.append(path.read_bytes())

    def write(content):
        for _ in range(5):
            write_file(path, content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    reader = threading.Thread(target=read)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert path.read_bytes() in contents and set(seen) <= set(contents) and alone(path)


# Killed while it writes


def checkpoint(path, value):
    model = EXPERIMENT.create_model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)
    metrics = {"validation_error": value, "test_error": value}
    about = {"device": "CPU", "samples": 1, "seed": 0}
    save_checkpoint(path, model, EXPERIMENT, metrics, about)


def recording(path, value):
    recorder = Recorder(EXPERIMENT, 1)
    recorder.steps, recorder.logits = [0], [torch.full((64, 10), value).half()]
    recorder.save(path.parent)


def bird_recording(path, value):
    recorder = WindowRecorder(EXPERIMENTS["cub50-2st-cnn"])
    recorder.moments, recorder.weights = [(0, 0)], [{"weight": torch.full((9,), value).half()}]
    recorder.save(path.parent)


def report(path, value):
    found = read_report(ROOT / "assets" / "report.json")
    write_report(replace(found, origin={**found.origin, "commit": str(value)}), path)


def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def seeds(path, value):
    for number in (1.0, 2.0):
        if not (path.parent / str(number)).exists():
            checkpoint(path.parent / str(number) / EXPERIMENT.path, number)
    collect_seeds(path.parent / str(value), path)


def from_ray(path, value):
    Job("r-fcn", path.parent, path).keep({f"out/{path.name}": str(value).encode()}, None)


WRITERS = {
    "r-fcn.safetensors": checkpoint,
    "r-fcn.state.pt": lambda path, value: save_state({"step": value}, path),
    "recording/r-fcn.safetensors": recording,
    "recording/cub50-2st-cnn.safetensors": bird_recording,
    "report.json": report,
    "seeds.json": seeds,
    "file": from_ray,
}


@pytest.mark.parametrize("moment", ["write", "fsync", "rename"])
@pytest.mark.parametrize("name", WRITERS)
def test_whatever_is_killed_while_it_writes_the_old_file_is_whole(tmp_path, name, moment):
    path = tmp_path / name
    WRITERS[name](path, 1.0)
    before = path.read_bytes()
    child = os.fork()
    if not child:
        if moment == "write":
            resource.setrlimit(resource.RLIMIT_FSIZE, (2, 2))
            signal.signal(signal.SIGXFSZ, kill)
            os.fsync = kill
            Path.unlink = kill
        elif moment == "fsync":
            os.fsync = kill
        else:
            Path.replace = os.replace = kill
        try:
            WRITERS[name](path, 2.0)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert path.read_bytes() == before
    WRITERS[name](path, 2.0)
    assert path.read_bytes() != before


# Locks


def test_of_two_who_would_write_one_file_the_second_is_told(tmp_path):
    path = tmp_path / "folder" / "file"
    with locked(path):
        with pytest.raises(FileError, match="being written by another run"), locked(path):
            pass
        with locked(path.with_name("other")):
            pass
    with locked(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_a_lock_ends_with_its_process(tmp_path):
    program = f"""
import os, pathlib, signal
from stn_core.files import locked
with locked(pathlib.Path({str(tmp_path / "file")!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    with locked(tmp_path / "file"):
        pass


# Reading


def test_what_is_no_file_is_said(tmp_path, old):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, why in (
        (tmp_path, "it is a folder"),
        (tmp_path / "pipe", "it is no ordinary file"),
        (Path("/dev/zero"), "it is no ordinary file"),
        (tmp_path / "dangling", "it is a link to what is not there"),
        (tmp_path / "nothing", "it is not there"),
        (tmp_path / "loop", "it can't be read"),
        (old / "below", "it can't be read"),
        (tmp_path / "a\0b", "it can't be read"),
    ):
        assert why in why_unreadable(path)
    assert why_unreadable(old) is None


def test_hidden_files_are_not_listed(tmp_path):
    for name in (
        "b.x",
        "a.x",
        ".a.x",
        "._a.x",
        ".#a.x",
        "~$a.x",
        "#a.x#",
        "a.x~",
        "in/c.x",
        ".in/d.x",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert visible(tmp_path, "*.x", "*/*.x") == [
        tmp_path / name for name in ("a.x", "b.x", "in/c.x")
    ]
    assert visible(tmp_path / "nothing", "*") == []
