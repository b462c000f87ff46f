#!/usr/bin/env bash
# torch.export and torch.onnx.export run Python code with FakeTensors. A constant that this code
# computes once and keeps, such as the points of a regular grid, is one from then on, and every later
# answer of the process has no numbers; export with strict=True leaves a real one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import contextlib
import functools
import io

import torch

EXPORTERS = {
    "torch.export.export": lambda model, x: torch.export.export(model, (x,)),
    "torch.onnx.export": lambda model, x: torch.onnx.export(model, (x,), dynamo=True, verbose=False),
    "torch.export.export, strict=True": lambda model, x: torch.export.export(model, (x,), strict=True),
}
print(f"torch {torch.__version__}")
for name, exporter in EXPORTERS.items():

    @functools.lru_cache
    def points(count):
        return (2 * torch.arange(count) + 1) / count - 1

    class Model(torch.nn.Module):
        def forward(self, x):
            return x + points(3)

    with contextlib.redirect_stdout(io.StringIO()):
        exporter(Model(), torch.zeros(3))
    answer = type(Model()(torch.zeros(3))).__name__
    print(f"after {name}: expected a Tensor, seen a {answer}")
    assert answer == ("Tensor" if "strict" in name else "FakeTensor")
PYTHON
