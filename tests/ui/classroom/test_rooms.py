"""A class: who steers, who follows, what is counted, and what is refused."""

import asyncio
import json
import logging
import re
import threading
from urllib.parse import urljoin

import pytest
from asgi import Server, describe
from starlette.requests import Request

from ui.app.static_files import served
from ui.classroom import page, stream
from ui.classroom.address import address_of, in_network, qr_rows
from ui.classroom.limits import Rate, network_of
from ui.classroom.rooms import MOST_STREAMS, Refused
from ui.classroom.routes import open_classroom
from ui.classroom.store import IDLE, MOST_ROOMS, MOST_VOTERS, MemoryStore, StoreError, kept_key


def run(work):
    return asyncio.run(work)


# Following and voting


def test_a_phone_sees_each_step_and_the_answer_only_when_it_is_given():
    async def lesson():
        server = Server()
        room, secret = await server.open()
        async with server.phone(room) as phone:
            await server.steer(room, secret, 1)
            asked = await phone.news("state", lambda data: data["at"] == 1)
            assert asked["step"]["title"] == {"en": "One"}
            assert asked["step"]["answer"] is None and asked["step"]["right"] is None
            assert "tally" not in asked
            await server.vote(room, 1, 1, 4)
            await server.steer(room, secret, 1, answered=True)
            told = await phone.news("state")
            assert told["step"]["answer"] == {"en": "Four."} and told["step"]["right"] == 4
            assert told["tally"] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]

    run(lesson())


def test_who_comes_late_sees_the_present_step():
    async def lesson():
        server = Server()
        room, _ = await server.open(at=2)
        async with server.phone(room.lower()) as phone:
            assert phone.events.empty()  # the first event was the state
        phone = await server.classroom.enter(room)
        assert b'"at":2' in phone.waiting["state"]

    run(lesson())


def test_a_slow_store_does_not_tell_a_step_after_the_next_one():
    class SlowTally(MemoryStore):
        async def tally(self, room, question):
            await asyncio.sleep(0.05)
            return await super().tally(room, question)

    async def lesson():
        server = Server(SlowTally())
        room, secret = await server.open(at=1)
        stream = await server.classroom.enter(room)
        await server.steer(room, secret, 1, answered=True)  # is told with the tally
        late = asyncio.create_task(server.classroom.enter(room))
        await asyncio.sleep(0)
        await server.steer(room, secret, 2)
        await asyncio.sleep(0.2)
        for phone in (stream, await late):
            assert b'"at":2' in phone.waiting["state"]

    run(lesson())


def test_a_phone_that_could_not_be_told_the_step_is_not_counted():
    class NoTally(MemoryStore):
        async def tally(self, room, question):
            raise StoreError

    async def lesson():
        server = Server(NoTally())
        room, secret = await server.open(at=1)
        await server.steer(room, secret, 1, answered=True)
        assert (await server.ask("GET", f"/class/{room}/events"))[0] == 503
        assert server.classroom.streams == 0

    run(lesson())


def test_three_hundred_votes_at_once_are_counted_exactly_and_each_client_once():
    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        async with server.phone(room, secret) as desk, server.phone(room) as phone:
            votes = [server.vote(room, client, 1, client % 10) for client in range(300)]
            assert set(await asyncio.gather(*votes)) == {204}
            again = [server.vote(room, client, 1, 7) for client in range(20)]
            assert set(await asyncio.gather(*again)) == {204}
            counts = [28] * 10
            counts[7] = 48
            told = await desk.news("votes", lambda data: sum(data["tally"]) == 300)
            told = await desk.news("votes") if told["tally"] != counts else told
            assert told["tally"] == counts and told["here"] == 1
            assert phone.events.empty()  # a phone learns nothing before the answer

    run(lesson())


