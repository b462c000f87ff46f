"""Distorted MNIST (appendix A.4): its five distortions, their parameters and application.

Each distortion has two halves. ``draw`` takes parameters from the training distribution, ``apply``
distorts with the parameters given: training draws, the sliders set. Everything geometric is one
bilinear warp of the 28x28 digit with zeros outside, written as a map from the output canvas to the
digit like any other T_theta. Lengths are pixels of the 28x28 digit, angles radians; a positive
rotation turns the digit clockwise on the screen (y is down), a positive shift moves it right and
down.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor

from stn_core.transformer.sampler import sample
from stn_core.transformer.transforms import TRANSFORMS, Size, constant, dehomogenise, grid_features

DIGIT = 28  # the side of an MNIST digit
PATCH = 6  # the side of a distractor
PATCHES = 6  # distractors of a digit
ELASTIC_SIGMA = 1.5  # pixels that E moves its control points by
CHUNK = 1024  # digits warped at once: their grids stay in the cache

Parameters = dict[str, Tensor]
Amount = TypeVar("Amount", float, Tensor)


class Distortion:
    """One kind of distorted MNIST.

    Attributes:
        name: r, rts, p, e, tc or pxy.
        title: its name in the paper's words.
        size: (H, W) of the distorted image.
        trained: the ranges that ``draw`` draws from, of what the report's curves vary: "rotation"
            in degrees, "scale" and "shift" in pixels; none for what it never varies by itself.
    """

    name: str
    title: str
    size: Size = (DIGIT, DIGIT)
    trained: Mapping[str, tuple[float, float]] = MappingProxyType({})

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        """Parameters of ``count`` training digits; every tensor is (count, ...)."""
        raise NotImplementedError

    def identity(self, count: int = 1) -> Parameters:
        """The parameters that leave the digit as it is, in the middle of the canvas."""
        raise NotImplementedError

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        """Digits (N, 28, 28), uint8 or float in [0, 1], with the parameters of N digits -> float32
        (N, 1, H, W) in [0, 1].

        ValueError if the images or the parameters are not of these shapes.
        """
        if images.ndim != 3 or images.shape[1:] != (DIGIT, DIGIT):
            raise ValueError(f"digits must be (N, {DIGIT}, {DIGIT}); got {tuple(images.shape)}")
        expected = {
            name: (tuple(value.shape), value.is_floating_point())
            for name, value in self.identity(len(images)).items()
        }
        actual = {
            name: (tuple(value.shape), value.is_floating_point())
            for name, value in parameters.items()
        }
        if actual != expected:

            def listed(them: Mapping[str, tuple[tuple[int, ...], bool]]) -> str:
                return ", ".join(
                    f"{name} {'float' if real else 'int'} {shape}"
                    for name, (shape, real) in them.items()
                )

            raise ValueError(
                f"{self.name} needs parameters {listed(expected)} for {len(images)} digits; got "
                f"{listed(actual)}"
            )
        parameters = {name: value.to(images.device) for name, value in parameters.items()}
        images = images[:, None]
        images = images.float().div(255) if images.dtype == torch.uint8 else images.float()
        with torch.autocast(images.device.type, enabled=False):
            return self._apply(images, parameters)

    def _apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        warped = [
            sample(
                images[start : start + CHUNK],
                self.grid({k: v[start : start + CHUNK] for k, v in parameters.items()}),
            )
            for start in range(0, len(images), CHUNK)
        ]
        return torch.cat(warped) if warped else images.new_zeros(0, 1, *self.size)

    def grid(self, parameters: Parameters) -> Tensor:
        """Where each pixel of the canvas comes from in the digit: (N, H, W, 2), normalised."""
        raise NotImplementedError


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


class Rotation(Distortion):
    """R: a rotation about the centre, uniform in [-90, +90] degrees. Parameters: angle (N,)."""

    name, title = "r", "rotation"
    trained = MappingProxyType({"rotation": (-90.0, 90.0)})

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        return {"angle": uniform(-math.pi / 2, math.pi / 2, (count,), generator)}

    def identity(self, count: int = 1) -> Parameters:
        return {"angle": torch.zeros(count)}

    def grid(self, parameters: Parameters) -> Tensor:
        angle = -parameters["angle"]  # the canvas is turned back to find the digit
        zero = torch.zeros_like(angle)
        return TRANSFORMS["similarity"].grid(
            torch.stack((angle.cos(), angle.sin(), zero, zero), dim=1), self.size
        )


class RotationScaleTranslation(Distortion):
    """RTS: rotation uniform in [-45, +45] degrees, scale s uniform in [0.7, 1.2], then a place in a
    42x42 canvas, uniform over the centres that keep the upright 28s x 28s box inside. Parameters:
    angle (N,), scale (N,), shift (N, 2), in pixels from the canvas's centre to the digit's.
    ``size`` is the canvas."""

    name, title = "rts", "rotation, scale and translation"
    # the shift as far as a digit of scale 1 may go
    trained = MappingProxyType(
        {"rotation": (-45.0, 45.0), "scale": (0.7, 1.2), "shift": (-7.0, 7.0)}
    )

    def __init__(self, size: Size = (42, 42)) -> None:
        self.size = size

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        angle = uniform(-math.pi / 4, math.pi / 4, (count,), generator)
        scale = uniform(0.7, 1.2, (count,), generator)
        return {
            "angle": angle,
            "scale": scale,
            "shift": uniform(-1, 1, (count, 2), generator) * self.largest_shift(scale)[:, None],
        }

    def largest_shift(self, scale: Amount) -> Amount:
        """How far along x and y, in pixels, a digit of a scale may be shifted with its upright box
        inside."""
        return (self.size[0] - DIGIT * scale) / 2

    def identity(self, count: int = 1) -> Parameters:
        return {
            "angle": torch.zeros(count),
            "scale": torch.ones(count),
            "shift": torch.zeros(count, 2),
        }

    def grid(self, parameters: Parameters) -> Tensor:
        angle, scale = -parameters["angle"], parameters["scale"]
        zoom = self.size[0] / DIGIT / scale  # digit units a canvas unit
        a, b = angle.cos() * zoom, angle.sin() * zoom
        x, y = (parameters["shift"] * 2 / self.size[0]).unbind(1)
        return TRANSFORMS["similarity"].grid(
            torch.stack((a, b, b * y - a * x, -b * x - a * y), dim=1), self.size
        )


class Projection(Distortion):
    """P: scale s uniform in [0.75, 1] about the centre of the 28x28 frame, then each corner of the
    frame stretched by one amount a ~ N(0, 5 px) in a direction uniform over the circle; all four
    drawn again while the quadrilateral is not convex. The canvas point x reads the digit at H^-1(x)
    / s, where H is the homography of the four corners. Parameters: scale (N,), moves (N, 4, 2) in
    pixels, of the frame's corners top left, top right, bottom right, bottom left.

    The paper says neither in which direction nor of which box the corners are stretched. This
    reading was chosen because its errors agree with the paper's; ``CornerNoise`` is another one.
    """

    name, title = "p", "projective transformation"
    trained = MappingProxyType({"scale": (0.75, 1.0)})
    frame = tuple((DIGIT / 2 * x, DIGIT / 2 * y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)))

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        scale = uniform(0.75, 1.0, (count,), generator)
        moves = self.draw_moves(count, generator)
        while (again := ~is_convex(self.corners({"scale": scale, "moves": moves}))).any():
            moves[again] = self.draw_moves(int(again.sum()), generator)
        return {"scale": scale, "moves": moves}

    def draw_moves(self, count: int, generator: torch.Generator) -> Tensor:
        """Moves (count, 4, 2) of the corners, convex or not."""
        amount = 5 * torch.randn(count, 4, generator=generator)
        direction = uniform(0, 2 * math.pi, (count, 4), generator)
        return amount[..., None] * torch.stack((direction.cos(), direction.sin()), dim=-1)

    def identity(self, count: int = 1) -> Parameters:
        return {"scale": torch.ones(count), "moves": torch.zeros(count, 4, 2)}

    def corners(self, parameters: Parameters) -> Tensor:
        """Where the stretched corners lie on the canvas, in pixels from its centre: (N, 4, 2)."""
        return constant(self.frame, parameters["moves"]) + parameters["moves"]

    def homography(self, parameters: Parameters) -> Tensor:
        """The map from the digit to the canvas, normalised: (N, 3, 3) float64, of any scale."""
        forward = square_to_quadrilateral(self.corners(parameters).double() / (DIGIT / 2))
        scale = parameters["scale"].double()
        # the digit is scaled first
        return forward * torch.stack((scale, scale, torch.ones_like(scale)), dim=1)[:, None]

    def grid(self, parameters: Parameters) -> Tensor:
        inverse = adjugate(self.homography(parameters)).float()  # the canvas to the digit
        # (H * W, 3): x, y, 1
        homogeneous = grid_features(TRANSFORMS["affine"], self.size, torch.float32, inverse.device)
        source = dehomogenise((inverse.flatten(0, 1) @ homogeneous.T).unflatten(0, (-1, 3)))
        return source.transpose(1, 2).unflatten(1, self.size)


class CornerNoise(Projection):
    """Another reading of P, kept for comparison: the corners of the scaled 28s x 28s box moved by
    N(0, 5 px) in x and in y. Even behind the true inverse map a CNN errs on more digits than the
    paper's transformers do (``benchmarks.oracle --kind pxy``)."""

    name, title = "pxy", "projective transformation, corners moved in x and y"

    def draw_moves(self, count: int, generator: torch.Generator) -> Tensor:
        return 5 * torch.randn(count, 4, 2, generator=generator)

    def corners(self, parameters: Parameters) -> Tensor:
        return (
            parameters["scale"][:, None, None] * constant(self.frame, parameters["moves"])
            + parameters["moves"]
        )

    def homography(self, parameters: Parameters) -> Tensor:
        return square_to_quadrilateral(self.corners(parameters).double() / (DIGIT / 2))


