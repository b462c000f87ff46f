#!/usr/bin/env bash
# Kornia's thin plate spline goes through its control points, and between them it is another surface
# than the thin plate spline of SciPy: its kernels stand around the points' images, not the points.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 kornia==0.9.0 scipy==1.17.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import torch
from kornia.geometry.transform import get_tps_transform, warp_points_tps
from scipy.interpolate import RBFInterpolator

SIDE = 28  # pixels; -1 and 1 at the image's edges


def square(values):
    rows, columns = torch.meshgrid(values, values, indexing="ij")
    return torch.stack((columns, rows), dim=-1).view(1, -1, 2)


control = square(torch.linspace(-1, 1, 4, dtype=torch.float64))
pixels = square((2 * torch.arange(SIDE, dtype=torch.float64) + 1) / SIDE - 1)
print(f"kornia {version('kornia')}, scipy {version('scipy')}: in pixels of an image of {SIDE}")
for moved, least in ((0.0, 0.0), (0.05, 0.2), (0.1, 1.0)):
    noise = torch.randn(1, 16, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    images = control + moved * noise
    weights = get_tps_transform(control, images)
    spline = RBFInterpolator(control[0].numpy(), images[0].numpy(), kernel="thin_plate_spline")

    def apart(points):
        theirs = warp_points_tps(points, images, *weights)[0].numpy()
        return np.linalg.norm(theirs - spline(points[0].numpy()), axis=1).max() * SIDE / 2

    at, between = apart(control), apart(pixels)
    print(f"control points moved by {moved * SIDE / 2:.1f} px: apart by {at:.1e} px at them, "
          f"{between:.2f} px between them; expected 0, and more than {least}")
    assert at < 1e-6 and (between > least if least else between < 1e-6)
PYTHON