def test_votes_that_come_together_are_few_events():
    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        async with server.phone(room, secret) as desk:
            await desk.news("votes")
            await asyncio.gather(*(server.vote(room, client, 1, 0) for client in range(200)))
            await desk.news("votes", lambda data: data["tally"][0] == 200)
            assert desk.events.qsize() == 0

    run(lesson())


def test_a_vote_counts_only_while_its_question_is_open():
    async def lesson():
        server = Server()
        room, secret = await server.open()
        assert await server.vote(room, 1, 1, 0) == 409  # the lecture has not begun
        await server.steer(room, secret, 2)
        assert await server.vote(room, 1, 1, 0) == 409
        assert await server.vote(room, 1, 2, 2) == 204
        assert await server.vote(room, 1, 2, 3) == 422  # it has three choices
        await server.steer(room, secret, 2, answered=True)
        assert await server.vote(room, 2, 2, 0) == 409
        await server.steer(room, secret, 3)
        assert await server.vote(room, 1, 3, 0) == 409  # nothing is asked there
        assert (await server.ask("DELETE", f"/class/{room}", None, secret))[0] == 204
        assert await server.vote(room, 1, 3, 0) == 404

    run(lesson())


def test_a_closed_room_says_so_and_lets_its_phones_go():
    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        async with server.phone(room) as phone:
            await server.ask("DELETE", f"/class/{room}", None, secret)
            await phone.news("closed")
            await asyncio.wait_for(phone.ended.wait(), 20)
        assert (await server.ask("GET", f"/class/{room}/events"))[0] == 404

    run(lesson())


def test_after_a_restart_the_opener_s_secret_brings_the_room_back():
    async def lesson():
        before = Server()
        room, secret = await before.open(at=1)
        await before.vote(room, 1, 1, 4)
        after = Server()
        assert (await after.ask("GET", f"/class/{room}/events"))[0] == 404
        assert (await after.steer(room, secret, 1))[0] == 200
        async with after.phone(room, secret) as desk:
            assert await after.vote(room, 1, 1, 4) == 204
            await desk.news("votes", lambda data: data["tally"][4] == 1)

    run(lesson())


def test_a_room_is_back_before_its_step_can_be_described():
    async def lesson():
        room, secret = await Server().open(at=1)
        ready = threading.Event()
        after = Server(describe=lambda name, at: ready.wait(60) and describe(name, at))
        steering = asyncio.create_task(after.steer(room, secret, 1))
        while await after.classroom.store.get(room) is None:
            await asyncio.sleep(0)
        async with after.phone(room) as phone:
            assert await after.vote(room, 1, 1, 4) == 503  # to be sent again
            ready.set()
            told = await phone.news("state", lambda data: data["step"] is not None)
            assert told["at"] == 1 and (await steering)[0] == 200
            assert await after.vote(room, 1, 1, 4) == 204

    run(lesson())


def test_a_vote_counts_in_a_room_that_is_back_if_its_opener_knows_the_choices():
    async def lesson():
        room, secret = await Server().open(at=2)
        ready = threading.Event()
        after = Server(describe=lambda name, at: ready.wait(60) and describe(name, at))
        said = {"lesson": "mine", "at": 2, "answered": False, "choices": 3}
        steering = asyncio.create_task(after.ask("PUT", f"/class/{room}", said, secret))
        while await after.classroom.store.get(room) is None:
            await asyncio.sleep(0)
        assert await after.vote(room, 1, 2, 3) == 422
        assert await after.vote(room, 1, 2, 2) == 204
        ready.set()
        assert (await steering)[0] == 200
        assert await after.classroom.store.tally(room, "mine/2") == {2: 1}

    run(lesson())