def is_convex(corners: Tensor) -> Tensor:
    """Whether quadrilaterals (N, 4, 2), clockwise on the screen, are convex: (N,) bool."""
    edges = corners.roll(-1, dims=1) - corners
    following = edges.roll(-1, dims=1)
    return (edges[..., 0] * following[..., 1] - edges[..., 1] * following[..., 0] > 0).all(dim=1)


def square_to_quadrilateral(corners: Tensor) -> Tensor:
    """The homography (N, 3, 3) that takes the square [-1, 1]^2 to corners (N, 4, 2), in
    ``Projection.frame``'s order, scaled so that its determinant is positive and its largest entry
    1. Finite for every quadrilateral, also a degenerate one."""
    p0, p1, p2, p3 = corners.unbind(1)
    d1, d2, excess = p1 - p2, p3 - p2, p0 - p1 + p2 - p3

    def cross(u: Tensor, v: Tensor) -> Tensor:
        return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])[:, None]

    # the unit square's homography, times w (Heckbert 1989)
    g, h, w = cross(excess, d2), cross(d1, excess), cross(d1, d2)
    # (N, 2, 3)
    columns = torch.stack((w * (p1 - p0) + g * p1, w * (p3 - p0) + h * p3, w * p0), dim=2)
    unit = torch.cat((columns, torch.stack((g, h, w), dim=2)), dim=1)
    x, y, one = unit.unbind(2)
    matrix = torch.stack((x / 2, y / 2, (x + y) / 2 + one), dim=2)  # after [-1, 1]^2 to [0, 1]^2
    matrix = matrix / matrix.abs().amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    x, y, one = matrix.unbind(2)
    determinant = (x * torch.linalg.cross(y, one)).sum(1)
    return matrix * torch.where(determinant < 0, -1.0, 1.0).to(matrix)[:, None, None]


