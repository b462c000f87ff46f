#!/usr/bin/env bash
# One affine warp, written for ten samplers. They differ in direction (output to input, or the other
# way round), in where 0 lies (image edge, pixel centre, normalised) and in the order of coordinates;
# each agrees with a sum written out by hand once it is given its own numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 kornia==0.9.0 onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 scipy==1.17.1 scikit-image==0.26.0 jax==0.10.2 keras==3.15.1 pillow==13.0.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
from importlib.metadata import version

import cv2
import jax.numpy as jnp
import keras
import kornia
import numpy as np
import onnxruntime
import scipy.ndimage
import skimage.transform
import torch
import torch.nn.functional as F
from jax.scipy.ndimage import map_coordinates
from onnx import helper
from PIL import Image

H, W = 9, 12
image = np.random.default_rng(0).random((H, W), dtype=np.float32)
# pixels, (x, y), 0 at the first centre: the output's (x, y) reads the input at warp @ (x, y, 1)
warp = np.array([[0.8, -0.3, 2.1], [0.25, 0.7, 0.4], [0, 0, 1]])
rows, columns = np.mgrid[:H, :W]
x, y, _ = np.einsum("ij,jhw->ihw", warp, np.stack((columns, rows, np.ones_like(rows))))
inside = (x > 0.5) & (x < W - 1.5) & (y > 0.5) & (y < H - 1.5)
left, top = np.floor(x).astype(int).clip(0, W - 2), np.floor(y).astype(int).clip(0, H - 2)
right_part, lower_part = x - left, y - top
expected = (
    (1 - lower_part) * ((1 - right_part) * image[top, left] + right_part * image[top, left + 1])
    + lower_part * ((1 - right_part) * image[top + 1, left] + right_part * image[top + 1, left + 1])
)


def change(scale_x, offset_x, scale_y, offset_y):
    """From a framework's coordinates to pixels."""
    return np.array([[scale_x, 0, offset_x], [0, scale_y, offset_y], [0, 0, 1]])


edges = change(W / 2, (W - 1) / 2, H / 2, (H - 1) / 2)  # -1 and 1 at the image's edges
ends = change((W - 1) / 2, (W - 1) / 2, (H - 1) / 2, (H - 1) / 2)  # at the first and last centres
corners = change(1, -0.5, 1, -0.5)  # 0 at the image's edge
at_edges, at_ends, at_corners = (np.linalg.inv(m) @ warp @ m for m in (edges, ends, corners))
forward = np.linalg.inv(warp)
swapped = warp[[1, 0, 2]][:, [1, 0, 2]]  # (y, x)

images = torch.from_numpy(image)[None, None]
tensor = lambda matrix: torch.tensor(matrix[None, :2], dtype=torch.float32)


def torch_warp(matrix, align_corners):
    grid = F.affine_grid(tensor(matrix), (1, 1, H, W), align_corners=align_corners)
    return F.grid_sample(images, grid, align_corners=align_corners)[0, 0].numpy()


def onnx_warp(matrix):
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("AffineGrid", ["theta", "size"], ["grid"], align_corners=0),
        helper.make_node("GridSample", ["image", "grid"], ["out"], align_corners=0),
    ]
    inputs = [value("image", 1, [1, 1, H, W]), value("theta", 1, [1, 2, 3])]
    size = helper.make_tensor("size", 7, [4], [1, 1, H, W])
    graph = helper.make_graph(nodes, "warp", inputs, [value("out", 1, None)], [size])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    fed = {"image": images.numpy(), "theta": tensor(matrix).numpy()}
    return session.run(None, fed)[0][0, 0]


def opencv_warp(matrix, flags):
    return cv2.warpAffine(image, matrix[:2], (W, H), flags=cv2.INTER_LINEAR | flags)


def keras_warp(matrix):
    numbers = np.float32([[*matrix[0], *matrix[1], 0, 0]])
    return np.asarray(
        keras.ops.image.affine_transform(image[None, :, :, None], numbers, data_format="channels_last")
    )[0, :, :, 0]


def pillow_warp(matrix):
    data = (*matrix[0], *matrix[1])
    how = Image.Transform.AFFINE, data, Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).transform((W, H), *how))


answers = {
    "torch, align_corners=False: output to input, -1 and 1 at the edges, (x, y)":
        torch_warp(at_edges, False),
    "torch, align_corners=True: the same, -1 and 1 at the outer centres":
        torch_warp(at_ends, True),
    "onnxruntime, AffineGrid and GridSample: as torch": onnx_warp(at_edges),
    "kornia warp_affine: input to output, pixel centres, (x, y)":
        kornia.geometry.warp_affine(images, tensor(forward), (H, W), align_corners=True)[0, 0].numpy(),
    "opencv warpAffine: input to output, pixel centres, (x, y)": opencv_warp(forward, 0),
    "opencv warpAffine, WARP_INVERSE_MAP: output to input": opencv_warp(warp, cv2.WARP_INVERSE_MAP),
    "scipy affine_transform: output to input, pixel centres, (y, x)":
        scipy.ndimage.affine_transform(image, swapped, order=1),
    "scikit-image warp: output to input, pixel centres, (x, y)":
        skimage.transform.warp(image, warp, order=1),
    "jax map_coordinates: points of the input, pixel centres, (y, x)":
        np.asarray(map_coordinates(jnp.asarray(image), [jnp.asarray(y), jnp.asarray(x)], order=1)),
    "keras affine_transform: output to input, pixel centres, (x, y)": keras_warp(warp),
    "pillow transform: output to input, 0 at the edge, (x, y)": pillow_warp(at_corners),
}
packages = ("torch", "kornia", "onnxruntime", "opencv-python-headless", "scipy", "scikit-image",
            "jax", "keras", "pillow")
print(", ".join(f"{name} {version(name)}" for name in packages))
print("expected: each within 1e-4 of the sum by hand, inside the image")
for name, answer in answers.items():
    off = np.abs(answer - expected)[inside].max()
    print(f"seen: {off:.1e}  {name}")
    assert off < 1e-4, name
wrong = np.abs(pillow_warp(warp) - expected)[inside].max()
print(f"seen: {wrong:.1e}  pillow with the numbers for pixel centres: shifted")
assert wrong > 0.01
PYTHON
