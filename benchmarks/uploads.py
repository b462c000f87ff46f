"""Photographs of 12 megapixels on the birds page: the time from choosing a file to the picture with
its windows, and the memory.

    python -m benchmarks.uploads [--uploads 10] [--megapixels 12] [--at-once]

Each upload is another file, chosen by one visitor after the other, or by all of them at once.
Memory is that of the server and of the processes that decode for it: before the first upload, its
peak, and when all visitors have left, for which it waits two minutes.
"""

import argparse
import io
import os
import statistics
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.browser import FLAGS, chromium, serving

# seconds: Streamlit keeps a session that has been left for 120, in case its visitor comes back
LEFT = 125


def photograph(megapixels: float, seed: int) -> bytes:
    """A JPEG of that size with soft shapes and grain, as a camera's has."""
    draw = np.random.default_rng(seed)
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    shapes = Image.fromarray(draw.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize(
        (height * 4 // 3, height), Image.Resampling.BICUBIC
    )
    grain = draw.integers(-12, 12, (height, height * 4 // 3, 1), dtype=np.int16)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(shapes, np.int16) + grain, 0, 255).astype(np.uint8)).save(
        buffer, "JPEG", quality=88
    )
    return buffer.getvalue()


def server() -> psutil.Process:
    return next(
        child
        for child in psutil.Process(os.getpid()).children()
        if "streamlit" in " ".join(child.cmdline())
    )


def memory() -> float:
    """MB of the server and of the processes that decode for it."""
    process = server()
    return sum(each.memory_info().rss for each in (process, *process.children())) / 1e6


class Peak(threading.Thread):
    """The highest memory from ``start`` on."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self._end = 0.0, threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.05):
            with suppress(psutil.NoSuchProcess):
                self.highest = max(self.highest, memory())

    def stop(self) -> float:
        self._end.set()
        self.join()
        return self.highest


def opened(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(f"{address}/birds?b_from=upload")
    page.locator("input[type=file]").wait_for(state="attached")
    page.wait_for_timeout(1000)
    return page


def choose(page, file):
    page.locator("input[type=file]").set_input_files(file)
    return time.perf_counter()


def wait(page, file):
    page.wait_for_function(
        "name => document.querySelector('.birds-photo')?.ariaLabel?.includes(name)",
        arg=file.name,
        polling="raf",
    )
    return time.perf_counter()


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=10)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--at-once", action="store_true")
    options = parser.parse_args()
    seconds = []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving() as address,
        sync_playwright() as playwright,
    ):
        files = [Path(folder) / f"photograph {seed}.jpg" for seed in range(options.uploads + 1)]
        for seed, file in enumerate(files):
            file.write_bytes(photograph(options.megapixels, seed))
        size = statistics.mean(file.stat().st_size for file in files) / 1e6
        print(
            f"{options.uploads} photographs of {options.megapixels:g} megapixels, {size:.1f} MB "
            "each"
        )
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = opened(browser, address)
        choose(page, files[0])
        wait(page, files[0])  # the first visitor has made the server read its models
        page.close()
        before, peak = memory(), Peak()
        peak.start()
        if options.at_once:
            pages = [opened(browser, address) for _ in files[1:]]
            began = [choose(page, file) for page, file in zip(pages, files[1:], strict=True)]
            # a page that is not in front paints no frames to wait for
            for page, file, start in zip(pages, files[1:], began, strict=True):
                page.bring_to_front()
                seconds.append(wait(page, file) - start)
            for page in pages:
                page.close()
        else:
            for file in files[1:]:
                page = opened(browser, address)
                start = choose(page, file)
                seconds.append(wait(page, file) - start)
                page.close()
        highest = peak.stop()
        time.sleep(LEFT)
        browser.new_page().goto(f"{address}/birds")  # sessions go when somebody comes
        time.sleep(10)
        after = memory()
        browser.close()
    ordered = sorted(seconds)
    print(
        f"from the file to its windows: p50 {1000 * statistics.median(ordered):.0f} ms, longest "
        f"{1000 * ordered[-1]:.0f} ms"
    )
    print(
        f"server: {before:.0f} MB before, {highest:.0f} MB at the peak, {after:.0f} MB when all "
        "have left"
    )


if __name__ == "__main__":
    main()
