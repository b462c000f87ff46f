"""Decoding in processes of its own: bounds, formats, and what happens when a process is lost."""

import io
import resource
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from PIL import Image

from stn_core.data import uploads
from stn_core.data.cub import cub
from stn_core.data.decoding import AT_ONCE, DecoderError, Decoders
from stn_core.data.root import DataError
from stn_core.data.uploads import ImageError, read_picture


def saved(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


SMALL = saved(Image.new("RGB", (40, 30), (200, 40, 40)))


def soft(width=1200, height=900):
    """A picture with soft shapes, as a photograph has."""
    shapes = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(shapes).resize((width, height), Image.Resampling.BICUBIC)


def processes():
    return {
        child.pid
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "decoder.py" in " ".join(child.cmdline())
    }


@pytest.fixture
def decoders():
    """One process that nobody else uses, and its number."""
    before = processes()
    found = Decoders(1)
    found.start()
    until = time.monotonic() + 30  # on a busy machine a process may have no command line yet
    while not (new := processes() - before) and time.monotonic() < until:
        time.sleep(0.01)
    (number,) = new
    return found, number


def test_a_process_that_died_is_replaced(decoders):
    pool, number = decoders
    psutil.Process(number).kill()
    psutil.Process(number).wait()
    assert pool.decode(SMALL, 100).size == (40, 30)


def test_without_room_for_another_process_the_picture_is_a_sentence():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (psutil.Process().num_fds(), before[1]))
    try:
        with pytest.raises(DecoderError) as error:
            (pool := Decoders(1)).decode(SMALL, 100)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert error.value.key == "lost_picture" and pool.decode(SMALL, 100).size == (40, 30)


def test_a_start_without_room_for_processes_leaves_it_to_the_first_picture():
    before, pool = resource.getrlimit(resource.RLIMIT_NOFILE), Decoders(2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (psutil.Process().num_fds(), before[1]))
    try:
        pool.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(lambda _: pool.decode(SMALL, 100).size, range(2))
    assert list(found) == [(40, 30)] * 2


def test_a_picture_that_takes_too_long_is_a_sentence_and_the_next_one_is_decoded(monkeypatch):
    pool = Decoders(1, seconds=0)
    monkeypatch.setattr(uploads, "DECODERS", pool)
    with pytest.raises(ImageError, match="longer than 0 seconds"):
        read_picture(saved(soft()), 100)
    assert read_picture(SMALL, 100, seconds=60).size == (40, 30)
    pool.seconds = 60
    assert read_picture(SMALL, 100).size == (40, 30)


def test_a_photograph_of_a_data_set_has_a_minute(monkeypatch, tiny_cub):
    deadlines = []

    class Pool(Decoders):
        def decode(self, data, longest, *, ink=False, seconds=None):
            deadlines.append(seconds)
            return super().decode(data, longest, ink=ink, seconds=seconds)

    monkeypatch.setattr(uploads, "DECODERS", Pool(1, seconds=0))
    birds = cub("train", tiny_cub, 50)
    assert birds.photograph(0, 64).shape == (3, 64, 64) and deadlines == [60]


def test_a_damaged_photograph_of_a_data_set_is_named(tiny_cub, tmp_path):
    path = tmp_path / "bird.jpg"
    path.write_bytes(b"no bird")
    birds = cub("train", tiny_cub, 50)._replace(paths=(path,))
    with pytest.raises(DataError, match=r"bird\.jpg: .*accepted"):
        birds.photograph(0, 64)


def test_no_more_than_two_processes_however_many_pictures():
    pool, before = Decoders(), processes()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: pool.decode(SMALL, 100).size, range(16)))
    assert found == [(40, 30)] * 16 and len(processes() - before) <= AT_ONCE


@pytest.mark.parametrize("kind", ["EPS", "PPM", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS"])
def test_no_other_format_is_decoded(kind):
    with pytest.raises(ImageError, match="accepted"):
        read_picture(saved(Image.new("RGB", (16, 16), "red"), kind), 100)


@pytest.mark.parametrize(
    "name, beginning",
    [("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0"), ("PDF", b"%PDF-1.7\n"), ("PostScript", b"%!PS-A")],
)
def test_a_format_that_is_known_gets_advice(name, beginning):
    with pytest.raises(ImageError, match=rf"not accepted \({name}\).*as JPEG or PNG"):
        read_picture(beginning + bytes(200), 100)


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded():
    pixels = saved(Image.new("L", (11_000, 11_000)), compress_level=1)
    assert read_picture(pixels, 100).size == (100, 100)  # grey: a byte each
    colour = bytearray(pixels)
    colour[25] = 2  # the header's type of colour, its checksum aside
    with pytest.raises(ImageError):
        read_picture(bytes(colour), 100)


@pytest.mark.parametrize("size", [(3300, 4400), (4960, 7016)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_16_bit_scan_is_read_at_any_resolution(size, kind):
    page = np.full(size[::-1], 52_000, np.uint16)
    page[: size[1] // 2] = 13_000
    packed = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else {}
    found = np.asarray(read_picture(saved(Image.fromarray(page), kind, **packed), 200))
    assert found[20, 20, 0] == pytest.approx(51, abs=2)
    assert found[-20, -20, 0] == pytest.approx(202, abs=2)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_short_by_a_few_bytes_is_shown_as_far_as_it_goes(progressive):
    data = saved(soft(), "JPEG", quality=85, progressive=progressive)
    whole, cut = read_picture(data, 300), read_picture(data[:-60], 300)
    assert cut.width == 300 and cut.height > 200
    differences = np.abs(np.asarray(whole, int)[:150] - np.asarray(cut, int)[:150])
    assert differences.mean() < 6


def test_half_a_jpeg_is_refused_with_advice():
    data = saved(soft(), "JPEG", quality=85)
    with pytest.raises(ImageError, match="Save it again"):
        read_picture(data[: len(data) // 2], 300)


@pytest.mark.parametrize("ink", [0, 255])
def test_what_is_transparent_lies_behind_its_ink(ink):
    alpha = Image.new("L", (40, 40))
    alpha.paste(255, (10, 10, 20, 30))
    data = saved(Image.merge("LA", (Image.new("L", (40, 40), ink), alpha)))
    found = read_picture(data, 40, ink=True)
    assert found.getpixel((15, 20)) == (ink,) * 3 and found.getpixel((1, 1)) == (255 - ink,) * 3


def test_warnings_of_decoders_stay_out_of_the_log(capfd):
    read_picture(saved(Image.new("L", (12_000, 8_000)), "JPEG", quality=30), 100)
    with pytest.raises(ImageError):
        read_picture(SMALL[:40], 100)
    assert capfd.readouterr() == ("", "")


def test_an_unknown_answer_of_a_process_is_a_sentence(monkeypatch):
    class Lost:
        def decode(self, *_, **__):
            raise DecoderError("nonsense", {})

    monkeypatch.setattr(uploads, "DECODERS", Lost())
    with pytest.raises(ImageError, match="failed"):
        read_picture(SMALL, 100)
