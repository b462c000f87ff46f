"""Synthetic photographs of digits, of many kinds, and how many of them are read.

    python -m benchmarks.photographs [--model r-cnn] [--each 10] [--kinds shadow,lined]
        [--seed 0] [--show FOLDER]

Every kind is a digit on some paper in some light, by some camera. The digits are the gallery's
(validation digits, the plainer half, enlarged and sharpened into pen strokes) and, in every second
photograph, a pen that follows a path. A photograph is *right* if the model reads the digit that was
written, *refused* if a sentence says why there is none, else *wrong*; blank paper must always be
refused.
"""

import io
import math
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from benchmarks.command import options_parser
from stn_core import load_checkpoint
from stn_core.data.likeness import likeness
from stn_core.data.mnist import gallery
from stn_core.data.uploads import ImageError, read_digit

# a pen's path for each digit: points "x,y" in hundredths of the height, the pen lifted at "|"
PATHS = {
    0: "30,2 44,8 54,26 58,50 54,74 44,92 30,98 16,91 6,74 2,49 6,25 16,8 30,2",
    1: "22,14 33,3 33,98",
    2: "6,22 18,6 40,5 53,20 48,40 28,66 5,95 56,93",
    3: "8,10 28,3 48,12 50,30 38,44 22,47 42,53 54,70 46,90 25,97 5,88",
    4: "36,3 5,62 58,62 | 42,30 42,98",
    5: "52,5 16,5 12,45 32,40 50,54 53,75 40,94 20,97 4,88",
    6: "46,5 24,20 10,50 10,76 22,95 42,95 53,76 42,58 24,58 11,72",
    7: "5,6 55,6 36,45 22,98",
    8: "30,48 12,30 16,10 32,3 48,12 46,32 30,48 8,68 10,88 30,97 50,87 50,66 30,48",
    9: "50,28 40,44 20,44 10,26 20,7 40,6 51,26 48,60 36,98",
}
WHITE, BLACK = (244, 243, 240), (30, 30, 34)
Color = tuple[float, float, float]


class Scene:
    """A sheet (H, W, 3) with ink on it: ``ink`` (H, W) in [0, 1], in [0, 255] else."""

    def __init__(self, seed: int, label: int | None, share: float = 0.5, weight: float = 1) -> None:
        self.draw = np.random.default_rng(seed)
        self.label = label
        self.height = (220, 420, 900)[seed % 3]
        self.width = self.height * (4, 3, 5)[seed // 3 % 3] // 4
        self.y, self.x = np.mgrid[: self.height, : self.width].astype(np.float64)
        self.ink = np.zeros((self.height, self.width))
        if label is not None:
            self.write(label, seed, share, weight=weight)

    def write(
        self,
        label: int,
        seed: int,
        share: float,
        at: tuple[float, float] = (0.5, 0.5),
        weight: float = 1,
        degrees: float = 0,
    ) -> None:
        """Write a digit ``share`` of the height high, its middle at a place in [0, 1]."""
        side = round(share * self.height)
        drawn = pen(label, side, 0.07 * weight, seed) if seed % 2 else brush(label, side, seed)
        if degrees:
            drawn = ndimage.rotate(drawn, degrees, order=1)
        top = round(at[0] * self.height - drawn.shape[0] / 2)
        left = round(at[1] * self.width - drawn.shape[1] / 2)
        rows = slice(max(top, 0), min(top + drawn.shape[0], self.height))
        columns = slice(max(left, 0), min(left + drawn.shape[1], self.width))
        part = drawn[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        self.ink[rows, columns] = np.maximum(self.ink[rows, columns], part)

    def on(self, paper: Color | np.ndarray = WHITE, ink: Color = BLACK) -> np.ndarray:
        ground = np.broadcast_to(np.asarray(paper, np.float64), (self.height, self.width, 3))
        return ground + self.ink[..., None] * (np.asarray(ink) - ground)

    def seen(self, picture: np.ndarray, noise: float = 3, blur: float = 0.5) -> Image.Image:
        picture = ndimage.gaussian_filter(picture, (blur, blur, 0))
        picture = picture + self.draw.normal(0, noise, picture.shape)
        return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


@lru_cache(maxsize=10)
def plain_digits(label: int) -> np.ndarray:
    """Of a class of the gallery the half that is most like other digits: nobody doubts what these
    are."""
    digits = gallery().images[500 * label : 500 * label + 500]
    return digits[likeness(digits).argsort(descending=True)[:250]].numpy()


def plain_digit(label: int, seed: int) -> np.ndarray:
    return plain_digits(label)[(37 * seed + 11) % 250]


def brush(label: int, side: int, seed: int) -> np.ndarray:
    """A gallery digit as smooth strokes, ``side`` high: (side, about side) in [0, 1]."""
    digit = plain_digit(label, seed)
    rows, columns = np.nonzero(digit > 60)
    digit = digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    large = np.pad(digit, 2).astype(np.float64)
    large = ndimage.zoom(large, side / digit.shape[0], order=3) / 255
    large = ndimage.gaussian_filter(large, side / 40)
    return np.clip((large - 0.4) * side / 25 + 0.5, 0, 1)


def pen(label: int, side: int, thickness: float, seed: int) -> np.ndarray:
    """A digit as a pen draws it along its path, (side, side) in [0, 1]."""
    draw, fine = np.random.default_rng(seed), 3
    picture = Image.new("L", (fine * side, fine * side), 0)
    canvas, width = ImageDraw.Draw(picture), max(fine, round(fine * side * thickness))
    slant = draw.uniform(-0.12, 0.12)
    for stroke in PATHS[label].split("|"):
        points = np.array([place.split(",") for place in stroke.split()], np.float64) / 100
        points += draw.normal(0, 0.008, points.shape)
        points[:, 0] += 0.2 + slant * (0.5 - points[:, 1])
        flat = [tuple(point) for point in (0.04 + 0.92 * points) * fine * side]
        canvas.line(flat, fill=255, width=width, joint="curve")
        for x, y in flat:
            canvas.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX)) / 255


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


