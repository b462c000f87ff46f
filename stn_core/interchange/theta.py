"""The same theta for other frameworks: their direction, their coordinates, their order.

Ours (docs/other-frameworks.md compares them): output to input; x to the right and y down, -1 and 1
at the edges of the image, so the centre of column j of W lies at (2j + 1)/W - 1.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from stn_core.interchange.errors import ExportError
from stn_core.transformer.transforms import TRANSFORMS, Size

# What a framework's coordinate u is for us, along a side of n pixels: scale * u + offset.
Units = Callable[[int], tuple[float, float]]


def edges(n: int) -> tuple[float, float]:
    """-1 and 1 at the image's edges, as ours."""
    return 1.0, 0.0


def end_centres(n: int) -> tuple[float, float]:
    """-1 and 1 at the centres of the first and the last pixel: ``align_corners=True``."""
    return (n - 1) / n, 0.0


def pixel_centres(n: int) -> tuple[float, float]:
    """Pixels, 0 at the centre of the first one."""
    return 2 / n, 1 / n - 1


def pixel_corners(n: int) -> tuple[float, float]:
    """Pixels, 0 at the image's edge: the centre of the first one lies at 0.5."""
    return 2 / n, -1.0


@dataclass(frozen=True)
class Convention:
    """How a framework writes a warp.

    Attributes:
        units: its coordinates.
        shape: of one image's matrix, (2, 3), (3, 3), or (6,): its numbers row by row.
        homography: the same for a projective theta; None where it takes none.
        input_to_output: whether its matrix maps input to output, the other way round than ours.
        rows_first: whether its points are (y, x).
        resizes: whether its output may have another size than its input.
    """

    units: Units
    shape: tuple[int, ...]
    homography: tuple[int, ...] | None
    input_to_output: bool = False
    rows_first: bool = False
    resizes: bool = True


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        "torch": Convention(edges, (2, 3), None),
        "onnx": Convention(edges, (2, 3), None),
        "paddle": Convention(edges, (2, 3), None),
        "mxnet": Convention(end_centres, (6,), None),
        "kornia": Convention(pixel_centres, (2, 3), (3, 3), input_to_output=True),
        "opencv": Convention(pixel_centres, (2, 3), (3, 3)),
        "skimage": Convention(pixel_centres, (3, 3), (3, 3)),
        "scipy": Convention(pixel_centres, (3, 3), None, rows_first=True),
        "keras": Convention(pixel_centres, (8,), None, resizes=False),
        "pillow": Convention(pixel_corners, (6,), (8,)),
    }
)


