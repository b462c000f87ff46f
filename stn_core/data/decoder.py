"""The process that decodes uploaded pictures: a script of its own, which knows Pillow and NumPy
alone.

It reads requests from standard input and answers on standard output (``decoding.py`` has the other
end). Whatever a hostile file does to a decoder happens here, within bounds on memory, and ends with
this process.
"""

import io
import json
import struct
import sys
from typing import Any, BinaryIO

import numpy as np
from PIL import (
    BmpImagePlugin,  # noqa: F401  those of FORMATS, so that no other decoder is ever loaded
    GifImagePlugin,  # noqa: F401
    Image,
    ImageFile,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = 150_000_000
MEMORY = 600_000_000  # bytes of this process
DECODED = 400_000_000  # bytes of a picture in it
REQUEST = struct.Struct(">IIB")  # bytes of the file, longest side in pixels, whether ink matters
ANSWER = struct.Struct(">I")  # bytes of the JSON; the pixels follow
MOST_MISSING = 0.25  # of a picture's height: more is not shown
# how a file in another format begins, at a place
FOREIGN = (
    ("HEIC", 4, (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")),
    ("AVIF", 4, (b"ftypavif", b"ftypavis")),
    ("PDF", 0, (b"%PDF",)),
    ("PostScript", 0, (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    ("SVG", 0, (b"<svg", b"<?xml")),
    ("JPEG 2000", 4, (b"jP  ", b"Q\xff")),
    ("JPEG XL", 0, (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")),
    ("Photoshop", 0, (b"8BPS",)),
)


class RefusedError(Exception):
    """Why a file is not accepted: the key of a message, and what fills its blanks."""

    def __init__(self, key: str, **about: Any) -> None:
        super().__init__(key)
        self.key, self.about = key, about


def decoded(data: bytes, longest: int, ink: bool) -> Image.Image:
    """A picture from the bytes of a file, RGB, upright by its EXIF, no side longer than
    ``longest``; RefusedError if there is none.

    What is transparent shows white; with ``ink``, black where the opaque part is bright.
    """
    try:
        picture = opened(data, longest)
        try:
            picture.load()
        except OSError as error:
            if picture.format not in ("JPEG", "MPO"):
                raise
            picture = read_truncated(data, longest, error)
        orientation = orientation_of(picture)
        small = reduced(picture, max(1, max(picture.size) // (2 * longest)))
    except MemoryError:
        raise RefusedError("hungry_picture") from None
    except Image.DecompressionBombError:
        raise RefusedError("huge_picture") from None
    except UnidentifiedImageError:
        raise unknown_format(data) from None
    except RefusedError:
        raise
    except Exception as error:  # decoders of damaged files raise anything
        raise RefusedError("damaged_picture", error=str(error)[:200]) from None
    small = small.transpose(TURNS[orientation]) if orientation in TURNS else small
    if small.mode == "RGBA":
        small = on_background(small, ink)
    small.thumbnail((longest, longest))
    return small


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def opened(data: bytes, longest: int) -> Image.Image:
    """The picture, its header read; a JPEG is set to be decoded at an eighth to a half of its
    size."""
    picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise RefusedError("large_picture", width=width, height=height)
    shrink = longest / max(width, height)
    wanted = (max(1, round(shrink * width)), max(1, round(shrink * height)))
    picture.draft("RGB", wanted)
    each = 4 if len(picture.getbands()) > 1 or picture.mode in ("I", "F") else 2
    if picture.width * picture.height * each > DECODED:
        raise RefusedError("hungry_picture")
    return picture


def read_truncated(data: bytes, longest: int, error: OSError) -> Image.Image:
    """As much of a JPEG as is there; the error if that is too little of it."""
    picture = opened(data, longest)
    if picture.info.get("progressive"):  # coarse first, then finer and finer
        if data.count(b"\xff\xda") < 3:
            raise error
        picture = opened(data + b"\xff\xd9", longest)
        picture.load()
        return picture
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        picture.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    values = np.asarray(picture.convert("L"))
    there = np.flatnonzero((values != values[-1, -1]).any(1))  # the decoder fills up with one grey
    if not len(there) or there[-1] + 1 < (1 - MOST_MISSING) * picture.height:
        raise error
    return picture.crop((0, 0, picture.width, int(there[-1]) + 1))


def orientation_of(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # of a damaged EXIF block; the picture is there
        return 1


def reduced(picture: Image.Image, factor: int) -> Image.Image:
    """A picture at a whole part of its size, RGB or RGBA, made strip by strip."""
    scale = range_of(picture) if picture.mode[0] in "IF" else None
    tall = max(1, 2_000_000 // (picture.width * factor)) * factor
    strips = []
    for top in range(0, picture.height, tall):
        strip = picture.crop((0, top, picture.width, min(top + tall, picture.height)))
        if scale:
            values = np.nan_to_num(np.asarray(strip, np.float32))
            values = ((values - scale[0]) * (255 / scale[1])).clip(0, 255)
            strip = Image.fromarray(values.astype(np.uint8))
        strip = strip.convert("RGBA" if picture.has_transparency_data else "RGB")
        strips.append(strip.reduce(factor) if factor > 1 else strip)
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole


def range_of(picture: Image.Image) -> tuple[float, float]:
    """What is black in a picture of 16 or 32 bits a pixel, and how far white is from it."""
    low, high = 0.0, 0.0
    tall = max(1, 4_000_000 // picture.width)
    for top in range(0, picture.height, tall):
        strip = picture.crop((0, top, picture.width, min(top + tall, picture.height)))
        values = np.asarray(strip, np.float32)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if low < 0 or high > 65_535:
        return low, max(high - low, 1e-9)
    bits = (0, 8, 10, 12, 14, 16)  # of the camera or the scanner
    return 0.0, next(float(2**each - 1) or 1.0 for each in bits if high <= max(2**each - 1, 1))


def on_background(picture: Image.Image, ink: bool) -> Image.Image:
    """A picture (RGBA) on white; with ``ink`` on black if what is opaque is bright."""
    background = "white"
    if ink:
        values = np.asarray(picture, np.float32)
        opaque = values[..., 3]
        bright = (values[..., :3].mean(2) * opaque).sum() > 160 * max(opaque.sum(), 1)
        background = "black" if bright and opaque.mean() < 200 else "white"
    flat = Image.new("RGBA", picture.size, background)
    flat.alpha_composite(picture)
    return flat.convert("RGB")


def unknown_format(data: bytes) -> RefusedError:
    """Why a file is none of the accepted formats."""
    for name, at, beginnings in FOREIGN:
        if data[at : at + 16].lstrip().startswith(beginnings):
            return RefusedError("foreign_picture", format=name)
    return RefusedError("no_picture")


def limit_resources() -> None:
    """Keep this process within its memory and let it write no file."""
    try:
        import resource
    except ImportError:  # Windows has no such bounds: DECODED and the deadline remain
        return
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(
            what, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
        )


def answer(data: bytes, longest: int, ink: bool) -> bytes:
    """A picture, or why there is none, as ``decoding.py`` reads it."""
    about: dict[str, Any]
    pixels = b""
    try:
        picture = decoded(data, longest, ink)
        about, pixels = {"size": picture.size}, picture.tobytes()
    except RefusedError as error:
        about = {"refused": error.key, "about": error.about}
    except MemoryError:
        about = {"refused": "hungry_picture", "about": {}}
    text = json.dumps(about).encode()
    return ANSWER.pack(len(text)) + text + pixels


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        length, longest, ink = REQUEST.unpack(head)
        answers.write(answer(requests.read(length), longest, bool(ink)))
        answers.flush()


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # opened() has the sentence for more
    limit_resources()
    serve(sys.stdin.buffer, sys.stdout.buffer)