Maker = Callable[[int, int | None], bytes]
KINDS: dict[str, Maker] = {}


def kind(name: str) -> Callable[[Maker], Maker]:
    def add(make: Maker) -> Maker:
        KINDS[name] = make
        return make

    return add


@kind("even paper")
def even(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on()))


@kind("even paper, JPEG")
def even_jpeg(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on()), "JPEG", quality=85)


def shadowed(scene: Scene, depth: float, edge: float) -> np.ndarray:
    """Light on the sheet, (H, W, 1): darker beyond a slanting edge, ``edge`` of the width soft."""
    place = scene.x / scene.width + 0.25 * scene.y / scene.height
    if scene.draw.random() < 0.5:
        place = 1.2 - place
    return (1 - depth / (1 + np.exp(np.clip((0.78 - place) / edge, -50, 50))))[..., None]


@kind("soft shadow, 25 %")
def soft_shadow(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on() * shadowed(scene, 0.25, 0.02)))


@kind("hard shadow, 25 %")
def hard_shadow(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on() * shadowed(scene, 0.25, 0.001)))


@kind("deep shadow, 45 %")
def deep_shadow(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on() * shadowed(scene, 0.45, 0.02)))


@kind("light falling off, 240 to 120")
def falling(seed, label):
    scene = Scene(seed, label)
    angle = scene.draw.uniform(0, 2 * math.pi)
    along = scene.x / scene.width * math.cos(angle) + scene.y / scene.height * math.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    return saved(scene.seen(scene.on() * (1 - 0.5 * along)[..., None]))


def vignetted(scene: Scene, depth: float = 0.55) -> np.ndarray:
    far = np.hypot(scene.x / scene.width - 0.5, scene.y / scene.height - 0.5) / math.hypot(0.5, 0.5)
    return (1 - depth * far**2)[..., None]


@kind("vignette")
def vignette(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on() * vignetted(scene)))


