"""Accuracy on birds and where a model looks at them, computed now from its answers."""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stn_core.data.cub import BODY, HEAD, REAR, UPPER, Birds
from stn_core.models.backbone import SIDE
from stn_core.models.birds import BirdModel
from stn_core.transformer.transforms import TRANSFORMS, Transform

Share = tuple[float, float, float]  # in per cent, with the ends of its 95 % interval
SIDES = (0.35, 0.25)  # to which windows are cut, as shares of the photograph's sides
HOLDS = ("head", *(f"head_{side}" for side in SIDES), "centre")  # what windows can hold
# what a window can be nearest to
ROLES = {"head": HEAD, "upper body": UPPER, "belly": ("belly",), "legs and tail": REAR}
DENSITY = 24  # cells each way of the map of window centres about the bird's box,
EXTENT = 1.5  # which reaches from -EXTENT to EXTENT, the box from -1 to 1


class BirdAnswers(NamedTuple):
    """What a model answered for a set of photographs."""

    logits: Tensor  # (N, classes)
    thetas: Tensor  # (N, T, P), T transformers; (N, 0, 3) without any
    transform: Transform

    @property
    def centres(self) -> Tensor:
        """Of the windows, normalised (N, T, 2)."""
        middles = self.transform.warp(self.thetas.flatten(0, 1), torch.zeros(1, 2))
        return middles[:, 0].unflatten(0, self.thetas.shape[:2])

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
    mirrored: bool = False,
    batch: int = 16,
) -> BirdAnswers:
    """The model's answers for every photograph, whole and as it is, or ``mirrored``; with
    ``only_look`` no logits, which take most of the time.

    ``given`` thetas (N, T, P) take the localisation network's place.
    """
    was_training = model.training
    model.eval()
    logits, thetas = [], []
    for i in range(0, len(birds.paths), batch):
        those = range(i, min(i + batch, len(birds.paths)))
        images = torch.stack([birds.photograph(j, SIDE) for j in those]).to(device)
        images = images.flip(3) if mirrored else images
        if only_look:
            thetas.append(model.chosen(images).cpu())
            continue
        answer = model.explain(images, None if given is None else given[i : i + batch].to(device))
        logits.append(answer.logits.cpu())
        windows = [trace.theta.cpu() for trace in answer.transformers]
        thetas.append(torch.stack(windows, dim=1) if windows else torch.zeros(len(images), 0, 3))
    model.train(was_training)
    transform = (*model.transforms, TRANSFORMS["attention"])[0]
    return BirdAnswers(
        torch.cat(logits) if logits else torch.zeros(len(birds.paths), 0),
        torch.cat(thetas),
        transform,
    )


def inside(points: Tensor, theta: Tensor, transform: Transform, cut: float = 1.0) -> Tensor:
    """Which of the points (N, K, 2) of photographs lie in the window of theta (N, P), its sides
    ``cut`` to that share; False for those that are NaN. (N, K) bool.

    >>> point, window = torch.tensor([[[0.3, 0.0]]]), torch.tensor([[0.5, 0.0, 0.0]])
    >>> [inside(point, window, TRANSFORMS["attention"], cut).item() for cut in (1.0, 0.5)]
    [True, False]
    """
    matrix = transform.coefficients(theta)  # (N, 2 or 3, 3)
    if matrix.shape[1] == 2:
        matrix = torch.cat((matrix, torch.tensor([0.0, 0.0, 1.0]).expand(len(matrix), 1, 3)), dim=1)
    homogeneous = torch.cat((points, torch.ones_like(points[:, :, :1])), dim=2)
    target = homogeneous @ torch.linalg.pinv(matrix).transpose(1, 2)
    return (target[:, :, :2].abs() <= cut * target[:, :, 2:].abs()).all(-1)  # NaN compares as False


def window_hits(
    birds: Birds, theta: Tensor, transform: Transform, scale: float = 0.5
) -> dict[str, Tensor]:
    """Whose window of theta (N, P) holds the head (three or more of its visible parts), and the
    centre of the box: (N,) bool; and, as "head_0.35" and so on, whose holds the head when a window
    of ``scale`` is cut to that share of the photograph's sides.

    The annotations judge only; no training sees them.
    """
    head = head_parts(birds)
    hits = {
        "head": inside(head, theta, transform).sum(1) >= 3,
        "centre": inside(box_centres(birds)[:, None], theta, transform)[:, 0],
    }
    for side in SIDES:
        hits[f"head_{side}"] = inside(head, theta, transform, side / scale).sum(1) >= 3
    return hits


def head_parts(birds: Birds) -> Tensor:
    """The parts that belong to the head, (N, K, 2); NaN where one is not visible."""
    return parts_named(birds, HEAD)


