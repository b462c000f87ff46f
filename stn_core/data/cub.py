"""The birds of CUB-200-2011.

Boxes and parts of the birds are never trained on; they only judge where a model looks. Like every
point here they are normalised (x, y), [-1, 1] from edge to edge of the photograph, y down.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core.data.root import DataError, data_root, no_empty_folders
from stn_core.data.uploads import ImageError, read_photograph
from stn_core.files import reason, why_unreadable

CUB_ARCHIVE = "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz"  # 1.15 GB
CUB_CHECKSUM = "97eceeb196236b17998738112f37df78"
# what counts as the head; at most 6 are visible
HEAD = ("beak", "crown", "forehead", "left eye", "nape", "right eye", "throat")
UPPER = ("back", "breast", "left wing", "right wing")
BODY = (*UPPER, "belly")
REAR = ("left leg", "right leg", "tail")  # what is neither
PATIENCE = 60.0  # seconds to decode a photograph


class Birds(NamedTuple):
    """Photographs of birds with their species, and where the bird and its parts are."""

    paths: tuple[Path, ...]  # N files
    labels: Tensor  # (N,) int64 from 0
    classes: tuple[str, ...]  # the species, in the order of the labels
    boxes: Tensor  # (N, 4) left, top, right, bottom of the bird, clipped to the photograph
    parts: Tensor  # (N, P, 2) the parts, NaN where one is not visible
    part_names: tuple[str, ...]

    def photograph(self, i: int, side: int) -> Tensor:
        """Photograph ``i`` as float32 (3, side, side) in [0, 1]; DataError if it is damaged.

        It may take ``PATIENCE`` seconds, longer than an upload, so that a busy machine does not end
        a training.
        """
        path = self.paths[i]
        try:
            return read_photograph(path.read_bytes(), side, PATIENCE)
        except ImageError as error:
            raise DataError(f"{path}: {error}", str(error)) from None

    def chosen(self, index: Tensor) -> "Birds":
        """Those birds alone: ``index`` (M,) int64, or (N,) bool."""
        if index.dtype == torch.bool:
            index = index.nonzero()[:, 0]
        paths = tuple(self.paths[i] for i in index.tolist())
        return self._replace(
            paths=paths, labels=self.labels[index], boxes=self.boxes[index], parts=self.parts[index]
        )


def cub(split: str, root: str | os.PathLike[str] | None = None, species: int = 200) -> Birds:
    """The official photographs, "train" or "test", of the first ``species`` species.

    The folder has the layout of the official archive, whole or with a part of its species. If it is
    not there or has fewer species, the archive is downloaded. DataError in one sentence if that
    fails or the folder is damaged.
    """
    if cub_species(root) < species:
        _download_cub(data_root(root) / "CUB_200_2011", species)
    folder = cub_folder(root)
    try:
        return _read_cub(folder, split, species)
    except (OSError, ValueError) as error:
        why = reason(error)
        raise DataError(
            f"{folder} is damaged ({why}): delete it, and it is downloaded anew, or name another "
            "with --data or STN_DATA.",
            why,
        ) from error


def held_out(labels: Tensor, every: int) -> Tensor:
    """Which of a training split serve for validation: of each class every ``every``-th, none if it
    is 0. (N,) bool."""
    if not every:
        return torch.zeros(len(labels), dtype=torch.bool)
    return rank_within_class(labels) % every == every - 1


def rank_within_class(labels: Tensor) -> Tensor:
    """0 for the first photograph of its class, 1 for the second, and so on: (N,) int64."""
    return F.one_hot(labels).cumsum(0).gather(1, labels[:, None])[:, 0] - 1


def cub_folder(root: str | os.PathLike[str] | None = None) -> Path:
    """Where CUB's tables are: ``<root>/CUB_200_2011``, a folder down or up from there, or there
    where they would be."""
    base = data_root(root)
    usual = base / "CUB_200_2011"
    places = [usual, usual / "CUB_200_2011", base, *sorted(base.glob("*/CUB_200_2011"))]
    return next((place for place in places if (place / "classes.txt").is_file()), usual)


def cub_species(root: str | os.PathLike[str] | None = None) -> int:
    """How many species of CUB-200-2011 lie in ``<root>/CUB_200_2011``; nothing is downloaded."""
    try:
        return sum(1 for _ in _rows(cub_folder(root) / "classes.txt"))
    except (OSError, ValueError):
        return 0


def _download_cub(folder: Path, species: int) -> None:
    from torchvision.datasets.utils import download_and_extract_archive

    try:
        with no_empty_folders(folder.parent):
            download_and_extract_archive(
                CUB_ARCHIVE, str(folder.parent), md5=CUB_CHECKSUM, remove_finished=True
            )
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        why = reason(error)
        raise DataError(
            f"{species} species of CUB-200-2011 were not found in {folder} and could not be "
            f"downloaded ({why}): connect to the "
            "Internet, or name a folder that has CUB_200_2011 with --data or STN_DATA."
        ) from error


def _read_cub(folder: Path, split: str, species: int) -> Birds:
    """The tables of the official layout. ValueError or OSError if they do not fit together."""
    classes = dict(_rows(folder / "classes.txt"))
    kept = list(classes)[:species]
    tables = {
        name: dict(_rows(folder / f"{name}.txt"))
        for name in ("images", "image_class_labels", "train_test_split", "bounding_boxes")
    }
    for name, table in tables.items():
        different = sorted(table.keys() ^ tables["images"].keys())
        if different:
            raise ValueError(f"images.txt and {name}.txt differ, first at image {different[0]}")
    of_image, is_train = tables["image_class_labels"], tables["train_test_split"]
    files = {
        image: name
        for image, name in tables["images"].items()
        if (is_train[image] == "1") == (split == "train") and of_image[image] in kept
    }
    if not files:
        raise ValueError(f"it has no {split} photographs")
    paths = tuple(folder / "images" / name for name in files.values())
    sizes = {image: _size(path) for image, path in zip(files, paths, strict=True)}
    corners = {}
    for image in files:
        left_top, size = _numbers("bounding_boxes.txt", image, tables["bounding_boxes"][image], 4)
        corners[image] = torch.stack((left_top, left_top + size))  # (2, 2)
    part_names = [name for _, name in _rows(folder / "parts" / "parts.txt")]
    parts = {image: torch.full((len(part_names), 2), math.nan) for image in files}
    for image, row in _rows(folder / "parts" / "part_locs.txt"):
        (part, x), (y, visible) = _numbers("part_locs.txt", image, row, 4).tolist()
        if not 1 <= part <= len(part_names):
            raise ValueError(f"part_locs.txt has a part {part:g} of image {image}")
        if image in files and visible == 1:
            parts[image][int(part) - 1] = torch.tensor([x, y])
    return Birds(
        paths,
        torch.tensor([kept.index(of_image[image]) for image in files]),
        tuple(classes[label].partition(".")[2].replace("_", " ") for label in kept),
        torch.stack(
            [(2 * corners[image] / sizes[image] - 1).clamp(-1, 1).flatten() for image in files]
        ),
        torch.stack([2 * parts[image] / sizes[image] - 1 for image in files]),
        tuple(part_names),
    )


def _size(path: Path) -> Tensor:
    """(W, H) of a photograph, float32 (2,); reads no more than its header."""
    from PIL import Image

    name = f"{path.parent.name}/{path.name}"
    if why := why_unreadable(path):
        raise ValueError(f"{name}: {why}")
    try:
        with Image.open(path) as picture:
            return torch.tensor(picture.size, dtype=torch.float32)
    except Exception as error:  # decoders of damaged files raise anything
        raise ValueError(f"{name} is no picture that can be read") from error


def _numbers(table: str, image: str, row: str, count: int) -> Tensor:
    """A row of finite numbers, in pairs: (count / 2, 2)."""
    try:
        numbers = torch.tensor([float(word) for word in row.split()])
    except ValueError:
        numbers = torch.zeros(0)
    if len(numbers) != count or not numbers.isfinite().all():
        raise ValueError(f"{table} has no {count} numbers for image {image}")
    return numbers.view(-1, 2)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of one of CUB's tables: an id, and the rest. ValueError if it can't be read."""
    if why := why_unreadable(path):
        raise ValueError(f"{path.name}: {why}")
    try:
        text = path.read_text(encoding="utf-8-sig")  # an editor may have put a mark before it
    except ValueError as error:
        raise ValueError(f"{path.name} is no text") from error
    for line in text.splitlines():
        if line.strip():
            key, _, rest = line.strip().partition(" ")
            yield key, rest
