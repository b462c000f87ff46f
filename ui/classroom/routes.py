"""The class over HTTP, beside the app's own routes.

    GET    /class                  where a code is typed in
    POST   /class                  open a room: 201 {room, secret}
    GET    /class/{room}           the phone page
    PUT    /class/{room}           steer it: {lesson, at, answered}; 200 {address, qr}. Also taken:
                                   choices, of the question if the room is lost, and from, the
                                   address at which its opener sees the app
    DELETE /class/{room}           close it: 204
    GET    /class/{room}/events    server-sent events: state, closed, beat; to the opener votes, too
    POST   /class/{room}/vote      {client, step, choice}: 204; 409 where the question is not open
    GET    /class/models/{name}    a digit model for the phones' engine

The opener's secret travels in the header ``Authorization`` and nowhere else. Bodies are JSON of at
most 1 kB: 413, 415 and 422 for others; 429 for what comes too often; 404 where there is no such
room.
"""

import asyncio
import importlib
import json
import os
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ui.classroom import page
from ui.classroom.address import address_of, check_public, qr_rows
from ui.classroom.limits import Guesses, Rate, network_of
from ui.classroom.rooms import Classroom, Refused, Step
from ui.classroom.store import MemoryStore, Store, StoreError, check_key
from ui.classroom.stream import EventStream

LARGEST = 1024  # bytes of a body
STEPS = "ui.pages.lecture.class_step"  # imported when first needed: it takes seconds
CODE = re.compile(r"[A-Z]{4}")
CLIENT = re.compile(r"[0-9A-Za-z_-]{16,64}")
Handler = Callable[[Request], Awaitable[Response]]


class Routes:
    """What of one classroom is reached over HTTP, and how often."""

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self.guesses = Guesses(20, 600)  # codes that an address asks for in vain
        self.openings = Rate(20, 600)  # rooms of an address
        self.steerings = Rate(60, 20)  # of a room
        self.votes = Rate(6, 3)  # of a client
        self.crowd = Rate(3_000, 6)  # votes of an address, which a whole class may have

    def routes(self, base: str) -> list[Route]:
        def route(path: str, method: str, handler: Handler) -> Route:
            return Route(f"{base}/class{path}", _answering(handler), methods=[method])

        return [
            route("", "GET", self.entrance),
            route("", "POST", self.open),
            route("/models/{name}", "GET", self.model),
            route("/{room}", "GET", self.phone),
            route("/{room}", "PUT", self.steer),
            route("/{room}", "DELETE", self.end),
            route("/{room}/events", "GET", self.events),
            route("/{room}/vote", "POST", self.vote),
        ]

    async def entrance(self, request: Request) -> Response:
        return page.answer("")

    async def phone(self, request: Request) -> Response:
        try:
            code = await self.code_of(request)
        except Refused as refused:
            return page.answer("", refused.status)
        return page.answer(code)

    async def open(self, request: Request) -> Response:
        await body_of(request)
        if not self.openings.allows(address(request)):
            raise Refused(429, "Too many rooms were opened from this address. Wait ten minutes.")
        room, secret = await self.classroom.open()
        return JSONResponse({"room": room, "secret": secret}, 201, {"Cache-Control": "no-store"})

    async def steer(self, request: Request) -> Response:
        code = spelled(request)
        said = await body_of(request)
        lesson, at, answered = said.get("lesson"), said.get("at"), said.get("answered")
        choices = said.get("choices", 0)
        if not (
            isinstance(lesson, str)
            and is_count(at, 9_999)
            and isinstance(answered, bool)
            and is_count(choices, 10)
        ):
            raise Refused(
                422, "Wanted: lesson, a text; at and choices, numbers; answered, true or false."
            )
        secret = secret_of(request)
        await self.classroom.check(code, secret)
        if not self.steerings.allows(code):
            raise Refused(429, "Too often. Wait a second.")
        await self.classroom.steer(code, secret, lesson, at, answered, choices)
        whole = f"{address_of(said.get('from'), request)}/class/{code}"
        return JSONResponse({"address": whole, "qr": qr_rows(whole)})

    async def end(self, request: Request) -> Response:
        await self.classroom.end(spelled(request), secret_of(request))
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        code = await self.code_of(request)
        stream = await self.classroom.enter(code, secret_of(request))
        return EventStream(stream, self.classroom.leave)  # type: ignore[return-value]

    async def vote(self, request: Request) -> Response:
        code = await self.code_of(request)
        said = await body_of(request)
        client, at, choice = said.get("client"), said.get("step"), said.get("choice")
        if not (
            isinstance(client, str)
            and CLIENT.fullmatch(client)
            and is_count(at, 9_999)
            and is_count(choice, 99)
        ):
            raise Refused(422, "Wanted: client, 16 to 64 letters; step and choice, numbers.")
        if not (self.votes.allows((code, client)) and self.crowd.allows(address(request))):
            raise Refused(429, "Too often. Wait a second.")
        await self.classroom.vote(code, client, at, choice)
        return Response(status_code=204)

    async def model(self, request: Request) -> Response:
        content = await asyncio.to_thread(_steps().model_bytes, request.path_params["name"])
        if content is None:
            raise Refused(404, "There is no such model.")
        return Response(
            content, media_type="application/octet-stream", headers={"Cache-Control": page.A_DAY}
        )

    async def code_of(self, request: Request) -> str:
        """The code of a room that there is."""
        code = spelled(request)
        who = address(request)
        if not self.guesses.allows(who, code):
            raise Refused(429, "Too many rooms were asked for from this address. Wait ten minutes.")
        if await self.classroom.room(code) is None:
            raise Refused(404, "There is no such room.")
        self.guesses.found(who, code)
        return code


