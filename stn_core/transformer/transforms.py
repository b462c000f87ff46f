"""T_theta: one class a family of transformations, from theta to a sampling grid (section 3.2).

Conventions
    Points are (x, y), x to the right and y down, in normalised coordinates: [-1, 1] spans the image
    from edge to edge (``align_corners=False``), so the centre of column j of W lies at (2j + 1)/W -
    1. T_theta maps *output* (target) points to *input* (source) points. A grid is (B, H, W, 2).
    theta and grids are float32 (float64 stays float64); half precision is raised to float32,
    autocast is switched off. Angles are radians; with y down, a positive rotation turns the grid
    clockwise as seen on the screen.

Every family here is linear in theta over some features of the target point, ``source =
coefficients(theta) @ features(point)``: (x, y, 1) for the matrix families, followed by a division
for the homography, and the spline's basis for the TPS. The features of a regular grid do not depend
on theta, so they are computed once a size; the TPS system is solved once, here, at import.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from stn_core.tensor_cache import at_least_float32, tensor_cache

Size = tuple[int, int]

THETA_LIMIT = 1e12  # beyond it theta is clamped: every product below then stays finite in float32
HORIZON = 1e-6  # the smallest |w| that a homography divides by


def regular_points(
    size: Size, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> Tensor:
    """G, the centres of an H x W image's pixels, row by row: (H * W, 2), (x, y) in [-1, 1]."""
    height, width = size
    x = (2 * torch.arange(width, dtype=torch.float64) + 1) / width - 1
    y = (2 * torch.arange(height, dtype=torch.float64) + 1) / height - 1
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack((columns, rows), dim=-1).reshape(-1, 2).to(device, dtype)


class Transform:
    """A family of transformations of the plane.

    Attributes:
        name: its key in ``TRANSFORMS``.
        num_params: P, the number of parameters in theta.
    """

    name: str
    num_params: int

    def identity(self) -> Tensor:
        """The theta (P,) of the transformation that leaves every point where it is."""
        raise NotImplementedError

    def coefficients(self, theta: Tensor) -> Tensor:
        """theta (B, P) as the matrix for ``features``: (B, 2, F); of a homography (B, 3, 3)."""
        raise NotImplementedError

    def features(self, points: Tensor) -> Tensor:
        """What the map is linear in: target points (N, 2) -> (N, F), here (x, y, 1)."""
        return torch.cat((points, torch.ones_like(points[:, :1])), dim=1)

    def warp(self, theta: Tensor, points: Tensor) -> Tensor:
        """T_theta(points): theta (B, P), target points (N, 2) -> source points (B, N, 2).

        Finite for every finite theta; differentiable in theta. ValueError if a shape is not as
        stated.
        """
        theta = self._checked(theta)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"points must be (N, 2), x and y; got {tuple(points.shape)}")
        with torch.autocast(theta.device.type, enabled=False):
            return self._apply(theta, self.features(points.to(theta)))

    def grid(self, theta: Tensor, size: Size) -> Tensor:
        """The sampling grid T_theta(G) of an output (H, W): theta (B, P) -> (B, H, W, 2).

        Finite for every finite theta; differentiable in theta.

        Raises:
            ValueError: theta is not (B, P), or the size not positive.

        >>> TRANSFORMS["attention"].grid(torch.tensor([[0.5, 0.25, 0.0]]), (1, 2))
        tensor([[[[0.0000, 0.0000],
                  [0.5000, 0.0000]]]])
        """
        theta = self._checked(theta)
        height, width = size
        if height < 1 or width < 1:
            raise ValueError(f"size must be (H, W) with H and W at least 1; got {tuple(size)}")
        features = grid_features(self, (int(height), int(width)), theta.dtype, theta.device)
        return self._apply(theta, features).unflatten(1, (height, width))

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        """theta (B, P) in quantities a lecturer can read; only those that the family has.

        rotation (B,) radians, clockwise on the screen · scale (B, 2) along x and y, or (B,) where
        the family has only one; below 1 the window is smaller than the image, so the output is
        magnified · shear (B,) factor · translation (B, 2) normalised, where the output's centre
        comes from · perspective (B, 2), change of depth along x and y · bending (B,) normalised,
        the root mean square distance of the control points from the best affine fit.

        The order is source = translation + rotation · scale · shear · (x, y), and for a homography
        the perspective division before it: A = R(rotation) diag(scale) [[1, shear], [0, 1]].

        >>> parts = TRANSFORMS["similarity"].decompose(torch.tensor([[0.0, 2.0, 0.5, 0.0]]))
        >>> parts["rotation"], parts["scale"], parts["translation"]
        (tensor([1.5708]), tensor([2.]), tensor([[0.5000, 0.0000]]))
        """
        raise NotImplementedError

    def _checked(self, theta: Tensor) -> Tensor:
        if theta.ndim != 2 or theta.shape[1] != self.num_params:
            raise ValueError(
                f"theta of the {self.name} transform must be (B, {self.num_params}); got "
                f"{tuple(theta.shape)}"
            )
        return at_least_float32(theta).clamp(-THETA_LIMIT, THETA_LIMIT)

    def _apply(self, theta: Tensor, features: Tensor) -> Tensor:
        with torch.autocast(theta.device.type, enabled=False):
            matrix = self.coefficients(theta)  # (B, D, F)
            source = (matrix.flatten(0, 1) @ features.T).unflatten(0, matrix.shape[:2])  # (B, D, N)
        if source.shape[1] == 3:
            source = dehomogenise(source)
        return source.transpose(1, 2)  # (B, N, 2)

    def __repr__(self) -> str:
        return f"<{self.name} transform, {self.num_params} parameters>"


