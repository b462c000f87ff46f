"""A run of the page computes in its own thread alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = """
import os, threading
import ui
import torch
torch.set_num_threads(1)
square = torch.rand(64, 64)
def product():
    before = set(os.listdir("/proc/self/task"))
    square @ square
    assert set(os.listdir("/proc/self/task")) == before
thread = threading.Thread(target=product)
thread.start()
thread.join()
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in Linux's way")
def test_the_first_product_in_a_thread_starts_no_others():
    environment = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