def parts_named(birds: Birds, names: Sequence[str]) -> Tensor:
    """The parts of those names, (N, K, 2); NaN where one is not visible."""
    return birds.parts[:, torch.tensor([name in names for name in birds.part_names])]


def distances(birds: Birds, centres: Tensor, groups: Iterable[Sequence[str]]) -> Tensor:
    """How far the windows' centres (N, 2) lie from the mean of the visible parts of each of G
    ``groups``: (N, G), normalised; NaN where none of them is visible."""
    means = torch.stack([parts_named(birds, names).nanmean(1) for names in groups], dim=1)
    return (means - centres[:, None]).norm(dim=2)


def roles(birds: Birds, centres: Tensor) -> dict[str, float]:
    """In what share of the photographs, in per cent, the windows' centres (N, 2) lie nearest to
    each of ``ROLES``."""
    nearest = distances(birds, centres, ROLES.values()).nan_to_num(nan=math.inf).argmin(1)
    return {role: 100 * (nearest == i).double().mean().item() for i, role in enumerate(ROLES)}


def nearer_to_body(birds: Birds, centres: Tensor) -> Tensor:
    """Whether the windows' centres (N, 2) lie nearer to the body (back, belly, breast, wings) than
    to the head, for the M photographs that show both: (M,) bool."""
    head, body = distances(birds, centres, (HEAD, BODY)).unbind(1)
    return (body < head)[~(head.isnan() | body.isnan())]


def intersection_over_union(one: Tensor, other: Tensor) -> Tensor:
    """Of windows of the family "attention", theta (N, 3): (N,), from 0 to 1.

    >>> one, other = torch.tensor([[0.5, 0.0, 0.0]]), torch.tensor([[0.5, 0.5, 0.0]])
    >>> round(intersection_over_union(one, other).item(), 4)
    0.3333
    """
    low = torch.maximum(one[:, 1:] - one[:, :1], other[:, 1:] - other[:, :1])
    high = torch.minimum(one[:, 1:] + one[:, :1], other[:, 1:] + other[:, :1])
    shared = (high - low).clamp(min=0).prod(1)
    return shared / ((2 * one[:, 0]) ** 2 + (2 * other[:, 0]) ** 2 - shared)


def mirror_correlation(x: Tensor, mirrored: Tensor) -> float:
    """How well windows follow a photograph that is mirrored: the correlation of their x (N,) with
    that on the mirrored photographs, mirrored back; 0 for windows that always lie at one x."""
    pair = torch.stack((x, -mirrored)).double()
    return torch.corrcoef(pair)[0, 1].nan_to_num(nan=0.0).item()


def box_centres(birds: Birds) -> Tensor:
    """The centres (N, 2) of the birds' boxes."""
    return (birds.boxes[:, :2] + birds.boxes[:, 2:]) / 2


def oracle_windows(model: BirdModel, birds: Birds) -> Tensor | None:
    """What two windows would be if annotations set them, (N, 2, P): one at the middle of the head's
    visible parts (of the box, if none is), one at the box's. How well the streams do behind these
    says what better localisation could still gain. None for models that have not two windows, or
    choose more than where they lie."""
    if len(model.transformers) != 2 or model.free != model.shift_indices:
        return None
    centre = box_centres(birds)
    head = head_parts(birds).nanmean(1)
    return model.thetas(torch.stack((torch.where(head.isnan(), centre, head), centre), dim=1)).cpu()


def best_fixed_window(birds: Birds, scale: float = 0.5, step: float = 0.04) -> tuple[float, float]:
    """Where one window, the same for all photographs, holds the head and the centre of the box most
    often (mean of both shares): its centre (x, y). To be chosen on training photographs."""
    line = torch.arange(scale - 1, 1 - scale + step / 2, step).tolist()

    def share(place: tuple[float, float]) -> float:
        hits = fixed_hits(birds, place, scale)
        return (hits["head"].double().mean() + hits["centre"].double().mean()).item()

    best = max(((x, y) for x in line for y in line), key=share)
    return round(best[0], 2), round(best[1], 2)


def fixed_hits(birds: Birds, place: tuple[float, float], scale: float = 0.5) -> dict[str, Tensor]:
    """``window_hits`` of a window at one place (x, y) on all photographs."""
    theta = torch.tensor([scale, *place]).expand(len(birds.labels), 3)
    return window_hits(birds, theta, TRANSFORMS["attention"], scale)