def adjugate(matrix: Tensor) -> Tensor:
    """The inverse times the determinant, (N, 3, 3), which a singular matrix has as well."""
    a, b, c = matrix.unbind(1)
    return torch.stack(
        (torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)), dim=2
    )


class Elastic(Distortion):
    """E: scale s uniform in [0.75, 1] about the centre, then a thin plate spline from target to
    source whose 16 control points form a regular 4x4 grid with corners at +-1 of the canvas and
    whose source positions are moved by N(0, 1.5 px) before the scale is applied. Parameters: scale
    (N,), moves (N, 16, 2) in pixels."""

    name, title = "e", "elastic deformation"
    trained = MappingProxyType({"scale": (0.75, 1.0)})
    points = tuple((x, y) for x, y in TRANSFORMS["tps"].identity().view(16, 2).tolist())

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        scale = uniform(0.75, 1.0, (count,), generator)
        return {
            "scale": scale,
            "moves": ELASTIC_SIGMA * torch.randn(count, 16, 2, generator=generator),
        }

    def identity(self, count: int = 1) -> Parameters:
        return {"scale": torch.ones(count), "moves": torch.zeros(count, 16, 2)}

    def grid(self, parameters: Parameters) -> Tensor:
        spline = TRANSFORMS["tps"]
        moved = constant(self.points, parameters["moves"]) + parameters["moves"] / (DIGIT / 2)
        return spline.grid((moved / parameters["scale"][:, None, None]).flatten(1), self.size)


