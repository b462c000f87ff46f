#!/usr/bin/env bash
# IREE 3.13, by way of iree-turbine, takes a PyTorch grid_sample of every mode and padding. On a CPU, border
# and reflection are read as zeros, bicubic as nearest, and nearest rounds a half up and not to the even one,
# all without a word. And zeros is right less than a pixel from the image only: from there on comes, to the
# left, the end of the row before, and to the right the start of the next, so that a transformer that looks
# outside sees the image's other side there. Padding by border is an open pull request of llvm/torch-mlir (4186),
# whose compiler this is, and the ONNX operator's missing modes are known (nod-ai/AMD-SHARK-ModelDev, 649); no
# page found names the silence or the rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 \
  iree-base-compiler==3.13.0 iree-base-runtime==3.13.0 iree-turbine==3.9.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import iree.runtime
import iree.turbine.aot
import numpy as np
import torch
import torch.nn.functional as F

SIDE = 8
names = ("torch", "iree-base-compiler", "iree-base-runtime", "iree-turbine")
print(", ".join(f"{name} {version(name).split('+')[0]}" for name in names))


class Sampler(torch.nn.Module):
    def __init__(self, mode, padding):
        super().__init__()
        self.words = dict(mode=mode, padding_mode=padding, align_corners=False)

    def forward(self, image, grid):
        return F.grid_sample(image, grid, **self.words)


def by_iree(model, *inputs):
    binary = iree.turbine.aot.export(model, args=inputs).compile(save_to=None, target_backends=("llvm-cpu",))
    context = iree.runtime.SystemContext(config=iree.runtime.Config("local-sync"))
    context.add_vm_module(iree.runtime.VmModule.copy_buffer(context.instance, binary.map_memory()))
    output = context.modules.module["main"](*(each.numpy() for each in inputs))
    return torch.from_numpy(np.array(output.to_host()))


def read(mode, padding, row, columns):
    """Of PyTorch and of IREE: a row of an image, 4 down, inside the middle one of three planes."""
    image = torch.full((1, 3, SIDE, SIDE), 50.0)
    image[0, 1, 4] = torch.tensor(row)
    image[0, 1, 3, -2:] = torch.tensor([33.0, 34.0])  # the end of the row before
    image[0, 1, 5, :3] = torch.tensor([51.0, 52.0, 53.0])  # the start of the next
    places = (2 * torch.tensor(columns) + 1) / SIDE - 1  # exact: whole eighths and sixteenths
    grid = torch.stack((places, torch.full_like(places, 1 / SIDE)), -1)[None, None]
    model = Sampler(mode, padding)
    outputs = model(image, grid), by_iree(model, image, grid)
    return (output[0, 1, 0].double().numpy().round(3).tolist() for output in outputs)


RAMP, IMPULSE = [1.0, 2, 3, 4, 5, 6, 7, 8], [0.0, 0, 0, 1, 0, 0, 0, 0]
BESIDE, BETWEEN, OUTSIDE = (-0.75, -0.25, 7.25, 7.75), (2.5, 3.25, 4.5), (-2.0, -1.0, 9.0, 10.0)
FADE, EDGE = [0.25, 0.75, 6, 2], [1, 1, 8, 8]
for mode, padding, row, columns, expected, wanted in (
    ("bilinear", "zeros", RAMP, BESIDE, FADE, FADE),
    ("bilinear", "border", RAMP, BESIDE, EDGE, FADE),
    ("bilinear", "reflection", RAMP, BESIDE, EDGE, FADE),
    ("bicubic", "zeros", IMPULSE, BETWEEN, [0.594, 0.879, -0.094], [1, 1, 0]),
    ("nearest", "zeros", RAMP, (0.5, 1.5, 2.5, 4.5), [1, 3, 3, 5], [2, 3, 4, 6]),
    ("bilinear", "zeros", RAMP, OUTSIDE, [0, 0, 0, 0], [33, 34, 52, 53]),
):
    torch_read, seen = read(mode, padding, row, columns)
    print(f"{mode}, {padding}: {row} read at {columns}, expected {torch_read}, seen {seen}")
    assert torch_read == expected, torch_read
    assert seen == wanted, seen
PYTHON
