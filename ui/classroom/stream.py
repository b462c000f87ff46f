"""A stream of server-sent events to one reader, from a letterbox with the latest of each kind."""

import asyncio
from collections.abc import Callable

from starlette.types import Message, Receive, Scope, Send

from ui.classroom.rooms import Stream

PATIENCE = 10.0  # seconds: a reader who takes no event for so long is dropped, and may come back
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx hands each event on at once
    (b"x-content-type-options", b"nosniff"),
]


class EventStream:
    """The response (ASGI); ``leave`` is called with the stream at its end, however it ends."""

    def __init__(self, stream: Stream, leave: Callable[[Stream], None]) -> None:
        self._stream, self._leave = stream, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watching = asyncio.create_task(self._watch(receive))
        try:
            start: Message = {"type": "http.response.start", "status": 200, "headers": HEADERS}
            async with asyncio.timeout(PATIENCE):
                await send(start)
            await self._send(send, b"retry: 1000\n\n")
            await self._go_on(send)
        except (OSError, TimeoutError):
            pass
        finally:
            watching.cancel()
            self._leave(self._stream)

    async def _go_on(self, send: Send) -> None:
        stream = self._stream
        while True:
            await stream.arrived.wait()
            if stream.gone:
                await self._send(send, b"", more=False)
                return
            stream.arrived.clear()
            waiting, stream.waiting = stream.waiting, {}
            await self._send(send, b"".join(waiting.values()), more="closed" not in waiting)
            if "closed" in waiting:
                return

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        message: Message = {"type": "http.response.body", "body": body, "more_body": more}
        async with asyncio.timeout(PATIENCE):
            await send(message)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.leave()
