"""Accuracy on birds and where a model looks at them, computed now from its answers."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from stn_core.data.cub import HEAD, Birds
from stn_core.data.uploads import read_photograph
from stn_core.models.backbone import SIDE
from stn_core.models.birds import BirdModel
from stn_core.transformer.transforms import TRANSFORMS, Transform

Share = tuple[float, float, float]  # in per cent, with the ends of its 95 % interval


class BirdAnswers(NamedTuple):
    """What a model answered for a set of photographs."""

    logits: Tensor  # (N, classes)
    thetas: Tensor  # (N, T, P), T transformers; (N, 0, 3) without any
    transform: Transform

    def wrong(self, birds: Birds) -> Tensor:
        """Which answers are wrong, (N,) bool."""
        return self.logits.argmax(1) != birds.labels


@torch.inference_mode()
def bird_answers(
    model: BirdModel,
    birds: Birds,
    device: torch.device | str = "cpu",
    only_look: bool = False,
    given: Tensor | None = None,
    batch: int = 16,
) -> BirdAnswers:
    """The model's answers for every photograph, whole and as it is; with ``only_look`` no logits,
    which take most of the time.

    ``given`` thetas (N, T, P) take the localisation network's place.
    """
    was_training = model.training
    model.eval()
    logits, thetas = [], []
    for i in range(0, len(birds.paths), batch):
        paths = birds.paths[i : i + batch]
        images = torch.stack([read_photograph(path.read_bytes(), SIDE) for path in paths]).to(
            device
        )
        if only_look:
            thetas.append(model.thetas(model.localisation(images)).cpu())
            continue
        answer = model.explain(images, None if given is None else given[i : i + batch].to(device))
        logits.append(answer.logits.cpu())
        windows = [trace.theta.cpu() for trace in answer.transformers]
        thetas.append(torch.stack(windows, dim=1) if windows else torch.zeros(len(paths), 0, 3))
    model.train(was_training)
    transform = (*model.transforms, TRANSFORMS["attention"])[0]
    return BirdAnswers(
        torch.cat(logits) if logits else torch.zeros(len(birds.paths), 0),
        torch.cat(thetas),
        transform,
    )


def inside(points: Tensor, theta: Tensor, transform: Transform) -> Tensor:
    """Which of the points (N, K, 2) of photographs lie in the window of theta (N, P); False for
    those that are NaN. (N, K) bool."""
    matrix = transform.coefficients(theta)  # (N, 2 or 3, 3)
    if matrix.shape[1] == 2:
        matrix = torch.cat((matrix, torch.tensor([0.0, 0.0, 1.0]).expand(len(matrix), 1, 3)), dim=1)
    homogeneous = torch.cat((points, torch.ones_like(points[:, :, :1])), dim=2)
    target = homogeneous @ torch.linalg.pinv(matrix).transpose(1, 2)
    return (target[:, :, :2].abs() <= target[:, :, 2:].abs()).all(-1)  # NaN compares as False


def window_hits(birds: Birds, theta: Tensor, transform: Transform) -> dict[str, Tensor]:
    """Whose window of theta (N, P) holds the head (three or more of its visible parts), and the
    centre of the box: (N,) bool.

    The annotations judge only; no training sees them.
    """
    return {
        "head": inside(head_parts(birds), theta, transform).sum(1) >= 3,
        "centre": inside(box_centres(birds)[:, None], theta, transform)[:, 0],
    }


def head_parts(birds: Birds) -> Tensor:
    """The parts that belong to the head, (N, K, 2); NaN where one is not visible."""
    return birds.parts[:, torch.tensor([name in HEAD for name in birds.part_names])]


def box_centres(birds: Birds) -> Tensor:
    """The centres (N, 2) of the birds' boxes."""
    return (birds.boxes[:, :2] + birds.boxes[:, 2:]) / 2


def oracle_windows(model: BirdModel, birds: Birds) -> Tensor | None:
    """What two windows would be if annotations set them, (N, 2, P): one at the middle of the head's
    visible parts (of the box, if none is), one at the box's. How well the streams do behind these
    says what better localisation could still gain. None for models that have not two windows, or
    choose more than where they lie."""
    if len(model.transformers) != 2 or model.free != model.places:
        return None
    centre = box_centres(birds)
    head = head_parts(birds).nanmean(1)
    return model.thetas(torch.stack((torch.where(head.isnan(), centre, head), centre), dim=1)).cpu()


def reference_window_hits(
    birds: Birds, scale: float = 0.5, draws: int = 200
) -> dict[str, dict[str, float]]:
    """The shares, in per cent, of hits of a centred window, and of one at a random place inside the
    photograph (mean of draws)."""
    attention, count = TRANSFORMS["attention"], len(birds.labels)
    places = (1 - scale) * (
        2 * torch.rand(draws, count, 2, generator=torch.Generator().manual_seed(0)) - 1
    )
    places = torch.cat((torch.zeros(1, count, 2), places))
    found = [
        window_hits(birds, torch.cat((torch.full((count, 1), scale), place), dim=1), attention)
        for place in places
    ]
    shares = {
        key: torch.stack([100 * hit[key].float().mean() for hit in found])
        for key in ("head", "centre")
    }
    centred = {key: share[0].item() for key, share in shares.items()}
    return {
        "centred": centred,
        "random": {key: share[1:].mean().item() for key, share in shares.items()},
    }


def attention(birds: Birds, answers: BirdAnswers) -> list[dict[str, Share]]:
    """For each transformer its hits, by kind."""
    found = [window_hits(birds, theta, answers.transform) for theta in answers.thetas.unbind(1)]
    return [{key: wilson_interval(hit) for key, hit in each.items()} for each in found]


def wilson_interval(hit: Tensor) -> Share:
    """How many of (N,) bool are True, in per cent, with the ends of Wilson's 95 % interval."""
    n, z = max(len(hit), 1), 1.96
    p = hit.double().mean().item() if len(hit) else 0.0
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    spread = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 100 * p, 100 * max(middle - spread, 0.0), 100 * min(middle + spread, 1.0)


def paired_difference(right: Tensor, reference: Tensor) -> Share:
    """How much more often answers are right (N,) bool than another model's to the same photographs
    (N,): in points, with the ends of the 95 % interval of paired differences, which is narrower
    than what two intervals of their own suggest."""
    difference = right.double() - reference.double()
    middle, spread = (
        100 * difference.mean().item(),
        196 * difference.std().item() / math.sqrt(max(len(difference), 1)),
    )
    return middle, middle - spread, middle + spread


def abstention_threshold(
    birds: Birds, answers: BirdAnswers, right: float = 0.95
) -> dict[str, float]:
    """The probability below which an answer is to be called unsure: the smallest with at least
    ``right`` of the sure answers right.

    With the rates that it had on these birds: how many were sure, and how many of each kind were
    right, in per cent.
    """
    probability, _ = answers.logits.softmax(1).max(1)
    good = ~answers.wrong(birds)
    order = probability.argsort(descending=True)
    precision = good[order].double().cumsum(0) / torch.arange(1, len(order) + 1)
    enough = (precision >= right).nonzero()[:, 0]
    threshold = probability[order[enough[-1]]].item() if len(enough) else 1.0
    sure = probability >= threshold

    def rate(of):
        return 100 * of.double().mean().item() if len(of) else 0.0

    return {
        "below": threshold,
        "sure": rate(sure),
        "sure_right": rate(good[sure]),
        "unsure_right": rate(good[~sure]),
    }
