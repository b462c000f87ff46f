"""Uploaded pictures are decoded in processes of their own, at most two at once, each with a
deadline and a bound on its memory (``decoder.py``); one that dies or hangs is replaced."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from stn_core.data.decoder import ANSWER, REQUEST

SECONDS = 5.0  # for one picture
AT_ONCE = 2
SCRIPT = Path(__file__).with_name("decoder.py")


class DecoderError(Exception):
    """No picture: the key of a message about the file, and what fills its blanks."""

    def __init__(self, key: str, about: dict[str, Any]) -> None:
        super().__init__(key, about)
        self.key, self.about = key, about


class Decoders:
    """Processes that decode pictures, started when the first one is asked for."""

    def __init__(self, count: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._idle: queue.LifoQueue[subprocess.Popen[bytes] | None] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(None)

    def start(self) -> None:
        """Start the processes now, so that the first visitor does not wait for that; one for which
        the system has no room is tried again for a picture."""
        found = [self._idle.get() for _ in range(self._idle.qsize())]
        for process in found:
            with suppress(OSError):
                process = process or _started()
            self._idle.put(process)

    def decode(
        self,
        data: bytes | memoryview,
        longest: int,
        *,
        ink: bool = False,
        seconds: float | None = None,
    ) -> Image.Image:
        """A picture, RGB, no side longer than ``longest`` pixels; DecoderError if there is none.

        Waits for its turn. ``ink``: see ``decoder.decoded``. ``seconds`` is the deadline in place
        of the processes' own.
        """
        deadline = self.seconds if seconds is None else seconds
        process = self._idle.get()
        try:
            if process is None or process.poll() is not None:
                try:
                    process = _started()
                except OSError:  # the system has no room for another
                    raise DecoderError("lost_picture", about={}) from None
            late = threading.Timer(deadline, process.kill)
            late.start()
            began = time.monotonic()
            try:
                about, pixels = _ask(process, data, longest, ink)
            except Exception:  # it is gone, was killed, or answers nonsense
                slow = time.monotonic() - began >= deadline
                _end(process)
                process = None
                if slow:
                    raise DecoderError("slow_picture", about={"seconds": f"{deadline:g}"}) from None
                raise DecoderError("lost_picture", about={}) from None
            finally:
                late.cancel()
        finally:
            self._idle.put(process)
        if "refused" in about:
            raise DecoderError(about["refused"], about["about"])
        return Image.frombytes("RGB", tuple(about["size"]), pixels)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            pipe.close()  # type: ignore[union-attr]
    process.wait()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # decoders' warnings
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # an interrupt is for the server, which then closes its end
    )


def _ask(
    process: subprocess.Popen[bytes], data: bytes | memoryview, longest: int, ink: bool
) -> tuple[dict[str, Any], bytes]:
    """The answer, checked: what the process has seen is not to be trusted."""
    assert process.stdin and process.stdout
    process.stdin.write(REQUEST.pack(len(data), longest, ink))
    process.stdin.write(data)
    process.stdin.flush()
    (length,) = ANSWER.unpack(_read(process, ANSWER.size))
    if length > 10_000:
        raise ValueError(length)
    about = json.loads(_read(process, length))
    if "refused" in about:
        return about, b""
    width, height = about["size"]
    if not (0 < width <= longest and 0 < height <= longest):
        raise ValueError(about)
    return about, _read(process, 3 * width * height)


def _read(process: subprocess.Popen[bytes], length: int) -> bytes:
    assert process.stdout
    data = process.stdout.read(length)
    if len(data) < length:
        raise OSError("the process has ended")
    return data


DECODERS = Decoders()
