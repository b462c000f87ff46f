"""The models of every experiment: their sizes, their explanations, and how they start."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stn_core import EXPERIMENTS, Experiment, SpatialTransformer, create_model, list_models
from stn_core.experiments.registry import table_cells
from stn_core.models.one_channel_conv import OneChannelConv2d

SIDES = {"r": 28, "rts": 42, "p": 28, "e": 28, "tc": 60}
PARAMETERS = {"affine": 6, "projective": 8, "tps": 32}
DIGITS = [name for name, experiment in EXPERIMENTS.items() if experiment.data in SIDES]
MAPS = [name for name in DIGITS if name.endswith("-map")]
TRANSFORMERS = [name for name in DIGITS if "-st-" in name and name not in MAPS]

every_experiment = pytest.mark.parametrize("name", DIGITS)
every_transformer = pytest.mark.parametrize("name", TRANSFORMERS)
every_map = pytest.mark.parametrize("name", MAPS)


def new(name):
    torch.manual_seed(0)
    return EXPERIMENTS[name].create_model().eval()


def images(name, count=3):
    side = SIDES[EXPERIMENTS[name].data]
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))


def size_of(model):
    return sum(parameter.numel() for parameter in model.parameters())


def restless(name):
    """A model whose transformers have left the identity."""
    model = new(name)
    for module in model.modules():
        if isinstance(module, SpatialTransformer):
            nn.init.normal_(module.localisation.regression.weight, std=0.1)
    return model


def test_every_row_of_the_paper_s_table_is_an_experiment():
    eight = {
        "fcn",
        "cnn",
        *(f"st-{net}-{family}" for net in ("fcn", "cnn") for family in PARAMETERS),
    }
    expected = {f"{data}-{model}" for data in ("r", "rts", "p", "e") for model in eight}
    expected |= {"tc-fcn", "tc-cnn", "tc-st-fcn-affine", "tc-st-cnn-affine"}
    assert set(DIGITS) - set(MAPS) == expected
    assert {experiment.name for experiment in table_cells()} == expected
    assert (
        EXPERIMENTS["rts-st-cnn-affine"].paper_error == 0.5
        and EXPERIMENTS["tc-fcn"].paper_error == 13.2
    )
    assert all(experiment.name == name for name, experiment in EXPERIMENTS.items())


@every_experiment
def test_at_most_400_000_parameters(name):
    assert size_of(new(name)) <= 400_000


@every_transformer
def test_a_transformer_adds_at_most_a_quarter_to_its_plain_counterpart(name):
    data, _, network, _ = name.split("-")
    assert size_of(new(name)) <= 1.25 * size_of(new(f"{data}-{network}"))


@every_experiment
def test_logits_and_explanation_agree(name):
    model, batch = restless(name), images(name)
    logits, explanation = model(batch), model.explain(batch)
    assert logits.shape == (3, 10) and logits.dtype == torch.float32
    assert torch.equal(logits, explanation.logits)
    assert len(explanation.transformers) == ("-st-" in name)


@every_transformer
def test_the_explanation_has_theta_grid_and_output(name):
    family = name.rsplit("-", 1)[1]
    # on larger canvases twice what the classifier sees
    side = 28 if SIDES[EXPERIMENTS[name].data] == 28 else 56
    (trace,) = restless(name).explain(images(name)).transformers
    assert trace.theta.shape == (3, PARAMETERS[family])
    assert trace.grid.shape == (3, side, side, 2)
    assert trace.output.shape == (3, 1, side, side)


@every_transformer
def test_a_new_transformer_passes_its_input_through(name):
    batch = images(name)
    (trace,) = new(name).explain(batch).transformers
    side = trace.output.shape[2]
    centre = (2 * torch.arange(side) + 1) / side - 1
    identity = torch.stack(torch.meshgrid(centre, centre, indexing="xy"), dim=-1)
    torch.testing.assert_close(trace.grid, identity.expand(3, -1, -1, -1), atol=1e-6, rtol=0)
    expected = (
        batch if side == batch.shape[2] else F.grid_sample(batch, trace.grid, align_corners=False)
    )
    torch.testing.assert_close(trace.output, expected, atol=1e-4, rtol=0)


@every_transformer
def test_the_task_s_gradient_reaches_the_regression_layer(name):
    model = new(name).train()
    nn.functional.cross_entropy(model(images(name)), torch.tensor([1, 2, 3])).backward()
    (transformer,) = (
        module for module in model.modules() if isinstance(module, SpatialTransformer)
    )
    regression = transformer.localisation.regression
    assert regression.weight.grad.abs().sum() > 0 and regression.bias.grad.abs().sum() > 0


@every_transformer
def test_theta_and_grid_stay_float32_under_bfloat16_autocast(name):
    model = restless(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, (trace,) = model.explain(images(name))
    assert {logits.dtype, trace.theta.dtype, trace.grid.dtype} == {torch.float32}
    # it was not rounded on the way either
    assert not torch.equal(trace.theta, trace.theta.bfloat16().float())


@every_experiment
def test_an_empty_batch_and_a_single_image(name):
    model = restless(name)
    assert model(images(name, 0)).shape == (0, 10)
    torch.testing.assert_close(
        model(images(name, 1)), model(images(name))[:1], atol=1e-4, rtol=1e-4
    )


def test_a_theta_from_elsewhere_takes_the_localisation_s_place():
    (transformer,) = (
        module
        for module in new("r-st-cnn-affine").modules()
        if isinstance(module, SpatialTransformer)
    )
    batch = images("r-st-cnn-affine")
    mirror = torch.tensor([-1.0, 0, 0, 0, 1, 0]).expand(3, 6)
    torch.testing.assert_close(transformer(batch, mirror).output, batch.flip(3), atol=1e-5, rtol=0)


@every_map
def test_a_transformer_of_maps_has_the_size_of_one_of_images(name):
    ours, usual = (size_of(new(each)) for each in (name, name.removesuffix("-map")))
    assert abs(ours - usual) <= 0.001 * usual


def test_a_transformer_of_maps_at_identity_is_the_plain_cnn():
    model, plain, batch = new("r-st-cnn-affine-map"), new("r-cnn"), images("r-cnn")
    plain.classifier.load_state_dict(nn.Sequential(*model.stem, *model.classifier).state_dict())
    torch.testing.assert_close(model(batch), plain(batch), atol=1e-5, rtol=0)


@every_map
def test_a_transformer_of_maps_warps_what_the_first_convolution_sees(name):
    model, batch = restless(name), images(name)
    (trace,) = model.explain(batch).transformers
    maps = model.stem(batch)
    assert maps.shape[1] == trace.output.shape[1] == 64
    expected = F.grid_sample(maps, trace.grid, align_corners=False)
    torch.testing.assert_close(trace.output, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(model.classify(trace.output), model(batch), atol=1e-5, rtol=0)


@every_map
def test_the_task_s_gradient_reaches_the_regression_of_maps(name):
    model = new(name).train()
    nn.functional.cross_entropy(model(images(name)), torch.tensor([1, 2, 3])).backward()
    regression = model.transformer.localisation.regression
    assert regression.weight.grad.abs().sum() > 0 and regression.bias.grad.abs().sum() > 0


def test_list_models_answers_patterns():
    assert list_models("st-cnn-*") == [
        "st-cnn-affine",
        "st-cnn-projective",
        "st-cnn-tps",
        "st-cnn-affine-map",
    ]
    assert {"fcn", "cnn"} <= set(list_models())
    assert list_models("nothing") == []


def test_create_model_makes_the_model_of_an_experiment_in_any_size():
    assert size_of(create_model("st-cnn-affine", "rts")) == size_of(new("rts-st-cnn-affine"))
    assert size_of(create_model("fcn", width=16)) < size_of(create_model("fcn"))
    assert size_of(create_model("st-cnn-affine", "rts", filters=8)) < size_of(
        create_model("st-cnn-affine", "rts")
    )


def test_unknown_models_and_data_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'resnet'.*st-cnn-affine"):
        create_model("resnet")
    with pytest.raises(ValueError, match=r"'cifar'.*rts"):
        create_model("cnn", "cifar")
    with pytest.raises(ValueError, match=r"'cifar'.*rts"):
        Experiment("cifar", "cnn").create_model()


def test_the_one_channel_convolution_has_torchs_answer_and_gradients():
    torch.manual_seed(0)
    images = torch.rand(3, 1, 11, 14, dtype=torch.float64, requires_grad=True)
    convolution = OneChannelConv2d(5, 4).double()
    inputs = (images, convolution.weight, convolution.bias)
    weights = torch.randn(3, 5, 8, 11, dtype=torch.float64)
    answer, expected = convolution(images), F.conv2d(*inputs)
    torch.testing.assert_close(answer, expected)
    gradients = [
        torch.autograd.grad((output * weights).sum(), inputs) for output in (answer, expected)
    ]
    torch.testing.assert_close(*gradients)


def test_the_one_channel_convolutions_gradient_in_bfloat16():
    torch.manual_seed(0)
    images = torch.rand(4, 1, 28, 28, requires_grad=True)
    convolution = OneChannelConv2d(16, 9)
    exact = torch.autograd.grad(convolution(images).square().sum(), (images, convolution.weight))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = convolution(images)
    assert answer.dtype == torch.bfloat16
    for rough, fine in zip(
        torch.autograd.grad(answer.float().square().sum(), (images, convolution.weight)),
        exact,
        strict=True,
    ):
        assert (rough - fine).norm() < 0.02 * fine.norm()
