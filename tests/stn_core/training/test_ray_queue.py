"""The queue on a Ray cluster: two nodes on this machine, one of whose workers is killed; and what
it says without a cluster."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from stn_core import EXPERIMENTS, load_checkpoint
from stn_core.training.loop import train
from stn_core.training.ray_queue import share

ROOT = Path(__file__).parents[3]
TINY = ("--limit", 512, "--epochs", 12, "--device", "cpu", "--precision", "float32")
NAMES = ("r-cnn", "r-st-fcn-affine")


@pytest.fixture
def cluster():
    """The address of a cluster of two nodes with a core each, which no other machine can reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # 127.0.0.1 stays what it is, also for who connects
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        patch.setenv("RAY_TMPDIR", "/tmp")  # the paths of its sockets must be short
        utils = pytest.importorskip("ray.cluster_utils")
        node = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False}
        nodes = utils.Cluster(initialize_head=True, head_node_args=node, shutdown_at_exit=True)
        try:
            nodes.add_node(**node)
            yield nodes.address
        finally:
            nodes.shutdown()


@pytest.fixture
def alone(tiny_mnist, tmp_path):
    """The same cells without Ray, trained beside the rest: a future of the folder."""
    folder = tmp_path / "alone"

    def train_all():
        for name in NAMES:
            recipe = replace(EXPERIMENTS[name].recipe("ours"), epochs=12)
            options = {"device": "cpu", "precision": "float32", "data": tiny_mnist, "limit": 512}
            train(EXPERIMENTS[name], recipe, out=folder, record=folder / "recordings", **options)
        return folder

    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield pool.submit(train_all)


def test_a_killed_workers_cell_goes_on_elsewhere_to_the_weights_of_a_run_without_ray(
    alone, cluster, tiny_mnist, tmp_path
):
    folder, log = tmp_path / "ray", tmp_path / "log"
    command = [
        sys.executable,
        "-m",
        "stn_core",
        "train",
        *NAMES,
        *TINY,
        "--data",
        tiny_mnist,
        "--out",
        folder,
    ]
    command += ["--record", folder / "recordings", "--ray", cluster]
    environment = {
        name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"
    } | {"PYTHONPATH": str(ROOT)}
    with log.open("w") as output:
        queue = subprocess.Popen(
            [*map(str, command)], env=environment, cwd=tmp_path, stdout=output, stderr=output
        )
    try:
        state, deadline = folder / "digits" / "r-cnn.state.pt", time.monotonic() + 200
        while not state.is_file():  # it comes from the worker, whose folder is another
            assert queue.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        os.kill(
            int(re.search(r"^r-cnn: on .*, process (\d+)$", log.read_text(), re.M)[1]),
            signal.SIGKILL,
        )
        assert queue.wait(timeout=300) == 0, log.read_text()
    finally:
        queue.kill()
    said = log.read_text()
    _, after = said.split("r-cnn: its worker was lost; it goes on from its last state\n")
    assert "r-cnn epoch 12/12" in after and "r-cnn epoch 1/12" not in after, said

    for name in NAMES:
        assert f"{folder / EXPERIMENTS[name].path}: validation error" in said
        for path in (EXPERIMENTS[name].path, f"recordings/{name}.safetensors"):
            found, expected = load_file(folder / path), load_file(alone.result(timeout=200) / path)
            assert found.keys() == expected.keys() and all(
                torch.equal(found[key], expected[key]) for key in expected
            ), path
        commits = {
            load_checkpoint(each / EXPERIMENTS[name].path).provenance["commit"]
            for each in (folder, alone.result())
        }
        assert len(commits) == 1  # of the copied code that of its origin
    assert sorted(path.name for path in state.parent.iterdir()) == sorted(
        f"{name}.safetensors" for name in NAMES
    )


@pytest.fixture
def command(run, tiny_mnist, tmp_path):
    return lambda address, name="r-fcn": run(
        "train", name, *TINY, "--data", tiny_mnist, "--out", tmp_path, "--ray", address
    )


def one_sentence(result, *words):
    code, _, message = result
    assert code == 1 and message.startswith("Error: ") and len(message.strip().splitlines()) == 1, (
        message
    )
    assert all(word in message for word in words), message


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_nobody_answers_ends_in_one_sentence(command, scheme):
    pytest.importorskip("ray")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        one_sentence(command(address), address, "ray start")


def test_an_address_that_is_none_ends_in_one_sentence(command):
    pytest.importorskip("ray")
    one_sentence(command("nonsense"), "nonsense", "host:6379")


def test_without_ray_its_option_ends_in_one_sentence(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    one_sentence(command("auto"), "pip install ray")


def test_birds_are_not_sent_to_workers(command):
    one_sentence(command("auto", "cub200-cnn"), "cub200-cnn", "--ray")


@pytest.mark.parametrize(
    ("nodes", "jobs", "device", "expected"),
    [
        ([{"CPU": 4}, {"CPU": 2}], 0, "auto", {"num_cpus": 1}),
        ([{"CPU": 4}, {"CPU": 2}], 2, "auto", {"num_cpus": 3}),
        ([{"CPU": 4}, {"CPU": 2}], 1, "auto", {"num_cpus": 4}),  # of one machine
        ([{"CPU": 4}, {"CPU": 2}], 36, "auto", {"num_cpus": 1}),
        ([{"CPU": 16, "GPU": 1}, {"CPU": 2}], 0, "auto", {"num_cpus": 16, "num_gpus": 1}),
        ([{"CPU": 16, "GPU": 2}, {"CPU": 2}], 6, "auto", {"num_cpus": 2, "num_gpus": 0.3333}),
        ([{"CPU": 16, "GPU": 1}], 4, "cpu", {"num_cpus": 4}),
    ],
)
def test_cells_share_what_the_cluster_has(nodes, jobs, device, expected):
    assert share(nodes, jobs, device) == expected
