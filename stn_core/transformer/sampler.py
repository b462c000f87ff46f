"""The sampler: V from U and a grid (section 3.3 of the paper), with the kernels' weights.

Equation (3): V_i = sum_n sum_m U_nm k(x_i - m) k(y_i - n), the same for every channel. Grids are
normalised (x, y) with ``align_corners=False``: column j of W has its centre at (2j + 1)/W - 1; an
image ends half a pixel beyond its last centres.
"""

from contextlib import suppress
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stn_core.tensor_cache import is_faked, is_recorded
from stn_core.transformer.transforms import Size

Kernel = Literal["bilinear", "nearest", "bicubic"]
Padding = Literal["zeros", "border"]
FAR = 100.0  # in images' halves: outside for every kernel, also of an image of one pixel
KERNELS: tuple[Kernel, ...] = ("nearest", "bilinear", "bicubic")


def sample(
    images: Tensor, grid: Tensor, kernel: Kernel = "bilinear", padding: Padding = "zeros"
) -> Tensor:
    """Read images (B, C, H, W) at the points of grid (B, h, w, 2): (B, C, h, w), same dtype.

    Args:
        kernel: "bilinear", k(d) = max(0, 1 - |d|), equation (5); "nearest", the paper's integer
            kernel k(d) = delta(floor(d + 0.5)), equation (4), which passes no gradient to the grid;
            "bicubic", Keys' kernel, a = -0.75.
        padding: what lies outside the image: "zeros", or the nearest edge pixel ("border").

    Bilinear and bicubic are differentiable in images and grid, equations (6) and (7). A point with
    a coordinate that is not finite reads 0 and has no gradient, with either padding; the others
    do not notice it.

    Raises:
        ValueError: the shapes do not fit each other, or the kernel or padding is unknown.

    >>> row = torch.tensor([[[[0.0, 1.0, 0.0, 0.0]]]])
    >>> to_the_left = torch.tensor([[1.0, 0.0, 0.25, 0.0, 1.0, 0.0]])  # half a pixel of 4
    >>> sample(row, TRANSFORMS["affine"].grid(to_the_left, (1, 4)))
    tensor([[[[0.5000, 0.5000, 0.0000, 0.0000]]]])
    """
    if images.ndim != 4:
        raise ValueError(f"images must be (B, C, H, W); got {tuple(images.shape)}")
    if grid.ndim != 4 or grid.shape[0] != images.shape[0] or grid.shape[3] != 2:
        expected = f"({images.shape[0]}, h, w, 2) for images {tuple(images.shape)}"
        raise ValueError(f"grid must be {expected}; got {tuple(grid.shape)}")
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}; got {kernel!r}")
    if padding not in ("zeros", "border"):
        raise ValueError(f"padding must be zeros or border; got {padding!r}")
    lost = ~grid.isfinite().all(-1) if padding == "border" else None  # (B, h, w)
    grid = _within_reach(grid)
    if kernel == "nearest":
        grid = _snapped(grid, (images.shape[2], images.shape[3]))
    with torch.autocast(images.device.type, enabled=False):
        values = F.grid_sample(
            images.to(grid.dtype), grid, mode=kernel, padding_mode=padding, align_corners=False
        )
    if lost is not None:
        values = values.masked_fill(lost[:, None], 0)
    return values.to(images.dtype)


def _within_reach(grid: Tensor) -> Tensor:
    """Bring coordinates beyond +-FAR there, NaN too: what lies outside the image is the same there,
    and torch's samplers, which turn coordinates into integers, answer each in its own way where
    that fails."""
    if grid.device.type == "cpu" and not (is_recorded() or is_faked()):
        with suppress(
            RuntimeError
        ):  # an empty grid; or one whose numbers nobody may see, as in vmap
            low, high = grid.detach().aminmax()
            if low >= -FAR and high <= FAR:  # nearly always; and a fifth of what follows
                return grid
    far = torch.full_like(grid, FAR)
    return torch.where(grid.abs() <= FAR, grid, torch.where(grid > 0, far, -far))


def _snapped(grid: Tensor, size: Size) -> Tensor:
    """Move every point to the pixel centre floor(x + 0.5) of equation (4); left to itself, torch
    rounds halves to even."""
    extent = torch.tensor((size[1], size[0]), dtype=grid.dtype, device=grid.device)
    pixel = (((grid + 1) * extent - 1) / 2 + 0.5).floor()
    return (2 * pixel + 1) / extent - 1


class KernelWeights(NamedTuple):
    """The input pixels that feed one output pixel: V = sum of weights * U[row, column]."""

    pixels: Tensor  # (K, 2) int64, each (x, y) = (column, row), inside the image
    weights: Tensor  # (K,) float32, none of them 0


def kernel_weights(
    point: tuple[float, float], size: Size, kernel: Kernel = "bilinear", padding: Padding = "zeros"
) -> KernelWeights:
    """The pixels of an image (H, W), with weights, that ``sample`` mixes at point (x, y).

    They are read off ``sample`` itself, as the derivative of V with respect to U (equation 6), so
    the two can't disagree. With zeros padding the weights of pixels outside the image are left out,
    so near an edge the sum is below 1.

    Raises:
        ValueError: the kernel or padding is unknown.

    >>> kernel_weights((0.25, -0.25), size=(4, 4))
    KernelWeights(pixels=tensor([[2, 1]]), weights=tensor([1.]))
    """
    with torch.inference_mode(False), torch.enable_grad():
        image = torch.zeros(1, 1, *size, requires_grad=True)
        at = torch.tensor(point, dtype=torch.float32).view(1, 1, 1, 2)
        (weights,) = torch.autograd.grad(sample(image, at, kernel, padding).sum(), image)
    rows, columns = weights[0, 0].nonzero(as_tuple=True)
    return KernelWeights(torch.stack((columns, rows), dim=1), weights[0, 0, rows, columns])
