#!/usr/bin/env bash
# torch.onnx.export takes copysign apart into an operation that it cannot write: a homography that
# holds its denominator away from 0 with copysign has no ONNX file. torch.where(w < 0, -h, h) has.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import contextlib
import io

import torch

W = torch.tensor([-2.0, -1e-9, 1e-9, 2.0])
HORIZON = 1e-6


class Copysign(torch.nn.Module):
    def forward(self, w):
        return torch.where(w.abs() < HORIZON, torch.copysign(torch.full_like(w, HORIZON), w), w)


class Where(torch.nn.Module):
    def forward(self, w):
        return torch.where(w.abs() < HORIZON, torch.where(w < 0, -HORIZON, HORIZON), w)


def export(model):
    with contextlib.redirect_stdout(io.StringIO()):
        return torch.onnx.export(model, (W,), dynamo=True, opset_version=18, verbose=False)


assert torch.equal(Copysign()(W), Where()(W))
try:
    export(Copysign())
except torch.onnx.OnnxExporterError as error:
    words = str(error).partition("Exception summary")[2].split()
    print(f"torch {torch.__version__}: copysign, expected a file, seen: {' '.join(words)[:300]}")
else:
    raise SystemExit("copysign is exported now")
nodes = [node.op_type for node in export(Where()).model.graph]
print(f"torch {torch.__version__}: where, expected a file, seen one with {nodes}")
assert nodes
PYTHON
