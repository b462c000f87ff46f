"""``pip install .``: the wheel that this source makes starts from any folder, also where nobody may
write to the installation."""

import hashlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLOTLY = ROOT / "ui/components/plot/plotly-cartesian.min.js"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A fresh environment with the wheel alone, and this one's packages for its needs."""
    if importlib.util.find_spec("build") is None and not os.environ.get("CI"):
        pytest.skip("requirements-dev.txt has what builds the wheel")
    folder = tmp_path_factory.mktemp("installation")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--no-compile",
        wheel,
    ]
    subprocess.run(install, check=True, capture_output=True)
    wheel.unlink()
    site = next((folder / "env" / "lib").glob("python*/site-packages"))
    (site / "others.pth").write_text(
        "\n".join(path for path in sys.path if path.endswith("-packages"))
    )
    for path in (site, *site.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder / "env" / "bin", site
    for path in (site, *site.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def everything(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_command_starts_the_app_below_any_path_opens_the_browser_and_writes_nothing(
    installed, tmp_path
):
    commands, site = installed
    before = everything(site)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    elsewhere, home, browser, opened = (
        tmp_path / name for name in ("elsewhere", "home", "browser", "opened")
    )
    elsewhere.mkdir()
    home.mkdir()
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {opened}\n')
    browser.chmod(0o755)
    environment = os.environ | {
        "HOME": str(home),
        "BROWSER": str(browser),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    settings = ("headless=false", f"port={port}", "address=127.0.0.1", "baseUrlPath=course/lab")
    command = [commands / "stn-lab", *(f"--server.{setting}" for setting in settings)]
    server = subprocess.Popen(
        command, cwd=elsewhere, env=environment, text=True, stderr=subprocess.PIPE
    )
    try:
        address = f"http://127.0.0.1:{port}/course/lab"
        assert answered(server, f"{address}/_stcore/health") == b"ok"
        name = f"plotly-{hashlib.sha256(PLOTLY.read_bytes()).hexdigest()[:16]}.min.js"
        assert answered(server, f"{address}/app/static/{name}") == PLOTLY.read_bytes()
    finally:
        server.terminate()
        said = server.communicate(timeout=20)[1]
    assert "Traceback" not in said
    assert opened.read_text() in (f"{address}/", f"http://localhost:{port}/course/lab/")
    assert everything(site) == before and everything(elsewhere) == {}


def answered(server, address):
    """What is at an address as soon as there is something."""
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read()
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)


def test_an_installation_has_its_checkpoints_recordings_and_settings(installed, tmp_path):
    commands, site = installed
    program = (
        "from stn_core import load_checkpoint; from stn_core.places import ASSETS, ROOT;"
        "print(load_checkpoint('r-cnn').experiment.name, ROOT, *sorted(path.name for path in "
        "ASSETS.iterdir()))"
    )
    python = [commands / "python", "-B", "-c", program]
    name, root, *assets = subprocess.run(
        python, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    assert name == "r-cnn" and Path(root) == site / "stn_laboratory"
    assert {"birds", "lessons", "recordings", "report.json"} <= set(assets)
    assert (site / "stn_laboratory/.streamlit/config.toml").read_bytes() == (
        ROOT / ".streamlit/config.toml"
    ).read_bytes()


def test_every_page_answers_from_an_installation_and_writes_nothing(installed, tmp_path):
    commands, site = installed
    before = everything(site)
    program = """
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from stn_core.places import ROOT
from ui.pages.registry import PAGES, path_of

for name in [*PAGES, "lecture"]:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    if path_of(name):
        page._page_hash = calc_hash(name)
    page.run()
    assert not page.exception and not page.error, (name, page.exception, page.error)
    assert page.markdown, name
"""
    python = [commands / "python", "-B", "-c", program]
    subprocess.run(python, cwd=tmp_path, check=True)
    assert everything(site) == before