def lying(scene: Scene, desk: np.ndarray, ink: Color = BLACK, degrees: float = 4) -> np.ndarray:
    """The sheet, turned a little, on a desk (H, W, 3)."""
    turn = math.radians(scene.draw.uniform(-degrees, degrees))
    x, y = scene.x / scene.width - 0.5, scene.y / scene.height - 0.5
    across = x * math.cos(turn) + y * math.sin(turn)
    down = y * math.cos(turn) - x * math.sin(turn)
    inside = ((abs(across) < 0.37) & (abs(down) < 0.41))[..., None]
    return np.where(inside, scene.on(ink=ink), desk)


@kind("sheet on a dark desk")
def dark_desk(seed, label):
    scene = Scene(seed, label, 0.4)
    desk = np.full((scene.height, scene.width, 3), (84.0, 82.0, 80.0))
    return saved(scene.seen(lying(scene, desk)))


def wood(scene: Scene, color: Color) -> np.ndarray:
    grain = np.sin(scene.y / scene.height * 90 + 3 * np.sin(scene.x / scene.width * 5))
    grain = grain + ndimage.gaussian_filter(scene.draw.normal(0, 3, scene.ink.shape), (0.6, 9))
    return np.asarray(color) * (1 + 0.07 * grain)[..., None]


@kind("sheet on a wooden desk")
def wooden_desk(seed, label):
    scene = Scene(seed, label, 0.4)
    return saved(scene.seen(lying(scene, wood(scene, (165, 120, 78)))), "JPEG", quality=85)


@kind("sheet on a bright desk")
def bright_desk(seed, label):
    scene = Scene(seed, label, 0.4)
    return saved(scene.seen(lying(scene, wood(scene, (214, 200, 180)))), "JPEG", quality=85)


@kind("sheet on a dark desk, soft shadow")
def desk_and_shadow(seed, label):
    scene = Scene(seed, label, 0.4)
    desk = np.full((scene.height, scene.width, 3), (70.0, 66.0, 64.0))
    return saved(scene.seen(lying(scene, desk) * shadowed(scene, 0.3, 0.03)))


def ruled(scene: Scene, color: Color, squares: bool = False, thick: float = 0.005) -> np.ndarray:
    """Paper with lines, a little turned."""
    paper = np.full((scene.height, scene.width, 3), WHITE, np.float64)
    turn, gap = scene.draw.uniform(-0.02, 0.02), scene.height / scene.draw.uniform(9, 14)
    half = max(thick * scene.height, 1.0) / 2
    places = [scene.y + turn * scene.x] + ([scene.x - turn * scene.y] if squares else [])
    for place in places:
        away = np.abs((place + gap / 3) % gap - gap / 2)
        cover = np.clip(half + 0.5 - away, 0, 1)[..., None]
        paper += cover * (np.asarray(color) - paper)
    return paper


def _ruled_kind(name, color, ink, squares=False, light=False):
    @kind(name)
    def make(seed, label):
        scene = Scene(seed, label)
        picture = scene.on(ruled(scene, color, squares), ink)
        return saved(scene.seen(picture * (vignetted(scene, 0.4) if light else 1)))


BLUE_PEN = (36, 52, 150)
_ruled_kind("lined paper, blue lines", (150, 180, 225), BLUE_PEN)
_ruled_kind("lined paper, grey lines", (180, 180, 184), BLACK)
_ruled_kind("lined paper, dark lines", (90, 95, 120), BLACK)
_ruled_kind("squared paper, blue", (160, 190, 228), BLUE_PEN, squares=True)
_ruled_kind("squared paper, grey", (150, 150, 152), BLACK, squares=True)
_ruled_kind("lined paper with vignette", (150, 180, 225), BLUE_PEN, light=True)


def _ink_kind(name, paper, ink, weight=1.0, noise=3.0, blur=0.5):
    @kind(name)
    def make(seed, label):
        scene = Scene(seed, label, weight=weight)
        return saved(scene.seen(scene.on(paper, ink), noise, blur))