def test_without_a_place_for_the_key_secrets_last_as_long_as_the_process(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")

    async def lesson():
        server = Server()
        room, secret = await server.open()
        assert (await server.steer(room, secret, 1))[0] == 200

    run(lesson())


# Who may do what


def test_nobody_but_the_opener_steers_closes_or_sees_votes():
    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        other, theirs = await server.open()
        for wrong in ("", "x", theirs, secret[:-1], secret + "0", secret.upper(), "." + secret):
            for path, method in ((room, "PUT"), (room, "DELETE"), ("ZZZZ", "PUT")):
                said = {"lesson": "mine", "at": 2, "answered": False}
                status, _ = await server.ask(method, f"/class/{path}", said, wrong)
                assert status == 403, (wrong, path, method)
        status, _ = await server.ask("GET", f"/class/{room}/events", secret=theirs)
        assert status == 403
        assert (await server.classroom.room(room)).at == 1
        # a room that was closed and whose code was given again has another opener
        await server.ask("DELETE", f"/class/{other}", None, theirs)
        await server.classroom.store.put(other, b'{"owner": "somebody else"}', new=True)
        assert (await server.steer(other, theirs, 1))[0] == 403

    run(lesson())


def test_the_secret_is_nowhere_but_in_the_answer_to_its_opener():
    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        state = (await server.classroom.enter(room)).waiting["state"].decode()
        _, shown = await server.ask("GET", f"/class/{room}")
        stored = (await server.classroom.store.get(room)).decode()
        assert secret not in state + shown.decode() + stored
        assert "owner" not in state

    run(lesson())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"client": "client-000000000001", "step": 1, "choice": 1}' + b" " * 1024, 413),
        (b"", 422),
        (b"client=1", 422),
        (b"[1]", 422),
        (b"[" * 1000, 422),
        (b"\xff\xfe", 422),
        (b'{"client": "short", "step": 1, "choice": 1}', 422),
        (b'{"client": "<script>alert(1)</script>", "step": 1, "choice": 1}', 422),
        (b'{"client": "client-000000000001", "step": 1}', 422),
        (b'{"client": "client-000000000001", "step": true, "choice": 1}', 422),
        (b'{"client": "client-000000000001", "step": 1, "choice": 1.0}', 422),
        (b'{"client": "client-000000000001", "step": 1, "choice": -1}', 422),
        (b'{"client": "client-000000000001", "step": 1, "choice": NaN}', 422),
        (b'{"client": "client-000000000001", "step": 1, "choice": 1e400}', 422),
        (b'{"client": "client-000000000001", "step": 1, "choice": ' + b"9" * 800 + b"}", 422),
        (b'{"client": 7, "step": 1, "choice": 1}', 422),
    ],
)
def test_a_vote_that_is_none_is_refused(body, status):
    async def lesson():
        server = Server()
        room, _ = await server.open(at=1)
        assert (await server.ask("POST", f"/class/{room}/vote", body=body))[0] == status
        assert await server.classroom.store.tally(room, "mine/1") == {}

    run(lesson())


def test_another_site_s_form_neither_votes_nor_opens():
    async def lesson():
        server = Server()
        room, _ = await server.open(at=1)
        body = b'{"client": "client-000000000001", "step": 1, "choice": 1}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            for path in (f"/class/{room}/vote", "/class"):
                assert (await server.ask("POST", path, body=body, kind=kind))[0] == 415

    run(lesson())


def test_a_step_that_is_none_is_refused():
    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        for said in (
            {},
            {"lesson": "mine", "at": 9, "answered": False},
            {"lesson": "../mine", "at": 1, "answered": False},
            {"lesson": 1, "at": 1, "answered": False},
            {"lesson": "mine", "at": "1", "answered": False},
            {"lesson": "mine", "at": 1, "answered": 0},
        ):
            assert (await server.ask("PUT", f"/class/{room}", said, secret))[0] == 422
        assert (await server.classroom.room(room)).at == 1

    run(lesson())


# How much


