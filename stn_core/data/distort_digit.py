"""One digit distorted by amounts that are given, as a slider or a hand gives them; ``distort``
draws them as training does.

Lengths are pixels of the 28x28 digit, angles radians, as in distortions.py. Points are pairs (x,
y), x to the right, y down.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from stn_core.data.distortions import DIGIT, DISTORTIONS, Parameters, TranslationClutter
from stn_core.data.mnist import gallery

DISTRACTORS = 16  # that a seed of TC gives

Pairs = Tensor | Sequence[Sequence[float]]


def distort_digit(digit: Tensor, kind: str, **amounts: Any) -> Tensor:
    """A digit uint8 (28, 28) distorted by given amounts: float32 (1, 1, H, W) in [0, 1].

    Args:
        digit: (28, 28), uint8, background 0.
        kind: one of ``DISTORTIONS``; the ``amounts`` are its parameters for one digit. "r":
            ``angle``; "rts": ``angle``, ``scale`` and ``shift`` (x, y), from the canvas's centre to
            the digit's; "p" and "pxy": ``scale`` and ``moves``, 4 pairs, of the frame's corners in
            the order of ``Projection``; "e": ``scale`` and ``moves``, 16 pairs, of the control
            points row by row: see ``elastic_directions``. Those of "tc" are others: ``place`` (x,
            y), whole pixels from the canvas's corner to the digit's; ``count`` of distractors, 0 to
            16, out of those that ``seed`` gives: see ``distractors``; ``drops``, if they are to lie
            elsewhere, 16 pairs of whole pixels, a negative one where the seed drops them.

    Raises:
        ValueError: for another kind, and for amounts of other shapes.
        TypeError: for an amount that the kind does not have, or lacks.

    >>> from stn_core.data.mnist import gallery
    >>> distort_digit(gallery().images[0], "rts", angle=0.5, scale=0.8, shift=(3, -2)).shape
    torch.Size([1, 1, 42, 42])
    """
    if kind not in DISTORTIONS:
        raise ValueError(f"kind must be one of {', '.join(DISTORTIONS)}; got {kind!r}")
    if digit.shape != (DIGIT, DIGIT):
        raise ValueError(f"a digit must be ({DIGIT}, {DIGIT}); got {tuple(digit.shape)}")
    if kind == "tc":
        return _cluttered(digit, **amounts)
    distortion = DISTORTIONS[kind]
    expected = distortion.identity()
    if amounts.keys() != expected.keys():
        raise TypeError(f"{kind} takes {', '.join(expected)}; got {', '.join(amounts) or 'none'}")
    parameters = {
        name: torch.as_tensor(amount, dtype=torch.float32)[None] for name, amount in amounts.items()
    }
    return distortion.apply(digit[None], parameters)


def elastic_directions(seed: int) -> Tensor:
    """Where a seed pushes the 16 control points of E, drawn from N(0, 1 px): (16, 2). Times 1.5
    they are as in training."""
    return torch.randn(16, 2, generator=torch.Generator().manual_seed(seed))


def distractors(seed: int) -> tuple[Tensor, Parameters]:
    """The 16 digits (16, 28, 28) that a seed of TC cuts distractors from, and
    ``TranslationClutter``'s parameters of one digit.

    Fewer distractors are the first ones of these: a further one leaves the others where they are.
    """
    generator = torch.Generator().manual_seed(seed)
    others = gallery().images[
        torch.randint(len(gallery().images), (DISTRACTORS,), generator=generator)
    ]
    drawn = TranslationClutter(patches=DISTRACTORS).draw(DISTRACTORS + 1, generator)
    return others, {name: value[:1] for name, value in drawn.items()} | {
        "sources": torch.arange(1, DISTRACTORS + 1)[None]
    }


def _cluttered(
    digit: Tensor, place: Sequence[int], count: int, seed: int, drops: Pairs | None = None
) -> Tensor:
    others, parameters = distractors(seed)
    parameters["place"] = torch.tensor([[int(value) for value in place]])
    parameters["sources"] = parameters["sources"] * (torch.arange(DISTRACTORS) < count)
    if drops is not None:
        elsewhere = torch.as_tensor(drops, dtype=torch.int64)[None]
        parameters["drops"] = torch.where(elsewhere < 0, parameters["drops"], elsewhere)
    everywhere = {
        name: value.expand(DISTRACTORS + 1, *value.shape[1:]) for name, value in parameters.items()
    }
    return TranslationClutter(patches=DISTRACTORS).apply(
        torch.cat((digit[None], others)), everywhere
    )[:1]
