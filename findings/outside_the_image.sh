#!/usr/bin/env bash
# What lies outside an image? With "zeros" or "constant", an image of ones read at -0.75, -0.5 and
# -0.25 pixels fades to 0 in some libraries, breaks off at the first centre in SciPy, at the edge in
# Pillow; jax.image.scale_and_translate has no fade at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 kornia==0.9.0 onnx==1.23.2 onnxruntime==1.32.0 paddlepaddle==3.3.1 opencv-python-headless==5.0.0.93 scipy==1.17.1 scikit-image==0.26.0 jax==0.10.2 keras==3.15.1 pillow==13.0.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
from importlib.metadata import version

import cv2
import jax
import jax.numpy as jnp
import keras
import kornia
import numpy as np
import onnxruntime
import paddle
import scipy.ndimage
import skimage.transform
import torch
import torch.nn.functional as F
from onnx import helper
from PIL import Image

ones = np.ones((4, 4), np.float32)
AT = (-1.0, -0.75, -0.5, -0.25, 0.0)  # pixels, 0 at the first centre
FADES, AT_CENTRE, AT_EDGE = [0, 0.25, 0.5, 0.75, 1], [0, 0, 0, 0, 1], [0, 0, 1, 1, 1]


def place(x):
    """For a grid_sample with align_corners=False."""
    return np.float32([[[[(2 * x + 1) / 4 - 1, -0.25]]]])


def torch_reads(x):
    grid = torch.from_numpy(place(x))
    return F.grid_sample(torch.ones(1, 1, 4, 4), grid, align_corners=False).item()


def kornia_reads(x):
    matrix = torch.tensor([[[1, 0, -x], [0, 1, -1.0]]])  # input to output
    images = torch.ones(1, 1, 4, 4)
    return kornia.geometry.warp_affine(images, matrix, (1, 1), align_corners=True).item()


value = helper.make_tensor_value_info
node = helper.make_node("GridSample", ["x", "grid"], ["y"], align_corners=0)
inputs = [value("x", 1, [1, 1, 4, 4]), value("grid", 1, [1, 1, 1, 2])]
graph = helper.make_graph([node], "reads", inputs, [value("y", 1, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString())


def onnx_reads(x):
    return session.run(None, {"x": ones[None, None], "grid": place(x)})[0].item()


def paddle_reads(x):
    images, grid = paddle.ones([1, 1, 4, 4]), paddle.to_tensor(place(x))
    return paddle.nn.functional.grid_sample(images, grid, align_corners=False).item()


def scipy_reads(x, mode):
    return scipy.ndimage.map_coordinates(ones, [[1.0], [x]], order=1, mode=mode)[0]


def skimage_reads(x):
    matrix = np.array([[1, 0, x], [0, 1, 1], [0, 0, 1]])
    # clip=True would lift the fade to the input's lowest value, here 1
    return skimage.transform.warp(ones, matrix, output_shape=(1, 1), order=1, clip=False)[0, 0]


def opencv_reads(x):
    matrix = np.array([[1, 0, x], [0, 1, 1.0]])
    return cv2.warpAffine(ones, matrix, (1, 1), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)[0, 0]


def pillow_reads(x):
    how = Image.Transform.AFFINE, (1, 0, x, 0, 1, 1), Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(ones).transform((1, 1), *how))[0, 0]


def jax_reads(x):
    return jax.scipy.ndimage.map_coordinates(jnp.asarray(ones), [jnp.ones(1), jnp.array([x])], 1)[0]


def keras_reads(x):
    numbers = np.float32([[1, 0, x, 0, 1, 1, 0, 0]])
    images = ones[None, :, :, None]
    return keras.ops.image.affine_transform(images, numbers, data_format="channels_last")[0, 0, 0, 0]


def scaled_and_translated(x):
    shift = jnp.array([-x])
    return jax.image.scale_and_translate(jnp.ones(4), (1,), (0,), jnp.ones(1), shift, "linear")[0]


cases = (
    ("torch grid_sample, zeros", "torch", torch_reads, FADES),
    ("kornia warp_affine, zeros", "kornia", kornia_reads, FADES),
    ("onnxruntime GridSample, zeros", "onnxruntime", onnx_reads, FADES),
    ("paddle grid_sample, zeros", "paddlepaddle", paddle_reads, FADES),
    ("scipy map_coordinates, constant", "scipy", lambda x: scipy_reads(x, "constant"), AT_CENTRE),
    ("scipy map_coordinates, grid-constant", "scipy", lambda x: scipy_reads(x, "grid-constant"), FADES),
    ("scikit-image warp, constant", "scikit-image", skimage_reads, FADES),
    ("opencv warpAffine, constant", "opencv-python-headless", opencv_reads, FADES),
    ("pillow transform", "pillow", pillow_reads, AT_EDGE),
    ("jax map_coordinates, constant", "jax", jax_reads, FADES),
    ("keras affine_transform, constant", "keras", keras_reads, FADES),
    ("jax.image.scale_and_translate", "jax", scaled_and_translated, AT_EDGE),
)
print("read at", AT)
for name, package, reads, expected in cases:
    seen = [round(float(reads(x)), 3) for x in AT]
    print(f"{name} ({package} {version(package)}): expected {expected}, seen {seen}")
    assert np.allclose(seen, expected, atol=1e-3), name
PYTHON
