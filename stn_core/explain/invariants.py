"""What a family of transformations keeps, and by how much a given theta breaks it."""

import torch
from torch import Tensor

from stn_core.explain.readings import FAR
from stn_core.transformer.transforms import Transform

# what a transformation may keep, from the weakest family on
PROPERTIES = ("size", "direction", "angles", "parallels", "lines")
KEEPS = {  # what every member of a family keeps; each family keeps less than the one before it
    "translation": frozenset(PROPERTIES),
    "attention": frozenset(PROPERTIES[1:]),
    "similarity": frozenset(PROPERTIES[2:]),
    "affine": frozenset(PROPERTIES[3:]),
    "projective": frozenset(PROPERTIES[4:]),
    "tps": frozenset(),
}
CONTAINS = {  # the families whose every member is also a member of this one
    "translation": (),
    "attention": ("translation",),
    "similarity": ("translation", "attention"),
    "affine": ("translation", "attention", "similarity"),
    "projective": ("translation", "attention", "similarity", "affine"),
    "tps": ("translation", "attention", "similarity", "affine"),
}


def broken_invariants(transform: Transform, theta: Tensor, cells: int = 12) -> dict[str, float]:
    """By how much T_theta breaks each of ``PROPERTIES``, on ``cells`` x ``cells`` squares.

    size: the largest factor by which a side of a cell grows or shrinks, at least 1 · direction: the
    largest angle by which a side turns, degrees · angles: the largest departure of a cell's corner
    from 90 degrees · parallels: the largest angle between two sides that were parallel, degrees ·
    lines: the largest distance of a point of a line of the net from the straight line through its
    ends, normalised.
    """
    side = torch.linspace(-1, 1, cells + 1, dtype=torch.float64)
    net = torch.stack(torch.meshgrid(side, side, indexing="ij")[::-1], dim=-1)  # (rows, columns, 2)
    source = (
        transform.warp(theta[None].double(), net.flatten(0, 1))[0].clamp(-FAR, FAR).view_as(net)
    )
    # sides (rows, cells, 2), (cells, columns, 2)
    across, down = source[:, 1:] - source[:, :-1], source[1:] - source[:-1]
    lengths = (
        torch.cat((across.flatten(0, 1), down.flatten(0, 1))).norm(dim=-1).clamp_min(1e-9)
        * cells
        / 2
    )
    turned = torch.cat(
        (_angle(across).flatten(), _angle(down.flip(-1) * torch.tensor((1.0, -1.0))).flatten())
    )
    corner = _between(across[:-1], down[:, :-1])
    spread = [
        _between(sides[:, None], sides)  # each with each
        for sides in (across.flatten(0, 1), down.flatten(0, 1))
    ]
    chords = [_off_chord(source), _off_chord(source.transpose(0, 1))]
    return {
        "size": torch.maximum(lengths, 1 / lengths).max().item(),
        "direction": turned.abs().max().item(),
        "angles": (corner - 90).abs().max().item(),
        "parallels": torch.cat(spread).max().item(),
        "lines": torch.cat(chords).max().item(),
    }


def _angle(vectors: Tensor) -> Tensor:
    """Degrees of vectors (..., 2) from the x axis."""
    return torch.atan2(vectors[..., 1], vectors[..., 0]).rad2deg()


def _between(one: Tensor, other: Tensor) -> Tensor:
    """The angle between vectors (..., 2), 0 to 180 degrees."""
    cross = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return torch.atan2(cross.abs(), (one * other).sum(-1)).rad2deg()


def _off_chord(lines: Tensor) -> Tensor:
    """How far points of lines (L, N, 2) lie from the straight lines through the ends: (L, N)."""
    chord = lines[:, -1:] - lines[:, :1]
    offset = lines - lines[:, :1]
    cross = chord[..., 0] * offset[..., 1] - chord[..., 1] * offset[..., 0]
    return cross.abs() / chord.norm(dim=-1).clamp_min(1e-9)
