"""From bytes that somebody uploaded to a picture, and from a picture of a digit to MNIST's form.
Nothing touches the disk."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stn_core.data.decoding import DECODERS, DecoderError
from stn_core.data.photographs import Box, Found, find_digits
from stn_core.messages import StnError

MAX_BYTES = 10 * 1024 * 1024
LONGEST = 800  # a digit is read off a picture no larger than that


class ImageError(StnError):
    """Bytes that are no usable picture; the message says what is accepted and what to do."""


def read_picture(
    data: bytes | memoryview, longest: int, *, ink: bool = False, seconds: float | None = None
) -> Image.Image:
    """Decode an uploaded picture: upright by its EXIF, first frame, RGB, no side longer than
    ``longest`` pixels.

    JPEG, PNG, WebP, BMP, TIFF or GIF, at most 10 MB and 150 megapixels; decoded in another process
    within 5 s, or ``seconds``, and 600 MB. What is transparent is white; with ``ink``, black behind
    bright ink.

    Raises:
        ImageError: for anything else.
    """
    if len(data) > MAX_BYTES:
        raise ImageError(
            "large_file",
            "The file has {size:.1f} MB; at most 10 MB are accepted. Save it smaller and try "
            "again.",
            size=len(data) / 1e6,
        )
    try:
        return DECODERS.decode(data, longest, ink=ink, seconds=seconds)
    except DecoderError as error:
        raise _refusal(error.key, error.about) from None


def _refusal(key: str, about: dict[str, Any]) -> ImageError:
    match key:
        case "large_picture":
            return ImageError(
                "large_picture",
                "The picture has {width} × {height} pixels; at most 150 megapixels are accepted. "
                "Scale it down and try again.",
                width=about["width"],
                height=about["height"],
            )
        case "huge_picture":
            return ImageError(
                "huge_picture",
                "The picture has too many pixels; at most 150 megapixels are accepted. Scale it "
                "down and try again.",
            )
        case "hungry_picture":
            return ImageError(
                "hungry_picture",
                "The picture takes too much memory to decode. Scale it down, or save it as a "
                "JPEG, and try again.",
            )
        case "slow_picture":
            return ImageError(
                "slow_picture",
                "The picture took longer than {seconds} seconds to decode. Save it again, as PNG "
                "or JPEG, and try again.",
                seconds=about["seconds"],
            )
        case "foreign_picture":
            return ImageError(
                "foreign_picture",
                "The picture is in a format that is not accepted ({format}). Save or export it as "
                "JPEG or PNG and try again.",
                format=about["format"],
            )
        case "no_picture":
            return ImageError(
                "no_picture",
                "This is no picture that can be read. JPEG, PNG, WebP, BMP, TIFF and GIF are "
                "accepted.",
            )
        case "damaged_picture":
            return ImageError(
                "damaged_picture",
                "The picture is damaged or incomplete ({error}). Save it again, as PNG or JPEG, "
                "and try again.",
                error=about["error"],
            )
        case _:
            return ImageError(
                "lost_picture",
                "Decoding the picture failed. Save it again, as PNG or JPEG, and try again.",
            )


def square(picture: Image.Image, side: int) -> Tensor:
    """A picture squeezed into a square for the bird models: float32 (3, side, side) in [0, 1].

    Nothing is cut off, so a normalised point of the square is the same point of the picture.
    """
    small = picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1).float() / 255


def read_photograph(data: bytes, side: int, seconds: float | None = None) -> Tensor:
    """An uploaded photograph as float32 (3, side, side) in [0, 1], or ImageError. ``seconds``: see
    ``read_picture``."""
    return square(read_picture(data, 2 * side, seconds=seconds), side)


def read_digit(data: bytes) -> Tensor:
    """The one digit on a photograph or a scan, in MNIST's form: uint8 (28, 28), light on dark, its
    longer side 20 pixels, its centre of mass in the middle.

    Raises:
        ImageError: if the bytes are no picture, or it shows no digit, or more than one.
    """
    found = find_digits(read_picture(data, LONGEST, ink=True))
    if len(found) > 1:
        raise ImageError(
            "several_digits",
            "{count} digits were found on the picture. Crop it to the one you mean and try again.",
            count=len(found),
        )
    return found[0].digit if found else _nothing()


def digits_on(
    picture: Image.Image, box: Box | None = None, level: float | None = None
) -> list[Found]:
    """As ``find_digits``, at least one.

    Raises:
        ImageError: if there is none.
    """
    return find_digits(picture, box, level) or _nothing()


def _nothing() -> Any:
    raise ImageError(
        "no_digit",
        "No digit was found on the picture. Write one digit with a thick pen on plain paper, "
        "fill most of the picture with it, and try again.",
    )
