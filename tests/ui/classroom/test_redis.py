"""Rooms in Redis: the same as in memory, and shared by several processes."""

import asyncio
import json
import urllib.request

import pytest
from asgi import Server
from redis import Redis

from benchmarks.browser import serving
from ui.classroom.redis_store import RedisStore
from ui.classroom.store import IDLE, MOST_ROOMS, MemoryStore


@pytest.fixture(params=["memory", "redis"])
def new_store(request):
    """Makes a store: of this process, or one more connection to the same Redis."""
    if request.param == "memory":
        return MemoryStore
    url = request.getfixturevalue("redis_url")
    return lambda: RedisStore(url)


def test_a_store_keeps_rooms_and_counts_each_client_once(new_store):
    async def work():
        store = new_store()
        await store.drop("ABCD")
        assert await store.get("ABCD") is None
        assert await store.put("ABCD", b"one", new=True)
        assert not await store.put("ABCD", b"two", new=True)
        assert await store.put("ABCD", b"three", new=False)
        assert await store.get("ABCD") == b"three"
        for client in range(50):
            assert await store.vote("ABCD", "mine/1", str(client), client % 3)
        assert await store.vote("ABCD", "mine/1", "0", 1)
        assert await store.tally("ABCD", "mine/1") == {0: 16, 1: 18, 2: 16}
        assert await store.tally("ABCD", "mine/2") == {}
        assert await store.here("ABCD", 5) == 5
        await store.drop("ABCD")
        assert await store.tally("ABCD", "mine/1") == {} and await store.get("ABCD") is None
        assert await store.key() == await store.key() and len(await store.key()) == 32
        codes = [f"AA{first}{second}" for first in "ABCDEFGH" for second in "ABCDEFGH"]
        kept = [await store.put(code, b"", new=True) for code in codes]
        assert kept == [True] * MOST_ROOMS + [False] * (len(codes) - MOST_ROOMS)
        for code in codes:
            await store.drop(code)
        await store.close()

    asyncio.run(work())


def test_two_processes_share_a_room(redis_url):
    async def lesson():
        one, two = Server(RedisStore(redis_url)), Server(RedisStore(redis_url))
        room, secret = await one.open(at=1)
        async with two.phone(room) as phone, one.phone(room, secret) as desk:
            await desk.news("votes", lambda data: data["here"] == 1)
            votes = [two.vote(room, client, 1, 4) for client in range(40)]
            votes += [one.vote(room, client, 1, 4) for client in range(20, 60)]
            assert set(await asyncio.gather(*votes)) == {204}
            await desk.news("votes", lambda data: data["tally"][4] == 60)
            await one.steer(room, secret, 1, answered=True)
            told = await phone.news("state")
            assert told["answered"] and told["tally"][4] == 60
            assert await two.vote(room, 1, 1, 3) == 409
            await two.steer(room, secret, 2)
            await desk.news("state", lambda data: data["at"] == 2)
            await two.ask("DELETE", f"/class/{room}", None, secret)
            await desk.news("closed")
            await phone.news("closed")
        for server in (one, two):
            await server.classroom.close()

    asyncio.run(lesson())


def test_what_redis_keeps_of_a_room_ends_by_itself(redis_url):
    async def work():
        store = RedisStore(redis_url)
        await store.put("ABCD", b"one", new=True)
        await store.vote("ABCD", "mine/1", "somebody", 3)
        await store.here("ABCD", 1)
        await store.close()

    asyncio.run(work())
    with Redis.from_url(redis_url) as redis:
        kept = [key for key in redis.keys("stn:class:*") if b":ABCD:" in key]
        assert len(kept) == 5  # state, votes, counts, questions, streams
        assert all(0 < redis.ttl(key) <= IDLE for key in kept)
        redis.delete(*kept)
        redis.zrem("stn:class:rooms", "ABCD")


def test_without_redis_there_is_a_sentence():
    async def lesson():
        server = Server(RedisStore("redis://127.0.0.1:1"))
        status, said = await server.ask("GET", "/class/ABCD/events")
        assert status == 503 and json.loads(said)["detail"].endswith("Try again.")

    asyncio.run(lesson())


def ask(address, method, path, said=None, secret=""):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    body = None if said is None else json.dumps(said).encode()
    request = urllib.request.Request(address + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.status, answer.read()


def test_a_class_joins_at_one_app_and_is_led_from_another(redis_url):
    with serving(STN_REDIS_URL=redis_url) as one, serving(STN_REDIS_URL=redis_url) as two:
        room, secret = json.loads(ask(one, "POST", "/class", {})[1]).values()
        with urllib.request.urlopen(f"{two}/class/{room}/events", timeout=120) as stream:
            step = {"lesson": "paper", "at": 1, "answered": False}
            assert ask(one, "PUT", f"/class/{room}", step, secret)[0] == 200
            told = next(line for line in stream if b'"at":1' in line)
            assert "One digit, turned" in told.decode()
            vote = {"client": "client-000000000001", "step": 1, "choice": 4}
            assert ask(two, "POST", f"/class/{room}/vote", vote)[0] == 204
            ask(one, "PUT", f"/class/{room}", step | {"answered": True}, secret)
            told = next(line for line in stream if b'"answered":true' in line)
            assert json.loads(told.removeprefix(b"data: "))["tally"][4] == 1
        model = ask(two, "GET", "/class/models/r-cnn")[1]
        assert len(model) > 10_000 and ask(one, "GET", "/class/models/r-cnn")[1] == model