class TranslationClutter(Distortion):
    """TC: the digit at a place uniform over the whole-pixel positions in 60x60, plus 6 distractors:
    6x6 patches cut at a uniform position out of other random digits, put at uniform positions;
    pixelwise maximum. Parameters (int64), positions (x, y) of top left corners: place (N, 2),
    sources (N, 6), how many digits further in the batch a patch is cut, cuts (N, 6, 2) and drops
    (N, 6, 2). A source of 0 is no patch at all."""

    name, title, size = "tc", "translation and clutter", (60, 60)
    trained = MappingProxyType({"shift": (-16.0, 16.0)})

    def __init__(self, patches: int = PATCHES) -> None:
        self.patches = patches

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        def positions(room: int, *shape: int) -> Tensor:
            return torch.randint(room + 1, shape, generator=generator)

        return {
            "place": positions(self.size[0] - DIGIT, count, 2),
            "sources": torch.randint(1, max(count, 2), (count, self.patches), generator=generator),
            "cuts": positions(DIGIT - PATCH, count, self.patches, 2),
            "drops": positions(self.size[0] - PATCH, count, self.patches, 2),
        }

    def identity(self, count: int = 1) -> Parameters:
        none = torch.zeros(count, self.patches, 2, dtype=torch.int64)
        place = torch.full((count, 2), (self.size[0] - DIGIT) // 2)
        return {"place": place, "sources": none[..., 0], "cuts": none, "drops": none}

    def _apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        count, side = len(images), self.size[0]
        device = images.device
        digit, patch = torch.arange(DIGIT, device=device), torch.arange(PATCH, device=device)
        index = torch.arange(count, device=device)
        canvas = images.new_zeros(count, side, side)
        x, y = parameters["place"].clamp(0, side - DIGIT).unbind(-1)  # (N,)
        canvas[
            index[:, None, None], (y[:, None] + digit)[:, :, None], (x[:, None] + digit)[:, None, :]
        ] = images[:, 0]

        sources = parameters["sources"]
        other = ((index[:, None] + sources) % count)[:, :, None, None]  # (N, 6, 1, 1)
        x, y = parameters["cuts"].clamp(0, DIGIT - PATCH).unbind(-1)  # (N, 6)
        # (N, 6, 6, 6)
        cut = images[
            other, 0, (y[..., None] + patch)[..., :, None], (x[..., None] + patch)[..., None, :]
        ]
        cut = cut * (sources > 0)[:, :, None, None]
        x, y = parameters["drops"].clamp(0, side - PATCH).unbind(-1)
        # (N, 6, 6, 6) in the canvas
        at = (y[..., None] + patch)[..., :, None] * side + (x[..., None] + patch)[..., None, :]
        # a view: the canvas itself changes
        canvas.flatten(1).scatter_reduce_(1, at.flatten(1), cut.flatten(1), "amax")
        return canvas[:, None]


_TABLE = (Rotation(), RotationScaleTranslation(), Projection(), Elastic(), TranslationClutter())
DISTORTIONS: Mapping[str, Distortion] = MappingProxyType(
    {d.name: d for d in (*_TABLE, CornerNoise())}
)
TABLE_KINDS = tuple(d.name for d in _TABLE)  # the columns of the paper's table


def distort(images: Tensor, kind: str, seed: int | torch.Generator) -> Tensor:
    """Distort digits (N, 28, 28), uint8 or float in [0, 1], afresh: float32 (N, 1, H, W) in [0, 1];
    (H, W) is 28x28, 42x42 (rts) or 60x60 (tc).

    The same seed gives the same distortions of the same digits, on every device.

    Raises:
        ValueError: the kind is none of ``DISTORTIONS``, or the shape is another.

    >>> distort(torch.zeros(5, 28, 28), "rts", seed=0).shape
    torch.Size([5, 1, 42, 42])
    """
    if kind not in DISTORTIONS:
        raise ValueError(f"kind must be one of {', '.join(DISTORTIONS)}; got {kind!r}")
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
    distortion = DISTORTIONS[kind]
    return distortion.apply(images, distortion.draw(len(images), generator))
