#!/usr/bin/env bash
# Four kernels are called bicubic: Keys' with a = -0.75 in torch's grid_sample and OpenCV, with -1 in
# Pillow's transform, with -0.5 in Pillow's resize and torch's own antialiased interpolate, and a
# B-spline in SciPy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 opencv-python-headless==5.0.0.93 scipy==1.17.1 pillow==13.0.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import cv2
import numpy as np
import scipy.ndimage
import torch
import torch.nn.functional as F
from PIL import Image

# an impulse, read at 0.5 and 1.5 pixels from it
line = np.zeros((21, 21), np.float32)
line[:, 10] = 1
AT = np.array([10.5, 11.5])


def keys(distance, a):
    """Keys' kernel, whose slope is a at the distance 1."""
    d = abs(distance)
    if d < 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4)


SHARP, SHARPEST = ([round(keys(d, a), 4) for d in (0.5, 1.5)] for a in (-0.75, -1))
SPLINE = [0.6005, -0.1274]
tensor = torch.from_numpy(line)[None, None]
grid = torch.zeros(1, 1, 2, 2)
grid[..., 0] = torch.from_numpy((2 * AT + 1) / 21 - 1)
matrix = np.array([[1, 0, AT[0]], [0, 1, 10.0]])
data = (1, 0, AT[0], 0, 1, 10)
# twice as wide: columns 22 and 24 lie 0.75 and 1.75 pixels from the impulse
twice = lambda antialias: F.interpolate(
    tensor, size=(21, 42), mode="bicubic", align_corners=False, antialias=antialias)[0, 0, 10, 22:25:2]
wide = [[round(keys(d, a), 4) for d in (0.75, 1.75)] for a in (-0.75, -0.5)]
flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
answers = (
    ("torch grid_sample", "torch", SHARP, F.grid_sample(tensor, grid, "bicubic", align_corners=False)),
    ("torch interpolate", "torch", wide[0], twice(False)),
    ("torch interpolate, antialias", "torch", wide[1], twice(True)),
    ("opencv warpAffine", "opencv-python-headless", SHARP, cv2.warpAffine(line, matrix, (2, 1), flags=flags)),
    ("pillow resize", "pillow", wide[1], np.asarray(
        Image.fromarray(line).resize((42, 21), Image.Resampling.BICUBIC))[10, 22:25:2]),
    ("pillow transform", "pillow", SHARPEST, Image.fromarray(line).transform(
        (2, 1), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)),
    ("scipy map_coordinates, order 3", "scipy", SPLINE, scipy.ndimage.map_coordinates(
        line, [np.full(2, 10.0), AT], order=3)),
)
for name, package, expected, answer in answers:
    seen = np.asarray(answer, np.float64).ravel().round(4).tolist()
    print(f"{name} ({package} {version(package)}): expected {expected}, seen {seen}")
    assert np.allclose(seen, expected, atol=2e-3), name
PYTHON
