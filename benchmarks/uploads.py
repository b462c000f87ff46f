"""Photographs of 12 megapixels on the birds page: the time from choosing a file to the picture with
its windows and to the answers; and the memory.

    python -m benchmarks.uploads [--uploads 10] [--megapixels 12] [--at-once]

Each upload is another file, chosen by one visitor after the other in Chromium. With ``--at-once``
all choose theirs together, by the messages that a browser sends: so many browsers on the server's
own machine would be five sixths of what is measured. Memory is that of the server and of the
processes that decode for it: before the first upload, its peak, and when all visitors have left,
for which it waits two minutes.
"""

import asyncio
import io
import os
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets import ClientConnection

from benchmarks import visitor
from benchmarks.browser import FLAGS, chromium, serving
from benchmarks.command import options_parser, spread

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


def wait_for_answers(page):
    """Of both models that the page has chosen: a figure says them, with their percentages."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('[aria-label]')]"
        ".some(each => /CNN 448 px.*%/.test(each.ariaLabel))",
        polling="raf",
    )
    return time.perf_counter()


class Visitor(visitor.Visitor):
    """Somebody on the birds page."""

    def __init__(self, address: str, socket: ClientConnection) -> None:
        super().__init__(address, socket)
        self.uploader = ""
        self.shown: set[str] = set()  # the pictures that have come, with their windows

    def widget(self, kind: str, element: Any, fragment: str) -> None:
        if kind == "file_uploader":
            self.uploader = element.id

    def component(self, name: str, data: Any, element: Any, fragment: str) -> None:
        if name == "birds":
            self.shown.add(data["picture"]["name"])

    async def open(self) -> None:
        page = {"query_string": "b_from=upload", "page_name": "birds"}
        await self.run(BackMsg(rerun_script=page))

    async def choose(self, file: Path) -> float:
        """The seconds until the windows on this photograph have come."""
        start, data = time.perf_counter(), file.read_bytes()
        request = {"request_id": "1", "file_names": [file.name], "session_id": self.session}
        await self.say(BackMsg(file_urls_request=request))
        (urls,) = (await self.answer("file_urls_response")).file_urls_response.file_urls
        await asyncio.to_thread(self.put, urls.upload_url, file.name, data)
        page = {"query_string": "b_from=upload", "page_script_hash": self.page}
        message = BackMsg(rerun_script=page)
        state = message.rerun_script.widget_states.widgets.add(id=self.uploader)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=file.name, size=len(data), file_id=urls.file_id, file_urls=urls
        )
        await self.say(message)
        while file.name not in self.shown:
            await self.answer("delta")
        return time.perf_counter() - start

    def put(self, url: str, name: str, data: bytes) -> None:
        with requests.Session() as client:
            client.get(f"{self.address}/_stcore/health", timeout=60)
            token = client.cookies.get("_streamlit_xsrf", "")
            client.put(
                f"{self.address}{url}",
                files={"file": (name, data)},
                headers={"X-Xsrftoken": token},
                timeout=60,
            ).raise_for_status()


async def at_once(address: str, files: list[Path]) -> list[float]:
    """The seconds that each of these photographs takes when all are chosen together."""
    async with AsyncExitStack() as all_of_them:
        visitors = [await all_of_them.enter_async_context(Visitor.visiting(address)) for _ in files]
        for each in visitors:
            await each.open()
        pairs = zip(visitors, files, strict=True)
        return await asyncio.gather(*(each.choose(file) for each, file in pairs))


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = options_parser(__doc__)
    parser.add_argument("--uploads", type=int, default=10)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--at-once", action="store_true")
    options = parser.parse_args()
    seconds, answered = [], []
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
            with ThreadPoolExecutor(1) as thread:  # playwright has the loop of this one
                seconds = thread.submit(asyncio.run, at_once(address, files[1:])).result()
        else:
            for file in files[1:]:
                page = opened(browser, address)
                start = choose(page, file)
                seconds.append(wait(page, file) - start)
                answered.append(wait_for_answers(page) - start)
                page.close()
        highest = peak.stop()
        time.sleep(LEFT)
        browser.new_page().goto(f"{address}/birds")  # sessions go when somebody comes
        time.sleep(10)
        after = memory()
        browser.close()
    print(f"from the file to its windows: {spread(seconds, ' s', 2)}")
    if answered:
        print(f"and to the answers: {spread(answered, ' s', 2)}")
    print(
        f"server: {before:.0f} MB before, {highest:.0f} MB at the peak, {after:.0f} MB when all "
        "have left"
    )


if __name__ == "__main__":
    main()
