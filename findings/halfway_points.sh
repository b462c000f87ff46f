#!/usr/bin/env bash
# "Nearest" halfway between two pixels: torch, ONNX Runtime and OpenCV 5 round to the even one,
# SciPy, scikit-image and Pillow always to the right one, as the paper's kernel floor(x + 0.5) does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 scipy==1.17.1 scikit-image==0.26.0 pillow==13.0.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import cv2
import numpy as np
import onnxruntime
import scipy.ndimage
import skimage.transform
import torch
import torch.nn.functional as F
from onnx import helper
from PIL import Image

N = 8
image = np.arange(N, dtype=np.float32)[None].repeat(N, 0)
halfway = np.arange(N - 1) + 0.5
EVEN, RIGHT = [0, 2, 2, 4, 4, 6, 6], [1, 2, 3, 4, 5, 6, 7]

grid = np.zeros((1, 1, N - 1, 2), np.float32)
grid[..., 0], grid[..., 1] = (2 * halfway + 1) / N - 1, (2 * 3 + 1) / N - 1  # exact in binary
value = helper.make_tensor_value_info
node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode="nearest", align_corners=0)
inputs = [value("x", 1, [1, 1, N, N]), value("grid", 1, [1, 1, N - 1, 2])]
graph = helper.make_graph([node], "nearest", inputs, [value("y", 1, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString())
shift = np.array([[1, 0, 0.5], [0, 1, 3.0]])
matrix = np.array([[1, 0, 0.5], [0, 1, 3.0], [0, 0, 1]])
tensor = torch.from_numpy(image)[None, None]
answers = {
    "torch": (EVEN, F.grid_sample(tensor, torch.from_numpy(grid), "nearest", align_corners=False)),
    "onnxruntime": (EVEN, session.run(None, {"x": image[None, None], "grid": grid})[0]),
    "opencv-python-headless": (EVEN, cv2.warpAffine(
        image, shift, (N - 1, 1), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)),
    "scipy": (RIGHT, scipy.ndimage.map_coordinates(image, [np.full(N - 1, 3.0), halfway], order=0)),
    "scikit-image": (RIGHT, skimage.transform.warp(image, matrix, output_shape=(1, N - 1), order=0)),
    "pillow": (RIGHT, Image.fromarray(image).transform(
        (N - 1, 1), Image.Transform.AFFINE, (1, 0, 0.5, 0, 1, 3), Image.Resampling.NEAREST)),
}
for name, (expected, answer) in answers.items():
    seen = np.asarray(answer).astype(int).ravel().tolist()
    print(f"{name} {version(name)}: at 0.5, 1.5 ... expected {expected}, seen {seen}")
    assert seen == expected, name
PYTHON