def test_codes_cannot_be_tried_one_after_the_other():
    async def lesson():
        server = Server()
        room, _ = await server.open()
        assert (await server.ask("GET", f"/class/{room}"))[0] == 200
        codes = [f"AA{first}{second}" for first in "ABCDE" for second in "ABCDEFGH"]
        found = [(await server.ask("GET", f"/class/{code}"))[0] for code in codes if code != room]
        assert found[:20] == [404] * 20 and set(found[20:]) == {429}
        other, _ = await server.open()
        assert (await server.ask("GET", f"/class/{other}"))[0] == 429  # there, and not to be told
        assert (await server.ask("GET", f"/class/{other}/events"))[0] == 429
        assert await server.vote(other, 1, 1, 1) == 429
        assert (await server.ask("GET", f"/class/{room}"))[0] == 200  # the class there goes on
        assert (await server.ask("GET", f"/class/{other}", host="10.0.0.2"))[0] == 200

    run(lesson())


def test_a_class_that_asks_for_a_lost_room_again_and_again_is_not_taken_for_a_guesser():
    async def lesson():
        server = Server()
        room, secret = await Server().open()
        for _ in range(100):
            assert (await server.ask("GET", f"/class/{room}/events"))[0] == 404
        await server.steer(room, secret, 1)
        assert (await server.ask("GET", f"/class/{room}"))[0] == 200

    run(lesson())


@pytest.mark.parametrize("code", ["", "ABC", "ABCDE", "AB1D", "ÄBCD", "..", "%2e%2e", "models"])
def test_what_is_no_code_is_no_room(code):
    async def lesson():
        assert (await Server().ask("GET", f"/class/{code}/events"))[0] == 404

    run(lesson())


def test_one_phone_can_t_vote_all_the_time_and_others_still_can():
    async def lesson():
        server = Server()
        room, _ = await server.open(at=1)
        votes = [await server.vote(room, 1, 1, 0) for _ in range(20)]
        assert votes[:6] == [204] * 6 and set(votes[6:]) == {429}
        assert await server.vote(room, 2, 1, 0) == 204

    run(lesson())


def test_a_room_is_not_steered_all_the_time():
    async def lesson():
        server = Server()
        room, secret = await server.open()
        found = [(await server.steer(room, secret, 1))[0] for _ in range(70)]
        assert found[:60] == [200] * 60 and 429 in found[60:]
        other, theirs = await server.open()
        assert (await server.steer(other, theirs, 1))[0] == 200

    run(lesson())


def test_what_was_too_often_is_allowed_again_after_a_while():
    now = [0.0]
    rate = Rate(3, 6.0, lambda: now[0])
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]
    assert rate.allows("b")
    now[0] = 1.9
    assert not rate.allows("a")
    now[0] = 4.0
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]
    now[0] = 100.0
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]


def test_there_is_no_model_but_those_of_digits():
    async def lesson():
        for name in ("nothing", "cub50-2st-cnn", "..", "r-cnn.safetensors"):
            assert (await Server().ask("GET", f"/class/models/{name}"))[0] == 404
        status, content = await Server().ask("GET", "/class/models/r-cnn")
        assert status == 200 and len(content) > 100_000

    run(lesson())


def test_there_are_so_many_rooms_and_no_more():
    async def lesson():
        server = Server()
        for number in range(MOST_ROOMS):
            assert (await server.ask("POST", "/class", {}, host=f"10.0.1.{number}"))[0] == 201
        assert (await server.ask("POST", "/class", {}, host="10.0.2.1"))[0] == 503
        opened = [(await Server().ask("POST", "/class", {}))[0] for _ in range(2)]
        assert opened == [201, 201]
        other = Server()
        opened = [(await other.ask("POST", "/class", {}))[0] for _ in range(21)]
        assert opened == [201] * 20 + [429]

    run(lesson())


