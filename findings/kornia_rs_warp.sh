#!/usr/bin/env bash
# kornia_rs, kornia's library in Rust, asks warp_affine and warp_perspective for an interpolation and
# refuses words that it does not know; but on a CPU nearest, bicubic and lanczos are bilinear, so that a
# mask of the labels 0 and 2 comes back with 1. Its resize obeys nearest, and so do the warps of OpenCV
# and of kornia. And the image has unlike ends: it breaks off at the first centre on the left and at the
# top, and goes on for a whole pixel on the right and at the bottom, where the others fade on all sides.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 kornia==0.9.0 kornia-rs==0.2.0 opencv-python-headless==5.0.0.93
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import cv2
import kornia
import numpy as np
import torch
from kornia_rs import imgproc

SIDE = 8
names = ("torch", "kornia", "kornia-rs", "opencv-python-headless")
print(", ".join(f"{name} {version(name).split('+')[0]}" for name in names))


def shift(x, y):
    """Input to output, as all three want it."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def by_rust(image, x, y, interpolation, perspective=False):
    warp = imgproc.warp_perspective if perspective else imgproc.warp_affine
    matrix = shift(x, y) if perspective else shift(x, y)[:2]
    return np.asarray(warp(image, matrix.ravel().tolist(), (SIDE, SIDE), interpolation))[:, :, 0]


def by_opencv(image, x, y, interpolation, perspective=False):
    flags = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR}[interpolation]
    if perspective:
        return cv2.warpPerspective(image[:, :, 0], shift(x, y), (SIDE, SIDE), flags=flags)
    return cv2.warpAffine(image[:, :, 0], shift(x, y)[:2], (SIDE, SIDE), flags=flags)


def by_kornia(image, x, y, interpolation, perspective=False):
    warp = kornia.geometry.warp_perspective if perspective else kornia.geometry.warp_affine
    tensor = torch.from_numpy(image[:, :, 0])[None, None].float()
    matrix = torch.from_numpy(shift(x, y) if perspective else shift(x, y)[:2])[None].float()
    output = warp(tensor, matrix, (SIDE, SIDE), mode=interpolation, align_corners=True)
    return output[0, 0].round().byte().numpy()


for channels in (1, 3, 4):
    mask = np.zeros((SIDE, SIDE, channels), np.uint8)
    mask[:, SIDE // 2 :] = 2
    for perspective in (False, True):
        how = f"{channels} channels, {'warp_perspective' if perspective else 'warp_affine'}"
        for by, wanted in ((by_rust, [0, 1, 2]), (by_opencv, [0, 2]), (by_kornia, [0, 2])):
            # by 3/8 of a pixel, so that no place is halfway; without the first column, which may be 0
            labels = np.unique(by(mask, 0.375, 0, "nearest", perspective)[:, 1:]).tolist()
            print(f"{by.__name__}, {how}, nearest: labels expected [0, 2], seen {labels}")
            assert labels == wanted
        words = ("nearest", "bicubic", "lanczos")
        linear = by_rust(mask, 0.375, 0, "bilinear", perspective)
        assert all((by_rust(mask, 0.375, 0, word, perspective) == linear).all() for word in words)
    print(f"by_rust, {channels} channels: {', '.join(words)}, expected unlike bilinear, seen the same")
try:
    by_rust(mask, 0.375, 0, "nearly")
except Exception as error:
    print(f"by_rust, nearly: expected an error, seen: {error}")
else:
    raise SystemExit("any word is taken")
labels = np.unique(imgproc.resize(mask[:, :, :3].copy(), (13, 13), "nearest")).tolist()
print(f"kornia_rs resize, nearest: labels expected [0, 2], seen {labels}")
assert labels == [0, 2]

full = np.full((SIDE, SIDE, 3), 100, np.uint8)
OUTSIDE = (-0.75, -0.5, -0.25)
FADES = [25, 50, 75]
for by, before, after in (
    (by_rust, [0, 0, 0], [100, 100, 100]), (by_opencv, FADES, FADES), (by_kornia, FADES, FADES),
):
    for perspective in (False, True):
        start, end, top, bottom = (
            [int(by(full, *(x * d for d in way), "bilinear", perspective)[at]) for x in OUTSIDE]
            for way, at in (
                ((-1, 0), (4, 0)), ((1, 0), (4, -1)), ((0, -1), (0, 4)), ((0, 1), (-1, 4)),
            )
        )
        print(
            f"{by.__name__}, {'warp_perspective' if perspective else 'warp_affine'}: 100 read 0.75, 0.5, "
            f"0.25 pixels outside, expected {FADES}, seen left {start}, right {end}, top {top}, "
            f"bottom {bottom}"
        )
        assert start == top == before and end == bottom == after
PYTHON
