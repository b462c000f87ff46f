"""A class over loopback: real streams of phones, a lecturer who steps, votes that come together,
and a server that is killed.

    python -m benchmarks.classroom [--phones 300] [--many 1000] [--without-browser]

Phones and server share the machine. A phone here is a connection that reads events, votes over
another one, and comes back as ui/classroom/events.js does.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from playwright.sync_api import sync_playwright

from benchmarks import slider_latency
from benchmarks.browser import FLAGS, chromium, free_port, launch, processor_time
from benchmarks.command import options_parser, spread

STEP = {"lesson": "paper", "at": 1, "answered": False, "choices": 10}
SLIDER = ("/trouble?w_trap=frame", "w_mean")  # one whose figure the server computes
PAUSE = 4.0  # seconds between votes, beside the lecturer's page
FIRST, LONGEST = 0.4, 3.0  # seconds, as in events.js
Told = tuple[float, str, dict]  # when, of which kind, what


async def ask(port: int, method: str, path: str, said: dict, secret: str = "") -> tuple[int, dict]:
    """One request over a connection of its own: status, and what was answered."""
    body = json.dumps(said).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"{method} {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write((head + f"Authorization: Bearer {secret}\r\n\r\n").encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(rest) if rest.startswith(b"{") else {}


class Reader:
    """A stream of events that comes back when it is lost."""

    def __init__(self, port: int, room: str, secret: str = "") -> None:
        self.port, self.room, self.secret = port, room, secret
        self.told: list[Told] = []
        self.came = asyncio.Event()
        self.problems: list[str] = []
        self.again: Callable[[int], Awaitable[None]] | None = None  # with the status that it got

    async def run(self) -> None:
        wait = FIRST
        while True:
            status = 0
            with suppress(OSError, asyncio.IncompleteReadError):
                status = await self.read()
            if status == 200:
                wait = FIRST
            if status == 404:
                wait = min(wait, 1.0)
            if self.again is not None:
                with suppress(OSError):
                    await self.again(status)
            await asyncio.sleep(wait * (0.6 + 0.4 * random.random()))
            wait = min(1.5 * wait, LONGEST)

    async def read(self) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = f"GET /class/{self.room}/events HTTP/1.1\r\nHost: lab\r\n"
            head += f"Authorization: Bearer {self.secret}\r\n" if self.secret else ""
            writer.write(f"{head}\r\n".encode())
            status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
            kind = ""
            while status == 200:
                line = (await reader.readline()).decode()
                if not line:
                    return 200
                if line.startswith("event: "):
                    kind = line[7:].strip()
                elif line.startswith("data: "):
                    self.told.append((time.perf_counter(), kind, json.loads(line[6:])))
                    self.came.set()
            return status
        finally:
            writer.close()

    async def until(self, kind: str, wanted: Callable[[dict], bool], after: float = 0) -> float:
        """When the first event of a kind after a time came that is as wanted."""
        while True:
            self.came.clear()
            for when, found, data in self.told:
                if when >= after and found == kind and wanted(data):
                    return when
            await self.came.wait()


class Class:
    """A room with its lecturer and its phones."""

    def __init__(self, port: int, count: int) -> None:
        self.port, self.count = port, count
        self.room = self.secret = ""
        self.choices: dict[int, int] = {}
        self.now = dict(STEP)
        self.phones: list[Reader] = []
        self.desk: Reader
        self.running: list[asyncio.Task] = []

    async def open(self) -> None:
        _, said = await ask(self.port, "POST", "/class", {})
        self.room, self.secret = said["room"], said["secret"]
        await self.steer(at=1)
        self.desk = Reader(self.port, self.room, self.secret)
        self.desk.again = self.restore
        self.running.append(asyncio.create_task(self.desk.run()))
        await self.desk.until("votes", lambda data: True)

    async def restore(self, status: int) -> None:
        if status == 404:  # as in room.js, which does not wait for it
            self.running.append(asyncio.create_task(self.steer()))

    async def steer(self, **change: object) -> float:
        """When it was asked for."""
        self.now |= change
        begun = time.perf_counter()
        status, said = await ask(self.port, "PUT", f"/class/{self.room}", self.now, self.secret)
        if status != 200:
            raise RuntimeError(f"steering: {status} {said}")
        return begun

    async def join(self) -> float:
        """Seconds until all have seen the present step."""
        begun = time.perf_counter()
        for _ in range(self.count):
            phone = Reader(self.port, self.room)
            self.phones.append(phone)
            self.running.append(asyncio.create_task(phone.run()))
        came = await asyncio.gather(*(p.until("state", lambda data: True) for p in self.phones))
        return max(came) - begun

    async def step(self, at: int) -> list[float]:
        """Seconds from the lecturer's wish to each phone."""
        begun = await self.steer(at=at, answered=False)
        arrived = [p.until("state", lambda data: data["at"] == at, begun) for p in self.phones]
        return [when - begun for when in await asyncio.gather(*arrived)]

    async def vote(self, number: int) -> int:
        said = {"client": f"client-{number:012}", "step": self.now["at"]}
        path = f"/class/{self.room}/vote"
        return (await ask(self.port, "POST", path, said | {"choice": self.choices[number]}))[0]

    async def vote_together(self) -> tuple[float, bool, int]:
        """All vote within one second: seconds from the first vote until the lecturer sees all,
        whether they are counted exactly, and how many were not taken."""
        self.choices = {number: random.randrange(10) for number in range(self.count)}

        async def one(number: int) -> int:
            await asyncio.sleep(random.random())
            return await self.vote(number)

        begun = time.perf_counter()
        counting = asyncio.create_task(self.counted(begun))
        statuses = await asyncio.gather(*(one(number) for number in range(self.count)))
        when, tally = await asyncio.wait_for(counting, 60)
        chosen = list(self.choices.values())
        exact = tally == [chosen.count(choice) for choice in range(10)]
        return when - begun, exact, sum(status != 204 for status in statuses)

    async def counted(self, after: float) -> tuple[float, list[int]]:
        when = await self.desk.until("votes", lambda d: sum(d["tally"]) == self.count, after)
        return when, next(d["tally"] for at, kind, d in self.desk.told if at == when)

    async def come_back(self, restart: Callable[[], Awaitable[float]]) -> tuple[float, float, bool]:
        """The server is killed and started again: seconds from when it answers until all are back,
        and until all votes are there; whether they are exact."""
        killed = time.perf_counter()
        for number, phone in enumerate(self.phones):
            phone.again = self.voting_again(phone, number, killed)
        up = await restart()
        back = [phone.until("state", lambda data: True, killed) for phone in self.phones]
        last = max(await asyncio.gather(*back))
        when, tally = await asyncio.wait_for(self.counted(killed), 60)
        chosen = list(self.choices.values())
        exact = tally == [chosen.count(choice) for choice in range(10)]
        return last - up, when - up, exact

    def voting_again(self, phone: Reader, number: int, after: float) -> Callable[[int], Awaitable]:
        async def wait_and_vote() -> None:
            await phone.until("state", lambda data: True, after)
            while await self.vote(number) != 204:
                await asyncio.sleep(1)

        task = asyncio.create_task(wait_and_vote())
        self.running.append(task)

        async def nothing(status: int) -> None:
            return None

        return nothing

    async def leave(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)