@tensor_cache(maxsize=64)
def grid_features(
    transform: Transform, size: Size, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """The features (H * W, F) of an output's pixel centres; shared, so never change them."""
    return transform.features(regular_points(size, torch.float64)).to(device, dtype)


def constant(points: tuple[tuple[float, float], ...], like: Tensor) -> Tensor:
    """Fixed points (N, 2) with dtype and device of ``like``; shared, so never change them."""
    return _constant(points, like.dtype, like.device)


@tensor_cache(maxsize=64)
def _constant(
    points: tuple[tuple[float, float], ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    return torch.tensor(points, dtype=dtype, device=device)


def dehomogenise(points: Tensor) -> Tensor:
    """Homogeneous points (B, 3, N) -> (B, 2, N). At the horizon, |w| < 1e-6, w keeps its sign and
    is held at 1e-6."""
    w = points[:, 2:]
    horizon = torch.full_like(w, HORIZON)
    # not by copysign, which ONNX lacks
    w = torch.where(w.abs() < HORIZON, torch.where(w < 0, -horizon, horizon), w)
    return points[:, :2] / w


def _linear_parts(matrix: Tensor) -> dict[str, Tensor]:
    """(B, 2, 2) = R(rotation) diag(scale) [[1, shear], [0, 1]]: rotation (B,), scale (B, 2), shear
    (B,); finite if singular."""
    (a, b), (c, d) = matrix.unbind(1)[0].unbind(1), matrix.unbind(1)[1].unbind(1)
    scale_x = torch.hypot(a, c)
    flat = scale_x < 1e-12  # x is collapsed: read the angle off the second column
    rotation = torch.where(flat, torch.atan2(-b, d), torch.atan2(c, a))
    cos, sin = rotation.cos(), rotation.sin()
    shear = torch.where(flat, 0.0, (cos * b + sin * d) / torch.where(flat, 1.0, scale_x))
    return {
        "rotation": rotation,
        "scale": torch.stack((scale_x, cos * d - sin * b), dim=1),
        "shear": shear,
    }


class Affine(Transform):
    """x_s = theta_11 x_t + theta_12 y_t + theta_13, likewise y: 2x3 by rows, equation (1)."""

    name, num_params = "affine", 6

    def identity(self) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])

    def coefficients(self, theta: Tensor) -> Tensor:
        return theta.unflatten(1, (2, 3))

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        matrix = self.coefficients(self._checked(theta))
        return {**_linear_parts(matrix[:, :, :2]), "translation": matrix[:, :, 2]}


class Translation(Affine):
    """x_s = x_t + t_x, y_s = y_t + t_y: theta = (t_x, t_y)."""

    name, num_params = "translation", 2

    def identity(self) -> Tensor:
        return torch.zeros(2)

    def coefficients(self, theta: Tensor) -> Tensor:
        tx, ty = theta.unbind(1)
        one, zero = torch.ones_like(tx), torch.zeros_like(tx)
        return torch.stack((one, zero, tx, zero, one, ty), dim=1).unflatten(1, (2, 3))

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        return {"translation": self._checked(theta)}


class Attention(Affine):
    """x_s = s x_t + t_x, y_s = s y_t + t_y: a crop; theta = (s, t_x, t_y), equation (2)."""

    name, num_params = "attention", 3

    def identity(self) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0])

    def coefficients(self, theta: Tensor) -> Tensor:
        s, tx, ty = theta.unbind(1)
        zero = torch.zeros_like(s)
        return torch.stack((s, zero, tx, zero, s, ty), dim=1).unflatten(1, (2, 3))

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        theta = self._checked(theta)
        return {"scale": theta[:, 0], "translation": theta[:, 1:]}


