"""Rooms of a class: one opens and steers, many follow and vote. Nothing here knows of HTTP.

A room is at a step of a lesson, which is a dictionary that ``describe`` makes and whose keys
``vote`` (how many choices the step's question has, 0 for none), ``answer`` and ``right`` matter
here: the last two reach the phones with the answer alone.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ui.classroom.store import Store, StoreError

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I, no O
MOST_STREAMS = 2_000  # of a process
TOGETHER = 0.1  # seconds: votes within them are one event
BEAT = 15.0  # seconds between signs of life
Step = dict[str, Any]


class Refused(Exception):
    """What a room does not do: ``status`` is HTTP's, the message a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Room:
    """``owner`` is the hash of the opener's secret; ``choices`` is how many the step's question
    has; ``step`` is None until the lecture begins, and after a restart until it is known again."""

    owner: str
    lesson: str = ""
    at: int = 0
    answered: bool = False
    choices: int = 0
    step: Step | None = None

    @property
    def question(self) -> str:
        """Under which its present votes are kept."""
        return f"{self.lesson}/{self.at}"


@dataclass(eq=False)
class Stream:
    """One reader's letterbox: news that comes before an older one of its kind was sent replaces it,
    so a slow reader costs no memory."""

    room: str
    steers: bool  # whether it is the opener's, who sees votes
    waiting: dict[str, bytes] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False

    def put(self, kind: str, event: bytes) -> None:
        self.waiting[kind] = event
        self.arrived.set()

    def leave(self) -> None:
        self.gone = True
        self.arrived.set()


