"""Birds: the reader, the models, learning where to look, and the figures that judge it."""

import json
import os
import subprocess
import sys
import urllib.error
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from conftest import make_cub
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from scipy.stats import binomtest, ttest_1samp
from torch import nn
from torch.nn import functional as F

from stn_core import EXPERIMENTS, CheckpointError, create_model, list_models, load_checkpoint
from stn_core.data.cub import cub, held_out
from stn_core.data.root import DataError
from stn_core.data.uploads import read_photograph
from stn_core.evaluation.bird_metrics import (
    DENSITY,
    BirdAnswers,
    abstention_threshold,
    attention,
    best_fixed_window,
    bird_answers,
    box_density,
    box_places,
    describe_windows,
    inside,
    intersection_over_union,
    mirror_correlation,
    nearer_to_body,
    oracle_windows,
    paired_difference,
    part_places,
    reference_window_hits,
    roles,
    wilson_interval,
    window_hits,
)
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.models.backbone import Stream
from stn_core.models.birds import StreamDropout, starts
from stn_core.models.window_localisation import HeatMaps, Regression
from stn_core.training.bird_recording import trajectory
from stn_core.training.bird_task import BirdTask, read_lattice, start_streams
from stn_core.training.linear_probe import (
    FOLDS,
    fit,
    folds,
    regression,
    stacking,
    whitening,
)
from stn_core.training.loop import train
from stn_core.training.window_search import (
    WindowFeatures,
    overlap,
    precompute_window_features,
    train_localisation,
)
from stn_core.transformer.transforms import TRANSFORMS

ROOT = Path(__file__).parents[3]
SMALL = {"backbone": "test_efficientnet", "classes": 7}  # timm's smallest, without weights
BIRDS = ("cnn", "cnn-448", "2st-cnn", "4st-cnn")


def new(name, **options):
    torch.manual_seed(0)
    return create_model(name, "cub50", **{**SMALL, **options}).eval()


def photographs(count=2, seed=0):
    return torch.rand(count, 3, 448, 448, generator=torch.Generator().manual_seed(seed))


# The reader


def test_cub_is_read_in_its_official_layout(tiny_cub):
    birds = cub("train", tiny_cub)
    assert len(birds.paths) == len(birds.labels) == 430 and all(
        path.is_file() for path in birds.paths
    )
    assert birds.labels.bincount().tolist() == [3] * 30 + [2] * 170
    assert birds.classes[0] == "Kind of 1" and len(birds.classes) == 200
    assert cub("test", tiny_cub).labels.tolist() == list(range(60))
    assert not set(birds.paths) & set(cub("test", tiny_cub).paths)


def test_the_first_species_alone_can_be_read(tiny_cub):
    birds = cub("test", tiny_cub, species=50)
    assert birds.labels.tolist() == list(range(50)) and len(birds.classes) == 50


def test_boxes_and_parts_are_normalised_and_clipped(tiny_cub):
    birds = cub("train", tiny_cub)
    width, height, x, y = 64, 48, 17, 8  # the first photograph, and its head
    # its box passes the right edge
    expected = [2 * (x - 5) / width - 1, 2 * (y - 5) / height - 1, 1.0, 2 * (y + 20) / height - 1]
    assert birds.boxes[0].tolist() == pytest.approx(expected)
    beak = birds.parts[0, birds.part_names.index("beak")]
    assert beak.tolist() == pytest.approx([2 * (x - 4) / width - 1, 2 * y / height - 1])
    assert (
        birds.parts[1, birds.part_names.index("belly")].isnan().all()
        and not birds.parts[0].isnan().any()
    )


def test_grey_photographs_become_rgb(tiny_cub):
    (grey,) = (
        path
        for path in cub("train", tiny_cub).paths
        if path.parent.name.startswith("001") and path.name == "3.jpg"
    )
    image = read_photograph(grey.read_bytes(), 448)
    assert (
        image.shape == (3, 448, 448)
        and image.dtype == torch.float32
        and image.min() >= 0
        and image.max() <= 1
    )
    assert torch.equal(image[0], image[1]) and image.std() > 0.05


def test_held_out_photographs_are_spread_over_the_classes():
    labels = torch.tensor([0, 1] * 10 + [2])
    chosen = held_out(labels, 5)
    assert labels[chosen].tolist() == [0, 1, 0, 1] and not held_out(labels, 0).any()


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no connection")

    monkeypatch.setattr(torchvision.datasets.utils, "download_and_extract_archive", refuse)


def test_without_a_connection_there_is_one_sentence(offline, tmp_path, run):
    make_cub(tmp_path / "some" / "CUB_200_2011", 3)
    for folder in ("nowhere", "some"):
        code, _, message = run(
            "train",
            "cub50-cnn",
            "--data",
            tmp_path / folder,
            "--device",
            "cpu",
            "--precision",
            "float32",
        )
        assert (
            code == 1 and message.startswith("Error: ") and len(message.strip().splitlines()) == 1
        )
        assert all(
            word in message
            for word in ("CUB_200_2011", "could not be downloaded", "--data", "STN_DATA")
        )


@pytest.mark.parametrize(
    "table", ["images", "image_class_labels", "bounding_boxes", "parts/part_locs"]
)
def test_damaged_data_is_a_data_error(tmp_path, table):
    make_cub(tmp_path / "CUB_200_2011", 3)
    path = tmp_path / "CUB_200_2011" / f"{table}.txt"
    path.write_text("nonsense\n")
    with pytest.raises(DataError, match="damaged"):
        cub("train", tmp_path, species=3)