_ink_kind("red ink on blue paper", (120, 160, 220), (200, 60, 60))
_ink_kind("green ink on pink paper", (240, 190, 200), (40, 130, 80))
_ink_kind("blue pen", WHITE, BLUE_PEN, weight=0.5)
_ink_kind("thin pen", WHITE, BLACK, weight=0.35)
_ink_kind("pencil", WHITE, (178, 178, 180), weight=0.5)
_ink_kind("thick marker", WHITE, (20, 20, 22), weight=2.4)
_ink_kind("white on black", (12, 12, 14), (245, 245, 245))
_ink_kind("chalk board", (44, 74, 58), (205, 212, 205), noise=9)
_ink_kind("dark phone photo", (92, 86, 78), (28, 26, 25), noise=11)
_ink_kind("blurred", WHITE, BLACK, blur=3.5)


@kind("black scanner frame")
def scanner_frame(seed, label):
    scene = Scene(seed, label)
    picture = scene.on((246, 246, 246))
    rim = max(2, round(scene.draw.uniform(0.01, 0.05) * scene.height))
    picture[:rim] = picture[-rim:] = 4
    picture[:, :rim] = picture[:, -rim:] = 4
    return saved(scene.seen(picture, noise=2))


@kind("black frame on two sides")
def two_sides(seed, label):
    scene = Scene(seed, label)
    picture = scene.on((240, 240, 240))
    rim = round(0.06 * scene.height)
    picture[:rim] = 12
    picture[:, -rim:] = 12
    return saved(scene.seen(picture, noise=2))


@kind("scanner grey")
def scanner_grey(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on((205, 205, 205), (70, 70, 70)), noise=2).convert("L"))


def plot(scene: Scene, panel: np.ndarray, ink: Color) -> Image.Image:
    """A plot with white margins, axes, ticks and numbers around a panel (h, w, 3)."""
    unit = scene.height / 220
    picture = Image.new("RGB", (scene.width, scene.height), "white")
    inner = Image.fromarray(panel.clip(0, 255).astype(np.uint8))
    left, top = (scene.width - inner.width) // 2, (scene.height - inner.height) // 2
    picture.paste(inner, (left, top))
    canvas, font = ImageDraw.Draw(picture), ImageFont.load_default(9 * unit)
    box = [left - 1, top - 1, left + inner.width, top + inner.height]
    canvas.rectangle(box, outline="black", width=max(1, round(unit)))
    for i in range(6):
        x, y = left + i * inner.width // 6, top + i * inner.height // 6
        canvas.line([x, box[3], x, box[3] + 3 * unit], fill="black", width=max(1, round(unit)))
        canvas.text((x - 4 * unit, box[3] + 4 * unit), str(5 * i), fill="black", font=font)
        canvas.line([left - 3 * unit, y, left, y], fill="black", width=max(1, round(unit)))
        canvas.text((left - 15 * unit, y - 5 * unit), str(5 * i), fill="black", font=font)
    return picture


def pixels(scene: Scene, label: int | None, seed: int) -> np.ndarray:
    """A gallery digit as a plot shows it, in large square pixels, in [0, 1]."""
    side = round(0.72 * scene.height)
    digit = np.zeros((28, 28), np.uint8)
    if label is not None:
        digit = plain_digit(label, seed)
    shown = Image.fromarray(digit).resize((side, side), Image.Resampling.NEAREST)
    return np.asarray(shown)[..., None] / 255


def _plot_kind(name, low, high):
    @kind(name)
    def make(seed, label):
        scene = Scene(seed, None)
        shown = pixels(scene, label, seed)
        panel = np.asarray(low) + shown * (np.asarray(high, np.float64) - np.asarray(low))
        return saved(plot(scene, panel, high))


_plot_kind("plot, white on black", (0, 0, 0), (255, 255, 255))
_plot_kind("plot, black on white", (255, 255, 255), (0, 0, 0))
_plot_kind("plot, yellow on violet", (68, 1, 84), (253, 231, 37))


