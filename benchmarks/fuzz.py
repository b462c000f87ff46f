"""Readers of files, uploads, addresses and bodies, fed with damaged ones:

    python -m benchmarks.fuzz [--minutes 10] [--seed 0] [--only picture] [--to fuzz]

Bytes of good ones are changed, cut out, doubled and mixed; each reader may refuse what comes of it
with its own error, and nothing else may happen. Pictures go through the processes that decode
uploads: none may take longer than these are given, or more memory. What breaks a reader is written
to --to, and the exit code is then 1.
"""

import io
import random
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import numpy as np
import psutil
import torch
from PIL import Image, features
from rich.console import Console
from starlette.applications import Starlette
from starlette.testclient import TestClient

from benchmarks.command import options_parser
from stn_core import CheckpointError, load_checkpoint
from stn_core.data.decoder import MEMORY
from stn_core.data.decoding import SECONDS
from stn_core.data.mnist import mnist
from stn_core.data.root import DataError
from stn_core.data.uploads import ImageError, read_picture
from stn_core.evaluation.report import ReportError, read_report
from stn_core.experiments.seeds import read_seeds
from stn_core.files import write_file
from stn_core.places import ASSETS, CHECKPOINTS
from stn_core.training.recording import RecordingError, load_recording
from stn_core.training.state import load_state
from ui.app.i18n import Translator
from ui.classroom.limits import Rate
from ui.classroom.rooms import Classroom
from ui.classroom.routes import Routes
from ui.classroom.store import MemoryStore
from ui.pages.birds.places import are_places
from ui.pages.lecture import lessons
from ui.pages.lecture.steps import describe_mistake
from ui.pages.registry import PAGES


class Reader(NamedTuple):
    """What reads a file ``name`` whose bytes were ``good``, and the error with which it may."""

    name: str
    good: bytes
    read: Callable[[Path], object]
    refusal: type[Exception] | tuple[()] = ()


# Files


def saved_state() -> bytes:
    buffer = io.BytesIO()
    torch.save({"run": {"seed": 0}, "step": 1, "model": {"weight": torch.zeros(3)}}, buffer)
    return buffer.getvalue()


def read_digits(path: Path) -> object:
    """MNIST's two test digits, with the labels at ``path``; the other files lie beside it."""
    for split in ("train", "t10k"):
        for name, content in ((f"{split}-images-idx3-ubyte", IMAGES), (path.name, LABELS)):
            other = path.with_name(name.replace("t10k-labels", f"{split}-labels"))
            if not other.exists():
                other.write_bytes(content)
    return mnist("test", path.parent)


IMAGES = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x1c\0\0\0\x1c" + bytes(2 * 28 * 28)
LABELS = b"\0\0\x08\x01\0\0\0\x02\x03\x04"
SEEDS = (
    b'{"r-cnn": {"seeds": [0], "validation_errors": [1.5], "test_errors": [1.0],'
    b' "devices": ["CPU"], "samples": [512]}}'
)


def files() -> Iterator[Reader]:
    for name, folder, read, error in (
        ("r-fcn.safetensors", CHECKPOINTS / "digits", load_checkpoint, CheckpointError),
        ("r-st-cnn-affine.safetensors", ASSETS / "recordings", load_recording, RecordingError),
        ("report.json", ASSETS, read_report, ReportError),
        ("paper.toml", ASSETS / "lessons", read_lesson, ()),
    ):
        if (folder / name).is_file():
            yield Reader(name, (folder / name).read_bytes(), read, error)
    yield Reader("seeds.json", SEEDS, read_seeds, ValueError)
    yield Reader("r-fcn.state.pt", saved_state(), load_state, ValueError)
    yield Reader("t10k-labels-idx1-ubyte", LABELS, read_digits, DataError)


def read_lesson(path: Path) -> None:
    """A lesson, or sentences about what is wrong with it."""
    own = path.with_stem(f"{time.time_ns()}")  # what was read is remembered by its name
    path.replace(own)
    found = lessons.read(own)
    own.unlink()
    if isinstance(found, list):
        for mistake in found:
            describe_mistake(mistake, Translator("lecture", "en"))


