#!/usr/bin/env bash
# PyTorch folds batch normalisation into the convolution before it: torch.nn.utils.fusion.fuse_conv_bn_eval.
# timm's efficientnet_lite0 has BatchNormAct2d there, which is a BatchNorm2d that ends with the activation, so
# the function takes it, without a word, and the ReLU6 is gone: the logits have nothing in common with those
# before. With norm.act put back they are equal to rounding. torch.fx.experimental.optimization.fuse, which
# goes through a whole network, folds all 52 of torchvision's mobilenet_v2 and none of the 49 of timm's
# efficientnet_lite0: its answers are right and nothing is saved, without a word as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import copy
from importlib.metadata import version
from itertools import pairwise

import timm
import torch
import torchvision
from torch import nn
from torch.fx.experimental.optimization import fuse
from torch.nn.functional import cosine_similarity
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(network, with_activation):
    """A copy in which each batch normalisation after a convolution is folded into it."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        for (first, conv), (second, norm) in pairwise(list(module.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, first, fuse_conv_bn_eval(conv, norm))
                rest = getattr(norm, "act", None) if with_activation else None
                setattr(module, second, rest or nn.Identity())
    return network


def with_bias(network):
    """The convolutions that have a bias: here only those into which something was folded."""
    convolutions = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    return sum(conv.bias is not None for conv in convolutions)


print({name: version(name) for name in ("torch", "torchvision", "timm")})
torch.manual_seed(0)
lite, mobile = timm.create_model("efficientnet_lite0"), torchvision.models.mobilenet_v2()
images = torch.rand(4, 3, 224, 224)
with torch.no_grad():
    for network in (lite, mobile):
        for _ in range(10):  # so that the statistics are those of some images
            network(torch.rand(8, 3, 96, 96))
        network.eval()
    expected = lite(images)
    for with_activation in (False, True):
        got = folded(lite, with_activation)(images)
        error = ((got - expected).norm() / expected.norm()).item()
        alike = cosine_similarity(got, expected).mean().item()
        print(f"activation put back: {with_activation}; relative error {error:.2g}, cosine {alike:.2f}")
        assert error < 1e-4 if with_activation else error > 1
    for name, network, folds in (("efficientnet_lite0", lite, 0), ("mobilenet_v2", mobile, 52)):
        whole, expected = fuse(network), network(images)
        error = ((whole(images) - expected).norm() / expected.norm()).item()
        print(f"fx fuse, {name}: {with_bias(whole)} folded, relative error {error:.2g}")
        assert with_bias(network) == 0 and with_bias(whole) == folds and error < 1e-4
PYTHON
