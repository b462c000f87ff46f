"""The models for birds."""

from dataclasses import replace

import pytest
import torch
from birds import SMALL, new, photographs
from torch import nn

from stn_core import EXPERIMENTS, CheckpointError, create_model, list_models, load_checkpoint
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.models.birds import StreamDropout
from stn_core.models.window_localisation import HeatMaps, Regression

BIRDS = ("cnn", "cnn-448", "2st-cnn", "4st-cnn")


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
    model.streams[0].freeze(4, low_precision=True)
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
