#!/usr/bin/env bash
# The ONNX package's own reference evaluator and GridSample. Up to opset 19 the modes are called
# bilinear and bicubic, from 20 on linear and cubic; the evaluator knows the later names alone, so it
# refuses every earlier model that the checker takes and ONNX Runtime runs. And cubic with border
# padding it answers otherwise than ONNX Runtime and torch, which agree, near the border and outside.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import helper
from onnx.reference import ReferenceEvaluator

print(", ".join(f"{name} {version(name)}" for name in ("torch", "onnx", "onnxruntime")))
COUNT = 300
generator = torch.Generator().manual_seed(0)
image = torch.rand(1, 1, 6, 8, generator=generator)
grid = torch.rand(1, 1, COUNT, 2, generator=generator) * 4 - 2
fed = {"x": image.numpy(), "grid": grid.numpy()}
inside = (grid.abs() < 0.5).all(-1).numpy()[:, None]  # two pixels and more from the border


def model_of(opset, mode, padding):
    value = helper.make_tensor_value_info
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode=mode, padding_mode=padding)
    inputs = [value("x", 1, [1, 1, 6, 8]), value("grid", 1, [1, 1, COUNT, 2])]
    graph = helper.make_graph([node], "sample", inputs, [value("y", 1, [1, 1, 1, COUNT])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


for opset, mode, padding in (
    (16, "bilinear", "zeros"), (18, "bicubic", "border"),
    (20, "linear", "border"), (20, "cubic", "zeros"), (20, "cubic", "border"),
):
    model = model_of(opset, mode, padding)
    name = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    wanted = F.grid_sample(image, grid, name, padding, align_corners=False).numpy()
    runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, fed)[0]
    assert np.abs(runtime - wanted).max() < 1e-5
    said = f"opset {opset}, {mode}, {padding}: ONNX Runtime as torch; reference evaluator"
    try:
        off = np.abs(ReferenceEvaluator(model).run(None, fed)[0] - wanted)
    except RuntimeError as error:
        print(f"{said} expected the same, seen: {error}")
        assert opset < 20 and "linear" in str(error), error
        continue
    print(f"{said} expected the same, seen up to {off.max():.3f} away, {off[inside].max():.0e} well inside")
    assert opset == 20 and off[inside].max() < 1e-5
    assert (off.max() > 0.02) == (mode == "cubic" and padding == "border")
PYTHON
