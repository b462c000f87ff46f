#!/usr/bin/env bash
# MONAI 1.6.1's GridDistortion with every distort step 1, so that no cell is distorted, changes the image: each
# cell runs over its n pixels from edge to edge in n - 1 steps, so it is stretched by n/(n - 1), and the pixel
# where two cells meet is read twice. RandGridDistortion with distort_limit=0 does the same, and for any other
# limit it lies on top of the distortion. Where the side is far from a multiple of num_cells, as 28 from 10, the
# cells end before the image does, and the last 6 columns all show column 0, without a word. Transforms.Affine,
# on the same resampler, keeps the image. The algorithm was albumentations', whose pull request 637 tells of its
# cell too many; no page found names either effect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 monai==1.6.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import torch
from monai import transforms

print(", ".join(f"{name} {version(name).split('+')[0]}" for name in ("torch", "monai")))


def columns(side, transform):
    """The column that each output column was read from: an image whose pixels hold their own."""
    image = torch.arange(side, dtype=torch.float32).expand(1, side, side).contiguous()
    read = np.asarray(transform(image))[0]
    assert (abs(read - read[0]) < 1e-4).all()  # every row alike
    return read[0].astype(float).round(3)


def undistorted(side, cells):
    steps = [(1.0,) * (cells + 1)] * 2
    return columns(side, transforms.GridDistortion(num_cells=cells, distort_steps=steps))


def by_hand(side, cells):
    """Cells from edge to edge, then whatever no cell reaches; none below reaches past the last pixel."""
    cell = side // cells
    inside = [np.linspace(k * cell, (k + 1) * cell, cell) for k in range(cells + 1)]
    read = np.concatenate(inside)[:side]
    return np.concatenate((read, np.zeros(side - len(read)))).clip(0, side - 1)


identity = columns(28, transforms.Affine(padding_mode="border", image_only=True))
print(f"Affine, 28 pixels: columns 0 to 27 expected, at most {abs(identity - np.arange(28)).max():.3f} away")
assert abs(identity - np.arange(28)).max() < 1e-3
for side, cells in ((28, 4), (28, 7), (64, 8)):
    read = undistorted(side, cells)
    away = abs(read - np.arange(side)).max()
    twice = sum(np.diff(read) < 1e-3)
    print(
        f"{side} pixels, {cells} cells: expected 0, 1, 2, ..., seen {read[:9].tolist()} ..., up to {away:.2f} "
        f"pixels away, {twice} columns twice"
    )
    assert abs(read - by_hand(side, cells)).max() < 0.01 and away > 0.8 and twice == cells - 1
read = undistorted(28, 10)
print(f"28 pixels, 10 cells: the last 8 columns, expected {list(range(20, 28))}, seen {read[-8:].tolist()}")
assert read[-6:].tolist() == [0] * 6
random = transforms.RandGridDistortion(num_cells=4, prob=1, distort_limit=0)
same = np.array_equal(columns(28, random), undistorted(28, 4))
print(f"RandGridDistortion, limit 0: the same as GridDistortion: {same}")
assert same
PYTHON
