#!/usr/bin/env bash
# TVM 0.27's reader of torch.export programs passes the grid of grid_sample on as PyTorch lays it out, (batch,
# rows, columns, 2), to an operator that wants (batch, 2, rows, columns), and nothing compares the 2. A
# transformer of 28 x 28 builds without a word and answers with 28 x 2: its places are read from the grid's
# first two rows, row 0 as if it were x and row 1 as if it were y. A fixed linear layer after it cannot be
# built, but a pool over all pixels, as at the end of a residual network, hides the shape. TVM's reader of ONNX
# files turns the grid over and answers as PyTorch does; so did TVM's old reader of PyTorch (pull request 8443
# of apache/tvm). No page found names the effect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 apache-tvm==0.27.0.post1 onnx==1.23.2
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import onnx
import torch
import torch.nn.functional as F
import tvm
from onnx import helper
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx
from tvm.relax.frontend.torch import from_exported_program

SIDE = 28
print(", ".join(f"{name} {version(name).split('+')[0]}" for name in ("torch", "apache-tvm", "onnx")))


class Transformer(torch.nn.Module):
    def forward(self, image, theta):
        grid = F.affine_grid(theta, (1, 1, SIDE, SIDE), align_corners=False)
        return F.grid_sample(image, grid, align_corners=False)


class Classifier(Transformer):
    """With two features and a pool over all that there is."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, image, theta):
        return self.features(super().forward(image, theta)).sigmoid().mean((2, 3))


def answer(module, *inputs):
    machine = relax.VirtualMachine(relax.build(module, "llvm"), tvm.cpu())
    output = machine["main"](*(tvm.runtime.tensor(each.numpy()) for each in inputs))
    return torch.from_numpy((output if hasattr(output, "numpy") else output[0]).numpy())


def by_export(model, *inputs):
    return answer(from_exported_program(torch.export.export(model, inputs)), *inputs)


def by_onnx(image, grid):
    """A file with the one node GridSample."""
    value = helper.make_tensor_value_info
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode="linear", align_corners=0)
    inputs = [value("x", 1, image.shape), value("grid", 1, grid.shape)]
    graph = helper.make_graph([node], "sample", inputs, [value("y", 1, [1, 1, SIDE, SIDE])])
    opsets = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return answer(from_onnx(model), image, grid)


torch.manual_seed(0)
image = torch.rand(1, 1, SIDE, SIDE)
theta = torch.tensor([[[0.9, -0.3, 0.1], [0.3, 0.9, -0.05]]])
with torch.no_grad():
    grid = F.affine_grid(theta, (1, 1, SIDE, SIDE), align_corners=False)
    expected = Transformer()(image, theta)
    seen = by_export(Transformer(), image, theta)
    print(f"torch.export: expected {tuple(expected.shape)}, seen {tuple(seen.shape)}")
    assert seen.shape == (1, 1, SIDE, 2)
    misread = F.grid_sample(image, torch.stack((grid[:, 0], grid[:, 1]), -1), align_corners=False)
    difference = (seen - misread).abs().max().item()
    print(f"against rows 0 and 1 of the grid read as x and y: a difference of {difference:.1e}")
    assert difference < 1e-5

    model = Classifier().eval()
    expected, seen = model(image, theta), by_export(model, image, theta)
    print(f"with a pool: expected {expected[0].tolist()}, seen {seen[0].tolist()}")
    assert seen.shape == expected.shape and (seen - expected).abs().max() > 0.01
    difference = (by_onnx(image, grid) - Transformer()(image, theta)).abs().max().item()
    print(f"from an ONNX file: {SIDE} x {SIDE}, a difference of {difference:.1e}")
    assert difference < 1e-5
PYTHON
