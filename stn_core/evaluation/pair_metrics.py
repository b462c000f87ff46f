"""Which transformer straightens which digit of a pair: its angle against the true one.

A transformer that follows a digit turns with it. Where it brings the digit to rest, upright or not,
is its own affair: so its resting pose is taken out, the circular mean of its turns against the
digit's over all pairs. Where digits are shifted, its grid may go along with one of them, too.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from stn_core.data.distortions import Parameters
from stn_core.data.mnist import Digits
from stn_core.data.pairs import draw_pairs
from stn_core.evaluation.digit_metrics import BATCH
from stn_core.transformer.spatial_transformer import ExplainableModel
from stn_core.transformer.transforms import Size, Transform

STRAIGHT = 15.0  # degrees from its resting pose within which a digit counts as straightened


class Straightening(NamedTuple):
    """How transformers (T) turn with the digits of both channels.

    Attributes:
        shares: of each transformer, the share of the pairs in which it straightens the first
            channel's digit, and the second's, in per cent.
        undone: of each, how much of the digit's turn it undoes, in per cent: the slope of its turn
            over the digit's. 100 for one that straightens it always, 0 for one that takes no notice
            of it.
        both: the share of the pairs in which two transformers straighten a digit each, each
            transformer the channel that suits them best; None unless there are two.
        followed: of each, how much of the digit's shift the middle of its grid goes along with, in
            per cent: 100 for one that keeps the digit at its place in the output, 0 for one that
            takes no notice of it. None where digits are not shifted.
    """

    shares: tuple[tuple[float, ...], ...]
    undone: tuple[tuple[float, ...], ...]
    both: float | None
    followed: tuple[tuple[float, ...], ...] | None = None


def straightening(turns: Tensor, angles: Tensor) -> Straightening:
    """From the transformers' turns (N, T) and the digits' true angles (N, 2), in radians.

    >>> angles = torch.rand(1000, 2) * 3 - 1.5
    >>> turns = angles.flip(1) + torch.tensor([0.3, -0.2])  # each follows the other channel
    >>> straightening(turns, angles).both
    100.0
    """
    left = from_their_mean(turns[:, :, None] - angles[:, None])  # (N, T, 2)
    straight = left.abs().rad2deg() <= STRAIGHT
    turned, given = from_their_mean(turns), angles - angles.mean(0)
    undone = turned.T @ given / given.square().sum(0)  # (T, 2)
    both = None
    if turns.shape[1] == 2:
        ways = straight.diagonal(dim1=1, dim2=2), straight.flip(2).diagonal(dim1=1, dim2=2)
        both = round(max(100 * way.all(1).double().mean().item() for way in ways), 4)
    return Straightening(
        listed(100 * straight.double().mean(0)), listed(100 * undone.double()), both
    )


def from_their_mean(angles: Tensor) -> Tensor:
    """Angles (N, ...) in radians, seen from their circular mean: in [-pi, pi)."""
    mean = torch.atan2(angles.sin().mean(0), angles.cos().mean(0))
    return (angles - mean + math.pi).remainder(2 * math.pi) - math.pi


def listed(figures: Tensor) -> tuple[tuple[float, ...], ...]:
    """A table (T, 2), to four places."""
    return tuple(tuple(round(figure, 4) for figure in row) for row in figures.tolist())


def followed(middles: Tensor, shifts: Tensor) -> tuple[tuple[float, ...], ...]:
    """From the middles of the transformers' grids (N, T, 2) and the digits' shifts (N, 2, 2), in
    pixels: the slope of the ones over the others, in per cent.

    >>> shifts = torch.rand(1000, 2, 2) * 20 - 10
    >>> followed(shifts[:, :1] + 3, shifts)[0][0]
    100.0
    """
    moved, given = middles - middles.mean(0), shifts - shifts.mean(0)
    slopes = torch.einsum("ntk,nck->tc", moved, given) / given.square().sum((0, 2))
    return listed(100 * slopes.double())


def with_shifts(found: Straightening, middles: Tensor, parameters: Parameters) -> Straightening:
    """The same with what is followed, if the pairs' parameters have shifts."""
    shifts = parameters.get("shift")
    return found if shifts is None else found._replace(followed=followed(middles, shifts))


@torch.inference_mode()
def measure_straightening(
    model: ExplainableModel, digits: Digits, kind: str, seed: int
) -> Straightening:
    """Of a model with transformers, on as many pairs as there are digits."""
    pairs = draw_pairs(digits, kind, seed)
    found = [poses(model, images) for images in pairs.images.split(BATCH)]
    turns, middles = (torch.cat(parts) for parts in zip(*found, strict=True))
    straight = straightening(turns, pairs.parameters["angle"])
    return with_shifts(straight, middles, pairs.parameters)


def untransformed(digits: Digits, kind: str, seed: int) -> Straightening:
    """Of a transformer that never moves: what it is to be compared with."""
    parameters = draw_pairs(digits, kind, seed).parameters
    still = straightening(torch.zeros(len(digits.labels), 1), parameters["angle"])
    return with_shifts(still, torch.zeros(len(digits.labels), 1, 2), parameters)


def poses(model: ExplainableModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """How far each transformer turns its grid, (B, T), in radians clockwise on the screen, and
    where its middle lies, (B, T, 2), in pixels of the images from theirs: x, y."""
    traces = model.explain(images).transformers
    found = [
        pose(transform, trace.theta, (images.shape[2], images.shape[3]))
        for transform, trace in zip(model.transforms, traces, strict=True)
    ]
    turns, middles = zip(*found, strict=True)
    return torch.stack(turns, dim=1), torch.stack(middles, dim=1)


def pose(transform: Transform, theta: Tensor, size: Size) -> tuple[Tensor, Tensor]:
    """The same of one transformer's theta (B, P) on images of a size (H, W): (B,) and (B, 2)."""
    middles = transform.warp(theta, theta.new_zeros(1, 2))[:, 0]
    pixels = middles * middles.new_tensor([size[1] / 2, size[0] / 2])
    return transform.decompose(theta)["rotation"], pixels