# The models


def test_bird_models_are_listed_beside_the_digits_and_each_data_set_has_them():
    assert set(BIRDS) <= set(list_models()) and list_models("?st-cnn") == ["2st-cnn", "4st-cnn"]
    assert {
        f"{data}-{model}" for data in ("cub50", "cub200") for model in BIRDS
    } <= EXPERIMENTS.keys()
    assert EXPERIMENTS["cub50-2st-cnn"].path == "birds/cub50-2st-cnn.safetensors"
    assert EXPERIMENTS["cub200-4st-cnn"].paper_error == pytest.approx(100 - 84.1)
    assert create_model("2st-cnn", **{**SMALL, "classes": 5})(photographs(1)).shape == (1, 5)


@pytest.mark.parametrize("name", BIRDS)
def test_logits_and_explanation_agree(name):
    model, images = new(name), photographs()
    with torch.no_grad():
        explanation = model.explain(images)
        assert torch.equal(model(images), explanation.logits)
    assert explanation.logits.shape == (2, 7) and explanation.logits.dtype == torch.float32
    assert (
        len(explanation.transformers) == int(name[0])
        if "st" in name
        else not explanation.transformers
    )
    for trace in explanation.transformers:
        assert (
            trace.theta.shape == (2, 3)
            and trace.grid.shape == (2, 224, 224, 2)
            and trace.output.shape == (2, 3, 224, 224)
        )


@pytest.mark.parametrize("heat", [True, False])
def test_windows_can_tile_the_photograph_at_the_start(heat):
    images = photographs()
    with torch.no_grad():
        traces = new("4st-cnn", heat=heat, layout="tiled").explain(images).transformers
    quarters = [
        images[:, :, top : top + 224, left : left + 224] for top in (0, 224) for left in (0, 224)
    ]
    for trace, quarter in zip(traces, quarters, strict=True):
        torch.testing.assert_close(trace.output, quarter, atol=2e-3, rtol=0)


@pytest.mark.parametrize("name", ["2st-cnn", "4st-cnn"])
def test_windows_start_one_above_the_other_and_none_nearer_to_a_side(name):
    with torch.no_grad():
        thetas = new(name).chosen(photographs(1))[0]
    torch.testing.assert_close(thetas[:, 1], torch.zeros(len(thetas)), atol=1e-4, rtol=0)
    steps = thetas[:, 2].diff()
    assert (steps > 0.1).all() and thetas[-1, 2].item() == pytest.approx(0.25, abs=2e-3)


def test_windows_can_be_fixed_as_a_control_that_chooses_nothing():
    model, images = new("2st-cnn", fixed_at="0,-0.3,0.1,0.2"), photographs()
    places = [trace.theta[:, 1:].tolist() for trace in model.explain(images).transformers]
    assert model.localisation is None and places == [
        [pytest.approx([0, -0.3])] * 2,
        [pytest.approx([0.1, 0.2])] * 2,
    ]
    assert not any("localisation" in name for name, _ in model.named_parameters())


def test_a_stream_can_see_the_whole_photograph_beside_the_windows():
    model, images = new("2st-cnn", whole=448), photographs()
    plain = new("cnn-448")
    plain.streams[0].load_state_dict(model.streams[2].state_dict())
    width = model.streams[0].width
    with torch.no_grad():
        plain.classifier.weight.copy_(model.classifier.weight[:, 2 * width :])
        model.classifier.weight[:, : 2 * width] = 0
        plain.classifier.bias.copy_(model.classifier.bias)
        torch.testing.assert_close(model(images), plain(images))
        thetas = torch.tensor([[0.5, 0.1, 0.2], [0.5, -0.3, 0.0]])
        (scanned,) = model.scan(images[0], 1, thetas[:1], thetas)
        torch.testing.assert_close(scanned, plain(images[:1]), atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="whole must lie between 1 and 448"):
        new("cnn", whole=0)


@pytest.mark.parametrize("family", ["attention", "similarity", "affine", "projective"])
def test_a_stream_can_see_the_middle_of_its_window_a_second_time(family):
    """Features are the mean of those of both views, each as a model without a close-up has it."""
    options = {"family": family, "fixed_scale": False}
    both, plain = new("2st-cnn", close_up=0.7, **options), new("2st-cnn", **options)
    plain.load_state_dict(both.state_dict())
    images = photographs()
    with torch.no_grad():
        thetas = both.chosen(images)
        inner = both.resized(thetas, 0.7)
        means = [plain.explain(images, t).logits for t in (thetas, inner)]
        torch.testing.assert_close(both(images), sum(means) / 2, atol=1e-5, rtol=1e-4)
        traces = both.explain(images).transformers  # what a page shows is the window
    for i, trace in enumerate(traces):
        closer = both.transforms[0].grid(inner[:, i], (224, 224))
        centre = trace.grid.mean((1, 2), keepdim=True)
        torch.testing.assert_close(closer - centre, 0.7 * (trace.grid - centre), atol=1e-5, rtol=0)


