"""What each step of a run on digits sees: which digits, how they are bent and how distorted.

It is drawn on the CPU from the seed and the step alone, and applied to digits on any device, so
every device trains on the same.
"""

import torch
from torch import Tensor

from stn_core.data.distortions import DISTORTIONS, Parameters
from stn_core.data.mnist import Digits
from stn_core.data.pairs import PAIRS, distortion_of, two_channels
from stn_core.experiments.recipes import Recipe
from stn_core.training.seeding import epoch_permutation, step_generator


def digit_batch(
    digits: Digits, kind: str, recipe: Recipe, seed: int, step: int
) -> tuple[Tensor, Tensor]:
    """Step ``step``'s images (batch_size, C, H, W), distorted afresh, and labels (batch_size,)."""
    return distorted_batch(digits, kind, draw_batch(len(digits.labels), kind, recipe, seed, step))


def draw_batch(count: int, kind: str, recipe: Recipe, seed: int, step: int) -> Parameters:
    """All that is random about step ``step`` of a run on ``count`` digits: "chosen" (N,), their
    numbers; "bend" (N, 16, 2), in pixels, if the recipe bends them; and the parameters of their
    distortion. N is the batch's size; for pairs twice that, the digits of a pair one after the
    other, of which the second is any digit."""
    drawn, draw = _draw_bent(count, recipe, seed, step, paired=kind in PAIRS)
    return drawn | distortion_of(kind).draw(len(drawn["chosen"]), draw)


def distorted_batch(digits: Digits, kind: str, drawn: Parameters) -> tuple[Tensor, Tensor]:
    """Images (batch_size, C, H, W) and labels (batch_size,) as ``draw_batch`` has drawn them, on
    the device of both."""
    images, labels = _bent(digits, drawn)
    images = distortion_of(kind).apply(
        images, {name: drawn[name] for name in drawn if name not in ("chosen", "bend")}
    )
    if kind in PAIRS:
        return two_channels(images), labels.view(-1, 2).sum(1)
    return images, labels


def augmented_batch(
    digits: Digits, recipe: Recipe, seed: int, step: int
) -> tuple[Tensor, Tensor, torch.Generator]:
    """The digits (batch_size, 28, 28) of step ``step``, bent but not distorted yet; their labels;
    and what is to draw further."""
    drawn, draw = _draw_bent(len(digits.labels), recipe, seed, step)
    return *_bent(digits, drawn), draw


def _draw_bent(
    count: int, recipe: Recipe, seed: int, step: int, *, paired: bool = False
) -> tuple[Parameters, torch.Generator]:
    size = recipe.batch_size
    epoch, position = divmod(step, count // size)
    chosen = epoch_permutation(count, seed, epoch)[position * size : (position + 1) * size]
    draw = step_generator(seed, step, 1)
    if paired:
        others = torch.randint(count, (size,), generator=draw)
        chosen = torch.stack((chosen, others), dim=1).flatten()
    drawn = {"chosen": chosen}
    if recipe.elastic_sigma_px:
        drawn["bend"] = recipe.elastic_sigma_px * torch.randn(len(chosen), 16, 2, generator=draw)
    return drawn, draw


def _bent(digits: Digits, drawn: Parameters) -> tuple[Tensor, Tensor]:
    images, labels = digits.images[drawn["chosen"]], digits.labels[drawn["chosen"]]
    if "bend" in drawn:
        moves = drawn["bend"]
        images = DISTORTIONS["e"].apply(
            images, {"scale": moves.new_ones(len(moves)), "moves": moves}
        )[:, 0]
    return images, labels
