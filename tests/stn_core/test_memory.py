"""Memory that is free goes back to the system when it is asked to."""

import subprocess
import sys

import pytest

PROGRAM = """
import psutil
from stn_core.allocator import give_back_memory, share_heaps

share_heaps()
blocks = [bytearray({size}) for _ in range({count})]  # each smaller than what glibc maps by itself
last = bytearray({size})  # above them all: without it their heap would just end earlier
del blocks
before = psutil.Process().memory_info().rss
give_back_memory()
print((before - psutil.Process().memory_info().rss) / 1e6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is asked")
@pytest.mark.parametrize(("size", "count"), [(50_000, 2000), (10_000_000, 10)])
def test_free_memory_goes_back(size, count):
    program = PROGRAM.format(size=size, count=count)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 80 < float(done.stdout) < 110
