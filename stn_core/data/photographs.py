"""Digits on a photograph: which of its pixels are ink, and which ink is a digit.

Ink is what differs from the sheet around it, whatever the light: each pixel is divided by the
sheet's own brightness there, which a morphological closing wider than any stroke gives. Ruled
lines, what touches the rim, and frames are taken away; of the rest, what looks like pen strokes in
its width, size, contrast and the sharpness of its edges is a digit.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageFilter
from scipy import ndimage
from torch import Tensor

from stn_core.data.likeness import likeness

Mask = np.ndarray  # bool (H, W)
Box = tuple[float, float, float, float]  # left, top, right, bottom, in parts of the picture

SIDE = (300, 480)  # pixels: ink is looked for on a picture whose longer side lies between
DARKEST = 60  # of 255: what is darker is taken for as bright, for the sake of its grain
WINDOW = 0.3  # of the shorter side: the closing; wider than any stroke
LEVELS = (0.75, 0.55, 0.4, 0.28, 0.19, 0.13, 0.09)  # of contrast, where ink is cut off
SMALLEST = 0.09  # of the shorter side: a digit
ALIKE = 0.55  # of the largest one's height: another digit beside it
LEAST = 0.004  # of a score: small, dull and unlike a digit
MOST = 12  # digits on a photograph; more are a text or a texture
THICKNESS = 0.085  # of its longer side: the least stroke of a digit in MNIST's form


@dataclass(frozen=True)
class Found:
    """A digit on a photograph."""

    digit: Tensor  # uint8 (28, 28), in MNIST's form
    box: Box


@dataclass
class _Piece:
    """Ink that belongs together, on the picture that it is looked for on."""

    mask: Mask  # of the whole picture
    ink: np.ndarray  # float (H, W), contrast
    level: float
    rows: slice
    columns: slice
    score: float

    @property
    def size(self) -> int:
        return max(self.rows.stop - self.rows.start, self.columns.stop - self.columns.start)


def find_digits(
    picture: Image.Image, box: Box | None = None, level: float | None = None
) -> list[Found]:
    """The digits on a photograph (RGB), from left to right; empty if there is none.

    Args:
        box: the part of the picture to look at, all of it by default.
        level: how much contrast with the sheet is ink, in (0, 1): what a visitor chose. Then all
            ink in the box is taken for one digit. By default it is found, for each digit.
    """
    left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
    wide, high = picture.size
    picture = picture.crop(
        (
            int(left * wide),
            int(top * high),
            max(int(right * wide), int(left * wide) + 1),
            max(int(bottom * high), int(top * high) + 1),
        )
    )
    scale = np.clip(max(picture.size), *SIDE) / max(picture.size)
    small = picture.convert("RGB").resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
        Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX,
    )
    pixels = np.asarray(small, np.float32)
    if min(pixels.shape[:2]) < 8:
        return []
    maps = [contrast(pixels, False), contrast(pixels, True)]
    pieces = _by_hand(maps, level) if level else _alike(_best(maps))
    across, down = (right - left) / small.width, (bottom - top) / small.height
    return [
        Found(
            _digit(piece),
            (
                left + across * piece.columns.start,
                top + down * piece.rows.start,
                left + across * piece.columns.stop,
                top + down * piece.rows.stop,
            ),
        )
        for piece in sorted(pieces, key=_from_the_left)
    ]


@dataclass
class _Ink:
    """What differs from the sheet in one polarity, all (H, W)."""

    contrast: np.ndarray  # 0 for the sheet, 1 for black
    noise: float  # standard deviation of the grain
    bright: np.ndarray  # in [0, 255]
    steep: np.ndarray  # gradient of the contrast, per pixel
    seen: Mask  # where that gradient is one of the picture, too
    steps: Mask  # where the sheet itself ends, or a hard shadow begins
    level: Mask  # ruled lines, and what is right beside them
    upright: Mask


def contrast(pixels: np.ndarray, light: bool) -> _Ink:
    """How much darker, or with ``light`` brighter, than the sheet around it each pixel of
    (H, W, 3) in [0, 255] is, in parts of the brighter of both and in the mix of colours in which
    the ink differs most."""
    side = min(pixels.shape[:2])
    smooth = ndimage.gaussian_filter(pixels, (1, 1, 0))
    window = (max(3, round(WINDOW * side) | 1),) * 2 + (1,)
    if light:
        sheet = ndimage.grey_opening(smooth, window, mode="nearest")
    else:
        sheet = ndimage.grey_closing(smooth, window, mode="nearest")
    sheet = ndimage.gaussian_filter(sheet, (1.5, 1.5, 0))
    off = pixels - sheet if light else sheet - pixels
    brighter = ndimage.maximum_filter(smooth, (9, 9, 1)) if light else sheet
    off /= np.maximum(brighter, DARKEST)
    off -= np.array([np.median(each[each < 0.15]) for each in np.moveaxis(off, 2, 0)])
    rim = side // 6
    middle = ndimage.gaussian_filter(off, (1.5, 1.5, 0))[rim : -rim or None, rim : -rim or None]
    weights = np.maximum(np.quantile(middle, 0.995, axis=(0, 1)), 1e-3) ** 2
    ink = (off * weights).sum(2) / weights.sum()
    ink = ndimage.gaussian_filter(ink, 1.2 if _noise(ink) > 0.03 else 0.6)
    noise, bright = _noise(ink), sheet.mean(2)
    steep = ndimage.gaussian_gradient_magnitude(ink, 0.7)
    edges = np.stack(
        [ndimage.gaussian_gradient_magnitude(each, 0.7) for each in np.moveaxis(pixels, 2, 0)]
    )
    spread = ndimage.maximum_filter(bright, 7) - ndimage.minimum_filter(bright, 7)
    return _Ink(
        ink,
        noise,
        smooth.mean(2),
        steep,
        edges.max(0) > 0.4 * steep * np.maximum(brighter.mean(2), DARKEST),
        spread > 0.12 * np.maximum(bright, DARKEST),
        _lines(ink, noise),
        _lines(ink.T, noise).T,
    )


def _noise(ink: np.ndarray) -> float:
    """The standard deviation of fine grain, which strokes hardly raise."""
    fine = ink[1:-1, 1:-1] - (ink[:-2, 1:-1] + ink[2:, 1:-1] + ink[1:-1, :-2] + ink[1:-1, 2:]) / 4
    return float(1.3 * np.median(np.abs(fine)))


def _lines(ink: np.ndarray, noise: float) -> Mask:
    """The pixels on level ruled lines and right beside them: thin, straight, and through most of
    the picture."""
    high, wide = ink.shape
    along = ndimage.uniform_filter1d(ink, 21, axis=1)
    beside = max(4, round(0.012 * max(ink.shape)))
    around = np.pad(along, ((beside, beside), (0, 0)), "edge")
    ridge = along - np.maximum(around[: -2 * beside], around[2 * beside :])
    labels, _ = ndimage.label(ridge > max(0.025, 0.5 * noise), np.ones((3, 3)))
    lines, column = np.zeros(ink.shape, bool), np.arange(wide)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        length = place[1].stop - place[1].start
        if length < 0.15 * wide or place[0].stop - place[0].start > 0.15 * length + 6:
            continue
        y, x = np.nonzero(labels[place] == number)
        slope, start = np.polyfit(x + place[1].start, y + place[0].start, 1)
        rows = np.round(start + slope * column).astype(int)
        near = np.clip(rows + np.arange(-2, 3)[:, None], 0, high - 1)
        if (labels[near, column] > 0).any(0).mean() > 0.6:
            reach = np.arange(-beside, beside + 1)[:, None]
            lines[np.clip(rows + reach, 0, high - 1), column] = True
    return lines


def _best(maps: list[_Ink]) -> list[_Piece]:
    """The likeliest pieces of ink over both polarities and all levels, the best one first; none
    overlaps another."""
    pieces = []
    for ink in maps:
        for level in LEVELS:
            if level > 2.5 * ink.noise:
                pieces += _pieces(ink, level)
    pieces.sort(key=lambda piece: -piece.score)
    chosen: list[_Piece] = []
    for piece in pieces:
        if not any(_overlap(piece, other) for other in chosen):
            chosen.append(piece)
    return chosen


def _alike(pieces: list[_Piece]) -> list[_Piece]:
    """The best piece, and those that are digits as well if it is one: of about its size and
    contrast."""
    alike = [
        piece
        for piece in pieces
        if ALIKE < piece.size / pieces[0].size < 1 / ALIKE
        and piece.score > 0.4 * pieces[0].score
        and piece.ink is pieces[0].ink
    ]
    return alike if len(alike) <= MOST else []


def _pieces(ink: _Ink, level: float) -> list[_Piece]:
    """The digits among the ink above one level."""
    mask = without_lines(ink, level)
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if not count or count > 4000:
        return []
    side = min(mask.shape)
    kept = [
        (number, place)
        for number, place in enumerate(ndimage.find_objects(labels), 1)
        if _extent(place) >= 0.015 * side and not _is_frame(labels[place] == number)
    ]
    inner = [(number, place) for number, place in kept if not _at_rim(mask.shape, place)]
    rim = [[part] for part in kept if part not in inner]
    found = [_piece(labels, group, ink, level) for group in _groups(inner) + rim]
    return [piece for piece in found if piece is not None]


Place = tuple[slice, slice]


def _groups(parts: list[tuple[int, Place]]) -> list[list[tuple[int, Place]]]:
    """Parts that lie close to each other for their size: a digit may be of several strokes."""
    groups: list[list[tuple[int, Place]]] = []
    for part in sorted(parts, key=lambda part: -_extent(part[1])):
        near = [group for group in groups if any(_close(part[1], other[1]) for other in group)]
        for group in near:
            groups.remove(group)
        groups.append([part, *(other for group in near for other in group)])
    return groups


def _extent(place: Place) -> int:
    return max(side.stop - side.start for side in place)


def _close(a: Place, b: Place) -> bool:
    """Whether two boxes belong to one digit: one above the other with a small gap, or almost
    touching."""
    gaps = [
        max(first.start, second.start) - min(first.stop, second.stop)
        for first, second in zip(a, b, strict=True)
    ]
    size = max(_extent(a), _extent(b))
    across = -gaps[1] / max(min(side.stop - side.start for side in (a[1], b[1])), 1)
    return (across > 0.4 and gaps[0] < 0.2 * size) or max(gaps) < 0.04 * size


def _at_rim(shape: tuple[int, ...], place: Place) -> bool:
    return any(
        side.start <= 1 or side.stop >= length - 1
        for side, length in zip(place, shape, strict=True)
    )


def _is_frame(part: Mask) -> bool:
    """Whether a part is a rectangle, around something or with something cut out of it: ink along
    all four sides, which no digit has but a 1 of one straight stroke."""
    high, wide = part.shape
    if min(high, wide) < max(12, 0.3 * max(high, wide)):
        return False
    edge = max(3, round(0.07 * max(high, wide)))
    sides = (part[:edge].any(0), part[-edge:].any(0), part[:, :edge].any(1), part[:, -edge:].any(1))
    return min(side.mean() for side in sides) > 0.85


def without_lines(ink: _Ink, level: float) -> Mask:
    """The ink above a level without ruled lines; strokes that cross them stay."""
    mask = ink.contrast > level
    if ink.level.any():
        mask = _without(mask, ink.level)
    if ink.upright.any():
        mask = _without(mask.T, ink.upright.T).T
    return mask


def _without(mask: Mask, lines: Mask) -> Mask:
    """Ink without what is thin on level lines, but for what has ink right above and below it."""
    thinnest = max(4, round(0.014 * max(mask.shape))) + 1  # of what is no line
    thin = mask & lines & ~ndimage.binary_opening(mask, np.ones((thinnest, 1), bool))
    left = mask & ~thin
    reach = np.ones((9, 3), bool)
    above = ndimage.binary_dilation(left, reach, origin=(4, 0))
    below = ndimage.binary_dilation(left, reach, origin=(-4, 0))
    return left | (thin & above & below)


def _piece(
    labels: np.ndarray, group: list[tuple[int, Place]], ink: _Ink, level: float
) -> _Piece | None:
    """A group of parts as a digit, scored; None if it does not look like pen strokes."""
    rows = slice(min(p[0].start for _, p in group), max(p[0].stop for _, p in group))
    columns = slice(min(p[1].start for _, p in group), max(p[1].stop for _, p in group))
    numbers = [number for number, _ in group]
    part = np.isin(labels[rows, columns], numbers)
    high, wide = part.shape
    size, side = max(high, wide), min(labels.shape)
    if size < max(SMALLEST * side, 9) or len(group) > 5:
        return None
    inside = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    stroke = max(4 * float(inside[part].mean()) - 1, 1.0)  # the width, of an even stroke
    if not 0.018 * size < stroke < 0.3 * size or 2 * inside.max() > 0.42 * size:
        return None  # an edge, or a blot
    if wide > 1.6 * high and size < 0.25 * side:
        return None  # a word
    if _is_hair(part, stroke) or (ink.steps[rows, columns] & part).sum() > 0.4 * part.sum():
        return None  # a line, a fold; where the sheet ends
    trust = 1.0
    if _at_rim(labels.shape, (rows, columns)):
        trust = 0.3
        ends = (
            (rows.start <= 1, part[0]),
            (rows.stop >= labels.shape[0] - 1, part[-1]),
            (columns.start <= 1, part[:, 0]),
            (columns.stop >= labels.shape[1] - 1, part[:, -1]),
        )
        touching = sum(int(end.sum()) for near, end in ends if near)
        if touching > 1.5 * stroke + 3 or stroke > 0.22 * size or size < 0.25 * side:
            return None
    pad = max(4, round(0.08 * size))
    around = (
        slice(max(rows.start - pad, 0), rows.stop + pad),
        slice(max(columns.start - pad, 0), columns.stop + pad),
    )
    mine, values = np.isin(labels[around], numbers), ink.contrast[around]
    away = ndimage.distance_transform_edt(~mine)
    ring = values[(away > 2) & (away <= pad) & ~(ink.level | ink.upright)[around]]
    if ring.size < 20:
        return None
    ground = float(np.median(ring))
    step = float(np.median(values[mine])) - ground
    grain = float(1.4826 * np.median(np.abs(ring - ground)))
    dirty = float((ring > ground + 0.5 * step).mean())
    border = mine & (ndimage.distance_transform_edt(mine) < 2)
    sharp = float(np.median(ink.steep[around][border]))
    seen = float(ink.seen[around][border].mean())
    if seen < 0.8:
        return None  # it ends where the closing's window fits, not in the picture
    if step < max(0.06, 3.5 * grain) or dirty > 0.3 or sharp < max(0.012, 0.8 * step / stroke):
        return None
    mask = np.zeros(labels.shape, bool)
    mask[rows, columns] = part
    slim = min(1.0, 0.2 * size / stroke) ** 2
    score = trust * slim * sharp * (size / side) ** 0.7 * (1 - dirty) ** 2
    piece = _Piece(mask, ink.contrast, level, rows, columns, score)
    alike = likeness(_digit(piece)[None]).item()
    if alike < 0.85 and (step < 0.35 or trust < 1):
        return None  # a fold, a patch of light: neither much ink nor the shape of a digit
    beside = (away > 2) & (away <= pad)
    # and not a strip that may be a 1, nor paper between the ink and the window's corners
    surely = alike >= 0.9 and min(high, wide) > 0.35 * size and seen > 0.97
    if not surely and _is_hole(ink.bright, rows, columns, mine, around, beside):
        return None
    piece.score *= min(max((alike - 0.7) / 0.2, 0.05), 1)
    return piece if piece.score > LEAST else None


def _is_hole(
    bright: np.ndarray, rows: slice, columns: slice, mine: Mask, around: Place, ring: Mask
) -> bool:
    """Whether a piece is as bright as what lies farther away: then it is sheet, and the ring
    around it ink."""
    high, wide = rows.stop - rows.start, columns.stop - columns.start
    far = bright[
        max(rows.start - high // 2, 0) : rows.stop + high // 2,
        max(columns.start - wide // 2, 0) : columns.stop + wide // 2,
    ]
    own, next_to, beyond = (
        float(np.median(values)) for values in (bright[around][mine], bright[around][ring], far)
    )
    return abs(own - next_to) > 20 and abs(beyond - own) < abs(beyond - next_to)


def _is_hair(part: Mask, stroke: float) -> bool:
    """Whether a part is straight and very long for its width: an upright one may be a 1."""
    y, x = np.nonzero(part)
    spread, axes = np.linalg.eigh(np.cov(np.stack((x, y)).astype(np.float64)))
    long, across = 3.46 * np.sqrt(np.maximum(spread[::-1], 1e-3))  # the sides of a bar
    steep = abs(axes[1, 1]) > 0.8
    return across < 2 * stroke + 1 and long > (32 if steep else 11) * max(across, stroke, 1)


def _overlap(a: _Piece, b: _Piece) -> bool:
    rows = min(a.rows.stop, b.rows.stop) - max(a.rows.start, b.rows.start)
    columns = min(a.columns.stop, b.columns.stop) - max(a.columns.start, b.columns.start)
    return rows > 0 and columns > 0


def _from_the_left(piece: _Piece) -> int:
    return piece.columns.start


def _by_hand(maps: list[_Ink], level: float) -> list[_Piece]:
    """All ink above a level, in the polarity in which it has the sharper edges."""
    pieces = []
    for ink in maps:
        mask = without_lines(ink, level)
        rows, columns = np.nonzero(mask)
        if len(rows):
            place = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
            border = mask & ~ndimage.binary_erosion(mask)
            sharp = float((ink.steep * ink.seen)[border].mean())
            pieces.append(_Piece(mask, ink.contrast, level, *place, sharp))
    return sorted(pieces, key=lambda piece: -piece.score)[:1]


def _digit(piece: _Piece) -> Tensor:
    """The piece in MNIST's form."""
    pad = 3
    place = (
        slice(max(piece.rows.start - pad, 0), piece.rows.stop + pad),
        slice(max(piece.columns.start - pad, 0), piece.columns.stop + pad),
    )
    near = ndimage.binary_dilation(piece.mask[place], iterations=2)
    values = np.where(near, piece.ink[place], 0)
    full = max(float(np.median(piece.ink[piece.mask])), piece.level)
    low = min(0.5 * piece.level, 0.5 * full)
    ink = np.clip((values - low) / (full - low), 0, 1)
    mask = piece.mask[piece.rows, piece.columns]
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))
    stroke = 4 * inside[inside > 0].mean() - 0.5
    missing = THICKNESS * piece.size - stroke
    if missing > 1:  # a thin pen's strokes get MNIST's width
        grow = round(missing / 2)
        ink = np.pad(ink, grow)
        disc = np.hypot(*np.mgrid[-grow : grow + 1, -grow : grow + 1]) <= grow
        ink = ndimage.grey_dilation(ink, footprint=disc)
        ink = ndimage.gaussian_filter(ink, 0.4 * grow)
    return centred(255 * np.pad(ink, 3))


def centred(ink: np.ndarray) -> Tensor:
    """Light strokes on a dark ground (H, W), in [0, 255], in MNIST's form, uint8 (28, 28), as
    NIST's digits were brought to it: size-normalised into 20x20 with its aspect kept, then centred
    by mass in 28x28."""
    rows, columns = np.nonzero(ink > 0.5 * ink.max())
    box = Image.fromarray(ink.clip(0, 255).astype(np.uint8)).crop(
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
