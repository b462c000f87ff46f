#!/usr/bin/env bash
# A max-pool with ceil_mode over a map that is smaller than its window, such as 2x2 over 1x1 at the end of
# a small localisation network, gives in PyTorch what it reads. torch.onnx.export writes it as it is, the
# checker of the onnx package has nothing against it, and ONNX Runtime, tract and the reference evaluator
# answer as PyTorch does. OpenVINO refuses the whole model; without that node it reads it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile onnx==1.23.2 onnxruntime==1.32.0 tract==0.23.9 openvino==2026.4.1 torch==2.13.0 onnxscript==0.7.2
"$folder/env/bin/python" -W ignore - "$folder" <<'PYTHON'
import contextlib
import io
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
import tract
from onnx.reference import ReferenceEvaluator

names = ("torch", "onnx", "onnxscript", "onnxruntime", "tract", "openvino")
print(", ".join(f"{name} {version(name)}" for name in names))
folder = Path(sys.argv[1])
x = torch.linspace(-1, 1, 3).view(1, 3, 1, 1)


def exported(name, *layers):
    model = torch.nn.Sequential(*layers).eval()
    path = folder / name
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(model, (x,), path, dynamo=True, opset_version=18, verbose=False)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return path, model(x).numpy()


def by_openvino(path):
    try:
        model = openvino.Core().read_model(path)
    except RuntimeError as error:
        return str(error)
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([x.numpy()])[0]


path, answer = exported("pool.onnx", torch.nn.MaxPool2d(2, ceil_mode=True))
assert np.array_equal(answer, x.numpy())
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
others = {
    "ONNX Runtime": session.run(None, {session.get_inputs()[0].name: x.numpy()})[0],
    "reference evaluator": ReferenceEvaluator(str(path)).run(None, {session.get_inputs()[0].name: x.numpy()})[0],
    "tract": tract.onnx().load(str(path)).into_model().into_runnable().run([x.numpy()])[0].to_numpy(),
}
for name, value in others.items():
    print(f"{name}: {value.ravel().tolist()}")
    assert np.array_equal(value, answer), name
refused = by_openvino(path)
words = " ".join(str(refused).split())
print("OpenVINO:", words[words.find("Kernel after") :])
assert isinstance(refused, str) and "MaxPool" in refused and "Kernel after dilation has size" in refused
path, answer = exported("none.onnx", torch.nn.ReLU())
assert np.array_equal(by_openvino(path), answer)
print("OpenVINO, without the pool:", answer.ravel().tolist())
PYTHON
