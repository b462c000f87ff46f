#!/usr/bin/env bash
# Under autocast to bfloat16 on a CPU, grid_sample runs in float32, and its output says so; affine_grid
# before it does not, so a float32 theta gives a grid in bfloat16. In the right half of a plane of
# 448 pixels, sampled at 448 columns, 342 different places are left, up to half a pixel away. A
# region without autocast around both lines keeps them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import torch
import torch.nn.functional as F

SIDE = 448
theta = torch.tensor([[[0.5, 0.0, 0.5], [0.0, 0.5, 0.0]]])  # exact in bfloat16
plane = torch.arange(SIDE, dtype=torch.float32).expand(1, 1, SIDE, SIDE)  # a pixel's own column


def warp():
    grid = F.affine_grid(theta, (1, 1, SIDE, SIDE), align_corners=False)
    return grid, F.grid_sample(plane, grid, padding_mode="border", align_corners=False)


print("torch", version("torch").split("+")[0])
exact, wanted = warp()
seen = {}
for name, kind in (("bfloat16", torch.bfloat16), ("float16", torch.float16)):
    with torch.autocast("cpu", kind):
        grid, output = warp()
        with torch.autocast("cpu", enabled=False):
            guarded, _ = warp()
    places = grid[0, 0, :, 0].unique().numel()
    off = (output - wanted).abs().max().item()
    print(
        f"autocast to {name}: theta {theta.dtype}, grid {grid.dtype}, output {output.dtype}; "
        f"{places} places of {SIDE}, columns read up to {off:.2f} pixels away"
    )
    assert guarded.equal(exact)
    seen[name] = grid.dtype, output.dtype, places, round(off, 2)
assert seen["bfloat16"] == (torch.bfloat16, torch.float32, 342, 0.5), seen
assert seen["float16"][:3] == (torch.float16, torch.float32, 448), seen
PYTHON
