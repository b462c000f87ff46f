#!/usr/bin/env bash
# Where is the keypoint (3, 2) of torchvision: in the centre of column 3, row 2, or in that pixel's upper
# left corner? Its documentation does not say; flips and elastic take the one, rotate, affine and resize
# the other. An image flipped both ways is the image turned by 180 degrees, and so are its bounding boxes,
# but the keypoints of the two are a pixel apart in each direction; so whichever is meant, some of these
# transforms move points off what they mark, by up to a pixel, and by more where a resize enlarges.
# elastic also drops the fraction of a point, so that a displacement of 0 moves (3.9, 2.9) to (3, 2).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.14.1 torchvision==0.29.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms
from torchvision.tv_tensors import BoundingBoxes, KeyPoints

print(", ".join(f"{name} {version(name).split('+')[0]}" for name in ("torch", "torchvision")))
SIZE = HEIGHT, WIDTH = 9, 12
X, Y = 3, 2
image = torch.zeros(1, HEIGHT, WIDTH)
image[0, Y, X] = 1
box = BoundingBoxes(torch.tensor([[X, Y, X + 1.0, Y + 1]]), format="XYXY", canvas_size=SIZE)
still = torch.zeros(1, HEIGHT, WIDTH, 2)
moved = still + torch.tensor([2 * 2 / WIDTH, -1 * 2 / HEIGHT])  # reads 2 to the right and 1 up


def both_flips(inputs):
    return transforms.vertical_flip(transforms.horizontal_flip(inputs))


def enlarged(inputs):
    size = [3 * HEIGHT, 3 * WIDTH]
    return transforms.resize(inputs, size, interpolation=InterpolationMode.NEAREST)


def keypoint(transform, x, y):
    point = KeyPoints(torch.tensor([[x, y]], dtype=torch.float32), canvas_size=SIZE)
    return [round(value, 3) for value in transform(point)[0].tolist()]


assert not any(word in KeyPoints.__doc__ for word in ("center", "corner", "pixel"))
CENTRE, CORNER = "centre", "corner"
for name, transform, kind in (
    ("horizontal_flip", transforms.horizontal_flip, CENTRE),
    ("vertical_flip", transforms.vertical_flip, CENTRE),
    ("both flips", both_flips, CENTRE),
    ("elastic", lambda x: transforms.elastic(x, moved), CENTRE),
    ("rotate by 180", lambda x: transforms.rotate(x, 180), CORNER),
    ("affine by 180", lambda x: transforms.affine(x, 180, [0, 0], 1, [0, 0]), CORNER),
    ("resize to three times", enlarged, CORNER),
):
    dots = transform(image)[0].nonzero().flip(1).float()
    middle = dots.mean(0)  # of the pixels, 0 at the first centre
    x0, y0, x1, y1 = transform(box)[0].tolist()
    boxed = torch.tensor([(x0 + x1) / 2 - 0.5, (y0 + y1) / 2 - 0.5])
    assert torch.allclose(boxed, middle, atol=1e-3), name
    middle = [round(value, 3) for value in middle.tolist()]
    seen = {CENTRE: keypoint(transform, X, Y), CORNER: keypoint(transform, X + 0.5, Y + 0.5)}
    expected = {CENTRE: middle, CORNER: [value + 0.5 for value in middle]}
    print(
        f"{name}: the dot, and the box's middle, in ({middle[0]:g}, {middle[1]:g}); as centre "
        f"({X}, {Y}): expected {expected[CENTRE]}, seen {seen[CENTRE]}; counted from corners "
        f"({X + 0.5}, {Y + 0.5}): expected {expected[CORNER]}, seen {seen[CORNER]}"
    )
    for each in (CENTRE, CORNER):
        assert (seen[each] == expected[each]) == (each == kind), (name, each)

first, second = both_flips, lambda x: transforms.rotate(x, 180)
assert torch.equal(first(image), second(image)) and torch.allclose(first(box), second(box), atol=1e-3)
points = keypoint(first, X, Y), keypoint(second, X, Y)
print(f"both flips, and rotate by 180: the same image and box, and the point expected the same, seen {points}")
assert points == ([8, 6], [9, 7])
for x, y in ((3, 2), (3.5, 2.5), (3.9, 2.9)):
    seen = keypoint(lambda each: transforms.elastic(each, still), x, y)
    print(f"elastic by nothing: ({x}, {y}) expected unchanged, seen {seen}")
    assert seen == [X, Y]
PYTHON
