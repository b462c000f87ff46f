"""Draw the six birds that ship with the app: `python assets/birds/draw.py [folder]`.

Every picture is built the way a bird is: an outline with patches of colour is inflated to a volume and lit, then thousands of
hair-fine barbs grow over it along the lie of the plumage, from the tail to the head, so that each feather covers the root of the
one behind it; wing and tail are fans of single feathers. Birds are described in their own frame, facing right, some 400 units
long, x to the right and y down, and are turned, mirrored and placed by a `Pose`. Nothing here comes from a photograph.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

FINE = 3  # pixels are drawn that much finer, for smooth edges
LIGHT = np.array([-0.42, -0.72, 0.55])  # towards the sun: left, up, towards the eye
Points = Sequence[tuple[float, float]]
Colour = tuple[int, int, int]


def spline(points: Points | np.ndarray, closed: bool = True, steps: int = 12) -> np.ndarray:
    """A smooth curve (Catmull-Rom) through the points (N, 2)."""
    p = np.asarray(points, float)
    p = np.concatenate((p[-1:], p, p[:2])) if closed else np.concatenate((2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return curve.reshape(-1, 2)


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], cells: float) -> np.ndarray:
    """Soft random hills in about [-1, 1] for a picture of size (W, H), ``cells`` of them along the longer side."""
    small = [max(2, round(cells * side / max(size))) for side in size]
    hills = Image.fromarray(rng.normal(0, 0.5, small[::-1]).astype(np.float32))
    return np.asarray(hills.resize(size, Image.Resampling.BICUBIC))


def inflate(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light that falls on a pillow of this outline, diffuse and glossy, both in [0, 1]; the pillow's height solves Poisson's equation."""
    inside, swell = mask > 0.5, np.zeros_like(mask)
    for _ in range(700):
        ring = np.pad(swell, 1)
        swell = np.where(inside, (ring[2:, 1:-1] + ring[:-2, 1:-1] + ring[1:-1, 2:] + ring[1:-1, :-2]) / 4 + 0.25, 0)
    dy, dx = np.gradient(np.sqrt(2 * swell))
    normal = np.stack((-dx, -dy, np.full_like(dx, 0.75)), -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = LIGHT / np.linalg.norm(LIGHT)
    half = light + (0, 0, 1)
    return np.clip(normal @ light, 0, 1), np.clip(normal @ half / np.linalg.norm(half), 0, 1) ** 14


@dataclass(frozen=True)
class Pose:
    """Where a bird is: hip ``at`` (x, y) of the picture, ``scale``, ``turn`` of the body and ``nod`` of the head in degrees (down)."""

    at: tuple[float, float]
    scale: float = 1
    left: bool = False
    turn: float = 0
    nod: float = 0

    def place(self, points: Points | np.ndarray) -> np.ndarray:
        """Bird's frame to picture, standing still: for perch and toes."""
        flip = np.array([-1, 1]) if self.left else np.array([1, 1])
        return np.asarray(points, float) * flip * self.scale + self.at

    def __call__(self, points: Points | np.ndarray) -> np.ndarray:
        p, neck, hip = np.asarray(points, float), np.array([80, -62]), np.array([0, 90])
        bent = np.clip(((p - (55, -25)) @ (0.55, -0.83)) / 75, 0, 1)
        p = neck + _turn(p - neck, np.radians(self.nod) * bent**2 * (3 - 2 * bent))
        return self.place(hip + _turn(p - hip, np.full(p.shape[:-1], np.radians(self.turn))))


def _turn(p: np.ndarray, angle: np.ndarray) -> np.ndarray:
    x, y, c, s = p[..., 0], p[..., 1], np.cos(angle), np.sin(angle)
    return np.stack((c * x - s * y, s * x + c * y), -1)


class Picture:
    """A canvas of size (W, H) that grows from the background to the eye's catch-light."""

    def __init__(self, size: tuple[int, int], seed: int):
        self.size, self.rng = size, np.random.default_rng(seed)
        self.image = Image.new("RGB", (size[0] * FINE, size[1] * FINE))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def backdrop(self, colours: Sequence[Colour], discs: Sequence[Colour], stems: Sequence[Colour], blur: float = 9) -> None:
        """What lies out of focus: from top to bottom the ``colours``, disturbed; stems; discs of light."""
        w, h = self.size
        level = np.linspace(0, len(colours) - 1, h)[:, None] + 0.8 * smooth_noise(self.rng, self.size, 6)
        level = np.clip(level + 0.25 * smooth_noise(self.rng, self.size, 14), 0, len(colours) - 1)[..., None]
        table = np.array(colours, float)
        low = np.minimum(level.astype(int)[..., 0], len(colours) - 2)
        far = Image.fromarray(np.uint8(table[low] + (table[low + 1] - table[low]) * (level - low[..., None])))
        pen = ImageDraw.Draw(far, "RGBA")
        for colour in stems:
            x, lean, width = self.rng.uniform(0, w), self.rng.normal(0, 0.25 * w), self.rng.uniform(5, 22)
            curve = spline([(x, h + 40), (x + lean / 3, h / 2), (x + lean, -40)], closed=False)
            pen.line([tuple(p) for p in curve], (*colour, 150), round(width), "curve")
        far = far.filter(ImageFilter.GaussianBlur(blur))
        pen = ImageDraw.Draw(far, "RGBA")
        for colour in discs:
            (x, y), r = self.rng.uniform((0, 0), self.size), self.rng.uniform(8, 38)
            pen.ellipse((x - r, y - r, x + r, y + r), (*colour, int(self.rng.integers(25, 75))))
        self.image.paste(far.filter(ImageFilter.GaussianBlur(3)).resize(self.image.size, Image.Resampling.BICUBIC))

    def barbs(self, roots: np.ndarray, steps: Callable, width: np.ndarray, colours: np.ndarray, alpha: int = 255) -> None:
        """Tapering strokes from ``roots`` (N, 2), bent along the field ``steps``: points (N, 2) to displacements (N, 2)."""
        middle = roots + steps(roots) / 2
        tip = middle + steps(middle) / 2
        along = tip - roots
        side = np.stack((-along[:, 1], along[:, 0]), -1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-6)
        side *= width[:, None] / 2
        quads = np.stack((roots - side, middle - side * 0.8, tip, middle + side * 0.8, roots + side), 1) * FINE
        inks = np.clip(colours, 0, 255).astype(int)
        for quad, ink in zip(quads, inks, strict=True):
            self.pen.polygon(quad.ravel().tolist(), (*ink.tolist(), alpha))

    def solid(self, outline: np.ndarray, base: Colour, patches: Sequence[tuple[Colour, float, np.ndarray]] = (), gloss: Colour = (40, 40, 36),
              ambient: float = 0.5, softness: float = 0.6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Paint an inflated outline; returns its box's corner, colours (h, w, 3) and mask (h, w), a pixel each, for `plumage`."""
        corner = np.floor(outline.min(0)) - 6
        w, h = np.ceil(outline.max(0) - corner).astype(int) + 6
        mask = _filled(outline - corner, (w, h))
        shrink = max(w, h) / 110
        small = mask.resize((max(4, round(w / shrink)), max(4, round(h / shrink))), Image.Resampling.BOX)
        diffuse, shine = (
            np.asarray(Image.fromarray(light.astype(np.float32)).resize((w, h), Image.Resampling.BICUBIC))
            for light in inflate(np.asarray(small, np.float32) / 255)
        )
        colours = np.broadcast_to(np.array(base, float), (h, w, 3)).copy()
        for colour, soft, patch in patches:
            cover = np.asarray(_filled(patch - corner, (w, h)).filter(ImageFilter.GaussianBlur(soft)), float)[..., None] / 255
            colours += cover * (np.array(colour) - colours)
        light = ambient + (1.12 - ambient) * diffuse[..., None]
        colours = colours * light + (1 - light) * (6, 9, 16) + shine[..., None] * np.array(gloss)
        fine = Image.fromarray(np.uint8(np.clip(colours, 0, 255))).resize((w * FINE, h * FINE), Image.Resampling.BICUBIC)
        edge = _filled((outline - corner) * FINE, fine.size).filter(ImageFilter.GaussianBlur(softness * FINE))
        self.image.paste(fine, tuple((corner * FINE).astype(int).tolist()), edge)
        return corner, colours, np.asarray(mask) > 127

    def plumage(self, volume: tuple[np.ndarray, np.ndarray, np.ndarray], lie: np.ndarray, fineness: float, contrast: float = 0.13,
                within: np.ndarray | None = None) -> None:
        """Barbs over a volume. ``lie`` (N, 2, 2): arrows along which the feathers lie, each as long as the barbs about it."""
        corner, colours, mask = volume
        if within is not None:
            mask = mask & (np.asarray(_filled(within - corner, mask.shape[::-1])) > 127)
        ys, xs = np.nonzero(mask)
        chosen = self.rng.permutation(np.repeat(np.arange(len(xs)), 2))[: int(1.1 * len(xs) / fineness)]
        roots = np.stack((xs, ys), -1)[chosen] + self.rng.uniform(0, 1, (len(chosen), 2))
        arrows, feet = lie[:, 1] - lie[:, 0], lie[:, 0] - corner
        wild = self.rng.normal(0, 0.14, len(roots))

        def steps(points: np.ndarray) -> np.ndarray:
            near = 1 / (((points[:, None] - feet) ** 2).sum(-1) + 30) ** 1.5
            return _turn((near[..., None] * arrows).sum(1) / near.sum(1)[:, None], wild)

        order = np.argsort(roots @ (arrows.sum(0) / np.linalg.norm(arrows.sum(0))))[::-1]
        roots, wild = roots[order], wild[order]
        clumps = smooth_noise(self.rng, mask.shape[::-1], max(mask.shape) / 7)
        at = roots.astype(int)
        shade = 1 + contrast * (self.rng.normal(0, 0.7, len(roots)) + 0.9 * clumps[at[:, 1], at[:, 0]])
        ink = colours[at[:, 1], at[:, 0]] * shade[:, None] + (shade[:, None] - 1) * 28
        self.barbs(roots + corner, lambda p: steps(p - corner), self.rng.uniform(0.5, 1, len(roots)) * 1.9 * fineness**0.5, ink, 200)

    def feather(self, root: np.ndarray, tip: np.ndarray, width: float, bend: float, colour: np.ndarray, edge: np.ndarray, rim: float) -> None:
        """One flight feather from root to tip, with shadow, barbs, a rim of another colour and its shaft."""
        along = tip - root
        across = np.array([-along[1], along[0]]) / (np.linalg.norm(along) + 1e-6)
        t = np.linspace(0, 1, 22)[:, None]
        spine = root + along * t + across * bend * np.linalg.norm(along) * 4 * t * (1 - t)
        half = across * width / 2 * np.minimum(1, 0.35 + 3 * t) * np.sqrt(1 - np.clip((t - 0.72) / 0.28, 0, 1) ** 2.2)
        vane = np.concatenate((spine + half, (spine - half)[::-1]))
        for drop, alpha in ((3.2, 26), (2, 34), (1, 44)):
            self.pen.polygon(((vane + (0.4 * drop, drop)) * FINE).ravel().tolist(), (8, 8, 12, alpha))
        self.pen.polygon((vane * FINE).ravel().tolist(), tuple(edge.astype(int).tolist()))
        inner = np.concatenate((spine + half - across * rim, (spine - half)[::-1] + across * rim * 0.5)) - along / np.linalg.norm(along) * rim
        self.pen.polygon((inner * FINE).ravel().tolist(), tuple(colour.astype(int).tolist()))
        for sign in (1, -1):
            at = np.sort(self.rng.uniform(0, 0.9, int(np.linalg.norm(along) * 0.7)))
            here = root + along * at[:, None] + across * bend * np.linalg.norm(along) * (4 * at * (1 - at))[:, None]
            reach = sign * across * width * 0.42 + along / np.linalg.norm(along) * width * 0.7
            jitter = 1 + self.rng.normal(0.06 * sign, 0.13, (len(at), 1))
            self.barbs(here, lambda p, r=reach: np.broadcast_to(r, p.shape), np.full(len(at), 1.0), colour * jitter + 3 * sign, 120)
        shaft = [tuple(p) for p in spine[:-2] * FINE]
        self.pen.line(shaft, (*np.uint8(colour * 0.55).tolist(), 170), 2)

    def fan(self, count: int, roots: np.ndarray, tips: np.ndarray, width: float, colour: Colour, edge: Colour, rim: float = 1.2, bend: float = 0.04,
            dim: tuple[float, float] = (0.8, 1.1)) -> None:
        """Overlapping feathers, ``count`` of them: roots and tips along two curves, the first lowest; ``dim`` their brightness."""
        along = lambda curve, s: np.array([np.interp(s, np.linspace(0, 1, len(curve)), curve[:, k]) for k in (0, 1)])
        roots, tips = spline(roots, closed=False), spline(tips, closed=False)
        for s in np.linspace(0, 1, count):
            light = (dim[0] + (dim[1] - dim[0]) * s) * self.rng.uniform(0.93, 1.07)
            self.feather(along(roots, s), along(tips, s), width, bend, np.clip(np.array(colour) * light, 0, 255),
                         np.clip(np.array(edge) * light, 0, 255), rim)

    def limb(self, curve: np.ndarray, widths: Sequence[float], colour: Colour, bark: float = 0.2, reach: float = 16) -> None:
        """A round branch, leg or toe along a curve, with grain."""
        curve = spline(curve, closed=False, steps=24)
        width = np.interp(np.linspace(0, 1, len(curve)), np.linspace(0, 1, len(widths)), widths)
        along = np.gradient(curve, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        side = np.stack((-along[:, 1], along[:, 0]), -1)
        side *= np.sign(side[:, 1:] + 1e-9)  # pointing down
        bumps = 1 + bark * np.cumsum(self.rng.normal(0, 0.12, (2, len(curve))), 1).clip(-1, 1)
        hull = np.concatenate((curve - side * (width * bumps[0])[:, None] / 2, (curve + side * (width * bumps[1])[:, None] / 2)[::-1]))
        self.pen.polygon((hull * FINE).ravel().tolist(), tuple(int(0.7 * c) for c in colour))
        count = int(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum() * np.mean(widths) / 3) + 40
        at, s = self.rng.uniform(0, len(curve) - 1, count), self.rng.uniform(-0.97, 0.97, count)
        there = lambda values: np.stack([np.interp(at, np.arange(len(curve)), column) for column in np.atleast_2d(values.T)], -1)
        bump = np.where(s > 0, there(bumps[1])[:, 0], there(bumps[0])[:, 0])
        roots = there(curve) + there(side) * (s * there(width)[:, 0] / 2 * bump)[:, None]
        light = 0.42 + 0.75 * np.sqrt(np.clip(1 - (s + 0.45) ** 2 / 2.1, 0, 1)) + self.rng.normal(0, bark * 0.6, count)
        ahead = there(along) * reach * self.rng.uniform(0.3, 1.3, (count, 1))
        self.barbs(roots, lambda p: ahead, self.rng.uniform(0.6, 2.2, count), np.array(colour) * light[:, None], 170)

    def leaf(self, stalk: Points | np.ndarray, width: float, colour: Colour) -> None:
        """A leaf from stalk to tip: a broad green feather."""
        root, tip = np.asarray(stalk, float)
        self.feather(root, tip, width, 0.07, np.array(colour, float), np.array(colour) * 1.25, 1.2)

    def eye(self, at: np.ndarray, radius: float, iris: Colour, pupil: float, ring: Colour) -> None:
        disc = lambda c, r, ink: self.pen.ellipse(((c - r) * FINE).tolist() + ((c + r) * FINE).tolist(), ink)
        disc(at, radius * 1.25, (*ring, 255))
        disc(at, radius, (*iris, 255))
        disc(at, radius * pupil, (8, 6, 8, 255))
        disc(at + radius * np.array([0.2, 0.38]), radius * 0.42, (130, 120, 110, 50))
        disc(at + radius * np.array([-0.32, -0.36]), radius * 0.26, (255, 255, 255, 245))

    def save(self, path: Path) -> None:
        self.image.resize(self.size, Image.Resampling.LANCZOS).save(path, quality=84, method=6)


def _filled(outline: np.ndarray, size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(outline.ravel().tolist(), fill=255)
    return mask


# --- the songbird, facing right ---------------------------------------------------------------------------------------------

CROWN = ((152, -146), (120, -165), (84, -152), (60, -116))
TRUNK = ((34, -84), (-12, -46), (-62, 0), (-104, 44), (-140, 80), (-136, 98), (-98, 100), (-54, 110), (-24, 116), (-10, 127), (4, 120),
         (22, 120), (36, 127), (48, 114), (80, 88), (108, 56), (131, 4), (140, -45), (147, -76), (160, -96), (165, -118))
LIE = (((150, -135), (139, -141)), ((120, -160), (107, -159)), ((85, -145), (73, -133)), ((110, -115), (96, -108)), ((60, -100), (45, -83)),
       ((10, -55), (-8, -38)), ((-90, 30), (-112, 52)), ((-140, 100), (-162, 118)), ((150, -90), (140, -79)), ((130, -40), (122, -20)),
       ((120, 20), (107, 40)), ((80, 75), (59, 88)), ((20, 110), (-6, 118)), ((-60, 115), (-86, 122)), ((60, -20), (44, 0)))
BACK = ((66, -108), (40, -92), (-22, -46), (-78, -2), (-125, 42), (-96, 36), (-40, 6), (14, -26), (62, -50), (84, -66))
FLANK = ((84, -90), (124, -50), (134, 0), (108, 56), (62, 106), (8, 126), (-60, 122), (-70, 94), (-14, 86), (44, 62), (86, 26), (106, -26), (92, -60), (70, -74))


@dataclass(frozen=True)
class Songbird:
    """Colours and measures of one species; patches are (colour, softness, outline)."""

    body: Colour
    patches: tuple = ()
    primaries: tuple[Colour, Colour] = ((40, 38, 40), (90, 88, 86))  # vane and rim, as those below
    secondaries: tuple[Colour, Colour] = ((40, 38, 40), (90, 88, 86))
    coverts: tuple[Colour, Colour] = ((40, 38, 40), (90, 88, 86))
    bar: tuple[Colour, Colour] = ((40, 38, 40), (90, 88, 86))  # the row between coverts and shoulder
    shoulder: tuple[Colour, Colour] = ((40, 38, 40), (90, 88, 86))
    tail: tuple[Colour, Colour] = ((40, 38, 40), (90, 88, 86))
    tail_length: float = 120
    bill: tuple[Colour, float, float] = ((60, 60, 66), 55, 34)  # colour, length, depth
    legs: Colour = (92, 78, 72)
    eye: tuple[Colour, float] = ((40, 24, 16), 0.6)  # iris, pupil's part of it
    ring: Colour = (16, 14, 14)
    crown: Points = CROWN
    lie: tuple = ()  # arrows that its crest adds to LIE
    gloss: Colour = (36, 34, 28)
    contrast: float = 0.13
    rim: float = 1.4


def songbird(picture: Picture, bird: Songbird, pose: Pose, perch: Callable[[], None],
             feet: Points = ((-2, 160), (40, 158))) -> None:
    """Tail, far leg, body, perch, wing, bill, eye: from the back to the front."""
    k = pose.scale
    away = np.array([-0.78, 0.63]) * bird.tail_length
    for far in (True, False):
        start = np.array([[-118, 98], [-128, 88]]) if far else np.array([[-112, 106], [-122, 84]])
        ends = start[::-1] + away + (np.array([[8, 20], [-4, -6]]) if not far else np.array([[-6, 12], [-14, 2]]))
        picture.fan(5, pose(start), pose(ends[::-1] if far else ends[::-1]), 17 * k, *bird.tail, bird.rim * k, 0.0, (0.6, 0.8) if far else (0.8, 1.1))
    perch()
    for knee, foot in zip(((-12, 116), (28, 116)), feet, strict=True):
        _leg(picture, pose, knee, foot, bird.legs)
    _bill(picture, bird.bill, pose)
    outline = spline(pose(bird.crown + TRUNK))
    lie = pose(np.array(LIE + bird.lie, float))
    patches = [(colour, soft * k, spline(pose(points))) for colour, soft, points in bird.patches]
    volume = picture.solid(outline, bird.body, patches, bird.gloss, softness=1.2)
    picture.plumage(volume, lie, k, bird.contrast)
    _wing(picture, bird, pose)
    for region in (BACK, FLANK):  # the plumage of the back and of the flank covers the wing's edges
        picture.plumage(volume, lie, k, bird.contrast, spline(pose(region)))
    picture.eye(pose(np.array([134.0, -122])), 8 * k, bird.eye[0], bird.eye[1], bird.ring)


def _leg(picture: Picture, pose: Pose, knee: tuple, foot: tuple, colour: Colour) -> None:
    k, foot_at = pose.scale, np.array(foot, float)
    picture.limb(np.stack((pose(np.array(knee, float)), pose.place(foot_at))), (8 * k, 6 * k), colour, 0.08, 4 * k)
    for reach in ((-16, 12), (10, 18), (22, 13), (30, 7)):
        toe = foot_at + np.array([(0, 0), (0.6 * reach[0], -1), reach])
        picture.limb(pose.place(toe), (6 * k, 5.4 * k, 3 * k), colour, 0.08, 4 * k)


def _wing(picture: Picture, bird: Songbird, pose: Pose) -> None:
    k, r = pose.scale, bird.rim * pose.scale
    fan = lambda count, roots, tips, width, inks, **more: picture.fan(count, pose(np.array(roots, float)), pose(np.array(tips, float)), width * k, *inks, r, **more)
    fan(7, [(10, 52), (20, 10)], [(-66, 84), (-124, 100), (-186, 106)], 15, bird.primaries)
    fan(6, [(30, 46), (35, -20)], [(-42, 74), (-84, 66), (-106, 38)], 22, bird.secondaries)
    fan(3, [(20, -14), (24, -34)], [(-100, 42), (-72, 16)], 25, bird.secondaries, dim=(1, 1.15))
    fan(8, [(74, 20), (45, -55)], [(8, 58), (-20, 40), (-34, 6), (-30, -26)], 21, bird.coverts)
    fan(7, [(88, 6), (52, -58)], [(34, 46), (6, 28), (-8, -16)], 19, bird.bar)
    fan(7, [(98, -12), (64, -62)], [(52, 34), (28, 16), (14, -22)], 19, bird.shoulder)
    fan(6, [(102, -26), (74, -64)], [(76, 10), (54, -6), (42, -36)], 17, bird.shoulder)


def _bill(picture: Picture, bill: tuple[Colour, float, float], pose: Pose) -> None:
    colour, length, depth = bill
    at = np.array([160.0, -108])
    upper = np.array([(-16, -0.5), (0.3, -0.52), (0.7, -0.24), (1, 0.12), (0.55, 0.04), (-16, 0.06)])
    lower = np.array([(-16, 0.02), (0.5, 0.04), (0.9, 0.12), (0.55, 0.36), (0.2, 0.46), (-16, 0.44)])
    for part, light in ((lower, 0.8), (upper, 1)):
        part = part * np.where(part[:, :1] < 0, (1, depth), (length, depth))
        picture.solid(spline(pose(part + at)), tuple(int(light * c) for c in colour), gloss=(70, 66, 60), ambient=0.45, softness=0.3)
    gape = spline(pose(np.array([(-0.08, 0.06), (0.4, 0.03), (0.85, 0.11)]) * (length, depth) + at), closed=False)
    picture.pen.line([tuple(p) for p in gape * FINE], (20, 12, 10, 190), round(1.2 * pose.scale * FINE))


# --- the six ----------------------------------------------------------------------------------------------------------------


def cardinal() -> Picture:
    picture = Picture((800, 600), 17)
    picture.backdrop([(150, 160, 172), (172, 178, 186), (120, 126, 134), (96, 98, 104)], [(255, 255, 255)] * 14, [(84, 78, 78)] * 6)
    bird = Songbird(
        body=(208, 28, 22),
        patches=(
            ((150, 40, 36), 14, BACK),
            ((232, 50, 30), 14, ((120, -160), (70, -220), (90, -150), (120, -130))),
            ((20, 9, 10), 3, ((172, -124), (152, -134), (142, -119), (142, -98), (134, -78), (146, -62), (164, -86))),
        ),
        primaries=((104, 34, 32), (176, 60, 52)), secondaries=((116, 40, 38), (190, 78, 66)), coverts=((140, 44, 38), (178, 86, 76)),
        bar=((160, 40, 34), (172, 80, 72)), shoulder=((176, 36, 30), (160, 66, 58)), tail=((160, 30, 28), (206, 60, 50)), tail_length=190,
        bill=((238, 88, 44), 44, 46), legs=(120, 84, 74), crown=((157, -140), (134, -166), (104, -202), (66, -244), (74, -196), (64, -150), (54, -112)),
        lie=(((110, -185), (84, -212)), ((85, -200), (62, -236)), ((140, -150), (124, -168))),
    )  # fmt: skip
    pose = Pose((455, 300), 1.0, left=True, turn=-4, nod=-2)
    branch = np.array([(-420, 150), (-150, 186), (40, 176), (250, 204), (520, 264)])

    def perch() -> None:
        picture.limb(pose.place([(240, 205), (310, 170), (360, 96)]), (13, 9, 4), (104, 92, 86))
        picture.limb(pose.place(branch), (34, 29, 28, 26, 20), (116, 104, 98))
        for stretch in (slice(0, 2), slice(3, 5)):
            picture.limb(pose.place(branch[stretch] - (0, 10)), (4, 12, 14, 12, 3), (226, 232, 244), 0.5, 6)

    songbird(picture, bird, pose, perch)
    return picture


def painted_bunting() -> Picture:
    picture = Picture((840, 560), 16)
    picture.backdrop([(40, 62, 34), (70, 98, 48), (48, 66, 40), (30, 40, 28)], [(190, 210, 130)] * 12, [(60, 74, 40), (88, 96, 60)] * 3)
    blue, green, red = (44, 54, 186), (170, 196, 38), (226, 52, 30)
    bird = Songbird(
        body=red,
        patches=(
            (green, 7, ((80, -100), (40, -90), (-12, -56), (-50, -14), (-20, 20), (40, 0), (88, -46), (96, -70))),
            (blue, 6, ((172, -122), (150, -160), (110, -176), (70, -156), (46, -110), (66, -78), (104, -66), (132, -66), (142, -88), (156, -90))),
            ((24, 26, 80), 4, ((170, -122), (152, -128), (148, -114), (154, -96), (168, -96))),
        ),
        primaries=((62, 48, 44), (116, 92, 70)), secondaries=((66, 56, 44), (120, 128, 62)), coverts=((70, 74, 44), (140, 150, 60)),
        bar=((96, 110, 44), (150, 168, 60)), shoulder=((120, 140, 44), (160, 180, 56)), tail=((104, 50, 44), (150, 80, 64)), tail_length=125,
        bill=((120, 124, 134), 44, 34), legs=(74, 66, 64), eye=((40, 20, 16), 0.6), ring=(206, 60, 40),
    )  # fmt: skip
    pose = Pose((330, 300), 0.86, turn=-8, nod=8)

    def perch() -> None:
        for stalk, width in ((((520, 120), (600, 40)), 34), (((560, 112), (690, 130)), 36), (((-300, 226), (-370, 150)), 32), (((470, 130), (450, 226)), 30)):
            picture.leaf(pose.place(stalk), width, (84, 124, 52))
        picture.limb(pose.place([(-460, 260), (-150, 196), (40, 174), (240, 186), (660, 90)]), (40, 36, 32, 28, 16), (136, 132, 118))

    songbird(picture, bird, pose, perch)
    return picture


def yellow_headed_blackbird() -> Picture:
    picture = Picture((600, 760), 12)
    picture.backdrop([(120, 146, 92), (150, 164, 110), (128, 134, 84), (92, 96, 62)], [(230, 230, 180)] * 8, [(196, 180, 128), (150, 146, 92)] * 8)
    black, yellow = (30, 28, 30), (250, 186, 12)
    bird = Songbird(
        body=black,
        patches=(
            (yellow, 5, ((176, -122), (150, -170), (110, -180), (70, -160), (40, -112), (60, -64), (92, -30), (106, 16), (134, 30), (160, -40), (160, -90))),
            ((22, 18, 16), 2.5, ((172, -128), (154, -134), (134, -134), (120, -126), (134, -112), (154, -108), (156, -92), (172, -94))),
        ),
        primaries=((32, 30, 32), (58, 56, 58)), secondaries=((30, 28, 30), (60, 58, 60)), coverts=((30, 28, 30), (64, 62, 62)),
        bar=((32, 30, 32), (60, 58, 60)), shoulder=((34, 32, 34), (56, 54, 56)), tail=((30, 28, 30), (54, 52, 54)), tail_length=165,
        bill=((44, 42, 46), 62, 30), legs=(40, 36, 36), eye=((50, 30, 20), 0.6), gloss=(62, 62, 70),
    )  # fmt: skip
    pose = Pose((300, 400), 0.98, turn=-22, nod=22)

    def reeds() -> None:
        for foot, top in ((-240, -130), (-180, -330), (190, 250)):
            picture.limb(pose.place([(foot, 420), ((foot + top) / 2, 60), (top, -420)]), (9, 7, 3), (150, 150, 92), 0.1, 40)
        picture.limb(pose.place([(-200, 420), (-60, 200), (20, 158), (330, 40)]), (16, 14, 12, 6), (190, 170, 120), 0.1, 40)

    songbird(picture, bird, pose, reeds)
    white = (232, 230, 224)  # primary coverts
    picture.fan(3, pose(np.array([(44, 54), (40, 40.0)])), pose(np.array([(-14, 78), (-26, 66.0)])), 11, white, white, 0)
    return picture


def american_goldfinch() -> Picture:
    picture = Picture((800, 600), 47)
    picture.backdrop([(126, 168, 84), (150, 184, 92), (104, 146, 70), (70, 110, 56)], [(240, 250, 190)] * 8 + [(170, 110, 190)] * 5, [(96, 130, 66)] * 5)
    yellow, black = (252, 214, 22), (24, 22, 24)
    bird = Songbird(
        body=yellow,
        patches=(
            ((246, 242, 226), 7, ((-150, 90), (-96, 60), (-50, 104), (-60, 130), (-140, 116))),
            (black, 2.5, ((166, -132), (156, -128), (142, -136), (116, -140), (96, -152), (104, -176), (150, -176))),
        ),
        primaries=((26, 24, 26), (150, 148, 144)), secondaries=((28, 26, 28), (228, 226, 220)), coverts=((28, 26, 28), (70, 68, 66)),
        bar=((238, 232, 206), (250, 248, 236)), shoulder=((30, 28, 28), (60, 58, 56)), tail=((28, 26, 28), (220, 216, 208)), tail_length=110,
        bill=((236, 140, 84), 36, 32), legs=(176, 120, 100), eye=((36, 22, 16), 0.6), ring=(40, 30, 16), gloss=(30, 30, 30),
    )  # fmt: skip
    pose = Pose((270, 190), 0.66, turn=4)

    def thistle() -> None:
        picture.limb(pose.place([(-60, 700), (-40, 400), (10, 250), (18, 200)]), (13, 12, 11, 14), (104, 136, 82), 0.1)
        for stalk, width in ((((-40, 420), (-190, 340)), 34), (((-48, 470), (90, 390)), 36), (((-56, 600), (-200, 560)), 38)):
            picture.leaf(pose.place(stalk), width, (98, 138, 78))
        centre = np.array([18, 188.0])
        angle = picture.rng.uniform(-0.95, 0.95, 900)
        rays = np.stack((np.sin(angle), -0.75 * np.cos(angle)), -1)
        picture.solid(spline(pose.place(centre + [(-26, 4), (0, -8), (26, 4), (20, 32), (0, 40), (-20, 32)])), (92, 124, 74))
        shade = picture.rng.uniform(0.7, 1.15, (900, 1)) * np.array([176, 92, 186])
        ends = rays * picture.rng.uniform(14, 30, (900, 1))
        picture.barbs(pose.place(centre + rays * (24, 10)), lambda p: ends, np.full(900, 1.6), shade)

    songbird(picture, bird, pose, thistle)
    return picture


def red_winged_blackbird() -> Picture:
    picture = Picture((800, 640), 10)
    picture.backdrop([(168, 178, 170), (186, 184, 150), (160, 150, 104), (120, 112, 76)], [(250, 246, 220)] * 8, [(176, 160, 110), (120, 124, 80)] * 7)
    ink = ((28, 28, 32), (60, 60, 66))
    bird = Songbird(
        body=(26, 26, 30), primaries=ink, secondaries=ink, coverts=ink, bar=((246, 196, 96), (252, 220, 150)), shoulder=((226, 40, 16), (240, 84, 40)), tail=ink,
        tail_length=170, bill=((38, 38, 42), 64, 32), legs=(36, 34, 36), eye=((40, 24, 16), 0.6), ring=(52, 50, 54), gloss=(70, 76, 92),
    )  # fmt: skip
    pose = Pose((420, 330), 1.12, left=True, turn=-12, nod=6)

    def cattails() -> None:
        for x, top in ((262, -60), (318, 40), (-250, -150)):
            picture.limb(pose.place([(x - 14, 330), (x, 100), (x + 6, top - 60)]), (8, 7, 3), (140, 138, 90), 0.1, 40)
            if top < 0:
                picture.limb(pose.place([(x, top + 90), (x + 2, top + 45), (x + 4, top)]), (14, 21, 22, 20, 12), (112, 72, 44), 0.25, 5)
        picture.limb(pose.place([(-420, 300), (-100, 190), (30, 172), (420, 100)]), (24, 22, 20, 14), (150, 132, 96))

    songbird(picture, bird, pose, cattails)
    return picture


def crested_auklet() -> Picture:
    picture = Picture((720, 640), 5)
    picture.backdrop([(120, 152, 186), (98, 134, 172), (76, 112, 150), (60, 92, 128)], [(220, 232, 244)] * 6, [], blur=20)
    pose = Pose((430, 300), 1.3, left=True)
    p = lambda *points: pose.place(points)
    crest = [((96, -150), (104, -200), (130, -236), (176, -244)), ((90, -154), (92, -206), (116, -256), (150, -270)), ((100, -146), (116, -186), (142, -206), (176, -208)),
             ((86, -158), (84, -206), (96, -250), (116, -278)), ((102, -144), (122, -172), (144, -184), (166, -180)), ((94, -152), (100, -196), (128, -222), (160, -222))]
    for plume in crest:
        picture.limb(p(*plume), (7, 6, 4, 1), (40, 40, 46), 0.1, 12)
    body = p((108, -118), (98, -150), (62, -174), (20, -160), (-10, -116), (-28, -50), (-72, 30), (-112, 120), (-126, 300), (110, 300), (136, 190), (124, 90), (100, 10),
             (92, -40), (98, -82))
    head = p((130, -150), (60, -200), (-20, -170), (-40, -60), (20, -20), (90, -30), (120, -80))
    mantle = p((-10, -50), (-72, 20), (-130, 120), (-140, 310), (-40, 310), (-20, 100), (0, 10))
    lie = p(*(point for root, way in {(95, -130): (-10, -4), (60, -165): (-13, 2), (15, -150): (-10, 12), (50, -110): (-12, 6), (-5, -80): (-5, 16), (85, -60): (-8, 10),
             (50, -20): (-7, 16), (-40, 10): (-9, 17), (-90, 120): (-5, 20), (95, 40): (-1, 19), (120, 160): (-6, 20), (30, 120): (-6, 20)}.items()
             for point in (root, np.add(root, way)))).reshape(-1, 2, 2)  # fmt: skip
    volume = picture.solid(spline(body), (104, 102, 104), (((58, 58, 66), 26, spline(head)), ((62, 60, 64), 16, spline(mantle))), (40, 42, 46), softness=1.2)
    picture.plumage(volume, lie, 1.3, 0.16)
    dark = ((50, 48, 52), (88, 84, 84))
    for roots, tips, width in (((-24, 170), (-100, 190)), ((-4, 330), (-130, 340)), 34), (((10, 80), (-92, 120)), ((0, 214), (-110, 236)), 34), (((4, 40), (-70, 70)), ((4, 124), (-100, 150)), 32):
        picture.fan(6, p(*roots), p(*tips), width, *dark, bend=0.02)
    picture.plumage(volume, lie, 1.3, 0.16, spline(p((20, 0), (50, 60), (34, 120), (30, 280), (-6, 280), (2, 120), (-20, 70), (-60, 80), (-96, 130), (-80, 30), (-30, -30))))
    for part, colour in (((66, -92), (84, -104), (112, -98), (150, -92), (146, -78), (118, -68), (90, -66), (70, -74)), (226, 84, 22)), \
                        (((88, -104), (96, -126), (122, -130), (150, -116), (166, -92), (160, -84), (138, -92), (112, -92)), (246, 108, 28)):
        outline = spline(p(*part))
        tip = spline(p((148, -130), (180, -110), (180, -70), (150, -70), (156, -92)))
        picture.solid(outline, colour, [((246, 214, 150), 4, tip)], (90, 80, 60), 0.6, 0.4)
    plume = pose.place(spline([(44, -110), (26, -96), (12, -72), (4, -40)], closed=False, steps=40))
    flow = np.gradient(plume, axis=0) * 22
    for _ in range(3):
        picture.barbs(plume + picture.rng.normal(0, 1.1, plume.shape), lambda q: flow, np.full(len(plume), 1.6), np.full((len(plume), 3), 236.0), 120)
    picture.eye(pose.place([58, -122]), 15, (246, 246, 238), 0.34, (24, 24, 28))
    rock = p((-400, 300), (-330, 236), (-220, 222), (-120, 236), (0, 214), (120, 232), (210, 214), (300, 250), (420, 240), (420, 420), (-400, 420))
    lichen = [((204, 160, 48), 4, spline(pose.place(np.array(at) + picture.rng.normal(0, r / 2, (7, 2)) + [(r * np.cos(a), 0.6 * r * np.sin(a)) for a in np.arange(7) * 0.9])))
              for at, r in (((-200, 250), 22), ((150, 246), 26), ((60, 240), 12), ((-90, 256), 16), ((250, 262), 14))]
    stone = picture.solid(spline(rock), (136, 128, 120), lichen, (20, 20, 20), softness=0.8)
    picture.plumage(stone, p((0, 240), (9, 241), (200, 240), (207, 246), (-200, 240), (-193, 236)).reshape(-1, 2, 2), 1.4, 0.4)
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
