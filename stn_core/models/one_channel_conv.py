"""A convolution of one-channel images that passes a fast gradient on to them.

Behind a transformer the classifier's first convolution needs the gradient with respect to its
input, on which the sampling grid learns. For one channel the libraries have no fast kernel on CPUs:
there it costs half of a training step. Here it is one product of matrices.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from stn_core.tensor_cache import is_recorded


class OneChannelConv2d(nn.Conv2d):
    """``nn.Conv2d(1, filters, kernel_size)`` without padding: images (B, 1, H, W) -> (B, filters, H
    - k + 1, W - k + 1)."""

    def __init__(self, filters: int, kernel_size: int) -> None:
        super().__init__(1, filters, kernel_size)

    def forward(self, images: Tensor) -> Tensor:
        learns = images.requires_grad and torch.is_grad_enabled()
        # a recorded program has no place for a gradient of our own
        if not learns or images.device.type != "cpu" or is_recorded():
            return super().forward(images)
        if torch.is_autocast_enabled("cpu"):
            images = images.to(torch.get_autocast_dtype("cpu"))
        return _Convolution.apply(images, self.weight.to(images.dtype), self.bias.to(images.dtype))  # type: ignore[union-attr]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return F.conv2d(images, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        images, weight = ctx.saved_tensors
        # stride, padding, dilation, not transposed, groups
        options = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1)
        wanted = [False, True, True]
        _, of_weight, of_bias = torch.ops.aten.convolution_backward(
            gradient, images, weight, [len(weight)], *options, wanted
        )
        return image_gradient(gradient, weight), of_weight, of_bias


def image_gradient(gradient: Tensor, weight: Tensor) -> Tensor:
    """The gradient (B, 1, H, W) of a convolution's input, from that of its output (B, F, h, w) and
    its weight (F, 1, k, k).

    A row of outputs (w, F) and the kernel's row i give a row of inputs: one band matrix (w * F, W)
    for each i. The products belong i rows further down, where they are added up.
    """
    filters, _, kernel, _ = weight.shape
    batch, _, height, width = gradient.shape
    # (w, F, k, W)
    bands = torch.stack(
        [F.pad(weight[:, 0], (column, width - 1 - column)) for column in range(width)]
    )
    rows = gradient.permute(0, 2, 3, 1).reshape(batch * height, width * filters) @ bands.view(
        width * filters, -1
    )
    # (B, h, k, W)
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32)).view(batch, height, kernel, -1)
    images = rows.new_zeros(batch, height + kernel - 1, rows.shape[-1])
    for row in range(kernel):
        images[:, row : row + height] += rows[:, :, row]
    return images.to(gradient.dtype)[:, None]
