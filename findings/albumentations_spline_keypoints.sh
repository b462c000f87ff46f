#!/usr/bin/env bash
# Albumentations' thin plate spline with scale_range=(0, 0) is, in its documentation's words, "No displacement
# (identity transform)", and so it is for the picture; but each keypoint moves up by a pixel and loses its
# fraction. The default way of moving points draws a cross of five pixels for each, warps it, and takes the first
# one that is found, which is the uppermost. With displacement the points lie about a pixel above what they mark,
# whatever its strength, and a network that learns landmarks from them learns that. The way called "direct" gives
# whole pixels too. So in version 2.0.8, the last of albumentations, and 2.5.1, AlbumentationsX, its successor. In
# the former "direct" errs downwards by half a pixel besides, and points that leave the image are gone, though
# remove_invisible=False should keep them, and does with Affine, which is exact. A pull request of albumentations
# (2305) brought the cross, for strong distortions; no page found names the pixel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# only the second needs torch, to be imported at all
for package in albumentations==2.0.8 albumentationsx==2.5.1; do
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile "$package" torch==2.13.0 opencv-python-headless==5.0.0.93
"$folder/env/bin/python" -W ignore - "${package%%==*}" <<'PYTHON'
import inspect
import os
import sys
from importlib.metadata import version

os.environ["NO_ALBUMENTATIONS_UPDATE"] = os.environ["ALBUMENTATIONS_NO_TELEMETRY"] = "1"
import albumentations
import cv2
import numpy as np

ROWS, COLUMNS = 96, 128
DIRECT = {"albumentations": (-0.7, -0.3), "albumentationsx": (-0.2, 0.2)}[sys.argv[1]]
LIMITS = {"mask": (0.6, 1.2), "direct": DIRECT}  # of the mean error upwards
print(sys.argv[1], version(sys.argv[1]))
keypoints = albumentations.KeypointParams("xy", remove_invisible=False)
y, x = np.mgrid[:ROWS, :COLUMNS].astype(np.float32)
picture = np.stack((x / COLUMNS, y / ROWS, np.ones_like(x)), -1)  # each pixel knows where it was
points = np.float32([(x, y) for x in range(20, 110, 15) for y in range(15, 85, 10)])


def warped(transform, points, seed=0):
    pipeline = albumentations.Compose([transform], keypoint_params=keypoints, seed=seed)
    result = pipeline(image=picture, keypoints=points)
    return result["image"], np.asarray(result["keypoints"], float)


def spline(scale, way):
    return albumentations.ThinPlateSpline(scale_range=(scale, scale), keypoint_remapping_method=way, p=1)


def off(transform):
    """How far a point lies from what it marked: mean, largest, and the mean (x, y)."""
    differences = []
    for seed in range(8):
        for point in points[:, None]:
            image, moved = warped(transform, point, seed)
            if len(moved):
                at = np.float32(moved[:, None])
                there = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR)[0, 0]
                if there[2] > 0.999:  # all four pixels from within the picture
                    differences.append(point[0] - there[:2] * (COLUMNS, ROWS))
    lengths = np.linalg.norm(differences, axis=1)
    return lengths.mean(), lengths.max(), np.mean(differences, axis=0)


words = inspect.getdoc(albumentations.ThinPlateSpline)
assert "0.0: No displacement (identity transform)" in words
few = np.float32([(30, 20), (60.75, 40.25), (90, 70)])
for way, wanted in (("mask", [(30, 19), (61, 39), (90, 69)]), ("direct", [(30, 20), (60, 40), (90, 70)])):
    image, moved = warped(spline(0, way), few)
    change = np.abs(image - picture).max()
    print(f"no displacement, {way}: picture changed by {change:.0e}; {few.tolist()} seen at {moved.tolist()}")
    assert change < 1e-4 and np.array_equal(moved, wanted)
exact = off(albumentations.Affine(rotate=(20, 20), scale=(1.2, 1.2), p=1))
print(f"Affine: points expected where they belong, seen {exact[0]:.2f} away, at most {exact[1]:.2f}")
assert exact[1] < 0.02
for scale in (0.05, 0.2):
    for way in ("mask", "direct"):
        mean, most, bias = off(spline(scale, way))
        print(
            f"scale {scale}, {way}: seen {mean:.2f} away, at most {most:.2f}, mean of x and y "
            f"{bias[0]:.2f} and {bias[1]:.2f}"
        )
        assert 0.3 < mean < 1.3 and LIMITS[way][0] < bias[1] < LIMITS[way][1]
left = [len(warped(spline(0.3, "mask"), points, seed)[1]) for seed in range(8)]
turned = len(warped(albumentations.Affine(rotate=(45, 45), p=1), points)[1])
print(f"of {len(points)} points, expected all, seen: Affine {turned}, spline {left}")
assert turned == len(points)
assert (min(left) < turned) == (sys.argv[1] == "albumentations"), left
PYTHON
rm -r "$folder/env"
done
