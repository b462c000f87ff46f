"""A browser's websocket without the browser: what a visitor says to the app, and what it shows."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Subprotocol

FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class Visitor:
    """One session. A benchmark's own class says what it does with what is shown: ``widget`` and
    ``component``."""

    def __init__(self, address: str, socket: websockets.ClientConnection) -> None:
        self.address, self.socket = address, socket
        self.session = self.page = ""

    @classmethod
    @asynccontextmanager
    async def visiting(cls, address: str, *arguments: Any) -> AsyncIterator[Self]:
        """A visitor at the app's address, who leaves at the end."""
        stream = f"ws{address.removeprefix('http')}/_stcore/stream"
        protocols = [Subprotocol("streamlit")]
        async with websockets.connect(stream, subprotocols=protocols, max_size=None) as socket:
            yield cls(address, socket, *arguments)

    def placed(self, place: Sequence[int], element: Any) -> None:
        """An element of any kind has come, at its place: 0, ... in the main part of the page, 1,
        ... in the sidebar."""

    def widget(self, kind: str, element: Any, fragment: str) -> None:
        """An element has come, from a fragment of the page or from the whole."""

    def component(self, name: str, data: Any, element: Any, fragment: str) -> None:
        """A component of our own has come, with its data."""

    async def say(self, message: BackMsg) -> None:
        await self.socket.send(message.SerializeToString())

    async def answer(self, *kinds: str) -> ForwardMsg:
        """The next message of one of these kinds. RuntimeError for an exception on the page."""
        while True:
            message = ForwardMsg.FromString(await self.socket.recv())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
            if kind == "navigation":
                self.page = message.navigation.page_script_hash
            if kind == "delta":
                element = message.delta.new_element
                if element.WhichOneof("type"):
                    self.placed(message.metadata.delta_path, element)
                self._take(element, message.delta.fragment_id)
            if kind in kinds:
                return message

    async def run(self, message: BackMsg, patience: float | None = None) -> None:
        """Say it, and wait until the script that it starts has finished. TimeoutError after so many
        seconds."""
        async with asyncio.timeout(patience):
            await self.say(message)
            while True:
                end = (await self.answer("script_finished")).script_finished
                if end == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RuntimeError("the script does not compile")
                if end in FINISHED:
                    return

    def _take(self, element: Any, fragment: str) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"{element.exception.type}: {element.exception.message}")
        if kind == "bidi_component":
            found = element.bidi_component
            sent = json.loads(found.json)
            data = sent[0] if isinstance(sent, list) else sent  # of earlier versions
            self.component(found.component_name, data, found, fragment)
        elif kind:
            self.widget(kind, getattr(element, kind), fragment)