class Similarity(Affine):
    """x_s = a x_t - b y_t + t_x, y_s = b x_t + a y_t + t_y: theta = (a, b, t_x, t_y), a rotation,
    one scale and a shift."""

    name, num_params = "similarity", 4

    def identity(self) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0, 0.0])

    def coefficients(self, theta: Tensor) -> Tensor:
        a, b, tx, ty = theta.unbind(1)
        return torch.stack((a, -b, tx, b, a, ty), dim=1).unflatten(1, (2, 3))

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        a, b, tx, ty = self._checked(theta).unbind(1)
        return {
            "rotation": torch.atan2(b, a),
            "scale": torch.hypot(a, b),
            "translation": torch.stack((tx, ty), dim=1),
        }


class Projective(Transform):
    """A plane homography: the 8 entries of a 3x3 matrix by rows, without the last, h33 = 1."""

    name, num_params = "projective", 8

    def identity(self) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])

    def coefficients(self, theta: Tensor) -> Tensor:
        return torch.cat((theta, torch.ones_like(theta[:, :1])), dim=1).unflatten(1, (3, 3))

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        matrix = self.coefficients(self._checked(theta))
        translation, perspective = matrix[:, :2, 2], matrix[:, 2, :2]
        # the derivative at the centre
        linear = matrix[:, :2, :2] - translation[:, :, None] * perspective[:, None, :]
        return {**_linear_parts(linear), "translation": translation, "perspective": perspective}


class ThinPlateSpline(Transform):
    """A thin plate spline through K = 16 points: theta are the source positions (x, y) of a regular
    4x4 grid of target control points, row by row, corners at +-1 (32 numbers). Between them it
    bends as little as possible (Bookstein 1989)."""

    name, num_params = "tps", 32

    def __init__(self) -> None:
        side = torch.linspace(-1, 1, 4, dtype=torch.float64)
        rows, columns = torch.meshgrid(side, side, indexing="ij")
        self.control_points = torch.stack((columns, rows), dim=-1).reshape(-1, 2)  # (16, 2)
        homogeneous = super().features(self.control_points)  # (16, 3)
        system = torch.zeros(19, 19, dtype=torch.float64)
        system[:16, :16] = self._bumps(self.control_points)
        system[:16, 16:], system[16:, :16] = homogeneous, homogeneous.T
        # (19, 16): from source positions to the spline's weights
        self.solution = torch.linalg.inv(system)[:, :16]
        # (3, 16): from source positions to the nearest affine map
        self._affine_fit = torch.linalg.pinv(homogeneous)

    def _bumps(self, points: Tensor) -> Tensor:
        """U(r) = r^2 log r^2 around each control point, 0 at r = 0: (N, 2) -> (N, 16)."""
        squared = (points[:, None] - self.control_points.to(points)).square().sum(-1)
        return torch.xlogy(squared, squared)

    def identity(self) -> Tensor:
        return self.control_points.float().flatten()

    def coefficients(self, theta: Tensor) -> Tensor:
        return theta.unflatten(1, (16, 2)).transpose(1, 2)

    def features(self, points: Tensor) -> Tensor:
        return torch.cat((self._bumps(points), super().features(points)), dim=1) @ self.solution.to(
            points
        )

    def decompose(self, theta: Tensor) -> dict[str, Tensor]:
        source = self._checked(theta).unflatten(1, (16, 2))
        with torch.autocast(source.device.type, enabled=False):
            fit = self._affine_fit.to(source) @ source  # (B, 3, 2)
            fitted = super().features(self.control_points).to(source) @ fit
        matrix = fit.transpose(1, 2)
        bending = (source - fitted).square().sum(-1).mean(-1).sqrt()
        return {
            **_linear_parts(matrix[:, :, :2]),
            "translation": matrix[:, :, 2],
            "bending": bending,
        }


_ALL: tuple[Transform, ...] = (
    Translation(),
    Attention(),
    Similarity(),
    Affine(),
    Projective(),
    ThinPlateSpline(),
)
FAMILIES = {transform.name: transform for transform in _ALL}  # may grow: plugins.py
TRANSFORMS: Mapping[str, Transform] = MappingProxyType(FAMILIES)