def open_classroom() -> Classroom:
    """This process's classroom, which is in memory, or in the Redis that ``STN_REDIS_URL`` names.
    SystemExit, in a sentence, if that or ``STN_PUBLIC_URL`` is none, or ``STN_CLASS_KEY`` short."""
    check_public()
    check_key()
    url = os.environ.get("STN_REDIS_URL")
    store: Store = MemoryStore()
    if url:
        try:
            store = importlib.import_module("ui.classroom.redis_store").RedisStore(url)
        except ImportError:
            raise SystemExit(
                "STN_REDIS_URL is set, but the package redis is not there: pip install redis"
            ) from None
        except ValueError:  # whose message may have the password
            raise SystemExit(
                "STN_REDIS_URL names no Redis. Wanted: redis://host:6379, rediss:// or unix://"
            ) from None
    return Classroom(store, lambda lesson, at: _steps().describe(lesson, at))


def _steps() -> Any:
    return importlib.import_module(STEPS)


def _answering(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            headers = {"Retry-After": "2"} if refused.status in (429, 503) else None
            return JSONResponse({"detail": str(refused)}, refused.status, headers)
        except StoreError:
            sentence = "The rooms can't be reached now. Try again."
            return JSONResponse({"detail": sentence}, 503, {"Retry-After": "2"})

    return answer


async def body_of(request: Request) -> Step:
    """The body, a JSON object. The content type keeps other sites' forms out."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "Send application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Refused(413, "At most 1 kB.")
    try:
        said = json.loads(body)
        json.dumps(said, ensure_ascii=False).encode()  # nor half a surrogate pair
    except (ValueError, RecursionError):
        raise Refused(422, "This is not JSON.") from None
    if not isinstance(said, dict):
        raise Refused(422, "Wanted: a JSON object.")
    return said


def is_count(value: object, most: int) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= most


def spelled(request: Request) -> str:
    code = str(request.path_params["room"]).upper()
    if not CODE.fullmatch(code):
        raise Refused(404, "There is no such room.")
    return code


def secret_of(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ").strip()


def address(request: Request) -> str:
    return network_of(request.client.host if request.client else None)
