"""A lecture hall: many open a fresh server's page at once, then let go of a slider once a second.

    python -m benchmarks.sessions [--sessions 50] [--seconds 30] [--rush] [--app APP ...]

With ``--rush`` nobody waits: how many reruns a second the server does. ``--app`` names what is
measured, one after the other: the folder of a checkout, such as one of an earlier version, or the
script of a page with a slider, such as benchmarks/bare_page.py.

Measured from sending a message to the end of the rerun that it causes, when all of the new figure
has arrived.
"""

import asyncio
import json
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets import ClientConnection

from benchmarks import visitor
from benchmarks.browser import ROOT, free_port, launch, processor_time
from benchmarks.command import options_parser, spread

PERIOD = 1.0  # seconds from one move to the next
PATIENCE = 10.0  # seconds until a rerun is given up
OPENING = 200.0  # the same for the first one, with the server's imports in it


class Visitor(visitor.Visitor):
    """Somebody who turns the first page's digit."""

    def __init__(self, address: str, socket: ClientConnection, number: int) -> None:
        super().__init__(address, socket)
        self.value = number
        self.slider = ""
        self.rows = ""  # the component that the digit is turned on
        self.fragment = ""  # the part of the page that answers it
        self.message: dict[str, Any] = {}
        self.figure: dict[str, Any] = {}

    async def rerun(self, patience: float = PATIENCE) -> float:
        """Turn the digit by a degree, at first only open the page: the seconds until the script
        has finished."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        if self.rows or self.slider:
            self.value += 1
        if self.slider:  # of earlier versions
            state = message.rerun_script.widget_states.widgets.add(id=self.slider)
            state.double_array_value.data.append(self.value % 181 - 90)
        elif self.rows:
            self.message["id"] = time.time_ns() // 1000  # below 2^53, as in JavaScript
            self.message["values"]["r_angle"] = self.value % 181 - 90
            state = message.rerun_script.widget_states.widgets.add(id=self.rows)
            state.json_value = json.dumps({"said": self.message})
            message.rerun_script.fragment_id = self.fragment
        sent = time.perf_counter()
        await self.run(message, patience)
        return time.perf_counter() - sent

    def widget(self, kind: str, element: Any, fragment: str) -> None:
        if kind == "slider" and element.label.startswith(("Rotation", "x")):
            self.slider = element.id
        if kind == "plotly_chart":
            self.figure = json.loads(element.spec)

    def component(self, name: str, data: Any, element: Any, fragment: str) -> None:
        if name == "plot":
            self.figure = data["figure"]
        if name == "stage":
            self.rows, self.fragment = element.id, fragment
            state = {key: data[key] for key in ("kind", "values", "mode", "kernel", "hand")}
            self.message = {"own": None, "wish": "", **state}


async def visit(
    address: str,
    number: int,
    sessions: int,
    seconds: float,
    ready: asyncio.Barrier,
    *,
    rush: bool,
) -> tuple[list[float], list[str]]:
    """One visitor's times, the opening's first, and errors. All wait for each other, then take
    turns within a period."""
    times: list[float] = []
    try:
        async with Visitor.visiting(address, number) as one:
            times.append(await one.rerun(OPENING))
            await one.rerun()
            await one.rerun()
            if one.rows and sum(trace["type"] == "bar" for trace in one.figure["data"]) != 2:
                raise RuntimeError(
                    "the page does not show two models: train r-cnn and r-st-cnn-affine first"
                )
            async with asyncio.timeout(OPENING):
                await ready.wait()
            start = time.perf_counter() + PERIOD * number / sessions
            while rush and time.perf_counter() < start + seconds:
                times.append(await one.rerun())
            if rush:
                return times, []
            for move in range(int(seconds / PERIOD)):
                await asyncio.sleep(max(0, start + move * PERIOD - time.perf_counter()))
                before = one.figure
                times.append(await one.rerun())
                if one.figure == before:
                    raise RuntimeError("the figure did not change")
    except Exception as error:
        await ready.abort()
        return times, [f"{type(error).__name__}: {error}"]
    return times, []


async def measure(
    server: subprocess.Popen[bytes], port: int, sessions: int, seconds: float, *, rush: bool
) -> tuple[list[tuple[list[float], list[str]]], float]:
    """What each visitor saw, and the server's processor time for all moves, in seconds."""
    ready = asyncio.Barrier(sessions + 1)
    address = f"http://127.0.0.1:{port}"
    visits = [
        asyncio.create_task(visit(address, number, sessions, seconds, ready, rush=rush))
        for number in range(sessions)
    ]
    with suppress(asyncio.BrokenBarrierError):
        await ready.wait()
    before = processor_time(server.pid)
    return await asyncio.gather(*visits), processor_time(server.pid) - before


def report(app: Path, sessions: int, seconds: float, *, rush: bool) -> None:
    """Measure one app and print what was found."""
    port = free_port()
    script, folder = ("app.py", app) if app.is_dir() else (str(app.resolve()), ROOT)
    server = launch(port, script, folder)
    try:
        visits, used = asyncio.run(measure(server, port, sessions, seconds, rush=rush))
    finally:
        server.terminate()
        server.wait(10)
    print(app)
    errors = [error for _, found in visits for error in found]
    for error in dict.fromkeys(errors):
        print(f"  {errors.count(error)} x {error}")
    opened = [times[0] for times, _ in visits if times]
    moves = [1000 * time for times, _ in visits for time in times[1:]]
    print(
        f"  {len(opened)} of {sessions} visitors saw the page, the last after "
        f"{max(opened, default=float('nan')):.1f} s"
    )
    if moves:
        print(
            f"  {len(moves)} moves: {spread(moves)}; {len(errors)} errors; processor time of the "
            f"server {1000 * used / len(moves):.1f} ms a move"
        )
    if rush:
        print(f"  {len(moves) / seconds:.1f} reruns a second")


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rush", action="store_true")
    parser.add_argument("--app", type=Path, nargs="+", default=[ROOT])
    options = parser.parse_args()
    for app in options.app:
        report(app, options.sessions, options.seconds, rush=options.rush)


if __name__ == "__main__":
    main()
