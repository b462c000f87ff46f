"""Forward plus backward of each transform, the sampler, bare torch and kornia.

Everybody warps the same images with the same theta, and passes a gradient back to both. The
contestants take turns, so that what else the machine does meets all of them; the figures are
medians over the rounds.
"""

import statistics
import time
from collections.abc import Callable

import kornia.geometry.transform as kornia
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.command import options_parser
from stn_core import TRANSFORMS, sample

SHAPES = ((256, 1, 28, 28), (256, 1, 42, 42), (16, 3, 224, 224))
GOALS = {
    ("affine", "bare torch"): 1.15,
    ("projective", "kornia"): 1.0,
    ("tps", "kornia"): 1.0,
}  # ours may take that many times theirs

# pixels of 64; kornia's spline puts its kernels around the moved points and is no exact one
TOLERANCES = {("tps", "kornia"): 3.0}

Warp = Callable[[Tensor, Tensor], Tensor]


def ours(family: str) -> Warp:
    transform = TRANSFORMS[family]
    return lambda images, theta: sample(images, transform.grid(theta, tuple(images.shape[2:])))


def bare_affine(images: Tensor, theta: Tensor) -> Tensor:
    grid = F.affine_grid(theta.view(-1, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def homogeneous(theta: Tensor, last_row: tuple[float, ...]) -> Tensor:
    return torch.cat((theta, theta.new_tensor(last_row).expand(len(theta), -1)), dim=1).view(
        -1, 3, 3
    )


def kornia_affine(images: Tensor, theta: Tensor) -> Tensor:
    return kornia.homography_warp(
        images, homogeneous(theta, (0.0, 0.0, 1.0)), images.shape[2:], align_corners=True
    )


def kornia_projective(images: Tensor, theta: Tensor) -> Tensor:
    return kornia.homography_warp(
        images, homogeneous(theta, (1.0,)), images.shape[2:], align_corners=True
    )


def kornia_tps(images: Tensor, theta: Tensor) -> Tensor:
    target = TRANSFORMS["tps"].identity().view(1, 16, 2).expand(len(theta), -1, -1)
    source = theta.view(-1, 16, 2)
    weights, affine = kornia.get_tps_transform(target, source)  # the second are the centres
    return kornia.warp_image_tps(images, source, weights, affine, align_corners=True)


CONTESTANTS: dict[str, dict[str, Warp]] = {
    "affine": {"ours": ours("affine"), "bare torch": bare_affine, "kornia": kornia_affine},
    "projective": {"ours": ours("projective"), "kornia": kornia_projective},
    "tps": {"ours": ours("tps"), "kornia": kornia_tps},
}


def drawn(family: str, shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Images, thetas near the identity, and the gradient that comes back."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(shape, generator=generator)
    identity = TRANSFORMS[family].identity()
    theta = identity + 0.1 * torch.randn(shape[0], len(identity), generator=generator)
    return images.requires_grad_(), theta.requires_grad_(), torch.rand(shape, generator=generator)


def check(family: str, name: str) -> float:
    """How far a contestant's warp is from T_theta on average, in pixels of 64.

    It warps pictures whose grey says where each pixel was, with thetas as they are timed. Pixels
    near the edge are left out: there zeros are mixed in.

    Raises:
        RuntimeError: it is another warp.
    """
    side = 64
    _, theta, _ = drawn(family, (4, 2, side, side))
    corners = name == "kornia"  # whose pixels at the edge lie at +-1
    line = torch.linspace(-1, 1, side) if corners else (2 * torch.arange(side) + 1) / side - 1
    points = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)  # (side, side, 2)
    places = points.permute(2, 0, 1).expand(4, 2, side, side)
    with torch.no_grad():
        expected = TRANSFORMS[family].warp(theta, points.flatten(0, 1)).unflatten(1, (side, side))
        actual = CONTESTANTS[family][name](places, theta).permute(0, 2, 3, 1)
    inside = (expected.abs() < 0.8).all(-1)
    off = side / 2 * (actual - expected)[inside].norm(dim=-1).mean().item()
    if off > TOLERANCES.get((family, name), 0.01):
        raise RuntimeError(f"{name}: its {family} warp is off by {off:.2f} pixels of {side}")
    return off


def compete(family: str, shape: tuple[int, ...], rounds: int) -> dict[str, float]:
    """Median milliseconds of forward and backward, by contestant."""
    images, theta, gradient = drawn(family, shape)
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS[family]}
    for turn in range(rounds + 3):
        order = list(times)[turn % len(times) :] + list(times)[: turn % len(times)]
        for name in order:
            began = time.perf_counter()
            torch.autograd.grad(CONTESTANTS[family][name](images, theta), (images, theta), gradient)
            if turn >= 3:  # the first ones warm up
                times[name].append(1000 * (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    table = Table(
        "transform",
        "images",
        "ours",
        "against",
        "theirs",
        "ours / theirs",
        "goal",
        "theirs is off by",
        title=f"{options.threads} thread(s)",
    )
    for family in CONTESTANTS:
        off = {name: check(family, name) for name in CONTESTANTS[family]}
        for shape in SHAPES:
            result = compete(family, shape, options.rounds)
            for name in [name for name in result if name != "ours"]:
                ratio, goal = result["ours"] / result[name], GOALS.get((family, name))
                verdict = (
                    "" if goal is None else f"≤ {goal:g}: {'met' if ratio <= goal else 'missed'}"
                )
                cells = (
                    f"{result['ours']:.2f} ms",
                    name,
                    f"{result[name]:.2f} ms",
                    f"{ratio:.2f}",
                    verdict,
                    f"no exact spline: {off[name]:.1f} px" if off[name] > 0.01 else "",
                )
                table.add_row(family, "x".join(map(str, shape)), *cells)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
