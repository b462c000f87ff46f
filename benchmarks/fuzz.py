"""Readers of files and addresses, fed with damaged ones: python -m benchmarks.fuzz --minutes 10

Bytes of good files are changed, cut out, doubled and mixed; each reader may refuse what comes of
it with its own error, and nothing else may happen. What breaks a reader is written to --to.
"""

import argparse
import io
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console

from stn_core import CheckpointError, load_checkpoint
from stn_core.data.mnist import mnist
from stn_core.data.root import DataError
from stn_core.evaluation.report import ReportError, read_report
from stn_core.experiments.seeds import read_seeds
from stn_core.files import write_file
from stn_core.places import ASSETS, CHECKPOINTS
from stn_core.training.recording import RecordingError, load_recording
from stn_core.training.state import load_state

Reader = tuple[str, bytes, Callable[[Path], object], type[Exception]]


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


def readers() -> list[Reader]:
    """The name of a file, a good one's bytes, what reads it, and the error with which it may."""
    named = {
        "r-fcn.safetensors": (CHECKPOINTS / "digits", load_checkpoint, CheckpointError),
        "r-st-cnn-affine.safetensors": (ASSETS / "recordings", load_recording, RecordingError),
        "report.json": (ASSETS, read_report, ReportError),
    }
    found: list[Reader] = [
        (name, (folder / name).read_bytes(), read, error)
        for name, (folder, read, error) in named.items()
        if (folder / name).is_file()
    ]
    return [
        *found,
        ("seeds.json", SEEDS, read_seeds, ValueError),
        ("r-fcn.state.pt", saved_state(), load_state, ValueError),
        ("t10k-labels-idx1-ubyte", LABELS, read_digits, DataError),
    ]


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
                words = (b"null", b"1e999", b"-1", b"[" * 5000, b'"', b"\xff", b"{}", b"NaN")
                data[at : at + draw.randint(0, 3)] = draw.choice(words)
    return bytes(data[: draw.randrange(len(data) + 1)] if draw.random() < 0.1 else data)


def fuzz(seconds: float, seed: int, to: Path) -> dict[str, int]:
    """How many damaged files each reader was fed; what broke one lies in ``to``."""
    draw, tried = random.Random(seed), dict.fromkeys((name for name, *_ in readers()), 0)
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while True:
            for name, good, read, refusal in readers():
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
                path.unlink()
                if time.monotonic() > end:
                    return tried


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, default=Path("fuzz"))
    options = parser.parse_args()
    for name, count in fuzz(60 * options.minutes, options.seed, options.to).items():
        print(f"{name}: {count}")


if __name__ == "__main__":
    main()
