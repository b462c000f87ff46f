"""What the tests share: a small MNIST on disk, the command line in this process, a browser, and how hypothesis searches."""

import os
import struct
import sys
import tempfile

import pytest
import torch
from hypothesis import configuration, settings

from benchmarks.browser import FLAGS, chromium
from stn_core import __main__ as command_line
from stn_core.datasets import gallery

configuration.set_hypothesis_home_dir(tempfile.gettempdir())
settings.register_profile("suite", max_examples=40, deadline=None, database=None, derandomize=True)
settings.load_profile("suite")
torch.set_num_threads(1)  # the tensors here are small


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory):
    """A data folder with MNIST/raw as torchvision reads it: 1 024 training and 300 test digits, none of them in the gallery."""
    root = tmp_path_factory.mktemp("data")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, count, first in (("train", 1024, 0), ("t10k", 300, 300)):
        index = torch.arange(count)
        chosen = index % 10 * 500 + first + index // 10  # the classes in turn
        images, labels = gallery().images[chosen], gallery().labels[chosen]
        images = (images.roll(1, dims=2).float() * 0.9).to(torch.uint8)
        header = struct.pack(">4i", 0x803, count, 28, 28)
        (raw / f"{split}-images-idx3-ubyte").write_bytes(header + images.numpy().tobytes())
        header = struct.pack(">2i", 0x801, count)
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(header + labels.to(torch.uint8).numpy().tobytes())
    return root


@pytest.fixture
def run(monkeypatch, capsys):
    """run("evaluate", ...) calls the command line and returns its exit code, standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["stn_core", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            command_line.main()
        return (end.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def browser():
    """Chromium; without one the test is skipped, but under CI it fails."""
    try:
        path = chromium()
    except RuntimeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
