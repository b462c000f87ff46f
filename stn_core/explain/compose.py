"""theta from quantities that a lecturer can name: the way back from ``Transform.decompose``."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from stn_core.transformer.transforms import TRANSFORMS


def compose_theta(
    family: str,
    *,
    x: float = 0.0,
    y: float = 0.0,
    scale: float = 1.0,
    angle: float = 0.0,
    stretch: float = 1.0,
    shear: float = 0.0,
    px: float = 0.0,
    py: float = 0.0,
    bulge: float = 0.0,
    wave: float = 0.0,
    moves: Sequence[float] = (),
) -> Tensor:
    """theta (P,) of a family: the same quantities give the same window in every larger family, as
    far as it has them.

    Args:
        family: a key of ``TRANSFORMS``. A quantity that it does not have is left out.
        x, y: the shift, normalised.
        scale, angle, stretch, shear: the matrix R(angle) scale [[1, shear], [0, stretch]]; the
            angle in radians.
        px, py: the last row of a homography, its change of depth along x and y.
        bulge, wave: how far a spline's control points are bent before the matrix maps them:
            outwards around the middle, and to the side along a period of a sine.
        moves: 32 numbers, how far each of a spline's control points (x, y) is moved besides, before
            the matrix maps it.

    ValueError for a family that is not one of ours, or another number of moves.

    >>> compose_theta("attention", scale=0.5, x=0.25)
    tensor([0.5000, 0.2500, 0.0000])
    """
    cos, sin = math.cos(angle), math.sin(angle)
    a, b = scale * cos, scale * (cos * shear - sin * stretch)
    c, d = scale * sin, scale * (sin * shear + cos * stretch)
    if family == "tps":
        matrix = torch.tensor([[a, b, x], [c, d, y]], dtype=torch.float32)
        if len(moves) not in (0, 32):
            raise ValueError(f"moves must be 32 numbers, x and y of 16 points; got {len(moves)}")
        return _bent_and_mapped(matrix, bulge, wave, torch.tensor(moves or (0.0,) * 32))
    parameters = {
        "translation": (x, y),
        "attention": (scale, x, y),
        "similarity": (a, c, x, y),
        "affine": (a, b, x, c, d, y),
        "projective": (a, b, x, c, d, y, px, py),
    }
    if family not in parameters:
        raise ValueError(f"family must be one of {', '.join((*parameters, 'tps'))}; got {family!r}")
    return torch.tensor(parameters[family], dtype=torch.float32)


def _bent_and_mapped(matrix: Tensor, bulge: float, wave: float, moves: Tensor) -> Tensor:
    """A spline's source positions (32,): control points bent, then mapped by a matrix (2, 3)."""
    points = TRANSFORMS["tps"].identity().view(16, 2)
    radius = points.norm(dim=1, keepdim=True)
    bent = points * (1 + bulge * (1 - radius / math.sqrt(2)) * 1.5)
    bent = bent + wave * torch.stack((torch.sin(math.pi * points[:, 1]), torch.zeros(16)), dim=1)
    bent = bent + moves.view(16, 2)
    return (torch.cat((bent, torch.ones(16, 1)), dim=1) @ matrix.T).flatten()