@kind("white margins around white on black")
def margins(seed, label):
    scene = Scene(seed, None)
    panel = 255 * np.repeat(pixels(scene, label, seed), 3, axis=2)
    around = Image.new("RGB", (scene.width, scene.height), "white")
    around.paste(Image.fromarray(panel.astype(np.uint8)), (scene.width // 9, scene.height // 9))
    return saved(around.convert("L"))


def _size_kind(name, share, at=(0.5, 0.5), degrees=0.0):
    @kind(name)
    def make(seed, label):
        scene = Scene(seed, None)
        if label is not None:
            scene.write(label, seed, share, at, degrees=degrees)
        return saved(scene.seen(scene.on()))


_size_kind("small digit on a large sheet", 0.14, (0.4, 0.6))
_size_kind("in a corner", 0.3, (0.2, 0.25))
_size_kind("large digit", 0.95)
_size_kind("touching the rim", 0.8, (0.4, 0.5))
_size_kind("turned by 10 degrees", 0.5, degrees=10)
_size_kind("turned by -10 degrees", 0.5, degrees=-10)


@kind("JPEG of quality 20")
def poor_jpeg(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on()), "JPEG", quality=20)


def _scan_kind(name, dots):
    @kind(name)
    def make(seed, label):
        scene = Scene(seed, label)
        grey = scene.seen(scene.on((232, 232, 232), (60, 60, 60)), 2).convert("L")
        large = grey.resize((round(2 * dots), round(2 * dots)))  # two inches
        return saved(Image.fromarray(np.asarray(large).astype(np.uint16) * 250))


_scan_kind("16-bit grey, 300 dpi", 300)
_scan_kind("16-bit grey, 400 dpi", 400)
_scan_kind("16-bit grey, 600 dpi", 600)


@kind("transparent PNG")
def transparent(seed, label):
    scene = Scene(seed, label)
    alpha = Image.fromarray((255 * scene.ink).astype(np.uint8))
    ink = Image.new("L", alpha.size, (0, 255)[seed % 2])
    return saved(Image.merge("LA", (ink, alpha)))


@kind("palette PNG")
def palette(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on(ink=BLUE_PEN)).quantize(16))


@kind("dirt")
def dirt(seed, label):
    scene = Scene(seed, label)
    for _ in range(14):
        y, x = scene.draw.uniform(0, 1, 2) * (scene.height, scene.width)
        far = np.hypot(scene.y - y, scene.x - x) - scene.draw.uniform(0.003, 0.011) * scene.height
        scene.ink = np.maximum(scene.ink, np.clip(0.5 - far, 0, 1) * scene.draw.uniform(0.4, 1))
    return saved(scene.seen(scene.on()))


def creased(scene: Scene) -> np.ndarray:
    """Light on a sheet that was folded: another brightness beyond the fold, and its line."""
    place = scene.y / scene.height - scene.draw.uniform(0.35, 0.65) + 0.02 * scene.x / scene.width
    line = np.exp(-((place / 0.006) ** 2))
    return (1 - 0.08 * (place > 0) - 0.14 * line)[..., None]


@kind("fold")
def fold(seed, label):
    scene = Scene(seed, label)
    return saved(scene.seen(scene.on() * creased(scene)))


@kind("fingers at the rim")
def fingers(seed, label):
    scene = Scene(seed, label, 0.45)
    picture = scene.on()
    for at, side in ((0.35, 0), (0.6, 0), (0.55, 1)):
        x = abs(side * scene.width - scene.x) / scene.height
        inside = (x / 0.16) ** 2 + ((scene.y / scene.height - at) / 0.07) ** 2 < 1
        skin = np.asarray((205.0, 150, 125)) * (1 - 0.35 * x / 0.16)[..., None]
        picture = np.where(inside[..., None], skin, picture)
    return saved(scene.seen(picture), "JPEG", quality=85)


@kind("screenshot of a window")
def screenshot(seed, label):
    scene = Scene(seed, label, 0.45)
    picture = Image.fromarray(scene.on((255, 255, 255), (0, 0, 0)).clip(0, 255).astype(np.uint8))
    canvas, bar = ImageDraw.Draw(picture), round(0.09 * scene.height)
    font = ImageFont.load_default(0.045 * scene.height)
    canvas.rectangle([0, 0, scene.width, bar], fill=(60, 64, 72))
    canvas.rectangle([0, bar, round(0.1 * scene.width), scene.height], fill=(225, 228, 232))
    canvas.text((0.02 * scene.width, 0.02 * scene.height), "Untitled - Draw", "white", font)
    for i in range(5):
        y = bar + (0.05 + 0.13 * i) * scene.height
        canvas.rectangle([0.02 * scene.width, y, 0.07 * scene.width, y + bar], fill=(150, 160, 175))
    canvas.rectangle([0, 0, scene.width - 1, scene.height - 1], outline=(90, 90, 90), width=2)
    return saved(picture)


