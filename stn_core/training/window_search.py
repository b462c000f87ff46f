"""Training the localisation network from class labels alone, with frozen streams, before the model
is trained as a whole; not in the paper.

The paper trains the localisation network by the gradient through the pixels of a crop. Behind an
ImageNet network that gradient is noise: its sign agrees with finite differences of the loss half of
the time. The paper averaged it over millions of samples at a tiny learning rate; with 1 500
photographs the windows stay where they started. Nor may the streams have been fitted to the very
photographs: their loss is then 0 wherever a window lies.

So the streams first keep their ImageNet weights, and their features are computed once on a lattice
of positions: the mean of what a window there covers of the last feature map of the whole
photograph. These windows are smaller than the final ones, so that the best position has what
matters in its middle. Two linear classifiers, each fitted on half of the photographs, turn the
features of the other half into a map of class scores over positions. theta reads that map through
the bilinear sampler: a spatial transformer on a map of scores, with a smooth gradient.

The windows are trained one after the other, as in boosting. For window k, those before it are held
where they are, their scores are added up, and classifier k is fitted on top of them at positions
all over the photograph: it says what one more window adds, and where it adds most. At the end all
are trained together, at a falling rate. A penalty on the overlap of two windows makes them differ.
Each photograph is also shown mirrored, and a penalty on the difference makes the two windows agree.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.data.cub import rank_within_class
from stn_core.models.backbone import CROP, SIDE, Stream, shrunk
from stn_core.models.window_localisation import BirdLocalisation
from stn_core.transformer.sampler import sample

POSITIONS = 8  # of a window, each way
BATCH = 64
LR = 3e-3  # of the localisation network
SPREAD = 0.12  # by which windows are moved about when the classifiers are fitted, normalised
DROPOUT = 0.5  # of the channels that the localisation network starts from
MIRRORED = torch.tensor([-1.0, 1.0])  # what mirroring does to (x, y)
# the share of photographs in which the classifier of the current window sees a position drawn at
# random
ANYWHERE = 0.8


class WindowFeatures(NamedTuple):
    """What a frozen stream makes of N photographs; half precision."""

    # (N, K, K, C) of windows at K x K positions, row by row, from corner to corner
    features: Tensor
    # (N, C, h, w) of the whole photograph, down-sampled: what the localisation network starts from
    maps: Tensor
    # (N, C, h, w) of the mirrored photograph: padding makes it a little other than maps, mirrored
    mirrored_maps: Tensor


@torch.inference_mode()
def precompute_window_features(
    stream: Stream, scale: float, reach: float, photographs: Iterable[Tensor]
) -> Iterator[WindowFeatures]:
    """The features of each photograph (3, H, W) in turn, N = 1, for windows of ``scale`` with
    centres up to +-``reach``."""
    device = next(stream.parameters()).device
    for photograph in photographs:
        image = shrunk(photograph[None].to(device), SIDE)
        cells = stream.centred_maps(image).float()  # (1, C, h, w)
        rows, columns = (window_weights(scale, reach, size).to(device) for size in cells.shape[2:])
        pooled = torch.einsum("ky,lx,bcyx->klc", rows, columns, cells)
        features = stream.pooled(pooled.flatten(0, 1)[:, :, None, None])
        whole = shrunk(image, CROP)
        maps = stream.maps(torch.cat((whole, whole.flip(3)))).half().cpu().split(1)
        yield WindowFeatures(features.view(1, POSITIONS, POSITIONS, -1).half().cpu(), *maps)


def window_weights(scale: float, reach: float, cells: int) -> Tensor:
    """What share of a window at each position lies over each of so many cells, from edge to edge of
    a photograph: (POSITIONS, cells).

    >>> window_weights(0.5, 0.5, 4)[[0, -1]].tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    centres = torch.linspace(-reach, reach, POSITIONS)[:, None]
    edges = torch.linspace(-1, 1, cells + 1)
    right = torch.minimum(centres + scale, edges[1:])
    covered = (right - torch.maximum(centres - scale, edges[:-1])).clamp(min=0)
    return covered / covered.sum(1, keepdim=True)


class PositionClassifiers(nn.Module):
    """N linear classifiers for each half of the photographs; windows' scores add up."""

    def __init__(self, windows: int, width: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, windows, width, classes))
        self.bias = nn.Parameter(torch.zeros(2, classes))

    def scores(self, window: int, features: Tensor, half: Tensor) -> Tensor:
        """Scores (B, ..., classes) of one window's features (B, ..., C) by set ``half`` (B,)."""
        mine, others = features @ self.weight[0, window], features @ self.weight[1, window]
        return torch.where(half.view(-1, *[1] * (features.ndim - 1)) == 0, mine, others)


def read_maps(maps: Tensor, places: Tensor) -> Tensor:
    """Maps (B, K, K, C) over window positions, read at places (B, 2), in [-1, 1] from the first
    position to the last: (B, C)."""
    # positions are the centres of a map's pixels
    grid = places[:, None, None] * (1 - 1 / maps.shape[1])
    return sample(maps.permute(0, 3, 1, 2), grid, padding="border")[:, :, 0, 0]


def overlap(one: Tensor, other: Tensor, scale: float) -> Tensor:
    """Which share of a window of ``scale`` another covers, by their centres (B, 2): (B,), from 0 to
    1."""
    return (1 - (one - other).abs() / (2 * scale)).clamp(min=0).prod(1)


