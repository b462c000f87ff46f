"""What the tests share: a small MNIST, the command line, a browser, hypothesis's settings."""

import os
import struct
import sys
import tempfile

import pytest
import torch
from birds import make_cub
from hypothesis import configuration, settings

from benchmarks.browser import FLAGS, ROOT, chromium, serving
from stn_core import __main__ as command_line
from stn_core.data.mnist import gallery
from stn_core.training import loop
from stn_core.training.state import save_state

configuration.set_hypothesis_home_dir(tempfile.gettempdir())
settings.register_profile("suite", max_examples=40, deadline=None, database=None, derandomize=True)
settings.load_profile("suite")
torch.set_num_threads(1)  # the tensors here are small


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than there are cores: many tests wait for a browser most of their time."""
    cores = yield
    return cores if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else cores + 1


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory):
    """A data folder with MNIST/raw as torchvision reads it: 1 024 training and 300 test digits,
    none of them in the gallery."""
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
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(
            header + labels.to(torch.uint8).numpy().tobytes()
        )
    return root


@pytest.fixture(scope="session")
def tiny_cub(tmp_path_factory):
    """A data folder with CUB_200_2011 in the official layout: 200 species of coloured ovals, each
    with a head of another colour, in two training photographs; 60 of the species have a test
    photograph, 30 a third training photograph, which is grey."""
    root = tmp_path_factory.mktemp("birds")
    make_cub(root / "CUB_200_2011", 200)
    return root


@pytest.fixture
def run(monkeypatch, capsys):
    """run("evaluate", ...) calls the command line: exit code, standard output, standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["stn_core", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            command_line.main()
        return (end.value.code or 0, *capsys.readouterr())

    return call


@pytest.fixture
def train_until_saved(monkeypatch):
    """Trains as ``train`` does, and is interrupted when the first state has been saved."""

    def save_and_stop(state, path):
        save_state(state, path)
        raise KeyboardInterrupt

    def call(*arguments, **options):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(loop, "save_state", save_and_stop)
            loop.train(*arguments, **options)

    return call


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    """Where Chromium keeps the scripts that it has compiled: a page then opens in half the time."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="module")
def browser(profile):
    """Chromium, anew for each module: asyncio has no other loop beside Playwright's.

    Without Chromium the test is skipped, but under CI it fails.
    """
    try:
        path = chromium()
    except RuntimeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # the machine may be busy
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path=path, args=FLAGS
        )
        browser.set_default_timeout(60_000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def module_page(browser):
    """A blank page at http://ui/ that can import ui/'s modules, as "/browser/sampler.js"."""

    def answer(route):
        path = ROOT / "ui" / route.request.url.removeprefix("http://ui/")
        if path.suffix == ".js":
            route.fulfill(body=path.read_text(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page = browser.new_page()
    page.route("http://ui/**", answer)
    page.goto("http://ui/")
    yield page
    page.close()


@pytest.fixture(scope="session")
def address():
    """Where the app is served, unless a module serves it otherwise."""
    with serving() as address:
        yield address


@pytest.fixture
def tab(browser, address):
    """tab("/why?lang=zh") opens that page of ``address`` as a new visitor. An error of a
    script fails the test.

    ``size`` is the window's in pixels, each of them ``dense`` pixels of the screen wide, and
    ``touch`` whether fingers touch it; ``media`` are Playwright's, such as color_scheme="dark";
    ``before`` gets the tab before it goes anywhere.
    """
    pages, problems = [], []

    def call(path="/", size=(1280, 800), dense=1, touch=False, before=lambda page: None, **media):
        page = browser.new_page()
        pages.append(page)
        window = dict(zip(("width", "height"), size, strict=True))
        page.set_viewport_size(window)
        page.emulate_media(**media)
        page.on("pageerror", lambda error: problems.append(str(error)))
        devtools = browser.new_cdp_session(page)
        if dense > 1:
            devtools.send(
                "Emulation.setDeviceMetricsOverride",
                {**window, "deviceScaleFactor": dense, "mobile": False},
            )
        if touch:
            devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        before(page)
        page.goto(path if "://" in path else address + path)
        return page

    yield call
    for page in pages:
        if page.url.startswith(address):
            page.evaluate("localStorage.clear()")
        page.close()
    browser.clear_cookies()
    browser.set_offline(False)
    assert problems == []