def reference_window_hits(
    birds: Birds, training: Birds, scale: float = 0.5, draws: int = 200
) -> dict[str, dict[str, float]]:
    """What windows hit that did not learn, in per cent: "fixed", the same for all photographs, the
    best on the ``training`` photographs, with its place x and y; "centred"; and "random", one at a
    random place inside the photograph (mean of draws)."""
    attention, count = TRANSFORMS["attention"], len(birds.labels)
    places = (1 - scale) * (
        2 * torch.rand(draws, count, 2, generator=torch.Generator().manual_seed(0)) - 1
    )
    found = [
        window_hits(
            birds, torch.cat((torch.full((count, 1), scale), place), dim=1), attention, scale
        )
        for place in places
    ]
    x, y = best_fixed_window(training, scale)
    return {
        "fixed": _shares([fixed_hits(birds, (x, y), scale)]) | {"x": x, "y": y},
        "centred": _shares([fixed_hits(birds, (0.0, 0.0), scale)]),
        "random": _shares(found),
    }


def _shares(found: Sequence[dict[str, Tensor]]) -> dict[str, float]:
    return {
        key: torch.stack([100 * hits[key].float().mean() for hits in found]).mean().item()
        for key in found[0]
    }


def attention(birds: Birds, answers: BirdAnswers, scale: float = 0.5) -> list[dict[str, Share]]:
    """For each transformer, whose windows are of ``scale``, its hits by kind (``window_hits``), and
    how often it lies nearer to the body than to the head, "body"."""
    found = []
    for theta, centres in zip(answers.thetas.unbind(1), answers.centres.unbind(1), strict=True):
        hits = window_hits(birds, theta, answers.transform, scale)
        hits["body"] = nearer_to_body(birds, centres)
        found.append({key: wilson_interval(hit) for key, hit in hits.items()})
    return found


def describe_windows(birds: Birds, answers: BirdAnswers, mirrored: BirdAnswers) -> dict[str, Any]:
    """What can be said of windows besides their hits: of each the ``roles``, the
    ``mirror_correlation`` with the answers to the mirrored photographs, and the density of its
    centres about the bird (``box_density``); of each pair, from 1, how often they share more than
    half (``intersection_over_union``), which is for the family "attention" only."""
    windows = range(answers.thetas.shape[1])
    centres = answers.centres
    pairs = combinations(windows, 2) if answers.thetas.shape[2] == 3 else ()
    return {
        "roles": [roles(birds, centres[:, i]) for i in windows],
        "mirror": [
            mirror_correlation(centres[:, i, 0], mirrored.centres[:, i, 0]) for i in windows
        ],
        "overlap": {
            f"{i + 1}-{j + 1}": wilson_interval(
                intersection_over_union(answers.thetas[:, i], answers.thetas[:, j]) > 0.5
            )
            for i, j in pairs
        },
        "density": [box_density(birds, centres[:, i]) for i in windows],
        "parts": part_places(birds),
    }


def box_places(birds: Birds, points: Tensor) -> Tensor:
    """Points (N, K, 2) in the coordinates of the birds' boxes, [-1, 1] from edge to edge; x grows
    from the head to the tail: where the head lies right of the body they are mirrored."""
    sizes = (birds.boxes[:, 2:] - birds.boxes[:, :2]).clamp(min=1e-3) / 2
    places = (points - box_centres(birds)[:, None]) / sizes[:, None]
    head, body = (parts_named(birds, names).nanmean(1)[:, 0] for names in (HEAD, BODY))
    turned = torch.where(head > body, -1.0, 1.0)  # NaN compares as False
    return places * torch.stack((turned, torch.ones_like(turned)), dim=1)[:, None]


def box_density(birds: Birds, centres: Tensor) -> list[int]:
    """How often the windows' centres (N, 2) lie in each of DENSITY x DENSITY cells about the bird's
    box (``box_places``), row by row from (-EXTENT, -EXTENT) to (EXTENT, EXTENT); those beyond count
    for the outermost cells."""
    cells = (box_places(birds, centres[:, None])[:, 0] / EXTENT + 1) / 2 * DENSITY
    x, y = cells.long().clamp(0, DENSITY - 1).unbind(1)
    return (y * DENSITY + x).bincount(minlength=DENSITY**2).tolist()


def part_places(birds: Birds) -> dict[str, tuple[float, float]]:
    """Where the parts lie on average, in the coordinates of the birds' boxes (``box_places``); left
    and right alike."""
    places = box_places(birds, birds.parts)
    names = [name.removeprefix("left ").removeprefix("right ") for name in birds.part_names]
    means = {}
    for name in dict.fromkeys(names):
        them = places[:, torch.tensor([each == name for each in names])].flatten(0, 1)
        x, y = them.nanmean(0).tolist()
        if not math.isnan(x):
            means[name] = (round(x, 2), round(y, 2))
    return means


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

    def rate(right: Tensor) -> float:
        return 100 * right.double().mean().item() if len(right) else 0.0

    return {
        "below": threshold,
        "sure": rate(sure),
        "sure_right": rate(good[sure]),
        "unsure_right": rate(good[~sure]),
    }