def test_a_window_beyond_the_edge_shows_black_there():
    model, images = new("2st-cnn"), torch.ones(1, 3, 448, 448)
    thetas = torch.tensor([[[0.5, 1.0, 0.0], [0.5, 0.0, -1.0]]])
    first, second = (trace.output for trace in model.explain(images, thetas).transformers)
    assert first[..., :111].min() == 1 and first[..., 113:].max() == 0
    assert second[:, :, 113:].min() == 1 and second[:, :, :111].max() == 0


@pytest.mark.parametrize("close_up", [0, 0.7])
def test_scanning_answers_what_explain_answers_with_the_window_there(close_up):
    model, images = new("2st-cnn", close_up=close_up), photographs(1)
    others = torch.tensor([[0.5, 0.1, 0.2], [0.5, -0.3, 0.0]])
    places = torch.tensor([[0.5, x, y] for x in (-0.5, 0.0, 0.4) for y in (-0.2, 0.3)])
    found = torch.cat(list(model.scan(images[0], 1, places, others, batch=4)))
    with torch.no_grad():
        expected = [
            model.explain(images, torch.stack((others[0], place))[None]).logits for place in places
        ]
    torch.testing.assert_close(found, torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_theta_and_grid_stay_float32_under_bfloat16_autocast():
    model = new("2st-cnn")
    nn.init.normal_(model.localisation.above.heat.weight, std=0.1)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits, traces = model.explain(photographs())
    assert {logits.dtype} | {
        part.dtype for trace in traces for part in (trace.theta, trace.grid)
    } == {torch.float32}


@pytest.mark.parametrize("heat", [True, False])
def test_the_task_s_gradient_reaches_theta_only_where_it_is_to_learn(heat):
    model, images = new("2st-cnn", heat=heat).train(), photographs()
    last = model.localisation.above.heat if heat else model.localisation.above.regression
    shifts = torch.zeros(2, 2, 2)
    model(images, shifts, torch.tensor([False, False])).square().sum().backward()
    assert last.weight.grad is None
    model(images, shifts, torch.tensor([True, False])).square().sum().backward()
    assert last.weight.grad.abs().sum() > 0


def test_shifts_move_the_windows_in_training():
    model, images = new("2st-cnn"), photographs()
    shifts = torch.tensor([[[0.1, -0.2], [0.3, 0.0]]] * 2)
    with torch.no_grad():
        moved = torch.stack([trace.theta for trace in model.run_transformers(images)], dim=1)
        moved[:, :, 1:] += shifts
        assert torch.equal(model(images, shifts), model.explain(images, moved).logits)


def test_batch_normalisation_keeps_its_statistics():
    model = new("cnn").train()
    before = {
        name: value.clone() for name, value in model.state_dict().items() if "running" in name
    }
    model(photographs())
    assert before and all(
        torch.equal(value, model.state_dict()[name]) for name, value in before.items()
    )


def test_frozen_layers_get_no_gradient_and_answer_alike_in_half_precision():
    model, images = create_model("cnn", "cub50", classes=7).train(), photographs(1)
    exact = model.streams[0](images[:, :, :224, :224])
    model.streams[0].freeze(4, coarse=True)
    rough = model.streams[0](images[:, :, :224, :224])
    assert (rough - exact).norm() < 0.05 * exact.norm() and not torch.equal(rough, exact)
    rough.sum().backward()
    network = model.streams[0].network
    assert all(parameter.grad is None for parameter in network.blocks[:4].parameters())
    assert all(parameter.grad is not None for parameter in network.blocks[4:].parameters())


@pytest.mark.parametrize(
    ("family", "numbers"), [("attention", 3), ("similarity", 4), ("affine", 6), ("projective", 8)]
)
def test_other_families_and_a_learned_scale_start_at_the_same_windows(family, numbers):
    images = photographs(1)
    with torch.no_grad():
        usual = new("2st-cnn").run_transformers(images)
        other = new("2st-cnn", family=family, fixed_scale=False)
        assert isinstance(other.localisation.above, Regression) and isinstance(
            new("2st-cnn").localisation.above, HeatMaps
        )
        for trace, expected in zip(other.run_transformers(images), usual, strict=True):
            assert trace.theta.shape == (1, numbers)
            torch.testing.assert_close(trace.grid, expected.grid, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backbone": "resnet51"}, "no backbone 'resnet51'"),
        ({"family": "tps"}, "no family 'tps'.*attention"),
        ({"scale": 0.0}, r"scale.*\(0, 1\]"),
        ({"crop": 31}, "crop must lie between 32 and 448 pixels; got 31"),
        ({"crop": 449}, "crop must lie between 32 and 448 pixels; got 449"),
        ({"close_up": 1.0}, r"close_up must lie in \[0, 1\); got 1.0"),
        ({"close_up": -0.1}, r"close_up must lie in \[0, 1\); got -0.1"),
        ({"close_up": float("nan")}, r"close_up must lie in \[0, 1\); got nan"),
        ({"layout": "abreast"}, "stacked or tiled; got 'abreast'"),
        ({"fixed_at": "0,-0.3"}, "x,y from -1 to 1 for each of 2 windows"),
        ({"fixed_at": "up,down"}, "x,y from -1 to 1 for each of 2 windows"),
        ({"fixed_at": "0,-0.3,0,1.1"}, "x,y from -1 to 1 for each of 2 windows"),
        ({"fixed_at": "0,-0.3,nan,0"}, "x,y from -1 to 1 for each of 2 windows"),
    ],
)
def test_options_that_can_not_be_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        new("2st-cnn", **options)


