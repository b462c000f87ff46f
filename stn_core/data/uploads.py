"""From bytes that somebody uploaded to a picture, and from a picture of a digit to MNIST's form.
Nothing touches the disk."""

import io

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from stn_core.messages import StnError

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 150_000_000
LONGEST = 512  # a digit is read off a picture no larger than that


class ImageError(StnError):
    """Bytes that are no usable picture; the message says what is accepted and what to do."""


def read_picture(data: bytes, longest: int, ground: str = "white") -> Image.Image:
    """Decode an uploaded picture: upright by its EXIF, first frame, RGB, no side longer than
    ``longest`` pixels; ``ground`` shows through where it is transparent.

    Any format that Pillow reads, at most 10 MB and 150 megapixels; a JPEG is scaled down while it
    is decoded. Otherwise ImageError.
    """
    if len(data) > MAX_BYTES:
        raise ImageError(
            "large_file",
            "The file has {size:.1f} MB; at most 10 MB are accepted. Save it smaller and try "
            "again.",
            size=len(data) / 1e6,
        )
    try:
        picture: Image.Image = Image.open(io.BytesIO(data))
        if picture.width * picture.height > MAX_PIXELS:
            raise ImageError(
                "large_picture",
                "The picture has {width} × {height} pixels; at most 150 megapixels are accepted. "
                "Scale it down and try again.",
                width=picture.width,
                height=picture.height,
            )
        shrink = longest / max(picture.size)
        wanted = (max(1, round(shrink * picture.width)), max(1, round(shrink * picture.height)))
        picture.draft("RGB", wanted)  # a JPEG is decoded at an eighth to a half of its size
        picture.thumbnail((2 * longest, 2 * longest), Image.Resampling.BOX)
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I") or picture.mode == "F":
            picture = _to_8_bit(picture)
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            "huge_picture",
            "The picture has too many pixels; at most 150 megapixels are accepted. Scale it down "
            "and try again.",
        ) from error
    except Image.UnidentifiedImageError:
        raise ImageError(
            "no_picture",
            "This is no picture that can be read. JPEG, PNG, WebP, BMP, TIFF and GIF are accepted.",
        ) from None
    except Exception as error:  # decoders of damaged files raise anything
        raise ImageError(
            "damaged_picture",
            "The picture is damaged or incomplete ({error}). Save it again, as PNG or JPEG, and "
            "try again.",
            error=str(error),
        ) from None
    if picture.mode == "RGBA":
        flat = Image.new("RGBA", picture.size, ground)
        flat.alpha_composite(picture)
        picture = flat.convert("RGB")
    picture.thumbnail((longest, longest))
    return picture


def square(picture: Image.Image, side: int) -> Tensor:
    """A picture squeezed into a square for the bird models: float32 (3, side, side) in [0, 1].

    Nothing is cut off, so a normalised point of the square is the same point of the picture.
    """
    small = picture.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1).float() / 255


def read_photograph(data: bytes, side: int) -> Tensor:
    """An uploaded photograph as float32 (3, side, side) in [0, 1], or ImageError."""
    return square(read_picture(data, 2 * side), side)


def _to_8_bit(picture: Image.Image) -> Image.Image:
    """A picture of 16 or 32 bits a pixel, its range stretched to 8 bits."""
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    span = max(values.max() - values.min(), 1e-9)
    return Image.fromarray(((values - values.min()) / span * 255).astype(np.uint8))


def read_digit(data: bytes) -> Tensor:
    """A photographed or scanned digit in MNIST's form: uint8 (28, 28), light on dark, its longer
    side 20 pixels, its centre of mass in the middle. ImageError if the bytes are no picture, or
    nothing is to be seen on it."""
    gray = np.asarray(read_picture(data, LONGEST).convert("L"), np.float32)
    if np.ptp(gray) < 25:  # it may be white ink on nothing
        gray = np.asarray(read_picture(data, LONGEST, ground="black").convert("L"), np.float32)
    rim = np.concatenate((gray[0], gray[-1], gray[:, 0], gray[:, -1]))
    return mnist_form(gray if np.median(rim) < 128 else 255 - gray)  # dark on light is inverted


def mnist_form(ink: np.ndarray) -> Tensor:
    """Bring a light digit on a dark ground (H, W), in [0, 255], to MNIST's form, uint8 (28, 28), as
    NIST's digits were: size-normalised into 20x20 with its aspect kept, then centred by mass in
    28x28. ImageError if it is blank."""
    threshold = otsu(ink)
    above = ink[ink > threshold]
    if (
        above.size == 0
        or above.size > 0.6 * ink.size
        or above.mean() - ink[ink <= threshold].mean() < 25
    ):
        raise ImageError(
            "no_digit",
            "No digit was found on the picture. Write one digit with a thick pen on plain paper, "
            "fill most of the picture with it, "
            "and try again.",
        )
    low = (ink[ink <= threshold].mean() + threshold) / 2
    # ground to 0, strokes to 1, soft edges between
    ink = np.clip((ink - low) / max(above.mean() - low, 1e-6), 0, 1)
    rows, columns = np.nonzero(ink > 0.5)
    box = Image.fromarray((255 * ink).astype(np.uint8)).crop(
        (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    )
    shrink = 20 / max(box.size)
    if shrink < 1:
        box = box.filter(ImageFilter.BoxBlur(0.25 / shrink))  # thin strokes survive the reduction
    box = box.resize(
        (max(1, round(box.width * shrink)), max(1, round(box.height * shrink))),
        Image.Resampling.BICUBIC,
    )
    small = np.asarray(box, dtype=np.float32)
    small = small * (255 / max(small.max(), 1))
    y, x = np.indices(small.shape)
    mass = max(small.sum(), 1e-6)
    # MNIST's centre is pixel 14
    top, left = (round(14 - (axis * small).sum() / mass) for axis in (y, x))
    top, left = (
        min(max(at, 0), 28 - side) for at, side in zip((top, left), small.shape, strict=True)
    )
    digit = np.zeros((28, 28), dtype=np.uint8)
    digit[top : top + small.shape[0], left : left + small.shape[1]] = small.round().astype(np.uint8)
    return torch.from_numpy(digit)


def otsu(values: np.ndarray) -> float:
    """The threshold in [0, 255] with the least variance within both groups (Otsu 1979)."""
    counts = np.bincount(values.astype(np.uint8).ravel(), minlength=256).astype(np.float64)
    levels = np.arange(256)
    below, sums = counts.cumsum(), (counts * levels).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(np.nanargmax(np.nan_to_num(between)))