async def lesson(port: int, phones: int, server: int) -> Class:
    room = Class(port, phones)
    await room.open()
    before = processor_time(server)
    print(f"{phones} phones: all joined in {await room.join():.2f} s")
    joined = processor_time(server)
    times = [1000 * time for at in (2, 4, 8, 17, 1) for time in await room.step(at)]
    print(f"  five steps: {spread(times)}")
    stepped = processor_time(server)
    seconds, exact, refused = await room.vote_together()
    voted = processor_time(server)
    said = "exactly" if exact else "WRONG"
    print(
        f"  {phones} votes within 1 s: all counted after {seconds:.2f} s, {said}, {refused} refused"
    )
    print(
        f"  the server's processor time: joining {joined - before:.2f} s, a step "
        f"{(stepped - joined) / 5:.3f} s, the votes {voted - stepped:.2f} s"
    )
    return room


async def load(port: int, phones: int, stop: asyncio.Event) -> None:
    """A room that votes every few seconds, beside the lecturer's page."""
    room = Class(port, phones)
    await room.open()
    await room.join()
    while not stop.is_set():
        await room.vote_together()
        await asyncio.sleep(PAUSE)
    await room.leave()


def slider(address: str, moves: int) -> list[float]:
    """The lecturer's slider to paint, in ms."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        times = slider_latency.times(page, address + SLIDER[0], SLIDER[1], moves)
        browser.close()
    return times


async def beside_a_class(port: int, phones: int, moves: int) -> None:
    """Without a class and beside one, twice in turn: other load on the machine changes."""
    address = f"http://127.0.0.1:{port}"
    without: list[float] = []
    beside: list[float] = []
    for _ in range(2):
        without += await asyncio.to_thread(slider, address, moves)
        stop = asyncio.Event()
        loading = asyncio.create_task(load(port, phones, stop))
        beside += await asyncio.to_thread(slider, address, moves)
        stop.set()
        await loading
    before, during = statistics.median(without), statistics.median(beside)
    print(
        f"slider to paint, p50: {before:.0f} ms without a class, {during:.0f} ms beside {phones} "
        f"phones that vote together every {PAUSE + 1:.0f} s: {during / before:.2f} times"
    )


async def measure(port: int, state: str, options: argparse.Namespace) -> None:
    server = launch(port, XDG_STATE_HOME=state)
    try:
        if not options.without_browser:
            await beside_a_class(port, options.phones, options.moves)
        crowd = await lesson(port, options.many, server.pid)
        await crowd.leave()
        room = await lesson(port, options.phones, server.pid)

        async def restart() -> float:
            nonlocal server
            server.kill()
            server.wait()
            server = await asyncio.to_thread(launch, port, XDG_STATE_HOME=state)
            return time.perf_counter()

        back, counted, exact = await room.come_back(restart)
        said = "exactly" if exact else "WRONG"
        print("  server killed and started again: from its first answer,")
        print(f"  all are back after {back:.2f} s, all votes after {counted:.2f} s, {said}")
        await room.leave()
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--phones", type=int, default=300)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--moves", type=int, default=20, help="of the lecturer's slider")
    parser.add_argument("--without-browser", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        asyncio.run(measure(free_port(), state, options))


if __name__ == "__main__":
    main()
