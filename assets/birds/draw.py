"""Draw the six birds that ship with the app: `python assets/birds/draw.py [folder]`.

Every picture is built the way a bird is: an outline with patches of colour is inflated to a volume
and lit, then thousands of hair-fine barbs grow over it along the lie of the plumage, from the tail
to the head, so that each covers the root of the one behind it; wing and tail are fans of single
feathers. A songbird is described in its own frame, facing right, about 400 units from bill to tail,
x to the right and y down; a `Pose` turns, mirrors and places it. Colours are hex, outlines "x,y x,y
...". Nothing here comes from a photograph.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter

FINE = 3  # everything is drawn that much finer than it is saved, for smooth edges
# towards the sun: left, up, towards the eye
LIGHT = np.array([-0.42, -0.72, 0.55]) / np.linalg.norm((0.42, 0.72, 0.55))
Field = Callable[[np.ndarray], np.ndarray]  # points (N, 2) to displacements (N, 2)


def path(text: str) -> np.ndarray:
    """Points (N, 2) from "x,y x,y ..."."""
    return np.array([pair.split(",") for pair in text.split()], float)


def rgb(colour: str) -> np.ndarray:
    return np.array(ImageColor.getrgb("#" + colour), float)


def ink(colour: np.ndarray, alpha: int = 255) -> tuple[int, ...]:
    return (*np.clip(colour, 0, 255).astype(int).tolist(), alpha)


def spline(points: np.ndarray, closed: bool = True, steps: int = 12) -> np.ndarray:
    """A smooth curve (Catmull-Rom) through the points (N, 2)."""
    first, last = (
        (points[-1:], points[:2])
        if closed
        else (2 * points[:1] - points[1:2], 2 * points[-1:] - points[-2:-1])
    )
    p = np.concatenate((first, points, last))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return curve.reshape(-1, 2) if closed else np.concatenate((curve.reshape(-1, 2), points[-1:]))


def turned(p: np.ndarray, angle: float | np.ndarray) -> np.ndarray:
    x, y, c, s = p[..., 0], p[..., 1], np.cos(angle), np.sin(angle)
    return np.stack((c * x - s * y, s * x + c * y), -1)


def filled(outline: np.ndarray, size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(outline.ravel().tolist(), fill=255)
    return mask


def inflate(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The light on a pillow of this outline (h, w), diffuse and glossy, in [0, 1]. Its height is
    the root of Poisson's solution: a strip of cloth becomes a cylinder, a disc nearly a ball."""
    swell = np.zeros(inside.shape)
    for _ in range(700):
        ring = np.pad(swell, 1)
        swell = np.where(
            inside, (ring[2:, 1:-1] + ring[:-2, 1:-1] + ring[1:-1, 2:] + ring[1:-1, :-2] + 1) / 4, 0
        )
    dy, dx = np.gradient(np.sqrt(2 * swell))
    normal = np.stack((-dx, -dy, np.full_like(dx, 0.75)), -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    half = LIGHT + np.array([0, 0, 1])  # between sun and eye
    half /= np.linalg.norm(half)
    return np.clip(normal @ LIGHT, 0, 1), np.clip(normal @ half, 0, 1) ** 14


@dataclass(frozen=True)
class Volume:
    """A painted body: its box's corner in the picture, colours (h, w, 3) and mask (h, w)."""

    corner: np.ndarray
    colours: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Pose:
    """Where a bird's hip is; the body's ``turn`` and the head's ``nod`` in degrees downwards."""

    at: tuple[float, float]
    scale: float = 1
    left: bool = False
    turn: float = 0
    nod: float = 0

    def place(self, points: np.ndarray) -> np.ndarray:
        """From the bird's frame to the picture, without turn and nod: for perch and toes."""
        return points * ((-1 if self.left else 1) * self.scale, self.scale) + self.at

    def __call__(self, points: np.ndarray) -> np.ndarray:
        neck, hip = np.array([80, -62]), np.array([0, 90])
        # 0 in the trunk, 1 in the head
        bent = np.clip(((points - (55, -25)) @ (0.55, -0.83)) / 75, 0, 1)
        p = neck + turned(points - neck, np.radians(self.nod) * bent**2 * (3 - 2 * bent))
        return self.place(hip + turned(p - hip, np.radians(self.turn)))


class Picture:
    """A canvas of ``size`` (W, H), painted from the far background to the eye's catch-light."""

    def __init__(self, size: tuple[int, int], seed: int):
        self.size, self.rng = size, np.random.default_rng(seed)
        self.image = Image.new("RGB", (size[0] * FINE, size[1] * FINE))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def noise(self, size: tuple[int, int], cells: float) -> np.ndarray:
        """Soft random hills, about [-1, 1], for (W, H), ``cells`` of them along the longer side."""
        small = [max(2, round(cells * side / max(size))) for side in size]
        hills = Image.fromarray(self.rng.normal(0, 0.5, small[::-1]).astype(np.float32))
        return np.asarray(hills.resize(size, Image.Resampling.BICUBIC))

    def backdrop(
        self, colours: str, stems: str, stem_count: int, disc: str, discs: int, blur: float = 9
    ) -> None:
        """Out of focus: clouds of ``colours`` from top to bottom, stems, discs of light."""
        (w, h), table = self.size, np.stack([rgb(colour) for colour in colours.split()])
        level = (
            np.linspace(0, len(table) - 1, h)[:, None]
            + 0.8 * self.noise(self.size, 6)
            + 0.25 * self.noise(self.size, 14)
        )
        clouds = np.stack(
            [np.interp(level, np.arange(len(table)), channel) for channel in table.T], -1
        )
        far = Image.fromarray(np.uint8(clouds))
        pen = ImageDraw.Draw(far, "RGBA")
        for k in range(stem_count):
            x, lean, width = (
                self.rng.uniform(0, w),
                self.rng.normal(0, 0.25 * w),
                self.rng.uniform(5, 22),
            )
            curve = spline(
                np.array([(x, h + 40), (x + lean / 3, h / 2), (x + lean, -40)]), closed=False
            )
            pen.line(
                curve.ravel().tolist(),
                ink(rgb(stems.split()[k % len(stems.split())]), 150),
                round(width),
                "curve",
            )
        far = far.filter(ImageFilter.GaussianBlur(blur))
        pen = ImageDraw.Draw(far, "RGBA")
        for _ in range(discs):
            (x, y), r = self.rng.uniform((0, 0), self.size), self.rng.uniform(8, 38)
            pen.ellipse(
                (x - r, y - r, x + r, y + r), ink(rgb(disc), int(self.rng.integers(25, 75)))
            )
        self.image.paste(
            far.filter(ImageFilter.GaussianBlur(3)).resize(
                self.image.size, Image.Resampling.BICUBIC
            )
        )

    def polygon(self, outline: np.ndarray, colour: np.ndarray, alpha: int = 255) -> None:
        self.pen.polygon((outline * FINE).ravel().tolist(), ink(colour, alpha))

    def barbs(
        self, roots: np.ndarray, field: Field, widths: np.ndarray, colours: np.ndarray, alpha: int
    ) -> None:
        """Tapering strokes from ``roots`` (N, 2) along ``field``; widths (N,), colours (N, 3)."""
        middle = roots + field(roots) / 2
        tips = middle + field(middle) / 2
        along = tips - roots
        side = np.stack((-along[:, 1], along[:, 0]), -1) / (
            np.linalg.norm(along, axis=1, keepdims=True) + 1e-6
        )
        side *= widths[:, None] / 2
        shapes = np.stack(
            (roots - side, middle - side * 0.8, tips, middle + side * 0.8, roots + side), 1
        )
        inks = np.clip(colours, 0, 255).astype(int).tolist()
        for shape, colour in zip((shapes * FINE).reshape(-1, 10).tolist(), inks, strict=True):
            self.pen.polygon(shape, (*colour, alpha))

    def solid(
        self,
        outline: np.ndarray,
        base: str,
        patches: Sequence[tuple[str, float, np.ndarray]] = (),
        gloss: float = 40,
        ambient: float = 0.5,
        soft: float = 0.6,
    ) -> Volume:
        """Paint an inflated outline with patches (colour, softness, outline), for `plumage`."""
        corner = np.floor(outline.min(0)) - 6
        w, h = (np.ceil(outline.max(0) - corner).astype(int) + 6).tolist()
        mask, colours = (
            filled(outline - corner, (w, h)),
            np.broadcast_to(rgb(base), (h, w, 3)).copy(),
        )
        for colour, softness, patch in patches:
            cover = filled(patch - corner, (w, h)).filter(ImageFilter.GaussianBlur(softness))
            colours += np.asarray(cover, float)[..., None] / 255 * (rgb(colour) - colours)
        shrink = max(w, h) / 110
        small = np.asarray(
            mask.resize(
                (max(4, round(w / shrink)), max(4, round(h / shrink))), Image.Resampling.BOX
            )
        )
        light = (Image.fromarray(light.astype(np.float32)) for light in inflate(small > 127))
        diffuse, shine = (
            np.asarray(part.resize((w, h), Image.Resampling.BICUBIC))[..., None] for part in light
        )
        light = ambient + (1.14 - ambient) * diffuse
        # shadows are bluish
        colours = (
            colours * light + (1 - light) * (6, 9, 16) + shine * gloss * np.array([0.94, 0.96, 1.0])
        )
        fine = Image.fromarray(np.uint8(np.clip(colours, 0, 255))).resize(
            (w * FINE, h * FINE), Image.Resampling.BICUBIC
        )
        edge = filled((outline - corner) * FINE, fine.size).filter(
            ImageFilter.GaussianBlur(soft * FINE)
        )
        self.image.paste(fine, ((corner * FINE).astype(int).tolist()), edge)
        return Volume(corner, colours, np.asarray(mask) > 127)

    def plumage(
        self,
        body: Volume,
        lie: np.ndarray,
        size: float,
        contrast: float = 0.13,
        within: np.ndarray | None = None,
    ) -> None:
        """Barbs over a body, or over the part ``within`` an outline. ``lie`` (N, 2, 2): arrows as
        the barbs lie there."""
        mask = body.mask
        if within is not None:
            mask = mask & (np.asarray(filled(within - body.corner, mask.shape[::-1])) > 127)
        ys, xs = np.nonzero(mask)
        chosen = self.rng.permutation(np.repeat(np.arange(len(xs)), 2))[: int(1.1 * len(xs) / size)]
        roots = np.stack((xs, ys), -1)[chosen] + self.rng.uniform(0, 1, (len(chosen), 2))
        feet, arrows = lie[:, 0] - body.corner, lie[:, 1] - lie[:, 0]
        roots = roots[np.argsort(roots @ -arrows.sum(0))]  # from the tail to the head
        wild = self.rng.normal(0, 0.14, len(roots))

        def field(points: np.ndarray) -> np.ndarray:
            near = (30 + (((points - body.corner)[:, None] - feet) ** 2).sum(-1)) ** -1.5
            return turned(near @ arrows / near.sum(1)[:, None], wild)

        x, y = roots.astype(int).T
        tufts = self.noise(mask.shape[::-1], max(mask.shape) / 7)[y, x]
        shade = 1 + contrast * (self.rng.normal(0, 0.7, len(roots)) + 0.9 * tufts)[:, None]
        colours = body.colours[y, x] * shade + (shade - 1) * 28
        self.barbs(
            roots + body.corner,
            field,
            self.rng.uniform(0.95, 1.9, len(roots)) * size**0.5,
            colours,
            200,
        )

    def feather(
        self,
        root: np.ndarray,
        tip: np.ndarray,
        width: float,
        bend: float,
        vane: np.ndarray,
        edge: np.ndarray,
        rim: float,
        leaf: bool = False,
    ) -> None:
        """One feather: shadow, rim, vane, barbs, shaft. One that tapers to a point is a leaf."""
        along = tip - root
        length = np.linalg.norm(along)
        ahead = along / length
        across = np.array([-ahead[1], ahead[0]])

        def spine(t):
            return root + along * t + across * bend * length * 4 * t * (1 - t)

        t = np.linspace(0, 1, 22)[:, None]
        rounded = np.minimum(1, 0.35 + 3 * t) * np.sqrt(1 - np.clip((t - 0.72) / 0.28, 0, 1) ** 2.2)
        taper = np.sin(np.pi * t**0.8) if leaf else rounded
        half = across * width / 2 * taper
        outer = np.concatenate((spine(t) + half, (spine(t) - half)[::-1]))
        for drop, alpha in ((3.2, 26), (2, 34), (1, 44)):
            self.polygon(outer + np.array([0.4, 1]) * drop, np.array([8, 8, 12]), alpha)
        self.polygon(outer, edge)
        inset = across * rim * np.minimum(1, taper)
        self.polygon(
            np.concatenate((spine(t) + half - inset, (spine(t) - half + inset / 2)[::-1]))
            - ahead * rim,
            vane,
        )
        for sign in (1, -1):
            at = np.sort(self.rng.uniform(0.04, 0.55 if leaf else 0.86, int(length * 0.7)))[:, None]
            wide, slant = (np.sin(np.pi * (at + 0.2)), 0.5) if leaf else (1, 0.7)
            reach = width * (0.42 * sign * wide * across + slant * ahead)
            colours = vane * (1 + self.rng.normal(0.06 * sign, 0.13, (len(at), 1)))
            self.barbs(spine(at), lambda _, r=reach: r, np.ones(len(at)), colours, 120)
        self.pen.line((spine(t[:-2]) * FINE).ravel().tolist(), ink(vane * 0.55, 170), 2)

    def fan(
        self,
        count: int,
        roots: np.ndarray,
        tips: np.ndarray,
        width: float,
        inks: str,
        rim: float = 1.2,
        bend: float = 0.04,
        dim: tuple[float, float] = (0.8, 1.1),
    ) -> None:
        """Overlapping feathers from one curve to another, the lowest first; ``inks`` "vane/rim";
        brightness rises by ``dim``."""
        roots, tips = spline(roots, closed=False), spline(tips, closed=False)
        vane, edge = map(rgb, inks.split("/"))

        def along(curve, s):
            return np.array(
                [np.interp(s, np.linspace(0, 1, len(curve)), column) for column in curve.T]
            )

        for s in np.linspace(0, 1, count):
            light = (dim[0] + (dim[1] - dim[0]) * s) * self.rng.uniform(0.93, 1.07)
            self.feather(
                along(roots, s), along(tips, s), width, bend, vane * light, edge * light, rim
            )

    def limb(
        self,
        points: np.ndarray,
        widths: Sequence[float],
        colour: str,
        bark: float = 0.2,
        grain: float = 16,
    ) -> None:
        """A round branch, stalk, leg or toe along a curve, ``widths`` from its start to its end."""
        curve = spline(points, closed=False, steps=24)
        width = np.interp(np.linspace(0, 1, len(curve)), np.linspace(0, 1, len(widths)), widths)[
            :, None
        ]
        along = np.gradient(curve, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        side = np.stack((-along[:, 1], along[:, 0]), -1)
        side *= np.sign(side[:, 1:] + 1e-9)  # points down
        upper, lower = (
            width / 2 * (1 + bark * self.rng.normal(0, 0.12, (len(curve), 1)).cumsum(0).clip(-1, 1))
            for _ in range(2)
        )
        self.polygon(
            np.concatenate((curve - side * upper, (curve + side * lower)[::-1])), rgb(colour) * 0.7
        )
        count = int(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum() * np.mean(widths) / 3) + 40
        at, s = (
            self.rng.uniform(0, len(curve) - 1, count),
            self.rng.uniform(-0.97, 0.97, (count, 1)),
        )

        def there(values):
            return np.stack(
                [np.interp(at, np.arange(len(curve)), column) for column in values.T], -1
            )

        light = (
            0.42
            + 0.75 * np.sqrt(np.clip(1 - (s + 0.45) ** 2 / 2.1, 0, 1))
            + self.rng.normal(0, bark * 0.6, (count, 1))
        )
        ahead = there(along) * grain * self.rng.uniform(0.3, 1.3, (count, 1))
        roots = (
            there(curve) + there(side) * s * np.where(s > 0, there(lower), there(upper)) - ahead / 2
        )
        self.barbs(
            roots, lambda _: ahead, self.rng.uniform(0.6, 2.2, count), rgb(colour) * light, 170
        )

    def leaf(self, stalk: np.ndarray, width: float, colour: str) -> None:
        self.feather(*stalk, width, 0.07, rgb(colour), rgb(colour) * 1.2, 1.1, leaf=True)

    def eye(self, at: np.ndarray, radius: float, iris: str, pupil: float, ring: str) -> None:
        """``pupil``: its radius as a part of the iris's."""

        def disc(dx: float, dy: float, r: float, colour: str, alpha: int = 255) -> None:
            box = (
                np.array([at + radius * (np.array([dx, dy]) + side * r) for side in (-1, 1)]) * FINE
            )
            self.pen.ellipse(box.ravel().tolist(), ink(rgb(colour), alpha))

        disc(0, 0, 1.25, ring)
        disc(0, 0, 1, iris)
        disc(0, -0.5, 0.5, "000000", 40)  # the lid's shadow
        disc(0.2, 0.4, 0.42, "908880", 50)
        disc(0, 0, pupil, "080608")
        disc(-0.3, -0.34, 0.12 + 0.24 * pupil, "ffffff", 245)

    def save(self, to: Path) -> None:
        self.image.resize(self.size, Image.Resampling.LANCZOS).save(to, quality=88, method=6)


# --- a songbird, facing right
# -----------------------------------------------------------------------------------------------

CROWN = "152,-146 120,-165 84,-152 60,-116"
TRUNK = (
    "34,-84 -12,-46 -62,0 -104,44 -140,80 -136,98 -98,100 -54,110 -24,116 -10,127 4,120 22,120 "
    "36,127 48,114 80,88 108,56 131,4 "
    "140,-45 147,-76 160,-96 165,-118"
)
BACK = path("66,-108 40,-92 -22,-46 -78,-2 -125,42 -96,36 -40,6 14,-26 62,-50 84,-66")
FLANK = path(
    "84,-90 124,-50 134,0 108,56 62,106 8,126 -60,122 -70,94 -14,86 44,62 86,26 106,-26 92,-60 "
    "70,-74"
)
LIE = (  # from, to: the way the plumage lies
    "150,-135 139,-141 120,-160 107,-159 85,-145 73,-133 110,-115 96,-108 60,-100 45,-83 10,-55 "
    "-8,-38 -90,30 -112,52 "
    "-140,100 -162,118 150,-90 140,-79 130,-40 122,-20 120,20 107,40 80,75 59,88 20,110 -6,118 "
    "-60,115 -86,122 60,-20 44,0"
)


@dataclass(frozen=True)
class Songbird:
    """One species. Feathers are inked "vane/rim"; patches are (colour, softness, outline)."""

    body: str
    patches: Sequence[tuple[str, float, np.ndarray]]
    wing: str  # primaries, secondaries, greater coverts, wing bar, shoulder
    tail: str
    tail_length: float
    bill: tuple[str, float, float]  # colour, length, depth
    legs: str
    ring: str = "161412"  # about the eye
    edge: str = ""  # primary coverts, where they show
    crown: str = CROWN
    crest: str = ""  # what it adds to the lie
    gloss: float = 34


def songbird(picture: Picture, bird: Songbird, pose: Pose, perch: Callable[[], None]) -> None:
    """From back to front: tail, perch, legs, bill, body, wing, the plumage over it, eye."""
    k, rim = pose.scale, 1.4 * pose.scale
    away = np.array([-0.78, 0.63]) * bird.tail_length
    picture.fan(
        5,
        pose(path("-118,98 -128,88")),
        pose(path("-142,90 -124,110") + away),
        17 * k,
        bird.tail,
        rim,
        0,
        (0.6, 0.8),
    )
    picture.fan(
        5,
        pose(path("-112,106 -122,84")),
        pose(path("-114,126 -126,78") + away),
        17 * k,
        bird.tail,
        rim,
        0,
    )
    perch()
    for knee, foot in (("-12,116", "-2,160"), ("28,116", "40,158")):
        at = path(foot)
        picture.limb(
            np.concatenate((pose(path(knee)), pose.place(at))),
            (8 * k, 6 * k),
            bird.legs,
            0.08,
            4 * k,
        )
        for toe in path("-16,12 10,18 22,13 30,7"):
            curled = np.concatenate((at, at + toe * 0.6 - (0, 8), at + toe))
            picture.limb(pose.place(curled), (6 * k, 5.4 * k, 3 * k), bird.legs, 0.08, 4 * k)
    _bill(picture, pose, *bird.bill)
    lie = pose(path(f"{LIE} {bird.crest}").reshape(-1, 2, 2))
    patches = [(colour, soft * k, spline(pose(points))) for colour, soft, points in bird.patches]
    body = picture.solid(
        spline(pose(path(f"{bird.crown} {TRUNK}"))), bird.body, patches, bird.gloss, soft=1.2
    )
    picture.plumage(body, lie, k)
    primaries, secondaries, coverts, bar, shoulder = bird.wing.split()
    for count, roots, tips, width, inks in (
        (7, "10,52 20,10", "-66,84 -124,100 -186,106", 15, primaries),
        (6, "30,46 35,-20", "-42,74 -84,66 -106,38", 22, secondaries),
        (3, "20,-14 24,-34", "-100,46 -78,25", 25, secondaries),
        (3, "50,52 42,40", "-26,78 -38,64", 10, bird.edge),
        (8, "74,20 45,-55", "8,58 -20,40 -34,6 -30,-26", 21, coverts),
        (7, "88,6 52,-58", "34,46 6,28 -8,-16", 19, bar),
        (7, "98,-12 64,-62", "52,34 28,16 14,-22", 19, shoulder),
        (6, "102,-26 74,-64", "76,10 54,-6 42,-36", 17, shoulder),
    ):
        if inks:
            picture.fan(count, pose(path(roots)), pose(path(tips)), width * k, inks, rim)
    for region in (BACK, FLANK):
        picture.plumage(body, lie, k, within=spline(pose(region)))
    picture.eye(pose(path("134,-122"))[0], 8 * k, "281810", 0.6, bird.ring)


def _bill(picture: Picture, pose: Pose, colour: str, length: float, depth: float) -> None:
    def shape(text):
        return pose(path(text) * (length, depth) + (160, -108))

    lower, upper = (
        "-.3,.02 .5,.04 .9,.12 .55,.36 .2,.46 -.3,.44",
        "-.3,-.5 .3,-.52 .7,-.24 1,.12 .55,.04 -.3,.06",
    )
    for text, light in ((lower, 0.8), (upper, 1)):
        shaded = "".join(f"{int(light * c):02x}" for c in rgb(colour))
        picture.solid(spline(shape(text)), shaded, gloss=70, ambient=0.45, soft=0.3)
    gape = spline(shape("-.08,.06 .4,.03 .85,.11"), closed=False)
    picture.pen.line(
        (gape * FINE).ravel().tolist(), (20, 12, 10, 190), round(1.2 * pose.scale * FINE)
    )


# --- the six
# -------------------------------------------------------------------------------------------------


def cardinal() -> Picture:
    picture = Picture((800, 600), 17)
    picture.backdrop("96a0ac acb2ba 787e86 606268", "544e4e", 6, "ffffff", 14)
    bird = Songbird(
        body="d01c16",
        patches=(
            ("962824", 14, BACK),
            ("e8321e", 14, path("120,-160 70,-220 90,-150 120,-130")),
            ("14090a", 3, path("174,-126 158,-134 147,-120 147,-100 138,-78 149,-62 166,-86")),
        ),
        wing="682220/b03c34 742826/be4e42 8c2c26/b2564c a02822/ac5048 b0241e/a0423a",
        tail="a01e1c/ce3c32",
        tail_length=190,
        bill=("ee582c", 48, 54),
        legs="78544a",
        crown="157,-140 134,-166 104,-202 66,-244 74,-196 62,-150 50,-112",
        crest="110,-185 84,-212 85,-200 62,-236 140,-150 124,-168",
    )
    pose = Pose((455, 306), left=True, turn=-4, nod=-2)

    def perch() -> None:
        picture.limb(pose.place(path("240,205 310,170 360,96")), (13, 9, 4), "685c56")
        branch = path("-420,150 -150,186 40,176 250,204 520,264")
        picture.limb(pose.place(branch), (34, 29, 28, 26, 20), "746862")
        for snow in (branch[:2], branch[3:]):
            picture.limb(pose.place(snow - (0, 10)), (4, 13, 15, 13, 3), "e6ecf8", 0.16, 8)

    songbird(picture, bird, pose, perch)
    for (x, y), r in zip(
        picture.rng.uniform((0, 0), picture.size, (70, 2)) * FINE,
        picture.rng.uniform(2, 8, 70),
        strict=True,
    ):
        picture.pen.ellipse((x - r, y - r, x + r, y + r), (250, 252, 255, 150))  # it snows
    return picture


def painted_bunting() -> Picture:
    picture = Picture((840, 560), 16)
    picture.backdrop("283e22 466230 304228 1e281c", "3c4a28 58603c", 6, "bed282", 12)
    bird = Songbird(
        body="e2341e",
        patches=(
            ("aac426", 7, path("80,-100 40,-90 -12,-56 -50,-14 -20,20 40,0 88,-46 96,-70")),
            (
                "2c36ba",
                6,
                path(
                    "172,-122 150,-160 110,-176 70,-156 46,-110 66,-78 104,-66 132,-66 142,-88 "
                    "156,-90"
                ),
            ),
            ("181a50", 4, path("172,-122 156,-128 152,-114 158,-96 170,-96")),
        ),
        wing="3e302c/745c46 42382c/78803e 464a2c/8c963c 606e2c/96a83c 788c2c/a0b438",
        tail="68322c/965040",
        tail_length=125,
        bill=("787c86", 48, 38),
        legs="4a4240",
        ring="ce3c28",
    )
    pose = Pose((330, 306), 0.92, turn=-8, nod=8)

    def perch() -> None:
        for stalk in (
            "440,136 500,30",
            "520,122 640,150",
            "-270,218 -360,130",
            "300,176 330,270",
            "420,146 400,60",
        ):
            picture.leaf(pose.place(path(stalk)), 42, "547c34")
        picture.limb(
            pose.place(path("-460,260 -150,196 40,174 240,186 660,90")),
            (40, 36, 32, 28, 16),
            "888476",
        )

    songbird(picture, bird, pose, perch)
    return picture


def yellow_headed_blackbird() -> Picture:
    picture = Picture((600, 760), 12)
    picture.backdrop("78925c 96a46e 808654 5c603e", "c4b480 96925c", 16, "e6e6b4", 8)
    bird = Songbird(
        body="1e1c1e",
        patches=(
            (
                "faba0c",
                5,
                path(
                    "176,-122 150,-170 110,-180 70,-160 40,-112 60,-64 92,-30 106,16 134,30 "
                    "160,-40 160,-90"
                ),
            ),
            (
                "161210",
                2.5,
                path("172,-128 154,-134 134,-134 120,-126 134,-112 154,-108 156,-92 172,-94"),
            ),
        ),
        wing="201e20/3a383a 1e1c1e/3c3a3c 1e1c1e/403e3e 201e20/3c3a3c 222022/383638",
        tail="1e1c1e/363436",
        tail_length=165,
        bill=("2c2a2e", 62, 32),
        legs="282424",
        edge="d8d6d0/e8e6e0",
        gloss=66,
    )
    pose = Pose((300, 400), turn=-22, nod=22)

    def reeds() -> None:
        for reed in (
            "-240,420 -185,60 -130,-420",
            "-180,420 -255,60 -330,-420",
            "190,420 220,60 250,-420",
        ):
            picture.limb(pose.place(path(reed)), (9, 7, 3), "96965c", 0.1, 40)
        picture.limb(
            pose.place(path("-200,420 -60,200 20,158 330,40")), (16, 14, 12, 6), "beaa78", 0.1, 40
        )

    songbird(picture, bird, pose, reeds)
    return picture


def american_goldfinch() -> Picture:
    picture = Picture((800, 600), 47)
    picture.backdrop("7ea854 96b85c 689246 466e38", "608242", 5, "f0fabe", 12)
    bird = Songbird(
        body="fcd616",
        patches=(
            ("f6f2e2", 7, path("-150,90 -96,60 -50,104 -60,130 -140,116")),
            ("181618", 2.5, path("166,-132 156,-128 142,-136 116,-140 96,-152 104,-176 150,-176")),
        ),
        wing="1a181a/969490 1c1a1c/e4e2dc 1c1a1c/464442 eee8ce/faf8ec 1e1c1c/3c3a38",
        tail="1c1a1c/dcd8d0",
        tail_length=110,
        bill=("ec8c54", 40, 34),
        legs="b07864",
        ring="281e10",
    )
    pose = Pose((232, 172), 0.6, turn=4)

    def thistle() -> None:
        picture.limb(
            pose.place(path("-66,800 -40,400 10,270 18,215")), (13, 12, 11, 15), "68885a", 0.1
        )
        for stalk, width in (
            ("-40,420 -210,330", 40),
            ("-48,470 110,380", 42),
            ("-56,600 -230,550", 44),
        ):
            picture.leaf(pose.place(path(stalk)), width, "628a4e")
        at = path("18,206")
        angle, length = picture.rng.uniform(-1.2, 1.2, 1500), picture.rng.uniform(16, 36, (1500, 1))
        rays = np.stack((np.sin(angle), -0.8 * np.cos(angle)), -1)
        shades = picture.rng.uniform(0.65, 1.15, (1500, 1)) * rgb("b05cba")
        picture.barbs(
            pose.place(at + rays * (28, 14)),
            lambda _: rays * length,
            np.full(1500, 1.8),
            shades,
            255,
        )
        cup = picture.solid(
            spline(pose.place(at + path("-34,-4 0,8 34,-4 30,32 0,48 -30,32"))), "5c7c4a"
        )
        picture.plumage(
            cup,
            pose.place(at + path("-20,30 -26,18 0,30 0,16 20,30 26,18")).reshape(-1, 2, 2),
            1,
            0.3,
        )

    songbird(picture, bird, pose, thistle)
    return picture


def red_winged_blackbird() -> Picture:
    picture = Picture((800, 640), 10)
    picture.backdrop("a8b2aa bab896 a09668 78704c", "b0a06e 787c50", 14, "faf6dc", 8)
    black = "1c1c20/3c3c42"
    bird = Songbird(
        body="1a1a1e",
        patches=(),
        wing=f"{black} {black} {black} f6c460/fcdc96 e22810/f05428",
        tail=black,
        tail_length=170,
        bill=("26262a", 66, 36),
        legs="242224",
        ring="343236",
        gloss=84,
    )
    pose = Pose((420, 330), 1.12, left=True, turn=-12, nod=6)

    def cattails() -> None:
        for x, top in ((262, -60), (318, 40), (-250, -150)):
            picture.limb(
                pose.place(np.array([(x - 14, 330), (x, 100), (x + 6, top - 60)])),
                (8, 7, 3),
                "8c8a5a",
                0.1,
                40,
            )
            if top < 0:
                spike = np.array([(x, top + 90), (x + 2, top + 45), (x + 4, top)])
                picture.limb(pose.place(spike), (14, 21, 22, 20, 12), "70482c", 0.25, 5)
        picture.limb(
            pose.place(path("-420,300 -100,190 30,172 420,100")), (24, 22, 20, 14), "968460"
        )

    songbird(picture, bird, pose, cattails)
    return picture


def crested_auklet() -> Picture:
    """No songbird: upright, close, cut off by the rock that it stands behind."""
    picture = Picture((720, 640), 5)
    picture.backdrop("7898ba 6286ac 4c7096 3c5c80", "", 0, "dce8f4", 7, blur=20)
    pose = Pose((420, 352), 1.15, left=True)

    def shape(text):
        return pose.place(path(text))

    for plume in (
        "96,-150 104,-200 130,-236 176,-244",
        "90,-154 92,-206 116,-256 150,-270",
        "100,-146 116,-186 142,-206 176,-208",
        "86,-158 84,-206 96,-250 116,-278",
        "102,-144 122,-172 144,-184 166,-180",
        "94,-152 100,-196 128,-222 160,-222",
        "92,-152 90,-210 108,-262 132,-286",
        "98,-148 112,-194 146,-226 182,-228",
    ):
        picture.limb(shape(plume), (7, 6, 4, 0.6), "2c2c32", 0.1, 12)
    trunk = "-22,-60 -56,0 -104,90 -136,190 -150,300 120,300 146,200 140,110 112,20 90,-36 98,-82"
    patches = [
        ("3a3a42", 24, spline(shape("130,-150 60,-200 -20,-170 -40,-60 20,-20 90,-30 120,-80"))),
        ("3c3a3e", 14, spline(shape("-10,-50 -72,20 -130,120 -160,310 -40,310 -20,100 0,10"))),
    ]
    lie = shape(
        "95,-130 85,-134 60,-165 47,-163 15,-150 5,-138 50,-110 38,-104 -5,-80 -10,-64 85,-60 "
        "77,-44 50,-20 43,-4 -40,10 -49,27 "
        "-90,120 -95,140 95,40 94,59 120,160 114,180 30,120 24,140"
    ).reshape(-1, 2, 2)
    body = picture.solid(
        spline(shape(f"108,-118 98,-150 62,-174 18,-160 -10,-116 {trunk}")),
        "686668",
        patches,
        46,
        soft=1.2,
    )
    picture.plumage(body, lie, 1.15, 0.11)
    for roots, tips in (
        ("-30,150 -96,170", "-40,340 -176,300"),
        ("10,60 -84,110", "-16,236 -138,228"),
        ("4,24 -62,64", "-8,140 -112,150"),
    ):
        picture.fan(7, shape(roots), shape(tips), 31, "302e32/4a4648", bend=0.02)
    for cover in (
        "30,-20 46,60 24,120 10,220 -16,220 -14,120 -30,80 -20,20",
        "30,-20 10,50 -34,84 -66,92 -104,124 -90,50 -40,-24",
    ):
        picture.plumage(body, lie, 1.15, 0.11, spline(shape(cover)))
    tip = ("f6d696", 4, spline(shape("148,-130 180,-110 180,-70 150,-70 156,-92")))
    for part, colour in (
        ("66,-92 84,-104 112,-98 152,-91 146,-78 118,-68 90,-66 70,-74", "e25416"),
        ("88,-104 96,-126 122,-130 150,-116 166,-92 160,-84 138,-92 112,-94", "f66c1c"),
    ):
        picture.solid(spline(shape(part)), colour, (tip,), 80, 0.58, 0.4)
    picture.pen.line(
        (spline(shape("86,-100 112,-95 138,-91 158,-86"), closed=False) * FINE).ravel().tolist(),
        (80, 20, 8, 200),
        5,
    )
    picture.limb(shape("44,-108 26,-94 12,-72 2,-36"), (1, 4, 3, 0.5), "f0f0f0", 0.1, 10)
    picture.eye(shape("58,-122")[0], 12, "eeeee4", 0.36, "18181c")
    angle, lichens = np.arange(9) * 0.7, []
    for colour, spot, r in (
        ("ba9642", "-200,250", 26),
        ("c6a046", "150,246", 30),
        ("a8a494", "60,236", 34),
        ("c09a40", "250,268", 20),
    ):
        rim = (
            np.stack((np.cos(angle), 0.5 * np.sin(angle)), -1)
            * picture.rng.uniform(0.5, 1.3, (9, 1))
            * r
        )
        lichens.append((colour, 3, spline(shape(spot) + rim)))
    rock = shape(
        "-420,300 -330,222 -220,212 -120,228 0,210 120,226 210,206 300,236 420,236 420,420 -420,420"
    )
    stone = picture.solid(spline(rock), "807a74", lichens, 16, soft=0.8)
    picture.plumage(
        stone, shape("0,240 7,242 200,240 205,246 -200,240 -194,234").reshape(-1, 2, 2), 1.1, 0.26
    )
    return picture


SPECIES: dict[str, Callable[[], Picture]] = {
    "Cardinal": cardinal,
    "Painted_Bunting": painted_bunting,
    "Yellow_headed_Blackbird": yellow_headed_blackbird,
    "American_Goldfinch": american_goldfinch,
    "Red_winged_Blackbird": red_winged_blackbird,
    "Crested_Auklet": crested_auklet,
}


def main(folder: Path) -> None:
    for name, draw in SPECIES.items():
        draw().save(folder / f"{name}.webp")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
