"""From an address to the first painted figure, in a browser's first visit and in later ones.

    python -m benchmarks.opening [--visits 8] [--path /] [--site]

The very first visit pays the server's imports and models, and is told apart. What is loaded is what
each of a class has to load. With ``--site``, the pages that need no server (``python -m ui.site``),
from Python's own file server, until a network has answered.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.browser import FLAGS, chromium, free_port, serving

FIGURE = ".js-plotly-plot .main-svg text"
ANSWER = ".exhibit .row header:has-text('%')"
LOADED = """() => performance.getEntriesByType('resource')
  .reduce((sum, each) => sum + each.transferSize, 0)"""


@contextmanager
def site() -> Iterator[str]:
    """The pages that need no server, as a static host has them: their address."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "ui.site", folder], check=True, capture_output=True)
        port = free_port()
        command = [sys.executable, "-m", "http.server", str(port), "-d", folder, "-b", "127.0.0.1"]
        quiet = subprocess.DEVNULL
        host = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        try:
            for _ in range(100):
                try:
                    urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            host.terminate()
            host.wait(10)


def visit(context: BrowserContext, address: str, shown: str) -> tuple[float, float]:
    """Seconds until what is ``shown`` is there, and megabytes loaded."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(shown, timeout=120_000)
    seconds = time.perf_counter() - began
    loaded = page.evaluate(LOADED) / 1e6
    page.close()
    return seconds, loaded


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visits", type=int, default=8)
    parser.add_argument("--path", default="/", help="the page and its state")
    parser.add_argument("--site", action="store_true", help="of the pages that need no server")
    options = parser.parse_args()
    shown = ANSWER if options.site else FIGURE
    with (
        site() if options.site else serving() as server,
        tempfile.TemporaryDirectory() as profile,
        sync_playwright() as playwright,
    ):
        address = server + options.path
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        new = []
        for _ in range(options.visits + 1):
            context = browser.new_context()
            new.append(visit(context, address, shown))
            context.close()
        browser.close()
        known = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=FLAGS
        )
        # scripts are compiled for good at the second visit
        again = [visit(known, address, shown) for _ in range(options.visits + 2)][2:]
        known.close()
    print(f"{options.path}: the very first visit {new[0][0]:.2f} s")
    for name, visits in (("in a new browser", new[1:]), ("in a browser that was here", again)):
        seconds = [second for second, _ in visits]
        print(
            f"{name}: p50 {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s, "
            f"{visits[-1][1]:.1f} MB loaded"
        )


if __name__ == "__main__":
    main()
