#!/usr/bin/env bash
# Bilinear interpolation has two slopes at a pixel's centre. Every library takes the right-hand one,
# so a grid that starts at the identity sees one-sided gradients; and torch's own identity grid lies a
# rounding error beside some centres, so that for these columns it is the left-hand one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 kornia==0.9.0 jax==0.10.2 paddlepaddle==3.3.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import jax
import jax.numpy as jnp
import kornia
import paddle
import torch
import torch.nn.functional as F

ROW = [0.0, 1.0, 4.0, 2.0, 7.0]
RIGHT = [3.0, -2.0, 5.0]  # ROW[i + 1] - ROW[i] at i = 1, 2, 3


def torch_slope(x):
    image = torch.tensor(ROW).expand(1, 1, 5, 5).double()
    grid = torch.tensor([[[[(2 * x + 1) / 5 - 1, 0.0]]]], dtype=torch.float64, requires_grad=True)
    F.grid_sample(image, grid, align_corners=False).backward()
    return grid.grad[..., 0].item() * 2 / 5  # a pixel


def kornia_slope(x):
    image = torch.tensor(ROW).expand(1, 1, 5, 5).double()
    shift = torch.tensor(-x, dtype=torch.float64, requires_grad=True)  # input to output
    one, zero = torch.ones_like(shift), torch.zeros_like(shift)
    matrix = torch.stack((one, zero, shift, zero, one, zero)).view(1, 2, 3)
    kornia.geometry.warp_affine(image, matrix, (1, 1), align_corners=True).sum().backward()
    return -shift.grad.item()


def paddle_slope(x):
    image = paddle.to_tensor(ROW).reshape([1, 1, 1, 5]).expand([1, 1, 5, 5])
    image.stop_gradient = False
    # 1 / 4 a pixel with align_corners=True: whole pixels are exact
    grid = paddle.to_tensor([[[[x / 2 - 1, 0.0]]]], stop_gradient=False)
    paddle.nn.functional.grid_sample(image, grid, align_corners=True).backward()
    return grid.grad[0, 0, 0, 0].item() / 2


def jax_slope(x):
    read = lambda at: jax.scipy.ndimage.map_coordinates(jnp.array(ROW), [jnp.array([at])], 1)[0]
    return float(jax.grad(read)(x))


slopes = {"torch": torch_slope, "kornia": kornia_slope, "paddlepaddle": paddle_slope, "jax": jax_slope}
for name, slope in slopes.items():
    seen = [round(slope(float(x)), 4) for x in (1, 2, 3)]
    print(f"{name} {version(name)}: slopes at whole pixels, expected {RIGHT}, seen {seen}")
    assert seen == RIGHT

generator = torch.Generator().manual_seed(0)
image = torch.rand(1, 1, 28, 28, generator=generator)
identity = torch.eye(2, 3)[None]
grid = F.affine_grid(identity, (1, 1, 28, 28), align_corners=False).requires_grad_()
F.grid_sample(image, grid, align_corners=False).sum().backward()
slopes = (grid.grad[0, :, :, 0] * 2 / 28)[:, 1:-1]
difference = image[0, 0].diff(dim=1)
right = int(torch.isclose(slopes, difference[:, 1:], atol=1e-3).all(0).sum())
left = int(torch.isclose(slopes, difference[:, :-1], atol=1e-3).all(0).sum())
print(f"torch: of the 26 inner columns of an identity grid, {right} have the right-hand slope and "
      f"{left} the left-hand one; expected 23 and 3")
assert (right, left) == (23, 3)
PYTHON
