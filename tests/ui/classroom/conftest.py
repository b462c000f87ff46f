"""What the tests of a class share."""

import os
import shutil
import socket
import subprocess
import time

import pytest


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    """The key of secrets is kept here, not in the home of who runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A real redis-server on a free port. Without one the test is skipped, but under CI it
    fails."""
    if shutil.which("redis-server") is None:
        if os.environ.get("CI"):
            raise RuntimeError("no redis-server was found: apt-get install redis-server")
        pytest.skip("no redis-server was found: apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
