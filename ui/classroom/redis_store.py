"""Rooms and votes in Redis, for several processes behind one balancer: hashes for votes and counts,
publish and subscribe for news. ``STN_REDIS_URL`` names the server."""

import asyncio
import secrets
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ui.classroom.store import IDLE, MOST_ROOMS, MOST_VOTERS, News, StoreError

PREFIX = "stn:class"
CHANNEL = f"{PREFIX}:news"
ROOMS = f"{PREFIX}:rooms"  # sorted by the time when they were used last
PRESENT = 40  # seconds for which a process's number of streams counts

# KEYS: rooms, state. ARGV: code, state, whether it is new, idle seconds, most rooms
PUT = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
if ARGV[3] == '1' and (redis.call('EXISTS', KEYS[2]) == 1
    or redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5])) then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[4])
redis.call('ZADD', KEYS[1], now, ARGV[1])
return 1
"""
# KEYS: rooms, state, votes, counts, questions. ARGV: code, question, client, choice, idle seconds,
# most voters
VOTE = """
local before = redis.call('HGET', KEYS[3], ARGV[3])
if not before and redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[6]) then return 0 end
if before then redis.call('HINCRBY', KEYS[4], before, -1) end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('HINCRBY', KEYS[4], ARGV[4], 1)
redis.call('SADD', KEYS[5], ARGV[2])
for key = 2, 5 do redis.call('EXPIRE', KEYS[key], ARGV[5]) end
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[1])
return 1
"""


class RedisStore:
    """A ``Store`` that several processes share. What Redis refuses is a ``StoreError``."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=5)
        self._put = self._redis.register_script(PUT)
        self._vote = self._redis.register_script(VOTE)
        self._process = secrets.token_hex(8)
        self._listening: asyncio.Task[None] | None = None

    async def key(self) -> bytes:
        await _do(self._redis.set(f"{PREFIX}:key", secrets.token_bytes(32), nx=True))
        return bytes(await _do(self._redis.get(f"{PREFIX}:key")))

    async def put(self, room: str, state: bytes, *, new: bool) -> bool:
        arguments: list[str | bytes | int] = [room, state, int(new), int(IDLE), MOST_ROOMS]
        return bool(await _do(self._put(keys=[ROOMS, _key(room)], args=arguments)))

    async def get(self, room: str) -> bytes | None:
        state: bytes | None = await _do(self._redis.get(_key(room)))
        return state

    async def drop(self, room: str) -> None:
        questions = await _do(self._redis.smembers(_key(room, "questions")))
        parts = [f"{kind}:{name.decode()}" for name in questions for kind in ("votes", "counts")]
        keys = [_key(room), *(_key(room, part) for part in (*parts, "questions", "here"))]
        await _do(self._redis.delete(*keys))
        await _do(self._redis.zrem(ROOMS, room))

    async def vote(self, room: str, question: str, client: str, choice: int) -> bool:
        parts = (f"votes:{question}", f"counts:{question}", "questions")
        keys = [ROOMS, _key(room), *(_key(room, part) for part in parts)]
        arguments: list[str | int] = [room, question, client, choice, int(IDLE), MOST_VOTERS]
        return bool(await _do(self._vote(keys=keys, args=arguments)))

    async def tally(self, room: str, question: str) -> dict[int, int]:
        counts = await _do(self._redis.hgetall(_key(room, f"counts:{question}")))
        return {int(choice): int(count) for choice, count in counts.items() if int(count)}

    async def here(self, room: str, streams: int) -> int:
        """Streams of a process that was killed count for ``PRESENT`` seconds more."""
        key = _key(room, "here")
        seconds, _ = await _do(self._redis.time())
        await _do(self._redis.hset(key, self._process, f"{streams} {seconds}"))
        await _do(self._redis.expire(key, int(IDLE)))
        told = [entry.split() for entry in await _do(self._redis.hvals(key))]
        return sum(int(count) for count, at in told if seconds - int(at) <= PRESENT)

    async def announce(self, room: str, what: str) -> None:
        await _do(self._redis.publish(CHANNEL, f"{room} {what}"))

    async def listen(self, heard: News) -> None:
        ready = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(heard, ready))
        with suppress(TimeoutError):
            await asyncio.wait_for(ready.wait(), 5)

    async def _listen(self, heard: News, ready: asyncio.Event) -> None:
        """While there is no connection, news is missed: after it all rooms are read again."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as news:
                    await news.subscribe(CHANNEL)
                    if ready.is_set():
                        heard("", "state")
                    ready.set()
                    async for message in news.listen():
                        room, _, what = message["data"].decode().partition(" ")
                        heard(room, what)
            except (RedisError, OSError):
                await asyncio.sleep(1)

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        await self._redis.aclose()


def _key(room: str, part: str = "state") -> str:
    return f"{PREFIX}:{room}:{part}"


async def _do(work: Any) -> Any:
    try:
        return await work
    except (RedisError, OSError) as error:
        raise StoreError(f"Redis does not answer: {type(error).__name__}") from error
