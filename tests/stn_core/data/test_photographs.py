"""Digits on photographs: the same digit whatever the paper and the light, none on blank paper."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.photographs import KINDS, Scene, saved, several
from stn_core.data.photographs import find_digits
from stn_core.data.uploads import ImageError, read_digit

SEED, LABEL = 9, 5  # a pen, on 220 lines
LIKE_EVEN = [  # as on even paper, where the same pen writes the same digit
    "even paper, JPEG",
    "soft shadow, 25 %",
    "hard shadow, 25 %",
    "deep shadow, 45 %",
    "light falling off, 240 to 120",
    "vignette",
    "lined paper, blue lines",
    "squared paper, grey",
    "red ink on blue paper",
    "pencil",
    "white on black",
    "chalk board",
    "dark phone photo",
    "black scanner frame",
    "black frame on two sides",
    "scanner grey",
    "JPEG of quality 20",
    "16-bit grey, 600 dpi",
    "transparent PNG",
    "palette PNG",
    "dirt",
    "fold",
    "yellow lamp, dark corner",
]
BLANK = [*LIKE_EVEN, "sheet on a dark desk", "sheet on a wooden desk", "lined paper, dark lines"]


@pytest.fixture(scope="module")
def plain():
    return read_digit(KINDS["even paper"](SEED, LABEL)).float()


@pytest.mark.parametrize("kind", LIKE_EVEN)
def test_a_digit_is_the_same_on_any_paper_in_any_light(kind, plain):
    found = read_digit(KINDS[kind](SEED, LABEL)).float()
    assert (found * plain).sum() / (found.norm() * plain.norm()) > 0.85


@pytest.mark.parametrize(
    ("kind", "seed", "label"),
    [
        ("black scanner frame", 2730, 0),
        ("sheet on a dark desk", 712, 2),
        ("sheet on a wooden desk", 814, 4),
    ],
)
def test_the_paper_around_a_digit_is_none(kind, seed, label):
    """It is bright, has the digit's own edges, and ends where the closing's window does."""
    plain, found = (read_digit(KINDS[name](seed, label)).float() for name in ("even paper", kind))
    assert (found * plain).sum() / (found.norm() * plain.norm()) > 0.85


@pytest.mark.parametrize("kind", BLANK)
def test_blank_paper_is_refused(kind):
    with pytest.raises(ImageError, match="No digit was found"):
        read_digit(KINDS[kind](SEED, None))


@pytest.mark.parametrize("kind", ["sheet on a dark desk", "small digit on a large sheet"])
def test_a_digit_is_found_where_it_is(kind):
    scene = Image.open(io.BytesIO(KINDS[kind](SEED, LABEL)))
    (found,) = find_digits(scene.convert("RGB"))
    left, top, right, bottom = found.box
    assert 0.2 < left < right < 0.8 and 0.2 < top < bottom < 0.8


def test_several_digits_are_asked_for_and_all_are_found():
    data = several(SEED, (3, 4))
    with pytest.raises(ImageError, match="2 digits were found"):
        read_digit(data)


def test_a_hand_chooses_the_part_and_the_contrast():
    scene = Scene(SEED, None)
    scene.write(3, SEED, 0.5, (0.5, 0.28))
    scene.write(4, SEED, 0.5, (0.5, 0.75))
    picture = scene.seen(scene.on())
    three, four = find_digits(picture)
    (found,) = find_digits(picture, (0.5, 0.0, 1.0, 1.0))
    assert np.abs(found.digit.float() - four.digit.float()).mean() < 12
    assert found.box == pytest.approx(four.box, abs=0.03)
    both = find_digits(picture, None, 0.4)
    assert len(both) == 1 and both[0].box[0] == pytest.approx(three.box[0], abs=0.03)


def test_saved_pictures_are_what_the_reader_gets():
    assert read_digit(saved(Scene(SEED, LABEL).seen(Scene(SEED, LABEL).on()))).max() == 255