def test_a_room_ends_after_two_idle_hours():
    async def lesson():
        time = [0.0]
        server = Server(MemoryStore(lambda: time[0]))
        room, _ = await server.open(at=1)
        time[0] = IDLE - 1
        assert await server.vote(room, 1, 1, 1) == 204  # not idle
        time[0] = 2 * IDLE - 2
        assert (await server.ask("GET", f"/class/{room}"))[0] == 200
        async with server.phone(room) as phone:
            time[0] = 2 * IDLE
            await server.open()
            await phone.news("closed")
        assert (await server.ask("GET", f"/class/{room}"))[0] == 404

    run(lesson())


def test_there_are_so_many_phones_and_no_more():
    async def lesson():
        server = Server()
        room, _ = await server.open()
        streams = [await server.classroom.enter(room) for _ in range(MOST_STREAMS)]
        with pytest.raises(Refused) as refused:
            await server.classroom.enter(room)
        assert refused.value.status == 503
        server.classroom.leave(streams[0])
        await server.classroom.enter(room)

    run(lesson())


def test_a_full_house_lets_its_opener_in():
    async def lesson():
        server = Server()
        room, secret = await server.open()
        other, stranger = await server.open()
        for _ in range(MOST_STREAMS):
            await server.classroom.enter(room)
        assert (await server.classroom.enter(room, secret)).steers
        with pytest.raises(Refused):
            await server.classroom.enter(other, stranger)
        assert server.classroom.streams == MOST_STREAMS

    run(lesson())


def test_there_are_so_many_voters_and_no_more():
    async def lesson():
        store = MemoryStore()
        for client in range(MOST_VOTERS):
            assert await store.vote("ABCD", "mine/1", str(client), 0)
        assert not await store.vote("ABCD", "mine/1", "one more", 0)
        assert await store.vote("ABCD", "mine/1", "0", 1)

    run(lesson())


def test_a_slow_reader_costs_one_event_and_is_dropped(monkeypatch):
    monkeypatch.setattr(stream, "PATIENCE", 0.05)

    async def lesson():
        server = Server()
        room, secret = await server.open(at=1)
        async with server.phone(room, takes=False), server.phone(room) as other:
            for at in (2, 3, 1):
                await server.steer(room, secret, at)
            await other.news("state", lambda data: data["at"] == 1)
        assert server.classroom.streams == 0
        async with server.phone(room):  # it may come back, and is at the present step
            assert server.classroom.streams == 1

    run(lesson())


# What is told to whom


def test_the_log_holds_no_client_numbers(caplog, capfd):
    async def lesson():
        server = Server()
        room, _ = await server.open(at=1)
        for choice in (1, 99, 100):
            await server.vote(room, 77, 1, choice)
        body = b'{"client": "client-000000000077", "step": 1, "choice": "x"}'
        _, answer = await server.ask("POST", f"/class/{room}/vote", body=body)
        assert b"77" not in answer

    with caplog.at_level(logging.DEBUG):
        run(lesson())
    out, err = capfd.readouterr()
    assert "client-" not in caplog.text + out + err


def test_the_page_can_t_be_broken_by_what_it_is_given():
    text = page.html("files", {"room": "</script><script>alert(1)</script>"})
    assert text.count("</script>") == 2
    given = text.partition('id="given">')[2].partition("</script>")[0]
    assert json.loads(given) == {"room": "</script><script>alert(1)</script>"}
    assert "unsafe-inline" not in page.SAFE["Content-Security-Policy"]


def test_the_page_finds_its_files_below_any_path():
    async def lesson():
        server = Server()
        room, _ = await server.open()
        for path in ("/class", f"/class/{room}", "/class/QQQQ"):
            _, shown = await server.ask("GET", path)
            for file in re.findall(r'(?:src|href)="([^"]+/class-[^"]+)"', shown.decode()):
                found = urljoin(f"https://lab.example.org/below{path}", file)
                assert found.startswith("https://lab.example.org/below/app/static/class-")
                assert served(found.partition("static/")[2])

    run(lesson())


def request_to(host):
    """A request for the page at ``host``."""
    where = {"scheme": "http", "server": ("lab", 80), "path": "/", "root_path": ""}
    return Request({"type": "http", "headers": [(b"host", host)], **where})


