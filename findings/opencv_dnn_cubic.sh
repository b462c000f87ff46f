#!/usr/bin/env bash
# OpenCV 5.0.0 reads an ONNX GridSample of opset 16 to 19 by the cubic kernel of torch and ONNX Runtime,
# but clips each answer to the range of the 16 pixels read; from opset 20 on, where the mode is called
# cubic and no longer bicubic, it is linear, without a word. An impulse read 0.5 and 1.5 pixels away gives
# 0.594 and 0, then 0.5 and 0, in place of 0.594 and -0.094. So onnx's own converter from 16 to 20, or
# another opset_version of torch.onnx.export, changes the picture. A pull request (29783) on this mode was
# merged into OpenCV after the release; no page found names either effect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import itertools
from importlib.metadata import version

import cv2
import numpy as np
import onnxruntime
from onnx import checker, helper, version_converter

names = ("onnx", "onnxruntime", "opencv-python-headless")
print(", ".join(f"{name} {version(name)}" for name in names))
SIDE, COUNT = 12, 400
generator = np.random.default_rng(0)
noise = generator.random((1, 1, SIDE, SIDE), np.float32)
inner = generator.random((1, 1, COUNT, 2), np.float32) - 0.5  # three pixels and more from the border
anywhere = (inner * 4).astype(np.float32)
impulse = np.zeros((1, 1, SIDE, SIDE), np.float32)
impulse[..., 6] = 1
at = np.zeros((1, 1, 3, 2), np.float32)
at[..., 0] = (2 * np.array([6, 6.5, 7.5]) + 1) / SIDE - 1


def model_of(mode, padding, count):
    """Of opset 16, and what the converter makes of it for 20."""
    value = helper.make_tensor_value_info
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode=mode, padding_mode=padding)
    inputs = [value("x", 1, [1, 1, SIDE, SIDE]), value("grid", 1, [1, 1, count, 2])]
    graph = helper.make_graph([node], "sample", inputs, [value("y", 1, [1, 1, 1, count])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    later = version_converter.convert_version(model, 20)
    for one in (model, later):
        checker.check_model(one, full_check=True)
    return {16: model, 20: later}


def by_runtime(model, image, grid):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": image, "grid": grid})[0].ravel().astype(float)


def by_opencv(model, image, grid):
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(image, "x")
    net.setInput(grid, "grid")
    return net.forward().ravel().astype(float)


for mode, padding in itertools.product(("bilinear", "nearest"), ("zeros", "border", "reflection")):
    for model in model_of(mode, padding, COUNT).values():
        wanted = by_runtime(model, noise, anywhere)
        assert np.allclose(wanted, by_opencv(model, noise, anywhere), atol=1e-5), (mode, padding)
print("bilinear and nearest, every padding, opsets 16 and 20: expected and seen, as ONNX Runtime")

expected = [1.0, 0.594, -0.094]
for (opset, model), values in zip(
    model_of("bicubic", "zeros", 3).items(), ([1.0, 0.594, 0.0], [1.0, 0.5, 0.0]), strict=True
):
    runtime = by_runtime(model, impulse, at).round(3).tolist()
    seen = by_opencv(model, impulse, at).round(3).tolist()
    name = model.graph.node[0].attribute[0].s.decode()
    print(f"opset {opset}, {name}: an impulse at 0, 0.5, 1.5 pixels, expected {expected}, seen {seen}")
    assert np.allclose(runtime, expected, atol=1e-3) and np.allclose(seen, values, atol=1e-3)

models = model_of("bicubic", "zeros", COUNT)
cubic = by_runtime(models[20], noise, inner)
linear = by_runtime(model_of("bilinear", "zeros", COUNT)[16], noise, inner)
first = np.floor(((inner[0, 0] + 1) * SIDE - 1) / 2).astype(int) - 1
read = np.stack([noise[0, 0, y : y + 4, x : x + 4].ravel() for x, y in first])
earlier, later = (by_opencv(models[opset], noise, inner) for opset in (16, 20))
for name, seen, same in (
    ("16: cubic, clipped to the pixels read", earlier, cubic.clip(read.min(1), read.max(1))),
    ("20: linear", later, linear),
):
    off, away = np.abs(seen - cubic).max(), np.abs(seen - same).max()
    print(f"noise, opset {name}, to {away:.0e}; off the cubic answer, expected 0, seen {off:.2f}")
    assert away < 1e-5 and off > 0.05
PYTHON
