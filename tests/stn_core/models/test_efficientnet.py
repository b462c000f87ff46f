"""Our EfficientNet-Lite against timm's, and what it spares."""

import subprocess
import sys

import pytest
import timm
import torch

from stn_core.models.backbone import create_backbone


@pytest.fixture(scope="module", params=["tf_efficientnet_lite0", "tf_efficientnet_lite2"])
def networks(request):
    """Ours and timm's, with the same weights and statistics."""
    torch.manual_seed(0)
    theirs = timm.create_model(request.param, num_classes=0).eval()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    ours = create_backbone(request.param, pretrained=False).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("size", [(224, 224), (97, 130), (33, 64)])
def test_maps_and_features_are_timm_s(networks, size):
    ours, theirs = networks
    pixels = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        maps, wanted = ours.forward_features(pixels), theirs.forward_features(pixels)
        torch.testing.assert_close(maps, wanted)
        torch.testing.assert_close(ours.forward_head(maps), theirs(pixels))
    assert maps.shape == (2, 1280, -(-size[0] // 32), -(-size[1] // 32)) and maps.std() > 0


def test_gradients_are_timm_s(networks):
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    found = []
    for network in networks:
        own = pixels.clone().requires_grad_()
        network.forward_features(own).square().sum().backward()
        found.append(own.grad)
    torch.testing.assert_close(*found)


def test_a_bird_model_is_loaded_without_the_packages_that_take_memory():
    program = (
        "import sys; from stn_core import load_checkpoint; load_checkpoint('cub50-2st-cnn');"
        "print([name for name in ('timm', 'torchvision', 'torch._dynamo') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
