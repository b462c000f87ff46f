"""Data sets as people have them: packed, renamed, a folder down; damaged ones are named."""

import gzip
import shutil
import urllib.error

import pytest
import torch

from stn_core.data.cub import cub
from stn_core.data.mnist import gallery, mnist, training_digits
from stn_core.data.root import DataError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no connection")

    for module in ("mnist", "utils"):
        name = f"torchvision.datasets.{module}.download_and_extract_archive"
        monkeypatch.setattr(name, refuse)


@pytest.fixture
def root(tiny_mnist, tmp_path):
    shutil.copytree(tiny_mnist / "MNIST", tmp_path / "MNIST")
    return tmp_path


def packed(path):
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
    path.unlink()


def dotted(path):
    path.rename(path.with_name(path.name.replace("-idx", ".idx")))


def packed_and_dotted(path):
    dotted(path)
    packed(path.with_name(path.name.replace("-idx", ".idx")))


def in_a_folder(path):
    moved = path.rename(path.with_name("moved"))
    path.mkdir()
    moved.rename(path / path.name.replace("-idx", ".idx"))


def called_packed(path):
    path.rename(path.with_name(f"{path.name}.gz"))


def packed_inside(path):
    path.write_bytes(gzip.compress(path.read_bytes(), 1))


def two_up(path):
    path.rename(path.parents[2] / path.name)


@pytest.mark.parametrize(
    "change",
    [packed, dotted, packed_and_dotted, in_a_folder, called_packed, packed_inside, two_up],
)
def test_mnist_is_found_as_unpackers_leave_it(root, tiny_mnist, change):
    for path in list((root / "MNIST" / "raw").iterdir()):
        change(path)
    for split in ("train", "test"):
        for found, expected in zip(mnist(split, root), mnist(split, tiny_mnist), strict=True):
            assert torch.equal(found, expected)


HTML = b"<!DOCTYPE html>\n<html><title>404</title></html>" * 50
DAMAGED = {
    "html": lambda content: HTML,
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "cut in the header": lambda content: content[:7],
    "the header alone": lambda content: content[:16],
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "a cut archive": lambda content: gzip.compress(content, 1)[:-9],
    "a broken archive": lambda content: b"\x1f\x8b" + bytes(range(200)),
    "another archive": lambda content: gzip.compress(HTML),
    "no items": lambda content: content[:4] + bytes(12),
}


@pytest.mark.parametrize("file", [IMAGES, LABELS])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_of_mnist_is_named(root, file, damage):
    path = root / "MNIST" / "raw" / file
    path.write_bytes(DAMAGED[damage](path.read_bytes()))
    with pytest.raises(DataError, match=rf"{file} is damaged \(.*\): delete it") as error:
        mnist("train", root)
    assert "\n" not in str(error.value)


def test_files_of_mnist_that_belong_to_others_are_named(root):
    raw = root / "MNIST" / "raw"
    content = {path.name: path.read_bytes() for path in raw.iterdir()}
    for files, message in (
        ({IMAGES: LABELS, LABELS: IMAGES}, f"{IMAGES} is damaged"),
        ({LABELS: "t10k-labels-idx1-ubyte"}, f"{LABELS} is damaged .*300 labels for 1024 images"),
    ):
        for path in raw.iterdir():
            path.write_bytes(content[files.get(path.name, path.name)])
        with pytest.raises(DataError, match=message):
            mnist("train", root)
    (raw / LABELS).write_bytes(content[LABELS][:-1] + b"\x0a")
    with pytest.raises(DataError, match="label 10"):
        mnist("train", root)


def test_a_file_of_mnist_that_is_none_is_said(root):
    path = root / "MNIST" / "raw" / IMAGES
    path.unlink()
    path.symlink_to(root / "nothing")
    with pytest.raises(DataError, match=f"{IMAGES}: it is a link to what is not there"):
        mnist("train", root)