def test_options_come_from_the_command_line_s_words():
    experiment = EXPERIMENTS["cub200-2st-cnn"].changed(
        ["scale=0.4", "fixed_scale=false", "backbone=resnet18"]
    )
    assert dict(experiment.options) == {"scale": 0.4, "fixed_scale": False, "backbone": "resnet18"}
    for wrong in ("scale=small", "heat=3", "wings=2", "scale"):
        with pytest.raises(ValueError, match=wrong):
            experiment.changed([wrong])
    with pytest.raises(ValueError, match="r-cnn"):
        EXPERIMENTS["r-cnn"].changed(["scale=0.4"])


# Learning where to look


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


# The figures


def test_points_inside_windows():
    points = torch.tensor([[[0.0, 0.0], [0.6, 0.1], [0.2, -0.9], [float("nan"), 0.0]]])
    attend = TRANSFORMS["attention"]
    assert inside(points, torch.tensor([[0.5, 0.0, 0.0]]), attend).tolist() == [
        [True, False, False, False]
    ]
    assert inside(points, torch.tensor([[0.5, 0.3, -0.4]]), attend).tolist() == [
        [True, True, True, False]
    ]
    turned = torch.tensor([[0.0, -0.2, 0.6, 0.5, 0.0, 0.0]])  # 0.4 wide, 1 high, about (0.6, 0)
    assert inside(points, turned, TRANSFORMS["affine"]).tolist() == [[False, True, False, False]]


def test_the_head_is_found_by_three_of_its_parts(tiny_cub):
    birds = cub("train", tiny_cub)
    heads = birds.parts[
        :, [birds.part_names.index(name) for name in ("beak", "crown", "left eye", "throat")]
    ].mean(1)
    centres = (birds.boxes[:, :2] + birds.boxes[:, 2:]) / 2

    def at(places):
        return torch.cat((torch.full((len(places), 1), 0.5), places), dim=1)

    on_head, on_box = (
        window_hits(birds, at(places), TRANSFORMS["attention"]) for places in (heads, centres)
    )
    assert on_head["head"].all() and on_box["centre"].all()
    far = window_hits(birds, at(-torch.sign(heads) * 0.5), TRANSFORMS["attention"])
    assert far["head"].float().mean() < 0.5
    references = reference_window_hits(birds, birds)
    centred = window_hits(birds, at(torch.zeros(len(birds.labels), 2)), TRANSFORMS["attention"])
    assert references["centred"]["head"] == pytest.approx(
        100 * centred["head"].float().mean().item()
    )
    assert 0 < references["random"]["head"] < 100
    fixed = references["fixed"]
    hits = window_hits(
        birds,
        at(torch.tensor([[fixed["x"], fixed["y"]]] * len(birds.labels))),
        TRANSFORMS["attention"],
    )
    assert best_fixed_window(birds) == (fixed["x"], fixed["y"])
    assert fixed["head"] + fixed["centre"] >= sum(
        references["centred"][k] for k in ("head", "centre")
    )
    assert fixed["centre"] == pytest.approx(100 * hits["centre"].float().mean().item())


def test_a_window_is_cut_about_its_centre():
    points = torch.tensor([[[0.3, 0.0], [0.36, 0.0]]])
    window = torch.tensor([[0.5, 0.0, 0.0]])
    assert inside(points, window, TRANSFORMS["attention"], cut=0.7).tolist() == [[True, False]]


def test_what_windows_lie_nearest_to(tiny_cub):
    birds = cub("train", tiny_cub, species=4)
    parts = {name: birds.parts[:, i] for i, name in enumerate(birds.part_names)}
    head, body = parts["throat"], parts["back"]  # of the body the belly is hidden in one
    nowhere = dict.fromkeys(("head", "upper body", "belly", "legs and tail"), 0)
    assert roles(birds, head) == nowhere | {"head": 100}
    assert roles(birds, body) == nowhere | {"upper body": 100}
    seen = ~parts["belly"].isnan().any(1)
    assert roles(birds.chosen(seen), parts["belly"][seen]) == nowhere | {"belly": 100}
    assert not nearer_to_body(birds, head).any() and nearer_to_body(birds, body).all()
    hidden = birds._replace(parts=torch.full_like(birds.parts, torch.nan))
    assert nearer_to_body(hidden, head).shape == (0,)


def test_intersection_over_union_of_windows():
    def window(x, y, scale=0.5):
        return torch.tensor([[scale, x, y]])

    for one, other, expected in (
        (window(0, 0), window(0, 0), 1),
        (window(0, 0), window(0.25, 0.5), 0.75 * 0.5 / (2 - 0.75 * 0.5)),
        (window(-0.5, 0), window(0.6, 0), 0),
        (window(0, 0), window(0, 0, 0.25), 0.25),
    ):
        assert intersection_over_union(one, other).item() == pytest.approx(expected)
        assert intersection_over_union(other, one).item() == pytest.approx(expected)


def test_mirrored_photographs_are_to_give_mirrored_windows():
    x = torch.linspace(-0.4, 0.3, 50)
    assert mirror_correlation(x, -x) == pytest.approx(1)
    assert mirror_correlation(x, x) == pytest.approx(-1)
    assert mirror_correlation(torch.full((50,), 0.2), torch.full((50,), 0.2)) == 0


