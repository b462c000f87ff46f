"""Learning where to look."""

import pytest
import torch
from birds import new, photographs

from stn_core import EXPERIMENTS
from stn_core.evaluation.bird_metrics import mirror_correlation
from stn_core.models.backbone import Stream
from stn_core.models.birds import starts
from stn_core.models.window_localisation import HeatMaps
from stn_core.training.window_search import (
    WindowFeatures,
    overlap,
    precompute_window_features,
    train_localisation,
)


@pytest.mark.parametrize("windows", [1, 2])
def test_windows_learn_to_look_where_the_class_is_to_be_seen(windows):
    """Photographs with their class at one of 5x5 positions, marked on the trunk's map."""
    torch.manual_seed(0)
    count, classes, width = 256, 4, 12
    labels = torch.arange(count) % classes
    rows, columns = torch.randint(0, 5, (2, count))
    features = 0.3 * torch.randn(count, 5, 5, width)
    features[torch.arange(count), rows, columns, labels] += 3
    maps = 0.1 * torch.rand(count, 3, 7, 7)
    maps[torch.arange(count), 1, rows + 1, columns + 1] += 3
    lattice = WindowFeatures(features.half(), maps.half(), maps.flip(3).half())
    model = new(f"{windows}st-cnn") if windows > 1 else new("cnn", transformers=1, whole=0)
    localisation = model.localisation
    localisation.above = HeatMaps(3, starts("stacked", windows))
    train_localisation(localisation, 0.5, lattice, labels, epochs=15, seed=0)
    with torch.no_grad():
        chosen = localisation.regress(maps)[:, 0]
    true = torch.stack((columns, rows), dim=1) / 4 - 0.5
    start = (starts("stacked", windows)[0] - true).norm(dim=1).mean()
    assert (chosen - true).norm(dim=1).mean() < 0.5 * start


def test_windows_that_shun_each_other_share_less_and_mirrored_photographs_mirror_them():
    """The class is to be seen at one of two marked places of each photograph: without a penalty
    both windows take it."""
    count, classes, width = 256, 4, 12
    torch.manual_seed(0)
    labels = torch.arange(count) % classes
    columns = torch.randint(0, 5, (count,))
    features, maps = 0.3 * torch.randn(count, 5, 5, width), 0.1 * torch.rand(count, 3, 7, 7)
    features[torch.arange(count), 1, columns, labels] += 3
    for row in (1, 4):
        maps[torch.arange(count), row // 4, row + 1, columns + 1] += 3
    lattice = WindowFeatures(features.half(), maps.half(), maps.flip(3).half())
    shared = []
    for penalties in ((), (0.5, 0.5)):
        torch.manual_seed(0)
        localisation = new("2st-cnn").localisation
        localisation.above = HeatMaps(3, starts("stacked", 2))
        train_localisation(localisation, 0.5, lattice, labels, 15, 0, penalties)
        with torch.no_grad():
            places, mirrored = localisation.regress(maps), localisation.regress(maps.flip(3))
        shared.append(overlap(*places.unbind(1), 0.5).mean().item())
        for window in (0, 1):
            assert mirror_correlation(places[:, window, 0], mirrored[:, window, 0]) > 0.9
    assert shared[1] < 0.8 * shared[0]


def test_windows_on_a_photograph_and_on_its_mirror_image_agree():
    """The maps of mirrored photographs are not the mirrored maps: as strides do it, they lie a cell
    aside."""
    torch.manual_seed(0)
    count, classes = 256, 4
    labels, columns = torch.arange(count) % classes, torch.randint(0, 5, (count,))
    features, maps = 0.3 * torch.randn(count, 5, 5, 12), 0.1 * torch.rand(count, 3, 7, 7)
    features[torch.arange(count), 2, columns, labels] += 3
    maps[torch.arange(count), 1, 3, columns + 1] += 3
    mirrored_maps = maps.flip(3).roll(-1, 3)
    lattice = WindowFeatures(features.half(), maps.half(), mirrored_maps.half())
    apart = []
    for agreement in (0.0, 1.0):
        torch.manual_seed(0)
        localisation = new("cnn", transformers=1, whole=0).localisation
        localisation.above = HeatMaps(3, starts("stacked", 1))
        train_localisation(localisation, 0.5, lattice, labels, 10, 0, agreement=agreement)
        with torch.no_grad():
            places, others = localisation.regress(maps), localisation.regress(mirrored_maps)
        apart.append((places[..., 0] + others[..., 0]).abs().mean().item())
    assert apart[1] < 0.7 * apart[0]


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "resnet18"])
def test_cells_of_centred_maps_look_at_their_own_middle(backbone):
    torch.manual_seed(0)
    images = (0.5 + 0.1 * torch.rand(1, 3, 672, 672)).requires_grad_()
    maps = Stream(backbone).eval().centred_maps(images)
    assert maps.shape[2:] == (21, 21)
    for row, column in ((10, 10), (9, 11)):
        (gradient,) = torch.autograd.grad(
            maps[0, :, row, column].square().sum(), images, retain_graph=True
        )
        weight = gradient.square().sum((0, 1))
        line = torch.arange(672.0)
        y, x = (weight.sum(dim) @ line / weight.sum() for dim in (1, 0))
        assert (y.item(), x.item()) == pytest.approx((32 * row + 15.5, 32 * column + 15.5), abs=8)


def test_features_of_windows_come_from_what_they_cover():
    stream = Stream("test_efficientnet").eval()
    photograph = photographs(1)[0]
    (found,) = precompute_window_features(stream, 0.5, 0.5, [photograph])
    cells = stream.centred_maps(photograph[None])[0].float()
    corner = found.features[0, 0, 0].float()
    torch.testing.assert_close(corner, cells[:, :7, :7].mean((1, 2)), atol=1e-3, rtol=2e-3)
    right = found.features[0, 0, -1].float()
    torch.testing.assert_close(right, cells[:, :7, 7:].mean((1, 2)), atol=1e-3, rtol=2e-3)
    assert found.maps.shape == found.mirrored_maps.shape and not torch.equal(
        found.maps, found.mirrored_maps
    )


@pytest.mark.parametrize(
    "setting",
    [
        "search_scale=0",
        "search_scale=1.5",
        "overlap_penalties=-1",
        "overlap_penalties=1,nan",
        "overlap_penalties=",
        "overlap_penalties=1;2",
        "mirror_agreement=-1",
        "shrinkage=0",
        "shrinkage=1.5",
    ],
)
def test_settings_of_a_recipe_that_can_not_be_are_refused(setting):
    with pytest.raises(ValueError, match=setting.partition("=")[0]):
        EXPERIMENTS["cub50-2st-cnn"].recipe("ours").changed([setting])


def test_every_window_has_a_penalty_of_its_own():
    recipe = EXPERIMENTS["cub50-4st-cnn"].recipe("ours").changed(["overlap_penalties=1, 0.5,0"])
    assert recipe.overlap_penalties == (1.0, 0.5, 0.0)