# Pictures


def photograph() -> Image.Image:
    shapes = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(shapes).resize((96, 72), Image.Resampling.BICUBIC)


def pictures() -> Iterator[Reader]:
    """A small one in every format that is accepted, and in most of its ways."""
    colour = photograph()
    deep = Image.fromarray(np.asarray(colour.convert("L")).astype(np.uint16) * 250)
    clear = colour.convert("RGBA")
    clear.putalpha(colour.convert("L"))
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds: dict[str, tuple[Image.Image, dict[str, object]]] = {
        "exif.jpeg": (colour, {"exif": exif}),
        "progressive.jpeg": (colour, {"progressive": True}),
        "cmyk.jpeg": (colour.convert("CMYK"), {}),
        "clear.png": (clear, {}),
        "palette.png": (colour.quantize(16), {"transparency": 3}),
        "deep.png": (deep, {}),
        "lossy.webp": (clear, {"quality": 80}),
        "lossless.webp": (colour, {"lossless": True}),
        "moving.webp": (colour, {"save_all": True, "append_images": [clear.convert("RGB")]}),
        "moving.gif": (colour, {"save_all": True, "append_images": [colour.rotate(90)]}),
        "plain.tiff": (colour, {}),
        "lzw.tiff": (colour, {"compression": "tiff_lzw"}),
        "deflate.tiff": (deep, {"compression": "tiff_adobe_deflate"}),
        "jpeg.tiff": (colour, {"compression": "jpeg"}),
        "fax.tiff": (colour.convert("1"), {"compression": "group4"}),
        "plain.bmp": (colour, {}),
        "palette.bmp": (colour.quantize(256), {}),
    }
    if features.check("avif"):
        kinds["refused.avif"] = (colour, {})
    for name, (picture, options) in kinds.items():
        buffer = io.BytesIO()
        picture.save(buffer, name.rpartition(".")[2], **options)
        yield Reader(f"picture-{name}", buffer.getvalue(), read_upload, ImageError)


def read_upload(path: Path) -> None:
    """A picture or its error, within the time and the memory of those who decode it."""
    data, began = path.read_bytes(), time.monotonic()
    if path.suffix == ".png":
        data = with_checksums(data)
    try:
        read_picture(data, 300)
    finally:
        took, most = time.monotonic() - began, memory_of_decoders()
        if took > SECONDS + 1 or most > MEMORY:
            raise RuntimeError(f"{took:.1f} s, {most / 1e6:.0f} MB")


def with_checksums(png: bytes) -> bytes:
    """The same with the right checksums, so that a decoder reads on."""
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        body = png[at + 4 : at + 8 + length]
        parts += [png[at : at + 4], body, struct.pack(">I", zlib.crc32(body))]
        at += 12 + length
    return b"".join([*parts, png[at:]])


def memory_of_decoders() -> int:
    """The most bytes that a process that decodes now has had, where the system says it."""
    found = [0]
    for child in psutil.Process().children():
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
        except OSError:
            continue
        found += [1024 * int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line]
    return max(found)


# Addresses and bodies


ADDRESS = (
    b"kind=RTS&rts_angle=-30&digit=7&models_rts=CNN&lang=zh&why_x=2.5&g_angle=1e3&b_heat=1"
    b"&own=eJxjYBgFo2AUjAIQAAAEEAAB&grid=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8&b_x=a1,0.5,-1"
)


def read_address(path: Path) -> None:
    """Every control of every page, from an address."""
    said = parse_qs(path.read_bytes().decode("utf-8", "replace"), keep_blank_values=True)
    for page in PAGES.values():
        for name, control in page.controls().items():
            for texts in (said.get(name, []), *said.values()):
                value = control.read(texts)
                if value is not None and not control.accepts(value):
                    raise ValueError(f"{name} reads {value!r} and does not accept it")
    for texts in said.values():
        are_places(texts[-1])


