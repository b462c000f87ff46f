#!/usr/bin/env bash
# OpenCV 4 reads an image at the nearest 1/32 of a pixel, whatever the interpolation, so a warp agrees
# with torch's to a hundredth of the contrast at best; OpenCV 5 reads where it is told. Halfway, the
# nearest pixel of warpAffine is the right one in OpenCV 4 and the even one in OpenCV 5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for numbers in "4.11.0.86 2.2.6" "5.0.0.93 2.4.6"; do
  read -r opencv numpy <<<"$numbers"
  python3 -m venv "$folder/$opencv"
  "$folder/$opencv/bin/pip" install -q --no-compile "opencv-python-headless==$opencv" "numpy==$numpy"
  "$folder/$opencv/bin/python" - <<'PYTHON'
import cv2
import numpy as np

ramp = np.arange(40, dtype=np.float32)[None].repeat(3, 0)
AT = (10.0, 10.01, 10.1, 10.3)


def read(x, how):
    matrix = np.array([[1, 0, x], [0, 1, 1.0]])
    return float(cv2.warpAffine(ramp, matrix, (1, 1), flags=how | cv2.WARP_INVERSE_MAP)[0, 0])


def remapped(x):
    place = (np.full((1, 1), value, np.float32) for value in (x, 1))
    return float(cv2.remap(ramp, *place, cv2.INTER_LINEAR)[0, 0])


old = cv2.__version__.startswith("4")
expected = [round(x * 32) / 32 if old else x for x in AT]
for name, reads in (("warpAffine", lambda x: read(x, cv2.INTER_LINEAR)), ("remap", remapped)):
    seen = [round(reads(x), 5) for x in AT]
    print(f"opencv {cv2.__version__}, {name}: a ramp at {AT}, expected {expected}, seen {seen}")
    assert np.allclose(seen, expected, atol=1e-4)
seen = [read(x + 0.5, cv2.INTER_NEAREST) for x in range(4)]
expected = [1, 2, 3, 4] if old else [0, 2, 2, 4]
print(f"opencv {cv2.__version__}: nearest at 0.5, 1.5 ... expected {expected}, seen {seen}")
assert seen == expected
PYTHON
done