@kind("yellow lamp, dark corner")
def lamp(seed, label):
    scene = Scene(seed, label)
    far = np.hypot(scene.x / scene.width - 0.3, scene.y / scene.height - 0.2)
    return saved(scene.seen(scene.on() * (1 - 0.6 * far**1.3)[..., None] * (1, 0.88, 0.62), 5))


# What is no single digit


def several(seed, labels):
    scene = Scene(seed, None)
    step = min(0.36 * scene.height / scene.width, 0.8 / len(labels))
    for i, label in enumerate(labels):
        at = 0.5 + step * 1.15 * (i - (len(labels) - 1) / 2)
        scene.write(label, seed + i, 0.3, (0.5, at))
    return saved(scene.seen(scene.on()))


def words(seed):
    scene = Scene(seed, None)
    picture = Image.fromarray(scene.on().astype(np.uint8))
    text = ("A", "Q", "k", "W", "R", "&", "m", "hello", "x", "E")[seed % 10]
    font = ImageFont.load_default(0.4 * scene.height)
    box = (scene.width / 2, scene.height / 2)
    ImageDraw.Draw(picture).text(box, text, BLACK, font, anchor="mm")
    return saved(scene.seen(np.asarray(picture)))


def measured(
    model_name: str, each: int, kinds: list[str], folder: Path | None, first: int = 0
) -> bool:
    model = load_checkpoint(model_name).model
    print(f"{'kind':40s} right refused wrong | blank: refused")
    totals, good = Counter(), True
    for number, (name, make) in enumerate(KINDS.items()):
        if kinds and not any(word in name for word in kinds):
            continue
        found, notes, blanks = Counter(), [], 0
        for i in range(each):
            seed = first + 101 * number + i
            for label in ((i + number) % 10, None):
                data = make(seed, label)
                try:
                    digit = read_digit(data)
                except ImageError as error:
                    digit, why = None, error.sentence.key
                if label is None:
                    blanks += digit is None
                    bad = digit is not None
                else:
                    if digit is None:
                        result = "refused"
                        notes.append(f"{label}:{why}")
                    else:
                        with torch.inference_mode():
                            answer = model(digit[None, None].float() / 255).argmax().item()
                        result = "right" if answer == label else "wrong"
                        if answer != label:
                            notes.append(f"{label}>{answer}")
                    found[result] += 1
                    bad = result != "right"
                if folder and bad:
                    file = folder / f"{name}-{i}-{'blank' if label is None else label}.png"
                    file.write_bytes(data)
                    if digit is not None:
                        Image.fromarray(digit.numpy()).save(file.with_suffix(".read.png"))
        totals += found
        well = found["right"] + found["refused"] >= 0.9 * each and blanks == each
        good &= well
        row = f"{name:40s} {found['right']:5d} {found['refused']:7d} {found['wrong']:5d} | {blanks}"
        print(row, "" if well else "<---", " ".join(notes), flush=True)
    print(f"{'all':40s} {totals['right']:5d} {totals['refused']:7d} {totals['wrong']:5d}")
    return good


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--model", default="r-cnn")
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--kinds", default="", help="words, with commas: only kinds that have one")
    parser.add_argument("--seed", type=int, default=0, help="another one, other photographs")
    parser.add_argument("--show", type=Path, help="a folder for what was not read")
    options = parser.parse_args()
    if options.show:
        options.show.mkdir(parents=True, exist_ok=True)
    kinds = [word for word in options.kinds.split(",") if word]
    good = measured(options.model, options.each, kinds, options.show, options.seed)
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