def train_localisation(
    localisation: BirdLocalisation,
    scale: float,
    lattice: WindowFeatures,
    labels: Tensor,
    epochs: int,
    seed: int,
    penalties: Sequence[float] = (),
    agreement: float = 1.0,
    note: Callable[[int, float], None] = lambda epoch, loss: None,
) -> None:
    """Train localisation above its trunk, ``epochs`` for each window, as many for all together.

    Args:
        scale: of the windows, so that the outermost of the lattice lie 1 - scale from the middle.
        labels: (N,) classes of the photographs.
        penalties: for each window how much it shuns the area that another of them covers: the
            penalty for a whole window shared, in units of the cross-entropy; none for windows that
            may look at the same.
        agreement: the penalty for windows on the mirrored photograph that lie, mirrored back, as
            far from those on the photograph as the outermost lie from the middle.
        note: is told how many epochs are over, and the loss of the last one.
    """
    draw = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # of the dropout
    windows, width, reach = localisation.windows, lattice.features.shape[-1], 1 - scale
    features = standardised(lattice.features)
    classifiers = PositionClassifiers(windows, width, int(labels.max()) + 1)
    classifier_optimiser = torch.optim.AdamW(classifiers.parameters(), lr=1e-3, weight_decay=0.05)
    localisation_optimiser = torch.optim.AdamW(
        localisation.above.parameters(), lr=LR, weight_decay=1e-2
    )
    halves = rank_within_class(labels) % 2  # 0 and 1 in turn
    localisation.train()
    for epoch in range(epochs * (windows + 1)):
        current_window = epoch // epochs  # after the last one all of them
        together = max(epoch / epochs - windows, 0)  # how far that has come, from 0 to 1
        for group in localisation_optimiser.param_groups:
            group["lr"] = LR * (1 + math.cos(math.pi * together)) / 2
        total = 0.0
        for chosen in torch.randperm(len(labels), generator=draw).split(BATCH):
            batch = Batch(features[chosen].float(), labels[chosen], halves[chosen])
            maps, mirrored_maps = lattice.maps[chosen], lattice.mirrored_maps[chosen]
            thinned = F.dropout(torch.ones(len(chosen), maps.shape[1], 1, 1), DROPOUT)
            ways = (  # (B, N, 2) each
                localisation.regress(thinned * maps) / reach,
                MIRRORED * localisation.regress(thinned * mirrored_maps) / reach,
            )
            places = torch.where(torch.rand(len(chosen), 1, 1, generator=draw) < 0.5, *ways)
            classifier_optimiser.zero_grad()
            fitting_loss(
                classifiers, batch, places.detach(), current_window, reach, draw
            ).backward()
            classifier_optimiser.step()
            loss = window_loss(classifiers, batch, places, current_window, scale, penalties)
            loss = loss + (places.abs() - 1).clamp(min=0).square().mean()
            loss = loss + agreement * (ways[0] - ways[1]).square().sum(2).mean()
            localisation_optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(localisation.above.parameters(), 1.0)
            if epoch >= 2:  # the classifiers know something by now
                localisation_optimiser.step()
            total += loss.item() * len(chosen)
        note(epoch + 1, total / len(labels))
    localisation.eval()


class Batch(NamedTuple):
    """Photographs of one step."""

    features: Tensor  # (B, K, K, C), on the lattice
    labels: Tensor  # (B,)
    half: Tensor  # (B,), 0 or 1, the set of classifiers that learns from a photograph


def fitting_loss(
    classifiers: PositionClassifiers,
    batch: Batch,
    places: Tensor,
    current_window: int,
    reach: float,
    draw: torch.Generator,
) -> Tensor:
    """The loss of the classifiers: of each photograph by its own half's, at positions about the
    windows' places (B, N, 2), from -1 to 1, or anywhere for the window that is sought."""
    count = len(batch.labels)
    scores = classifiers.bias[batch.half]
    for window in range(min(current_window + 1, places.shape[1])):
        spread = SPREAD / reach * torch.randn(count, 2, generator=draw)
        where = places[:, window].clamp(-1, 1) + spread
        if window == current_window:
            anywhere = 2 * torch.rand(count, 2, generator=draw) - 1
            where = torch.where(torch.rand(count, 1, generator=draw) < ANYWHERE, anywhere, where)
        seen = read_maps(batch.features, where.clamp(-1, 1))
        scores = scores + classifiers.scores(window, seen, batch.half)
    return F.cross_entropy(scores, batch.labels, label_smoothing=0.1)


def window_loss(
    classifiers: PositionClassifiers,
    batch: Batch,
    places: Tensor,
    current_window: int,
    scale: float,
    penalties: Sequence[float],
) -> Tensor:
    """The loss of the windows at their places (B, N, 2), from -1 to 1: of each photograph by the
    other half's classifiers, and what is shared with other windows. Those before the current one
    are held."""
    windows, reach = places.shape[1], 1 - scale
    seen = range(min(current_window + 1, windows))
    scores = classifiers.bias[1 - batch.half].detach()
    shared = torch.zeros(())
    for window in seen:
        moves = current_window in (window, windows)
        place = places[:, window] if moves else places[:, window].detach()
        # reading is linear, so a map of scores read is what is read of the features, scored
        features = read_maps(batch.features, place)
        scores = scores + classifiers.scores(window, features, 1 - batch.half)
        for other in seen if penalties and moves else ():
            if other != window:
                there = places[:, other].detach() * reach
                shared = shared + penalties[window] * overlap(place * reach, there, scale).mean()
    return F.cross_entropy(scores, batch.labels) + shared


def standardised(features: Tensor) -> Tensor:
    """Features (N, K, K, C) with mean 0 and deviation 1 in each channel, in half precision."""
    some = features[:: max(1, len(features) // 500)].float()
    mean, deviation = some.mean((0, 1, 2)), some.std((0, 1, 2))
    return torch.cat(
        [((part.float() - mean) / (deviation + 1e-3)).half() for part in features.split(256)]
    )
