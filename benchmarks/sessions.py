"""A lecture hall: many open a fresh server's page at once, then let go of a slider once a second.

    python -m benchmarks.sessions [--sessions 50] [--seconds 30] [--rush] [--app FOLDER]

With ``--rush`` nobody waits: how many reruns a second the server does. ``--app`` names the
checkout whose app is measured, such as one of an earlier version.

Measured from sending a message to the end of the rerun that it causes, when all of the new figure
has arrived.
"""

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.browser import ROOT, serving

FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
PERIOD = 1.0  # seconds from one move to the next
PATIENCE = 10.0  # seconds until a rerun is given up
OPENING = 200.0  # the same for the first one, with the server's imports in it


class Visitor:
    """One browser's websocket."""

    def __init__(self, socket: websockets.ClientConnection, number: int) -> None:
        self.socket = socket
        self.value = number
        self.slider = ""
        self.rows = ""  # the component that the digit is turned on
        self.fragment = ""  # the part of the page that answers it
        self.message: dict = {}
        self.figure: dict = {}

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
            self.message["id"] = time.time_ns()
            self.message["values"]["r_angle"] = self.value % 181 - 90
            state = message.rerun_script.widget_states.widgets.add(id=self.rows)
            state.json_value = json.dumps({"said": self.message})
            message.rerun_script.fragment_id = self.fragment
        sent = time.perf_counter()
        async with asyncio.timeout(patience):
            await self.socket.send(message.SerializeToString())
            while True:
                answer = ForwardMsg.FromString(await self.socket.recv())
                kind = answer.WhichOneof("type")
                if kind == "script_finished" and answer.script_finished in FINISHED:
                    return time.perf_counter() - sent
                if (
                    kind == "script_finished"
                    and answer.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR
                ):
                    raise RuntimeError("the script does not compile")
                if kind == "delta":
                    self.take(answer.delta.new_element, answer.delta.fragment_id)

    def take(self, element, fragment: str) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"{element.exception.type}: {element.exception.message}")
        if kind == "slider" and element.slider.label.startswith("Rotation"):
            self.slider = element.slider.id
        if kind != "bidi_component":
            return
        component = element.bidi_component
        data = json.loads(component.json)
        if component.component_name == "plot":
            self.figure = data["figure"]
        if component.component_name == "stage":
            self.rows, self.fragment = component.id, fragment
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
        async with websockets.connect(
            f"ws{address.removeprefix('http')}/_stcore/stream", subprotocols=["streamlit"]
        ) as socket:
            visitor = Visitor(socket, number)
            times.append(await visitor.rerun(OPENING))
            await visitor.rerun()
            await visitor.rerun()
            if sum(trace["type"] == "bar" for trace in visitor.figure["data"]) != 2:
                raise RuntimeError(
                    "the page does not show two models: train r-cnn and r-st-cnn-affine first"
                )
            async with asyncio.timeout(OPENING):
                await ready.wait()
            start = time.perf_counter() + PERIOD * number / sessions
            while rush and time.perf_counter() < start + seconds:
                times.append(await visitor.rerun())
            if rush:
                return times, []
            for move in range(int(seconds / PERIOD)):
                await asyncio.sleep(max(0, start + move * PERIOD - time.perf_counter()))
                before = visitor.figure
                times.append(await visitor.rerun())
                if visitor.figure == before:
                    raise RuntimeError("the figure did not change")
    except Exception as error:
        await ready.abort()
        return times, [f"{type(error).__name__}: {error}"]
    return times, []


async def measure(
    address: str, sessions: int, seconds: float, *, rush: bool
) -> list[tuple[list[float], list[str]]]:
    ready = asyncio.Barrier(sessions)
    return await asyncio.gather(
        *(visit(address, number, sessions, seconds, ready, rush=rush) for number in range(sessions))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rush", action="store_true")
    parser.add_argument("--app", type=Path, default=ROOT)
    options = parser.parse_args()
    with serving(folder=options.app) as address:
        visits = asyncio.run(measure(address, options.sessions, options.seconds, rush=options.rush))
    errors = [error for _, found in visits for error in found]
    for error in dict.fromkeys(errors):
        print(f"{errors.count(error)} x {error}")
    opened = [times[0] for times, _ in visits if times]
    moves = sorted(1000 * time for times, _ in visits for time in times[1:])
    print(
        f"{len(opened)} of {options.sessions} visitors saw the page, the last after "
        f"{max(opened, default=float('nan')):.1f} s"
    )
    if moves:
        p50, p95 = statistics.median(moves), moves[int(0.95 * len(moves))]
        print(
            f"{len(moves)} moves: p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {moves[-1]:.0f} ms; "
            f"{len(errors)} errors"
        )
    if options.rush:
        print(f"{len(moves) / options.seconds:.1f} reruns a second")


if __name__ == "__main__":
    main()