def event(kind: str, data: Any) -> bytes:
    """A server-sent event."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {text}\n\n".encode()


class Classroom:
    """All rooms, over a store; ``describe`` gives the step of a lesson by its name and number, None
    if there is none, and may take its time."""

    def __init__(self, store: Store, describe: Callable[[str, int], Step | None]) -> None:
        self.store = store
        self._describe = describe
        self._rooms: dict[str, Room] = {}  # as the store had them, until there is news
        self._news = 0  # so far
        self._streams: dict[str, set[Stream]] = {}
        # by room: the next state is read when the one before has been told, so the newest is last
        self._telling: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.streams = 0  # of all rooms
        self._flushing: set[str] = set()  # rooms whose votes are about to be announced
        self._tasks: set[asyncio.Task[None]] = set()
        self._key = b""
        self._begun: asyncio.Task[None] | None = None
        self._closed = False

    # ---- who opened it

    async def open(self) -> tuple[str, str]:
        """A new room: its code, and the secret of who may steer it."""
        await self._begin()
        for _ in range(20):
            code = "".join(secrets.choice(LETTERS) for _ in range(4))
            secret = self._signed(code, secrets.token_urlsafe(16))
            room = Room(_hash(secret))
            if await self.store.put(code, _packed(room), new=True):
                return code, secret
        raise Refused(503, "There are as many rooms as this server has. Try again later.")

    async def check(self, code: str, secret: str) -> None:
        """Refuse a secret that was never given for that code."""
        await self._begin()
        signed = self._signed(code, secret.partition(".")[0])
        if not hmac.compare_digest(signed.encode(), secret.encode()):
            raise Refused(403, "Only who opened this room steers it.")

    async def steer(
        self, code: str, secret: str, lesson: str, at: int, answered: bool, choices: int = 0
    ) -> Room:
        """Go to a step, 0 is before the first one, and show its answer or not.

        A room that a restart has lost is there again at once, with as many ``choices`` as its
        opener knows, so that all come back and vote; its step follows when it can be described.
        """
        await self.check(code, secret)
        room = await self.room(code)
        if room is not None and room.owner != _hash(secret):
            raise Refused(403, "Only who opened this room steers it.")
        steered = Room(_hash(secret), lesson if at else "", at, answered and bool(at))
        if room is None:
            await self._put(code, replace(steered, choices=choices if at else 0), new=True)
        step = room.step if room is not None and room.question == steered.question else None
        if at and step is None:
            step = await asyncio.to_thread(self._describe, lesson, at)
        if at and step is None:
            raise Refused(422, "There is no such step.")
        steered = replace(steered, step=step, choices=step["vote"] if step else 0)
        await self._put(code, steered, new=False)
        return steered

    async def _put(self, code: str, room: Room, *, new: bool) -> None:
        if not await self.store.put(code, _packed(room), new=new):
            raise Refused(503, "There are as many rooms as this server has. Try again later.")
        await self.store.announce(code, "state")

    async def end(self, code: str, secret: str) -> None:
        """Close a room. One that is no longer there is closed."""
        await self.check(code, secret)
        room = await self.room(code)
        if room is None:
            return
        if room.owner != _hash(secret):
            raise Refused(403, "Only who opened this room closes it.")
        await self.store.drop(code)
        await self.store.announce(code, "closed")

    async def steers(self, code: str, secret: str) -> bool:
        """Whether a secret is that of the room's opener."""
        room = await self.room(code)
        return room is not None and hmac.compare_digest(room.owner, _hash(secret))

    # ---- who follows

    async def room(self, code: str) -> Room | None:
        """The room of that code; None if there is none."""
        await self._begin()
        if code in self._rooms:
            return self._rooms[code]
        before = self._news
        state = await self.store.get(code)
        if state is None:
            return None
        room = Room(**json.loads(state))
        if before == self._news:
            self._rooms[code] = room
        return room

    async def vote(self, code: str, client: str, at: int, choice: int) -> None:
        """Count a client's choice at a step, in place of an earlier one of the same client."""
        room = await self.room(code)
        if room is None:
            raise Refused(404, "There is no such room.")
        if at == room.at and at and room.step is None and not room.choices:
            raise Refused(503, "The room is coming back. Try again.")
        if at != room.at or room.answered or not room.choices:
            raise Refused(409, "This question is not open.")
        if choice >= room.choices:
            raise Refused(422, f"There are {room.choices} choices, from 0.")
        if not await self.store.vote(code, room.question, client, choice):
            raise Refused(409, "As many have voted as may.")
        self._announce_votes(code)

    async def enter(self, code: str, secret: str = "") -> Stream:
        """A reader's stream, with the present state in it; the opener's with the votes."""
        room = await self.room(code)
        if room is None:
            raise Refused(404, "There is no such room.")
        stream = Stream(code, bool(secret) and await self.steers(code, secret))
        if secret and not stream.steers:
            raise Refused(403, "Only who opened this room sees its votes.")
        if self._closed:
            raise Refused(503, "The server is being restarted. Try again.")
        if self.streams >= MOST_STREAMS:
            phones = [one for one in self._streams.get(code, ()) if not one.steers]
            if not stream.steers or not phones:
                raise Refused(503, "There are as many phones as this server takes.")
            self.leave(phones[0])  # a class without its lecturer is none
        self._streams.setdefault(code, set()).add(stream)
        self.streams += 1
        try:
            async with self._telling[code]:
                stream.put("state", await self._state(code, await self.room(code) or room))
        except BaseException:
            self.leave(stream)
            raise
        self._announce_votes(code)
        return stream

    def leave(self, stream: Stream) -> None:
        stream.leave()
        streams = self._streams.get(stream.room, set())
        if stream not in streams:
            return
        streams.remove(stream)
        self.streams -= 1
        self._announce_votes(stream.room)
        if not streams:
            del self._streams[stream.room]
            self._telling.pop(stream.room, None)

    async def close(self) -> None:
        """Let everybody go, before the process ends; the rooms stay in the store."""
        self._closed = True
        for code, streams in list(self._streams.items()):
            for stream in list(streams):
                self.leave(stream)
            with suppress(StoreError):  # others need not wait until these count no more
                await self.store.here(code, 0)
                await self.store.announce(code, "votes")
        for task in list(self._tasks):
            task.cancel()
        await self.store.close()

    # ---- news

    async def _begin(self) -> None:
        if self._begun is None:
            self._begun = asyncio.create_task(self._listen())
        begun = self._begun
        if not begun.done():
            await asyncio.wait([begun])
        if begun.exception() is not None:
            self._begun = None  # the next one may have better luck
            raise StoreError from begun.exception()

    async def _listen(self) -> None:
        self._key = await self.store.key()
        await self.store.listen(self._hear)
        self._later(self._beat())

    def _hear(self, code: str, what: str) -> None:
        """News of a room, from this process or another."""
        if what != "votes":
            self._news += 1
            self._rooms.pop(code, None)
        if not code:
            self._rooms.clear()
        for room in [code] if code else list(self._streams):
            if room in self._streams:
                self._later(self._tell(room, what))

    async def _tell(self, code: str, what: str) -> None:
        streams = self._streams.get(code, set())
        if what == "closed":
            farewell = event("closed", {})
            for stream in list(streams):
                stream.put("closed", farewell)
            return
        async with self._telling[code]:
            room = await self.room(code)
            if room is None:
                return
            if what == "state":
                told = await self._state(code, room)
                for stream in list(streams):
                    stream.put("state", told)
            if any(stream.steers for stream in streams):
                votes = await self._votes(code, room)
                for stream in list(streams):
                    if stream.steers:
                        stream.put("votes", votes)

    def _announce_votes(self, code: str) -> None:
        if code not in self._flushing:
            self._flushing.add(code)
            self._later(self._flush(code))

    async def _flush(self, code: str) -> None:
        await asyncio.sleep(TOGETHER)
        self._flushing.discard(code)
        await self.store.here(code, self._followers(code))
        await self.store.announce(code, "votes")

    async def _state(self, code: str, room: Room) -> bytes:
        step = dict(room.step) if room.step else None
        told: dict[str, Any] = {"at": room.at, "question": room.question}
        told |= {"answered": room.answered, "step": step}
        if step is not None and not room.answered:
            step["answer"] = step["right"] = None
        if room.answered and room.choices:
            told["tally"] = await self._tally(code, room)
        return event("state", told)

    async def _votes(self, code: str, room: Room) -> bytes:
        here = await self.store.here(code, self._followers(code))
        tally = await self._tally(code, room)
        return event("votes", {"question": room.question, "here": here, "tally": tally})

    async def _tally(self, code: str, room: Room) -> list[int]:
        counts = Counter(await self.store.tally(code, room.question))
        return [counts[choice] for choice in range(room.choices)]

    def _followers(self, code: str) -> int:
        return sum(not stream.steers for stream in self._streams.get(code, ()))

    async def _beat(self) -> None:
        beat = event("beat", {})
        while True:
            await asyncio.sleep(BEAT)
            self._rooms = {code: self._rooms[code] for code in self._rooms if code in self._streams}
            for streams in self._streams.values():
                for stream in streams:
                    stream.put("beat", beat)
            with suppress(StoreError):
                await self._look_after()

    async def _look_after(self) -> None:
        """Let those go whose room has ended, and count the others."""
        for code in list(self._streams):
            if await self.store.get(code) is None:
                await self._tell(code, "closed")
            else:
                await self.store.here(code, self._followers(code))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and not isinstance(task.exception(), StoreError):
            task.result()  # what is wrong is logged

    # ---- secrets

    def _signed(self, code: str, nonce: str) -> str:
        mac = hmac.digest(self._key, f"{code}.{nonce}".encode(), "sha256")
        return f"{nonce}.{mac.hex()}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _packed(room: Room) -> bytes:
    return json.dumps(asdict(room), ensure_ascii=False).encode()