def test_the_address_for_phones_is_one_that_they_can_reach(monkeypatch):
    request = request_to(b"lab:8501")
    assert address_of("https://lab.example.org/stn/", request) == "https://lab.example.org/stn"
    assert address_of("http://[2001:db8::1]:8501", request) == "http://[2001:db8::1]:8501"
    for seen in (None, 7, "javascript:alert(1)", "x" * 1000, "http://host:port", "//"):
        assert address_of(seen, request) in ("http://lab:8501", "http://host")
    local = address_of("http://localhost:8501/stn", request)
    assert local == f"http://{in_network()}:8501/stn"
    monkeypatch.setenv("STN_PUBLIC_URL", "https://public.example.org/")
    assert address_of("http://localhost:8501", request) == "https://public.example.org"
    rows = qr_rows("https://public.example.org/class/ABCD")
    assert {len(row) for row in rows} == {len(rows)} and rows[0].startswith("1111111")


@pytest.mark.parametrize("host", [b"[", b"lab:port", b"x" * 5000, b"[::1", b"", b"a@b:99999999"])
def test_no_address_that_a_browser_names_is_an_error(host, monkeypatch):
    request = request_to(host)
    for public in ("", "nonsense", "http://[", "http://\udcff", "x" * 5000):
        monkeypatch.setenv("STN_PUBLIC_URL", public)
        for seen in (None, "http://[", "https://[::1", "http://x:99999999", host.decode()):
            assert qr_rows(f"{address_of(seen, request)}/class/ABCD")


@pytest.mark.parametrize("url", ["nonsense", "http://x", "redis://:secret@[", "redis://h:port"])
def test_a_variable_that_names_no_redis_ends_the_start_in_a_sentence(url, monkeypatch):
    monkeypatch.setenv("STN_REDIS_URL", url)
    with pytest.raises(SystemExit, match=r"STN_REDIS_URL names no Redis.*redis://host") as end:
        open_classroom()
    assert "secret" not in str(end.value)


@pytest.mark.parametrize(
    "address",
    ["lab.example.org", "ftp://lab", "https://", "http://[", "https://lab?x", "https://lab#x"],
)
def test_a_variable_that_names_no_address_ends_the_start_in_a_sentence(address, monkeypatch):
    monkeypatch.setenv("STN_PUBLIC_URL", address)
    with pytest.raises(SystemExit, match=r"STN_PUBLIC_URL is no address.*https://lab"):
        open_classroom()


def test_a_key_that_can_be_guessed_ends_the_start_in_a_sentence(monkeypatch):
    monkeypatch.setenv("STN_CLASS_KEY", "x" * 15)
    with pytest.raises(SystemExit, match=r"STN_CLASS_KEY has 15 bytes.*at least 16"):
        open_classroom()
    monkeypatch.setenv("STN_CLASS_KEY", "x" * 16)
    open_classroom()


def test_half_a_surrogate_pair_is_refused_and_no_error():
    async def lesson():
        server = Server()
        room, secret = await server.open()
        assert (await server.ask("DELETE", f"/class/{room}", secret=secret))[0] == 204
        said = b'{"lesson": "\\ud800", "at": 1, "answered": false, "choices": 3}'
        status, _ = await server.ask("PUT", f"/class/{room}", secret=secret, body=said)
        assert status == 422

    run(lesson())


def test_addresses_that_limits_go_by():
    assert network_of("192.0.2.7") == network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8::1") == network_of("2001:db8::2:3") != network_of("2001:db8:0:1::1")
    assert network_of("fe80::1%eth0") == "fe80::/64" and network_of(None) == ""


def test_a_key_of_bytes_that_are_no_text_is_one(monkeypatch):
    monkeypatch.setenv("STN_CLASS_KEY", "\udcff" * 32)
    assert kept_key() == b"\xff" * 32
