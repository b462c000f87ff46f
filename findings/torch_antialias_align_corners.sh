#!/usr/bin/env bash
# F.interpolate with align_corners=True keeps the corner pixels, says its documentation, and so it does;
# with antialias=True besides it does not: output i of n, from an input of m, is centred on
# (i + 1/2) (m - 1)/(n - 1) - 1/2, the step of align_corners from the start of the other convention.
# The last of 28 columns to which 448 are shrunk is centred 7.8 pixels beyond the last pixel.
# torch.onnx.export writes a Resize with both words, and ONNX Runtime does align the corners, so the file
# answers otherwise than the model; the step from one centre to the next is all that the two share.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import contextlib
import io
from importlib.metadata import version

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F


class Resized(torch.nn.Module):
    def __init__(self, count, align_corners, antialias):
        super().__init__()
        self.count = count
        self.how = {"mode": "bilinear", "align_corners": align_corners, "antialias": antialias}

    def forward(self, x):
        return F.interpolate(x, (x.shape[2], self.count), **self.how)


def by_torch(size, count, align_corners=True, antialias=True):
    ramp = torch.arange(float(size)).expand(1, 1, 2, size)
    return Resized(count, align_corners, antialias)(ramp)[0, 0, 0].double().numpy()


def by_runtime(size, count, align_corners=True, antialias=True):
    ramp = torch.arange(float(size)).repeat(1, 1, 2, 1)
    model = Resized(count, align_corners, antialias)
    with contextlib.redirect_stdout(io.StringIO()):
        program = torch.onnx.export(model, (ramp,), input_names=["x"], dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    return session.run(None, {"x": ramp.numpy()})[0][0, 0, 0].astype(float)


def by_hand(centres, width, size):
    """A triangle of that width, at least a pixel's, around each centre, over the pixels that are there."""
    pixels = np.arange(size)
    weights = (1 - np.abs(pixels - centres[:, None]) / max(width, 1)).clip(0)
    return weights @ pixels / weights.sum(1)


names = ("torch", "onnx", "onnxscript", "onnxruntime")
print(", ".join(f"{name} {version(name).split('+')[0]}" for name in names))
says = " ".join(F.interpolate.__doc__.split())
assert "aligned by the center points of their corner pixels, preserving the values at the corner" in says

print("a ramp from 0 to 3 enlarged to 7, bilinear, align_corners=True")
aligned = [0, 0.5, 1, 1.5, 2, 2.5, 3]
for name, seen, wanted in (
    ("torch", by_torch(4, 7, antialias=False), aligned),
    ("torch, antialias=True", by_torch(4, 7), [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75]),
    ("its ONNX file, antialias=True", by_runtime(4, 7), aligned),
):
    print(f"  {name}: expected {aligned}, seen {seen.round(3).tolist()}")
    assert np.allclose(seen, wanted, atol=1e-5)

for size, count in ((4, 13), (8, 4), (448, 28)):
    step = (size - 1) / (count - 1)
    shifted = (np.arange(count) + 0.5) * step - 0.5
    exported = np.arange(count) * step
    ours, theirs = by_torch(size, count), by_runtime(size, count)
    assert np.allclose(ours, by_hand(shifted, step, size), atol=1e-3)
    assert np.allclose(theirs, by_hand(exported, size / count, size), atol=1e-3)
    apart = np.abs(ours - theirs).max()
    print(f"{size} to {count}: torch's first and last centre, expected 0 and {size - 1}, seen "
          f"{shifted[0]:.2f} and {shifted[-1]:.2f}; off the ONNX file, expected 0, seen up to {apart:.2f}")
    assert apart > 0.3
    plain = np.abs(by_torch(size, count, False) - by_runtime(size, count, False)).max()
    print(f"{size} to {count}, align_corners=False: off the ONNX file, expected 0, seen {plain:.0e}")
    assert plain < 1e-3
assert round(shifted[-1], 1) == 454.8
PYTHON
