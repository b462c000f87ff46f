"""Uploaded pictures: a usable one becomes a digit as MNIST has it, any other a sentence."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from stn_core.data.mnist import gallery
from stn_core.data.uploads import (
    MAX_BYTES,
    ImageError,
    read_digit,
    read_photograph,
    read_picture,
)


def one(size=(200, 280), ink=20, paper=240, mode="L"):
    """A 1 with a flag, drawn in the upper left of a page."""
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).line(
        [(60, 80), (100, 40), (100, 220)], fill=ink, width=18, joint="curve"
    )
    return picture


def saved(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def centre_of_mass(digits):
    """(x, y) of digits (..., 28, 28), in pixels counted from 0: (..., 2)."""
    digits, index = digits.double(), torch.arange(28.0).double()
    mass = digits.sum((-1, -2))
    return torch.stack(
        ((digits.sum(-2) * index).sum(-1) / mass, (digits.sum(-1) * index).sum(-1) / mass), dim=-1
    )


def assert_close(digit, expected, mean=4.0):
    assert (digit.float() - expected.float()).abs().mean() < mean


def assert_mnist_like(digit):
    assert digit.dtype == torch.uint8 and digit.shape == (28, 28)
    assert (
        digit.max() == 255
        and digit.float().mean() < 100
        and digit[0].max() == digit[:, 0].max() == 0
    )
    rows, columns = torch.nonzero(digit > 60, as_tuple=True)
    assert max(rows.max() - rows.min(), columns.max() - columns.min()) + 1 in (19, 20)
    assert max(digit.any(1).sum(), digit.any(0).sum()) <= 20


@pytest.fixture(scope="module")
def plain():
    return read_digit(saved(one()))


def test_a_stroke_becomes_a_digit_of_mnist_s_form(plain):
    assert_mnist_like(plain)
    assert plain[8:24, 14:16].float().mean() > 200  # the stem
    assert plain[:, 20:].max() == 0  # nothing to its right
    assert plain[10:13, 10:12].max() > 100  # the flag, on the left


@pytest.mark.parametrize("paper", [(200, 280), (130, 230), (600, 280)])
def test_its_centre_of_mass_is_where_mnist_has_it(paper):
    assert (centre_of_mass(gallery().images) - 14).abs().max() < 0.51  # in pixels counted from 0
    assert (centre_of_mass(read_digit(saved(one(paper)))) - 14).abs().max() < 0.6


def transparent(picture, mode):
    """Ink on nothing: what is dark in a grey picture is opaque."""
    alpha = picture.point(lambda value: 255 if value < 128 else 0)
    empty = Image.new("L", picture.size, 0)
    bands = [empty] * (len(Image.new(mode, (1, 1)).getbands()) - 1)
    return Image.merge(mode, (*bands, alpha))


def sixteen_bit(picture):
    return Image.fromarray(np.asarray(picture).astype(np.uint16) * 200)


def turned(picture):
    """Stored lying on its side, with the EXIF entry of a phone held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)


def animated(picture):
    blank = Image.new("L", picture.size, 240)
    return saved(picture, "GIF", save_all=True, append_images=[blank, blank], duration=100)


