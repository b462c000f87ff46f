"""From an address to the first painted figure, in a browser's first visit and in later ones.

    python -m benchmarks.opening [--visits 8] [--path /] [--site]
    python -m benchmarks.opening --at-once 20 [--path /]

The very first visit pays the server's imports and models, and is told apart. What is loaded is what
each of a class has to load. With ``--site``, the pages that need no server (``python -m ui.site``),
from Python's own file server, until a network has answered. With ``--at-once`` so many new
browsers, contexts of one Chromium, open the page at the same moment, after a first one; the exit
code is 1 if one of them shows no figure or has an error.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from playwright.async_api import Browser, Error, async_playwright
from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.browser import FLAGS, chromium, free_port, serving
from benchmarks.command import options_parser

FIGURE = ".js-plotly-plot .main-svg text"
ANSWER = ".exhibit .row header:has-text('%')"
WRONG = "[data-testid=stException], [data-testid=stAlertContentError], .failed.now"
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


async def visited(browser: Browser, address: str) -> tuple[float, list[str]]:
    """Seconds until a figure is there in a new browser, and what went wrong."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page, wrong = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    began = time.perf_counter()
    try:
        await page.goto(address, timeout=120_000)
        await page.wait_for_selector(FIGURE, timeout=120_000)
    except Error as error:
        wrong.append(error.message)
    seconds = time.perf_counter() - began
    wrong += await page.locator(WRONG).all_inner_texts()
    return seconds, wrong


async def at_once(address: str, count: int) -> list[tuple[float, list[str]]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        await visited(browser, address)
        return await asyncio.gather(*(visited(browser, address) for _ in range(count)))


def together(path: str, count: int) -> bool:
    """So many browsers at once; whether all was well."""
    with serving() as server:
        visits = asyncio.run(at_once(server + path, count))
    seconds = [second for second, _ in visits]
    errors = [error for _, found in visits for error in found]
    print(*dict.fromkeys(errors), sep="\n", end="\n" if errors else "")
    print(
        f"{path}: {count} browsers at once: p50 {statistics.median(seconds):.1f} s, longest "
        f"{max(seconds):.1f} s, {len(errors)} errors"
    )
    return not errors


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--visits", type=int, default=8)
    parser.add_argument("--path", default="/", help="the page and its state")
    parser.add_argument("--site", action="store_true", help="of the pages that need no server")
    parser.add_argument("--at-once", type=int, help="so many browsers")
    options = parser.parse_args()
    if options.at_once:
        raise SystemExit(not together(options.path, options.at_once))
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
