#!/usr/bin/env bash
# The same theta and the same words, affine_grid and grid_sample, in three libraries. Torch puts -1 at
# the image's edge unless told otherwise, Paddle at the first pixel's centre, MXNet always there: a
# shift of 0.5 of a ramp of 8 pixels is 2 pixels in the one and 1.75 in the others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
python3 -m venv "$folder/old" # MXNet needs a NumPy that the others do not take
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 paddlepaddle==3.3.1
"$folder/old/bin/pip" install -q --no-compile mxnet==1.9.1 numpy==1.23.5
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import inspect

import numpy as np
import paddle
import torch
import torch.nn.functional as F

THETA = [[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]]
ramp = np.broadcast_to(np.arange(8, dtype=np.float32), (1, 1, 8, 8)).copy()


def check(name, expected, values):
    seen = [round(float(value), 3) for value in values[0, 0, 3, :2]]
    print(f"{name}: expected {expected}, seen {seen}")
    assert seen == expected


image = torch.from_numpy(ramp)
grid = F.affine_grid(torch.tensor(THETA), (1, 1, 8, 8))
check(f"torch {torch.__version__}, defaults", [2.0, 3.0], F.grid_sample(image, grid))

functional, image = paddle.nn.functional, paddle.to_tensor(ramp)
for function in (functional.affine_grid, functional.grid_sample):
    assert inspect.signature(function).parameters["align_corners"].default is True
grid = functional.affine_grid(paddle.to_tensor(THETA), [1, 1, 8, 8])
name = f"paddle {paddle.__version__}"
check(f"{name}, defaults", [1.75, 2.75], functional.grid_sample(image, grid))
grid = functional.affine_grid(paddle.to_tensor(THETA), [1, 1, 8, 8], align_corners=False)
values = functional.grid_sample(image, grid, align_corners=False)
check(f"{name}, align_corners=False", [2.0, 3.0], values)
PYTHON
"$folder/old/bin/python" -W ignore - <<'PYTHON'
import numpy as np

np.bool = bool  # which MXNet still asks for
import mxnet
from mxnet import nd

ramp = nd.broadcast_to(nd.arange(8).reshape((1, 1, 1, 8)), (1, 1, 8, 8))
theta = nd.array([[1.0, 0.0, 0.5, 0.0, 1.0, 0.0]])
grid = nd.GridGenerator(theta, transform_type="affine", target_shape=(8, 8))
seen = nd.BilinearSampler(ramp, grid).asnumpy()[0, 0, 3, :2].round(3).tolist()
print(f"mxnet {mxnet.__version__}: expected [1.75, 2.75], seen {seen}")
assert seen == [1.75, 2.75]

# and what lies outside, and the slope at a whole pixel
row = nd.broadcast_to(nd.array([0, 1, 4, 2, 7]).reshape((1, 1, 1, 5)), (1, 1, 5, 5))
at = lambda x: nd.array([[[[x / 2 - 1]], [[0.0]]]])  # 1 / 2 a pixel, exact
ones = nd.ones((1, 1, 5, 5))
fade = [round(float(nd.BilinearSampler(ones, at(x)).asscalar()), 3) for x in (-1, -0.75, -0.5, -0.25, 0)]
print(f"mxnet {mxnet.__version__}: ones read at -1 ... 0 pixels, expected a fade, seen {fade}")
assert fade == [0, 0.25, 0.5, 0.75, 1]
grid = at(2)
grid.attach_grad()
with mxnet.autograd.record():
    value = nd.BilinearSampler(row, grid)
value.backward()
slope = round(float(grid.grad[0, 0, 0, 0].asscalar()) / 2, 3)
print(f"mxnet {mxnet.__version__}: slope at a whole pixel, expected the right-hand -2.0, seen {slope}")
assert slope == -2.0
PYTHON
