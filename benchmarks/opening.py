"""From an address to the first painted figure, in a browser's first visit and in later ones.

    python -m benchmarks.opening [--visits 8] [--path /]

The very first visit pays the server's imports and models, and is told apart. What is loaded is what
each of a class has to load.
"""

import argparse
import statistics
import tempfile
import time

from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.browser import FLAGS, chromium, serving

LOADED = """() => performance.getEntriesByType('resource')
  .reduce((sum, each) => sum + each.transferSize, 0)"""


def visit(context: BrowserContext, address: str) -> tuple[float, float]:
    """Seconds until a figure is there, and megabytes loaded."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .main-svg text", timeout=120_000)
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
    options = parser.parse_args()
    with (
        serving() as server,
        tempfile.TemporaryDirectory() as profile,
        sync_playwright() as playwright,
    ):
        address = server + options.path
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        new = []
        for _ in range(options.visits + 1):
            context = browser.new_context()
            new.append(visit(context, address))
            context.close()
        browser.close()
        known = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=FLAGS
        )
        # scripts are compiled for good at the second visit
        again = [visit(known, address) for _ in range(options.visits + 2)][2:]
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
