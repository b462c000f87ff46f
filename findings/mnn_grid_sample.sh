#!/usr/bin/env bash
# MNN 3.6.1 converts and runs an ONNX GridSample of every mode and padding, but reflection is read as
# border and cubic as linear: columns -2, -1, 9 and 10 of a ramp from 0 to 8 give 0, 0, 8 and 8 in place
# of 2, 1, 7 and 6. For reflection nothing is said; for cubic the converter writes "Don't support mode",
# as it also does for linear, which is right, and then "Converted Success!". The project's answer to a
# question about this operator (issue 3223) is that it is complete and as in ONNX.
# The converter is called by the module that the command mnnconvert wraps: the command also has the
# first pip on the path install another package, to report the use of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile onnx==1.23.2 onnxruntime==1.32.0 mnn==3.6.1
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

import MNN.expr
import MNN.nn
import numpy as np
import onnx
import onnxruntime
from onnx import helper

print(", ".join(f"{name} {version(name)}" for name in ("onnx", "onnxruntime", "mnn")))
SIDE = 9
CONVERT = "import sys, _tools; _tools.mnnconvert(sys.argv)"
ramp = np.broadcast_to(np.arange(SIDE, dtype=np.float32), (1, 1, SIDE, SIDE)).copy()
impulse = np.float32(ramp == 4)


def tensor(values):
    return MNN.expr.const(values.ravel().tolist(), list(values.shape), MNN.expr.NCHW)


def answers(opset, mode, padding, image, columns):
    """Of ONNX Runtime and of MNN, and what MNN's converter says about the mode or the padding."""
    value = helper.make_tensor_value_info
    grid = np.zeros((1, 1, len(columns), 2), np.float32)
    grid[..., 0] = np.array(columns) / 4 - 1  # align_corners: -1 and 1 are columns 0 and 8
    node = helper.make_node(
        "GridSample", ["x", "grid"], ["y"], mode=mode, padding_mode=padding, align_corners=1
    )
    inputs = [value("x", 1, image.shape), value("grid", 1, grid.shape)]
    graph = helper.make_graph([node], "sample", inputs, [value("y", 1, [1, 1, 1, len(columns)])])
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "model.onnx")
    session = onnxruntime.InferenceSession("model.onnx")
    files = ["--modelFile", "model.onnx", "--MNNModel", "model.mnn", "--bizCode", "finding"]
    command = [sys.executable, "-c", CONVERT, "-f", "ONNX", *files]
    words = subprocess.run(command, check=True, capture_output=True, text=True)
    words = words.stdout + words.stderr
    assert "Converted Success!" in words, words
    net = MNN.nn.load_module_from_file("model.mnn", ["x", "grid"], ["y"])
    output = MNN.expr.convert(net.forward([tensor(image), tensor(grid)])[0], MNN.expr.NCHW)
    said = [line.partition("Don't")[2] for line in words.splitlines() if "Don't support" in line]
    runtime = session.run(None, {"x": image, "grid": grid})[0]
    return *(np.ravel(each).astype(float).round(3).tolist() for each in (runtime, output.read())), said


OUTSIDE, BETWEEN = (-2, -1, 9, 10), (4, 4.5, 5.5)
REFLECTED, CLAMPED = [2, 1, 7, 6], [0, 0, 8, 8]
CUBIC, LINEAR = [1, 0.594, -0.094], [1, 0.5, 0]
for opset, mode, padding, image, columns, expected, wanted, remarks in (
    (16, "bilinear", "border", ramp, OUTSIDE, CLAMPED, CLAMPED, 0),
    (16, "bilinear", "reflection", ramp, OUTSIDE, REFLECTED, CLAMPED, 0),
    (16, "nearest", "reflection", ramp, OUTSIDE, REFLECTED, CLAMPED, 0),
    (20, "linear", "zeros", impulse, BETWEEN, LINEAR, LINEAR, 1),
    (16, "bicubic", "zeros", impulse, BETWEEN, CUBIC, LINEAR, 1),
    (20, "cubic", "zeros", impulse, BETWEEN, CUBIC, LINEAR, 1),
):
    runtime, seen, said = answers(opset, mode, padding, image, columns)
    what = "a ramp" if image is ramp else "an impulse at 4"
    print(
        f"opset {opset}, {mode}, {padding}: {what}, read at {columns}, expected {runtime}, seen {seen}; "
        f"remarks of the converter: {len(said)}"
    )
    assert np.allclose(runtime, expected, atol=1e-3), runtime
    assert np.allclose(seen, wanted, atol=1e-3) and len(said) == remarks, (seen, said)
PYTHON
