"""The former place of ``stn_core.data``'s names, for programs that import them from here."""

from stn_core.data.cub import Birds, cub
from stn_core.data.mnist import Digits, gallery, mnist, training_digits
from stn_core.data.root import DataError, data_root

__all__ = [
    "Birds",
    "DataError",
    "Digits",
    "cub",
    "data_root",
    "gallery",
    "mnist",
    "training_digits",
]