def test_windows_are_laid_over_each_other_in_the_coordinates_of_the_box(tiny_cub):
    birds = cub("train", tiny_cub)
    back, beak = (birds.parts[:, birds.part_names.index(name)] for name in ("back", "beak"))
    mirrored = birds._replace(
        boxes=birds.boxes[:, [2, 1, 0, 3]] * torch.tensor([-1.0, 1, -1, 1]),
        parts=birds.parts * torch.tensor([-1.0, 1.0]),
    )
    # the beak is to the left of the body in all photographs, so also in their mirror images
    places = box_places(birds, torch.stack((back, beak), dim=1))
    again = box_places(mirrored, torch.stack((back, beak), dim=1) * torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(places, again)
    assert (places[:, 1, 0] < places[:, 0, 0]).all()
    centres = (birds.boxes[:, :2] + birds.boxes[:, 2:]) / 2
    density = torch.tensor(box_density(birds, centres)).view(DENSITY, DENSITY)
    middle = DENSITY // 2
    assert density[middle - 1 : middle + 1, middle - 1 : middle + 1].sum() == len(birds.labels)
    left, top = birds.boxes[:, :1], birds.boxes[:, 1:2]
    corners = torch.tensor(box_density(birds, torch.cat((left - 9, top - 9), dim=1)))
    assert corners[0] == corners.sum() == len(birds.labels)
    means = part_places(birds)
    assert means["back"] == pytest.approx(places[:, 0].mean(0).tolist(), abs=0.01)
    assert "left eye" not in means and means["eye"][0] < means["back"][0]


def test_windows_are_described_one_by_one_and_in_pairs(tiny_cub):
    birds = cub("test", tiny_cub, species=20)
    thetas = torch.tensor([[0.5, 0.0, -0.3], [0.5, 0.0, -0.3], [0.5, 0.1, 0.4]]).repeat(20, 1, 1)
    thetas[:, :, 1] += torch.linspace(-0.2, 0.2, 20)[:, None]
    answers = BirdAnswers(torch.zeros(20, 0), thetas, TRANSFORMS["attention"])
    mirrored = answers._replace(thetas=thetas * torch.tensor([1.0, -1.0, 1.0]))
    found = describe_windows(birds, answers, mirrored)
    assert found["mirror"] == pytest.approx([1, 1, 1])
    assert {pair: share[0] for pair, share in found["overlap"].items()} == {
        "1-2": 100,
        "1-3": 0,
        "2-3": 0,
    }
    assert [sum(each) for each in found["density"]] == [20] * 3
    json.dumps(found)


def test_annotations_can_take_the_localisation_network_s_place(tiny_cub):
    birds = cub("test", tiny_cub)
    model = create_model("2st-cnn", "cub200", backbone="test_efficientnet")
    given = oracle_windows(model, birds)
    head, box = (window_hits(birds, theta, TRANSFORMS["attention"]) for theta in given.unbind(1))
    assert head["head"].all() and box["centre"].all()
    hidden = birds._replace(parts=torch.full_like(birds.parts, torch.nan))
    # no head to be seen: the box
    assert torch.equal(oracle_windows(model, hidden), given[:, 1:].expand(-1, 2, -1))
    answers = bird_answers(model, birds, given=given, batch=5)
    images = torch.stack([read_photograph(path.read_bytes(), 448) for path in birds.paths])
    with torch.inference_mode():
        expected = model.eval().explain(images, given).logits
    assert torch.equal(answers.thetas, given) and torch.allclose(
        answers.logits, expected, atol=1e-4
    )
    assert (
        oracle_windows(create_model("4st-cnn", "cub200", backbone="test_efficientnet"), birds)
        is None
    )
    assert (
        oracle_windows(
            create_model("2st-cnn", "cub200", backbone="test_efficientnet", fixed_scale=False),
            birds,
        )
        is None
    )


@pytest.mark.parametrize(("right", "count"), [(0, 20), (13, 20), (20, 20), (1201, 1389)])
def test_shares_have_wilson_s_interval(right, count):
    found = wilson_interval(torch.arange(count) < right)
    judge = binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert found == pytest.approx(
        (100 * right / count, 100 * judge.low, 100 * judge.high), abs=0.01
    )


def test_models_are_compared_photograph_by_photograph():
    draw = torch.Generator().manual_seed(0)
    known = torch.rand(1389, generator=draw) < 0.7  # both models know most of the same photographs
    one, other = (known | (torch.rand(1389, generator=draw) < chance) for chance in (0.4, 0.3))
    judge = ttest_1samp(one.double() - other.double(), 0).confidence_interval(0.95)
    found = paired_difference(one, other)
    assert found == pytest.approx(
        (100 * (one.sum() - other.sum()).item() / 1389, 100 * judge.low, 100 * judge.high), abs=0.01
    )
    assert found[2] - found[1] < wilson_interval(one)[2] - wilson_interval(one)[1]
    assert paired_difference(one, one) == (0, 0, 0)


def test_answers_are_unsure_below_the_probability_that_validation_chose(tiny_cub):
    birds = cub("test", tiny_cub, species=4)
    birds = birds.chosen(torch.tensor([0, 1, 2, 3] * 5))
    strength = torch.linspace(1, 10, 20)
    logits = torch.zeros(20, 4)
    answered = birds.labels.clone()
    answered[:8] = (answered[:8] + 1) % 4  # the weakest are wrong
    logits[torch.arange(20), answered] = strength
    found = abstention_threshold(
        birds, BirdAnswers(logits, torch.zeros(20, 0, 3), TRANSFORMS["attention"])
    )
    assert found["below"] == pytest.approx(logits[8].softmax(0).max().item())
    assert (found["sure"], found["sure_right"], found["unsure_right"]) == (60, 100, 0)


# Checkpoints and runs


def test_a_checkpoint_carries_species_and_options(tmp_path):
    names = tuple(f"bird {i}" for i in range(50))
    experiment = replace(
        EXPERIMENTS["cub50-2st-cnn"].changed(["backbone=test_efficientnet", "scale=0.4"]),
        classes=names,
    )
    model = experiment.create_model().eval()
    path = save_checkpoint(
        tmp_path / experiment.path, model, experiment, {"test_error": 1.0}, {}, torch.float16
    )
    loaded = load_checkpoint(path)
    assert loaded.experiment == experiment and loaded.model.scale == 0.4
    torch.testing.assert_close(
        loaded.model(photographs(1)), model(photographs(1)), atol=0.05, rtol=0.05
    )
    for classes, options, words in (
        (names[:3], {}, "50 species"),
        (names, {"backbone": "resnet51"}, "resnet51"),
    ):
        wrong = replace(experiment, classes=classes, options=tuple(options.items()))
        save_checkpoint(path, model, wrong, {}, {}, torch.float16)
        with pytest.raises(CheckpointError, match=words):
            load_checkpoint(path)


def test_whole_streams_are_left_out_while_it_trains():
    features = torch.rand(2000, 3 * 5) + 1
    out = StreamDropout(3, 0.5).train()
    left = out(features).unflatten(1, (3, 5)) / features.unflatten(1, (3, 5))  # (2000, 3, 5)
    assert torch.allclose(left, left[:, :, :1].expand_as(left)) and torch.allclose(
        left[..., 0].sum(1), torch.tensor(3.0)
    )
    counts = (left[..., 0] > 0).sum(1).bincount(minlength=4).tolist()
    # 4, 3 and 1 of 8
    assert (
        counts[0] == 0
        and 900 < counts[1] < 1100
        and 650 < counts[2] < 850
        and 180 < counts[3] < 320
    )
    assert torch.equal(out.eval()(features), features) and torch.equal(
        StreamDropout(1, 0.5).train()(features), features
    )


OPTIONS = {"device": "cpu", "precision": "float32"}


def small(name):
    experiment = EXPERIMENTS[name].changed(["backbone=test_efficientnet"])
    return experiment, experiment.recipe("ours").changed(
        [
            "init_from=random",
            "frozen_blocks=0",
            "window_search_epochs=1",
            "joint_epochs=1",
            "batch_size=8",
            "val_every=3",
            "epochs=2",
        ]
    )


def test_a_run_looks_trains_records_and_resumes(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-2st-cnn")
    options = {
        "data": tiny_cub,
        "out": tmp_path,
        "record": tmp_path / "recording",
        "limit": 24,
        **OPTIONS,
    }
    path = train(experiment, recipe, **options)
    trained = load_checkpoint(path)
    assert len(trained.experiment.classes) == 50 and trained.provenance["photographs"] == 16
    assert len(trained.metrics["attention"]) == len(trained.metrics["attention_before"]) == 2
    assert {"validation_error", "test_error", "unsure"} <= trained.metrics.keys()
    answers = bird_answers(trained.model, cub("test", tiny_cub, 50))
    assert trained.metrics["attention"] == [
        {k: list(v) for k, v in each.items()}
        for each in attention(cub("test", tiny_cub, 50), answers)
    ]
    thetas, moments = trajectory(
        tmp_path / "recording" / f"{experiment.name}.safetensors", trained.model, photographs(2)
    )
    assert (
        thetas.shape == (len(moments), 2, 2, 3)
        and moments[0].tolist() == [0, 0]
        and moments[-1].tolist() == [1, 4]
    )
    assert torch.allclose(thetas[0, :, :, 1:], starts("stacked", 2), atol=1e-3) and not torch.equal(
        thetas[0], thetas[-1]
    )
    again = load_checkpoint(train(experiment, recipe, resume=True, **options))
    assert again.metrics == trained.metrics
    seconds = {"seconds": trained.provenance["seconds"]}  # those of the resumed run count as well
    assert again.provenance | seconds == trained.provenance
    weights = again.model.state_dict()
    assert all(torch.equal(weights[k], w) for k, w in trained.model.state_dict().items())


def test_the_last_layer_is_the_minimum_that_another_solver_finds():
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    inputs = (
        5
        + 0.2 * torch.randn(60, 4, generator=draw)
        + 0.2 * labels[:, None] * torch.tensor([1.0, 0, -1, 0])
    )
    layer = nn.Linear(4, 3)
    fit(layer, inputs[None], labels, decay=0.05)
    units = (inputs / inputs.std()).double().numpy()

    def objective(flat):  # without the mean taken off: the bias makes up for it
        scores = units @ flat[:12].reshape(4, 3) + flat[12:]
        return (logsumexp(scores, axis=1) - scores[range(60), labels]).mean() + 0.025 * (
            flat[:12] ** 2
        ).sum()

    judge = minimize(objective, [0.0] * 15, method="BFGS", options={"gtol": 1e-7}).x
    with torch.no_grad():
        expected = softmax(units @ judge[:12].reshape(4, 3) + judge[12:], axis=1)
        assert layer(inputs).softmax(1).numpy() == pytest.approx(expected, abs=2e-4)


def test_held_out_photographs_judge_a_last_layer_without_them_and_then_teach_it(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-cnn")
    models = {}
    for decay in (0.0, 1e-5):
        torch.manual_seed(0)
        task = BirdTask(
            experiment, replace(recipe, last_layer=decay), 0, tiny_cub, tmp_path, limit=24
        )
        models[decay] = task.create_model(fresh=True).eval()
        said = task.calibrate(models[decay], torch.device("cpu"))["validation_error"]
        known = task.validation_error(models[decay], torch.device("cpu"))
        assert (said == known) if not decay else (said > 0 and known == 0)
    streams = [model.streams.state_dict() for model in models.values()]
    assert all(torch.equal(one, streams[1][key]) for key, one in streams[0].items())


def test_streams_start_from_the_plain_network_s_checkpoint(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-cnn")
    (tmp_path / "birds").mkdir()
    stem = experiment.create_model()
    save_checkpoint(
        tmp_path / experiment.path, stem, replace(experiment, classes=tuple("b" * 50)), {}, {}
    )
    other, recipe = small("cub50-cnn-448")
    model = BirdTask(other, replace(recipe, init_from="cnn"), 0, tiny_cub, tmp_path).create_model(
        fresh=True
    )
    assert all(
        torch.equal(value, stem.streams[0].state_dict()[key])
        for key, value in model.streams[0].state_dict().items()
    )
    with pytest.raises(CheckpointError, match="train cub50-cnn"):
        BirdTask(
            other, replace(recipe, init_from="cnn"), 0, tiny_cub, tmp_path / "nothing"
        ).create_model(fresh=True)


def test_streams_start_from_their_own_and_further_ones_from_the_last():
    one, two, other = new("cnn"), new("2st-cnn"), create_model("2st-cnn", "cub50", **SMALL)
    start_streams(other, two)
    for mine, theirs in zip(other.streams, two.streams, strict=True):
        assert all(
            torch.equal(value, theirs.state_dict()[key]) for key, value in mine.state_dict().items()
        )
    four = new("4st-cnn")
    start_streams(four, two)
    for mine, theirs in zip(four.streams, [0, 1, 1, 1], strict=True):
        assert all(
            torch.equal(value, two.streams[theirs].state_dict()[key])
            for key, value in mine.state_dict().items()
        )
    start_streams(other, one)
    for mine in other.streams:
        assert all(
            torch.equal(value, one.streams[0].state_dict()[key])
            for key, value in mine.state_dict().items()
        )


def test_without_epochs_windows_are_sought_and_the_last_layer_is_fitted(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-2st-cnn")
    recipe = replace(recipe, epochs=0, joint_epochs=0)
    found = load_checkpoint(
        train(experiment, recipe, data=tiny_cub, out=tmp_path, limit=24, **OPTIONS)
    )
    assert found.provenance["samples"] == 0 and "attention_before" not in found.metrics
    assert found.model.classifier.weight.std() > 0
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        EXPERIMENTS["r-cnn"].recipe("ours").changed(["epochs=0"])


def test_windows_are_not_sought_on_what_another_backbone_saw(tiny_cub, tmp_path):
    """Of two backbones whose features are as many."""
    experiment, recipe = small("cub50-2st-cnn")
    for backbone in ("test_efficientnet", "test_byobnet"):
        other = experiment.changed([f"backbone={backbone}"])
        BirdTask(other, recipe, 0, tiny_cub, tmp_path, limit=24).create_model(fresh=True)
    one, other = (read_lattice(path) for path in tmp_path.glob("birds/*-windows-*"))
    assert one.maps.shape[:2] == other.maps.shape[:2] and not torch.equal(one.maps, other.maps)


def test_batches_are_functions_of_seed_and_step(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-2st-cnn")
    task, again = (BirdTask(experiment, recipe, 3, tiny_cub, tmp_path) for _ in range(2))
    (images, shifts, learns), labels = task.batch(5)
    (same, *_), _ = again.batch(5)
    assert (
        images.shape == (8, 3, 448, 448)
        and shifts.shape == (8, 2, 2)
        and labels.shape == learns.shape == (8,)
    )
    assert torch.equal(images, same) and not torch.equal(images, task.batch(6)[0][0])
    steps = task.count // 8
    # theta learns in the last epoch
    assert not task.batch(0)[0][2].any() and task.batch(steps)[0][2].all()


def test_the_paper_s_experiment_runs_in_two_processes(tiny_cub, tmp_path, run):
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "stn_core",
        "train",
    ]
    command += [
        "cub200-2st-cnn",
        "--recipe",
        "paper",
        "--option",
        "backbone=test_efficientnet",
        "--set",
        "init_from=random",
    ]
    command += [
        "--epochs",
        "1",
        "--set",
        "batch_size=16",
        "--limit",
        "32",
        "--device",
        "cpu",
        "--precision",
        "float32",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--data", tiny_cub, "--out", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / "birds" / "cub200-2st-cnn.safetensors"
    trained = load_checkpoint(path)
    assert (
        trained.provenance["processes"] == 2
        and trained.provenance["samples"] == 32
        and len(trained.experiment.classes) == 200
    )

    code, output, _ = run(
        "evaluate", path, path, "--data", tiny_cub, "--json", tmp_path / "figures.json"
    )
    rows = json.loads((tmp_path / "figures.json").read_text())
    own = "cub200-2st-cnn, backbone=test_efficientnet"
    annotated = f"{own}, windows as annotated"
    assert code == 0 and [row.get("window", row.get("experiment")) for row in rows] == [
        "fixed",
        "centred",
        "random",
        *[own, annotated] * 2,
    ]
    assert (
        "compared with" in output and rows[3]["gains"] == {} and rows[5]["gains"][own] == [0, 0, 0]
    )
    assert rows[4]["gains"][own][0] == pytest.approx(
        rows[4]["accuracy"][0] - rows[3]["accuracy"][0]
    )
    assert (
        "transformer 2" in output
        and "83.9" in output
        and f"{rows[3]['accuracy'][0]:.1f} (" in output
    )
    assert rows[3]["test_error"] == pytest.approx(trained.metrics["test_error"])


def test_features_are_measured_by_the_scatter_within_each_species():
    """A channel that tells the species apart, and a louder one that says nothing."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(400) % 2
    quiet = labels + 0.1 * torch.randn(400, generator=draw)
    features = torch.stack((quiet, 30 * torch.randn(400, generator=draw), quiet), dim=1)
    scatter = torch.stack([features[labels == i].T.cov(correction=0) for i in (0, 1)]).mean(0)
    measure = whitening(features.double(), labels, 1e-9)
    assert torch.allclose(
        (measure @ measure.T)[1, 1].float(), torch.linalg.pinv(scatter)[1, 1], rtol=1e-2
    )
    sure = {}
    for shrinkage in (1.0, 0.01):
        layer = nn.Linear(3, 2)
        fit(layer, features[None], labels, 0.1, shrinkage)
        sure[shrinkage] = layer(features).softmax(1)[range(400), labels].mean().item()
    assert sure[0.01] > sure[1.0] + 0.2


@pytest.mark.parametrize("shrinkage", [1.0, 0.5])
def test_streams_are_added_by_what_they_say_of_photographs_that_they_have_not_seen(shrinkage):
    """One that tells the species apart, and one with so much noise that it knows the photographs it
    learns from by heart; more of one species than of others, and features far from 0."""
    draw = torch.Generator().manual_seed(0)
    labels = (torch.arange(200) % 5).clamp(max=3)
    telling = F.one_hot(labels, 4) + 0.4 * torch.randn(2, 200, 4, generator=draw)
    telling = 7 + torch.cat((telling, 0.01 * torch.randn(2, 200, 196, generator=draw)), dim=2)
    noise = 3 + torch.randn(1, 200, 200, generator=draw).expand(2, -1, -1)
    layer, parts = nn.Linear(400, 4), [telling.double(), noise.double()]
    fit(layer, torch.cat(parts, dim=2), labels, 1e-3, shrinkage, streams=2)
    each = [regression(part.flatten(0, 1), labels.repeat(2), 4, 1e-3, shrinkage) for part in parts]
    assert (each[1].of(parts[1][0]).argmax(1) == labels).all()
    judge = torch.zeros(2, 200, 4).double()
    fold = folds(labels)
    for i, part in enumerate(parts):
        for k in range(FOLDS):
            left = fold != k
            known = part[:, left].flatten(0, 1), labels[left].repeat(2)
            judge[i, ~left] = regression(*known, 4, 1e-3, shrinkage).of(part[0, ~left])
    counts = stacking(judge, labels)
    assert counts[1] < 0.2 * counts[0]
    scores = torch.stack([one.of(part[0]) for one, part in zip(each, parts, strict=True)])
    expected = torch.tensordot(counts, scores, dims=1)
    with torch.no_grad():
        found = layer(torch.cat(parts, dim=2)[0].float())
    torch.testing.assert_close(found, expected.float(), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("shrinkage", [1.0, 0.5])
def test_few_photographs_of_a_species_still_give_a_layer(each, shrinkage):
    labels = torch.arange(3).repeat(each)
    features = torch.randn(2, 3 * each, 8, generator=torch.Generator().manual_seed(0))
    layer = nn.Linear(8, 3)
    fit(layer, features, labels, 0.1, shrinkage, streams=2)
    assert all(parameter.isfinite().all() for parameter in layer.parameters())


def test_weights_of_streams_are_those_that_another_solver_finds():
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(300) % 5
    right = F.one_hot(labels, 5).double()
    scores = torch.stack(
        [strength * right + torch.randn(300, 5, generator=draw) for strength in (1.5, 0.8, 0.2)]
    )

    def loss(counts):
        mixed = torch.tensordot(torch.tensor(counts), scores, dims=1)
        return F.cross_entropy(mixed, labels).item()

    judge = minimize(loss, [1.0] * 3, method="Nelder-Mead", options={"xatol": 1e-6}).x
    assert stacking(scores, labels).numpy() == pytest.approx(judge, abs=1e-3)


def test_folds_have_as_many_of_each_species():
    labels = torch.tensor([0] * 10 + [1] * 12 + [2] * 3)
    part = folds(labels)
    assert all((part[:10] == k).sum() == 2 for k in range(FOLDS))
    assert sorted((part[10:22] == k).sum().item() for k in range(FOLDS)) == [2, 2, 2, 3, 3]
    assert part[22:].tolist() == [0, 1, 2]
    assert folds(torch.tensor([5, 4, 5])).tolist() == [0, -1, 1]