def test_what_is_missing_is_named_and_no_folder_is_left(tmp_path):
    for folder in (tmp_path / "new" / "data", tmp_path / "there"):
        (tmp_path / "there").mkdir(exist_ok=True)
        with pytest.raises(
            DataError, match=r"MNIST/raw.*t10k-labels-idx1-ubyte.*--data or STN_DATA"
        ):
            mnist("train", folder)
        with pytest.raises(DataError, match=r"CUB_200_2011.*--data or STN_DATA"):
            cub("train", folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="--data or STN_DATA"):
        mnist("train", tmp_path / "file")


def test_a_download_puts_what_is_missing_in_its_place(root, tiny_mnist, monkeypatch):
    def download(url, download_root, filename, md5):
        name = filename.removesuffix(".gz")
        shutil.copy(tiny_mnist / "MNIST" / "raw" / name, download_root)

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", download)
    raw = root / "MNIST" / "raw"
    (raw / LABELS).unlink()
    assert len(training_digits(root).labels) == 1024
    assert len(list(raw.iterdir())) == 4
    shutil.rmtree(raw)
    assert len(mnist("test", root).labels) == 300
    assert len(list(raw.iterdir())) == 4 and len(gallery().labels) == 5000


# Birds


@pytest.fixture
def birds(tiny_cub, tmp_path):
    shutil.copytree(tiny_cub / "CUB_200_2011", tmp_path / "CUB_200_2011")
    return tmp_path / "CUB_200_2011"


def same(one, other):
    return (
        [path.name for path in one.paths] == [path.name for path in other.paths]
        and one.classes == other.classes
        and torch.equal(one.boxes, other.boxes)
        and torch.equal(one.parts.nan_to_num(9), other.parts.nan_to_num(9))
    )


@pytest.mark.parametrize("place", ["CUB_200_2011/CUB_200_2011", "archive/CUB_200_2011", "."])
def test_cub_is_found_a_folder_down_or_up(birds, tiny_cub, place):
    root = birds.parent
    moved = birds.rename(root / "moved")
    if place == ".":
        root = moved
    else:
        (root / place).parent.mkdir()
        moved.rename(root / place)
    assert same(cub("test", root, 50), cub("test", tiny_cub, 50))


def test_a_byte_order_mark_takes_no_photograph_away(birds, tiny_cub):
    for table in birds.rglob("*.txt"):
        table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    for split in ("train", "test"):
        assert same(cub(split, birds.parent, 50), cub(split, tiny_cub, 50))


def cut(path, share=0.5):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def last_line_cut(path):
    path.write_bytes(path.read_bytes()[:-8])


def as_folder(path):
    path.unlink()
    path.mkdir()


def no_text(path):
    path.write_bytes(b"\xff\xfe\x00" + path.read_bytes())


def not_numbers(path):
    path.write_text(path.read_text().replace(".0 ", ".x "))


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        *((f"{name}.txt", cut) for name in ("images", "image_class_labels", "train_test_split")),
        ("bounding_boxes.txt", cut),
        ("bounding_boxes.txt", last_line_cut),
        ("bounding_boxes.txt", not_numbers),
        ("bounding_boxes.txt", as_folder),
        ("images.txt", no_text),
        ("parts/part_locs.txt", not_numbers),
        ("parts/part_locs.txt", lambda path: cut(path, 0.9991)),
        ("parts/parts.txt", cut),
        ("parts/parts.txt", lambda path: path.unlink()),
    ],
)
def test_a_damaged_table_of_cub_is_named(birds, table, damage):
    damage(birds / table)
    with pytest.raises(DataError, match=r"CUB_200_2011 is damaged \(.*\): delete it") as error:
        for split in ("train", "test"):
            cub(split, birds.parent, 200)
    name = table.rpartition("/")[2]
    assert name in error.value.why or "part" in error.value.why
    assert str(birds) not in error.value.why and "\n" not in str(error.value)


def test_a_photograph_that_is_missing_or_damaged_is_named_and_may_come_back(birds):
    path = cub("test", birds.parent, 50).paths[3]
    content = path.read_bytes()
    for damage in (path.unlink, lambda: path.write_bytes(HTML)):
        damage()
        with pytest.raises(DataError, match=path.name) as error:
            cub("test", birds.parent, 50)
        assert error.value.why.startswith(f"{path.parent.name}/{path.name}")
    path.write_bytes(content)
    assert len(cub("test", birds.parent, 50).paths) == 50
