"""Requests to routes in this process, streams among them."""

import asyncio
import json
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from ui.classroom.rooms import Classroom
from ui.classroom.routes import Routes
from ui.classroom.store import MemoryStore

LESSON = {  # by the number of the step
    1: {"vote": 10, "right": 4, "answer": {"en": "Four."}, "title": {"en": "One"}},
    2: {"vote": 3, "right": 0, "answer": {"en": "The first."}, "title": {"en": "Two"}},
    3: {"vote": 0, "right": None, "answer": None, "title": {"en": "Three"}},
}


def describe(lesson, at):
    return LESSON.get(at) if lesson == "mine" else None


class Server:
    """One process: its routes, over a store."""

    def __init__(self, store=None, describe=describe):
        self.classroom = Classroom(store or MemoryStore(), describe)
        self.app = Starlette(routes=Routes(self.classroom).routes(""))

    def scope(self, method, path, headers, host="10.0.0.1"):
        """What an ASGI server says of a request."""
        return {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": (host, 1),
            "server": ("lab", 80),
            "state": {},
            "app": self.app,
        }

    async def ask(
        self,
        method,
        path,
        said=None,
        secret="",
        body=None,
        kind="application/json",
        host="10.0.0.1",
    ):
        """(status, what was answered)."""
        content = json.dumps(said).encode() if body is None else body
        headers = [(b"content-type", kind.encode()), (b"host", b"lab")]
        if secret:
            headers.append((b"authorization", f"Bearer {secret}".encode()))
        scope = self.scope(method, path, headers, host)
        sent = []

        async def receive():
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        answer = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], answer

    async def open(self, at=0, lesson="mine"):
        status, answer = await self.ask("POST", "/class", {})
        assert status == 201
        room, secret = json.loads(answer).values()
        if at:
            assert (await self.steer(room, secret, at))[0] == 200
        return room, secret

    async def steer(self, room, secret, at, answered=False):
        said = {"lesson": "mine", "at": at, "answered": answered}
        return await self.ask("PUT", f"/class/{room}", said, secret)

    async def vote(self, room, client, at, choice, **more):
        said = {"client": f"client-{client:012}", "step": at, "choice": choice}
        status, _ = await self.ask("POST", f"/class/{room}/vote", said, **more)
        return status

    @asynccontextmanager
    async def phone(self, room, secret="", takes=True):
        """A stream of a room, once its first event is there; it takes what is sent, or nothing."""
        phone = Phone(takes)
        headers = [(b"authorization", f"Bearer {secret}".encode())] if secret else []
        scope = self.scope("GET", f"/class/{room}/events", headers)
        running = asyncio.create_task(self.app(scope, phone.receive, phone.send))
        try:
            if takes:
                await phone.news("state")
            yield phone
        finally:
            phone.left.set()
            await running


class Phone:
    def __init__(self, takes):
        self.takes = takes
        self.left = asyncio.Event()
        self.events = asyncio.Queue()
        self.ended = asyncio.Event()

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if not self.takes:
            await asyncio.Event().wait()
        body = message.get("body", b"").decode()
        for event in filter(None, body.split("\n\n")):
            kind, _, data = event.partition("\ndata: ")
            if data:
                self.events.put_nowait((kind.removeprefix("event: "), json.loads(data)))
        if message["type"].endswith("body") and not message["more_body"]:
            self.ended.set()

    async def news(self, kind, wanted=lambda data: True):
        """The next event of a kind that is as wanted."""
        async with asyncio.timeout(20):
            while True:
                found, data = await self.events.get()
                if found == kind and wanted(data):
                    return data