SAME = {
    "light on dark": lambda p: saved(one(ink=240, paper=20)),
    "faint": lambda p: saved(one(ink=120, paper=190)),
    "colour": lambda p: saved(one(mode="RGB", ink=(20, 30, 160), paper=(250, 240, 200))),
    "black and white": lambda p: saved(p.convert("1", dither=Image.Dither.NONE)),
    "alpha": lambda p: saved(transparent(p, "RGBA")),
    "grey and alpha": lambda p: saved(transparent(p, "LA")),
    "palette": lambda p: saved(p.convert("P", palette=Image.Palette.ADAPTIVE)),
    "palette and alpha": lambda p: saved(transparent(p, "RGBA").quantize(16)),
    "16 bit": lambda p: saved(sixteen_bit(p)),
    "16 bit TIFF": lambda p: saved(sixteen_bit(p), "TIFF"),
    "float TIFF": lambda p: saved(p.convert("F"), "TIFF"),
    "CMYK JPEG": lambda p: saved(p.convert("RGB").convert("CMYK"), "JPEG", quality=95),
    "CMYK TIFF": lambda p: saved(p.convert("RGB").convert("CMYK"), "TIFF"),
    "JPEG": lambda p: saved(p, "JPEG", quality=95),
    "WebP": lambda p: saved(p.convert("RGB"), "WEBP", quality=95),
    "BMP": lambda p: saved(p, "BMP"),
    "TIFF": lambda p: saved(p, "TIFF"),
    "GIF": animated,
    "EXIF": turned,
    "large": lambda p: saved(p.resize((1600, 2240)), "JPEG"),
    "large 16 bit": lambda p: saved(sixteen_bit(p.resize((1600, 2240)))),
    "large palette": lambda p: saved(p.resize((1600, 2240)).convert("P")),
    "large grey and alpha": lambda p: saved(transparent(p.resize((1600, 2240)), "LA")),
    "wide page": lambda p: saved(one((600, 280))),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_digit_in_another_file_is_the_same_digit(kind, plain):
    digit = read_digit(SAME[kind](one()))
    assert_mnist_like(digit)
    assert_close(digit, plain)


def test_a_digit_wider_than_high_keeps_its_aspect():
    picture = Image.new("L", (300, 200), 255)
    ImageDraw.Draw(picture).rectangle([50, 80, 249, 129], fill=0)
    digit = read_digit(saved(picture))
    rows, columns = torch.nonzero(digit > 60, as_tuple=True)
    assert (columns.max() - columns.min() + 1, rows.max() - rows.min() + 1) == (20, 5)


def test_an_upright_bar_is_a_one():
    picture = Image.new("L", (200, 300), 255)
    ImageDraw.Draw(picture).rectangle([85, 70, 114, 229], fill=0)
    digit = read_digit(saved(picture))
    rows, columns = torch.nonzero(digit > 60, as_tuple=True)
    assert rows.max() - rows.min() + 1 == 20
    assert columns.max() - columns.min() + 1 in (3, 4)


def test_gallery_digits_come_back_from_a_photograph():
    digits = gallery().images[::250]
    pictures = [
        Image.fromarray(255 - digit.numpy()).resize((280, 280), Image.Resampling.BICUBIC)
        for digit in digits
    ]
    assert_close(torch.stack([read_digit(saved(picture)) for picture in pictures]), digits, mean=9)


def test_exif_rotation_turns_the_picture():
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("black", (0, 0, 8, 8))  # top left as stored
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    seen = read_picture(saved(picture, "PNG", exif=exif), 100)
    assert seen.size == (20, 40)
    assert seen.getpixel((17, 3)) == (0, 0, 0) and seen.getpixel((3, 3)) == seen.getpixel(
        (17, 36)
    ) == (255, 255, 255)


@pytest.mark.parametrize("size", [(50, 20), (3000, 1000), (700, 2100)])
def test_a_picture_is_rgb_and_no_longer_than_asked(size):
    seen = read_picture(saved(Image.new("RGB", size, "red"), "JPEG"), 300)
    shrink = min(300 / max(size), 1)
    assert seen.mode == "RGB" and seen.size == pytest.approx(
        [side * shrink for side in size], abs=1
    )
    assert seen.getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=4)


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (1, 1)])
def test_a_photograph_may_be_as_thin_as_a_line(size):
    pixels = read_photograph(saved(Image.new("RGB", size, (200, 40, 40)), "JPEG"), 64)
    assert pixels.shape == (3, 64, 64) and abs(pixels[0].mean().item() - 200 / 255) < 0.02


def test_transparent_parts_are_white():
    assert read_picture(saved(Image.new("RGBA", (9, 9), (255, 0, 0, 0))), 9).getpixel((4, 4)) == (
        255,
        255,
        255,
    )


# Bytes that are no good


def huge(width, height):
    """A PNG that claims to be that large."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def blank(*size, shade=255):
    return saved(Image.new("L", size, shade))


def half(data):
    return data[: len(data) // 2]


BAD = {
    "nothing": (b"", "JPEG, PNG, WebP, BMP, TIFF and GIF are accepted"),
    "text": (
        b"Dear Sir or Madam,\nthis is no picture.\n",
        "JPEG, PNG, WebP, BMP, TIFF and GIF are accepted",
    ),
    "half a PNG": (
        half(saved(one(mode="RGB", ink=0, paper=255).effect_spread(20))),
        "Save it again, as PNG or JPEG",
    ),
    "half a JPEG": (half(saved(one(), "JPEG")), "Save it again, as PNG or JPEG"),
    "white page": (blank(300, 300), "Write one digit with a thick pen on plain paper"),
    "black page": (blank(300, 300, shade=0), "Write one digit"),
    "one pixel": (blank(1, 1), "Write one digit"),
    "a line": (blank(1, 10_000), "Write one digit"),
    "gigantic": (huge(60_000, 60_000), "at most 150 megapixels are accepted"),
    "rather large": (huge(13_000, 12_000), "at most 150 megapixels are accepted"),
    "too many bytes": (saved(one()) + bytes(MAX_BYTES), "at most 10 MB are accepted"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused_in_a_sentence_that_helps(kind):
    data, words = BAD[kind]
    with pytest.raises(ImageError) as error:
        read_digit(data)
    message = str(error.value)
    assert words in message and message.endswith(".") and "\n" not in message


def test_ten_megabytes_are_accepted(plain):
    data = saved(one())
    assert torch.equal(read_digit(data + bytes(MAX_BYTES - len(data))), plain)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]), st.data())
def test_damaged_files_never_raise_anything_else(kind, data):
    content = bytearray(saved(one((120, 280)), kind))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[place] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with suppress(ImageError):
        assert read_digit(bytes(content)).shape == (28, 28)
