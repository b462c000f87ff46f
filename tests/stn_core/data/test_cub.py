"""CUB-200-2011's reader."""

import urllib.error

import pytest
import torch
from birds import make_cub

from stn_core.data.cub import cub, held_out
from stn_core.data.root import DataError
from stn_core.data.uploads import read_photograph


def test_cub_is_read_in_its_official_layout(tiny_cub):
    birds = cub("train", tiny_cub)
    assert len(birds.paths) == len(birds.labels) == 430 and all(
        path.is_file() for path in birds.paths
    )
    assert birds.labels.bincount().tolist() == [3] * 30 + [2] * 170
    assert birds.classes[0] == "Kind of 1" and len(birds.classes) == 200
    assert cub("test", tiny_cub).labels.tolist() == list(range(60))
    assert not set(birds.paths) & set(cub("test", tiny_cub).paths)


def test_the_first_species_alone_can_be_read(tiny_cub):
    birds = cub("test", tiny_cub, species=50)
    assert birds.labels.tolist() == list(range(50)) and len(birds.classes) == 50


def test_boxes_and_parts_are_normalised_and_clipped(tiny_cub):
    birds = cub("train", tiny_cub)
    width, height, x, y = 64, 48, 17, 8  # the first photograph, and its head
    # its box passes the right edge
    expected = [2 * (x - 5) / width - 1, 2 * (y - 5) / height - 1, 1.0, 2 * (y + 20) / height - 1]
    assert birds.boxes[0].tolist() == pytest.approx(expected)
    beak = birds.parts[0, birds.part_names.index("beak")]
    assert beak.tolist() == pytest.approx([2 * (x - 4) / width - 1, 2 * y / height - 1])
    assert (
        birds.parts[1, birds.part_names.index("belly")].isnan().all()
        and not birds.parts[0].isnan().any()
    )


def test_grey_photographs_become_rgb(tiny_cub):
    (grey,) = (
        path
        for path in cub("train", tiny_cub).paths
        if path.parent.name.startswith("001") and path.name == "3.jpg"
    )
    image = read_photograph(grey.read_bytes(), 448)
    assert (
        image.shape == (3, 448, 448)
        and image.dtype == torch.float32
        and image.min() >= 0
        and image.max() <= 1
    )
    assert torch.equal(image[0], image[1]) and image.std() > 0.05


def test_held_out_photographs_are_spread_over_the_classes():
    labels = torch.tensor([0, 1] * 10 + [2])
    chosen = held_out(labels, 5)
    assert labels[chosen].tolist() == [0, 1, 0, 1] and not held_out(labels, 0).any()


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no connection")

    monkeypatch.setattr("torchvision.datasets.utils.download_and_extract_archive", refuse)


def test_without_a_connection_there_is_one_sentence(offline, tmp_path, run):
    make_cub(tmp_path / "some" / "CUB_200_2011", 3)
    for folder in ("nowhere", "some"):
        code, _, message = run(
            "train",
            "cub50-cnn",
            "--data",
            tmp_path / folder,
            "--device",
            "cpu",
            "--precision",
            "float32",
        )
        assert (
            code == 1 and message.startswith("Error: ") and len(message.strip().splitlines()) == 1
        )
        assert all(
            word in message
            for word in ("CUB_200_2011", "could not be downloaded", "--data", "STN_DATA")
        )


@pytest.mark.parametrize(
    "table", ["images", "image_class_labels", "bounding_boxes", "parts/part_locs"]
)
def test_damaged_data_is_a_data_error(tmp_path, table):
    make_cub(tmp_path / "CUB_200_2011", 3)
    path = tmp_path / "CUB_200_2011" / f"{table}.txt"
    path.write_text("nonsense\n")
    with pytest.raises(DataError, match="damaged"):
        cub("train", tmp_path, species=3)
