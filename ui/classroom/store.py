"""Where rooms and votes are kept, and how news of them travels: one small interface, here within
one process; redis_store.py has it for several."""

import os
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

MOST_ROOMS = 50
MOST_VOTERS = 2_000  # of one question
SHORTEST_KEY = 16  # bytes
IDLE = 2 * 3600.0  # seconds until a room ends that nobody steers and where nobody votes
# (room, what: "state", "votes" or "closed"); the room "" is all of them
News = Callable[[str, str], None]


class StoreError(Exception):
    """The store can't be reached."""


class Store(Protocol):
    """Rooms by their codes, each with a state (bytes, nothing here reads them) and votes.

    ``announce`` reaches the ``listen`` of every process that uses the same store.
    """

    async def key(self) -> bytes:
        """What the secrets of rooms are signed with, the same after a restart."""

    async def put(self, room: str, state: bytes, *, new: bool) -> bool:
        """Keep a room's state. False, and nothing is kept, for a ``new`` room if there is one of
        that code or if there are ``MOST_ROOMS``."""

    async def get(self, room: str) -> bytes | None:
        """A room's state; None if there is no such room."""

    async def drop(self, room: str) -> None:
        """End a room, with its votes."""

    async def vote(self, room: str, question: str, client: str, choice: int) -> bool:
        """Keep a client's choice in place of an earlier one. False if ``MOST_VOTERS`` others have
        voted."""

    async def tally(self, room: str, question: str) -> dict[int, int]:
        """How many chose what."""

    async def here(self, room: str, streams: int) -> int:
        """Tell how many streams this process has of a room: the sum over all processes."""

    async def announce(self, room: str, what: str) -> None: ...

    async def listen(self, heard: News) -> None:
        """Call ``heard`` for what is announced, from now on."""

    async def close(self) -> None: ...


class MemoryStore:
    """Everything in this process; ``now`` is its clock, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._states: dict[str, bytes] = {}
        self._touched: dict[str, float] = {}
        self._votes: dict[str, dict[str, dict[str, int]]] = {}  # by room, question and client
        self._counts: dict[str, dict[str, Counter[int]]] = {}  # by room and question
        self._heard: News = _nobody

    async def key(self) -> bytes:
        return kept_key()

    async def put(self, room: str, state: bytes, *, new: bool) -> bool:
        self._end_idle()
        if new and (room in self._states or len(self._states) >= MOST_ROOMS):
            return False
        self._states[room] = state
        self._touched[room] = self._now()
        return True

    async def get(self, room: str) -> bytes | None:
        self._end_idle()
        return self._states.get(room)

    async def drop(self, room: str) -> None:
        for table in (self._states, self._touched, self._votes, self._counts):
            table.pop(room, None)

    async def vote(self, room: str, question: str, client: str, choice: int) -> bool:
        votes = self._votes.setdefault(room, {}).setdefault(question, {})
        if client not in votes and len(votes) >= MOST_VOTERS:
            return False
        counts = self._counts.setdefault(room, {}).setdefault(question, Counter())
        if client in votes:
            counts[votes[client]] -= 1
        votes[client] = choice
        counts[choice] += 1
        self._touched[room] = self._now()
        return True

    async def tally(self, room: str, question: str) -> dict[int, int]:
        counts = self._counts.get(room, {}).get(question, Counter())
        return {choice: count for choice, count in counts.items() if count}

    async def here(self, room: str, streams: int) -> int:
        return streams

    async def announce(self, room: str, what: str) -> None:
        self._heard(room, what)

    async def listen(self, heard: News) -> None:
        self._heard = heard

    async def close(self) -> None:
        self._heard = _nobody

    def _end_idle(self) -> None:
        for room, touched in list(self._touched.items()):
            if self._now() - touched > IDLE:
                self._states.pop(room, None)
                for table in (self._touched, self._votes, self._counts):
                    table.pop(room, None)
                self._heard(room, "closed")


def _nobody(room: str, what: str) -> None: ...


def check_key() -> None:
    """SystemExit, in a sentence, if ``STN_CLASS_KEY`` is set and can be guessed."""
    given = os.fsencode(os.environ.get("STN_CLASS_KEY", ""))
    if 0 < len(given) < SHORTEST_KEY:
        raise SystemExit(
            f"STN_CLASS_KEY has {len(given)} bytes, too few to sign with. Wanted: at least "
            f"{SHORTEST_KEY} that nobody guesses, such as those that this prints: "
            'python -c "import secrets; print(secrets.token_hex())"'
        )


def kept_key() -> bytes:
    """``STN_CLASS_KEY``, or a key that is made once and kept in the user's state folder; where
    nothing can be kept, one that lasts as long as this process."""
    given = os.environ.get("STN_CLASS_KEY")
    if given:
        return os.fsencode(given)  # random bytes need not be text
    with suppress(OSError, RuntimeError):
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        path = Path(state) / "stn-laboratory" / "class.key"
        if not path.exists():
            _make(path, secrets.token_bytes(32))
        key = path.read_bytes()
        if len(key) == 32:
            return key
    return _OF_THIS_PROCESS


_OF_THIS_PROCESS = secrets.token_bytes(32)


def _make(path: Path, content: bytes) -> None:
    """A file that its owner alone reads, whole from the start; one that is there stays: of two
    processes that begin together, both take the first one's. ``write_file`` does neither."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:
        file.write(content)
        file.flush()
        with suppress(FileExistsError):
            path.hardlink_to(file.name)
