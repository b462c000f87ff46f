#!/usr/bin/env bash
# Where does a cell of the last feature map look? Convolutions of stride 2 that pad left and right alike
# centre it half a cell too far to the left and top; those of timm's tf_ models, padded as TensorFlow does,
# half a cell too far to the right and bottom; pools without padding, as in VGG, centre it where it stands.
# Grad-CAM (the package grad-cam) enlarges the map as if all did the last: the heat that a square evokes lies
# 15.4 pixels beyond it in torchvision's ResNet-18, 15.6 in timm's efficientnet_lite0, 15.6 pixels before it
# in the same network as tf_efficientnet_lite0, and on it in VGG-11. Of an image of 224 pixels that is 7 %,
# and mirroring the image changes its sign. Weights are alike here, so that a network is all receptive field.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 grad-cam==1.5.7
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import timm
import torch
import torchvision
from pytorch_grad_cam import GradCAM
from torch import nn

SIDE, CELL = 1152, 32  # so large that what the square evokes ends before the border


def receptive_field(network):
    """The network with weights that are alike: each layer is a mean of what it reads."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
    return network.eval()


def displaced(network, layer):
    """Pixels from a white square of one cell to the heat's centre of mass, to the right and down."""
    image = torch.zeros(1, 3, SIDE, SIDE)
    start = SIDE // 2 - CELL
    image[..., start : start + CELL, start : start + CELL] = 1
    with GradCAM(network, [layer]) as cam:
        heat = cam(image, targets=[lambda output: output.sum()])[0].astype(float)
    pixels = np.arange(SIDE) - (start + (CELL - 1) / 2)
    return [(heat.sum(axis) * pixels).sum() / heat.sum() for axis in (0, 1)]


print({name: version(name) for name in ("torch", "torchvision", "timm", "grad-cam")})
resnet, vgg = torchvision.models.resnet18(), torchvision.models.vgg11()
lite, tf_lite = (timm.create_model(name) for name in ("efficientnet_lite0", "tf_efficientnet_lite0"))
for name, network, layer, expected in (
    ("torchvision resnet18", resnet, resnet.layer4[-1], 15.4),
    ("timm efficientnet_lite0", lite, lite.bn2, 15.6),
    ("timm tf_efficientnet_lite0", tf_lite, tf_lite.bn2, -15.6),
    ("torchvision vgg11", vgg, vgg.features[-1], 0.0),
):
    right, down = displaced(receptive_field(network), layer)
    print(f"{name}: the heat lies {right:+.1f} pixels to the right and {down:+.1f} down")
    assert abs(right - expected) < 0.1 and abs(down - expected) < 0.1
PYTHON
