"""What the browser benchmarks and tests share: the app on a free port, and a headless Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def chromium() -> str:
    """The system's Chromium; RuntimeError with what to install if there is none."""
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        raise RuntimeError(
            "no Chromium was found: install it, on Debian with 'apt-get install chromium'"
        )
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def launch(
    port: int, script: str = "app.py", folder: Path = ROOT, **environment: str
) -> subprocess.Popen[bytes]:
    """The app, or another ``script`` of a ``folder``, on a port, once it answers. Extra environment
    variables reach it. RuntimeError if it ends or does not answer."""
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    server = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
            return server
        except OSError:
            if server.poll() is not None:
                raise RuntimeError("the app did not start") from None
            time.sleep(0.1)
    server.kill()
    raise RuntimeError("the app does not answer")


def processor_time(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(script: str = "app.py", folder: Path = ROOT, **environment: str) -> Iterator[str]:
    """The same on a free port, warm: its address."""
    port = free_port()
    server = launch(port, script, folder, **environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