LESSON = {1: {"vote": 3, "right": 0, "answer": {"en": "One."}, "title": {"en": "First"}}}
VOTE = b'{"client": "client-0000000000", "step": 1, "choice": 2}'
STEP = (
    b'{"lesson": "mine", "at": 1, "answered": false, "choices": 3,'
    b' "from": "http://192.0.2.7:8501/lab"}'
)


@contextmanager
def bodies() -> Iterator[list[Reader]]:
    """A vote, and a step of who steers, sent to a room; and to one that was closed."""
    routes = Routes(Classroom(MemoryStore(), lambda lesson, at: LESSON.get(at)))
    routes.votes = routes.crowd = routes.steerings = Rate(10**9, 1)
    with TestClient(Starlette(routes=routes.routes(""))) as client:
        room, other = (client.post("/class", json={}).json() for _ in range(2))

        def send(path: Path, method: str, where: str, secret: str = "") -> None:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
            answer = client.request(method, where, content=path.read_bytes(), headers=headers)
            if answer.status_code >= 500 and answer.status_code != 503:
                raise RuntimeError(f"{answer.status_code} {answer.text}")

        def vote(path: Path) -> None:
            send(path, "POST", f"/class/{room['room']}/vote")

        def steer(path: Path) -> None:
            send(path, "PUT", f"/class/{room['room']}", room["secret"])
            where = f"/class/{other['room']}"
            client.delete(where, headers={"Authorization": f"Bearer {other['secret']}"})
            send(path, "PUT", where, other["secret"])

        good = client.put(
            f"/class/{room['room']}",
            content=STEP,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {room['secret']}",
            },
        )
        assert good.status_code == 200, good.text
        yield [Reader("vote.json", VOTE, vote), Reader("step.json", STEP, steer)]


# The damage


WORDS = (
    b"null",
    b"1e999",
    b"-1",
    b"[" * 5000,
    b'"',
    b"\xff",
    b"{}",
    b"NaN",
    b"\\ud800",
    b"\xff\x7f",
)


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The same with a few changes, most of them near the start, where headers are."""
    data = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        reach = len(data) if draw.random() < 0.4 else min(len(data), 3000)
        at, length = draw.randrange(max(reach, 1)), 2 ** draw.randint(0, 8)
        match draw.randrange(5):
            case 0:
                data[at : at + 1] = draw.randbytes(1)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at : at + length] = draw.randbytes(length)
            case _:
                data[at : at + draw.randint(0, 3)] = draw.choice(WORDS)
    return bytes(data[: draw.randrange(len(data) + 1)] if draw.random() < 0.1 else data)


def fuzz(seconds: float, seed: int, to: Path, only: str = "") -> dict[str, int]:
    """How many damaged ones each reader whose name has ``only`` was fed; what broke one lies in
    ``to``."""
    draw, end = random.Random(seed), time.monotonic() + seconds
    address = Reader("address", ADDRESS, read_address)
    with tempfile.TemporaryDirectory() as folder, bodies() as of_rooms:
        readers = [
            reader for reader in (*files(), *pictures(), address, *of_rooms) if only in reader.name
        ]
        tried = dict.fromkeys((reader.name for reader in readers), 0)
        while time.monotonic() < end or not all(tried.values()):
            for name, good, read, refusal in readers:
                path, content = Path(folder) / name, damaged(good, draw)
                path.write_bytes(content)
                tried[name] += 1
                try:
                    read(path)
                except refusal:
                    pass
                except Exception as error:
                    found = write_file(to / f"{tried[name]}-{name}", content)
                    Console().print(f"{found}: {type(error).__name__}: {error}", markup=False)
                path.unlink(missing_ok=True)
    return tried


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose name has this in it")
    parser.add_argument("--to", type=Path, default=Path("fuzz"))
    options = parser.parse_args()
    before = set(options.to.glob("*"))
    tried = fuzz(60 * options.minutes, options.seed, options.to, options.only)
    for name, count in tried.items():
        print(f"{name}: {count}")
    raise SystemExit(bool(set(options.to.glob("*")) - before))


if __name__ == "__main__":
    main()
