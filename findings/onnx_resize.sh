#!/usr/bin/env bash
# One valid file with one ONNX Resize of opset 19, in five runtimes beside the reference evaluator of the
# onnx package. ONNX Runtime and tract answer as it does. Without a word, OpenVINO, OpenCV and MNN leave
# antialias out, as torch.onnx.export writes it for antialias=True (for OpenVINO, cubic, known as its
# issue 35893), OpenVINO and MNN exclude_outside too; OpenCV and MNN read half_pixel_symmetric as
# asymmetric, half a pixel away where the size halves, where OpenVINO refuses it. MNN further takes -0.75
# for any cubic_coeff_a, and in a cubic enlargement, such as torch's bicubic is exported to, reads the first
# column a pixel away: at 0.75 in place of -0.25 where the size doubles.
# The converter is called by the module that the command mnnconvert wraps: the command also has the
# first pip on the path install another package, to report the use of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile onnx==1.23.2 onnxruntime==1.32.0 tract==0.23.9 openvino==2026.4.1 opencv-python-headless==5.0.0.93 mnn==3.6.1
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

import cv2
import MNN.expr
import MNN.nn
import numpy as np
import onnx
import onnxruntime
import openvino
import tract
from onnx import helper
from onnx.reference import ReferenceEvaluator

names = ("onnx", "onnxruntime", "tract", "openvino", "opencv-python-headless", "mnn")
print(", ".join(f"{name} {version(name)}" for name in names))
SIDE = 8
ramp = np.broadcast_to(np.arange(SIDE, dtype=np.float32), (1, 1, SIDE, SIDE)).copy()


def model_of(count, mode, how):
    """SIDE columns to count."""
    value = helper.make_tensor_value_info
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode=mode, **how)
    sizes = helper.make_tensor("sizes", onnx.TensorProto.INT64, [4], [1, 1, SIDE, count])
    inputs, outputs = [value("x", 1, ramp.shape)], [value("y", 1, [1, 1, SIDE, count])]
    graph = helper.make_graph([node], "resize", inputs, outputs, [sizes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "model.onnx")
    return model


def by_reference(model):
    return ReferenceEvaluator(model).run(None, {"x": ramp})[0]


def by_onnxruntime(model):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": ramp})[0]


def by_tract(model):
    return tract.onnx().load("model.onnx").into_model().into_runnable().run([ramp])[0].to_numpy()


def by_openvino(model):
    core = openvino.Core()
    # in float32 on every processor: some would compute in bfloat16
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    return core.compile_model(core.read_model(model.SerializeToString()), "CPU", options)([ramp])[0]


def by_opencv(model):
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(ramp, "x")
    return net.forward()


def by_mnn(model):
    convert = "import sys, _tools; _tools.mnnconvert(sys.argv)"
    files = ["--modelFile", "model.onnx", "--MNNModel", "model.mnn", "--bizCode", "finding"]
    command = [sys.executable, "-c", convert, "-f", "ONNX", *files]
    words = subprocess.run(command, check=True, capture_output=True, text=True)
    words = words.stdout + words.stderr
    assert "Converted Success!" in words and "Don't support" not in words, words
    net = MNN.nn.load_module_from_file("model.mnn", ["x"], ["y"])
    tensor = MNN.expr.const(ramp.ravel().tolist(), list(ramp.shape), MNN.expr.NCHW)
    return MNN.expr.convert(net.forward([tensor])[0], MNN.expr.NCHW).read()


RUNTIMES = (by_onnxruntime, by_tract, by_openvino, by_opencv, by_mnn)
HALVED = [0.5, 2.5, 4.5, 6.5]
SHORT = [0.232, 1.864, 3.5, 5.136, 6.768]
SHARP = [-0.105, 0.191, 0.668]  # the first three, as for the others that are enlarged to 16
SHIFTED = [0.668, 0.191, 0.668]
SOFT = [-0.070, 0.180, 0.727]
WITHOUT = [-0.088, 0.168, 0.710]
for count, mode, how, expected, others in (
    (4, "linear", {}, HALVED, {}),
    (4, "linear", {"antialias": 1}, [0.625, 2.5, 4.5, 6.375],
        dict.fromkeys((by_openvino, by_opencv, by_mnn), HALVED)),
    (5, "cubic", {}, SHORT, {}),
    (5, "cubic", {"antialias": 1}, [0.277, 1.895, 3.5, 5.105, 6.723],
        dict.fromkeys((by_openvino, by_opencv, by_mnn), SHORT)),
    (4, "linear", {"coordinate_transformation_mode": "half_pixel_symmetric"}, HALVED,
        {by_openvino: None, **dict.fromkeys((by_opencv, by_mnn), [0, 2, 4, 6])}),
    (16, "cubic", {}, SHARP, {by_mnn: SHIFTED}),
    (16, "cubic", {"cubic_coeff_a": -0.5}, SOFT, {by_mnn: SHIFTED}),
    (16, "cubic", {"cubic_coeff_a": -0.5, "exclude_outside": 1}, WITHOUT,
        {by_openvino: SOFT, by_mnn: SHIFTED}),
):
    model = model_of(count, mode, how)
    shown = len(expected)
    reference = by_reference(model)[0, 0, 0]
    name = ", ".join((mode, *(f"{word}={value}" for word, value in how.items())))
    print(f"a ramp of {SIDE} to {count}, {name}: expected {reference[:shown].astype(float).round(3).tolist()}")
    assert np.allclose(reference[:shown], expected, atol=1e-3)
    for by in RUNTIMES:
        wanted = others.get(by, expected)
        try:
            seen = np.ravel(by(model))[:count].astype(float)
        except Exception as error:
            if wanted is not None:
                raise
            print(f"  {by.__name__}: seen an error, {' '.join(str(error).split())[-120:]}")
            assert "half_pixel" in str(error)
            continue
        print(f"  {by.__name__}: seen {seen[:shown].round(3).tolist()}")
        assert wanted is not None and np.allclose(seen[:shown], wanted, atol=1e-3)
        assert (np.abs(seen - reference).max() < 1e-3) == (by not in others)
PYTHON