def convert_theta(
    theta: Tensor, family: str, to: str, size: Size, output_size: Size | None = None
) -> Tensor:
    """What another framework takes for the warp that ``theta`` (B, P) is here.

    Args:
        family: of theta: translation, attention, similarity, affine or projective.
        to: torch (``F.affine_grid``), onnx (AffineGrid) and paddle (``F.affine_grid``), each with
            ``align_corners=False``; mxnet (GridGenerator; torch with ``align_corners=True``):
            normalised. kornia (``warp_affine``, ``warp_perspective``, ``align_corners=True``),
            opencv (``cv2.warpAffine``, ``warpPerspective``, with ``WARP_INVERSE_MAP``), skimage
            (``warp``), scipy (``ndimage.affine_transform``), keras (``ops.image.affine_transform``)
            and pillow (``Image.transform``): pixels.
        size: (H, W) of the images.
        output_size: (h, w) of the output, if it is another one.

    Returns:
        (B, 2, 3), (B, 3, 3) or (B, 6 or 8), as the framework takes it for each image, in the dtype
        of theta.

    Raises:
        ExportError: if the framework has no counterpart of the family or of the output's size, if
            the map can't be turned round where the framework wants its inverse, if theta is no
            tensor of finite floating-point numbers, or if a size is no pair of whole pixels (2 at
            least for mxnet, whose coordinates have no meaning on a side of 1).
        ValueError: if theta is not (B, P).

    >>> turned = torch.tensor([[0.0, -1.0, 0.0, 1.0, 0.0, 0.0]])  # by 90 degrees
    >>> convert_theta(turned, "affine", to="opencv", size=(28, 28))[0].tolist()
    [[0.0, -1.0, 27.0], [1.0, 0.0, 0.0]]
    """
    if to not in CONVENTIONS:
        raise ExportError(
            "no_framework",
            "no framework {to!r}; there are {known}",
            to=to,
            known=", ".join(CONVENTIONS),
        )
    convention = CONVENTIONS[to]
    output_size = size if output_size is None else output_size
    for each in (size, output_size):
        _check_size(each, to, least=2 if convention.units is end_centres else 1)
    if not convention.resizes and tuple(output_size) != tuple(size):
        raise ExportError(
            "no_resizing",
            "{to} gives its output the size of its input, here {size}; resize the image before",
            to=to,
            size=tuple(size),
        )
    matrix = homogeneous(theta, family)  # (B, 3, 3)
    shape = convention.homography if family == "projective" else convention.shape
    if shape is None:
        raise ExportError(
            "no_homography",
            "{to} warps with affine maps only; compute the grid here, "
            "TRANSFORMS['projective'].grid(theta, size), and sample it there",
            to=to,
        )
    matrix = torch.linalg.solve(_to_ours(convention, size), matrix)
    matrix = matrix @ _to_ours(convention, output_size)
    if convention.input_to_output:
        matrix, failed = torch.linalg.inv_ex(matrix)
        if failed.any() or not matrix.isfinite().all():
            raise ExportError(
                "no_inverse",
                "{to} wants the map from input to output, but this theta has none: it maps the "
                "output onto a line or a point",
                to=to,
            )
    if convention.rows_first:
        matrix = matrix[:, [1, 0, 2]][:, :, [1, 0, 2]]
    if len(shape) == 2:
        matrix = matrix[:, : shape[0]]
    else:
        last = matrix[:, 2:, 2:]
        if (last.abs() < 1e-9).any():
            raise ExportError(
                "no_last_entry",
                "{to} takes a homography whose last entry is 1, but here it is 0: its horizon goes "
                "through the output's first pixel",
                to=to,
            )
        matrix = (matrix / last).flatten(1)[:, : shape[0]]
    return matrix.to(theta.dtype)


def _check_size(size: Size, to: str, least: int) -> None:
    try:
        good = len(size) == 2 and all(operator.index(side) >= least for side in size)
    except TypeError:
        good = False
    if not good:
        raise ExportError(
            "no_size",
            "a size must be (height, width) in whole pixels, for {to} each at least {least}, such "
            "as (28, 28); got {size!r}",
            to=to,
            least=least,
            size=size,
        )


def homogeneous(theta: Tensor, family: str) -> Tensor:
    """theta (B, P) as a map of the plane: (B, 3, 3) float64. ExportError if it is none."""
    if family not in TRANSFORMS:
        raise _no_matrix(family)
    transform = TRANSFORMS[family]
    if not (isinstance(theta, Tensor) and theta.is_floating_point() and theta.isfinite().all()):
        raise ExportError(
            "no_numbers",
            "theta must be a tensor of finite floating-point numbers, such as "
            "torch.tensor([[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]])",
        )
    if theta.ndim != 2 or theta.shape[1] != transform.num_params:
        raise ValueError(
            f"theta of the {family} transform must be (B, {transform.num_params}); got "
            f"{tuple(theta.shape)}"
        )
    matrix = transform.coefficients(theta.double())
    if matrix.shape[1:] == (3, 3):
        return matrix
    if matrix.shape[1:] != (2, 3):
        raise _no_matrix(family)
    last = matrix.new_tensor([0.0, 0.0, 1.0]).expand(len(matrix), 1, 3)
    return torch.cat((matrix, last), dim=1)


def _no_matrix(family: str) -> ExportError:
    return ExportError(
        "no_matrix",
        "{family!r} is no map with a matrix, as translation, attention, similarity, affine and "
        "projective are; compute its grid here and sample it there",
        family=family,
    )


def _to_ours(convention: Convention, size: Size) -> Tensor:
    """The map from the framework's coordinates of an image to ours: (3, 3) float64."""
    (y_scale, y_offset), (x_scale, x_offset) = (convention.units(side) for side in size)
    rows = [[x_scale, 0.0, x_offset], [0.0, y_scale, y_offset], [0.0, 0.0, 1.0]]
    return torch.tensor(rows, dtype=torch.float64)
